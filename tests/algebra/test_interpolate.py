"""Univariate systems by images modulo primes, against elimination over SymPy's rational functions."""

import random
from fractions import Fraction
from itertools import islice

import pytest
import sympy as sp
from flint import fmpz_mat, fmpz_poly

from pgsym.algebra import interpolate
from pgsym.algebra.interpolate import UnivariateFactorization, certified
from pgsym.errors import SingularMatrixError

ONE, X = fmpz_poly([1]), fmpz_poly([0, 1])
x = sp.Symbol("x")


def random_system(rng, n, degree, density=0.6, size=9):
    """A matrix with a zero-free diagonal, and a right-hand side."""

    def entry():
        return fmpz_poly([rng.randint(-size, size) for _ in range(rng.randint(0, degree) + 1)])

    rows = [{j: e for j in range(n) if (i == j or rng.random() < density) and (e := entry())} for i in range(n)]
    for i in range(n):
        rows[i].setdefault(i, ONE)
    return rows, [entry() for _ in range(n)]


def by_elimination(rows, b):
    """[(numerator, denominator) of X_i] by SymPy's LU over Q(x)."""
    field = sp.QQ.frac_field(x)

    def expr(poly):
        return field.from_sympy(sum((int(c) * x**k for k, c in enumerate(poly.coeffs())), sp.Integer(0)))

    n = len(rows)
    dense = [[expr(row.get(j, fmpz_poly())) for j in range(n)] for row in rows]
    matrix = sp.polys.matrices.DomainMatrix(dense, (n, n), field)
    right = sp.polys.matrices.DomainMatrix([[expr(e)] for e in b], (n, 1), field)
    return [field.to_sympy(row[0]) for row in matrix.lu_solve(right).to_list()]


def as_expr(numerator, denominator):
    n, d = (sum((int(c) * x**k for k, c in enumerate(p.coeffs())), sp.Integer(0)) for p in (numerator, denominator))
    return n / d


def transposed(rows):
    return [{i: row[j] for i, row in enumerate(rows) if j in row} for j in range(len(rows))]


@pytest.mark.parametrize(
    ("seed", "n", "degree"), [(0, 1, 3), (1, 2, 1), (2, 3, 0), (3, 3, 2), (4, 4, 1), (5, 5, 3), (6, 6, 1), (7, 8, 1)]
)
def test_solution_agrees_with_elimination(seed, n, degree):
    rows, b = random_system(random.Random(seed), n, degree)
    factors = UnivariateFactorization(rows)
    for found, expected in (
        (factors.solve(b), by_elimination(rows, b)),
        (factors.solve_transposed(b), by_elimination(transposed(rows), b)),
    ):
        numerators, denominator = found
        assert [sp.cancel(as_expr(p, denominator) - e) for p, e in zip(numerators, expected, strict=True)] == [0] * n


@pytest.mark.parametrize("seed", range(20))
def test_fractions_are_reduced_and_proved(seed):
    rng = random.Random(seed)
    rows, b = random_system(rng, rng.randint(1, 12), rng.randint(0, 3), size=10 ** rng.randint(0, 30))
    numerators, denominator = UnivariateFactorization(rows).solve(b)
    assert certified(rows, b, numerators, denominator)
    common = denominator
    for p in numerators:
        common = common.gcd(p)
    assert common == 1
    assert denominator.leading_coefficient() > 0


def test_stationary_distribution_of_a_ring():
    # A walk on a ring that steps right with odds x is uniform, whatever x is.
    n = 30
    chain = [{i: -(X + 1), (i + 1) % n: X, (i - 1) % n: ONE} for i in range(n)]
    rows = [{j: e for j, e in row.items() if j < n - 1} for row in chain[: n - 1]]
    numerators, denominator = UnivariateFactorization(rows).solve_transposed(
        [-chain[-1].get(j, 0 * X) for j in range(n - 1)]
    )
    assert (numerators, denominator) == ([ONE] * (n - 1), ONE)


def test_gamblers_ruin_has_the_published_closed_form():
    # Feller, volume 1, XIV.2: with odds x = p/q of a step up, Pr(n before 0 | k) = (x^n - x^(n-k)) / (x^n - 1).
    n = 12
    rows = [{k: X + 1, k + 1: -X, k - 1: -ONE} for k in range(1, n)]
    rows = [{j - 1: e for j, e in row.items() if 0 < j < n} for row in rows]
    numerators, denominator = UnivariateFactorization(rows).solve([0 * X] * (n - 2) + [X])
    for k, numerator in enumerate(numerators, start=1):
        assert numerator * (X**n - 1) == denominator * (X**n - X ** (n - k))


# -- degenerate degrees ----------------------------------------------------------------------------------


def test_constant_matrix_gives_rational_numbers():
    rows = [{0: 2 * ONE, 1: ONE}, {0: ONE, 1: 3 * ONE}]
    assert UnivariateFactorization(rows).solve([ONE, 0 * X]) == ([3 * ONE, -ONE], 5 * ONE)


def test_zero_right_hand_side_gives_zero():
    assert UnivariateFactorization([{0: X}]).solve([0 * X]) == ([fmpz_poly()], ONE)


def test_empty_system_has_an_empty_solution():
    assert UnivariateFactorization([]).solve([]) == ([], ONE)


def test_stored_zeros_do_not_matter():
    assert UnivariateFactorization([{0: X, 1: 0 * X}, {1: ONE}]).solve([ONE, ONE]) == ([ONE, X], X)


def test_polynomial_solution_has_denominator_one():
    rows = [{0: X + 2, 1: ONE}, {0: ONE, 1: X}]
    wanted = [X**7 - 3, X**2]
    b = [(X + 2) * wanted[0] + wanted[1], wanted[0] + X * wanted[1]]
    assert UnivariateFactorization(rows).solve(b) == (wanted, ONE)


def test_series_that_starts_with_many_zeros_is_not_taken_for_zero():
    # Around x0 = 1 the first 40 terms of the solution vanish.
    b = (X - 1) ** 40
    assert UnivariateFactorization([{0: X + 1}]).solve([b]) == ([b], X + 1)


def test_matrix_singular_at_the_first_points_is_solved():
    entry = (X - 1) * (X - 2) * (X - 3)
    factors = UnivariateFactorization([{0: entry, 1: ONE}, {1: X}])
    assert factors.point == 4
    assert factors.solve([ONE, X]) == ([0 * X, ONE], ONE)
    assert factors.solve([ONE, 0 * X]) == ([ONE, 0 * X], entry)


# -- unlucky primes --------------------------------------------------------------------------------------


def first_primes(k):
    return list(islice(interpolate._primes_downwards(), k))


def test_primes_are_primes_below_the_bound_in_order():
    primes = first_primes(5)
    assert primes == sorted(primes, reverse=True)
    assert all(sp.isprime(p) and p.bit_length() == 62 for p in primes)


def test_prime_that_divides_the_determinant_is_skipped():
    _, p, q, *_ = first_primes(3)
    assert UnivariateFactorization([{0: p * q * ONE, 1: X}, {1: X + 1}]).solve([ONE, 0 * X]) == (
        [ONE, 0 * X],
        p * q * ONE,
    )


@pytest.mark.parametrize("which", [(1,), (1, 2), (2,), (1, 2, 3, 4)])
def test_prime_that_divides_a_leading_coefficient_does_not_matter(which):
    primes = first_primes(5)
    lead = 1
    for k in which:
        lead *= primes[k]
    rows = [{0: lead * X**2 + 1, 1: ONE}, {1: X + 5}]
    numerators, denominator = UnivariateFactorization(rows).solve([ONE, X])
    assert denominator == (lead * X**2 + 1) * (X + 5)
    assert numerators == [fmpz_poly([5]), X * (lead * X**2 + 1)]
    # The numerators' leading coefficient this time.
    assert UnivariateFactorization([{0: X + 1}]).solve([lead * X**3 + 2]) == ([lead * X**3 + 2], X + 1)


def test_functional_that_misses_the_denominator_is_replaced(monkeypatch):
    rows, b = random_system(random.Random(3), 4, 1)
    expected = UnivariateFactorization(rows).solve(b)
    draws = iter([fmpz_mat(1, 4, [0] * 4), fmpz_mat(1, 4, [1, 2, 3, 4])])
    monkeypatch.setattr(interpolate, "_random_functional", lambda n, rng: next(draws))
    assert UnivariateFactorization(rows).solve(b) == expected
    assert next(draws, None) is None


# -- the proof -------------------------------------------------------------------------------------------


def test_certificate_rejects_every_corrupted_coefficient():
    rows, b = random_system(random.Random(11), 4, 2)
    numerators, denominator = UnivariateFactorization(rows).solve(b)
    assert certified(rows, b, numerators, denominator)
    for i, numerator in enumerate(numerators):
        for k in range(numerator.degree() + 2):
            assert not certified(rows, b, [*numerators[:i], numerator + X**k, *numerators[i + 1 :]], denominator)
    for k in range(denominator.degree() + 2):
        assert not certified(rows, b, numerators, denominator - X**k)
    assert not certified(rows, b, [-p for p in numerators], denominator)


def test_certificate_rejects_the_zero_fraction():
    assert not certified([{0: X}], [ONE], [fmpz_poly()], fmpz_poly())


def test_solve_rejects_a_corrupted_candidate(monkeypatch):
    rows, b = random_system(random.Random(12), 5, 1)
    expected = UnivariateFactorization(rows).solve(b)
    true_lift, tries = interpolate._lift, []

    def corrupted_at_first(images, x0):
        numerators, denominator = true_lift(images, x0)
        tries.append(len(images))
        if len(tries) == 1:
            numerators[2] = numerators[2] + 1
        return numerators, denominator

    monkeypatch.setattr(interpolate, "_lift", corrupted_at_first)
    assert UnivariateFactorization(rows).solve(b) == expected
    assert tries == [tries[0], tries[0] + 1]


# -- singular matrices -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "rank"),
    [
        ([{}, {}], 0),
        ([{0: X}, {}], 1),
        ([{0: X, 1: ONE}, {0: X**2, 1: X}], 1),
        ([{0: X + 1, 1: -X, 2: -ONE}, {0: -ONE, 1: X + 1, 2: -X}, {0: -X, 1: -ONE, 2: X + 1}], 2),
    ],
    ids=["zero", "empty-row", "proportional", "I-P"],
)
def test_singular_matrix_raises_with_its_rank(rows, rank):
    n = len(rows)
    with pytest.raises(SingularMatrixError) as error:
        UnivariateFactorization(rows)
    assert str(error.value) == (
        f"the {n} x {n} matrix over Q(x) has rank {rank}; a unique solution needs rank {n}. "
        "Check the model for a second recurrent class or a policy that may never terminate"
    )


def test_singular_verdict_needs_an_exact_kernel_vector(monkeypatch):
    # An image of too small a rank, as at an unlucky point, must not condemn a nonsingular matrix.
    true_evaluate, calls = interpolate._evaluate, []

    def unlucky_at_first(rows, point, p):
        calls.append(len(rows))
        return true_evaluate([{} for _ in rows] if len(calls) <= 2 else rows, point, p)

    monkeypatch.setattr(interpolate, "_evaluate", unlucky_at_first)
    factors = UnivariateFactorization([{0: X, 1: ONE}, {1: X}])
    assert factors.point == 2
    assert factors.solve([0 * X, ONE]) == ([-ONE, X], X**2)


def test_value_at_a_point_is_the_rational_solution():
    # A chain of 40 states against Gaussian elimination over the rationals at x = 3/7.
    rng, n, point = random.Random(5), 40, Fraction(3, 7)
    rows = [{i: 11 * X + 12} for i in range(n)]
    for i in range(n):
        for step, j in enumerate(rng.sample([k for k in range(n) if k != i], 4)):
            rows[i][j] = -(rng.randint(1, 5) * (X if step % 2 else ONE))
    b = [fmpz_poly([rng.randint(-3, 3), rng.randint(-3, 3)]) for _ in range(n)]
    numerators, denominator = UnivariateFactorization(rows).solve(b)

    def value(poly):
        return sum((int(c) * point**k for k, c in enumerate(poly.coeffs())), Fraction(0))

    solution = [value(p) / value(denominator) for p in numerators]
    for row, right in zip(rows, b, strict=True):
        assert sum((value(e) * solution[j] for j, e in row.items()), Fraction(0)) == value(right)
