"""Descriptions of estimators (`pgsym.model.estimator`) as plans for the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from pgsym.errors import SamplingError
from pgsym.model.estimator import EXACT, EligibilityTrace, Reinforce
from pgsym.model.estimator import Estimator as Description
from pgsym.model.objective import Objective
from pgsym.sampling import dynamics
from pgsym.sampling.estimators import Plan, powers, steps_of
from pgsym.sampling.policy import direct_value
from pgsym.sampling.tables import Floats, Tables


@dataclass(frozen=True)
class Described:
    """Samples what a description says.

    A run that lasts to the end of the episode is cut off where the default horizon says.

    Examples
    --------
    >>> from pgsym.model import MDP, Problem, tabular
    >>> from pgsym.model.estimator import ActorCritic
    >>> from pgsym.sampling.tables import build_tables
    >>> mdp = MDP.from_transitions([("s", "go", "t", 1, 4), ("t", "go", "end", 1, 1)], start="s", terminal=["end"])
    >>> plan = Described(ActorCritic({"s": 3, "t": 2})).plan(
    ...     build_tables(Problem(mdp)), Objective.START_STATE, None)
    >>> plan.T, plan.gain.tolist()
    (2, [3.0, -1.0])
    """

    description: Description

    @property
    def name(self) -> str:
        """The description's."""
        return self.description.name

    def plan(self, tables: Tables, objective: Objective, horizon: int | None) -> Plan:
        """The arrays that the kernel follows.

        Raises
        ------
        SamplingError
            What the kernel does not draw: a last step that is not bootstrapped, a symbol without a value; or an
            objective that the estimator is not for.
        """
        it = self.description
        if it.symbols:
            names = ", ".join(sorted(symbol.name for symbol in it.symbols))
            self._refuse(f"{names} has no value; sampling needs numbers", "Replace it with subs")
        wanted = Objective.AVERAGE_REWARD if isinstance(it, EligibilityTrace) else Objective.START_STATE
        if objective is not wanted:
            self._refuse(f"the objective is {objective}; the description is one for {wanted}", f"Use {wanted}")
        if it.cut_off is not None and horizon not in (None, it.cut_off):
            self._refuse(f"the horizon is {horizon}; the description is cut off after {it.cut_off}", "Give one of them")
        T = steps_of(tables, it.cut_off if it.cut_off is not None else horizon)
        if not getattr(it, "bootstrap", True):
            self._refuse("bootstrap is False; the sampler's last step keeps gamma v(s_T)", "Use bootstrap=True")
        if isinstance(it, EligibilityTrace):
            mean = np.full(T, 1 / T)
            start = dynamics.stationary(tables) if it.stationary else None
            return Plan(mean, mean, float(it.beta), np.zeros(tables.S + 1), start=start)
        discounts, gamma = powers(tables.gamma, T), tables.gamma
        weight = discounts if getattr(it, "discount_weight", False) else np.ones(T)
        if isinstance(it, Reinforce):
            # Every score meets the same return: their sum does not decay.
            return Plan(weight, discounts, 1.0, self._by_state(tables, it.baseline), whole_return=True)
        form = it.sum
        if form is None:
            self._refuse(f"{type(it).__name__} does not say what it sums", "Define its property sum")
        gain = None
        if form.u == "action value":
            gain = dynamics.action_values(tables, 0.0, gamma, _values(tables))[tables.outcome_pair]
        elif form.u == "temporal difference":
            v = self._by_state(tables, form.critic)
            gain = tables.outcome_reward + gamma * v[tables.outcome_next] - v[tables.outcome_state]
        b = self._by_state(tables, form.baseline)
        return Plan(weight, discounts, gamma * float(form.decay), b, gain=gain, window=form.window)

    def _by_state(self, tables: Tables, values: Any) -> Floats:
        """[S+1] a baseline or critic; 0 in the absorbing state, and where none is given."""
        if isinstance(values, str) and values == EXACT:
            return _values(tables)
        if not isinstance(values, Mapping):
            return np.append(np.full(tables.S, direct_value(values)), 0.0)
        unknown = [s for s in values if s not in tables.states]
        if unknown:
            self._refuse(f"state {unknown[0]!r} is not one that acts; a critic is by state", "Check its name")
        return np.array([*(direct_value(values[s]) if s in values else 0.0 for s in tables.states), 0.0])

    def _refuse(self, found: str, remedy: str) -> NoReturn:
        raise SamplingError(f"{found}. {remedy}", where=self.name)


def _values(tables: Tables) -> Floats:
    """[S+1] V, iterated until it no longer changes."""
    return dynamics.truncated_values(tables, dynamics.MAX_STEPS)
