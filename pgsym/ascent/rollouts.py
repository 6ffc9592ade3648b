"""A sampled direction at one theta after another, without a new compilation for each.

The program of a sampler is compiled for a number of steps and a window.  Both follow theta when they are chosen
by default, so they are rounded up to powers of two: a rollout that is longer leaves out less, and a path needs a few
programs instead of one for each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pgsym.errors import AscentError
from pgsym.estimators.estimator import Estimator
from pgsym.exact.float_chain import Floats
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem
from pgsym.sampling.estimate import draw
from pgsym.sampling.plan import is_long_run, make_plan
from pgsym.sampling.sums import Plan
from pgsym.sampling.tables import Tables, build_tables


def rounded_plan(estimator: Estimator, tables: Tables, objective: Objective, horizon: int | None) -> Plan:
    """The estimator's plan, its default horizon, burn-in and window rounded up.

    >>> from pgsym.model import MDP, sigmoid
    >>> from pgsym.estimators.estimator import find_estimator
    >>> mdp = MDP.from_transitions(
    ...     [("s", a, t, 1, 1) for a, t in (("go", "end"), ("no", "s"))], start="s", terminal=["end"])
    >>> tables = build_tables(Problem(mdp, sigmoid(mdp, {"s": "t"})))
    >>> [rounded_plan(find_estimator("reward-to-go"), tables, Objective.START_STATE, T).T for T in (None, 5)]
    [16, 5]
    """
    plan = make_plan(estimator, tables, objective, horizon)
    if not is_long_run(estimator, objective):
        given = horizon is not None or estimator.horizon is not None
        return plan if given else make_plan(estimator, tables, objective, _power_of_two(plan.T))
    assert plan.window is not None
    window = _power_of_two(plan.window)
    averaged = np.trim_zeros(plan.score_weight)
    T = _power_of_two(plan.burn_in + len(averaged) + window)
    weight = np.zeros(T)
    first = T - window - len(averaged)
    weight[first : T - window] = averaged
    # The bias was that of the shorter run.
    return replace(
        plan, score_weight=weight, return_weight=weight, window=window, burn_in=first, bias=None, bias_of_J=None
    )


def sampled_direction(
    problem: Problem, estimator: Estimator, batch: int, horizon: int | None, start: Floats
) -> Callable[[Floats, int], Floats]:
    """The mean of `batch` rollouts, shape (k,), as a function of theta and a seed alone.

    An estimator that does not fit is refused at `start`, before anything runs.
    """
    if batch < 2:
        raise AscentError(f"found {batch}; at least 2 rollouts are required. Give batch >= 2", where="batch")
    objective = problem.objective
    objective.require_rollouts()

    def planned(theta: Floats) -> tuple[Tables, Plan]:
        tables = build_tables(problem.at(theta.tolist()))
        return tables, rounded_plan(estimator, tables, objective, horizon)

    def direction(theta: Floats, seed: int) -> Floats:
        return draw(*planned(theta), objective, estimator.label, n=batch, seed=seed, progress=False).mean

    planned(start)
    return direction


def _power_of_two(n: int) -> int:
    return 1 << (n - 1).bit_length()
