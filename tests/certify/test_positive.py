"""Polynomials shown to be positive: the sum is the polynomial, and its terms are what they should be."""

import random

import pytest
import sympy as sp

from pgsym.certificates.positive import Simplex, visibly_positive

x, y, gamma, p, q, u = sp.symbols("x y gamma p q u")
DISCOUNT = Simplex((gamma,), (False, True))
ROW = Simplex((p, q), (False, False, False))
MARKED = Simplex((u,), (True, False))
ALL = (DISCOUNT, ROW, MARKED)


@pytest.mark.parametrize(
    "polynomial",
    [
        x * (1 - gamma * p) + y * (1 - gamma * u),
        (1 - gamma * p) * (1 - gamma * q) * x + gamma * p * y,
        2 - gamma - gamma * p,
        -x - y + gamma * (x * p + y * q),
        x * u + (1 - u) * p * y,
        (x - y) ** 2 + x * y,
    ],
)
def test_sum_is_the_polynomial(polynomial) -> None:
    shown = visibly_positive(polynomial, {x, y}, ALL)
    assert shown is not None
    assert sp.expand(shown.sign * shown.multiplier * polynomial - sum(shown.terms)) == 0
    draw = random.Random(0)
    for _ in range(20):
        a, b = sorted(sp.Rational(draw.randint(0, 12), 12) for _ in range(2))
        point = {x: sp.Rational(1, draw.randint(1, 9)), y: draw.randint(1, 9), p: a, q: b - a,
                 gamma: sp.Rational(draw.randint(0, 11), 12), u: sp.Rational(draw.randint(1, 12), 12)}  # fmt: skip
        values = [term.subs(point) for term in shown.terms]
        assert values[0] > 0
        assert min(values) >= 0


@pytest.mark.parametrize(
    ("polynomial", "reason"),
    [
        (x - y, "of either sign"),
        (1 - gamma * u - (1 - gamma), "0 at gamma = 0"),
        (p * x + q * y, "0 where the third outcome is certain"),
        (1 - u, "0 at u = 1"),
        (x - sp.Symbol("free"), "a symbol of which nothing is known"),
    ],
)
def test_nothing_is_shown_of_what_is_not_positive(polynomial, reason) -> None:
    assert visibly_positive(polynomial, {x, y}, ALL) is None, reason
