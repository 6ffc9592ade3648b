"""Control variates: estimators whose exact mean is known, sampled along with the user's.

The bias of g is the mean of g - truth - c^T (controls - their exact means) for any fixed c.  c is fitted on a pilot
sample that the test never sees, so the mean stays exact and only the variance falls: by orders of magnitude where the
user's estimator resembles a known one, and to rounding where it is one.

References
----------
Glasserman (2003), Monte Carlo Methods in Financial Engineering, section 4.1.
"""

from __future__ import annotations

import numpy as np

from pgsym.auditing.batch import Streams
from pgsym.auditing.least_variance import Best
from pgsym.auditing.problem_arrays import AuditTarget, Floats, ProblemArrays, truth
from pgsym.auditing.recipes import Average, Recipe
from pgsym.model.objective import Objective

CUTOFF = 1e-6
"""Relative singular value below which two controls count as the same one."""


class Controls:
    """Correct estimators of the problem, their exact means, and the coefficients of the adjustment."""

    def __init__(self, arrays: ProblemArrays, horizon: int, batch_size: int) -> None:
        self.arrays, self.batch_size = arrays, batch_size
        average: Average = "steps" if arrays.objective is not Objective.START_STATE else "episodes"
        exact = arrays.critic is None
        self.recipes: list[tuple[Recipe, AuditTarget]] = [
            (Recipe(all_knowing=True, average=average), AuditTarget.BOOTSTRAP)
        ]
        if average == "episodes":
            self.recipes += [(Recipe(baseline="none"), AuditTarget.TRUNCATED), (Recipe(), AuditTarget.TRUNCATED)]
            if arrays.on_policy:
                self.recipes.append((Recipe(whole_return=True), AuditTarget.TRUNCATED))
        if exact:
            # With another critic, a bootstrapped estimator has another mean.
            self.recipes += [
                (Recipe(bootstrap=True, lam=lam, average=average), AuditTarget.BOOTSTRAP) for lam in (1.0, 0.95, 0.0)
            ]
        targets = {target: truth(arrays, horizon, target) for target in {t for _, t in self.recipes}}
        self.means = np.array([targets[target] for _, target in self.recipes])
        """[q, k]"""
        self.coefficients = np.zeros_like(self.means)
        """[q, k]"""

    def values(self, streams: Streams) -> Floats:
        """[D, q, k] each control on D batches, minus its exact mean."""
        found = [recipe.batch_means(streams, self.batch_size) for recipe, _ in self.recipes]
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

    def best(self, targets: set[AuditTarget], horizon: int, controls: Floats | None = None) -> Best:
        """The correct estimators of these targets, with their sample traces where they were sampled."""
        mine = [
            i for i, (recipe, aim) in enumerate(self.recipes) if aim in targets and not recipe.all_knowing
        ]  # fmt: skip
        sampled = None
        if controls is not None:
            sampled = tuple(float(controls[:, i].var(axis=0, ddof=1).sum()) for i in mine)
        return Best(self.arrays, horizon, self.batch_size, tuple(self.recipes[i][0] for i in mine), sampled)


def agreeing(target: AuditTarget, arrays: ProblemArrays, horizon: int) -> set[AuditTarget]:
    """The targets with the same exact value as this one (to rounding): every episode ends in time, say."""
    mine = truth(arrays, horizon, target)
    tolerance = 1e-12 * (1 + float(np.abs(mine).max(initial=0.0)))
    return {
        other
        for other in AuditTarget
        if (other is not AuditTarget.TRUNCATED or arrays.objective is Objective.START_STATE)
        and float(np.abs(truth(arrays, horizon, other) - mine).max(initial=0.0)) <= tolerance
    }
