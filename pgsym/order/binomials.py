"""Squares of two terms: a negative term -2 a b m is taken off with m (a u - b v)^2, between two positive ones.

Linear programming in floats shares what is positive among what is negative; rounded, it is kept if no coefficient of
the rest is negative.  The polynomial may be large, and may be zero at a corner, where a Gram matrix has no inverse.

Reference: A. A. Ahmadi and A. Majumdar, DSOS and SDSOS optimization (2019), with monomials that are not negative.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import sqrt
from typing import Any

from pgsym.order.certificates import BinomialSquares
from pgsym.order.checker import check
from pgsym.order.kinds import Extent
from pgsym.order.polynomials import Exponents, Polynomial, of_terms, terms

NEIGHBOURS = 16
"""Pairs of positive terms for each negative one, at most: the nearest."""

NEGATIVE = 400
"""Negative terms, at most."""

Square = tuple[Exponents, Exponents, Exponents, Fraction]
"""A term m, and a and b around it: b / m = m / a; and how much more of a than of b is taken."""


def binomial_squares(p: Polynomial, extents: Sequence[Extent], strict: bool) -> BinomialSquares | None:
    """A certificate that p >= 0, or > 0 if strict.

    >>> from pgsym.order.polynomials import context
    >>> x, y = context(2).gens()
    >>> extents = (Extent.OPEN, Extent.OPEN)
    >>> print(binomial_squares(x**3 - 2 * x**2 * y + 2 * x * y**2 + y, extents, True).rung)
    squares of two terms
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    found, lines = terms(p), [k for k, e in enumerate(extents) if e is Extent.LINE]
    spare = {m for m, c in found.items() if c > 0 and not any(m[k] % 2 for k in lines)}
    short = [m for m in found if m not in spare]
    squares = list(_squares(found, short, spare)) if len(short) <= NEGATIVE else []
    if not short or not squares:
        return None
    rows = {m: j for j, m in enumerate(found)}
    entries = []
    for column, (m, a, b, share) in enumerate(squares):
        size = abs(found[m]) / 2
        entries.append((-1.0, rows[m], column))
        entries.append((size * float(share) / found[a], rows[a], column))
        entries.append((size / float(share) / found[b], rows[b], column))
    values, above, across = zip(*entries, strict=True)
    taken: Any = coo_array((values, (above, across)), shape=(len(rows), len(squares))).tocsr()
    for margin in (1e-6, 0.0):
        room = [(-1.0 if m not in spare else 1.0) - margin for m in found]
        answer = linprog([1.0] * len(squares), A_ub=taken, b_ub=room, method="highs")
        if answer.status != 0 or answer.x is None:
            continue
        for digits in (12, 10**4, 10**9):
            weights = [max(Fraction(x).limit_denominator(digits), Fraction(0)) for x in answer.x]
            whole = dict.fromkeys(short, Fraction(0))
            for w, (m, *_) in zip(weights, squares, strict=True):
                whole[m] += w
            used = [(w / whole[s[0]], s) for w, s in zip(weights, squares, strict=True) if w]
            certificate = BinomialSquares(tuple(_square(found, w, s) for w, s in used))
            if check(certificate, p, tuple(extents), strict, (), Extent.OPEN):
                return certificate
    return None


def _squares(found: dict[Exponents, int], short: Sequence[Exponents], spare: set[Exponents]) -> Iterator[Square]:
    """Pairs of positive terms around each negative one, with three ways to take from both."""
    for m in short:
        near = []
        for a in spare:
            b = tuple(2 * e - f for e, f in zip(m, a, strict=True))
            if a > b and b in spare:
                near.append((sum(abs(e - f) for e, f in zip(a, b, strict=True)), a, b))
        for _, a, b in sorted(near)[:NEIGHBOURS]:
            even = sqrt(found[a] / found[b])
            share = Fraction(even).limit_denominator(8) if even > 1 else 1 / Fraction(1 / even).limit_denominator(8)
            yield from ((m, a, b, share * times) for times in (Fraction(1, 4), 1, 4))


def _square(found: dict[Exponents, int], weight: Fraction, square: Square) -> tuple[Fraction, Polynomial, Polynomial]:
    """weight, s and q such that weight s q^2 has so much of the term m, and of a and b what it takes."""
    m, a, b, share = square
    n, sign = len(m), -1 if found[m] < 0 else 1
    odd = tuple(e % 2 for e in a)
    roots = [tuple((e - o) // 2 for e, o in zip(x, odd, strict=True)) for x in (a, b)]
    over, under = share.numerator, share.denominator
    q = of_terms({roots[0]: over, roots[1]: sign * under}, n)
    return weight * abs(found[m]) / (2 * over * under), of_terms({odd: 1}, n), q
