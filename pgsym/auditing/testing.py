"""The two ways to find a bias: from every batch with its exact probability, or from a sample, look by look.

An estimator that is not linear in the batch (normalised advantages, clipped ratios, a mean over steps) has a bias that
no formula gives.  For a small problem its mean is the finite sum over all batches, with exact weights where the policy
is rational.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import stats

from pgsym.auditing.batch import Estimator, Rollouts
from pgsym.auditing.controls import Controls, Spread, agreeing
from pgsym.auditing.enumeration import AllBatches
from pgsym.auditing.function_of_batch import AGAIN, repeats, require_symmetry, rounding_of, serial_correlation
from pgsym.auditing.problem_arrays import Floats
from pgsym.auditing.result import AuditResult, BiasVerdict
from pgsym.auditing.sequential import (
    Rare,
    Region,
    batches_needed,
    carried_by,
    detectable,
    first_look,
    looks,
    ratio_skewness,
    share,
)
from pgsym.auditing.targets import AuditTarget
from pgsym.display.progress import Progress, reporter
from pgsym.errors import SamplingError
from pgsym.sampling.moments import Moments

NEGLIGIBLE = 1e-6
"""Relative bias that counts as rounding: what a 1e-8 added to a standard deviation makes."""
CARRIED = 8
"""Normal batches for each parameter on which the spread of a coordinate rests before it counts: see `carried_by`."""
SKEWED = 25
"""Episodes for each square of the skewness of importance ratios before a bias is believed."""
CONSTANT = 4096
"""Batches in which a coordinate of an estimator that draws numbers of its own has to stay the same."""
CORRELATED = 2.0
"""Standard errors of the correlation of successive estimates at which a bias is not believed yet."""
STATE_SHARE = 0.1
"""Share of the error rate that the search for state takes, where the code is no function of its batch."""
RAREST = 1 / 8
"""Share of the sample after which the first look is taken, even if an outcome is still rare."""
CHUNK = 32
"""Batches of a chunk."""


@dataclass(frozen=True)
class AuditPlan:
    """What an audit is asked: the null hypothesis, the data, and the error rates."""

    rollouts: Rollouts
    target: AuditTarget
    truth: Floats
    scale: float
    delta: float
    alpha: float
    power: float
    max_samples: int
    seed: int
    up_to_scale: bool
    progress: bool | Progress | None
    baselines: tuple[Spread, ...] = ()
    max_seconds: float | None = None
    own: str = ""
    """The expression that `truth` is the value of, where it is no target of ours."""

    @property
    def across(self) -> Floats:
        """[k, k] what is judged of a bias: all of it, or what stands across the truth."""
        along = self.truth / self.scale if self.up_to_scale else np.zeros_like(self.truth)
        return np.eye(len(along)) - np.outer(along, along)

    @cached_property
    def targets(self) -> set[AuditTarget]:
        """Those of ours whose exact value is the target's."""
        return set() if self.own else agreeing(self.target, self.rollouts.arrays, self.rollouts.horizon)

    def result(self, **found: Any) -> AuditResult:
        asked = ("own", "target", "truth", "scale", "delta", "alpha", "power", "up_to_scale")
        return AuditResult(
            also=tuple(t for t in AuditTarget if t in self.targets and t is not self.target),
            unseen=tuple(self.rollouts.arrays.unseen),
            params=tuple(p.name for p in self.rollouts.arrays.tables.params),
            factor=1 + float(found["bias"] @ self.truth) / self.scale**2,
            seconds=0.0,
            diagnosis=None,
            **{name: getattr(self, name) for name in asked},
            **{name: getattr(self.rollouts, name) for name in ("batch_size", "horizon", "layout")},
            **found,
        )


def enumerated(estimator: Estimator, plan: AuditPlan, every: AllBatches) -> AuditResult:
    """The exact bias, from all batches; SamplingError where the order counts and not every order is there."""
    rollouts = plan.rollouts
    B = rollouts.batch_size
    if not repeats(estimator, rollouts, rollouts.sampler(plan.seed).chunk(0, B)):
        raise SamplingError(
            "two calls on the same batch gave different estimates; an enumeration needs a function of the batch alone. "
            "Use mode='sample'",
            where="estimator",
        )
    if not every.ordered:
        require_symmetry(estimator, rollouts, plan.seed)
    w, g = every.weights, rollouts.estimates(estimator, every.streams)
    mean = np.array([math.fsum(w * g[:, i]) for i in range(g.shape[1])])
    bias = mean - plan.truth
    size = float(np.linalg.norm(plan.across @ bias)) / plan.scale
    rounding = rounding_of(rollouts) * float(np.sqrt((w @ g**2).max())) / plan.scale
    turned = plan.up_to_scale and float(mean @ plan.truth) <= 0
    verdict = BiasVerdict.BELOW_DELTA if size <= plan.delta and not turned else BiasVerdict.BIASED
    if size <= max(rounding, NEGLIGIBLE) and not turned:
        verdict = BiasVerdict.UNBIASED
    return plan.result(
        verdict=verdict,
        bias=np.where(np.abs(bias) <= rounding * plan.scale, 0.0, bias),
        standard_error=np.zeros_like(bias),
        intervals=np.stack([bias, bias], axis=1),
        bound=size,
        detectable=None,
        needed=None,
        n=len(every),
        multisets=not every.ordered,
        mode="exact",
        seed=None,
        covariance=(g - mean).T @ (w[:, None] * (g - mean)),
        best=Controls(rollouts).best(plan.targets, None, plan.baselines),
        region=None,
    )


class _Sample:
    """Estimates of the bias, batch by batch, and the variances beside it."""

    def __init__(self, estimator: Estimator, plan: AuditPlan, pilot: int, report: Progress) -> None:
        rollouts = plan.rollouts
        self.estimator, self.plan, self.report = estimator, plan, report
        self.sampler = rollouts.sampler(plan.seed)
        self.controls = Controls(rollouts)
        self._stream = self._chunks()
        estimates, values = self._take(pilot)
        self.repeats = repeats(estimator, rollouts, self.sampler.chunk(AGAIN, CHUNK * rollouts.batch_size))
        self.given: list[Floats] = []
        self.adjusted: list[Floats] = []
        self.skewness = ratio_skewness(rollouts.arrays, rollouts.horizon)
        self.controls.fit(estimates, values)
        self.raw = Moments.of(estimates)
        self.best = self.controls.best(plan.targets, values, plan.baselines)
        size = max(float(np.sqrt((estimates**2).mean(0)).max()), plan.scale)
        self.rounding = rounding_of(rollouts) * size
        self.moments: Moments | None = None

    def _chunks(self) -> Iterator[tuple[Floats, Floats]]:
        """(estimates [D, k], controls [D, q, k]) of one chunk after another."""
        rollouts, number = self.plan.rollouts, 0
        while True:
            streams = rollouts.streams(self.sampler.chunk(number, CHUNK * rollouts.batch_size))
            yield rollouts.estimates(self.estimator, streams), self.controls.values(streams)
            number += 1
            self.report(number * CHUNK * rollouts.batch_size, self.plan.max_samples)

    def _take(self, batches: int) -> tuple[Floats, Floats]:
        taken = [next(self._stream) for _ in range(batches // CHUNK)]
        return np.concatenate([x for x, _ in taken]), np.concatenate([c for _, c in taken])

    def extend(self, batches: int) -> Moments:
        """The moments of the bias after that many batches in all."""
        have = 0 if self.moments is None else self.moments.n
        estimates, values = self._take(batches - have)
        self.raw = self.raw.merge(Moments.of(estimates))
        self.given.append(estimates)
        self.adjusted.append(self.controls.adjust(estimates, values))
        found = Moments.of(self.adjusted[-1] - self.plan.truth)
        self.moments = found if self.moments is None else self.moments.merge(found)
        return self.moments

    @property
    def correlation(self) -> float:
        """Of successive estimates, in standard errors; 0 where they are functions of their batch."""
        return 0.0 if self.repeats else serial_correlation(np.concatenate(self.adjusted))

    def require_independence(self, level: float) -> None:
        """SamplingError where successive estimates are correlated; wrongly with probability at most `level`."""
        found = self.correlation
        if found > stats.norm.isf(level / (2 * self.plan.rollouts.arrays.k)):
            raise SamplingError(
                f"estimates of successive batches are correlated ({found:.1f} standard errors): the code keeps "
                "something from one call to the next (state across calls); each batch must be an observation of its "
                "own. Audit a function of the batch alone",
                where="estimator",
            )

    def doubt(self, region: Region) -> str:
        """Why a bias is not believed yet: in the coordinates that are close to normal it does not show."""
        x, B = np.concatenate(self.adjusted), self.plan.rollouts.batch_size
        correlation = self.correlation
        if correlation > CORRELATED:
            return f"estimates of successive batches look correlated ({correlation:.1f} standard errors)"
        need = math.ceil(SKEWED * self.skewness**2)
        if self.skewness > 1 and len(x) * B < need:
            return f"the importance ratios of whole episodes are so skewed that {need} episodes are needed"
        constant, few = x.std(axis=0) <= self.rounding, carried_by(x)
        if not self.repeats:
            # A coordinate that the code seldom lets through is close to normal once the controls fill its zeros.
            given = np.concatenate(self.given)
            constant, few = constant | (given.std(axis=0) <= self.rounding), np.minimum(few, carried_by(given))
        known = np.where(constant, self.repeats or len(x) >= CONSTANT, few >= CARRIED * len(few))
        carried = few[known & ~constant].min(initial=len(x))
        if (carried < len(x) or not known.all()) and not region.excludes(np.flatnonzero(known), carried):
            return f"the spread of a coordinate rests on few of {len(x)} batches, as on {few.min():.0f} of a normal one"
        return ""


def sampled(estimator: Estimator, plan: AuditPlan) -> AuditResult:
    """The sequential test; SamplingError where the sample is too small for one look."""
    B = plan.rollouts.batch_size
    most = plan.max_samples // B
    rare = Rare.of(plan.rollouts.arrays, plan.rollouts.horizon, plan.rollouts.independent, plan.target)
    first = _first(plan, rare, most)
    if 2 * first > most:
        raise SamplingError(
            f"found {plan.max_samples}; the pilot and the first look take {2 * first * B} episodes. Give at least that",
            where="max_samples",
        )
    verdict, region, doubt, interrupted = BiasVerdict.UNDECIDED, None, "", False
    began = time.perf_counter()
    with reporter(plan.progress, plan.max_samples) as report:
        sample = _Sample(estimator, plan, first, report)
        alpha = plan.alpha * (1 if sample.repeats else 1 - STATE_SHARE)
        for look, m in enumerate(looks(first, most - first)):
            if region is not None and plan.max_seconds is not None and time.perf_counter() - began > plan.max_seconds:
                interrupted = True
                break
            try:
                found = sample.extend(m)
            except KeyboardInterrupt:
                if region is None:
                    raise
                # The last look stands: its region is valid whyever the audit stopped.
                interrupted = True
                break
            sample.require_independence(share(plan.alpha - alpha, look))
            region = Region(found, share(alpha, look), sample.rounding, rare.variance(found.mean, m))
            verdict = _decide(region, plan)
            seen = verdict in (BiasVerdict.BIASED, BiasVerdict.BELOW_DELTA)
            doubt = sample.doubt(_judged(region, plan)) if seen else ""
            if doubt:
                verdict = BiasVerdict.UNDECIDED
            if verdict is not BiasVerdict.UNDECIDED:
                break
    assert region is not None
    judged = _judged(region, plan)
    last = None
    if verdict is BiasVerdict.UNDECIDED:
        last = batches_needed(judged, alpha, first, plan.delta * plan.scale / 2)
    return plan.result(
        verdict=verdict,
        bias=region.centre,
        standard_error=region.standard_error,
        intervals=region.intervals,
        bound=(float(np.linalg.norm(judged.centre)) + judged.reach) / plan.scale,
        detectable=None
        if plan.up_to_scale
        else detectable(region, plan.truth, plan.power, lambda gap: rare.variance(gap, region.moments.n)),
        needed=None if last is None else (last + first) * B,
        n=(region.moments.n + first) * B,
        mode="sample",
        seed=plan.seed,
        covariance=sample.raw.covariance,
        best=sample.best,
        region=region,
        interrupted=interrupted,
        doubt=doubt,
    )


def _first(plan: AuditPlan, rare: Rare, most: int) -> int:
    """Batches of the pilot, and of the first look: a multiple of the chunk."""
    m = max(first_look(plan.rollouts.arrays.k), min(math.ceil(rare.batches), int(most * RAREST)))
    return CHUNK * -(-m // CHUNK)


def _judged(region: Region, plan: AuditPlan) -> Region:
    """The region of what is judged."""
    if not plan.up_to_scale:
        return region
    M, found = plan.across, region.moments
    unseen = None if region.unseen is None else M @ region.unseen @ M
    return replace(region, moments=Moments(found.n, M @ found.mean, M @ found.M2 @ M), unseen=unseen)


def _decide(region: Region, plan: AuditPlan) -> BiasVerdict:
    judged, size = _judged(region, plan), plan.scale
    if plan.up_to_scale:
        # Half of this look's error rate would do for each of two statements; the ellipsoid covers both at once.
        along = plan.truth / plan.scale
        component = float(plan.truth @ along + region.centre @ along)
        half = float(np.sqrt(region.squared_radius * (along @ region.covariance @ along)))
        if component + half < 0:
            return BiasVerdict.BIASED
        if component - half <= 0:
            return BiasVerdict.UNDECIDED
        size = component - half
    most = float(np.linalg.norm(judged.centre)) + judged.reach
    unseen = judged.contains(np.zeros_like(judged.centre)) or most <= NEGLIGIBLE * size
    if most <= plan.delta * size:
        return BiasVerdict.UNBIASED if unseen else BiasVerdict.BELOW_DELTA
    return BiasVerdict.UNDECIDED if unseen else BiasVerdict.BIASED
