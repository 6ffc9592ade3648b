"""Systems over Q(x), one generator: elimination, or images modulo primes where elimination would fill up.

Elimination pays for intermediate fractions whose degree grows with every pivot; images pay for dense matrices.
A chain stays with elimination, a random graph does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpz_poly

from pgsym.algebra.coprime import CoprimeBase
from pgsym.algebra.field import Row
from pgsym.algebra.fraction import ONE, RationalFunction
from pgsym.algebra.interpolate import Fractions, factor_univariate
from pgsym.algebra.lazy import LazyVector
from pgsym.algebra.ordering import Ordering

SMALLEST_DENSE = 8
"""Below this order elimination takes less time than choosing primes."""

UPDATES_PER_ENTRY = 0.1
"""Measured: an update of degree n costs about n times 7 us, and images about n^3 times 0.5 us."""


def prefers_images(ordering: Ordering) -> bool:
    """Whether images modulo primes are expected to be faster than elimination in this order."""
    n = len(ordering.pivots)
    return n >= SMALLEST_DENSE and ordering.updates > UPDATES_PER_ENTRY * n * n


class ImageFactorization:
    """`interpolate.factor_univariate` over field elements, for polynomial rows ``S A`` and scales S.

    Parameters
    ----------
    base
        Where the solution's denominator becomes a part.
    rows
        Rows of S A; their elements are polynomials.
    scales
        The diagonal of S.
    """

    def __init__(self, base: CoprimeBase, rows: Sequence[Row], scales: Sequence[RationalFunction]) -> None:
        self._base = base
        self._scales = scales
        self._inner = factor_univariate([{j: e.numerator for j, e in row.items()} for row in rows])

    def solve(self, b: Sequence[RationalFunction]) -> LazyVector:
        """x with S A x = S b."""
        right, common = self._over_common([s * e for s, e in zip(self._scales, b, strict=True)])
        return self._fractions(self._inner.solve(right), common)

    def solve_transposed(self, c: Sequence[RationalFunction]) -> LazyVector:
        """y = S z with (S A)^T z = c."""
        right, common = self._over_common(c)
        z = self._fractions(self._inner.solve_transposed(right), common)
        return LazyVector(len(z), lambda i: self._scales[i] * z[i])

    def _over_common(self, vector: Sequence[RationalFunction]) -> tuple[list[fmpz_poly], RationalFunction]:
        """Numerators over one denominator."""
        common = RationalFunction(self._base, self._base.ring.one)
        for element in vector:
            missing = (element * common).denominator()
            if missing != 1:
                common = common * RationalFunction(self._base, missing)
        return [(element * common).numerator for element in vector], common

    def _fractions(self, solution: Fractions, common: RationalFunction) -> LazyVector:
        numerators, denominator = solution
        divisor = RationalFunction(self._base, denominator) * common
        return LazyVector(len(numerators), lambda i: RationalFunction(self._base, numerators[i], ONE) / divisor)
