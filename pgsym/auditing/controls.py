"""Control variates: estimators whose exact mean is known, sampled along with the user's.

The bias of g is the mean of g - truth - c^T (controls - their exact means) for any fixed c.  c is fitted on a pilot
sample that the test never sees, so the mean stays exact and only the variance falls: by orders of magnitude where the
user's estimator resembles a known one, and to rounding where it is one.

References
----------
Glasserman (2003), Monte Carlo Methods in Financial Engineering, section 4.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from pgsym.auditing.batch import Rollouts
from pgsym.auditing.episodes import Streams
from pgsym.auditing.problem_arrays import Floats, ProblemArrays
from pgsym.auditing.recipes import Recipe, whole_returns
from pgsym.auditing.targets import AuditTarget, target_gradient
from pgsym.errors import SamplingError
from pgsym.estimators.estimator import Estimator, find_estimator
from pgsym.estimators.law import floats
from pgsym.estimators.moments import EstimatorLaw, moments
from pgsym.estimators.token_losses import Average
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem

CUTOFF = 1e-6
"""Relative singular value below which two controls count as the same one."""


class Controls:
    """Correct estimators of the problem, their exact means, and the coefficients of the adjustment."""

    def __init__(self, rollouts: Rollouts) -> None:
        self.rollouts = rollouts
        arrays, horizon = rollouts.arrays, rollouts.horizon
        episodic = arrays.objective is Objective.START_STATE
        average: Average = "episodes" if episodic else "steps"
        paid = [Recipe(all_knowing=True, average=average)]
        if arrays.critic is None:  # with another critic, a bootstrapped estimator has another mean
            paid += [Recipe(bootstrap=True, lam=lam, average=average) for lam in (1.0, 0.95, 0.0)]
        unpaid = [Recipe(baseline="none"), Recipe()] if episodic else []
        if episodic:
            unpaid += whole_returns(rollouts.group_size, rollouts.batch_size // rollouts.group_size)
        self.recipes = [(recipe, AuditTarget.TRUNCATED) for recipe in unpaid]
        self.recipes += [(recipe, AuditTarget.BOOTSTRAP) for recipe in paid]
        self.means = np.array([target_gradient(arrays, horizon, target) for _, target in self.recipes])
        """[q, k]"""
        self.coefficients = np.zeros_like(self.means)
        """[q, k]"""

    def values(self, streams: Streams) -> Floats:
        """[D, q, k] each control on D batches, minus its exact mean."""
        found = [recipe.batch_means(streams, self.rollouts.batch_size) for recipe, _ in self.recipes]
        return np.stack(found, axis=1) - self.means

    def fit(self, estimates: Floats, controls: Floats) -> None:
        """Least squares, coordinate by coordinate, on a pilot sample [P, k] and [P, q, k]."""
        for j in range(estimates.shape[1]):
            c = controls[:, :, j] - controls[:, :, j].mean(0)
            x = estimates[:, j] - estimates[:, j].mean()
            self.coefficients[:, j] = np.linalg.lstsq(c, x, rcond=CUTOFF)[0]

    def adjust(self, estimates: Floats, controls: Floats) -> Floats:
        """[D, k] estimates with the same mean and less variance."""
        return estimates - np.einsum("dqk,qk->dk", controls, self.coefficients)

    def best(
        self, targets: set[AuditTarget], controls: Floats | None = None, baselines: tuple[Spread, ...] = ()
    ) -> Best:
        """The correct estimators of these targets and the `baselines`, with sample traces where they were sampled."""
        mine = [
            i
            for i, (recipe, aim) in enumerate(self.recipes)
            if aim in targets and not recipe.all_knowing and recipe.compared == "none"
        ]
        sampled = None
        if controls is not None:
            sampled = tuple(float(controls[:, i].var(axis=0, ddof=1).sum()) for i in mine)
        recipes = tuple(self.recipes[i][0] for i in mine)
        return Best(self.rollouts, recipes, sampled, baselines)


def agreeing(target: AuditTarget, arrays: ProblemArrays, horizon: int) -> set[AuditTarget]:
    """The targets with the same exact value as this one (to rounding): every episode ends in time, say."""
    mine = target_gradient(arrays, horizon, target)
    tolerance = 1e-12 * (1 + float(np.abs(mine).max(initial=0.0)))
    return {
        other
        for other in AuditTarget
        if (other is not AuditTarget.TRUNCATED or arrays.objective is Objective.START_STATE)
        and float(np.abs(target_gradient(arrays, horizon, other) - mine).max(initial=0.0)) <= tolerance
    }


class Spread(NamedTuple):
    """Of the best correct estimator."""

    trace: float
    """Of the covariance of a batch's estimate."""
    name: str
    exact: bool
    """From the exact law, not from a sample."""


@dataclass(frozen=True)
class Best:
    """The spread of the best correct estimator tried, found when it is asked for: a law takes some 10 ms."""

    rollouts: Rollouts
    recipes: tuple[Recipe, ...]
    """Correct estimators of the target."""
    sampled: tuple[float, ...] | None
    """Their sample traces; None in exact mode, where nothing is sampled."""
    baselines: tuple[Spread, ...] = ()
    """Of single samples of the auditor's own."""

    @cached_property
    def spread(self) -> Spread | None:
        """The least, or None where there is no estimator to compare with.

        By the exact law where there is one: data of the target policy, the start-state objective, the exact critic,
        independent episodes.
        """
        arrays, names = self.rollouts.arrays, [recipe.name for recipe in self.recipes]
        exact = arrays.on_policy and arrays.objective is Objective.START_STATE and arrays.critic is None
        exact = exact and self.rollouts.independent == self.rollouts.batch_size
        traces = [self._exact_trace(recipe) for recipe in self.recipes] if exact else self.sampled
        found = [Spread(trace, name, exact) for trace, name in zip(traces or (), names if traces else (), strict=True)]
        found += [one._replace(trace=one.trace / self.rollouts.batch_size) for one in self.baselines]
        return min(found, default=None)

    def _exact_trace(self, recipe: Recipe) -> float:
        law = _law(self.rollouts.arrays, described(recipe, self.rollouts.horizon))
        return float(law.covariance_trace) / self.rollouts.batch_size


def _law(arrays: ProblemArrays, estimator: Estimator) -> EstimatorLaw:
    """The exact law at theta, in floats."""
    return moments(Problem(arrays.mdp, arrays.policy), estimator).at({p: float(v) for p, v in arrays.theta.items()})


def own_baselines(rollouts: Rollouts, exact: Floats, given: Sequence[Estimator | str]) -> tuple[Spread, ...]:
    """The exact law of estimators of the auditor's own; SamplingError where one has none, or another mean."""
    arrays, horizon = rollouts.arrays, rollouts.horizon
    if given and rollouts.independent < rollouts.batch_size:
        raise SamplingError(
            "estimators to compare with are taken with their exact law, that of independent episodes; groups share one "
            "of several start states. Leave them out",
            where="baselines",
        )
    if given and (not arrays.on_policy or arrays.objective is not Objective.START_STATE):
        raise SamplingError(
            "estimators to compare with are taken with their exact law; data of theta and the start-state objective "
            "are required. Leave them out",
            where="baselines",
        )
    found = []
    for one in given:
        estimator = find_estimator(one, horizon=horizon)
        law = _law(arrays, estimator)
        if not np.allclose(floats(law.mean), exact, rtol=CUTOFF, atol=CUTOFF * float(np.abs(exact).max(initial=0.0))):
            raise SamplingError(
                f"its mean is not the target of {horizon} steps; an estimator to compare with is unbiased. Leave it "
                "out, or choose another target",
                where=estimator.label,
            )
        found.append(Spread(float(law.covariance_trace), estimator.label, True))
    return tuple(found)


def described(recipe: Recipe, horizon: int) -> Estimator:
    """A correct recipe as the description that the exact law reads.

    >>> described(Recipe(bootstrap=True, lam=0.95), 4).description
    'gae, lambda = 19/20, cut off after 4 steps'
    """
    if recipe.whole_return:
        return find_estimator("reinforce", horizon=horizon)
    if recipe.bootstrap or recipe.lam < 1:
        return find_estimator("gae", {"lambda": recipe.lam}, horizon=horizon, bootstrap=recipe.bootstrap)
    return find_estimator("reward-to-go" if recipe.baseline == "none" else "advantage", horizon=horizon)
