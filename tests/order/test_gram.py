"""Sums of squares: what is proved is one, near misses are not, and the checker refuses what was damaged."""

import random
from dataclasses import replace
from fractions import Fraction
from itertools import combinations_with_replacement

import pytest
import sympy as sp
from plain_signs import decided, values

from pgsym.order import Kind, SignStatus, fraction_of
from pgsym.order.checker import check
from pgsym.order.gram import sum_of_squares
from pgsym.order.kinds import Extent
from pgsym.order.polynomials import context, of_terms, terms

x, y, z = sp.symbols("x y z")
REAL = dict.fromkeys((x, y, z), Kind.REAL)
POSITIVE = dict.fromkeys((x, y), Kind.POSITIVE)
X, Y = context(2).gens()
LINES = (Extent.LINE, Extent.LINE)
ORTHANT = (Extent.OPEN, Extent.OPEN)


def random_squares(seed, count):
    """The sum of squares of random polynomials of degree 2 in three variables."""
    rng = random.Random(seed)
    monomials = [sp.Mul(*m) for m in combinations_with_replacement((x, y, z, sp.Integer(1)), 2)]
    return sp.expand(sum(sum(rng.randint(-3, 3) * m for m in monomials) ** 2 for _ in range(count)))


@pytest.mark.parametrize("seed", range(4))
def test_random_quartics_in_three_variables(seed):
    found = decided(random_squares(seed, 5), REAL)
    assert found.status is SignStatus.PROVED
    assert found.certificate.rung == "sums of squares"
    assert found.trust.certain
    assert str(found).endswith("a sum of 10 squares with positive weights")


@pytest.mark.parametrize("seed", range(4))
def test_near_misses_are_not_proved(seed):
    """Less a little more than its least value on a grid."""
    expr = random_squares(seed, 5)
    lowest = min(values(expr, REAL, 300))
    found = decided(expr - lowest - sp.Rational(1, 100), REAL, seconds=3)
    assert found.status is not SignStatus.PROVED


@pytest.mark.parametrize(
    ("expr", "kinds", "strict"),
    [
        (x**4 - x**3 * y - x * y + y**4 + 1, {x: Kind.REAL, y: Kind.REAL}, True),
        (x**6 - 2 * x**3 * y + 2 * y**2 - y + 1, {x: Kind.REAL, y: Kind.REAL}, True),
        (2 * x**2 - 5 * x * y + 4 * y**2, POSITIVE, True),
        (x**4 + y**4 + z**4 + 1 - 3 * x * y * z, REAL, True),
        (x**4 + y**4 + z**4 - x**2 * y * z, REAL, False),
    ],
)
def test_of_any_degree(expr, kinds, strict):
    extents = tuple(Extent.LINE if k is Kind.REAL else Extent.OPEN for k in kinds.values())
    p, _ = fraction_of(expr, list(kinds))
    found = sum_of_squares(p, extents, Extent.OPEN, float("inf"), strict)
    assert found is not None
    assert all(v > 0 or (not strict and v == 0) for v in values(expr, kinds, 200))


@pytest.mark.parametrize(
    ("p", "extents", "strict"),
    [
        (X**2 - 2 * X * Y, LINES, False),
        (X**2 + Y, LINES, False),
        (X**2 - 3 * X * Y + Y**2, ORTHANT, False),
        (X**4 + Y**4 + 1 - 5 * X * Y, LINES, False),
        (X**2 + Y**2 + X * Y, LINES, True),  # 0 at the origin
        (X**4 * Y**2 + X**2 * Y**4 + 1 - 4 * X**2 * Y**2, LINES, False),
        (-(X**2), LINES, False),
    ],
)
def test_what_is_not_positive_has_none(p, extents, strict):
    assert sum_of_squares(p, extents, Extent.CLOSED, float("inf"), strict) is None


def test_motzkin_is_no_sum_of_squares_but_decided():
    """It is nonnegative all the same."""
    motzkin = X**4 * Y**2 + X**2 * Y**4 + 1 - 3 * X**2 * Y**2
    assert sum_of_squares(motzkin, LINES, Extent.OPEN, float("inf")) is None
    found = decided(x**4 * y**2 + x**2 * y**4 + 1 - 3 * x**2 * y**2, {x: Kind.REAL, y: Kind.REAL})
    assert found.status is SignStatus.PROVED


def test_checker_refuses_what_was_damaged():
    p = X**4 - X**3 * Y - X * Y + Y**4 + 1
    certificate = sum_of_squares(p, LINES, Extent.OPEN, float("inf"))
    assert check(certificate, p, LINES, True, (), Extent.OPEN)
    ((basis, q),) = certificate.blocks
    shifted = tuple(tuple(e + (i == j == 0) for j, e in enumerate(row)) for i, row in enumerate(q))
    lopsided = ((q[0][0], q[0][1] + 1, *q[0][2:]), *q[1:])
    negative = tuple(tuple(-e for e in row) for row in q)
    for matrix in (shifted, lopsided, negative, q[1:]):
        assert not check(replace(certificate, blocks=((basis, matrix),)), p, LINES, False, (), Extent.OPEN)
    assert not check(certificate, p - 1, LINES, False, (), Extent.OPEN)
    assert not check(certificate, p, ORTHANT, False, (), Extent.OPEN)
    indefinite = replace(
        certificate, blocks=((((1, 0), (0, 1)), ((Fraction(1), Fraction(-2)), (Fraction(-2), Fraction(1)))),)
    )
    assert not check(indefinite, X**2 - 4 * X * Y + Y**2, LINES, False, (), Extent.OPEN)


def test_large_ones_are_left_alone():
    rng = random.Random(0)
    large = of_terms({tuple(rng.randint(0, 6) * 2 for _ in range(4)): 1 for _ in range(30)}, 4)
    assert len(terms(large)) > 20
    assert sum_of_squares(large, (Extent.LINE,) * 4, Extent.OPEN, float("inf")) is None
