"""How many real roots a polynomial in one variable has in an interval, by Sturm's theorem over the rationals."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

from flint import fmpq, fmpq_poly, fmpz_poly

from pgsym.algebra.realline import fraction
from pgsym.order.polynomials import Polynomial, terms


def coefficients(p: Polynomial, index: int) -> list[int]:
    """Those of a polynomial in one variable, lowest first."""
    found = terms(p)
    if any(e for m in found for k, e in enumerate(m) if k != index):
        raise ValueError("the polynomial has another variable")
    by_power = {m[index]: c for m, c in found.items()}
    return [by_power.get(k, 0) for k in range(max(by_power, default=0) + 1)]


def at(p: list[int], x: Fraction) -> Fraction:
    """The value at x."""
    return fraction(fmpz_poly(p)(fmpq(x.numerator, x.denominator)))


def roots_between(p: list[int], low: Fraction | None, high: Fraction | None) -> int:
    """The number of distinct roots in the open interval; None stands for infinity.

    >>> roots_between([0, -2, 0, 1], None, None), roots_between([0, -2, 0, 1], Fraction(0), Fraction(2))
    (3, 1)
    >>> roots_between([1, -2, 1], Fraction(0), Fraction(1))
    0
    """
    poly = fmpq_poly(p)
    for end in (low, high):  # Sturm's theorem wants ends that are no roots
        while end is not None and poly.degree() > 0 and poly(fmpq(end.numerator, end.denominator)) == 0:
            poly = poly // fmpq_poly([fmpq(-end.numerator, end.denominator), 1])
    chain = [poly, poly.derivative()]
    while chain[-1].degree() > 0:
        rest = chain[-2] % chain[-1]
        if rest == 0:
            break
        chain.append(_positive_multiple(-rest))
    return _variations(chain, low, -1) - _variations(chain, high, 1)


def _positive_multiple(p: Any) -> Any:
    """The polynomial over its content: remainders grow otherwise."""
    numerator = p.numer()
    return fmpq_poly(numerator // numerator.content())


def _variations(chain: list[Any], x: Fraction | None, direction: int) -> int:
    """Changes of sign along the chain at x, or at infinity in that direction."""
    if x is None:
        values = [q[q.degree()] * (direction if q.degree() % 2 else 1) for q in chain if q != 0]
    else:
        values = [q(fmpq(x.numerator, x.denominator)) for q in chain]
    signs = [v > 0 for v in values if v != 0]
    return sum(a != b for a, b in pairwise(signs))
