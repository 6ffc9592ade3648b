"""Canonical form: lowest terms, whatever way an element was reached."""

import random
from fractions import Fraction

import pytest
import sympy as sp
from flint import fmpz

from pgsym.algebra import RationalField
from pgsym.algebra.coprime import CoprimeBase
from pgsym.algebra.fraction import RationalFunction
from pgsym.algebra.polynomial import Ring

X, Y, Z = sp.symbols("x y z")


def is_reduced(element):
    """gcd(N, D) = 1 and parts are pairwise coprime, primitive, with positive leading coefficient."""
    base = element.base
    parts = [part.poly for part, _ in base.live(element.factors)]
    for k, p in enumerate(parts):
        assert p.content() == 1
        assert p.leading_coefficient() > 0
        assert not p.is_constant()
        assert all(p.gcd(q).is_one() for q in parts[k + 1 :])
    g = element.numerator.gcd(element.denominator())
    return g.is_one() and element.scale > 0


def random_element(field, symbols, rng, depth=3):
    if depth == 0:
        return field.number(Fraction(rng.randint(-6, 6), rng.randint(1, 6))) + field.symbol(rng.choice(symbols)) * (
            field.number(Fraction(rng.randint(1, 4)))
        )
    a, b = (random_element(field, symbols, rng, depth - 1) for _ in range(2))
    operation = rng.choice("++-*/")
    if operation == "/" and b:
        return a / b
    return {"+": a + b, "-": a - b, "*": a * b, "/": a}[operation]


@pytest.mark.parametrize("symbols", [[X], [X, Y], [X, Y, Z]])
@pytest.mark.parametrize("seed", range(12))
def test_element_is_in_lowest_terms(symbols, seed):
    rng = random.Random(seed)
    field = RationalField([], [], symbols)
    for _ in range(12):
        a, b, c = (random_element(field, symbols, rng) for _ in range(3))
        assert is_reduced(a)
        # the same element by another route has the same numerator and the same denominator
        routes = [(a + b) * c, c * b + c * a]
        if c:
            routes = [routes[0] / c, a + b]
        first, second = routes
        assert is_reduced(first)
        assert first.numerator == second.numerator
        assert first.denominator() == second.denominator()
        assert first == second


@pytest.mark.parametrize("seed", range(6))
def test_element_agrees_with_sympy_cancel(seed):
    rng = random.Random(100 + seed)
    field = RationalField([], [], [X, Y])
    element = random_element(field, [X, Y], rng)
    numerator, denominator = sp.fraction(sp.cancel(field.to_sympy(element)))
    mine_n, mine_d = sp.fraction(field.to_sympy(element))
    assert sp.expand(numerator * mine_d - mine_n * denominator) == 0
    assert sp.Poly(numerator, X, Y).total_degree() == element.numerator.total_degree()


def test_element_takes_plain_integers_and_fractions():
    field = RationalField([], [], [X])
    x = field.symbol(X)
    assert 1 - x == -(x - 1)
    assert Fraction(1, 2) * x + x / 2 == x
    assert 6 / (2 * x) == 3 / x
    assert (x == "x") is False


def test_element_with_different_denominators_differs():
    field = RationalField([], [], [X, Y])
    x, y = field.symbol(X), field.symbol(Y)
    assert 1 / x != 1 / y
    assert 1 / (x * y) == (1 / x) * (1 / y)
    assert 1 / ((x - y) * (x + y)) == 1 / (x - y) / (x + y)


def test_denominators_are_split_when_they_share_a_factor():
    """1/(x^2 - y^2) and 1/(x - y)^2 get the parts x - y and x + y."""
    field = RationalField([], [], [X, Y])
    x, y = field.symbol(X), field.symbol(Y)
    total = 1 / (x * x - y * y) + 1 / (x * x - 2 * x * y + y * y)
    assert sorted(power for _, power in total.factors) == [1, 2]
    assert total == 2 * x / ((x - y) ** 2 * (x + y))
    assert is_reduced(total)


def test_denominator_powers_stay_unexpanded():
    field = RationalField([], [], [X, Y])
    x, y = field.symbol(X), field.symbol(Y)
    e = (1 / (1 + x + y)) ** 40
    assert [power for _, power in e.factors] == [40]
    assert field.to_sympy(e) == 1 / (X + Y + 1) ** 40


@pytest.mark.parametrize("variables", [1, 2, 4])
def test_coprime_base_divides_random_products(variables):
    """The refined parts multiply to the same polynomials, and are pairwise coprime."""
    rng = random.Random(variables)
    ring = Ring(variables)
    base = CoprimeBase(ring)

    def irreducible():
        p = ring.one * rng.randint(1, 3)
        for g in ring.generators:
            p = p + g * rng.randint(-2, 2)
        return p if p.gcd(p * 2).content() == 1 and not p.is_constant() else ring.generators[0] + 1

    pool = [irreducible() for _ in range(4)]
    for _ in range(20):
        products = []
        for _ in range(2):
            p = ring.product((rng.choice(pool), 1) for _ in range(3))
            products.append(-p if p.leading_coefficient() < 0 else p)
        a, b = base.refine(*(base.factors(p) for p in products))
        assert [base.expand(a), base.expand(b)] == products
        for p, _ in a:
            assert all(p is q or p.poly.gcd(q.poly).is_one() for q, _ in b)


def test_is_reduced_rejects_an_unreduced_fraction():
    ring = Ring(2)
    base = CoprimeBase(ring)
    x, y = ring.generators
    assert not is_reduced(RationalFunction(base, x * (x + y), fmpz(1), base.factors(x + y)))
    assert not is_reduced(RationalFunction(base, 2 * x, fmpz(4)))
