"""One distribution: rational probabilities that sum to exactly 1, numbers among them in [0, 1]."""

from __future__ import annotations

import math
from typing import Any

import sympy as sp

from pgsym.errors import FormulaError, NotStochasticError, ProbabilityRangeError
from pgsym.expression.complaint import brief
from pgsym.expression.growth import MAX_TERMS, about, expanded_terms
from pgsym.expression.linear import Linear


def check_row(
    probabilities: list[sp.Expr], *, where: Any, noun: str = "probabilities", exponentials: bool = False
) -> None:
    """Probabilities that sum to exactly 1, numbers among them in [0, 1].

    Raises
    ------
    NotStochasticError, ProbabilityRangeError, FormulaError

    Examples
    --------
    >>> check_row([sp.Rational(1, 2), sp.Rational(2, 5)], where=("s", "a"))
    Traceback (most recent call last):
      ...
    pgsym.errors.NotStochasticError: ('s', 'a'): probabilities sum to 9/10; must be exactly 1. Add the missing 1/10.
    """
    above, below = 0, 1
    symbolic = []
    outside = []
    for p in probabilities:
        if p.is_Rational:
            numerator, denominator = int(p.p), int(p.q)
            if denominator != below:
                common = math.lcm(below, denominator)
                above, below, numerator = above * (common // below), common, numerator * (common // denominator)
            above += numerator
            if not 0 <= numerator <= below:
                outside.append(p)
        else:
            check_rational(p, where=where, what="a probability", exponentials=exponentials)
            symbolic.append(p)
    if outside:
        raise ProbabilityRangeError(
            f"{noun} include {', '.join(map(brief, outside))}; each lies in [0, 1]. Correct {_them(outside)}",
            where=where,
        )
    if above == below and not symbolic:
        return
    total: sp.Expr = sp.Rational(above, below)
    if symbolic:
        total = _rational_sum([total, *symbolic], where)
    excess = total - 1
    if excess != 0:
        surplus = excess.is_Rational and excess > 0
        remedy = f"Remove the excess {brief(excess)}." if surplus else f"Add the missing {brief(sp.cancel(-excess))}."
        raise NotStochasticError(f"{noun} sum to {brief(total)}; must be exactly 1. {remedy}", where=where)


def _them(items: list[Any]) -> str:
    return "it" if len(items) == 1 else "them"


def _rational_sum(terms: list[sp.Expr], where: Any) -> sp.Expr:
    """The sum in canonical form."""
    quick = sp.Add(*terms)
    if quick.is_Rational:
        return quick
    size = expanded_terms(quick)
    if size > MAX_TERMS:
        raise FormulaError(
            f"the sum of probabilities would expand to {about(size)} terms; at most {MAX_TERMS} are checked. "
            "Use smaller powers, or fewer symbols",
            where=where,
        )
    total = sp.cancel(sp.together(quick))
    if total.has(sp.nan, sp.zoo, sp.oo):
        raise FormulaError(
            "found a division by zero in a probability; a divisor must differ from 0. Correct the formula", where=where
        )
    return total


def check_rational(expr: sp.Expr, *, where: Any, what: str, exponentials: bool = False) -> None:
    """Rational in its symbols, and in exponentials of linear forms where these are allowed."""
    try:
        rational = _is_rational(expr, exponentials)
    except FormulaError as error:
        raise FormulaError(f"found {expr}; {error.message}", where=where) from None
    if not rational:
        raise FormulaError(
            f"found {expr}; {what} is a rational function of symbols. Write it with + - * / and integer powers",
            where=where,
        )


def _is_rational(expr: sp.Expr, exponentials: bool) -> bool:
    if expr.is_Rational or expr.is_Symbol:
        return True
    if expr.is_Add or expr.is_Mul:
        return all(_is_rational(arg, exponentials) for arg in expr.args)
    if isinstance(expr, sp.exp | sp.core.numbers.Exp1):
        return exponentials and Linear.from_sympy(expr.as_base_exp()[1]) is not None
    return bool(expr.is_Pow and expr.exp.is_Integer and _is_rational(expr.base, exponentials))
