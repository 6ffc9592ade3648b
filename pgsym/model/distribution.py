"""One distribution: rational probabilities that sum to exactly 1, numbers among them in [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from pgsym.errors import FormulaError, NotStochasticError, ProbabilityRangeError
from pgsym.expression.complaint import brief, is_long, listed
from pgsym.expression.growth import expanded_terms
from pgsym.expression.linear import Linear
from pgsym.expression.sums import Sums

MAX_BITS = 2**14
"""Length of the common denominator of a row: some 4900 digits."""


def check_row(
    probabilities: list[sp.Expr],
    *,
    where: Any,
    noun: str = "probabilities",
    exponentials: bool = False,
    sums: Sums | None = None,
) -> None:
    """Probabilities that sum to exactly 1, numbers among them in [0, 1]; `sums` has what was found of other rows.

    >>> check_row([sp.Rational(1, 2), sp.Rational(2, 5)], where=("s", "a"))
    Traceback (most recent call last):
      ...
    pgsym.errors.NotStochasticError: ('s', 'a'): probabilities sum to 9/10; must be exactly 1. Add the missing 1/10.
    """
    if len(probabilities) == 1 and probabilities[0] is sp.S.One:
        return
    above: dict[int, int] = {}  # by denominator
    symbolic = []
    outside = []
    for p in probabilities:
        if p.is_Rational:
            numerator, denominator = int(p.p), int(p.q)
            above[denominator] = above.get(denominator, 0) + numerator
            if not 0 <= numerator <= denominator:
                outside.append(p)
        else:
            check_rational(p, where=where, what="a probability", exponentials=exponentials)
            symbolic.append(p)
    if outside:
        raise ProbabilityRangeError(
            f"{noun} include {listed(map(brief, outside))}; each lies in [0, 1]. "
            f"Correct {'it' if len(outside) == 1 else 'them'}",
            where=where,
        )
    numerator, denominator = _over_one(above, noun, where)
    if numerator == denominator and not symbolic:
        return
    total: sp.Expr = sp.Add(sp.Rational(numerator, denominator), *symbolic)
    if not total.is_Rational:
        total = _canonical(total, sums or Sums(), where)
    excess = total - 1
    if excess != 0:
        if excess.is_Rational and excess > 0:
            remedy = f"Remove the excess {brief(excess)}."
        else:
            remedy = "Correct one." if is_long(excess) else f"Add the missing {brief(_reduced(-excess))}."
        raise NotStochasticError(f"{noun} sum to {brief(total)}; must be exactly 1. {remedy}", where=where)


def _over_one(above: Mapping[int, int], noun: str, where: Any) -> tuple[int, int]:
    """The sum of numerators by denominator, as one fraction."""
    numerator, denominator = 0, 1
    for q, p in above.items():
        common = math.lcm(denominator, q)
        if common.bit_length() > MAX_BITS:
            raise FormulaError(
                f"{noun} have a common denominator of more than {MAX_BITS * 1000 // 3322} digits; at most so many are "
                "summed. Use fractions with fewer different denominators",
                where=where,
            )
        numerator, denominator = numerator * (common // denominator) + p * (common // q), common
    return numerator, denominator


def _canonical(total: sp.Expr, sums: Sums, where: Any) -> sp.Expr:
    """1 for what is identically 1; other sums in a form for messages."""
    try:
        return sp.S.One if sums.is_one(total) else _reduced(total)
    except FormulaError as error:
        raise FormulaError(error.message, where=where) from None


def _reduced(expr: sp.Expr) -> sp.Expr:
    """Over one denominator, in lowest terms, where that is quick."""
    quick = expanded_terms(expr) * len(expr.free_symbols) <= 1000
    return sp.cancel(sp.together(expr)) if quick else expr


def check_rational(expr: sp.Expr, *, where: Any, what: str, exponentials: bool = False) -> None:
    """Rational in its symbols, and in exponentials of linear forms where these are allowed."""
    if expr.is_Rational:
        return
    try:
        rational = _is_rational(expr, exponentials)
    except FormulaError as error:
        raise FormulaError(f"found {brief(expr)}; {error.message}", where=where) from None
    if not rational:
        raise FormulaError(
            f"found {brief(expr)}; {what} is a rational function of symbols. Write it with + - * / and integer powers",
            where=where,
        )


@lru_cache(maxsize=2**12)
def _is_rational(expr: sp.Expr, exponentials: bool) -> bool:
    if expr.is_Rational or expr.is_Symbol:
        return True
    if expr.is_Add or expr.is_Mul:
        return all(_is_rational(arg, exponentials) for arg in expr.args)
    if isinstance(expr, sp.exp | sp.core.numbers.Exp1):
        return exponentials and Linear.from_sympy(expr.as_base_exp()[1]) is not None
    return bool(expr.is_Pow and expr.exp.is_Integer and _is_rational(expr.base, exponentials))
