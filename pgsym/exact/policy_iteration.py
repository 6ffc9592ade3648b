r"""The best that any policy can do, exactly: Howard's policy iteration on pgsym's own elimination.

A deterministic policy is solved, and in every state an action that is better than its own replaces it; all
comparisons are of rationals, so the last policy is optimal, and what ties with it is seen.  With a discount, "better"
is the sign of r + gamma P V - V.  Without one, a policy is compared for every discount near 1 at once (Blackwell 1962):
with gamma = 1/(1 + rho), V = (1 + rho) (g/rho + h + rho y + ...), and "better" is the sign of the first term that is
not zero in

.. math::  (P g - g)\, \rho^{-1} + (r + P h - h - g) + (P y - y - h)\, \rho.

Where none is positive, no policy has a larger g, and none with this g a larger h (Veinott 1969), whatever recurrent
classes there are.  g is the best average reward; where g = 0 and every run ends, or pays nothing for ever, h is the
best total reward.  No policy has to end from the start, and a loop that pays nothing deceives nobody.

References: R. A. Howard, Dynamic Programming and Markov Processes (1960); M. L. Puterman, Markov Decision Processes
(1994), sections 6.4, 7.2, 9.2 and 10.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import sympy as sp

from pgsym.algebra.field import Field
from pgsym.algebra.realline import fraction, is_rational
from pgsym.errors import ImproperPolicyError, NotUnichainError, UndefinedQuantityError
from pgsym.exact.fields import exact_field
from pgsym.exact.quantities import Quantities
from pgsym.exact.tables import LazyMap
from pgsym.expression.complaint import listed
from pgsym.expression.naming import call
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.objective import MEAN_REWARD, Objective
from pgsym.model.policy import Direct

Choice = Mapping[State, Action]
"""A deterministic policy."""


@dataclass(eq=False)
class ChosenPolicy:
    """A deterministic policy of an MDP over a field, and by how much each action would be better.

    `differential` asks for the average reward, in the place of the return.
    """

    mdp: MDP
    choice: Choice
    differential: bool
    field: Field

    @cached_property
    def policy(self) -> Direct:
        one, zero = sp.S.One, sp.S.Zero
        rows = {s: dict.fromkeys(self.mdp.actions(s), zero) | {a: one} for s, a in self.choice.items()}
        return Direct(rows, ())

    @cached_property
    def quantities(self) -> Quantities:
        return Quantities(self.mdp, self.policy, Objective.START_STATE, self.field)

    @property
    def undiscounted(self) -> bool:
        return self.differential or self.mdp.gamma == 1

    @cached_property
    def advantages(self) -> dict[tuple[State, Action], tuple[Any, ...]]:
        """The terms whose first sign, if any, says whether an action is better; all 0 for the policy's own."""
        q, pairs = self.quantities, self.mdp.pairs
        if not self.undiscounted:
            return {pair: (q.A[pair],) for pair in pairs}
        g, h = q.g, q.H
        y = q.varied(r={s: -h[s] for s in self.mdp.nonterminal}).H
        return {
            (s, a): (
                self._ahead(s, a, g) - g[s],
                q.r[s, a] + self._ahead(s, a, h) - h[s] - g[s],
                self._ahead(s, a, y) - y[s] - h[s],
            )
            for s, a in pairs
        }

    def _ahead(self, s: State, a: Action, values: Mapping[State, Any]) -> Any:
        row = self.quantities.P[s, a]
        return self.field.dot(list(row.values()), [values[t] for t in row])

    # -- what it is worth, where that is defined ---------------------------------------------------------------

    @cached_property
    def _endless(self) -> frozenset[State]:
        """The states whose total reward is not defined."""
        return self.quantities.structure.improper if self.undiscounted and not self.differential else frozenset()

    @cached_property
    def V(self) -> Mapping[State, Any]:
        """Values of all states: of the return, or differential ones."""
        q = self.quantities
        values = q.H if self.undiscounted else q.V

        def value(s: State) -> Any:
            if s not in self._endless:
                return values[s]
            g = q.g[s]
            if is_rational(g) and g > 0:
                why = f"earns {g} a step in the long run, so the return has no upper bound"
            else:
                why = "need not end under the policy that is best for every discount near 1, so it is not defined"
            raise ImproperPolicyError(
                f"gamma = 1 and a run from {s!r} {why}. Set gamma < 1, or use the average-reward objective",
                where=call("V*", s),
            )

        defined = [s for s in self.mdp.states if s not in self._endless]
        return LazyMap(defined, value)

    @cached_property
    def Q(self) -> Mapping[tuple[State, Action], Any]:
        """Action values, where those of the next states are defined."""
        q, V = self.quantities, self.V
        gain, gamma = self.gain if self.differential else self.field.zero, q.gamma
        gamma = self.field.one if self.differential else gamma

        def value(pair: tuple[State, Action]) -> Any:
            return q.r[pair] - gain + gamma * self._ahead(*pair, V)

        return LazyMap([p for p in self.mdp.pairs if self._endless.isdisjoint(q.P[p])], value)

    @cached_property
    def gain(self) -> Any:
        """The average reward, where it is one for all states."""
        if self.mdp.terminal:
            raise UndefinedQuantityError(
                f"{len(self.mdp.terminal)} terminal state{'s' * (len(self.mdp.terminal) > 1)} "
                f"({listed(map(repr, self.mdp.terminal))}); an average reward "
                "needs a continuing MDP. Use the start-state objective",
                where="rbar*",
            )
        g = self.quantities.g
        first = self.mdp.states[0]
        for s in self.mdp.states:
            if not self.field.is_zero(g[s] - g[first]):
                low, high = (self.field.to_sympy(g[t]) for t in (first, s))
                raise NotUnichainError(
                    f"the best average reward is {low} from {first!r} and {high} from {s!r}; one number for all states "
                    "is required. Connect the recurrent classes, or study each as a model of its own",
                    where="rbar*",
                )
        return g[first]

    @cached_property
    def J(self) -> Any:
        """The objective."""
        if self.differential:
            return self.gain
        mu0 = self.quantities.mu0
        return self.field.dot(list(mu0.values()), [self.V[s] for s in mu0])

    def ties(self, best: Callable[[tuple[State, Action]], bool] | None = None) -> dict[State, tuple[Action, ...]]:
        """The actions that attain the maximum of the optimality equation, by state, where that is defined.

        `best` says it of one whose value is defined; by default, what is identically zero decides.
        """
        zero, Q = self.field.is_zero, self.Q
        best = best or (lambda pair: all(map(zero, self.advantages[pair][:2])))
        states = [s for s in self.mdp.nonterminal if s not in self._endless]
        return {s: tuple(a for a in self.mdp.actions(s) if (s, a) in Q and best((s, a))) for s in states}


@lru_cache(maxsize=8)
def best_policy(mdp: MDP, differential: bool = False) -> ChosenPolicy:
    """An optimal policy over the rationals; UndefinedQuantityError where the model has symbols, or irrational numbers.

    >>> from pgsym.model.zoo import zoo
    >>> found = best_policy(zoo("short-corridor").mdp)
    >>> found.J, {s: str(v) for s, v in found.V.items()}
    (-3, {'s1': '-3', 's2': '-2', 's3': '-1', 'T': '0'})
    """
    if mdp.symbols:
        raise UndefinedQuantityError(
            f"found the symbols {listed(sorted(s.name for s in mdp.symbols))}; which action is best depends on them. "
            "Give them numbers, or see pgsym optimal for one symbol",
            where="optimal",
        )
    field = exact_field(mdp, Direct({}, ()), {})
    if not is_rational(field.one):
        raise UndefinedQuantityError(
            "found numbers that are not rational; policies are compared by exact rationals. Replace them",
            where="optimal",
        )
    choice = {s: mdp.actions(s)[0] for s in mdp.nonterminal}
    while True:
        found = ChosenPolicy(mdp, choice, differential, field)
        terms = found.advantages
        best = {s: max(mdp.actions(s), key=lambda a, s=s: terms[s, a]) for s in mdp.nonterminal}  # type: ignore[misc]
        better = {s: a for s, a in best.items() if terms[s, a] > terms[s, choice[s]]}
        if not better:
            return found
        choice = choice | better


def starred(name: str, mdp: MDP, objective: Objective) -> Any:
    """V*, Q*, h* or J* of a model without symbols: a rational, or rationals by place.

    HypothesisError where the objective has no such thing, or `best_policy` has none.
    """
    differential = objective.definition.differential
    if (name == "V*" and differential) or (name == "h*" and not differential):
        other = "h*" if differential else "V*"
        raise UndefinedQuantityError(
            f"{name} is not defined for the {objective} objective; it uses {other}. Ask for {other}", where=name
        )
    if name == "J*":
        require_control(objective)
    found = getattr(best_policy(mdp, differential), "V" if name == "h*" else name[0])
    return LazyMap(found, lambda place: fraction(found[place])) if isinstance(found, Mapping) else fraction(found)


def require_control(objective: Objective) -> None:
    """Refuse an objective for which no action is the best one of its state."""
    definition = objective.definition
    if definition.J not in (Objective.START_STATE.definition.J, MEAN_REWARD):
        raise UndefinedQuantityError(
            f"found {definition.formula}, which weighs states by the policy's own {definition.J[0]}, so no action is "
            f"the best one of its state; {Objective.START_STATE.definition.formula} or the average reward is required. "
            "Use start-state or average-reward",
            where=str(objective),
        )
