"""One long run for the objectives that forget their start: burn-in, L averaged steps, and a window behind them.

For the texts sum_t z_t sum_{u>=t} beta^(u-t) r_u, less a baseline: scores are averaged over L steps, and each meets the
centred rewards of its window.  The power gamma stands for 1, since J does not discount: what is to come counts by its
difference from the average, h.  The bias that remains is computed.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pgsym.errors import SamplingError
from pgsym.estimators.estimator import UNDISCOUNTED, Estimator
from pgsym.model.objective import Objective
from pgsym.sampling import dynamics
from pgsym.sampling.factors import StepFunctions
from pgsym.sampling.score_terms import GAMMA, Form, refusal
from pgsym.sampling.sums import Plan, scale_of
from pgsym.sampling.tables import Floats, Tables

AVERAGED = 10
"""A long run averages over this many times its burn-in and window."""
LEAST_AVERAGED = 100
"""... and over at least this many steps."""


def plan_long_run(
    estimator: Estimator, form: Form | None, tables: Tables, objective: Objective, horizon: int | None
) -> Plan:
    """A run of burn-in, averaged steps and window, `horizon` steps in all; the bias that is left is computed.

    SamplingError where the text has another form, the run is too short, or it does not forget its start.
    """
    if estimator.stationary:
        raise refusal(estimator, "a long run forgets where it starts. Leave stationary out, or give horizon")
    mu = dynamics.stationary(tables)
    rbar = float(mu @ dynamics.mean_reward(tables))
    h = dynamics.differential_values(tables, rbar)
    discount, baseline = _read(estimator, form, tables, objective, h)
    window = dynamics.reward_memory(tables, rbar) if discount == 1 else _trace_window(discount)
    if window is None:
        raise SamplingError(
            f"expected rewards still depend on the start after {dynamics.MAX_MIXING} steps (a periodic chain, or one "
            "that hardly mixes); a window must forget it. Use eligibility-trace, whose bias is of order 1 - beta",
            where="average-reward",
        )
    forgotten = dynamics.burn_in(tables, mu)
    first = window if forgotten is None else forgotten
    length = max(LEAST_AVERAGED, AVERAGED * (first + window))
    if horizon is not None:
        length = horizon - first - window
        if length < 1:
            raise SamplingError(
                f"found {horizon}; a long run needs {first} steps of burn-in, {window} of window and at least 1 to "
                f"average. Give horizon >= {first + window + 1}",
                where="horizon",
            )
    scale = scale_of(tables, objective)
    weight = np.zeros(first + length + window)
    weight[first : first + length] = scale / length
    seen = dynamics.mean_occupancy(tables, first, length)
    future = dynamics.truncated_values(tables, window - 1, rbar, discount)
    expected = _gradient(tables, seen, dynamics.action_values(tables, rbar, discount, future))
    truth = _gradient(tables, mu, dynamics.action_values(tables, rbar, 1.0, h))
    return Plan(
        score_weight=weight,
        return_weight=weight,
        discount=discount,
        baseline=baseline,
        centre=rbar,
        window=window,
        burn_in=first,
        bias=scale * (expected - truth),
        bias_of_J=scale * (float(seen @ dynamics.mean_reward(tables)) - rbar),
    )


def _read(
    estimator: Estimator, form: Form | None, tables: Tables, objective: Objective, h: Floats
) -> tuple[float, Floats]:
    """beta, 1 where it is gamma, and the baseline [O]."""
    if form is None or form.whole or not form.reward_alone or form.window is not None or set(form.start) - {GAMMA}:
        raise refusal(
            estimator,
            f"the objective is {objective}; a long run averages over rewards to come. Use 'reward-to-go', 'advantage' "
            "or 'eligibility-trace', or cut runs off after horizon steps",
        )
    # It averages over steps, whether the text says 1/T or not: with T = 1 both are the same.
    functions = StepFunctions(tables, objective, replace(estimator, horizon=1))
    if functions.number(form.gains[0].constants) != 1:
        raise refusal(
            estimator,
            f"the objective is {objective}, and rewards to come are multiplied by "
            f"{' * '.join(map(str, form.gains[0].constants))}; a long run averages over steps. Leave it out",
        )
    discount = 1.0 if form.ahead == (GAMMA,) else functions.number(form.ahead)
    if form.ahead != (GAMMA,) and not 0 <= discount < 1:
        shown = " * ".join(map(str, form.ahead)) or "the power of what is to come"
        raise SamplingError(f"found {discount:g}; must lie in [0, 1). Use 'reward-to-go' for 1", where=shown)
    if estimator.name.removesuffix(UNDISCOUNTED) == "advantage" and estimator.let == {"b(s)": "V(s)"}:
        return discount, h[tables.outcome_state]
    return discount, -functions.total(form.here)


def _trace_window(beta: float) -> int:
    """Steps after which beta^j is below `dynamics.TRUNCATION`."""
    return 1 if beta == 0 else max(1, math.ceil(math.log(dynamics.TRUNCATION) / math.log(beta)))


def _gradient(tables: Tables, weight: Floats, q: Floats) -> Floats:
    """sum_s weight(s) sum_a grad pi(a|s) q(s,a)."""
    return dynamics.score_sum(tables, weight[tables.pair_state] * tables.pi * q)
