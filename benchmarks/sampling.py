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
from dataclasses import dataclass

import jax
import numpy as np
from rich.console import Console
from rich.table import Table
from sampling_peers import PEERS, missing
from sampling_problems import PROBLEMS, STEPS, Problem

from pgsym.sampling.estimate import _mesh
from pgsym.sampling.estimators import RewardToGo
from pgsym.sampling.kernel import compiled, prepare, returns, specifications
from pgsym.model import Objective

OURS = "pgsym, returns only"
FULL = "pgsym, gradient and covariance"
WRONG = 5.0
"""Standard errors by which a mean return may differ from the exact one."""

# Peak memory bandwidth in bytes a second, by the name that JAX gives the device (vendors' data sheets).
BANDWIDTH = {"H200": 4.8e12, "H100": 3.35e12, "A100": 2.04e12, "L40S": 0.86e12, "4090": 1.01e12}
BYTES = 28
"""Of main memory a transition of the kernel moves: entry in and out, two words out and in, sum in and out."""


@dataclass(frozen=True)
class Run:
    """A sampler ready to go: `run(seed)` draws `trajectories` of them and returns (mean return, its variance)."""

    trajectories: int
    run: Callable[[int], tuple[float, float]]


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
    table = Table(title=problem.title, title_justify="left")
    for column, justify in (
        ("sampler", "left"),
        ("transitions/s", "right"),
        ("pgsym is faster by", "right"),
        ("", "left"),
    ):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    samplers: dict[str, Callable[[Problem], Run]] = {OURS: _returns, FULL: _moments, **PEERS}
    rates: dict[str, float] = {}
    wrong = 0
    for name, build in samplers.items():
        absent = missing(name)
        if absent:
            table.add_row(name, "-", "-", f"{absent} is not installed")
            continue
        sampler = build(problem)
        rate, z = _measure(sampler, problem.value, seconds)
        rates[name] = rate
        wrong += abs(z) > WRONG
        note = "" if abs(z) <= WRONG else f"[red]wrong mean: z = {z:.1f}[/red]"
        table.add_row(name, f"{rate:.3g}", f"{rates[OURS] / rate:.2f}", note)
    console.print(table)
    console.print(_memory(rates[OURS]), highlight=False)
    return wrong


def _measure(sampler: Run, value: float, seconds: float) -> tuple[float, float]:
    """Best transitions a second, and the z-score of the mean return over all repetitions."""
    sampler.run(0)
    best, means, spreads, began = 0.0, [], [], time.perf_counter()
    while time.perf_counter() - began < seconds or len(means) < 3:
        start = time.perf_counter()
        mean, variance = sampler.run(len(means) + 1)
        best = max(best, sampler.trajectories * STEPS / (time.perf_counter() - start))
        means.append(mean)
        spreads.append(variance)
    error = float(np.sqrt(np.mean(spreads) / (len(means) * sampler.trajectories)))
    return best, (float(np.mean(means)) - value) / error


def _memory(rate: float) -> str:
    device = jax.devices()[0]
    if device.platform == "cpu":
        return "no GPU: no memory-bandwidth figure"
    moved = f"{BYTES} bytes a transition: {rate * BYTES:.3g} B/s"
    for name, peak in BANDWIDTH.items():
        if name in device.device_kind:
            return f"{moved}, {rate * BYTES / peak:.0%} of the {peak:.3g} B/s of {device.device_kind}"
    return f"{moved}; the peak of {device.device_kind} is not on record here"


# -- pgsym -------------------------------------------------------------------------------------------------


def _returns(problem: Problem) -> Run:
    """The kernel with nothing but the discounted return."""
    gpu = jax.devices()[0].platform != "cpu"
    tables = problem.tables
    arrays, shape = prepare(tables, RewardToGo().plan(tables, Objective.START_STATE, STEPS))
    block, blocks = (2**21, 1) if gpu else (8192, 32)
    held = jax.device_put(arrays)

    @jax.jit
    def program(key: jax.Array, firsts: jax.Array) -> tuple[jax.Array, jax.Array]:
        def one(first: jax.Array) -> tuple[jax.Array, jax.Array]:
            found = returns(held, shape, key, first + jax.numpy.arange(block, dtype=jax.numpy.uint32))
            return found.mean(), found.var()

        means, variances = jax.lax.map(one, firsts)
        return means.mean(), variances.mean()

    firsts = block * np.arange(blocks, dtype=np.uint32)

    def run(seed: int) -> tuple[float, float]:
        mean, variance = jax.device_get(program(np.array([0, seed], np.uint32), firsts))
        return float(mean), float(variance)

    return Run(block * blocks, run)


def _moments(problem: Problem) -> Run:
    """The kernel as `estimate` runs it: reward-to-go gradients, their mean and covariance."""
    tables = problem.tables
    arrays, shape = prepare(tables, RewardToGo().plan(tables, Objective.START_STATE, STEPS))
    blocks = max(1, 2**17 // shape.block)
    mesh = _mesh(1)
    program = compiled(shape, specifications(arrays), blocks, mesh)
    firsts = shape.block * np.arange(blocks, dtype=np.uint32)

    def run(seed: int) -> tuple[float, float]:
        with jax.enable_x64(True):
            found = program(arrays, np.array([0, seed], np.uint32), np.uint32(2**31), firsts)
        mean, spread = np.asarray(found.mean)[:, -1], np.asarray(found.M2).reshape(blocks, -1)[:, -1]
        return float(mean.mean()), float(spread.mean() / (shape.block - 1))

    return Run(shape.block * blocks, run)


if __name__ == "__main__":
    sys.exit(main())
