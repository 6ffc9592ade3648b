"""Polynomials that are seen to be positive: sums of products of what is positive or not negative."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from itertools import product

import sympy as sp

POWERS = 6
"""Powers of a positive factor that are tried."""


@dataclass(frozen=True)
class Shown:
    """sign * multiplier * polynomial as a sum of terms that are not negative.

    Attributes
    ----------
    multiplier : expression
        A power of 1 + the sum of the positive symbols; 1 where none is needed.
    """

    sign: int
    multiplier: sp.Expr
    terms: tuple[sp.Expr, ...]


def visibly_positive(polynomial: sp.Expr, positive: Set[sp.Symbol], unit: Iterable[sp.Symbol]) -> Shown | None:
    """The polynomial, up to its sign, as a sum of products with positive coefficients; None where it does not show.

    A symbol y of [0, 1] is written in powers of y and 1 - y (Bernstein's form).  A polynomial that is positive for all
    positive symbols may have negative coefficients; multiplied by a power of 1 + their sum it loses them (Polya 1928).

    Examples
    --------
    >>> x, gamma = sp.symbols("x gamma")
    >>> visibly_positive(1 + x - gamma, {x}, [gamma]).terms
    (gamma*x, x*(1 - gamma), 1 - gamma)
    >>> visibly_positive(x**2 - x + 1, {x}, [])
    Shown(sign=1, multiplier=x + 1, terms=(x**3, 1))
    >>> visibly_positive(1 + x - 2 * gamma, {x}, [gamma]) is None
    True
    """
    units = [y for y in unit if polynomial.has(y)]
    others = sorted((s for s in polynomial.free_symbols if s not in units), key=str)
    if any(s not in positive for s in others):
        return None
    factor = 1 + sp.Add(*others)
    for power in range(POWERS + 1 if others else 1):
        found = _terms(sp.Poly(sp.expand(polynomial * factor**power), *others, *units), others, units)
        if found is not None:
            return Shown(found[0], factor**power, found[1])
    return None


def _terms(poly: sp.Poly, others: list[sp.Symbol], units: list[sp.Symbol]) -> tuple[int, tuple[sp.Expr, ...]] | None:
    degrees = [max(poly.degree(y), 0) for y in units]
    found: dict[tuple[int, ...], sp.Expr] = {}
    for powers, c in poly.terms():
        rest, inner = powers[: len(others)], powers[len(others) :]
        for raised in product(*(range(i, d + 1) for i, d in zip(inner, degrees, strict=True))):
            # y^i = sum_k C(d-i, k-i) y^k (1-y)^(d-k)
            ways = sp.prod([sp.binomial(d - i, k - i) for i, k, d in zip(inner, raised, degrees, strict=True)])
            key = (*rest, *raised)
            found[key] = found.get(key, sp.Integer(0)) + c * ways
    kept = {key: c for key, c in found.items() if c != 0}
    if not kept or not (all(c > 0 for c in kept.values()) or all(c < 0 for c in kept.values())):
        return None
    sign = 1 if next(iter(kept.values())) > 0 else -1
    terms = []
    for key, c in sorted(kept.items(), reverse=True):
        powers = [s**k for s, k in zip(others, key, strict=False)]
        for y, k, d in zip(units, key[len(others) :], degrees, strict=True):
            powers += [y**k, (1 - y) ** (d - k)]
        terms.append(sp.prod(powers) * sign * c)
    return sign, tuple(terms)
