"""The spread of the best correct estimator tried: what a user's is compared with.

The exact law (`pgsym.exact.moments`) where there is one: data of the target policy, the start-state objective, and the
exact critic.  Otherwise the sample variances of the controls, on the audit's own batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from pgsym.auditing.problem_arrays import ProblemArrays
from pgsym.auditing.recipes import Recipe
from pgsym.exact.moments import moments
from pgsym.model.estimator import EXACT, GAE, Estimator, Reinforce, RewardToGo
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem


class Spread(NamedTuple):
    """Of the best correct estimator."""

    trace: float
    """Of the covariance of a batch's estimate."""
    name: str
    exact: bool
    """From the exact law, not from a sample."""


@dataclass(frozen=True)
class Best:
    """Found when it is asked for: a law takes some 10 ms."""

    arrays: ProblemArrays
    horizon: int
    batch_size: int
    recipes: tuple[Recipe, ...]
    """Correct estimators of the target."""
    sampled: tuple[float, ...] | None
    """Their sample traces; None in exact mode, where nothing is sampled."""

    @cached_property
    def spread(self) -> Spread | None:
        """The least, or None where there is no estimator to compare with."""
        names = [recipe.name for recipe in self.recipes]
        if self._has_laws:
            traces = [self._law(recipe) for recipe in self.recipes]
        elif self.sampled is not None:
            traces = list(self.sampled)
        else:
            return None
        if not traces:
            return None
        least = min(range(len(traces)), key=traces.__getitem__)
        return Spread(traces[least], names[least], self._has_laws)

    @property
    def _has_laws(self) -> bool:
        arrays = self.arrays
        return arrays.on_policy and arrays.objective is Objective.START_STATE and arrays.critic is None

    def _law(self, recipe: Recipe) -> float:
        problem = Problem(self.arrays.mdp, self.arrays.policy)
        law = moments(problem, described(recipe, self.horizon)).at({p: float(v) for p, v in self.arrays.theta.items()})
        return float(law.covariance_trace) / self.batch_size


def described(recipe: Recipe, horizon: int) -> Estimator:
    """A correct recipe as the description that the exact law reads.

    >>> described(Recipe(bootstrap=True, lam=0.95), 4).lam
    19/20
    """
    if recipe.whole_return:
        return Reinforce(horizon=horizon)
    if recipe.bootstrap or recipe.lam < 1:
        return GAE(recipe.lam, horizon=horizon, bootstrap=recipe.bootstrap)
    return RewardToGo(0 if recipe.baseline == "none" else EXACT, horizon=horizon)
