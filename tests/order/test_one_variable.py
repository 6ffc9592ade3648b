"""Sturm's theorem against SymPy's real roots; break points that are missing or wrong are refused."""

import random
from fractions import Fraction

import pytest
import sympy as sp

from pgsym.order import BreakPoint, Kind
from pgsym.order.one_variable import break_point, check_break_points, pieces_of
from pgsym.order.sturm import roots_between

x = sp.Symbol("x")


def break_points(polynomial):
    return [break_point(piece) for piece in pieces_of([polynomial], Kind.REAL)[1::2]]


def random_polynomial(seed):
    rng = random.Random(seed)
    factors = [
        sp.Poly([rng.randint(-4, 4) for _ in range(rng.randint(1, 4))] + [rng.randint(1, 3)], x) for _ in range(3)
    ]
    return sp.prod(factors) * sp.Poly(x - rng.randint(0, 2), x) ** rng.randint(0, 2)


@pytest.mark.parametrize("seed", range(25))
def test_sturm_counts_sympys_real_roots(seed):
    polynomial = random_polynomial(seed)
    coefficients = [int(c) for c in polynomial.all_coeffs()[::-1]]
    roots = set(sp.real_roots(polynomial))
    assert roots_between(coefficients, None, None) == len(roots)
    assert roots_between(coefficients, Fraction(0), Fraction(1)) == sum(bool(0 < r) and bool(r < 1) for r in roots)
    assert roots_between(coefficients, Fraction(0), None) == sum(bool(r > 0) for r in roots)
    found = break_points(coefficients)
    assert len(found) == len(roots)
    assert check_break_points(coefficients, Kind.REAL, found)


def test_checker_rejects_damaged_break_points():
    polynomial = [-2, -1, 3, 1]  # three roots
    points = break_points(polynomial)
    assert check_break_points(polynomial, Kind.REAL, points)
    assert not check_break_points(polynomial, Kind.REAL, points[1:])
    assert not check_break_points(polynomial, Kind.REAL, [points[0], points[0], points[2]])
    assert not check_break_points(polynomial, Kind.REAL, [*points[:2], BreakPoint.rational(Fraction(1))])
    assert not check_break_points(polynomial, Kind.POSITIVE, points)
