"""An orthant in two parts that are orthants again, by substitutions; what successive differences are made of.

Along u_i = c: the upper part is u_i = c + w, the lower one c/(1 + w) where 0 is excluded, c w/(1 + w) where it is
included (then c itself lies in the upper part), and c - w on a line.  Along u_i = c u_j: u_i = c u_j + w, and
u_j = u_i/c + w.  In each, w >= 0, and the parts cover the domain.
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


def halves(
    extents: tuple[Extent, ...], index: int, ratio: Fraction, other: int | None, closed: Extent
) -> tuple[Substitution, Substitution]:
    """The lower and the upper part; new coordinates range over `closed`.

    That is Extent.CLOSED, or Extent.OPEN where a dense part of the domain is enough.

    >>> low, high = halves((Extent.OPEN,), 0, Fraction(2), None, Extent.CLOSED)
    >>> x, = context(1).gens()
    >>> low.polynomial(x - 3), high.polynomial(x - 3)
    (-3*g0 - 1, g0 - 1)
    """
    gens = context(len(extents)).gens()
    one = context(len(extents)).constant(1)
    a, b, w = ratio.numerator, ratio.denominator, gens[index]

    def part(k: int, above: Polynomial, below: Polynomial) -> Substitution:
        return Substitution(k, above, below, (*extents[:k], closed, *extents[k + 1 :]))

    if other is not None:
        if ratio <= 0 or Extent.LINE in (extents[index], extents[other]) or index == other:
            raise ValueError("only two coordinates of a half-line are compared, by a positive ratio")
        v = gens[other]
        return part(other, b * w + a * v, a * one), part(index, a * v + b * w, b * one)
    if extents[index] is Extent.LINE:
        return part(index, a - b * w, b * one), part(index, a + b * w, b * one)
    if ratio <= 0:
        raise ValueError("a half-line is cut at a positive number")
    near = a * one if extents[index] is Extent.OPEN else a * w
    return part(index, near, b * (1 + w)), part(index, a + b * w, b * one)


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
