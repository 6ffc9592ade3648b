"""Closed forms in pi(a|s) instead of exp(theta).

For a softmax policy every quantity is rational in the probabilities themselves, and
d pi(a|s) / d theta_i = pi(a|s) (c_ai - sum_b c_bi pi(b|s)) is a polynomial in them: a field of its own, in which
formulas are far shorter (a gradient of four states shrinks from 5,195 characters to 1,747).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sympy as sp

from pgsym.algebra import RationalField
from pgsym.errors import PolicyError
from pgsym.exact.quantities import Quantities
from pgsym.exact.solution import Solution
from pgsym.expression.evaluate import evaluate
from pgsym.expression.latex import quantity_latex
from pgsym.expression.linear import Linear
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.policy import Policy, Softmax


class PolicySymbols(Policy):
    """A softmax policy whose probabilities are symbols; states with equal rows share them.

    In each state the last action's probability is one minus the others, so the symbols are independent.

    Attributes
    ----------
    rows : dict
        {state: [pi(a|s) as an expression in the symbols]}.
    derivation : dict
        {theta_i: {symbol: its derivative, a polynomial in the symbols}}.
    latex_names : dict
        {symbol: LaTeX}.
    """

    def __init__(self, base: Softmax) -> None:
        self.base = base
        self.params = base.params
        self.rows: dict[State, list[sp.Expr]] = {}
        self.derivation: dict[sp.Symbol, dict[sp.Symbol, sp.Expr]] = {p: {} for p in base.params}
        self.latex_names: dict[sp.Symbol, str] = {}
        members: dict[Any, list[State]] = {}
        for s in base.states:
            members.setdefault(self._kind(s), []).append(s)
        for states in members.values():
            self._name_row(states)

    def _kind(self, state: State) -> tuple[tuple[Action, Linear], ...]:
        """Two states behave alike iff their logits agree up to a constant of the state."""
        row = self.base.logits[state]
        *_, last = row.values()
        return tuple((a, form - last) for a, form in row.items())

    def _name_row(self, states: Sequence[State]) -> None:
        *named, (last, _) = kind = self._kind(states[0])
        shared = len(states) > 1
        symbols = {a: sp.Symbol(f"pi({a})" if shared else f"pi({a}|{states[0]})") for a, _ in named}
        for a, symbol in symbols.items():
            at = sp.Symbol("s") if shared else states[0]
            self.latex_names[symbol] = quantity_latex("pi", a, at)
        probability = {**symbols, last: 1 - sp.Add(*symbols.values())}
        for s in states:
            self.rows[s] = [probability[a] for a in self.base.actions(s)]
        for theta in self.params:
            slope = {a: _coefficient(form, theta) for a, form in kind}
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

    def row(self, state: State, numbers: Any) -> list[Any]:
        return [evaluate(p, numbers) for p in self.rows[state]]

    def forms(self) -> Iterable[Linear]:
        return ()

    def expressions(self) -> Iterable[sp.Expr]:
        return self.symbols

    def pullback(self, mdp: MDP, project: Callable[[State], State]) -> PolicySymbols:
        return PolicySymbols(self.base.pullback(mdp, project))


def in_policy_symbols(solution: Solution) -> Solution:
    """The same solution with pi(a|s) kept as symbols.

    Raises
    ------
    PolicyError
        The policy is not a softmax; its probabilities are already rational in theta.

    Examples
    --------
    >>> from pgsym.exact import solve
    >>> from pgsym.model import MDP, sigmoid
    >>> mdp = MDP.from_transitions(
    ...     [("s", "go", "end", 1, 1), ("s", "wait", "s", 1, 0)], start="s", terminal=["end"], gamma="1/2"
    ... )
    >>> in_policy_symbols(solve(mdp, sigmoid(mdp))).J
    2*pi(go|s)/(pi(go|s) + 1)
    """
    if not isinstance(solution.policy, Softmax):
        raise PolicyError(
            f"found {type(solution.policy).__name__}; only a softmax policy's probabilities are kept as symbols. "
            "Read the closed form in theta",
            where="policy",
        )
    policy = PolicySymbols(solution.policy)
    q = solution.quantities
    generators = [*policy.symbols, *sorted(q.mdp.symbols, key=lambda s: s.name)]
    field = RationalField.with_derivation(generators, policy.derivation)
    return Solution(Quantities(q.mdp, policy, q.objective, field, q.structure), names=policy.latex_names)


def _coefficient(form: Linear, theta: sp.Symbol) -> sp.Rational:
    c = dict(form.coefficients).get(theta, 0)
    return sp.Rational(c)
