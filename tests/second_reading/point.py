"""SymPy expressions and policies at a point, as jets in the policy's parameters."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from fractions import Fraction

import sympy as sp

from pgsym.model.mdp import MDP
from pgsym.model.policy import Direct, Mixture, Policy, Softmax
from second_reading.jets import Jet, ball, total

State = Hashable


class UndefinedError(Exception):
    """Not defined at the state that an index stands for: the index does not run over it."""

    def __init__(self, index: str | None = None) -> None:
        self.index = index


class InapplicableError(Exception):
    """A hypothesis of a quantity fails on this model."""


class VisitedEndError(InapplicableError):
    """Visits are asked for in a terminal state, where they are not counted."""


class _Name:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


END = _Name("(the end of the terminating model)")
"""The terminal state that the terminating model has beside those of the model."""

STAY = _Name("(stay)")
"""The one notional action of a terminal state."""


class Numbers:
    """SymPy expressions as jets at a point.

    Parameters
    ----------
    point
        Every symbol's value: a number, or an exact SymPy expression.
    params
        The symbols to differentiate by.
    offset
        The number of the first of them as a variable of the jets: a second policy has variables of its own.
    """

    def __init__(
        self, point: Mapping[sp.Symbol, sp.Expr], params: tuple[sp.Symbol, ...], order: int, offset: int = 0
    ) -> None:
        self.offset = offset
        self.point = point
        self.params = params
        self.order = order
        self._known: dict[sp.Expr, Jet] = {}

    def number(self, value: Fraction | int) -> Jet:
        return Jet.constant(ball(value), self.order)

    def __call__(self, expr: sp.Expr) -> Jet:
        if expr not in self._known:
            self._known[expr] = self._convert(sp.sympify(expr))
        return self._known[expr]

    def _convert(self, e: sp.Expr) -> Jet:
        if isinstance(e, sp.Rational):
            return self.number(Fraction(int(e.p), int(e.q)))
        if isinstance(e, sp.Symbol):
            value = self(self.point[e]).value
            if e in self.params:
                return Jet.variable(value, self.offset + self.params.index(e), self.order)
            return Jet.constant(value, self.order)
        if isinstance(e, sp.Add):
            return total([self(arg) for arg in e.args], self.order)
        if isinstance(e, sp.Mul):
            found = self.number(1)
            for arg in e.args:
                found = found * self(arg)
            return found
        if isinstance(e, sp.Pow) and e.exp.is_Integer:
            return self(e.base) ** int(e.exp)
        if isinstance(e, sp.Pow) and e.exp == sp.Rational(1, 2):
            return Jet.constant(self(e.base).value.sqrt(), self.order)
        if isinstance(e, sp.Pow) and e.exp == -sp.Rational(1, 2):
            return Jet.constant(1 / self(e.base).value.sqrt(), self.order)
        if isinstance(e, sp.exp):
            return self(e.args[0]).exp()
        if isinstance(e, sp.log):
            return self(e.args[0]).log()
        if isinstance(e, sp.Pow):
            return (self(e.exp) * self(e.base).log()).exp()
        if e is sp.E:
            return self.number(1).exp()
        raise TypeError(f"no rule for {type(e).__name__}")


def probabilities(policy: Policy, mdp: MDP, numbers: Numbers) -> dict[State, dict[Hashable, Jet]]:
    """pi(a|s) from the policy's formulas."""
    if isinstance(policy, Mixture):
        base = probabilities(policy.base, mdp, numbers)
        keep, epsilon = numbers(1 - policy.epsilon), numbers(policy.epsilon)
        return {
            s: {a: keep * p + epsilon * numbers.number(Fraction(1, len(row))) for a, p in row.items()}
            for s, row in base.items()
        }
    if isinstance(policy, Direct):
        return {s: {a: numbers(p) for a, p in policy.probabilities[s].items()} for s in mdp.nonterminal}
    assert isinstance(policy, Softmax)
    found = {}
    for s in mdp.nonterminal:
        weights = {a: logit(policy, s, a, numbers).exp() for a in mdp.actions(s)}
        inverse = total(list(weights.values()), numbers.order).inverse()
        found[s] = {a: w * inverse for a, w in weights.items()}
    return found


def logit(policy: Policy, s: State, a: Hashable, numbers: Numbers) -> Jet:
    if not isinstance(policy, Softmax):
        raise InapplicableError("no logits")
    form = policy.logits[s][a]
    terms = [numbers.number(c) * numbers(symbol) for symbol, c in form.coefficients]
    return total([numbers.number(form.constant), *terms], numbers.order)
