"""Derivatives of reduced fractions, against SymPy's calculus."""

import random

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from pgsym.algebra import Generators, PrimeField, RationalField
from pgsym.errors import NotInFieldError, TooLargeError

T, U, GAMMA = sp.symbols("t u gamma")
ALL = [T, GAMMA, sp.exp(T / 2), sp.exp(U / 3)]

atoms = st.sampled_from([T, GAMMA, sp.exp(T / 2), sp.exp(-T), sp.exp(T + U), sp.exp(U / 3), sp.Integer(2)])
sums = st.lists(atoms, min_size=1, max_size=3).map(lambda terms: sp.Add(*terms))
# powers and repeated factors are where a quotient rule without gcd could go wrong
products = st.lists(st.tuples(sums, st.integers(1, 3)), min_size=1, max_size=3).map(
    lambda powers: sp.Mul(*(f**k for f, k in powers))
)
fractions = st.tuples(products, products).map(lambda p: p[0] / p[1])


@given(expr=fractions)
def test_gradient_agrees_with_sympy_diff(expr):
    """The derivative by SymPy's rules, compared modulo a random prime (error below 2^-50) and in normal form."""
    field = RationalField([T, U], [], ALL)
    e = field.convert(expr)
    gradient = field.gradient(e)
    residues = PrimeField.random(random.Random(1), Generators.of([], ALL))
    for theta in (T, U):
        mine = gradient.get(theta, field.zero)
        assert field.convert(sp.diff(expr, theta)) == mine
        assert residues.convert(sp.diff(expr, theta)) == residues.convert(field.to_sympy(mine))


@given(expr=fractions)
def test_gradient_is_in_lowest_terms(expr):
    field = RationalField([T, U], [], ALL)
    for slope in field.gradient(field.convert(expr)).values():
        assert slope.numerator.gcd(slope.denominator()).is_one()


@given(a=fractions, b=fractions)
def test_gradient_obeys_leibniz(a, b):
    field = RationalField([T, U], [], ALL)
    x, y = field.convert(a), field.convert(b)
    dx, dy, dxy = (field.gradient(e).get(T, field.zero) for e in (x, y, x * y))
    assert dxy == dx * y + x * dy


def test_gradient_of_univariate_field():
    field = RationalField([T], [], [sp.exp(T / 2)])
    e = field.convert(1 / (1 + sp.exp(T)) ** 2 / sp.exp(T / 2))
    assert field.gradient(e)[T] == field.convert(sp.diff(1 / (1 + sp.exp(T)) ** 2 / sp.exp(T / 2), T))


def test_gradient_of_constant_is_empty():
    field = RationalField([T, U], [], ALL)
    assert field.gradient(field.convert(GAMMA / (1 - GAMMA))) == {}
    assert RationalField([T]).gradient(RationalField([T]).one) == {}


def test_gradient_keeps_the_squared_denominator_unexpanded():
    field = RationalField([T], [], [sp.exp(T), GAMMA])
    slope = field.gradient(field.convert(1 / (1 + GAMMA * sp.exp(T))))[T]
    assert field.to_sympy(slope) == -GAMMA * sp.exp(T) / (GAMMA * sp.exp(T) + 1) ** 2
    assert [power for _, power in slope.factors] == [2]


def test_gradient_leaves_special_factors_alone():
    """x and anything free of theta keep their exponents: d/dt 1/(x (1 - gamma)) = -1/(x (1 - gamma))."""
    field = RationalField([T], [], [sp.exp(T), GAMMA])
    e = field.convert(1 / (sp.exp(T) * (1 - GAMMA)))
    assert field.gradient(e)[T] == -e


def test_gradient_splits_repeated_factors():
    """A denominator (x - gamma)^2 that was never factored: the derivative has the third power, not the fourth."""
    field = RationalField([T], [], [sp.exp(T), GAMMA])
    x, gamma = field.convert(sp.exp(T)), field.symbol(GAMMA)
    e = field.one / (x * x - 2 * x * gamma + gamma * gamma)
    assert field.gradient(e)[T] == -2 * x / (x - gamma) ** 3


def test_with_derivation_keeps_policy_symbols():
    """d pi / d theta = pi (1 - pi) for a sigmoid; J = pi r + (1 - pi) c has dJ = pi (1 - pi) (r - c)."""
    p, r, c = sp.symbols("pi r c")
    field = RationalField.with_derivation([p, r, c], {T: {p: p * (1 - p)}})
    slope = field.gradient(field.convert(p * r + (1 - p) * c))
    assert slope == {T: field.convert(p * (1 - p) * (r - c))}


def test_with_derivation_takes_rational_images():
    """u = log-like symbol with du/dt = 1/(1 + u): the image is a fraction, and so is v' = u/(1 + u)^2."""
    u, v = sp.symbols("u v")
    table = {T: {u: 1 / (1 + u), v: u / (1 + u) ** 2}}
    field = RationalField.with_derivation([u, v], table)
    e = field.convert((u * v + 1) / (u - v))
    chain = sum(sp.diff((u * v + 1) / (u - v), g) * image for g, image in table[T].items())
    assert field.gradient(e)[T] == field.convert(chain)


def test_with_derivation_raises_on_unknown_generator():
    p, q = sp.symbols("p q")
    with pytest.raises(
        NotInFieldError,
        match=r"^derivation: d q / d t is given; q is not a generator\. Add it to the generators$",
    ):
        RationalField.with_derivation([p], {T: {q: p}})


x, y, z = sp.exp(T), sp.exp(U), GAMMA
linear_cases = {
    "common factors": ((x * (y + 1) * (z + 2) + y * (y - z)), (x * (y + 1) + (y - z) * (z + 3))),
    "no common factor": (x * (y + 2) + z, x * (z + 1) + y),
    "no numerator at infinity": (y + z, x * (z + 1) + y),
    "no numerator at zero": (x * z, x * (z + 1) + y),
    "monomial beside the part": (x * z + 1, y**2 * (x + z)),
    "special part of the other parameter": (x * z + 1, (y + 1) ** 2 * (x + z)),
    "generator in the denominator": (x * z + 1, x * (x + z)),
}


@pytest.mark.parametrize("case", linear_cases)
def test_linear_quotient_has_the_general_numerator(case):
    above, below = linear_cases[case]
    field = RationalField([T, U], [], [x, y, GAMMA])
    e = field.convert(above) / field.convert(below)
    derivation = field._derivations[T]
    special, regular = derivation._classified(e.factors)
    short = derivation._of_linear(e.numerator, special, regular)
    assert (short is None) == (case == "generator in the denominator")
    if short is not None:
        assert short == derivation._combined(e.numerator, special, regular)
    assert field.gradient(e)[T] == field.convert(sp.diff(above / below, T))


def test_linear_quotient_fits_a_budget_that_the_quotient_rule_exceeds():
    """b = B and d = B (1 + gamma), so a d - b c = B (a (1 + gamma) - c) = B, of 64 terms; a d alone has over 729."""
    others = sp.symbols("s:6")
    field = RationalField([T], [], [x, GAMMA, *others], budget=500)
    a, B = (field.convert(sp.Mul(*(1 + weight * s for s in others))) for weight in (GAMMA, 1))
    g, up = field.convert(x), field.convert(1 + GAMMA)
    e = (a * g + B) / ((a * up - 1) * g + B * up)
    assert field.gradient(e)[T].numerator == (B * g).numerator
    derivation = field._derivations[T]
    with pytest.raises(TooLargeError, match="the budget is 500 terms"):
        derivation._combined(e.numerator, *derivation._classified(e.factors))
