"""Grids in floats: J and the derivative by every logit, beside other programs, each in a process of its own.

python benchmarks/floats.py [--quick | --large] [--peers PYTHON]

Peers are a plain SciPy script, QuantEcon, Storm's sparse engine, and jaxdp, where they are installed; `--peers` names
the Python of another environment for jaxdp.  Building what a program solves is not counted.  Up to 300 x 300, pgsym,
the script and Storm also take turns in one process: medians.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

GAMMA = 0.99


def grid(n: int):
    """P [4 S, S], r [S, 4], mu0: moves slip to either side with probability 1/10; starts are uniform."""
    s = np.arange(n * n)
    i, j = np.divmod(s, n)
    to = [np.maximum(i - 1, 0) * n + j, i * n + np.minimum(j + 1, n - 1)]
    to += [np.minimum(i + 1, n - 1) * n + j, i * n + np.maximum(j - 1, 0)]
    moves = [(4 * s + a, to[(a + turn) % 4], p) for a in range(4) for turn, p in ((0, 0.8), (1, 0.1), (3, 0.1))]
    rows, columns = (np.concatenate([m[k][:-1] for m in moves]) for k in (0, 1))
    data = np.repeat([m[2] for m in moves], n * n - 1)
    r = np.repeat(np.cos(s)[:, None] - 1, 4, axis=1)
    r[-1] = 0
    start = np.full(n * n, 1 / n**2)
    return sparse.csr_array((data, (rows, columns)), shape=(4 * n * n, n * n)), r, start


def logits(n: int):
    return np.sin(np.arange(4.0 * n * n)).reshape(-1, 4)


def ours(P, r, start, theta):
    from pgsym import FloatMDP

    found = FloatMDP(P, r, start=start, gamma=GAMMA).at(theta)
    return found.J, found.grad, found.errors["J"]


def ours_J(P, r, start, theta):
    from pgsym import FloatMDP

    found = FloatMDP(P, r, start=start, gamma=GAMMA).at(theta)
    return found.J, None, found.errors["J"]


def plain(P, r, start, theta):
    """What one writes by hand: COLAMD's LU, no checks, no bound."""
    pi = np.exp(theta)
    pi /= pi.sum(axis=1, keepdims=True)
    S = len(start)
    choose = sparse.csr_array((pi.ravel(), np.arange(4 * S), np.arange(0, 4 * S + 1, 4)), shape=(S, 4 * S))
    lu = splu(sparse.csc_array(sparse.eye_array(S) - GAMMA * (choose @ P)))
    V, eta = lu.solve((pi * r).sum(axis=1)), lu.solve(start, trans="T")
    return start @ V, eta[:, None] * pi * (r + GAMMA * (P @ V).reshape(r.shape) - V[:, None]), None


def quantecon(P, r, start, theta):
    """J alone: QuantEcon evaluates a deterministic policy, here of the averaged rewards and moves."""
    from quantecon.markov import DiscreteDP

    S = len(start)
    P_pi, r_pi = chain(P, r, theta)
    P_pi = sparse.csr_matrix(P_pi + sparse.csr_array(([1.0], ([S - 1], [S - 1])), shape=(S, S)))
    model = DiscreteDP(r_pi, P_pi, GAMMA, np.arange(S), np.zeros(S, int))
    return start @ model.evaluate_policy(np.zeros(S, int)), None, None


def chain(P, r, theta):
    """P_pi and r_pi, for what evaluates chains."""
    pi = np.exp(theta)
    pi /= pi.sum(axis=1, keepdims=True)
    S = len(r)
    choose = sparse.csr_array((pi.ravel(), np.arange(4 * S), np.arange(0, 4 * S + 1, 4)), shape=(S, 4 * S))
    return sparse.csr_array(choose @ P), (pi * r).sum(axis=1)


def storm_query(P, r, start, theta):
    """What has Storm's sparse engine find J, in its default precision; the discount is an exit."""
    import stormpy

    P_pi, r_pi = chain(P, r, theta)
    S = len(start)
    lines = ["@type: DTMC", "@value_type: double", "@parameters", "", "@reward_models", "cost"]
    lines += ["@nr_states", str(S + 2), "@nr_choices", str(S + 2), "@model"]

    def state(number, cost, label, columns, numbers):
        lines.append(f"state {number} [{cost:.17g}] {label}")
        lines.append("    action 0 [0]")
        lines.extend(f"        {j} : {p:.17g}" for j, p in zip(columns, numbers, strict=True))

    for s in range(S):
        row = slice(*P_pi.indptr[s : s + 2])
        order = np.argsort(P_pi.indices[row])
        columns, numbers = P_pi.indices[row][order].tolist(), (GAMMA * P_pi.data[row][order]).tolist()
        state(s, -r_pi[s], "", [*columns, S], [*numbers, 1 - sum(numbers)])
    state(S, 0.0, "end", [S], [1.0])
    state(S + 1, 0.0, "init", range(S), start)  # mu0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.drn"
        path.write_text("\n".join(lines) + "\n")
        model = stormpy.build_model_from_drn[float](path)
    (wanted,) = stormpy.parse_properties('R{"cost"}=? [F "end"]')
    return lambda: -stormpy.model_checking(model, wanted).get_value(model.initial_states[0])


def storm(P, r, start, theta):
    query = storm_query(P, r, start, theta)
    begun, processor = time.perf_counter(), time.process_time()
    return query(), None, None, time.perf_counter() - begun, time.process_time() - processor


def jaxdp(P, r, start, theta):
    """Dense arrays; the derivative by JAX through its resolvent. With compilation."""
    import chex
    import jax
    import jax.numpy as jnp
    from jaxdp import MDP, policy_eval

    jax.config.update("jax_enable_x64", True)
    chex.disable_asserts()  # which cannot be differentiated
    S = len(start)
    T = jnp.asarray(P.toarray().reshape(S, 4, S).transpose(1, 2, 0))  # [A, S', S]
    R = jnp.broadcast_to(jnp.asarray(r.T)[:, :, None], T.shape)  # [A, S, S'], unlike T
    terminal = jnp.zeros(S).at[-1].set(1.0)
    mdp = MDP(transition=T, reward=R, initial=jnp.asarray(start), terminal=terminal)

    def J(logits):
        return mdp.initial @ policy_eval.v(mdp, jax.nn.softmax(logits, axis=1).T, GAMMA)

    begun, processor = time.perf_counter(), time.process_time()
    value, grad = jax.value_and_grad(J)(jnp.asarray(theta))
    grad = np.asarray(grad)
    return float(value), grad, None, time.perf_counter() - begun, time.process_time() - processor


RUNS = {
    "pgsym": ours,
    "pgsym, J alone": ours_J,
    "plain SciPy": plain,
    "QuantEcon, J alone": quantecon,
    "Storm, J alone": storm,
    "jaxdp, dense": jaxdp,
}
NEEDS = {"QuantEcon, J alone": "quantecon", "Storm, J alone": "stormpy", "jaxdp, dense": "jaxdp"}
LARGEST = {"QuantEcon, J alone": 100, "Storm, J alone": 300, "jaxdp, dense": 30}
"""Above, a peer would take more than the memory or some minutes."""


def measure(name: str, n: int) -> None:
    model = (*grid(n), logits(n))
    if name.startswith("pgsym"):
        from pgsym.exact import float_solution  # noqa: F401 - imports are not counted
    begun = time.perf_counter()
    processor = time.process_time()
    J, grad, error, *own = RUNS[name](*model)
    seconds, processor = time.perf_counter() - begun, time.process_time() - processor
    seconds, processor = own or (seconds, processor)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3  # of the process, the model included
    bound = "" if error is None else f"{error:.1e}"
    largest = "" if grad is None else f"{np.abs(grad).max():.9g}"
    print(
        f"| {n} x {n} | {name} | {J:.12g} | {largest} | {bound} | {seconds:.2f} | {processor:.2f} | {memory:.0f} |",
        flush=True,
    )


def turns(n: int) -> None:
    """Medians of pgsym, the plain script and Storm, taking turns after a first call of each."""
    model = (*grid(n), logits(n))
    calls = {name: partial(RUNS[name], *model) for name in ("pgsym", "plain SciPy", "pgsym, J alone")}
    if find_spec("stormpy"):
        calls["Storm, J alone"] = storm_query(*model)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(1 + 1_500 // n):
        for name, rows in taken.items():
            begun, processor = time.perf_counter(), time.process_time()
            calls[name]()
            rows.append((time.perf_counter() - begun, time.process_time() - processor))
    for name, rows in taken.items():
        seconds, processor = np.median(rows[1:], axis=0)
        print(f"| {n} x {n} | {name}, in turns | | | | {seconds:.4f} | {processor:.4f} | |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="30 x 30 alone")
    parser.add_argument("--large", action="store_true", help="1,000 x 1,000, too")
    parser.add_argument("--peers", default=sys.executable, help="the Python that has jaxdp")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "N"), help=argparse.SUPPRESS)
    parser.add_argument("--turns", type=int, metavar="N", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.turns:
        turns(given.turns)
        return
    if given.one:
        measure(given.one[0], int(given.one[1]))
        return
    print(
        "| grid | program | J | largest derivative | bound of J's error | seconds | of processors | peak MB |\n"
        "|---|---|---|---|---|---|---|---|",
        flush=True,
    )
    for n in (30,) if given.quick else (30, 100, 300, *([1000] if given.large else [])):
        for name in RUNS:
            python = given.peers if name.startswith("jaxdp") else sys.executable
            if n > LARGEST.get(name, n):
                print(f"| {n} x {n} | {name} | not run | | | | | |", flush=True)
            elif (
                name in NEEDS
                and subprocess.run([python, "-c", f"import {NEEDS[name]}"], capture_output=True).returncode
            ):
                print(f"| {n} x {n} | {name} | skipped: not installed | | | | | |", flush=True)
            else:
                subprocess.run([python, __file__, "--one", name, str(n)], check=True, timeout=600)
        if n < 1000:
            subprocess.run([sys.executable, __file__, "--turns", str(n)], check=True, timeout=600)


if __name__ == "__main__":
    main()
