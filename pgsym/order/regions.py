"""An orthant in two parts that are orthants again, by substitutions; what successive differences are made of.

Along u_i = c: the upper part is u_i = c (1 + w), the lower one c/(1 + w) where 0 is excluded, c w/(1 + w) where it is
included (then c itself lies in the upper part), and c - w on a line.  Along u_i = c u_j: u_i = c u_j + w, and
u_j = u_i/c + w.  Along u_i = c/u_j, as along a number.  In each, w >= 0, and the parts cover the domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from pgsym.order.kinds import Extent
from pgsym.order.polynomials import Polynomial, context, primitive, substitute, terms, value


@dataclass(frozen=True)
class Substitution:
    """u_index = above/below, in the new coordinates, which range over `extents`; below > 0 there."""

    index: int
    above: Polynomial
    below: Polynomial
    extents: tuple[Extent, ...]

    def polynomial(self, p: Polynomial) -> Polynomial:
        """A polynomial in the new coordinates with the sign of p."""
        return primitive(substitute(p, self.index, self.above, self.below))

    def point(self, w: Sequence[Fraction]) -> list[Fraction]:
        """The point u of new coordinates w."""
        u = list(w)
        u[self.index] = value(self.above, w) / value(self.below, w)
        return u


@dataclass(frozen=True)
class Cut:
    """Along u_index = ratio, or u_index = ratio u_other^power, with the power 1 or -1."""

    index: int
    ratio: Fraction
    other: int | None = None
    power: int = 1


def halves(extents: tuple[Extent, ...], cut: Cut, closed: Extent) -> tuple[Substitution, Substitution]:
    """The lower and the upper part; new coordinates range over `closed`.

    That is Extent.CLOSED, or Extent.OPEN where a dense part of the domain is enough.

    >>> low, high = halves((Extent.OPEN,), Cut(0, Fraction(2)), Extent.CLOSED)
    >>> x, = context(1).gens()
    >>> low.polynomial(x - 3), high.polynomial(x - 3)
    (-3*g0 - 1, 2*g0 - 1)
    """
    index, other = cut.index, cut.other
    gens = context(len(extents)).gens()
    one = context(len(extents)).constant(1)
    a, b, w = cut.ratio.numerator, cut.ratio.denominator, gens[index]

    def part(k: int, above: Polynomial, below: Polynomial) -> Substitution:
        return Substitution(k, above, below, (*extents[:k], closed, *extents[k + 1 :]))

    if extents[index] is Extent.LINE and other is None:
        return part(index, a - b * w, b * one), part(index, a + b * w, b * one)
    if cut.ratio <= 0 or index == other:
        raise ValueError("a half-line is cut at a positive number, or a positive multiple of another")
    if other is None:
        near = a * one if extents[index] is Extent.OPEN else a * w
        return part(index, near, b * (1 + w)), part(index, a * (1 + w), b * one)
    v, allowed = gens[other], (Extent.OPEN, Extent.CLOSED) if cut.power == 1 else (Extent.OPEN,)
    if extents[index] not in allowed or extents[other] not in allowed:
        raise ValueError("these ranges are not cut along a ratio or a product")
    if cut.power == 1:
        return part(other, b * w + a * v, a * one), part(index, a * v + b * w, b * one)
    return part(index, a * one, b * v * (1 + w)), part(index, a * (1 + w), b * v)


def without_negative_terms(p: Polynomial, extents: Sequence[Extent], strict: bool) -> bool:
    """Whether the signs of coefficients alone show p >= 0, or p > 0, where the coordinates range over `extents`.

    >>> x, y = context(2).gens()
    >>> without_negative_terms(x**2 + y, (Extent.LINE, Extent.CLOSED), strict=False)
    True
    >>> without_negative_terms(x**2 + y, (Extent.LINE, Extent.CLOSED), strict=True)
    False
    """
    lines = [k for k, side in enumerate(extents) if side is Extent.LINE]
    zeros = [k for k, side in enumerate(extents) if side is not Extent.OPEN]
    found = terms(p)
    if any(c < 0 or any(m[k] % 2 for k in lines) for m, c in found.items()):
        return False
    return not strict or any(all(m[k] == 0 for k in zeros) for m in found)
