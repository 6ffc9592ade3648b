"""The real line, cut where polynomials vanish; every sign on every piece is decided, none is rounded.

Roots are isolated by balls with a proven radius (FLINT), which are narrowed until no two of them meet; that one is a
root of a polynomial is decided by divisibility.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq, fmpz_poly

IntegerPolynomial = fmpz_poly
"""In one variable."""

START_BITS = 64
"""Precision with which roots are looked for first."""


@dataclass(frozen=True)
class Piece:
    """An open interval without a cut, or one cut.

    >>> [str(piece.number(sp.Symbol("x"))) for piece in pieces([fmpz_poly([-2, 0, 1]), fmpz_poly([-1, 2])])[1::2]]
    ['-sqrt(2)', '1/2', 'sqrt(2)']
    """

    inside: fmpq
    """A point of the interval; of a cut the cut itself where it is rational, else a point of the interval below it."""
    minimal: fmpz_poly | None = None
    """The irreducible polynomial of a cut."""
    root: int = 0
    """Which of its real roots it is, from below."""
    ends: tuple[Fraction, Fraction] | None = None
    """Around a cut, apart from those around others; equal where it is rational."""

    @property
    def rational(self) -> Fraction | None:
        """The cut, or a point inside of the interval; None for an irrational cut."""
        return fraction(self.inside) if self.minimal is None or self.minimal.degree() == 1 else None

    def number(self, x: sp.Symbol) -> sp.Expr:
        """The cut as an exact number, in radicals up to degree 2."""
        assert self.minimal is not None
        return sp.rootof(sp.Poly([int(c) for c in reversed(list(self.minimal))], x), self.root)

    def sign(self, f: fmpz_poly) -> int:
        """The sign of a polynomial whose roots are among the cuts."""
        if self.minimal is not None and f.gcd(self.minimal).degree() > 0:
            return 0
        value = f(self.inside)
        return (value > 0) - (value < 0)


def pieces(polynomials: Iterable[fmpz_poly]) -> list[Piece]:
    """Intervals and cuts in turn, from below; the first and the last are intervals."""
    factors = {tuple(map(int, factor)): factor for f in polynomials if f for factor, _ in f.factor()[1]}
    bits = START_BITS
    cuts: list[tuple[fmpq, fmpq, fmpz_poly, int]] = []
    while True:
        with ctx.workprec(bits):
            found = [(*ends, f, k) for f in factors.values() for k, ends in enumerate(_real_roots(f))]
        cuts = sorted(found, key=lambda cut: cut[:2])
        if all(a[1] < b[0] for a, b in pairwise(cuts)):
            break
        bits *= 2
    line: list[Piece] = []
    below: fmpq | None = None
    for low, high, f, k in cuts:
        inside = _between(below, low)
        at = fmpq(-int(f[0]), int(f[1])) if f.degree() == 1 else None
        ends = (low, high) if at is None else (at, at)
        line += [Piece(inside), Piece(inside if at is None else at, f, k, (fraction(ends[0]), fraction(ends[1])))]
        below = high
    return [*line, Piece(_between(below, None))]


def _real_roots(f: fmpz_poly) -> list[tuple[fmpq, fmpq]]:
    """Rationals around each of them, from below; FLINT sets the imaginary part of a real root to exactly 0."""
    return [(_exact(z.real.lower()), _exact(z.real.upper())) for z, _ in f.complex_roots() if z.imag == 0]


def _exact(end: arb) -> fmpq:
    mantissa, exponent = end.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def _between(low: fmpq | None, high: fmpq | None) -> fmpq:
    """A rational with few digits strictly between two numbers; None is far away."""
    if low is None or high is None:
        return fmpq(0) if low is high else fmpq(high.floor() - 1 if low is None else low.ceil() + 1)  # type: ignore[union-attr]
    scale = 1
    while not low < (middle := fmpq(((low + high) / 2 * scale).floor(), scale)) < high:
        scale *= 2
    return middle


def ratio(expr: sp.Expr, x: sp.Symbol) -> tuple[fmpz_poly, fmpz_poly]:
    """Numerator and denominator, each up to a positive factor."""
    parts = (sp.Poly(part, x, domain="QQ").clear_denoms()[1] for part in sp.fraction(sp.together(expr)))
    numerator, denominator = (fmpz_poly([int(c) for c in reversed(part.all_coeffs())]) for part in parts)
    return numerator, denominator


def signs_of(expr: sp.Expr, x: sp.Symbol) -> fmpz_poly:
    """A polynomial with the signs of a rational function, but for its poles, where it vanishes too."""
    numerator, denominator = ratio(expr, x)
    return numerator * denominator


def least(values: Sequence[sp.Expr], x: sp.Symbol) -> list[tuple[sp.Expr, sp.Expr, int]]:
    """Between which ends in (0, 1), from below, which of some rational functions is the least, by its place.

    >>> x = sp.Symbol("x")
    >>> least([x**2, x / 2], x)
    [(0, 1/2, 0), (1/2, 1, 1)]
    """
    line = pieces([*(signs_of(a - b, x) for a, b in combinations(values, 2)), signs_of(x * (1 - x), x)])
    found: list[tuple[sp.Expr, sp.Expr, int]] = []
    for below, inside, above in zip(line[1::2], line[2::2], line[3::2], strict=False):
        at = sp.Rational(inside.rational)
        if 0 < at < 1:
            k = min(range(len(values)), key=lambda k: values[k].xreplace({x: at}))
            low = found.pop()[0] if found and found[-1][2] == k else below.number(x)
            found.append((low, above.number(x), k))
    return found


def is_rational(element: Any) -> bool:
    """Whether an element of a field is a rational number, so that it can be compared."""
    return isinstance(element, fmpq)


def fraction(element: Any) -> Fraction:
    """The same number for Python.

    >>> fraction(fmpq(2, 4))
    Fraction(1, 2)
    """
    return Fraction(int(element.p), int(element.q))
