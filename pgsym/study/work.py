"""One shard, on whatever machine: plain data in, plain data out, the same bits everywhere.

The same bits means: for the same release of JAX on the same kind of processor.  Another kind may contract a
multiplication and an addition into one rounding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pgsym.study.settings import Study, from_plain, read_model
from pgsym.study.shards import shards

if TYPE_CHECKING:
    from pgsym.sampling.batches import BatchSampler
    from pgsym.sampling.moments import Moments

LARGEST_COVARIANCE = 32
"""Parameters up to which a study keeps the whole covariance; above, its diagonal."""


@dataclass(frozen=True)
class Task:
    """Everything that a worker needs to know."""

    shard: int
    model: str
    """The model file's text."""
    setting: str
    """theta, objective, estimator and horizon, as JSON text."""
    largest: int
    """Trajectories of the cell's largest batch."""
    runs: tuple[int, ...]
    counts: tuple[int, ...]
    key: int

    @property
    def trajectories(self) -> int:
        """All of them."""
        return sum(self.counts)


@dataclass(frozen=True)
class ShardResult:
    """What a shard found for one run."""

    run: int
    n: int
    mean: NDArray[np.float64]
    """[d] of (g, J)."""
    M2: NDArray[np.float64]
    """[d, d] centred second moments, or [d] their diagonal."""
    transitions: int

    @property
    def moments(self) -> Moments:
        """As the sampler has them."""
        from pgsym.sampling.moments import Moments

        return Moments(self.n, self.mean, self.M2)


def tasks(study: Study) -> Iterator[Task]:
    """The shards of a study with all that they refer to."""
    written = [
        json.dumps({"theta": s.theta, "objective": s.objective, "estimator": s.estimator, "horizon": s.horizon})
        for s in study.settings
    ]
    for shard in shards(study):
        setting = shard.cell.setting
        yield Task(
            shard=shard.number,
            model=study.models[study.settings[setting].model]["document"],
            setting=written[setting],
            largest=min(shard.cell.n, study.shard),
            runs=shard.runs,
            counts=shard.counts,
            key=shard.key,
        )


def do(task: Task) -> list[ShardResult]:
    """Draw a shard's trajectories."""
    sampler = _sampler(task.model, task.setting, task.largest)
    found = []
    for run, batch in zip(task.runs, sampler.draw(task.key, task.counts), strict=True):
        moments = batch.moments
        M2 = moments.M2
        if M2.ndim == 2 and len(M2) > LARGEST_COVARIANCE + 1:
            M2 = np.diagonal(M2).copy()
        found.append(ShardResult(run, moments.n, moments.mean, M2, batch.transitions))
    return found


@lru_cache(maxsize=16)
def _sampler(model: str, setting: str, largest: int) -> BatchSampler:
    """Compiled once in each process."""
    from pgsym.sampling.batches import BatchSampler

    problem, chosen = read_model(model), json.loads(setting)
    return BatchSampler(
        problem.replace(objective=chosen["objective"]).at(chosen["theta"]),
        from_plain(chosen["estimator"]),
        largest=largest,
        horizon=chosen["horizon"],
    )
