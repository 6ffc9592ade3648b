"""The quantities of an MDP by their definitions, with dense matrices over jets.

Written a second time on purpose: other formulas than `pgsym.exact` uses (fundamental matrices, one dense system for
each quantity), other linear algebra, other derivatives.  It reads the model's transitions and the policy's formulas,
nothing that pgsym has computed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property

from pgsym.model.objective import Objective
from second_reading.jets import Jet, solve, total, transposed
from second_reading.long_run import LongRun
from second_reading.point import END, InapplicableError, State, UndefinedError


class PlainModel(LongRun):
    """V, eta, d, Q, A and J; see `Chain` for the parameters."""

    # -- discounted ------------------------------------------------------------------------------------------

    @property
    def discounted(self) -> bool:
        return self.own_discount is not None or self.objective is not Objective.AVERAGE_REWARD

    def _system(self) -> list[list[Jet]]:
        """I - gamma P_pi on the live states."""
        if not self.discounted:
            raise InapplicableError("no V")
        index = [self.position[s] for s in self.live]
        return [[(self.one if i == j else self.zero) - self.gamma * self.P_pi[i][j] for j in index] for i in index]

    @cached_property
    def values(self) -> dict[State, Jet]:
        found = solve(self._system(), [[self.r_pi(s)] for s in self.live])
        known = {s: x for s, (x,) in zip(self.live, found, strict=True)}
        return known | {s: self.zero for s in (*self.mdp.terminal, END, *self.rewardless) if s not in known}

    def V(self, s: State) -> Jet:
        if s not in self.values:
            raise UndefinedError
        return self.values[s]

    @cached_property
    def visits(self) -> dict[State, Jet]:
        system, start = self._system(), [[self.mu0.get(s, self.zero)] for s in self.live]
        if not system:
            raise InapplicableError("infinite everywhere")
        found = solve(transposed(system), start)
        return {s: x for s, (x,) in zip(self.live, found, strict=True)}

    def eta(self, s: State) -> Jet:
        if s not in self.visits:
            raise UndefinedError
        return self.visits[s]

    def d(self, s: State) -> Jet:
        return self.eta(s) / total(list(self.visits.values()), self.order)

    # -- what the objective makes of them --------------------------------------------------------------------

    def base(self, s: State) -> Jet:
        return self.V(s) if self.discounted else self.h(s)

    def Q(self, s: State, a: Hashable) -> Jet:
        if self.discounted:
            self.V(s)
            future = [p * self.V(t) for t, p in self.P[s, a].items()]
            return self.r[s, a] + self.gamma * total(future, self.order)
        future = [p * self.h(t) for t, p in self.P[s, a].items()]
        return self.r[s, a] - self.rbar + total(future, self.order)

    def A(self, s: State, a: Hashable) -> Jet:
        return self.Q(s, a) - self.base(s)

    @cached_property
    def J(self) -> Jet:
        if self.objective is Objective.START_STATE:
            return total([p * self.V(s) for s, p in self.mu0.items() if s in self.values], self.order)
        if self.objective is Objective.AVERAGE_REWARD:
            return self.rbar
        mu = self.stationary
        if self.undiscounted:
            raise InapplicableError("gamma = 1")
        return total([mu[s] * self.V(s) for s in self.inner], self.order)

    def weight(self, s: State) -> Jet:
        return self.eta(s) if self.objective is Objective.START_STATE else self.mu(s)


TABLES: dict[str, Callable[..., Jet]] = {
    name: getattr(PlainModel, name) for name in ("V", "Q", "A", "h", "mu", "eta", "d", "D", "g", "nu", "H", "n", "r_pi")
}
"""Quantities that are functions of states and actions."""
