"""Squares of two terms: what is proved is nonnegative, near misses are not; the checker refuses what was damaged."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest

import pgsym
from pgsym.order.binomials import binomial_squares
from pgsym.order.certificates import BinomialSquares
from pgsym.order.checker import check
from pgsym.order.kinds import Extent
from pgsym.order.polynomials import context, value

X, Y = context(2).gens()
ORTHANT = (Extent.OPEN, Extent.OPEN)
LINES = (Extent.LINE, Extent.LINE)


@pytest.mark.parametrize(
    ("p", "extents", "strict"),
    [
        (X**2 - 2 * X * Y + Y**2, ORTHANT, False),
        (X**2 - 3 * X * Y + 3 * Y**2 + 1, LINES, True),
        (10**6 * X**2 - 1999 * X * Y + Y**2, ORTHANT, False),
        (X**4 * Y + X**2 * Y**3 - 2 * X**3 * Y**2 + X, ORTHANT, True),
        (X**4 + 2 * X**3 + 2 * X**2 + Y**2 + Y + 1, LINES, True),
    ],
)
def test_proved(p, extents, strict):
    found = binomial_squares(p, extents, strict)
    assert found is not None
    assert check(found, p, extents, strict, (), Extent.OPEN)


@pytest.mark.parametrize(
    ("p", "extents", "strict"),
    [
        (X**2 - 2 * X * Y + Y**2, ORTHANT, True),
        (1000 * X**2 - 2001 * X * Y + 1000 * Y**2, ORTHANT, False),
        (X**4 * Y + X**2 * Y**3 - 3 * X**3 * Y**2 + X, ORTHANT, False),
        (X**3 - X**2 * Y + Y**3, LINES, False),
        (X**2 * Y - 2 * X * Y + Y, LINES, False),
        (-X - Y, ORTHANT, False),
    ],
)
def test_what_is_not_nonnegative_has_none(p, extents, strict):
    assert binomial_squares(p, extents, strict) is None


def test_nothing_proved_is_negative_at_a_point():
    rng, proved = random.Random(3), 0
    for _ in range(150):
        m, k, *more = (X ** rng.randint(0, 2) * Y ** rng.randint(0, 2) for _ in range(4))
        p = (rng.randint(1, 4) * m - rng.randint(1, 4) * k) ** 2 + sum(rng.randint(-2, 9) * q for q in more)
        extents = rng.choice([ORTHANT, LINES, (Extent.OPEN, Extent.LINE)])
        if p.is_zero() or binomial_squares(p, extents, False) is None:
            continue
        proved += 1
        for _ in range(300):
            at = [Fraction(rng.randint(1, 60), rng.randint(1, 60)) for _ in extents]
            at = [v * rng.choice((1, -1)) if e is Extent.LINE else v for v, e in zip(at, extents, strict=True)]
            assert value(p, at) >= 0
    assert proved >= 10


def test_checker_refuses_what_was_damaged():
    p = 4 * X**2 - 5 * X * Y + 4 * Y**2
    certificate = binomial_squares(p, ORTHANT, False)
    assert certificate is not None
    (weight, s, q), *rest = certificate.squares
    for square in ((-weight, s, q), (weight / 2, s, q), (weight, -s, q), (weight, s, q + X), (2 * weight, s, q)):
        damaged = replace(certificate, squares=(square, *rest))
        assert not check(damaged, p, ORTHANT, False, (), Extent.OPEN)
    assert not check(BinomialSquares(()), p, ORTHANT, False, (), Extent.OPEN)
    assert not check(certificate, p - 4 * X * Y, ORTHANT, False, (), Extent.OPEN)


FARTHEST = (
    "J' >= J + sum[s] eta(s) * sum[a] pi'(a|s) * A(s,a) - {c} * (max[s1,a1] abs(A(s1,a1))) "
    "* (max[s2] 1/2 * sum[a2] abs(pi'(a2|s2) - pi(a2|s2)))^2"
)


def test_the_bound_of_trpo_on_two_states():
    """Schulman et al. (2015), Theorem 1; without its last term it is false."""
    found = pgsym.decide("two-state", FARTHEST.format(c="4 * gamma / (1 - gamma)^2"))
    assert found.proved, str(found)
    assert found.trust.certain
    assert pgsym.decide("two-state", FARTHEST.format(c="0")).refuted
