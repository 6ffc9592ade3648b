"""The work of a study, cut into shards: a function of the study alone, not of who does it.

A *cell* is a setting with a number of trajectories n; a *run* is one of its repetitions, n trajectories.  A shard
holds whole runs, or a part of one run, of a single cell, and draws them from a key of its own: SHA-256 of the
study's fingerprint and the shard's number: plain data in, plain data out, the same bits everywhere (for the same
release of JAX on the same kind of processor).  Runs, settings and shards are numbered in the order of the study file.
Another kind of processor may contract a multiplication and an addition into one rounding.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pgsym.estimators.estimator import Estimator
from pgsym.model.files import loads
from pgsym.study.settings import Study

if TYPE_CHECKING:
    from pgsym.sampling.estimate import BatchSampler
    from pgsym.sampling.moments import Moments


@dataclass(frozen=True)
class StudyCell:
    """A setting with a number of trajectories."""

    number: int
    setting: int
    n: int


@dataclass(frozen=True)
class Shard:
    """Some trajectories of one cell; with the cell's `ShardSource`, all that a worker needs to draw them."""

    number: int
    cell: StudyCell
    runs: tuple[int, ...]
    """Numbers of the runs it works on."""
    counts: tuple[int, ...]
    """Trajectories for each of them."""
    key: int
    """64 bits."""
    largest: int
    """Trajectories of the cell's largest batch."""

    @property
    def trajectories(self) -> int:
        """All of them."""
        return sum(self.counts)


class ShardSource(NamedTuple):
    """What the shards of a setting have in common; it may be large, and is sent to each worker once."""

    model: str
    """The model file's text."""
    setting: str
    """theta, objective, estimator and horizon, as JSON text."""


def sources(study: Study) -> list[ShardSource]:
    """Of each setting, in order."""
    return [
        ShardSource(
            study.models[s.model]["document"],
            json.dumps({"theta": s.theta, "objective": s.objective, "estimator": s.estimator, "horizon": s.horizon}),
        )
        for s in study.settings
    ]


def cells(study: Study) -> list[StudyCell]:
    """Every setting with every n, in order; run r belongs to cell r // len(study.seeds)."""
    pairs = [(setting, n) for setting in range(len(study.settings)) for n in study.n]
    return [StudyCell(number, setting, n) for number, (setting, n) in enumerate(pairs)]


def shards(study: Study) -> Iterator[Shard]:
    """The work, in order.

    >>> from pgsym.study.schema import read_study
    >>> from pgsym.study.settings import resolve
    >>> study = resolve(read_study(
    ...     {"models": "two-state", "estimators": "reinforce", "n": [40, 150], "seeds": 2, "shard": 100}))
    >>> [(shard.cell.n, shard.runs, shard.counts) for shard in shards(study)]
    [(40, (0, 1), (40, 40)), (150, (2,), (100,)), (150, (2,), (50,)), (150, (3,), (100,)), (150, (3,), (50,))]
    """
    number, fingerprint = 0, study.fingerprint
    for cell in cells(study):
        for runs, counts in _portions(study, cell):
            key = shard_key(fingerprint, number)
            yield Shard(number, cell, runs, counts, key, min(cell.n, study.shard))
            number += 1


def shard_key(fingerprint: str, number: int) -> int:
    """64 bits from SHA-256: keys of different shards or studies coincide with probability 2**-64.

    >>> shard_key("study", 0) != shard_key("study", 1)
    True
    """
    return int.from_bytes(hashlib.sha256(f"{fingerprint}/{number}".encode()).digest()[:8], "big")


def _portions(study: Study, cell: StudyCell) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """(runs, counts) of the shards of a cell."""
    runs = range(cell.number * len(study.seeds), (cell.number + 1) * len(study.seeds))
    if cell.n > study.shard:
        for run in runs:
            for first in range(0, cell.n, study.shard):
                yield (run,), (min(study.shard, cell.n - first),)
        return
    together = study.shard // cell.n
    for start in range(0, len(runs), together):
        portion = tuple(runs[start : start + together])
        yield portion, (cell.n,) * len(portion)


LARGEST_COVARIANCE = 32
"""Parameters up to which a study keeps the whole covariance; above, its diagonal."""


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


def draw_shard(shard: Shard, source: ShardSource) -> list[ShardResult]:
    """Draw a shard's trajectories."""
    sampler = _sampler(source, shard.largest)
    found = []
    for run, batch in zip(shard.runs, sampler.draw(shard.key, shard.counts), strict=True):
        moments = batch.moments
        M2 = moments.M2
        if M2.ndim == 2 and len(M2) > LARGEST_COVARIANCE + 1:
            M2 = np.diagonal(M2).copy()
        found.append(ShardResult(run, moments.n, moments.mean, M2, batch.transitions))
    return found


@lru_cache(maxsize=16)
def _sampler(source: ShardSource, largest: int) -> BatchSampler:
    """Compiled once in each process."""
    from pgsym.sampling.estimate import BatchSampler

    problem, chosen = loads(source.model, "json"), json.loads(source.setting)
    return BatchSampler(
        problem.replace(objective=chosen["objective"]).at(chosen["theta"]),
        Estimator.from_json(chosen["estimator"]),
        largest=largest,
        horizon=chosen["horizon"],
    )
