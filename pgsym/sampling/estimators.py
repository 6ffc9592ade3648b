r"""Estimators of grad J, each as one formula on a rollout of T steps.

.. math::  g = \sum_t w_t\, z_t\, (U_t - b(s_t)), \qquad z_t = \nabla\log\pi(a_t|s_t)

An estimator only chooses w, U and b: `plan` writes the choice down as arrays that the kernel follows.
For the start-state objective T is the horizon.  For the long-run objectives a rollout is one long run:
`burn_in` steps from the start, L steps over which scores are averaged, and `window` more that their
rewards-to-go need; the number of steps in all is the horizon, and the bias that remains is computed.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import numpy as np

from pgsym.errors import SamplingError
from pgsym.model.estimator import Estimator as Description
from pgsym.model.objective import Objective
from pgsym.sampling import dynamics
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


class Estimator(Protocol):
    """A way to estimate grad J from one rollout."""

    @property
    def name(self) -> str:
        """What results call it."""
        ...

    def plan(self, tables: Tables, objective: Objective, horizon: int | None) -> Plan:
        """The arrays that the kernel follows.

        Raises
        ------
        SamplingError
            The estimator does not fit the objective, or the horizon is too short.
        """
        ...


@dataclass(frozen=True)
class Reinforce:
    """g = (sum_t z_t)(sum_t gamma^t r_t)   (Williams 1992)."""

    name: ClassVar[str] = "reinforce"

    def plan(self, tables: Tables, objective: Objective, horizon: int | None) -> Plan:
        """w = 1 and U the whole return; for episodes only."""
        if objective is not Objective.START_STATE:
            raise SamplingError(
                f"the objective is {objective}; the whole return multiplies every score, which needs episodes. "
                "Use 'reward-to-go' or 'eligibility-trace'",
                where=self.name,
            )
        T = steps_of(tables, horizon)
        discounts = powers(tables.gamma, T)
        return Plan(np.ones(T), discounts, tables.gamma, np.zeros(tables.S + 1), whole_return=True)


@dataclass(frozen=True)
class RewardToGo:
    """g = sum_t w^t z_t G_t, G_t = r_t + gamma G_{t+1}   (GPOMDP).

    For the long-run objectives, G_t is the centred reward of a window of steps.
    """

    discount_weight: bool = True
    """w = gamma; False: w = 1, the common implementation, biased for gamma < 1."""
    name: ClassVar[str] = "reward-to-go"

    def plan(self, tables: Tables, objective: Objective, horizon: int | None) -> Plan:
        """w^t, and U the rewards from t on."""
        if objective is Objective.START_STATE:
            return _episodic(tables, horizon, self.discount_weight, np.zeros(tables.S + 1))
        return _long_run(tables, objective, horizon, 1.0, np.zeros(tables.S + 1))


@dataclass(frozen=True)
class Advantage:
    """g = sum_t w^t z_t (G_t - b(s_t)).

    Unbiased for every baseline b; a b near V lowers the variance.
    """

    critic: Mapping[Any, Any] | Sequence[Any] | None = None
    """b by state or in order; None: the T-step value (h in the long run), iterated from the tables."""
    discount_weight: bool = True
    """w = gamma; False: w = 1."""
    name: ClassVar[str] = "advantage"

    def plan(self, tables: Tables, objective: Objective, horizon: int | None) -> Plan:
        """w^t, and U the rewards from t on less the critic."""
        given = None if self.critic is None else tables.by_state(self.critic, where="critic")
        if objective is Objective.START_STATE:
            T = steps_of(tables, horizon)
            baseline = dynamics.truncated_values(tables, T) if given is None else given
            return _episodic(tables, T, self.discount_weight, baseline)
        return _long_run(tables, objective, horizon, 1.0, given)


@dataclass(frozen=True)
class EligibilityTrace:
    """g = mean_t z_t sum_j beta^j (r_{t+j} - rbar): a trace e_t = beta e_{t-1} + z_t meets each reward.

    For the long-run objectives (Baxter & Bartlett 2001).  Its expectation is the gradient with beta in place
    of a window: the bias is of order 1 - beta, whatever the period of the chain, and is computed.
    """

    beta: float = 0.99
    name: ClassVar[str] = "eligibility-trace"

    def plan(self, tables: Tables, objective: Objective, horizon: int | None) -> Plan:
        """One long run, its rewards weighted by powers of beta."""
        if objective is Objective.START_STATE:
            raise SamplingError(
                "the objective is start-state; beta would replace gamma. Use 'reward-to-go'", where=self.name
            )
        if not 0 <= self.beta < 1:
            raise SamplingError(f"found {self.beta}; must lie in [0, 1). Use 'reward-to-go' for 1", where="beta")
        return _long_run(tables, objective, horizon, self.beta, np.zeros(tables.S + 1))


ESTIMATORS: dict[str, Callable[[], Estimator]] = {
    Reinforce.name: Reinforce,
    RewardToGo.name: RewardToGo,
    Advantage.name: Advantage,
    EligibilityTrace.name: EligibilityTrace,
}
"""The estimators by name, with their default options."""


def find_estimator(estimator: str | Estimator | Description) -> Estimator:
    """An estimator by name, by description, or the one given.

    >>> find_estimator("advantage")
    Advantage(critic=None, discount_weight=True)
    """
    if isinstance(estimator, Description):
        from pgsym.sampling.described import Described

        return Described(estimator)
    if not isinstance(estimator, str):
        return estimator
    if estimator not in ESTIMATORS:
        near = difflib.get_close_matches(estimator, ESTIMATORS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "Choose one of them"
        raise SamplingError(f"found {estimator!r}; must be one of {', '.join(ESTIMATORS)}. {hint}", where="estimator")
    return ESTIMATORS[estimator]()


# -- plans -------------------------------------------------------------------------------------------------


def steps_of(tables: Tables, horizon: int | None) -> int:
    """The horizon, or the default one."""
    if horizon is None:
        return dynamics.default_horizon(tables)
    if horizon < 1:
        raise SamplingError(f"found {horizon}; at least one step is required. Give horizon >= 1", where="horizon")
    return horizon


def powers(gamma: float, T: int) -> Floats:
    """[T] gamma^t."""
    return np.power(gamma, np.arange(T), dtype=np.float64)


def _episodic(tables: Tables, horizon: int | None, discount_weight: bool, baseline: Floats) -> Plan:
    T = steps_of(tables, horizon)
    discounts = powers(tables.gamma, T)
    return Plan(discounts if discount_weight else np.ones(T), discounts, tables.gamma, baseline)


def _long_run(
    tables: Tables, objective: Objective, horizon: int | None, discount: float, baseline: Floats | None
) -> Plan:
    """A run of burn-in, averaged steps and window; without a baseline given, h is one."""
    mu = dynamics.stationary(tables)
    rbar = float(mu @ dynamics.mean_reward(tables))
    h = dynamics.differential_values(tables, rbar)
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
    future = dynamics.window_values(tables, rbar, discount, window - 1)
    expected = _gradient(tables, seen, dynamics.action_values(tables, rbar, discount, future))
    truth = _gradient(tables, mu, dynamics.action_values(tables, rbar, 1.0, h))
    return Plan(
        score_weight=weight,
        return_weight=weight,
        discount=discount,
        baseline=h if baseline is None else baseline,
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
