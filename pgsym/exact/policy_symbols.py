"""Closed forms in pi(a|s) instead of exp(theta).

For a softmax policy every quantity is rational in the probabilities themselves, and
d pi(a|s) / d theta_i = pi(a|s) (c_ai - sum_b c_bi pi(b|s)) is a polynomial in them: a field of its own, in which
formulas are far shorter.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from copy import copy
from typing import Any, cast

import sympy as sp

from pgsym.algebra import RationalField
from pgsym.errors import PolicyError
from pgsym.exact.quantities import Quantities
from pgsym.exact.solution import Solution
from pgsym.expression.evaluate import evaluate
from pgsym.expression.linear import Linear
from pgsym.expression.naming import Alphabet, call, conditional, in_order
from pgsym.expression.notation import name_table, quantity_latex
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.policy import Policy, Softmax

Kind = tuple[tuple[Action, Linear], ...]
"""What states with equal rows have in common."""


class PolicySymbols(Policy):
    """A softmax policy whose probabilities are symbols; states with equal rows share them, uniform rows are numbers.

    In each state the last action's probability is one minus the others, so the symbols are independent.  Those of a
    shared row are named after its first state, or after none where all states share it; and other than what is `taken`.
    """

    def __init__(self, base: Softmax, taken: Iterable[sp.Symbol] = ()) -> None:
        self.base = base
        self.params = base.params
        self.rows: dict[State, list[sp.Expr]] = {}
        """pi(.|s) as expressions in the symbols."""
        self.derivation: dict[sp.Symbol, dict[sp.Symbol, sp.Expr]] = {p: {} for p in base.params}
        """{theta_i: {symbol: its derivative, a polynomial in the symbols}}"""
        self.latex_names: dict[sp.Symbol, str] = {}
        self._alphabet = Alphabet((*base.params, *taken))
        self._spelt = name_table(dict.fromkeys(name for s in base.states for name in (s, *base.actions(s))))
        members: dict[Kind, list[State]] = {}
        for s in base.states:
            members.setdefault(self._kind(s), []).append(s)
        for kind, states in members.items():
            if any(form != Linear() for _, form in kind):
                self._name_row(kind, states, everywhere=len(members) == 1 < len(states))
            else:
                self.rows |= {s: [sp.Rational(1, len(kind))] * len(kind) for s in states}

    def _kind(self, state: State) -> Kind:
        """Two states behave alike iff their logits agree up to a constant of the state."""
        row = self.base.logits[state]
        *_, last = row.values()
        return tuple((a, form - last) for a, form in row.items())

    def _name_row(self, kind: Kind, states: Sequence[State], *, everywhere: bool) -> None:
        *named, (last, _) = kind
        symbols: dict[Action, sp.Symbol] = {}
        for a, _ in named:
            name = call("pi", a) if everywhere else conditional("pi", a, states[0])
            symbols[a] = self._alphabet.of("pi", a, states[0], name=name)
            at = sp.Symbol("s") if everywhere else states[0]
            self.latex_names[symbols[a]] = quantity_latex("pi", a, at, spelt=self._spelt)
        probability = {**symbols, last: 1 - sp.Add(*symbols.values())}
        for s in states:
            self.rows[s] = [probability[a] for a in self.base.actions(s)]
        for theta in self.params:
            slope = {a: sp.Rational(dict(form.coefficients).get(theta, 0)) for a, form in kind}
            mean = sp.Add(*(c * probability[a] for a, c in slope.items()))
            for a, symbol in symbols.items():
                if slope[a] - mean != 0:
                    self.derivation[theta][symbol] = symbol * (slope[a] - mean)

    @property
    def symbols(self) -> list[sp.Symbol]:
        """The probabilities that stand for themselves, in order of the states."""
        return list(self.latex_names)

    @property
    def states(self) -> tuple[State, ...]:
        return self.base.states

    def actions(self, state: State) -> tuple[Action, ...]:
        return self.base.actions(state)

    def row_key(self, state: State) -> Hashable:
        return tuple(self.rows[state])

    def row(self, state: State, numbers: Any) -> list[Any]:
        return [evaluate(p, numbers) for p in self.rows[state]]

    def forms(self) -> Iterable[Linear]:
        return ()

    def expressions(self) -> Iterable[sp.Expr]:
        return self.symbols

    def pullback(self, mdp: MDP, project: Callable[[State], State]) -> PolicySymbols:
        found = copy(self)
        found.base = self.base.pullback(mdp, project)
        found.rows = {s: self.rows[project(s)] for s in mdp.nonterminal}
        return found


def in_policy_symbols(solution: Solution) -> Solution:
    """The same closed form with pi(a|s) kept as symbols, under the same limits; PolicyError unless it is a softmax.

    >>> from pgsym.exact import solve
    >>> from pgsym.model import MDP, Problem, sigmoid
    >>> mdp = MDP.from_transitions(
    ...     [("s", "go", "end", 1, 1), ("s", "wait", "s", 1, 0)], start="s", terminal=["end"], gamma="1/2"
    ... )
    >>> in_policy_symbols(solve(Problem(mdp, sigmoid(mdp)))).J
    2*pi(go|s)/(pi(go|s) + 1)
    """
    if not isinstance(solution.policy, Softmax):
        raise PolicyError(
            f"found {type(solution.policy).__name__}; only a softmax policy's probabilities are kept as symbols. "
            "Read the closed form in theta",
            where="policy",
        )
    q, closed = solution.quantities, cast(RationalField, solution.field)
    policy = PolicySymbols(solution.policy, q.mdp.symbols)
    generators = [*policy.symbols, *in_order(q.mdp.symbols)]
    field = RationalField.with_derivation(generators, policy.derivation, **closed.limits)
    return Solution(
        Quantities(q.mdp, policy, q.objective, field, q.structure), solution.problem, names=policy.latex_names
    )
