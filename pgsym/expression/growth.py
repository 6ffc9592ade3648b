"""How large an expression becomes when it is worked on: bounds that are found before the work is done."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import sympy as sp

from pgsym.errors import FormulaError
from pgsym.expression.complaint import brief
from pgsym.limits import FORMULA_EXPONENT

_CAP = 10**9


def expanded_terms(expr: sp.Expr) -> int:
    """A bound on the terms of the numerator over the product of all divisors, capped beyond use.

    >>> x, y = sp.symbols("x y")
    >>> expanded_terms((x + y) ** 20), expanded_terms(1 / (x + y) + 1 / (x - y))
    (21, 8)
    """
    divisors = {power.base**-power.exp for power in expr.atoms(sp.Pow) if power.exp.is_negative}
    size = _terms(expr)
    for divisor in divisors:
        size = min(size * _terms(divisor), _CAP)
    return size


def _terms(expr: sp.Expr) -> int:
    if expr.is_Add:
        return min(sum(map(_terms, expr.args)), _CAP)
    if expr.is_Mul:
        return min(math.prod(map(_terms, expr.args)), _CAP)
    if isinstance(expr, sp.exp):
        return _terms(expr.args[0])  # expanded as a product of so many factors
    if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
        # Monomials of degree n in t terms of the base.
        n, t = int(expr.exp), _terms(expr.base)
        return 1 if t == 1 else min(n + 1, _CAP) if t == 2 else min(math.comb(n + t - 1, min(n, t - 1, 40)), _CAP)
    return 1


def about(size: int) -> str:
    """A number of terms, as a bound is worth it.

    >>> about(8192), about(10**9)
    ('about 8192', 'very many')
    """
    return "very many" if size >= _CAP else f"about {size}"


def check_exponents(expr: sp.Expr, *, where: Any = None) -> None:
    """Refuse numbers exp(x) with |x| above `FORMULA_EXPONENT`, whose value no comparison would ever find.

    FormulaError where there is one.

    >>> check_exponents(sp.exp(sp.exp(20)))
    Traceback (most recent call last):
      ...
    pgsym.errors.FormulaError: found exp(exp(20)); the largest exponent that is read is 1000000. Use a smaller one
    """
    # Inner ones first, so that each exponent that is evaluated is itself of moderate size.
    for power in sorted(expr.atoms(sp.exp), key=lambda e: int(e.count(sp.exp))):
        exponent = power.as_base_exp()[1]
        if is_steep(exponent):
            raise FormulaError(
                f"found exp({brief(exponent)}); the largest exponent that is read is {FORMULA_EXPONENT}. "
                "Use a smaller one",
                where=where,
            )


def is_steep(exponent: sp.Expr) -> bool:
    """Whether a number, all of whose own exponents are moderate, is beyond `FORMULA_EXPONENT`."""
    if exponent.is_Rational:
        return bool(abs(exponent) > FORMULA_EXPONENT)
    return bool(exponent.is_number and abs(exponent.evalf(2)) > FORMULA_EXPONENT)


STEEP = 20.0
"""exp(-20) is 2e-9: beside 1, half of its digits are lost in a float."""


def steepest(theta: Mapping[sp.Symbol, float]) -> str | None:
    """The parameter that is farthest from 0, for a message that floats fail; None where none is far.

    >>> steepest({sp.Symbol("t"): 1.0, sp.Symbol("u"): -1000.0}), steepest({})
    ('theta[u] = -1000', None)
    """
    symbol, value = max(theta.items(), key=lambda item: abs(item[1]), default=("", 0.0))
    return f"theta[{symbol}] = {value:g}" if abs(value) > STEEP else None
