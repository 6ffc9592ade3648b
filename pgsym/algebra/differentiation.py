r"""Derivatives of fractions with factored denominators, without expanding a squared denominator.

For a derivation delta and e = N / (c prod p_i^{e_i}),

    delta e = (delta N prod p_i - N sum_i e_i delta p_i prod_{j != i} p_j) / (c prod p_i^{e_i + 1}).

An irreducible f in the denominator either divides delta f (f is *special*: a constant of the derivation, or
x for x d/dx) or it does not, and then its exponent grows by exactly one: nothing cancels.  Parts are split
until each is wholly special or free of special factors and squares, so only the special parts, which do not
need the extra factor p_i, are tried for cancellation, and the result is in lowest terms.

Reference: M. Bronstein, Symbolic Integration I, section 3.4 (special polynomials).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pgsym.algebra.coprime import CoprimeBase, CoprimePart, Factors
from pgsym.algebra.fraction import RationalFunction, reduced
from pgsym.algebra.polynomial import Polynomial


@dataclass(frozen=True, eq=False)
class Differentiation:
    """delta with ``delta g_k = images[k] / denominator`` for polynomials, and 0 for the other generators."""

    _base: CoprimeBase
    _images: Mapping[int, Polynomial]
    _denominator: RationalFunction

    @classmethod
    def from_elements(cls, base: CoprimeBase, images: Mapping[int, RationalFunction]) -> Differentiation:
        """A table of fractions, over their common denominator."""
        denominator = RationalFunction(base, base.ring.one)
        for image in images.values():
            rest = image * denominator
            denominator = denominator * RationalFunction(base, rest.denominator())
        numerators = {k: (image * denominator).numerator for k, image in images.items()}
        return cls(base, numerators, denominator)

    def __call__(self, element: RationalFunction) -> RationalFunction:
        base = self._base
        special, regular = self._classified(element.factors)
        numerator = self._of_linear(element.numerator, special, regular)
        if numerator is None:
            numerator = self._combined(element.numerator, special, regular)
        if numerator.is_zero():
            return RationalFunction(base, numerator)
        result = reduced(base, numerator, element.scale, special)
        grown = tuple((part, power + 1) for part, power in regular)
        below, grown = base.refine(result.factors, grown)
        result = RationalFunction(base, result.numerator, result.scale, base.times(below, grown))
        return result if self._denominator.numerator.is_one() else result / self._denominator

    def _combined(self, numerator: Polynomial, special: Factors, regular: Factors) -> Polynomial:
        """The numerator of delta e, over the special parts and one more power of each regular part."""
        base, ring = self._base, self._base.ring
        product = base.expand(tuple((part, 1) for part, _ in regular))
        logarithmic = ring.zero
        for part, power in regular:
            others = base.expand(tuple((other, 1) for other, _ in regular if other is not part))
            logarithmic += ring.multiply(self._polynomial(part.poly) * power, others)
        for part, power in special:
            logarithmic += ring.multiply((self._polynomial(part.poly) // part.poly) * power, product)
        total = ring.multiply(self._polynomial(numerator), product)
        return total if logarithmic.is_zero() else total - ring.multiply(numerator, logarithmic)

    def _of_linear(self, numerator: Polynomial, special: Factors, regular: Factors) -> Polynomial | None:
        """The same where N = a g + b over one part p = c g + d, with the only generator g that delta moves.

        It is (a d - b c) delta g.  Where g is the odds of a choice, a/c and b/d are what e becomes when the choice is
        certain, or ruled out: simpler fractions, whose common factors need not be multiplied out and cancelled.
        """
        ring = self._base.ring
        if len(self._images) != 1 or [power for _, power in regular] != [1]:
            return None
        ((k, image),) = self._images.items()
        part = regular[0][0].poly
        if max(ring.degrees(numerator)[k], ring.degrees(part)[k]) > 1:
            return None
        if any(not self._polynomial(other.poly).is_zero() for other, _ in special):
            return None
        a, c = ring.derivative(numerator, k), ring.derivative(part, k)
        b, d = numerator - a * ring.generators[k], part - c * ring.generators[k]
        certain, never = ring.gcd(a, c), ring.gcd(b, d)
        rest = ring.multiply(a // certain, d // never) - ring.multiply(b // never, c // certain)
        return ring.product([(rest, 1), (certain, 1), (never, 1), (image, 1)])

    def _polynomial(self, poly: Polynomial) -> Polynomial:
        """delta of a polynomial, times the denominator."""
        ring = self._base.ring
        total = ring.zero
        for index, image in self._images.items():
            slope = ring.derivative(poly, index)
            if not slope.is_zero():
                total = total + ring.multiply(slope, image)
        return total

    def _classified(self, factors: Factors) -> tuple[Factors, Factors]:
        """The special and the regular parts, after the splits that this needs."""
        base = self._base
        while True:
            factors = base.live(factors)
            special: list[tuple[CoprimePart, int]] = []
            regular: list[tuple[CoprimePart, int]] = []
            for part, power in factors:
                kind = self._kind(part)
                if kind is None:
                    break
                (special if kind else regular).append((part, power))
            else:
                return tuple(special), tuple(regular)

    def _kind(self, part: CoprimePart) -> bool | None:
        """True for a special part, False for a regular one, None if it had to be split."""
        if self not in part.special:
            slope = self._polynomial(part.poly)
            g = part.poly if slope.is_zero() else self._base.ring.gcd(part.poly, slope)
            g = g // g.content()
            if g.is_one():
                part.special[self] = False
            elif g == part.poly:
                part.special[self] = True
            else:
                self._base.split(part, g)
                return None
        return part.special[self]
