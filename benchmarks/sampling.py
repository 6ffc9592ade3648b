"""Transitions per second, side by side: pgsym's kernel and the usual ways to simulate a finite MDP.

    python benchmarks/sampling.py [--quick] [--seconds 2]

Every sampler draws trajectories of the same MDP under the same policy, in this run and on this machine, and
reports its mean discounted return; a sampler whose mean is off by more than 5 standard errors is marked wrong.
Compilation is not counted.  The best of several repetitions counts, since other processes only ever slow one.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import numpy as np
from rich.console import Console
from rich.table import Table
from sampling_peers import PEERS, Run, missing
from sampling_problems import PROBLEMS, STEPS, Problem

from pgsym.estimators.estimator import find_estimator
from pgsym.model import Objective
from pgsym.sampling import Tables
from pgsym.sampling.estimate import _blocks_at_once, _workers, random_signs
from pgsym.sampling.kernel import compiled, device_mesh
from pgsym.sampling.layout import prepare, specifications
from pgsym.sampling.plan import make_plan
from pgsym.sampling.walk import UNROLL, rollout

OURS = "pgsym, returns only"
FULL = "pgsym, gradient and (co)variance"
"""Of all k coordinates, from every trajectory's own gradient; above 256 parameters the diagonal."""
DIRECTIONS = 4
ALONG = f"pgsym, gradient along {DIRECTIONS} random directions"
"""With their covariance: what a gradient of many parameters is judged by."""
WRONG = 5.0
"""Standard errors by which a mean return may differ from the exact one."""
LEAST_TURNS = 3
"""Repetitions of each sampler at least."""

# Peak memory bandwidth in bytes a second, by the name that JAX gives the device (vendors' data sheets).
BANDWIDTH = {"H200": 4.8e12, "H100": 3.35e12, "A100": 2.04e12, "L40S": 0.86e12, "4090": 1.01e12}
BYTES = 2 * (16 + 8 + 4) // UNROLL
"""Of memory a transition of the returns kernel moves at least: stream, record and sum, in and out for each turn."""
ACCELERATED_BLOCK = 2**21
"""Trajectories that an accelerator takes at once."""


def main() -> int:
    """Print the tables; exit code 1 if a sampler is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fifth of a second for each sampler")
    parser.add_argument("--seconds", type=float, default=2.0, help="time for each sampler")
    options = parser.parse_args()
    seconds = 0.2 if options.quick else options.seconds
    console = Console(width=None if sys.stdout.isatty() else 120)
    device = jax.devices()[0]
    console.print(
        f"{os.cpu_count()} cores, {device.device_kind}; JAX {jax.__version__}, Python {platform.python_version()}; "
        f"{STEPS} steps a trajectory.",
        highlight=False,
    )
    wrong = sum(_problem(console, problem(), seconds) for problem in PROBLEMS)
    return 1 if wrong else 0


def _problem(console: Console, problem: Problem, seconds: float) -> int:
    """One table; the number of samplers that are wrong."""
    table = Table(title=problem.title, title_justify="left")
    table.add_column("sampler")
    table.add_column("transitions/s", justify="right")
    # Of a moments row: what the moments cost, as a multiple of sampling alone.
    table.add_column("time / returns only", justify="right")
    # Of all cores together; other processes disturb it less than they do the rate.
    table.add_column("CPU ns a transition", justify="right")
    table.add_column("")
    builders: dict[str, Callable[[Problem], Run]] = {OURS: _returns, FULL: _moments, ALONG: _directions, **PEERS}
    absent = {name: missing(name) for name in builders}
    samplers = {name: build(problem) for name, build in builders.items() if not absent[name]}
    measured = _measure(samplers, problem.value, seconds)
    wrong = 0
    for name, package in absent.items():
        if package:
            table.add_row(name, "-", "-", "-", f"{package} is not installed")
            continue
        rate, cpu, z = measured[name]
        wrong += abs(z) > WRONG
        note = "" if abs(z) <= WRONG else f"[red]wrong mean: z = {z:.1f}[/red]"
        table.add_row(name, f"{rate:.3g}", f"{measured[OURS][0] / rate:.2f}", f"{1e9 * cpu:.1f}", note)
    console.print(table)
    console.print(_memory(measured[OURS][0]), highlight=False)
    return wrong


def _measure(samplers: dict[str, Run], value: float, seconds: float) -> dict[str, tuple[float, float, float]]:
    """Best transitions a second, least CPU seconds of one, z-score of the mean return over all repetitions.

    Samplers take turns, so that a busy moment of the machine falls on all of them.
    """
    for sampler in samplers.values():
        sampler.run(0)
    best, cpu = dict.fromkeys(samplers, 0.0), dict.fromkeys(samplers, float("inf"))
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in samplers}
    began, turns = time.perf_counter(), 0
    while time.perf_counter() - began < seconds * len(samplers) or turns < LEAST_TURNS:
        turns += 1
        for name, sampler in samplers.items():
            start, busy = time.perf_counter(), time.process_time()
            found[name].append(sampler.run(turns))
            transitions = sampler.trajectories * STEPS
            best[name] = max(best[name], transitions / (time.perf_counter() - start))
            cpu[name] = min(cpu[name], (time.process_time() - busy) / transitions)
    out = {}
    for name, sampler in samplers.items():
        mean, variance = np.mean(found[name], axis=0)
        out[name] = (best[name], cpu[name], float((mean - value) / np.sqrt(variance / (turns * sampler.trajectories))))
    return out


def _accelerated() -> bool:
    return bool(jax.devices()[0].platform != "cpu")


def _memory(rate: float) -> str:
    device = jax.devices()[0]
    if not _accelerated():
        return "skipped: memory bandwidth (JAX finds no GPU)"
    moved = f"{BYTES} bytes a transition: {rate * BYTES:.3g} B/s"
    for name, peak in BANDWIDTH.items():
        if name in device.device_kind:
            return f"{moved}, {rate * BYTES / peak:.0%} of the {peak:.3g} B/s of {device.device_kind}"
    return f"{moved}; the peak of {device.device_kind} is not on record here"


# -- pgsym -------------------------------------------------------------------------------------------------


def _returns(problem: Problem) -> Run:
    """The kernel with nothing but the discounted return."""
    tables = problem.tables
    arrays, shape = prepare(tables, make_plan(find_estimator("reward-to-go"), tables, Objective.START_STATE, STEPS))
    block, blocks = (ACCELERATED_BLOCK, 1) if _accelerated() else (8192, 32)

    @jax.jit
    def program(arrays: Any, key: jax.Array, firsts: jax.Array) -> tuple[jax.Array, jax.Array]:
        def one(first: jax.Array) -> tuple[jax.Array, jax.Array]:
            ids = first + jax.numpy.arange(block, dtype=jax.numpy.uint32)
            found, _ = rollout(arrays, shape, key, ids, keep=False)
            return found.mean(), found.var()

        means, variances = jax.lax.map(one, firsts)
        return means.mean(), variances.mean()

    firsts = block * np.arange(blocks, dtype=np.uint32)
    with jax.enable_x64(True):
        held = jax.device_put(arrays)

    def part(seed: int) -> tuple[float, float]:
        with jax.enable_x64(True):
            mean, variance = jax.device_get(program(held, np.array([1, seed], np.uint32), firsts))
        return float(mean), float(variance)

    return _threads(block * blocks, part, 1 if _accelerated() else os.cpu_count() or 1)


def _threads(trajectories: int, part: Callable[[int], tuple[float, float]], workers: int) -> Run:
    """Chunks on as many host threads as there are cores, as `estimate` runs them."""
    pool = ThreadPoolExecutor(workers)

    def run(seed: int) -> tuple[float, float]:
        means, variances = zip(*pool.map(part, range(workers * seed, workers * (seed + 1))), strict=True)
        return float(np.mean(means)), float(np.mean(variances))

    return Run(workers * trajectories, run)


def _moments(problem: Problem) -> Run:
    """The kernel as `estimate` runs it: reward-to-go gradients, their mean and covariance."""
    return _reduced(problem.tables)


def _directions(problem: Problem) -> Run:
    """The same for some directions in place of the parameters."""
    return _reduced(problem.tables.along(random_signs(DIRECTIONS, problem.tables.k, 0)))


def _reduced(tables: Tables) -> Run:
    arrays, shape = prepare(tables, make_plan(find_estimator("reward-to-go"), tables, Objective.START_STATE, STEPS))
    mesh = device_mesh(1)
    blocks = _blocks_at_once(shape, 2**31, None, mesh) if _accelerated() else max(1, 2**16 // shape.block)
    program = compiled(shape, specifications(arrays), blocks, mesh)
    firsts = shape.block * np.arange(blocks, dtype=np.uint32)

    def part(seed: int) -> tuple[float, float]:
        with jax.enable_x64(True):
            found = program(arrays, np.array([0, seed], np.uint32), np.full(blocks, 2**31, np.uint32), firsts)
        mean, spread = np.asarray(found.mean)[:, -1], np.asarray(found.M2).reshape(blocks, -1)[:, -1]
        return float(mean.mean()), float(spread.mean() / (shape.block - 1))

    return _threads(shape.block * blocks, part, _workers(mesh))


if __name__ == "__main__":
    sys.exit(main())
