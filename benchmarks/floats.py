"""Grids in floats: J and the derivative by every logit, beside a plain SciPy script and QuantEcon, each in a process.

python benchmarks/floats.py [--large]
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import subprocess
import sys
import time

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

    pi = np.exp(theta)
    pi /= pi.sum(axis=1, keepdims=True)
    S = len(start)
    choose = sparse.csr_array((pi.ravel(), np.arange(4 * S), np.arange(0, 4 * S + 1, 4)), shape=(S, 4 * S))
    P_pi = sparse.csr_matrix(choose @ P + sparse.csr_array(([1.0], ([S - 1], [S - 1])), shape=(S, S)))
    r_pi = (pi * r).sum(axis=1)
    model = DiscreteDP(r_pi, P_pi, GAMMA, np.arange(S), np.zeros(S, int))
    return start @ model.evaluate_policy(np.zeros(S, int)), None, None


RUNS = {"pgsym": ours, "plain SciPy": plain, "QuantEcon, J alone": quantecon}


def measure(name: str, n: int) -> None:
    model = (*grid(n), logits(n))
    if name == "pgsym":
        from pgsym.exact import float_solution  # noqa: F401 - imports are not counted
    begun = time.perf_counter()
    J, grad, error = RUNS[name](*model)
    seconds = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3  # of the process, the model included
    largest = "" if grad is None else f"{np.abs(grad).max():.9g}"
    print(f"| {n} x {n} | {name} | {J:.12g} | {largest} | {error or 0:.1e} | {seconds:.2f} | {memory:.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="1,000 x 1,000, too")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "N"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        measure(given.one[0], int(given.one[1]))
        return
    print(
        "| grid | program | J | largest derivative | bound of J's error | seconds | peak MB |\n"
        "|---|---|---|---|---|---|---|"
    )
    for n in (30, 100, *([1000] if given.large else [])):
        for name in RUNS:
            if name.startswith("QuantEcon") and importlib.util.find_spec("quantecon") is None:
                print(f"| {n} x {n} | {name} | skipped: not installed | | | | |", flush=True)
                continue
            if n > 500 and name != "pgsym":
                print(f"| {n} x {n} | {name} | not run: LU of 10^6 equations | | | | |", flush=True)
                continue
            subprocess.run([sys.executable, __file__, "--one", name, str(n)], check=True, timeout=300)


if __name__ == "__main__":
    main()
