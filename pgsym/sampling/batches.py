"""Batches of trajectories: many small estimates, or parts of a large one, for one setting and one key.

A batch of n trajectories has the moments that `estimate` would find; a key gives as many independent batches
as are asked for.  A study's shard is a list of batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import numpy as np

from pgsym.errors import SamplingError
from pgsym.model.estimator import Estimator, find_estimator
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure
from pgsym.sampling.estimate import Tally, device_mesh
from pgsym.sampling.kernel import compiled
from pgsym.sampling.layout import prepare, specifications
from pgsym.sampling.moments import Moments
from pgsym.sampling.plan import make_plan
from pgsym.sampling.random import TRAJECTORIES, seed_key
from pgsym.sampling.tables import build_tables

DISPATCH = 2**16
"""Trajectories that one call of the compiled program takes on each device."""
SMALL_BLOCK = 256
"""Block size of batches below 16 times as many: all of them share one program, and little of a block stays empty."""


@dataclass(frozen=True)
class SampledBatch:
    """What one batch of trajectories found."""

    moments: Moments
    """Of (g, J), d = k + 1 coordinates."""
    transitions: int
    """Steps taken before absorption."""


class BatchSampler:
    """The compiled sampler of one setting: (model, policy, objective, estimator, theta, horizon).

    Parameters
    ----------
    largest
        Trajectories of the largest batch.  It chooses the block size, on which the last bits of a result depend.

    Raises
    ------
    SamplingError, HypothesisError
        As for `estimate`.

    Examples
    --------
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
        objective = problem.objective
        objective.require_rollouts()
        tables = build_tables(problem)
        Structure(problem.mdp, problem.policy).require(objective)
        self.plan = make_plan(find_estimator(estimator), tables, objective, horizon)
        self.params = tables.params
        self._arrays, self.shape = prepare(tables, self.plan, SMALL_BLOCK if largest < 16 * SMALL_BLOCK else largest)
        mesh = device_mesh(devices)
        self._blocks = mesh.size * max(1, DISPATCH // self.shape.block)
        self._program = compiled(self.shape, specifications(self._arrays), self._blocks, mesh)

    @property
    def horizon(self) -> int:
        """Steps of a trajectory."""
        return self.plan.T

    def draw(self, seed: int, counts: Sequence[int]) -> list[SampledBatch]:
        """Independent batches of that many trajectories each, as a function of the seed and the counts alone.

        Raises
        ------
        SamplingError
            A count is not positive, or one seed does not number so many trajectories.
        """
        spans = self._spans(counts)
        key = seed_key(seed)
        tallies = [Tally(self.shape.k) for _ in counts]
        for start in range(0, len(spans), self._blocks):
            part = spans[start : start + self._blocks]
            # Blocks that fill up a dispatch end where they begin: they are empty.
            padded = np.zeros((2, self._blocks), np.uint32)
            padded[:, : len(part)] = np.array([(first, end) for _, first, end in part], np.uint32).T
            with jax.enable_x64(True):
                found = jax.tree.map(np.asarray, self._program(self._arrays, key, padded[1], padded[0]))
            for i, (batch, _, _) in enumerate(part):
                tallies[batch].add(jax.tree.map(lambda a, i=i: a[i : i + 1], found))
        return [SampledBatch(tally.moments, tally.steps) for tally in tallies]

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
