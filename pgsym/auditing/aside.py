"""What biases an estimator without any departure: it is a correct one, of another gradient or with another critic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pgsym.auditing.batch import Rollouts
from pgsym.auditing.controls import agreeing
from pgsym.auditing.episodes import visits
from pgsym.auditing.mistake import Mistake
from pgsym.auditing.problem_arrays import Floats
from pgsym.auditing.recipes import Recipe
from pgsym.auditing.targets import AuditTarget, target_gradient
from pgsym.model.objective import Objective

NOTICED = 0.1
"""Part of the bias from which on the gap between two targets has a part in it."""

ANOTHER_TARGET = Mistake(
    "another-target",
    "the mean is that of the first T steps, and truth= is another gradient",
    "Add what truth= has beside it, or leave truth= out",
    (),
)
CUT_SHORT = Mistake(
    "horizon-too-short",
    "rollouts end after T steps, and what later steps add to grad J is missing",
    "Give a longer horizon, or audit with target='bootstrap'",
    (),
)
INEXACT_CRITIC = Mistake(
    "inexact-critic",
    "the mean rests on the critic, which is not the value of what is to come",
    "Audit with the exact critic and target='bootstrap' to see what else there is; its part falls as lambda goes to 1",
    (),
)


def asides(rollouts: Rollouts, target: AuditTarget, truth: Floats, bias: Floats) -> Callable[[Recipe], list[Mistake]]:
    """What biases an estimator, a recipe of `mistakes.bases` or one with departures, beside its departures."""
    arrays, T = rollouts.arrays, rollouts.horizon
    cutting = target is AuditTarget.TRUNCATED
    theirs = target_gradient(arrays, T, target if cutting else AuditTarget.BOOTSTRAP)
    always: list[Mistake] = []
    if arrays.penalty is None and np.linalg.norm(theirs - truth) > NOTICED * np.linalg.norm(bias):
        always = [CUT_SHORT if np.allclose(truth, target_gradient(arrays, T, target)) else ANOTHER_TARGET]
    episodic = arrays.objective is Objective.START_STATE
    cut = not episodic or AuditTarget.BOOTSTRAP not in agreeing(AuditTarget.TRUNCATED, arrays, T)
    taken = visits(arrays, T) > 0
    seen = np.union1d(arrays.outcome_state[:-1][taken], arrays.outcome_next[:-1][taken])
    wrong = not np.allclose(arrays.values[seen], arrays.V[seen])

    def found(recipe: Recipe) -> list[Mistake]:
        uses_it = recipe.lam < 1 or (recipe.bootstrap and cut)
        never_exact = cutting and cut and recipe.lam < 1 and not recipe.bootstrap
        return [*always, INEXACT_CRITIC] if (wrong and uses_it) or never_exact else always

    return found
