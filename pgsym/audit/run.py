"""`audit`: is the mean of somebody's estimator the true gradient, and if not, which mistake does it make?"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from pgsym.audit.controls import Controls, agreeing
from pgsym.audit.diagnose import diagnose
from pgsym.audit.enumerate import MAX_BATCHES, all_episodes
from pgsym.audit.episodes import Sampler, visits
from pgsym.audit.result import AuditResult, Verdict
from pgsym.audit.rollouts import BATCH_SIZE, Estimator, Rollouts
from pgsym.audit.sequential import (
    MAX_PARAMETERS,
    ROUNDING,
    Region,
    batches_needed,
    detectable,
    first_look,
    looks,
    share,
)
from pgsym.audit.targets import Target, truth
from pgsym.audit.world import Floats, World, build_world
from pgsym.errors import SamplingError, TooLargeError
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policies import tabular
from pgsym.model.policy import Policy
from pgsym.sampling import dynamics
from pgsym.sampling.moments import Moments

ALPHA = 1e-3
POWER = 0.9
DELTA = 0.1
MAX_SAMPLES = 1_000_000
LONG_RUN_HORIZON = 20
EXACT_BATCH_SIZE = 2
ROUNDING_DOUBLE = 2.0**-40
"""`sequential.ROUNDING` where the user computes in float64."""
SEEN = 100
"""Times that the rarest outcome is expected before the first look: before it is seen, its variance is unknown."""
RAREST = 1 / 8
"""Share of the sample after which the first look is taken anyway."""
CHUNK = 32
"""Batches of a chunk."""


def audit(
    estimator: Estimator,
    mdp: MDP,
    policy: Policy | None = None,
    objective: Objective | str = Objective.START_STATE,
    *,
    theta: Mapping[sp.Symbol | str, Any] | Sequence[Any],
    delta: float | None = None,
    alpha: float = ALPHA,
    power: float = POWER,
    layout: str = "episodes",
    max_samples: int = MAX_SAMPLES,
    seed: int = 0,
    horizon: int | None = None,
    batch_size: int | None = None,
    target: Target | str | None = None,
    framework: str = "numpy",
    behaviour: Mapping[sp.Symbol | str, Any] | Sequence[Any] | None = None,
    critic: Mapping[Any, Any] | Sequence[Any] | None = None,
    mode: str = "sample",
    up_to_scale: bool = False,
    lam: float | None = None,
    explain: bool = True,
) -> AuditResult:
    """Test whether the mean of an estimator is the true gradient.

    Parameters
    ----------
    estimator
        ``estimator(theta, batch) -> gradient``, of shape [k] or [batch.episodes, k]; see `pgsym.audit.batch.Batch`.
    policy
        Tabular softmax by default.
    theta
        The point, by symbol, by name or in the order of ``policy.params``.
    delta
        Bias that is tolerated, relative to the norm of the true gradient: 0.1 by default, in exact mode 0.
    alpha
        Probability that a verdict is wrong: that a correct estimator is called biased, say.
    power
        At which `AuditResult.detectable` is stated.
    layout
        ``episodes`` [B, T], ``vector`` [B/2, 2T] with automatic reset, or ``flat`` [n].
    max_samples
        Episodes after which the answer is ``undecided``.
    seed
        Of the episodes; same seed, same answer.
    horizon
        T, the time limit; by default so long that little is cut off.
    batch_size
        Episodes of a batch: 32 by default, in exact mode 2.
    target
        ``horizon`` (grad J_T, the default), ``bootstrap`` (what an estimator with the exact critic at the time limit
        estimates), or ``objective`` (grad J; the default for the long-run objectives).
    framework
        ``numpy``, ``jax`` or ``torch``: what theta and the batch consist of.
    behaviour
        Parameters of the policy that collects the data; theta by default.
    critic
        Values that the batch shows; the exact ones by default.
    mode
        ``sample``, or ``exact``: enumerate all batches.
    up_to_scale
        Judge the direction of the mean only.
    lam
        lambda of the estimator's advantages, for the diagnosis.
    explain
        Diagnose a biased estimator.

    Raises
    ------
    SamplingError
        An option out of range, a result of the wrong shape, a true gradient of 0.
    TooLargeError
        Exact mode has too many batches.

    Examples
    --------
    >>> from pgsym.model import MDP, sigmoid
    >>> mdp = MDP.from_transitions([("s", "go", "end", 1, 1), ("s", "no", "s", 1, 0)], start="s", terminal=["end"],
    ...     gamma="1/2")
    >>> def reward_to_go(theta, batch):
    ...     discounts = batch.gamma ** batch.steps
    ...     returns = np.cumsum((discounts * batch.rewards)[:, ::-1], axis=1)[:, ::-1]
    ...     return (returns[..., None] * batch.scores).sum((0, 1)) / batch.episodes
    >>> print(audit(reward_to_go, mdp, sigmoid(mdp, {"s": "t"}), theta={"t": 0}, horizon=3, mode="exact").headline)
    unbiased estimator of grad J_T: relative bias 0, exactly (16 batches of 2 enumerated)
    >>> found = audit(lambda theta, batch: -reward_to_go(theta, batch), mdp, sigmoid(mdp, {"s": "t"}), theta={"t": 0},
    ...     horizon=3)
    >>> found.verdict.value, found.diagnosis.key
    ('biased', 'sign')
    """
    if mode not in ("sample", "exact"):
        raise SamplingError(f"found {mode!r}; must be sample or exact", where="mode")
    for name, rate in (("alpha", alpha), ("power", power)):
        if not 0 < rate < 1:
            raise SamplingError(f"found {rate}; a probability in (0, 1) is required", where=name)
    if (delta is not None and delta < 0) or (delta == 0 and mode == "sample"):
        raise SamplingError(f"found {delta}; a sample needs a positive tolerance. Give delta > 0", where="delta")
    policy = tabular(mdp) if policy is None else policy
    world = build_world(mdp, policy, objective, theta=theta, behaviour=behaviour, critic=critic)
    if world.k > MAX_PARAMETERS:
        raise SamplingError(
            f"{world.k} parameters; a joint region is formed for at most {MAX_PARAMETERS}. Use a smaller model, or "
            "share parameters between states",
            where="policy",
        )
    aim = _target(world, target)
    T = _horizon(world, horizon)
    B = batch_size if batch_size is not None else EXACT_BATCH_SIZE if mode == "exact" else BATCH_SIZE
    rollouts = Rollouts(
        mdp, policy, objective, theta=theta, horizon=T, batch_size=B, layout=layout, framework=framework, world=world
    )
    exact = truth(world, T, aim)
    scale = float(np.linalg.norm(exact))
    if scale == 0:
        raise SamplingError(
            "the true gradient is 0; a bias relative to it has no meaning. Choose another theta", where="theta"
        )
    if up_to_scale and world.k < 2:
        raise SamplingError("one parameter has no direction but its sign; up_to_scale needs two", where="up_to_scale")
    began = time.perf_counter()
    plan = _Plan(
        rollouts, aim, exact, scale, 0.0 if delta is None else delta, alpha, power, max_samples, seed, up_to_scale
    )
    if mode == "exact":
        found = _enumerated(estimator, plan)
    else:
        found = _sampled(estimator, replace(plan, delta=DELTA if delta is None else delta))
    if explain and found.verdict is Verdict.BIASED:
        named = diagnose(estimator, rollouts, aim, exact, found.bias, alpha=alpha, seed=seed, lam=lam)
        found = replace(found, diagnosis=named)
    return replace(found, seconds=time.perf_counter() - began)


def _target(world: World, target: Target | str | None) -> Target:
    if target is None:
        return Target.HORIZON if world.objective is Objective.START_STATE else Target.OBJECTIVE
    return Target.parse(target)


def _horizon(world: World, horizon: int | None) -> int:
    if horizon is not None:
        return horizon
    return dynamics.default_horizon(world.tables) if world.objective is Objective.START_STATE else LONG_RUN_HORIZON


@dataclass(frozen=True)
class _Plan:
    rollouts: Rollouts
    target: Target
    truth: Floats
    scale: float
    delta: float
    alpha: float
    power: float
    max_samples: int
    seed: int
    up_to_scale: bool

    @property
    def across(self) -> Floats:
        """[k, k] what is judged of a bias: all of it, or what stands across the truth."""
        k = len(self.truth)
        along = self.truth / self.scale
        return np.eye(k) - np.outer(along, along) if self.up_to_scale else np.eye(k)

    def result(self, **found: Any) -> AuditResult:
        rollouts = self.rollouts
        bias = found["bias"]
        also = agreeing(self.target, rollouts.world, rollouts.horizon) - {self.target}
        return AuditResult(
            target=self.target,
            also=tuple(t for t in Target if t in also),
            params=tuple(p.name for p in rollouts.world.tables.params),
            truth=self.truth,
            scale=self.scale,
            delta=self.delta,
            alpha=self.alpha,
            power=self.power,
            batch_size=rollouts.batch_size,
            horizon=rollouts.horizon,
            layout=rollouts.layout,
            up_to_scale=self.up_to_scale,
            factor=1 + float(bias @ self.truth) / self.scale**2,
            seconds=0.0,
            diagnosis=None,
            **found,
        )


# -- exact -------------------------------------------------------------------------------------------------


def _enumerated(estimator: Estimator, plan: _Plan) -> AuditResult:
    rollouts = plan.rollouts
    episodes = all_episodes(rollouts.world, rollouts.horizon)
    B, count = rollouts.batch_size, episodes.count(rollouts.batch_size)
    if count > MAX_BATCHES:
        raise TooLargeError(
            f"{len(episodes.p)} episodes make {count} batches of {B}; an enumeration takes at most {MAX_BATCHES}. "
            "Use a shorter horizon, a smaller batch_size, or mode='sample'",
            where="enumeration",
        )
    weights, estimates = [], []
    for batch, p in episodes.batches(B):
        weights.append(float(p))
        estimates.append(rollouts.call(estimator, batch).mean(0))
    w, g = np.array(weights), np.array(estimates)
    mean = np.array([math.fsum(w * g[:, i]) for i in range(g.shape[1])])
    bias = mean - plan.truth
    size = float(np.linalg.norm(plan.across @ bias)) / plan.scale
    rounding = _rounding(rollouts) * float(np.sqrt((w @ g**2).max())) / plan.scale
    turned = plan.up_to_scale and float(mean @ plan.truth) <= 0
    within = size <= max(plan.delta, rounding) and not turned
    zero = np.zeros_like(bias)
    return plan.result(
        verdict=Verdict.UNBIASED if within else Verdict.BIASED,
        bias=np.where(np.abs(bias) <= rounding * plan.scale, 0.0, bias),
        standard_error=zero,
        intervals=np.stack([bias, bias], axis=1),
        bound=size,
        detectable=None,
        needed=None,
        n=count,
        mode="exact",
        seed=None,
        trace=float((w @ (g - mean) ** 2).sum()),
        best_trace=None,
        region=None,
    )


def _rounding(rollouts: Rollouts) -> float:
    return ROUNDING if "32" in str(rollouts.theta.dtype) else ROUNDING_DOUBLE


# -- sampled -----------------------------------------------------------------------------------------------


class _Sample:
    """Estimates of the bias, batch by batch, and the variances beside it."""

    def __init__(self, estimator: Estimator, plan: _Plan, pilot: int) -> None:
        rollouts = plan.rollouts
        self.estimator, self.plan = estimator, plan
        self.sampler = Sampler(rollouts.world, rollouts.horizon, plan.seed)
        self.controls = Controls(rollouts.world, rollouts.horizon, rollouts.batch_size)
        self._stream = self._chunks()
        self._kept: list[tuple[Floats, Floats]] = []
        estimates, values = self._take(pilot)
        self.controls.fit(estimates, values)
        self.trace = float(estimates.var(axis=0, ddof=1).sum())
        self.best_trace = self.controls.best_trace(values, plan.target)
        size = max(float(np.sqrt((estimates**2).mean(0)).max()), plan.scale)
        self.rounding = _rounding(rollouts) * size
        self.moments: Moments | None = None

    def _chunks(self) -> Iterator[tuple[Floats, Floats]]:
        """(estimates [D, k], controls [D, q, k]) of one chunk after another."""
        rollouts, number = self.plan.rollouts, 0
        B, T = rollouts.batch_size, rollouts.horizon
        while True:
            outcome = self.sampler.chunk(number, CHUNK * B)
            found = [rollouts.call(self.estimator, batch).mean(0) for batch in outcome.reshape(CHUNK, B, T)]
            yield np.array(found), self.controls.values(rollouts.streams(outcome))
            number += 1

    def _take(self, batches: int) -> tuple[Floats, Floats]:
        taken = [next(self._stream) for _ in range(batches // CHUNK)]
        return np.concatenate([x for x, _ in taken]), np.concatenate([c for _, c in taken])

    def extend(self, batches: int) -> Moments:
        """The moments of the bias after that many batches in all."""
        have = 0 if self.moments is None else self.moments.n
        estimates, values = self._take(batches - have)
        found = Moments.of(self.controls.adjust(estimates, values) - self.plan.truth)
        self.moments = found if self.moments is None else self.moments.merge(found)
        return self.moments


def _sampled(estimator: Estimator, plan: _Plan) -> AuditResult:
    B = plan.rollouts.batch_size
    most = plan.max_samples // B
    first = _first(plan, most)
    if 2 * first > most:
        raise SamplingError(
            f"found {plan.max_samples}; the pilot and the first look take {2 * first * B} episodes. Give at least that",
            where="max_samples",
        )
    sample = _Sample(estimator, plan, first)
    verdict, region, look = Verdict.UNDECIDED, None, 0
    for look, m in enumerate(looks(first, most - first)):
        region = Region(sample.extend(m), share(plan.alpha, look), sample.rounding)
        verdict = _decide(region, plan)
        if verdict is not Verdict.UNDECIDED:
            break
    assert region is not None
    judged = _judged(region, plan)
    needed = None
    if verdict is Verdict.UNDECIDED:
        last = batches_needed(judged, plan.alpha, first, plan.delta * plan.scale / 2)
        needed = None if last is None else (last + first) * B
    return plan.result(
        verdict=verdict,
        bias=region.centre,
        standard_error=region.standard_error,
        intervals=region.intervals,
        bound=(float(np.linalg.norm(judged.centre)) + judged.reach) / plan.scale,
        detectable=None if plan.up_to_scale else detectable(region, plan.truth, plan.power),
        needed=needed,
        n=(region.moments.n + first) * B,
        mode="sample",
        seed=plan.seed,
        trace=sample.trace,
        best_trace=sample.best_trace,
        region=region,
    )


def _first(plan: _Plan, most: int) -> int:
    """Batches of the pilot, and of the first look: a multiple of the chunk."""
    world, B = plan.rollouts.world, plan.rollouts.batch_size
    expected = visits(world, plan.rollouts.horizon)
    rare = SEEN / (B * float(expected[expected > 0].min()))
    m = max(first_look(world.k), min(math.ceil(rare), int(most * RAREST)))
    return CHUNK * -(-m // CHUNK)


def _judged(region: Region, plan: _Plan) -> Region:
    """The region of what is judged."""
    if not plan.up_to_scale:
        return region
    M, found = plan.across, region.moments
    return replace(region, moments=Moments(found.n, M @ found.mean, M @ found.M2 @ M))


def _decide(region: Region, plan: _Plan) -> Verdict:
    judged = _judged(region, plan)
    size = plan.scale
    if plan.up_to_scale:
        # Half of this look's error rate would do for each of two statements; the ellipsoid covers both at once.
        along = plan.truth / plan.scale
        component = float(plan.truth @ along + region.centre @ along)
        half = float(np.sqrt(region.squared_radius * (along @ region.covariance @ along)))
        if component + half < 0:
            return Verdict.BIASED
        if component - half <= 0:
            return Verdict.UNDECIDED
        size = component - half
    if float(np.linalg.norm(judged.centre)) + judged.reach <= plan.delta * size:
        return Verdict.UNBIASED
    if not judged.contains(np.zeros_like(judged.centre)):
        return Verdict.BIASED
    return Verdict.UNDECIDED
