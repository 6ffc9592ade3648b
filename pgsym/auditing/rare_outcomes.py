r"""What a sample may not have seen: outcomes so rare that the normal approximation fails for them.

A state that no episode reached leaves its coordinates at 0 with variance 0, infinitely far from the truth; an action
that was never taken leaves the small mean of the others.  So a gap is not evidence as far as rare outcomes could
explain it.  Let outcome o be expected fewer than `SEEN` times, and let p be the probability that a batch holds it.
What differs from 0 in these batches only and has mean v has variance at least v^2 (1/p - 1), for
:math:`E[X]^2 = E[X 1_{X \neq 0}]^2 \le p\,E[X^2]` (Cauchy-Schwarz).  This is added to the sample's covariance, with v
the observed gap, but no more than o can pay: `LARGEST` times the largest return, times the score, as often as o is
expected.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pgsym.auditing.episodes import visits
from pgsym.auditing.problem_arrays import Floats, ProblemArrays
from pgsym.auditing.targets import AuditTarget

SEEN = 100
"""Times that an outcome is expected in a sample that is large enough for it."""
LARGEST = 1.0
"""What an estimator is taken to multiply a rare score by, relative to the largest return."""


@dataclass(frozen=True)
class Rare:
    """The outcomes of a problem and what they can pay.

    Examples
    --------
    >>> from pgsym.model import MDP, Problem, tabular
    >>> from pgsym.auditing.problem_arrays import build_world
    >>> rows = [("s", "go", "end", "1/1000", 1), ("s", "go", "end", "999/1000", 0), ("s", "no", "end", 1, 0)]
    >>> mdp = MDP.from_transitions(rows, start="s", terminal=["end"])
    >>> rare = Rare.of(build_world(Problem(mdp)), 1, 32, AuditTarget.HORIZON)
    >>> rare.visits.tolist()
    [0.0005, 0.4995, 0.5]
    >>> (rare.variance(np.array([1e-4, -1e-4]), 100) * 1e8).round(1).tolist()
    [[62.0, -62.0], [-62.0, 62.0]]
    >>> rare.variance(np.array([1e-4, -1e-4]), 10_000).any()
    np.False_
    """

    visits: Floats
    """[O] expected times that an episode takes each outcome."""
    batch_size: int
    """Episodes of a batch."""
    pay: Floats
    """[k] the most that one step adds to a coordinate."""

    @classmethod
    def of(cls, world: ProblemArrays, horizon: int, batch_size: int, target: AuditTarget) -> Rare:
        """Those of a problem, under the policy that collects the data."""
        discounts = np.power(world.gamma, np.arange(horizon))
        largest = float(np.abs(world.outcome_reward[:-1] - world.centre).max(initial=0.0) * discounts.sum())
        if target is not AuditTarget.HORIZON:
            largest += float(np.abs(world.values).max())
        pay = LARGEST * largest * world.scale * np.abs(world.scores).max(axis=0)
        return cls(visits(world, horizon), batch_size, pay)

    @property
    def batches(self) -> float:
        """Batches in which the rarest outcome is expected `SEEN` times."""
        return SEEN / (self.batch_size * float(self.visits[self.visits > 0].min()))

    def variance(self, gap: Floats, batches: int) -> Floats:
        """[k, k] added to the covariance of a batch's estimate, for a gap [k] seen in so many batches."""
        rare = self.visits[(self.visits > 0) & (self.visits * self.batch_size * batches < SEEN)]
        most = np.outer(rare, self.pay)
        explained = np.clip(gap, -most, most)
        touched = 1 - (1 - np.minimum(rare, 1.0)) ** self.batch_size
        return np.asarray(explained.T @ ((1 / touched - 1)[:, None] * explained), np.float64)
