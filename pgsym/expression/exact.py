"""Reading numbers exactly: floats as the simplest rational they can stand for."""

from __future__ import annotations

import math
import numbers
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from pgsym.errors import FormulaError
from pgsym.expression.grammar import parse
from pgsym.limits import FORMULA_DIGITS

# A sum of a handful of float operations on 1/3 is off by a few units in the last place.
ULPS = 8


def simplest_rational(value: Any, ulp: float | None = None) -> Fraction:
    """The rational of least denominator within `ULPS` times `ulp`, by default the spacing of the value's own type.

    >>> simplest_rational(0.3333333333333333), simplest_rational(0.1), simplest_rational(0.15000000000000002)
    (Fraction(1, 3), Fraction(1, 10), Fraction(3, 20))
    """
    if ulp is None and not isinstance(value, float):
        ulp = spacing(value)
    value = float(value)
    if not math.isfinite(value):
        raise FormulaError(f"found {value}; a number must be finite. Give a number or a formula")
    if ulp is None and -512 < value < 512:
        # Two fractions with denominators up to 10^6 are at least 10^-12 apart; `ULPS` units here are less.
        millionths = round(value * 1e6)
        if millionths / 1e6 == value:
            return Fraction(millionths, 10**6)
    numerator, denominator = value.as_integer_ratio()
    if denominator == 1:
        return Fraction(numerator)
    above, below = (math.ulp(value) if ulp is None else ulp).as_integer_ratio()
    middle, slack = numerator * below, ULPS * above * denominator
    return simplest_between(middle - slack, middle + slack, denominator * below)


def simplest_between(low: int, high: int, over: int) -> Fraction:
    """Least denominator in [low/over, high/over], by the continued fraction that both ends share."""
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -simplest_between(-high, -low, over)
    a, b, c, d = low, over, high, over
    p, q, before_p, before_q = 1, 0, 0, 1
    while True:
        whole, rest = divmod(a, b)
        if rest and (whole + 1) * d <= c:
            whole, rest = whole + 1, 0
        p, q, before_p, before_q = whole * p + before_p, whole * q + before_q, p, q
        if not rest:
            return Fraction(p, q)
        # Of 1/(x - whole), so the ends change places; both have this whole part.
        a, b, c, d = d, c % d, b, rest


def to_float(number: sp.Expr) -> float | None:
    """A number as the nearest float; None beyond their range.

    >>> to_float(sp.Rational(1, 2)), to_float(sp.exp(1000))
    (0.5, None)
    """
    try:
        found = float(number)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def written(expr: sp.Expr) -> str | None:
    """An expression as text; None where one of its numbers is too long for Python to write.

    >>> written(sp.Integer(2) ** 20), written(sp.Integer(2) ** 20000)
    ('1048576', None)
    """
    try:
        return str(expr)
    except ValueError:
        return None


def to_expr(value: Any, *, where: Any = None) -> sp.Expr:
    """A number, a formula's text or a SymPy expression, as an exact SymPy expression.

    FormulaError where the value is none of these, is not finite, or its text does not parse.

    >>> to_expr("1 - p/2"), to_expr(0.1), to_expr(3)
    (1 - p/2, 1/10, 3)
    """
    if type(value) is int:
        return sp.Integer(value)
    if isinstance(value, bool):
        raise FormulaError(f"found {value}; a number or a formula is required", where=where)
    if isinstance(value, str):
        return parse(value, where=where)
    if isinstance(value, sp.Rational | sp.Symbol):
        return value
    if type(value) is float and math.isfinite(value):
        return _float(value)
    if isinstance(value, sp.Expr):
        if not _is_finite(value):
            raise FormulaError(f"found {value}; a number must be finite. Give a number or a formula", where=where)
        floats = {f: to_expr(float(f), where=where) for f in floats_in(value)}
        return value.xreplace(floats) if floats else value
    if isinstance(value, numbers.Integral):
        return sp.Integer(int(value))
    if isinstance(value, numbers.Rational):
        return sp.Rational(int(value.numerator), int(value.denominator))
    if isinstance(value, Decimal):
        return _decimal(value, where)
    if isinstance(value, numbers.Real):
        try:
            found = simplest_rational(value)
        except FormulaError as error:
            raise FormulaError(error.message, where=where) from None
        return sp.Rational(found.numerator, found.denominator)
    raise FormulaError(f"found {value!r}; a number or a formula is required", where=where)


# Models repeat their formulas and numbers, and name each of them twice: to warn of floats, and to read them.


@lru_cache(maxsize=2**12)
def _is_finite(expr: sp.Expr) -> bool:
    return not expr.has(sp.nan, sp.oo, -sp.oo, sp.zoo)


@lru_cache(maxsize=2**12)
def floats_in(expr: sp.Expr) -> tuple[sp.Float, ...]:
    """The inexact numbers of an expression.

    >>> floats_in(0.5 * sp.Symbol("x") + 1)
    (0.500000000000000,)
    """
    return tuple(expr.atoms(sp.Float))


@lru_cache(maxsize=2**16)
def _float(value: float) -> sp.Rational:
    found = simplest_rational(value)
    return sp.Rational(found.numerator, found.denominator)


def spacing(value: Any) -> float:
    """The distance of a float to the next: 0.1 as a float32 is 0.1 to seven digits only."""
    if isinstance(value, float | int):
        return math.ulp(float(value))
    import numpy as np

    return float(np.spacing(abs(value))) if isinstance(value, np.floating) else math.ulp(float(value))


def _decimal(value: Decimal, where: Any) -> sp.Rational:
    """Exactly; a decimal exponent is bounded as it is in text."""
    _, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise FormulaError(f"found {value}; a number must be finite. Give a number or a formula", where=where)
    if max(len(digits), abs(exponent)) > FORMULA_DIGITS:
        raise FormulaError(
            f"found a decimal number with the exponent {exponent}; at most {FORMULA_DIGITS} is read. Round it",
            where=where,
        )
    found = Fraction(value)
    return sp.Rational(found.numerator, found.denominator)
