r"""Linear systems over Q(x), one variable, by images modulo word-size primes.

Elimination pays for intermediate fractions whose degree grows with every pivot, images pay for dense matrices: a chain
stays with elimination, a random graph does not (`prefers_images`).  Here only the answer is built.

`modular` finds, modulo one prime, the least denominator D and the numerators N = D X as polynomials in y = x - x0.
Scaled to D(0) = det A(x0) they are images of integer polynomials, since det A = c D for a polynomial c over the
integers: one integer scale for all primes, so the images combine by the Chinese remainder theorem until nothing
changes.  The combined candidate is then proved: A N = D b is checked over Z[x], and A is nonsingular because its
determinant is nonzero modulo a prime.  Chance decides the running time, never the answer.

References: J. D. Dixon, Exact solution of linear equations using p-adic expansions (1982);
D. H. Wiedemann, Solving sparse linear equations over finite fields (1986).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count
from math import prod
from operator import mul
from random import Random

from flint import fmpz, fmpz_mat, fmpz_poly, nmod, nmod_mat, nmod_poly

from pgsym.algebra.coprime import CoprimeBase
from pgsym.algebra.field import LazyVector, Row
from pgsym.algebra.fraction import ONE, RationalFunction
from pgsym.algebra.modular import Image, ModularSystem
from pgsym.algebra.ordering import Ordering
from pgsym.algebra.prime import PRIME_BITS
from pgsym.errors import SingularMatrixError

PolynomialRow = Mapping[int, fmpz_poly]
Fractions = tuple[list[fmpz_poly], fmpz_poly]

RESIDUE_BITS = PRIME_BITS - 2
"""Shorter than a word by two bits, which FLINT's kernels use."""


class UnivariateFactorization:
    """A square nonsingular A(x), with the inverses of A(x0) modulo the primes used so far.

    Where det A is the zero polynomial, SingularMatrixError is raised, after a vector v != 0 with A v = 0 was found.

    >>> x, one = fmpz_poly([0, 1]), fmpz_poly([1])
    >>> UnivariateFactorization([{0: x + 1, 1: one}, {0: one, 1: x + 1}]).solve([one, one])
    ([1, 1], x + 2)
    """

    def __init__(self, rows: Sequence[PolynomialRow]) -> None:
        self.rows: list[PolynomialRow] = [{j: entry for j, entry in row.items() if entry} for row in rows]
        self.n = len(self.rows)
        self._primes = _primes_downwards()
        self._kept: list[tuple[int, nmod_mat, nmod]] = []
        self.point = self._nonsingular_point()
        """x0: an integer where A is nonsingular."""

    def solve_transposed(self, c: Sequence[fmpz_poly]) -> Fractions:
        """Numerators, shape (n,), and the least common denominator of Y with A^T Y = c."""
        return self.solve(c, transposed=True)

    def solve(self, b: Sequence[fmpz_poly], *, transposed: bool = False) -> Fractions:
        """Numerators (n,) and least common denominator of X with A X = b, without a common factor; its sign is +.

        Images modulo primes are combined until the candidate is proved.
        """
        if not any(b):
            return [fmpz_poly() for _ in b], fmpz_poly([1])
        rows = self._columns if transposed else self.rows
        to_y = fmpz_poly([self.point, 1])
        right = _coefficient_matrices([{0: entry(to_y)} if entry else {} for entry in b], 1)
        left = [a.transpose() for a in self._shifted] if transposed else self._shifted
        bounds, rng = _degree_bounds(rows, b), Random(0)
        # A projection over the integers is the same polynomial for every prime, so it joins the stopping test.
        u = _random_functional(self.n, rng)
        images: list[Image] = []
        remainders = _Remainders()
        for p, inverse, det in self._inverses():
            modular = ModularSystem(p, inverse.transpose() if transposed else inverse, det, left, right)
            image = modular.image(u, bounds, images[0] if images else None)
            if image is None:
                # u.X has a smaller denominator than X: the wrong functional, for all primes so far.
                u, images, remainders = _random_functional(self.n, rng), [], _Remainders()
                continue
            if images and image.degrees != images[0].degrees:
                # Modulo p, the least denominator divides the true one: the largest degree is the right one.
                if image.degrees < images[0].degrees:
                    continue
                images, remainders = [], _Remainders()
            images.append(image)
            if remainders.absorb(image.projection, p):
                candidate = _lift(images, self.point)
                if certified(rows, b, *candidate):
                    return candidate
        raise AssertionError("the primes end")  # pragma: no cover

    @cached_property
    def _columns(self) -> list[PolynomialRow]:
        return [{i: row[j] for i, row in enumerate(self.rows) if j in row} for j in range(self.n)]

    @cached_property
    def _shifted(self) -> list[fmpz_mat]:
        """A_k with A(x0 + y) = sum_k A_k y^k."""
        to_y = fmpz_poly([self.point, 1])
        return _coefficient_matrices([{j: a(to_y) for j, a in row.items()} for row in self.rows], self.n)

    def _inverses(self) -> Iterator[tuple[int, nmod_mat, nmod]]:
        """p, A(x0)^{-1} and det A(x0) modulo p, for every prime where the determinant is nonzero."""
        for k in count():
            while k >= len(self._kept):
                p = next(self._primes)
                at_point = nmod_mat(self._shifted[0], p)
                det = at_point.det()
                if det != 0:
                    self._kept.append((p, at_point.inv(), det))
            yield self._kept[k]

    def _nonsingular_point(self) -> int:
        """The first of 1, 2, 3... where det A is nonzero modulo some prime, hence over Q(x)."""
        for x0 in count(1):
            p = next(self._primes)
            if _evaluate(self.rows, x0, p).rank() == self.n:
                return x0
            # A nonzero determinant has finitely many roots; a zero one has a kernel vector to show for it.
            self._raise_if_singular(Random(x0).randrange(p), p)
        raise AssertionError("the integers end")  # pragma: no cover

    def _raise_if_singular(self, point: int, p: int) -> None:
        """Solve a maximal nonsingular minor for one dependent column, and prove A v = 0 with it."""
        image = _evaluate(self.rows, point, p)
        columns, independent = _pivots(image), _pivots(image.transpose())
        rank = len(columns)
        if rank == self.n:
            return
        dependent = min(set(range(self.n)) - set(columns))
        minor = [{k: self.rows[i][j] for k, j in enumerate(columns) if j in self.rows[i]} for i in independent]
        target = [self.rows[i].get(dependent, fmpz_poly()) for i in independent]
        numerators, denominator = UnivariateFactorization(minor).solve(target)
        kernel = [fmpz_poly() for _ in range(self.n)]
        kernel[dependent] = -denominator
        for j, numerator in zip(columns, numerators, strict=True):
            kernel[j] = numerator
        if not any(_row_product(row, kernel) for row in self.rows):
            raise SingularMatrixError(
                f"the {self.n} x {self.n} matrix over Q(x) has rank {rank}; a unique solution needs rank {self.n}. "
                "Check the model for a second recurrent class or a policy that may never terminate"
            )


class _Remainders:
    """Integers known modulo a growing product of primes, in the symmetric range."""

    def __init__(self) -> None:
        self.values: list[int] | None = None
        self.modulus = 1

    def absorb(self, residues: Sequence[int], p: int) -> bool:
        """Take in the residues modulo one more prime; True if they were already known."""
        values = self.values if self.values is not None else [0] * len(residues)
        inverse = pow(self.modulus, -1, p)
        digits = [_symmetric((r - v) * inverse, p) for r, v in zip(residues, values, strict=True)]
        known = self.values is not None and not any(digits)
        self.values = [v + self.modulus * digit for v, digit in zip(values, digits, strict=True)]
        self.modulus *= p
        return known


def _symmetric(value: int, modulus: int) -> int:
    """The representative in (-modulus/2, modulus/2]."""
    value %= modulus
    return value - modulus if 2 * value > modulus else value


def _lift(images: Sequence[Image], x0: int) -> Fractions:
    """Chinese remainders of D and N, back in x, divided by their common integer factor."""
    modulus = prod(image.prime for image in images)
    cofactors = [modulus // image.prime for image in images]
    idempotents = [m * pow(m, -1, image.prime) for m, image in zip(cofactors, images, strict=True)]

    def integers(residues: Sequence[Sequence[int]]) -> list[int]:
        return [_symmetric(sum(map(mul, r, idempotents)), modulus) for r in zip(*residues, strict=True)]

    to_x = fmpz_poly([-x0, 1])
    denominator = fmpz_poly(integers([image.denominator for image in images]))(to_x)
    by_power = [integers(vectors) for vectors in zip(*(image.numerators for image in images), strict=True)]
    numerators = [fmpz_poly(list(coefficients))(to_x) for coefficients in zip(*by_power, strict=True)]
    common = denominator.content()
    for numerator in numerators:
        common = common.gcd(numerator.content())
    if denominator.leading_coefficient() < 0:
        common = -common
    return [numerator // common for numerator in numerators], denominator // common


def certified(
    rows: Sequence[PolynomialRow], b: Sequence[fmpz_poly], numerators: Sequence[fmpz_poly], denominator: fmpz_poly
) -> bool:
    """Whether A N = D b over Z[x] and D != 0: for a nonsingular A this proves X = N/D."""
    return bool(denominator) and all(
        _row_product(row, numerators) == denominator * entry for row, entry in zip(rows, b, strict=True)
    )


def _row_product(row: PolynomialRow, vector: Sequence[fmpz_poly]) -> fmpz_poly:
    return sum((entry * vector[j] for j, entry in row.items()), fmpz_poly())


def _degree_bounds(rows: Sequence[PolynomialRow], b: Sequence[fmpz_poly]) -> tuple[int, int]:
    """Bounds on deg N and deg D by Cramer's rule: a product takes one entry of every row and of every column."""
    by_row = [max(entry.degree() for entry in row.values()) for row in rows]
    by_column = [0] * len(rows)
    for row in rows:
        for j, entry in row.items():
            by_column[j] = max(by_column[j], entry.degree())
    with_b = sum(max(degree, entry.degree()) for degree, entry in zip(by_row, b, strict=True))
    replaced = sum(by_column) - min(by_column) + max(entry.degree() for entry in b)
    return min(with_b, replaced), min(sum(by_row), sum(by_column))


def _coefficient_matrices(rows: Sequence[PolynomialRow], columns: int) -> list[fmpz_mat]:
    """M_k with M(y) = sum_k M_k y^k, for k up to the degree."""
    degree = max((entry.degree() for row in rows for entry in row.values()), default=0)
    flat: list[list[fmpz | int]] = [[0] * (len(rows) * columns) for _ in range(degree + 1)]
    for i, row in enumerate(rows):
        for j, entry in row.items():
            for k, c in enumerate(entry.coeffs()):
                flat[k][i * columns + j] = c
    return [fmpz_mat(len(rows), columns, values) for values in flat]


def _evaluate(rows: Sequence[PolynomialRow], point: int, p: int) -> nmod_mat:
    n = len(rows)
    values: list[nmod | int] = [0] * (n * n)
    for i, row in enumerate(rows):
        for j, entry in row.items():
            values[i * n + j] = nmod_poly(entry, p)(nmod(point, p))
    return nmod_mat(n, n, values, p)


def _pivots(matrix: nmod_mat) -> list[int]:
    """The first columns that span the column space."""
    reduced, rank = matrix.rref()
    return [next(j for j in range(reduced.ncols()) if reduced[i, j] != 0) for i in range(rank)]


def _random_functional(n: int, rng: Random) -> fmpz_mat:
    """Nonzero integers of half a word, shape (1, n)."""
    return fmpz_mat(1, n, [rng.randrange(1, 1 << 31) for _ in range(n)])


def _primes_downwards() -> Iterator[int]:
    return (q for q in range(2**RESIDUE_BITS - 1, 2, -2) if fmpz(q).is_prime())


SMALLEST_DENSE = 8
"""Below this order elimination takes less time than choosing primes."""

UPDATES_PER_ENTRY = 0.1
"""Measured: an update of degree n costs about n times 7 us, and images about n^3 times 0.5 us."""


def prefers_images(ordering: Ordering) -> bool:
    """Whether images modulo primes are expected to be faster than elimination in this order."""
    n = len(ordering.pivots)
    return n >= SMALLEST_DENSE and ordering.updates > UPDATES_PER_ENTRY * n * n


class ImageFactorization:
    """`UnivariateFactorization` over field elements, for rows of polynomials; denominators become parts of `base`."""

    def __init__(self, base: CoprimeBase, rows: Sequence[Row]) -> None:
        self._base = base
        self._inner = UnivariateFactorization([{j: e.numerator for j, e in row.items()} for row in rows])

    def solve(self, b: Sequence[RationalFunction]) -> LazyVector:
        return self._over_common(b, self._inner.solve)

    def solve_transposed(self, c: Sequence[RationalFunction]) -> LazyVector:
        return self._over_common(c, self._inner.solve_transposed)

    def _over_common(
        self, vector: Sequence[RationalFunction], solve: Callable[[Sequence[fmpz_poly]], Fractions]
    ) -> LazyVector:
        """The solution for numerators over one denominator, divided by it."""
        common = RationalFunction(self._base, self._base.ring.one)
        for element in vector:
            missing = (element * common).denominator()
            if missing != 1:
                common = common * RationalFunction(self._base, missing)
        numerators, denominator = solve([(element * common).numerator for element in vector])
        divisor = RationalFunction(self._base, denominator) * common
        return LazyVector(len(numerators), lambda i: RationalFunction(self._base, numerators[i], ONE) / divisor)
