"""`estimate`: Monte Carlo estimates of J and grad J, with everything needed to judge them."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from pgsym.display.progress import Progress, reporter
from pgsym.errors import SamplingError
from pgsym.estimators.estimator import Estimator, find_estimator
from pgsym.expression.complaint import brief
from pgsym.limits import DIRECTIONS
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.structure import Structure
from pgsym.sampling.kernel import Blocks, compiled, device_mesh
from pgsym.sampling.layout import Shape, prepare, specifications
from pgsym.sampling.moments import Moments
from pgsym.sampling.plan import make_plan
from pgsym.sampling.random import TRAJECTORIES, seed_key
from pgsym.sampling.result import Along, Estimate
from pgsym.sampling.sums import Plan
from pgsym.sampling.tables import Floats, Tables, build_tables

CHUNK_BYTES = 2**31
"""Memory that a chunk may take on an accelerator; a processor takes one block at a time."""


def estimate(
    problem: ProblemLike,
    estimator: str | Estimator = "reward-to-go",
    *,
    let: Mapping[str, Any] | None = None,
    n: int = 100_000,
    seed: int = 0,
    horizon: int | None = None,
    chunk: int | None = None,
    devices: int | Sequence[jax.Device] | None = None,
    directions: int | Floats | None = None,
    progress: bool | Progress | None = None,
) -> Estimate:
    """Estimate J and grad J at the problem's theta from `n` independent rollouts.

    The result for a seed is the same for every chunk size and number of devices.  A finite horizon makes it
    an estimate of the T-step problem, ``problem.unroll(T)``; the default leaves out 1e-4 of the discounted time.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.  For a long-run objective (``average-reward``, ``stationary-value``) each rollout is one
        long run, and the bias that remains is computed (`Estimate.bias`).
    estimator
        A name of `pgsym.estimators.estimator.ESTIMATORS`, a text such as ``sum[t] grad log pi(a_t|s_t) * G_t``, or an
        `Estimator`.
    let
        What the names of its own stand for, as in ``{"b(s)": "V(s)", "lambda": "9/10"}``.
    n
        Number of rollouts; at least 2.
    seed
        0 ... 2**64 - 1.
    horizon
        Steps of a rollout; chosen when not given, always recorded.
    chunk
        Trajectories in flight at once; a matter of memory and speed only.
    devices
        How many of JAX's devices to use, or which; all of them by default.
    directions
        v [D, k]: estimate the D numbers v . grad J in place of the k partial derivatives, at a cost that does not
        grow with k.  A number D stands for that many random directions with entries 1 and -1, drawn from the seed:
        the mean of the variances along them estimates the trace of the covariance, without bias.
    progress
        True or False shows or hides the bar; by default it appears on a terminal after two seconds.  A function
        is called with (done, n) after each chunk.

    Returns
    -------
    After Ctrl-C, the estimate from the trajectories done so far, with ``interrupted`` set.

    Raises
    ------
    SamplingError
        A symbol without a value, n < 2, an estimator that is no sum over scores or does not fit the objective...
    SchemaError, ClaimError
        An unknown name, or a text that is no estimator.
    HypothesisError
        The objective is not defined for this model and policy.

    See Also
    --------
    cross_check : Test the estimate against the exact gradient.
    moments : The exact law of what is drawn.

    References
    ----------
    Williams, Simple statistical gradient-following algorithms for connectionist reinforcement learning, 1992.

    Examples
    --------
    >>> from pgsym.model import MDP, sigmoid
    >>> mdp = MDP.from_transitions(
    ...     [("s", "go", "end", 1, 1), ("s", "no", "end", 1, 0)], start="s", terminal=["end"])
    >>> found = estimate(Problem(mdp, sigmoid(mdp, {"s": "t"})), n=10_000)
    >>> found.horizon, bool(abs(found.mean[0] - 1 / 4) < 5 * found.standard_error[0])
    (1, True)
    """
    problem = Problem.of(problem)
    chosen = find_estimator(estimator, let)
    _check_counts(n, chunk)
    tables, plan = _planned(problem, chosen, horizon)
    found = draw(
        tables,
        plan,
        problem.objective,
        chosen.label,
        n=n,
        seed=seed,
        chunk=chunk,
        devices=devices,
        directions=directions,
        progress=progress,
    )
    return replace(found, assumption=problem.assumption)


def _planned(problem: Problem, estimator: Estimator, horizon: int | None) -> tuple[Tables, Plan]:
    """What is drawn, for an objective that is defined and has rollouts."""
    problem.objective.require_rollouts()
    tables = build_tables(problem)
    Structure(problem.mdp, problem.policy).require(problem.objective)
    return tables, make_plan(estimator, tables, problem.objective, horizon)


def draw(
    tables: Tables,
    plan: Plan,
    objective: Objective,
    name: str,
    *,
    n: int,
    seed: int,
    chunk: int | None = None,
    devices: int | Sequence[jax.Device] | None = None,
    directions: int | Floats | None = None,
    progress: bool | Progress | None = None,
) -> Estimate:
    """`estimate` for arrays and a plan that are there already; results call the estimator by `name`."""
    key = seed_key(seed)
    along = Along.PARAMETERS
    if directions is not None:
        along = Along.GIVEN
        if isinstance(directions, int):
            along, directions = Along.RANDOM, random_signs(directions, tables.k, seed)
        chosen = np.asarray(directions, float)
        tables, plan = tables.along(chosen), plan.along(chosen)
    mesh = device_mesh(devices)
    arrays, shape = prepare(tables, plan, n)
    blocks = _blocks_at_once(shape, n, chunk, mesh)
    program = compiled(shape, specifications(arrays), blocks, mesh)

    began = time.perf_counter()
    tally, interrupted = Tally(tables.k, plan.offset), False
    with reporter(progress, n) as report:
        try:
            with closing(_run(program, arrays, key, n, shape.block, blocks, _workers(mesh))) as chunks:
                for found in chunks:
                    tally.add(found)
                    report(tally.moments.n, n)
        except KeyboardInterrupt:
            if tally.moments.n < 2:
                raise
            interrupted = True
    return Estimate(
        params=tables.params,
        along=along,
        theta=tables.theta,
        objective=objective,
        estimator=name,
        moments=tally.moments,
        horizon=plan.T,
        burn_in=plan.burn_in,
        window=plan.window,
        bias=plan.bias,
        bias_of_J=plan.bias_of_J,
        seed=seed,
        seconds=time.perf_counter() - began,
        transitions=tally.transitions,
        interrupted=interrupted,
        device=f"{mesh.size} x {mesh.devices.flat[0].device_kind}",
    )


def random_signs(count: int, k: int, seed: int) -> Floats:
    """[count, k] entries 1 and -1, from the seed: E[v v^T] is the identity (Hutchinson 1990).

    >>> random_signs(2, 3, 0).shape
    (2, 3)
    """
    if not 1 <= count <= DIRECTIONS // max(k, 1):
        wanted = f"at least one direction is required, and no more than {DIRECTIONS} entries of all"
        raise SamplingError(f"found {brief(count)}; {wanted}. Give 8, say", where="directions")
    signs: Floats = np.random.default_rng(seed).choice(np.array([-1.0, 1.0]), (count, k))
    return signs


def _check_counts(n: int, chunk: int | None) -> None:
    if n < 2:
        raise SamplingError(f"found {n}; a standard error needs at least 2 trajectories. Give n >= 2", where="n")
    if n > TRAJECTORIES:
        raise SamplingError(f"found {n}; one seed numbers 2**31 trajectories. Split them over several seeds", where="n")
    if chunk is not None and chunk < 1:
        raise SamplingError(f"found {chunk}; at least one trajectory is required. Give chunk >= 1", where="chunk")


def _blocks_at_once(shape: Shape, n: int, chunk: int | None, mesh: Mesh) -> int:
    """Blocks of one dispatch: as many for every device, no more than n needs."""
    if chunk is None:
        each = 4 * (shape.T + 2 * shape.N + 6 * shape.k)
        fitting = 0 if mesh.devices.flat[0].platform == "cpu" else CHUNK_BYTES // each
        chunk = mesh.size * max(fitting, shape.block)
    needed = -(-n // (shape.block * mesh.size))
    return mesh.size * max(1, min(chunk // (shape.block * mesh.size), needed))


def _run(program: Any, arrays: Any, key: Any, n: int, block: int, blocks: int, workers: int) -> Generator[Blocks]:
    """Run chunk after chunk, some at once; yield their blocks in order, as NumPy arrays."""
    size = block * blocks

    def chunk(first: int) -> Blocks:
        firsts = (first + block * np.arange(blocks)).astype(np.uint32)
        with jax.enable_x64(True):
            return jax.tree.map(np.asarray, program(arrays, key, np.full(blocks, n, np.uint32), firsts))

    with ThreadPoolExecutor(workers) as pool:
        queue: deque[Future[Blocks]] = deque()
        try:
            for first in range(0, n, size):
                queue.append(pool.submit(chunk, first))
                if len(queue) > workers:
                    yield queue.popleft().result()
            while queue:
                yield queue.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _workers(mesh: Mesh) -> int:
    """Chunks at once: one for each core when the processor is one device, else enough to keep devices busy."""
    alone = mesh.size == 1 and mesh.devices.flat[0].platform == "cpu"
    return max(1, os.cpu_count() or 1) if alone else 2


class Tally:
    """What the blocks seen so far add up to."""

    def __init__(self, k: int, offset: Floats | None = None) -> None:
        self.moments = Moments(0, np.zeros(k + 1), np.zeros(()))
        """Of (g, J), d = k + 1 coordinates."""
        self.offset = np.zeros(k + 1) if offset is None else np.append(offset, 0.0)
        self.transitions = 0
        """Steps taken before absorption."""

    def add(self, found: Blocks) -> None:
        """Merge blocks in their order; a block past the last trajectory is empty."""
        for n, mean, M2, steps in zip(*found, strict=True):
            if n:
                block = Moments(int(n), mean + self.offset, M2)
                self.moments = self.moments.merge(block) if self.moments.n else block
                self.transitions += int(steps)


DISPATCH = 2**16
"""Trajectories that one call of the compiled program takes on each device."""
SMALL_BLOCK = 256
"""Block size of batches below 16 times as many: all of them share one program, and little of a block stays empty."""


class BatchSampler:
    """The compiled sampler of one setting: many small estimates, or parts of a large one, for one key.

    A batch of n trajectories has the moments that `estimate` would find; a key gives as many independent batches as
    are asked for.  The `largest` batch chooses the block size, on which the last bits of a result depend.

    >>> from pgsym.model import MDP, sigmoid
    >>> mdp = MDP.from_transitions(
    ...     [("s", "go", "end", 1, 1), ("s", "no", "end", 1, 0)], start="s", terminal=["end"])
    >>> sampler = BatchSampler(Problem(mdp, sigmoid(mdp, {"s": "t"})), largest=1000)
    >>> [batch.moments.n for batch in sampler.draw(7, [1000, 10])]
    [1000, 10]
    """

    def __init__(
        self,
        problem: Problem,
        estimator: str | Estimator = "reward-to-go",
        *,
        largest: int,
        horizon: int | None = None,
        devices: int | Sequence[jax.Device] | None = None,
    ) -> None:
        tables, plan = _planned(problem, find_estimator(estimator), horizon)
        self._offset = plan.offset
        self._arrays, self.shape = prepare(tables, plan, SMALL_BLOCK if largest < 16 * SMALL_BLOCK else largest)
        mesh = device_mesh(devices)
        self._blocks = mesh.size * max(1, DISPATCH // self.shape.block)
        self._program = compiled(self.shape, specifications(self._arrays), self._blocks, mesh)

    def draw(self, seed: int, counts: Sequence[int]) -> list[Tally]:
        """Independent batches of that many trajectories each, as a function of the seed and the counts alone."""
        spans = self._spans(counts)
        key = seed_key(seed)
        tallies = [Tally(self.shape.k, self._offset) for _ in counts]
        for start in range(0, len(spans), self._blocks):
            part = spans[start : start + self._blocks]
            # Blocks that fill up a dispatch end where they begin: they are empty.
            padded = np.zeros((2, self._blocks), np.uint32)
            padded[:, : len(part)] = np.array([(first, end) for _, first, end in part], np.uint32).T
            with jax.enable_x64(True):
                found = jax.tree.map(np.asarray, self._program(self._arrays, key, padded[1], padded[0]))
            for i, (batch, _, _) in enumerate(part):
                tallies[batch].add(jax.tree.map(lambda a, i=i: a[i : i + 1], found))
        return tallies

    def _spans(self, counts: Sequence[int]) -> list[tuple[int, int, int]]:
        """(batch, first trajectory, end) of every block; each batch begins a block of its own."""
        if min(counts) < 1:
            raise SamplingError(f"found {min(counts)}; a batch has at least one trajectory. Drop it", where="counts")
        block = self.shape.block
        if sum(-(-count // block) for count in counts) * block > TRAJECTORIES:
            raise SamplingError(
                f"found {sum(counts)} trajectories; one seed numbers 2**31. Split them over several seeds",
                where="counts",
            )
        spans, first = [], 0
        for batch, count in enumerate(counts):
            end = first + count
            while first < end:
                spans.append((batch, first, end))
                first += block
        return spans
