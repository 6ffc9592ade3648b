"""The quantities of an MDP under a policy, written once over the field interface.

Elements are those of the field: rational functions, residues, floats or duals.  Nothing is computed before it
is asked for, and each quantity checks its own hypotheses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.algebra.field import LazyVector
from pgsym.errors import UndefinedQuantityError
from pgsym.exact.block_values import BlockValues
from pgsym.exact.chain import Row
from pgsym.exact.longrun import LongRunChain, reward_to, solved
from pgsym.exact.tables import LazyMap
from pgsym.expression.quantity import QUANTITIES
from pgsym.model.mdp import Action, State
from pgsym.model.objective import MEAN_REWARD, Objective

FEW = 8
"""Values of fewer states are found at once."""


class Quantities(LongRunChain):
    """mu, eta, d, V, Q, A, h, rbar, J and the parts of the policy gradient theorem, over one field."""

    # -- discounted or total reward ----------------------------------------------------------------------

    @cached_property
    def V(self) -> Mapping[State, Any]:
        """V(s), the expected discounted return; 0 in terminal states."""
        self._require_discounted("V")
        return self._on_live(self._values, "V")

    @cached_property
    def _values(self) -> Sequence[Any]:
        """V on the live states, as a vector; where elements grow, by the fewest and smallest systems."""
        if self.field.grows and self._original is None:
            self.structure.require_discounted_or_proper()
            if len(self.live) < FEW:
                field: Any = self.field
                return field.fixed_point([self._equation(s) for s in self.live], *self.plan.last[:1])
            quotient = self.plan.quotient
            if quotient is not None:
                values, live, number = BlockValues(quotient, self), self.live, self.plan.numbering.number
                return LazyVector(len(live), lambda i: values[quotient.block[number[live[i]]]])
        rewards = [self.r_pi[s] for s in self.live]
        known = None if self._below is None else self._below._values
        return solved(self._system.solve, rewards, known)

    def _equation(self, s: State) -> list[tuple[int, Any, Any]]:
        """V(s) by the values of the live states, in products, as `RationalField.fixed_point` takes them."""
        numbering, rewards, steps, index = self.plan.numbering, self.constants.rewards, self.constants.steps, self.index
        terms = []
        for a, p in self.pi[s].items():
            terms.append((len(index), p, rewards[numbering.kinds[numbering.kind[s, a]][1]]))
            terms += [(index[t], p, steps[i]) for t, i in numbering.moves[s, a] if t in index]
        return terms

    @cached_property
    def eta(self) -> Mapping[State, Any]:
        """eta(s) = sum_t gamma^t Pr(s_t = s) over non-terminal states."""
        self._require_discounted("eta")
        return self._on_live(self._visits, "eta")

    @cached_property
    def _visits(self) -> Sequence[Any]:
        """eta on the live states, as a vector."""
        zero = self.field.zero
        start = [self.mu0.get(s, zero) for s in self.live]
        known = None if self._below is None else self._below._visits
        return solved(self._system.solve_transposed, start, known)

    def visits_from(self, state: State) -> Mapping[State, Any]:
        """Expected discounted visits of a run that begins in `state`; V(s) is their sum, weighted with r_pi."""
        start = [self.field.one if s == state else self.field.zero for s in self.live]
        return dict(zip(self.live, self._system.solve_transposed(start), strict=True))

    @cached_property
    def d(self) -> Mapping[State, Any]:
        """eta normalised to sum 1; (1 - gamma) eta when nothing terminates."""
        eta, one, zero = self.eta, self.field.one, self.field.zero
        if all(self.field.is_zero(self.mu0.get(s, zero)) for s in self.live):
            for s, p in self.mu0.items():
                if s not in self.mdp.terminal and not self.field.is_zero(p):
                    _ = eta[s]  # the run from there need not end
            raise UndefinedQuantityError(
                "the start weight is 0 in every state that is not terminal, so no state is visited and there is "
                "nothing to normalise. Start in one that is not terminal",
                where="d",
            )
        if self.mdp.terminal or self.undiscounted:
            scale = one / self.sum(eta[s] for s in self.live)
        else:
            start = one if self._mu0 is None else self.sum(self.mu0.values())
            scale = (one - self.gamma) / start
        return LazyMap(self.live, lambda s: scale * eta[s])

    # -- stationary and differential ---------------------------------------------------------------------

    @cached_property
    def mu(self) -> Mapping[State, Any]:
        """The stationary distribution; 0 in transient states."""
        return dict.fromkeys(self.mdp.states, self.field.zero) | self.only_class.mu

    @cached_property
    def rbar(self) -> Any:
        """rbar = sum_s mu(s) r_pi(s)."""
        return self.only_class.gain

    @cached_property
    def h(self) -> Mapping[State, Any]:
        """The differential value of a unichain: (I - P_pi) h = r_pi - rbar with mu.h = 0."""
        self.structure.require_unichain()
        return self.H

    # -- what the objective makes of them ----------------------------------------------------------------

    @cached_property
    def baseline(self) -> Mapping[State, Any]:
        """V, or h for the average reward: the state value from which the advantage is measured."""
        return self.V if self._is_discounted else self.h

    @cached_property
    def Q(self) -> Mapping[tuple[State, Action], Any]:
        """The objective's action value q(s,a): Q, or the differential Q for the average reward."""
        P, r, dot, terminal = self.P, self.r, self.field.dot, self.mdp.terminal
        v = self.baseline

        def ahead(pair: tuple[State, Action]) -> Any:
            live = [t for t in P[pair] if t not in terminal]
            return dot([P[pair][t] for t in live], [v[t] for t in live])

        if not self._is_discounted:
            rbar = self.rbar
            return LazyMap(self.mdp.pairs, lambda pair: r[pair] - rbar + ahead(pair))
        gamma = self.gamma
        return LazyMap([pair for pair in self.mdp.pairs if pair[0] in v], lambda pair: r[pair] + gamma * ahead(pair))

    @cached_property
    def A(self) -> Mapping[tuple[State, Action], Any]:
        """The advantage A(s,a) = q(s,a) minus the state value."""
        return LazyMap(list(self.Q), lambda pair: self.Q[pair] - self.baseline[pair[0]])

    @cached_property
    def weight(self) -> Mapping[State, Any]:
        """The objective's state weight w(s) in the policy gradient theorem: eta, or mu."""
        found: Mapping[State, Any] = getattr(self, self.objective.definition.weight)
        return found

    @cached_property
    def J(self) -> Any:
        """The objective; the average reward has no discount to change."""
        definition = self.objective.definition
        for name in definition.needs:
            self._require(name)
        if definition.J == MEAN_REWARD:
            return self.rbar
        first, second = definition.J
        w, v = getattr(self, first), getattr(self, second)
        return self._dot([(w[s], v[s]) for s in self._support(first) if s in v])

    @cached_property
    def reward_to(self) -> Mapping[tuple[State, Action, State], Any]:
        return reward_to(self)

    def reward_moment(self, power: int, arity: int) -> Mapping[Any, Any]:
        """E[r^k|s,a,s'], or E[r^k|s,a] as its mean over s'."""
        to = reward_to(self, power)
        if arity == 3:
            return to
        return LazyMap(self.mdp.pairs, lambda pair: self.sum(p * to[*pair, t] for t, p in self.P[pair].items()))

    def best(self, name: str) -> Any:
        """V*, Q*, h* or J*: over all policies, so the same for each of them."""
        from pgsym.exact.policy_iteration import starred

        number, found = self.field.number, starred(name, self.mdp, self.objective)
        if not isinstance(found, Mapping):
            return number(found)
        return LazyMap(found, lambda place: number(found[place]))

    @property
    def theta(self) -> Mapping[sp.Symbol, Any]:
        """The parameters themselves, where they are elements of the field."""
        return {p: self.field.symbol(p) for p in self.policy.params}

    # -- derivatives -------------------------------------------------------------------------------------

    @cached_property
    def gradient(self) -> Mapping[sp.Symbol, Any]:
        """grad J, by differentiation; needs a field whose elements know their derivatives."""
        return self._complete(self.field.gradient(self.J))

    @cached_property
    def theorem_gradient(self) -> Mapping[sp.Symbol, Any]:
        """sum_s w(s) sum_a grad pi(a|s) q(s,a) (Sutton et al. 2000), for the objective's w and q."""
        value = self.field.value
        total: dict[sp.Symbol, Any] = {}
        for s in self.weighted:
            w = value(self.weight[s])
            for a, p in self.pi[s].items():
                for theta, dp in self.field.gradient(p).items():
                    term = w * dp * value(self.Q[s, a])
                    total[theta] = total[theta] + term if theta in total else term
        return self._complete(total)

    @cached_property
    def fisher(self) -> Sequence[Mapping[int, Any]]:
        """F = sum_s w(s) sum_a pi(a|s) grad log pi(a|s) grad log pi(a|s)^T, sparse rows (k, k)."""
        value = self.field.value
        index = {theta: i for i, theta in enumerate(self.policy.params)}
        rows: list[Row] = [{} for _ in index]
        for s in self.weighted:
            for p in self.pi[s].values():
                gradient = self.field.gradient(p)
                scale = value(self.weight[s]) / value(p) if gradient else None
                for theta, dp in gradient.items():
                    row = rows[index[theta]]
                    for other, dq in gradient.items():
                        j, term = index[other], scale * dp * dq
                        row[j] = row[j] + term if j in row else term
        return rows

    @property
    def weighted(self) -> tuple[State, ...]:
        """The states over which the theorem sums."""
        return self._support(self.objective.definition.weight)

    def _support(self, weight: str) -> tuple[State, ...]:
        """Where mu0, eta, d or mu is not 0."""
        if weight == "mu":
            return self.only_class.states
        return tuple(self.mu0) if weight == "mu0" else tuple(s for s in self.live if s in self.reachable)

    def _on_live(self, values: Sequence[Any], name: str) -> Mapping[State, Any]:
        index = self.index
        zero = self.mdp.terminal if name == "V" else frozenset()
        if name == "V" and self.undiscounted:
            zero |= self.rewardless

        def look_up(s: State) -> Any:
            if s in index:
                return values[index[s]]
            if s in zero:
                return self.field.zero
            raise UndefinedQuantityError(
                f"gamma = 1 and the run from {s!r} need not end, so {name}({s}) is infinite or undefined. "
                "Set gamma < 1 or mark an end as terminal",
                where=name,
            )

        defined = [s for s in self.mdp.states if s in index or s in zero]
        return LazyMap(defined, look_up)

    def _complete(self, sparse: Mapping[sp.Symbol, Any]) -> Mapping[sp.Symbol, Any]:
        """Every parameter in order; directions of a dual field are kept as they are."""
        zero = self.field.value(self.field.zero)
        return {theta: sparse.get(theta, zero) for theta in self.field.parameters}

    @property
    def _is_discounted(self) -> bool:
        """Values are discounted ones: by the objective, or because a discount was given."""
        return self._gamma is not None or not self.objective.definition.differential

    def _require_discounted(self, name: str) -> None:
        if not self._is_discounted:
            raise differential_only(name, self.objective)

    def _require(self, hypothesis: str) -> None:
        """One of the objective's hypotheses, about the data at hand; V checks for itself that runs end."""
        if hypothesis == "discounted":
            self.structure.require_discounted(self.undiscounted)
        elif self._original is None or hypothesis == "unichain":
            getattr(self.structure, f"require_{hypothesis}")()


def differential_only(name: str, objective: Objective) -> UndefinedQuantityError:
    """A discounted quantity was asked for."""
    instead = QUANTITIES[name].instead
    return UndefinedQuantityError(
        f"{name} is not defined for the {objective} objective; it uses {instead}. Ask for {instead}, or solve with "
        "another objective",
        where=name,
    )
