"""One walk over a SymPy expression, in any arithmetic.

A *number system* is an object with `number`, `symbol` and `exp`; its elements have the Python
operators ``+ - * /`` and integer ``**``.  Every field of `pgsym.algebra` is one, and so are JAX arrays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from operator import add, mul
from typing import Any, Protocol

import sympy as sp

from pgsym.errors import NotInFieldError
from pgsym.expression.linear import Linear


class NumberSystem(Protocol):
    """Where an expression can be evaluated."""

    def number(self, value: Fraction) -> Any: ...

    def symbol(self, symbol: sp.Symbol) -> Any: ...

    def exp(self, form: Linear) -> Any: ...


def evaluate(expr: sp.Expr, numbers: NumberSystem) -> Any:
    """The value of a rational expression in symbols and exponentials of linear forms.

    NotInFieldError where the expression holds a function or a power that is not rational.

    >>> x = sp.Symbol("x")
    >>> evaluate((1 - x) / 2, Expressions())
    1/2 - x/2
    """
    if isinstance(expr, sp.Rational):
        return numbers.number(Fraction(int(expr.p), int(expr.q)))
    if isinstance(expr, sp.Symbol):
        return numbers.symbol(expr)
    if isinstance(expr, sp.Add | sp.Mul):
        values = [evaluate(arg, numbers) for arg in expr.args]
        combine = add if isinstance(expr, sp.Add) else mul
        # in a balanced tree, so that a sum of n polynomial terms costs n log n and not n^2
        while len(values) > 1:
            pairs = [combine(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
            values = pairs + values[len(values) & ~1 :]
        return values[0]
    if isinstance(expr, sp.exp):
        return numbers.exp(_exponent(expr.args[0]))
    if expr is sp.E:
        return numbers.exp(Linear.of({}, Fraction(1)))
    if isinstance(expr, sp.Pow) and isinstance(expr.exp, sp.Integer):
        base, power = evaluate(expr.base, numbers), int(expr.exp)
        return base**power if power >= 0 else numbers.number(Fraction(1)) / base**-power
    raise NotInFieldError(
        f"{expr} is not rational in its symbols and exponentials; write it with + - * / and integer powers"
    )


@lru_cache(maxsize=4096)
def _exponent(expr: sp.Expr) -> Linear:
    return Linear.from_sympy(expr)


def softmax(numbers: NumberSystem, forms: Sequence[Linear]) -> list[Any]:
    """exp(l_a) / sum_b exp(l_b), for the logits of one state."""
    weights = [numbers.exp(form) for form in forms]
    total = weights[0]
    for weight in weights[1:]:
        total = total + weight
    return [weight / total for weight in weights]


class Expressions:
    """SymPy's own expressions as a number system: the symbolic face of anything that is evaluated."""

    def number(self, value: Fraction) -> sp.Expr:
        return sp.Rational(value.numerator, value.denominator)

    def symbol(self, symbol: sp.Symbol) -> sp.Expr:
        return symbol

    def exp(self, form: Linear) -> sp.Expr:
        return sp.exp(form.to_sympy())

    def softmax(self, forms: Sequence[Linear]) -> list[sp.Expr]:
        return softmax(self, forms)


@dataclass(frozen=True)
class Tangent:
    """A float with its derivatives by parameter; parameters it does not depend on are left out."""

    value: float
    slope: dict[sp.Symbol, float] = field(default_factory=dict)

    def __add__(self, other: Tangent) -> Tangent:
        return Tangent(self.value + other.value, _combine(1.0, self.slope, 1.0, other.slope))

    def __mul__(self, other: Tangent) -> Tangent:
        return Tangent(self.value * other.value, _combine(other.value, self.slope, self.value, other.slope))

    def __truediv__(self, other: Tangent) -> Tangent:
        ratio = self.value / other.value
        return Tangent(ratio, _combine(1 / other.value, self.slope, -ratio / other.value, other.slope))

    def __pow__(self, power: int) -> Tangent:
        outer = power * self.value ** (power - 1) if power else 0.0
        return Tangent(self.value**power, _combine(outer, self.slope, 0.0, {}))


def _combine(a: float, x: Mapping[sp.Symbol, float], b: float, y: Mapping[sp.Symbol, float]) -> dict[sp.Symbol, float]:
    out = {symbol: a * slope for symbol, slope in x.items()}
    for symbol, slope in y.items():
        out[symbol] = out.get(symbol, 0.0) + b * slope
    return out


class Tangents:
    """The number system of `Tangent`, at one theta."""

    def __init__(self, theta: Mapping[sp.Symbol, float]) -> None:
        self.theta = theta

    def number(self, value: Fraction) -> Tangent:
        return Tangent(value.numerator / value.denominator)

    def symbol(self, symbol: sp.Symbol) -> Tangent:
        return Tangent(self.theta[symbol], {symbol: 1.0})

    def _form(self, form: Linear) -> float:
        return float(form.constant) + sum(float(c) * self.theta[symbol] for symbol, c in form.coefficients)

    def exp(self, form: Linear) -> Tangent:
        value = math.exp(self._form(form))
        return Tangent(value, {symbol: value * float(c) for symbol, c in form.coefficients})

    def softmax(self, forms: Sequence[Linear]) -> list[Tangent]:
        """pi_a and pi_a (f_a - sum_b pi_b f_b); the largest logit is subtracted, which changes neither."""
        logits = [self._form(form) for form in forms]
        top = max(logits)
        weights = [math.exp(logit - top) for logit in logits]
        total = math.fsum(weights)
        pi = [weight / total for weight in weights]
        mean: dict[sp.Symbol, float] = {}
        for p, form in zip(pi, forms, strict=True):
            for symbol, c in form.coefficients:
                mean[symbol] = mean.get(symbol, 0.0) + p * float(c)
        coefficients = [dict(form.coefficients) for form in forms]
        return [
            Tangent(p, {symbol: p * (float(c.get(symbol, 0)) - m) for symbol, m in mean.items()})
            for p, c in zip(pi, coefficients, strict=True)
        ]
