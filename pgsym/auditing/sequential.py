r"""A confidence region for the mean that holds at every look at once, so that an audit may stop at any of them.

The sample is looked at after m_0, 2 m_0, 4 m_0, ... batches.  Look j = 0, 1, ... gets the share
:math:`\alpha_j = \alpha/((j+1)(j+2))` of the error rate; the shares sum to alpha over infinitely many looks, so by the
union bound all regions hold jointly with probability 1 - alpha, whichever look the audit stops at and why.
Each region is Hotelling's ellipsoid, joint over coordinates.  It rests on the normal approximation of batch means, as
do the t and F distributions that it uses: `docs/audit.md` shows the measured false-alarm rate.

It fails for outcomes so rare that the sample may not have seen them.  A state that no episode reached leaves its
coordinates at 0 with variance 0, infinitely far from the truth; an action that was never taken leaves the small mean
of the others.  So a gap is not evidence as far as rare outcomes could explain it: `Rare` widens the region.  Let
outcome o be expected fewer than `SEEN` times, and let p be the probability that a batch holds it.
What differs from 0 in these batches only and has mean v has variance at least v^2 (1/p - 1), for
:math:`E[X]^2 = E[X 1_{X \neq 0}]^2 \le p\,E[X^2]` (Cauchy-Schwarz).  This is added to the sample's covariance, with v
the observed gap, but no more than o can pay: `LARGEST` times the largest return, times the score, as often as o is
expected.

References: Lan & DeMets, Discrete sequential boundaries for clinical trials (1983): spending alpha over looks.
Howard, Ramdas, McAuliffe & Sekhon, Time-uniform, nonparametric, nonasymptotic confidence sequences (2021): a union
bound over geometrically spaced epochs.  Hotelling, The generalization of Student's ratio (1931).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import stats

from pgsym.auditing.episodes import flows, visits
from pgsym.auditing.problem_arrays import Floats, Ints, ProblemArrays
from pgsym.auditing.targets import AuditTarget
from pgsym.estimators.sample_size import noncentrality
from pgsym.sampling.moments import FULL, Moments

ROUNDING = 2.0**-17
"""Relative error of one batch's estimate that counts as rounding (float32 sums of a few thousand terms)."""

FLOOR = 2.0**-44
"""Relative variance of a direction under which float64 cannot tell it from 0: redundant parameters."""

LARGEST_MULTIPLE, PRECISION = 2.0**40, 0.01
"""Of the detectable bias: above the first it is called infinite; relative."""

LEAST_BATCHES, BATCHES_PER_PARAMETER = 32, 4
"""Batches of the first look; at least so many for each coordinate."""


def share(alpha: float, look: int) -> float:
    """The error rate of one look.

    >>> round(sum(share(0.05, j) for j in range(100_000)), 6)
    0.05
    """
    return alpha / ((look + 1) * (look + 2))


def first_look(k: int) -> int:
    """Batches needed before the covariance of k coordinates is known well enough.

    >>> first_look(3), first_look(100)
    (32, 400)
    """
    return max(LEAST_BATCHES, BATCHES_PER_PARAMETER * k)


def looks(first: int, last: int) -> Iterator[int]:
    """first, 2 first, 4 first, ... and none above `last`.

    >>> list(looks(32, 200))
    [32, 64, 128]
    """
    while first <= last:
        yield first
        first *= 2


@dataclass(frozen=True)
class Region:
    """The confidence ellipsoid of a mean.

    >>> rng = np.random.default_rng(0)
    >>> region = Region(Moments.of(rng.normal(size=(400, 2))), 0.01, 0.0)
    >>> region.contains(np.zeros(2)), region.contains(np.ones(2))
    (True, False)
    """

    moments: Moments
    """Of batch means."""
    level: float
    """Error rate of this region."""
    rounding: float
    """Standard deviation that is added to the mean's, for rounding in the user's code."""
    unseen: Floats | None = None
    """[k, k] added to the covariance of a batch, for what a sample this small may not have seen."""

    @property
    def centre(self) -> Floats:
        return self.moments.mean

    @cached_property
    def batch_covariance(self) -> Floats:
        """[k, k] of one batch."""
        found = self.moments.covariance
        return found if self.unseen is None else found + self.unseen

    @cached_property
    def covariance(self) -> Floats:
        """[k, k] of the mean."""
        return self.batch_covariance / self.moments.n + self.rounding**2 * np.eye(len(self.centre))

    @cached_property
    def squared_radius(self) -> float:
        """Bound of Hotelling's T^2."""
        m, k = self.moments.n, len(self.centre)
        return float(k * (m - 1) / (m - k) * stats.f.isf(self.level, k, m - k))

    @cached_property
    def axes(self) -> tuple[Floats, Floats]:
        """Variances [k] of the mean along the columns of [k, k]; none is smaller than float64 can tell from 0."""
        spread, directions = np.linalg.eigh(self.batch_covariance / self.moments.n)
        least = FLOOR * float(spread.max(initial=0.0))
        return np.maximum(spread, least) + self.rounding**2, directions

    def strength(self, gap: Floats) -> float:
        """gap^T C^-1 gap for the covariance C of the mean."""
        spread, directions = self.axes
        along = directions.T @ gap
        kept = along != 0
        return float((along[kept] ** 2 / spread[kept]).sum())

    def statistic(self, point: Floats) -> float:
        """T^2 of a point."""
        return self.strength(self.centre - point)

    def contains(self, point: Floats) -> bool:
        return self.statistic(point) <= self.squared_radius

    def excludes(self, coordinates: Ints, carried: float) -> bool:
        """Whether these coordinates alone show that 0 lies outside, were there only so many batches to know it from."""
        M, inside = self.moments, np.ix_(coordinates, coordinates)
        part = replace(
            self,
            moments=Moments(M.n, M.mean[coordinates], M.M2[inside]),
            unseen=None if self.unseen is None else self.unseen[inside],
        )
        few = replace(self, moments=Moments(min(M.n, int(carried)), M.mean, M.M2))
        return part.statistic(np.zeros(len(coordinates))) > few.squared_radius

    @property
    def standard_error(self) -> Floats:
        return np.sqrt(np.diagonal(self.covariance))

    @property
    def intervals(self) -> Floats:
        """[k, 2] the ellipsoid's shadow on each axis: all hold jointly."""
        half = np.sqrt(self.squared_radius) * self.standard_error
        return np.stack([self.centre - half, self.centre + half], axis=1)

    @cached_property
    def reach(self) -> float:
        """The longest semi-axis: the norm of a point is known to within it."""
        return float(np.sqrt(self.squared_radius * self.axes[0].max()))


def detectable(
    region: Region, direction: Floats, power: float, unseen: Callable[[Floats], Floats] | None = None
) -> float:
    """The multiple of `direction` that a test at this look finds with probability `power`.

    `unseen` is added to the covariance for a gap [k].
    """
    needed = noncentrality(len(direction), region.level, power)

    def found(multiple: float) -> bool:
        gap = multiple * direction
        at = replace(region, unseen=None if unseen is None else unseen(gap))
        return at.strength(gap) >= needed

    strength = replace(region, unseen=None).strength(direction)
    if not strength:
        return float("inf")
    low = high = float(np.sqrt(needed / strength)) * (1 + 1e-9)
    while not found(high):
        low, high = high, 2 * high
        if high > LARGEST_MULTIPLE:
            return float("inf")
    while high > low * (1 + PRECISION):
        middle = np.sqrt(low * high)
        low, high = (low, middle) if found(middle) else (middle, high)
    return float(high)


def batches_needed(region: Region, alpha: float, first: int, radius: float) -> int | None:
    """Batches after which the longest semi-axis is at most `radius`; None if rounding alone is longer.

    With radius = delta/2 that look decides for certain: either the centre is within delta/2 of 0, and the whole region
    within delta, or 0 lies outside the region.
    """
    k = len(region.centre)
    largest = float(np.linalg.eigvalsh(region.batch_covariance)[-1])
    m, look = first, 0
    while m < 2**62:
        squared = k * (m - 1) / (m - k) * float(stats.f.isf(share(alpha, look), k, m - k))
        if squared * region.rounding**2 >= radius**2:
            return None
        if squared * (largest / m + region.rounding**2) <= radius**2:
            return m
        m, look = 2 * m, look + 1
    return None


def ratio_skewness(arrays: ProblemArrays, horizon: int) -> float:
    """E[w^3] / E[w^2]^(3/2) of the product w of importance ratios of an episode; 1 for data of the target policy.

    The mean of n such weights is close to normal where n is many times the square of it (Berry and Esseen).
    """
    pi, b = arrays.pi[arrays.outcome_pair[:-1]], arrays.outcome_b[:-1]
    rho = np.divide(pi, b, out=np.zeros_like(b), where=b > 0)
    ends = arrays.outcome_next_place[:-1] == len(arrays.start_place) - 1
    moments = []
    for power in (2, 3):
        whole = 0.0
        for taken in flows(arrays, horizon, rho**power):
            whole += taken[ends].sum()
        moments.append(whole + taken[~ends].sum())
    return float(moments[1] / moments[0] ** 1.5)


def carried_by(x: Floats) -> Floats:
    """[k] on how many normal ones the spread of each coordinate rests: 3 n / kurtosis.

    >>> carried_by(np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 8.0], [-1.0, -8.0]])).tolist()
    [12.0, 6.0]
    """
    square = (x - x.mean(0)) ** 2
    return np.asarray(3 * square.sum(0) ** 2 / np.maximum((square**2).sum(0), np.finfo(float).tiny))


MAX_PARAMETERS = FULL
"""Parameters up to which a joint region is formed."""

SEEN = 100
"""Times that an outcome is expected in a sample that is large enough for it."""
LARGEST = 1.0
"""What an estimator is taken to multiply a rare score by, relative to the largest return."""


@dataclass(frozen=True)
class Rare:
    """The outcomes of a problem and what they can pay.

    >>> from pgsym.model import MDP, Problem, tabular
    >>> from pgsym.auditing.problem_arrays import build_arrays
    >>> rows = [("s", "go", "end", "1/1000", 1), ("s", "go", "end", "999/1000", 0), ("s", "no", "end", 1, 0)]
    >>> mdp = MDP.from_transitions(rows, start="s", terminal=["end"])
    >>> rare = Rare.of(build_arrays(Problem(mdp)), 1, 32, AuditTarget.TRUNCATED)
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
    """Independent episodes of a batch."""
    pay: Floats
    """[k] the most that one step adds to a coordinate."""

    @classmethod
    def of(cls, arrays: ProblemArrays, horizon: int, batch_size: int, target: AuditTarget) -> Rare:
        """Those of a problem, under the policy that collects the data."""
        discounts = np.power(arrays.gamma, np.arange(horizon))
        largest = float(np.abs(arrays.outcome_reward[:-1] - arrays.centre).max(initial=0.0) * discounts.sum())
        if target is not AuditTarget.TRUNCATED:
            largest += float(np.abs(arrays.values).max())
        pay = LARGEST * largest * arrays.scale * np.abs(arrays.scores).max(axis=0)
        return cls(visits(arrays, horizon), batch_size, pay)

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
