"""One walk over a SymPy expression, in any arithmetic.

A *number system* is an object with `number`, `symbol` and `exp`; its elements have the Python
operators ``+ - * /`` and integer ``**``.  Every field of `pgsym.algebra` is one, and so are JAX arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
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
