"""Is an estimator a function of its batch?  Called twice, with the episodes in another order, and call after call."""

from __future__ import annotations

import math

import numpy as np

from pgsym.auditing.batch import Estimator, Rollouts
from pgsym.auditing.problem_arrays import Floats, Ints
from pgsym.auditing.sequential import ROUNDING
from pgsym.errors import SamplingError

ROUNDING_DOUBLE = 2.0**-40
"""`sequential.ROUNDING` where the user computes in float64."""
AGAIN = 2**29
"""Number of the chunk whose estimates are asked for twice: not the pilot's, which a state would still hold."""
PERMUTED = 32
"""Batches whose episodes are put into another order, to see whether it counts."""


def rounding_of(rollouts: Rollouts) -> float:
    """Relative differences below this are rounding."""
    return ROUNDING if "32" in str(rollouts.theta.dtype) else ROUNDING_DOUBLE


def repeats(estimator: Estimator, rollouts: Rollouts, outcome: Ints) -> bool:
    """Whether the same batches give the same estimates again."""
    streams = rollouts.streams(outcome)
    return bool(np.array_equal(rollouts.estimates(estimator, streams), rollouts.estimates(estimator, streams)))


def require_symmetry(estimator: Estimator, rollouts: Rollouts, seed: int) -> None:
    """SamplingError where an estimate depends on the order of a group's episodes, or of groups, in a few batches."""
    M, G, rng = rollouts.batch_size // rollouts.group_size, rollouts.group_size, np.random.default_rng(seed)
    outcome = rollouts.sampler(seed).chunk(AGAIN, PERMUTED * M * G)
    order = rng.permuted(np.broadcast_to(np.arange(G), (PERMUTED, M, G)), axis=2)
    moved = np.take_along_axis(outcome.reshape(PERMUTED, M, G, -1), order[..., None], axis=2)[:, rng.permutation(M)]
    given, again = (rollouts.estimates(estimator, rollouts.streams(x)) for x in (outcome, moved.reshape(outcome.shape)))
    if np.abs(given - again).max() > rounding_of(rollouts) * max(1.0, float(np.abs(given).max())):
        raise SamplingError(
            "the estimate depends on the order of the episodes; there are too many batches to take each in every "
            "order. Use mode='sample', or a smaller batch_size",
            where="estimator",
        )


def serial_correlation(x: Floats) -> float:
    """Of the ranks of successive rows: the largest of all columns, in standard errors.

    Ranks, because two of a few large values that happen to be neighbours make a correlation of values; equal values
    are ranked at random.
    """
    n = len(x)
    rank = np.argsort(np.lexsort((np.random.default_rng(0).random(x.shape), x), axis=0), axis=0) - (n - 1) / 2
    norm = n * (n**2 - 1) / 12
    return math.sqrt(n) * float(np.abs((rank[1:] * rank[:-1]).sum(0) / norm).max(initial=0.0))
