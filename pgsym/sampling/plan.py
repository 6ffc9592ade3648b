r"""From the description of an estimator to the arrays that the kernel follows on a rollout of T steps.

.. math::  g = \sum_t w_t\, z_t\, (U_t - b(s_t)), \qquad z_t = \nabla\log\pi(a_t|s_t)

A description (`pgsym.model.estimator`) chooses w, U and b; `make_plan` writes the choice down.
For the start-state objective T is the horizon.  For the long-run objectives a rollout is one long run:
`burn_in` steps from the start, L steps over which scores are averaged, and `window` more that their
rewards-to-go need; the number of steps in all is the horizon, and the bias that remains is computed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pgsym.errors import SamplingError
from pgsym.model.estimator import EXACT, EligibilityTrace, Estimator, LookAheadSum, Reinforce, is_long_run
from pgsym.model.objective import Objective
from pgsym.sampling import dynamics
from pgsym.sampling.policy import direct_value
from pgsym.sampling.tables import Floats, Tables

AVERAGED = 10
"""A long run averages over this many times its burn-in and window."""
LEAST_AVERAGED = 100
"""... and over at least this many steps."""


@dataclass(frozen=True)
class Plan:
    """What the kernel sums over a rollout of T steps: g = sum_t w_t z_t (U_t - b(s_t)), J = sum_t v_t r_t."""

    score_weight: Floats
    """[T] w_t."""
    return_weight: Floats
    """[T] v_t."""
    discount: float
    """U_t = u_t - centre + discount U_{t+1}; u_t is the reward, or `gain`."""
    baseline: Floats
    """[S+1] b(s); 0 in the absorbing state."""
    centre: float = 0.0
    """Subtracted from every reward in U (an estimate's mean does not depend on it)."""
    window: int | None = None
    """Steps that U_t looks ahead; None: to the end."""
    whole_return: bool = False
    """U_t = sum_t v_t r_t for every t (REINFORCE)."""
    burn_in: int = 0
    """Steps before the first score."""
    bias: Floats | None = None
    """[k] E[g] - grad J of a long run, computed by iteration; None for a finite horizon."""
    bias_of_J: float | None = None
    """The same for J."""
    gain: Floats | None = None
    """[O] u(s,a,s') in U_t = u_t + discount U_{t+1}; None: the reward."""
    start: Floats | None = None
    """[S+1] where trajectories start; None: mu0."""

    @property
    def T(self) -> int:
        return len(self.score_weight)

    @property
    def telescopes(self) -> bool:
        """Whether w_t U_t is R_T - R_t, R_t the return of the first t steps; or R_T itself, for the whole return."""
        if self.whole_return:
            return bool((self.score_weight == 1).all()) and not self.baseline.any()
        plain = self.gain is None and self.window is None and self.centre == 0
        weights = powers(self.discount, self.T)
        return plain and np.array_equal(self.score_weight, weights) and np.array_equal(self.return_weight, weights)

    def along(self, directions: Floats) -> Plan:
        """The same for `Tables.along`: only the bias is by parameter."""
        return self if self.bias is None else replace(self, bias=directions @ self.bias)


def make_plan(estimator: Estimator, tables: Tables, objective: Objective, horizon: int | None) -> Plan:
    """The arrays that the kernel follows.

    The horizon is by default the estimator's own, else so long that little is left out.

    >>> from pgsym.model import MDP, Problem
    >>> from pgsym.model.estimator import ActorCritic
    >>> from pgsym.sampling.tables import build_tables
    >>> mdp = MDP.from_transitions([("s", "go", "t", 1, 4), ("t", "go", "end", 1, 1)], start="s", terminal=["end"])
    >>> plan = make_plan(ActorCritic({"s": 3, "t": 2}), build_tables(Problem(mdp)), Objective.START_STATE, None)
    >>> plan.T, plan.gain.tolist()
    (2, [3.0, -1.0])
    """
    if estimator.symbols:
        names = ", ".join(sorted(symbol.name for symbol in estimator.symbols))
        raise _refused(estimator, f"{names} has no value; sampling needs numbers", "Replace it with subs")
    if estimator.cut_off is not None and horizon not in (None, estimator.cut_off):
        raise _refused(
            estimator,
            f"the horizon is {horizon}; the description is cut off after {estimator.cut_off}",
            "Give one of them",
        )
    if estimator.cut_off is not None:
        horizon = estimator.cut_off
    if is_long_run(estimator, objective):
        return _long_run(estimator, tables, objective, horizon)
    if isinstance(estimator, EligibilityTrace):
        return _trace(estimator, tables, objective)
    return _episodic(estimator, tables, horizon)


def _steps_of(tables: Tables, horizon: int | None) -> int:
    if horizon is None:
        return dynamics.default_horizon(tables)
    if horizon < 1:
        raise SamplingError(f"found {horizon}; at least one step is required. Give horizon >= 1", where="horizon")
    return horizon


def powers(gamma: float, T: int) -> Floats:
    """[T] gamma^t."""
    return np.power(gamma, np.arange(T), dtype=np.float64)


def _episodic(estimator: Estimator, tables: Tables, horizon: int | None) -> Plan:
    """A run to the end of the episode is cut off where the default horizon says."""
    if not getattr(estimator, "bootstrap", True):
        raise _refused(
            estimator, "bootstrap is False; the sampler's last step keeps gamma v(s_T)", "Use bootstrap=True"
        )
    T, gamma = _steps_of(tables, horizon), tables.gamma
    discounts = powers(gamma, T)
    if isinstance(estimator, Reinforce):
        # Every score meets the same return: their sum does not decay.
        b = _by_state(estimator, tables, estimator.baseline, _values)
        return Plan(np.ones(T), discounts, 1.0, b, whole_return=True)
    form = estimator.sum
    if form is None:
        raise _refused(estimator, f"{type(estimator).__name__} does not say what it sums", "Define its property sum")
    weight = discounts if getattr(estimator, "discount_weight", False) else np.ones(T)
    gain = None
    if form.u == "action value":
        gain = dynamics.action_values(tables, 0.0, gamma, _values(tables))[tables.outcome_pair]
    elif form.u == "temporal difference":
        v = _by_state(estimator, tables, form.critic, _values)
        gain = tables.outcome_reward + gamma * v[tables.outcome_next] - v[tables.outcome_state]
    b = _by_state(estimator, tables, form.baseline, _values)
    return Plan(weight, discounts, gamma * float(form.decay), b, gain=gain, window=form.window)


def _trace(estimator: EligibilityTrace, tables: Tables, objective: Objective) -> Plan:
    """One run of T steps, as the description has it."""
    if objective is Objective.START_STATE:
        raise _refused(estimator, f"the objective is {objective}; beta would replace gamma", "Use 'reward-to-go'")
    if objective is not Objective.AVERAGE_REWARD:
        raise _refused(estimator, f"the objective is {objective}; T steps are for average-reward", "Leave T out")
    T = _steps_of(tables, estimator.T)
    mean = np.full(T, 1 / T)
    start = dynamics.stationary(tables) if estimator.stationary else None
    return Plan(mean, mean, float(estimator.beta), np.zeros(tables.S + 1), start=start)


def _long_run(estimator: Estimator, tables: Tables, objective: Objective, horizon: int | None) -> Plan:
    """A run of burn-in, averaged steps and window; the bias that is left is computed."""
    discount, form = 1.0, estimator.sum
    if isinstance(estimator, EligibilityTrace):
        discount, form = float(estimator.beta), LookAheadSum("reward")
        if discount == 1:
            raise SamplingError("found 1; must lie in [0, 1). Use 'reward-to-go' for 1", where="beta")
    elif form is None or form.u != "reward" or form.decay != 1 or form.window is not None:
        raise _refused(
            estimator,
            f"the objective is {objective}; a long run averages over rewards to come",
            "Use 'reward-to-go', 'advantage' or 'eligibility-trace'",
        )
    mu = dynamics.stationary(tables)
    rbar = float(mu @ dynamics.mean_reward(tables))
    h = dynamics.differential_values(tables, rbar)
    baseline = _by_state(estimator, tables, form.baseline, lambda tables: h)
    window = dynamics.reward_memory(tables, rbar) if discount == 1 else _trace_window(discount)
    if window is None:
        raise SamplingError(
            f"expected rewards still depend on the start after {dynamics.MAX_MIXING} steps (a periodic chain, or one "
            "that hardly mixes); a window must forget it. Use EligibilityTrace(beta), whose bias is of order 1 - beta",
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
    scale = 1 / (1 - tables.gamma) if objective is Objective.STATIONARY_VALUE else 1.0
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


def _trace_window(beta: float) -> int:
    """Steps after which beta^j is below `dynamics.TRUNCATION`."""
    return 1 if beta == 0 else max(1, math.ceil(math.log(dynamics.TRUNCATION) / math.log(beta)))


def _gradient(tables: Tables, weight: Floats, q: Floats) -> Floats:
    """sum_s weight(s) sum_a grad pi(a|s) q(s,a)."""
    return dynamics.score_sum(tables, weight[tables.pair_state] * tables.pi * q)


def _by_state(estimator: Estimator, tables: Tables, values: Any, exact: Callable[[Tables], Floats]) -> Floats:
    """[S+1] a baseline or critic; 0 in the absorbing state, and where none is given."""
    if isinstance(values, str) and values == EXACT:
        return exact(tables)
    if isinstance(values, Mapping):
        return tables.by_state(dict.fromkeys(tables.states, 0) | dict(values), where=estimator.name)
    return np.append(np.full(tables.S, direct_value(values)), 0.0)


def _values(tables: Tables) -> Floats:
    return dynamics.truncated_values(tables, dynamics.MAX_STEPS)


def _refused(estimator: Estimator, found: str, remedy: str) -> SamplingError:
    return SamplingError(f"{found}. {remedy}", where=estimator.name)
