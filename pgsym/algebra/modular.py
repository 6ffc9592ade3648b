r"""A linear system over Q(x) modulo one prime: the solution as a power series, then as reduced fractions.

Around an integer point x0 (y = x - x0), with B = A(x0)^{-1} modulo p,

    X_k = B (b_k - sum_j A_j X_{k-j}).

A projection u.X is one rational function of y.  Euclid's algorithm finds its numerator and denominator D from as
many terms as the answer has coefficients, and then N = D X follows from the same recursion with D b in the place
of b; that it ends proves A N = D b modulo p.

Reference: J. von zur Gathen and J. Gerhard, Modern Computer Algebra, sections 5.7 to 5.10.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from flint import fmpz_mat, nmod, nmod_mat, nmod_poly


@dataclass(frozen=True)
class Image:
    """D and N modulo a prime in powers of y, scaled to D(0) = det A(x0)."""

    prime: int
    denominator: list[int]
    numerators: list[list[int]]
    """shape (deg N + 1, n): the coefficient vectors of N, lowest power first."""
    projection: list[int]
    """The coefficients of D, then those of u.N, of which there are deg N + 1."""

    @property
    def degrees(self) -> tuple[int, int]:
        return len(self.denominator) - 1, len(self.numerators) - 1


class ModularSystem:
    """A(x0 + y) X = b(x0 + y) modulo a prime p, from the inverse and the determinant of A(x0).

    `left` and `right` are the coefficients of A and b in powers of y, over the integers.
    """

    def __init__(
        self, p: int, inverse: nmod_mat, det: nmod, left: Sequence[fmpz_mat], right: Sequence[fmpz_mat]
    ) -> None:
        self.p, self.det = p, det
        self.zero = nmod_mat(inverse.nrows(), 1, p)
        self.constants = [inverse * nmod_mat(b, p) for b in right]
        self.steps = [inverse * nmod_mat(a, p) for a in left[1:]]

    def image(self, u: fmpz_mat, bounds: tuple[int, int], like: Image | None) -> Image | None:
        """The solution modulo p, proved modulo p; None if u.X, shape (1, n), does not show the denominator of X.

        The `bounds` are on deg N and deg D; the degrees of the image of another prime, `like`, say how many terms of
        the series will do.
        """
        functional, enough = nmod_mat(u, self.p), sum(bounds) + 1
        terms, split = 8, 4
        if like is not None:
            terms, split = sum(like.degrees) + 2, like.degrees[1]
        series = self._recursion(chain(self.constants, repeat(self.zero)))
        values: list[nmod] = []
        while True:
            if terms >= enough:
                terms, split = enough, bounds[0]
            while len(values) < terms:
                values.append((functional * next(series))[0, 0])
            numerator, denominator = _fraction(nmod_poly(values, self.p), terms, split)
            degree = max(numerator.degree(), 0)
            # One term more than the fraction has unknowns tells most wrong guesses before they cost anything.
            if denominator[0] != 0 and (terms == enough or degree + denominator.degree() + 1 < terms):
                scale = self.det / denominator[0]
                numerators = self._numerators(denominator * scale, degree)
                if numerators is not None:
                    coefficients = [int(c) for c in (denominator * scale).coeffs()]
                    projection = [int(scale * numerator[k]) for k in range(degree + 1)]
                    return Image(self.p, coefficients, numerators, coefficients + projection)
            if terms == enough:
                return None
            terms, split = 2 * terms, terms

    def _recursion(self, constants: Iterable[nmod_mat]) -> Iterator[nmod_mat]:
        """X_k = B (b_k - sum_j A_j X_{k-j}) of shape (n, 1), from the B b_k."""
        recent: deque[nmod_mat] = deque(maxlen=len(self.steps))
        for term in constants:
            for step, earlier in zip(self.steps, recent, strict=False):
                term = term - step * earlier
            recent.appendleft(term)
            yield term

    def _numerators(self, denominator: nmod_poly, degree: int) -> list[list[int]] | None:
        """N with A N = D b modulo p and deg N <= degree, shape (degree + 1, n); None if there is none."""
        last = max(degree + len(self.steps), denominator.degree() + len(self.constants) - 1)
        right = [self.zero] * (last + 1)
        for i, constant in enumerate(self.constants):
            for k in range(denominator.degree() + 1):
                right[i + k] = right[i + k] + constant * denominator[k]
        found = list(self._recursion(right))
        if any(term != self.zero for term in found[degree + 1 :]):
            return None
        return [[int(c) for c in vector.entries()] for vector in found[: degree + 1]]


def _fraction(series: nmod_poly, terms: int, split: int) -> tuple[nmod_poly, nmod_poly]:
    """n and d with n/d = series modulo y^terms and deg n <= split, by Euclid on (y^terms, series).

    They are the reduced fraction, if it has deg n <= split and deg d < terms - split.
    """
    p = series.modulus()
    previous, current = nmod_poly([0] * terms + [1], p), series
    before, factor = nmod_poly([0], p), nmod_poly([1], p)
    while current.degree() > split:
        quotient, rest = divmod(previous, current)
        previous, current = current, rest
        before, factor = factor, before - quotient * factor
    return current, factor
