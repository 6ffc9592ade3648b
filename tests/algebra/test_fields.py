"""What all fields share: the axioms, and that evaluation is a homomorphism from closed forms to numbers."""

import math
import random
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pgsym.algebra import DualField, FloatField, Generators, PrimeField, RationalField, point_field
from pgsym.errors import AlgebraError, NotInFieldError

T, U, GAMMA = sp.symbols("t u gamma")
LEAVES = [T, GAMMA, sp.exp(T / 2), sp.exp(-T), sp.exp(U / 3 + T), sp.exp(U + sp.Rational(1, 2)), sp.exp(2 - U)]
ALL = [T, GAMMA, sp.exp(T / 2), sp.exp(U / 3 + sp.Rational(1, 2))]
ROUNDING = 1e-9  # relative, for the float field only: a few hundred operations of 1e-16 each

numbers = st.fractions(min_value=-3, max_value=3, max_denominator=4).map(
    lambda f: sp.Rational(f.numerator, f.denominator)
)
positive = st.sampled_from([sp.exp(T / 2), sp.exp(U / 3 + T), sp.exp(U + sp.Rational(1, 2)), T**2, GAMMA**2])


def extend(children):
    pairs = st.tuples(children, children)
    return st.one_of(
        pairs.map(lambda p: p[0] + p[1]),
        pairs.map(lambda p: p[0] - p[1]),
        pairs.map(lambda p: p[0] * p[1]),
        st.tuples(children, positive).map(lambda p: p[0] / (1 + p[1])),
        st.tuples(children, st.integers(2, 3)).map(lambda p: p[0] ** p[1]),
    )


expressions = st.recursive(st.one_of(numbers, st.sampled_from(LEAVES)), extend, max_leaves=6)
"""Rational in t, gamma and exponentials; defined for every real value of the symbols."""


def rational():
    return RationalField([T, U], [], ALL)


def one_generator():
    return RationalField([T], [], [sp.exp(T / 2)])


def no_generator():
    return RationalField([])


def modulo():
    return PrimeField.random(random.Random(0), Generators.of([], ALL))


def floats():
    return FloatField({T: 0.7, U: -0.4, GAMMA: 0.9})


def rational_point():
    theta = {T: 2 * sp.log(2), U: 3 * sp.log(sp.Rational(3, 5))}
    return point_field([T, U], [], [sp.exp(T / 2), sp.exp(U / 3)], theta)


def radical_point():
    return point_field([T, U], [], [sp.exp(T), sp.exp(U)], {T: sp.log(2) / 2, U: sp.log(3) / 3 - sp.log(2)})


def transcendental_point():
    return point_field([T, U], [], [sp.exp(T), GAMMA], {T: sp.Rational(1, 9)})


def dual():
    return DualField(modulo(), [T, U])


FIELDS = [
    rational, one_generator, no_generator, modulo, floats, rational_point, radical_point, transcendental_point, dual,
]  # fmt: skip


def elements(field, rng, count):
    """Random elements: rational numbers mixed with whatever exponentials and symbols the field has."""
    known = [field.one]
    for leaf in [*LEAVES, sp.exp(T), sp.exp(U), sp.exp(T / 2)]:
        try:
            known.append(field.convert(leaf))
        except NotInFieldError:
            continue
    found = []
    for _ in range(count):
        a, b, c, d = (rng.choice(known) * field.number(Fraction(rng.randint(-4, 4), rng.randint(1, 3))) for _ in "abcd")
        denominator = c + field.one
        found.append(a * b + d if field.is_zero(denominator) else (a * b + d) / denominator)
    return found


def equal(field, a, b):
    if isinstance(a, float):
        return math.isclose(a, b, rel_tol=ROUNDING, abs_tol=ROUNDING)
    return field.is_zero(a - b) and a == b


@pytest.mark.parametrize("make", FIELDS)
@given(seed=st.integers(0, 10**6))
@settings(max_examples=15)
def test_field_axioms(make, seed):
    field = make()
    a, b, c = elements(field, random.Random(seed), 3)
    assert equal(field, (a + b) + c, a + (b + c))
    assert equal(field, a + b, b + a)
    assert equal(field, (a * b) * c, a * (b * c))
    assert equal(field, a * b, b * a)
    assert equal(field, a * (b + c), a * b + a * c)
    assert equal(field, a + field.zero, a)
    assert equal(field, a * field.one, a)
    assert equal(field, a - a, field.zero)
    assert equal(field, -a + a, field.zero)
    assert equal(field, a**3, a * a * a)
    # dual numbers whose value is zero are nilpotent: units are those with a nonzero value
    assume(field.value(b) != 0 if make is dual else not field.is_zero(b))
    assert equal(field, a / b * b, a)
    assert equal(field, b**-2 * b * b, field.one)


@pytest.mark.parametrize("make", FIELDS)
def test_field_numbers_form_a_subfield(make):
    field = make()
    a, b = field.number(Fraction(2, 3)), field.number(Fraction(-5, 7))
    assert equal(field, a * b + a, field.number(Fraction(2, 3) * Fraction(-5, 7) + Fraction(2, 3)))
    assert field.is_zero(field.zero)
    assert not field.is_zero(field.one)
    assert equal(field, field.convert(sp.Rational(2, 3)), a)


@pytest.mark.parametrize("make", [m for m in FIELDS if m is not floats])
def test_field_division_by_zero_raises(make):
    field = make()
    with pytest.raises(ZeroDivisionError):
        field.one / (field.one - field.one)


@pytest.mark.parametrize("make", [modulo, floats, rational_point, radical_point, transcendental_point])
def test_field_without_derivatives_says_what_to_use(make):
    field = make()
    assert not field.differential
    assert field.parameters == ()
    with pytest.raises(AlgebraError, match=r"gradient: .*tangents are required\. Use DualField\(field, parameters\)$"):
        field.gradient(field.one)


@given(expr=expressions, seed=st.integers(0, 10**6))
def test_rational_field_maps_homomorphically_to_residues(expr, seed):
    """to_sympy of the reduced element has the residue of the raw expression; a wrong cancellation would not."""
    field = RationalField([T, U], [], ALL)
    residues = PrimeField.random(random.Random(seed), Generators.of([], ALL))
    assert residues.convert(field.to_sympy(field.convert(expr))) == residues.convert(expr)


@given(expr=expressions)
def test_rational_field_agrees_with_floats_at_a_point(expr):
    values = {T: 0.3, U: -0.2, GAMMA: 0.8}
    reduced = rational().to_sympy(rational().convert(expr))
    assert math.isclose(
        float(reduced.evalf(30, subs=values)), FloatField(values).convert(expr), rel_tol=1e-8, abs_tol=1e-8
    )


@given(expr=expressions)
def test_rational_field_to_sympy_is_lossless(expr):
    field = rational()
    e = field.convert(expr)
    assert field.convert(field.to_sympy(e)) == e


@given(expr=expressions)
def test_point_agrees_with_substitution(expr):
    theta = {T: sp.log(2), U: sp.log(2) / 2}
    expr = expr.xreplace({T: sp.exp(T)})
    assume(not expr.has(sp.exp(sp.exp(T))))
    assume(all(e.args[0].is_polynomial(T, U) for e in expr.atoms(sp.exp)))
    field = point_field([T, U], [], [expr, GAMMA], theta)
    exact = field.to_sympy(field.convert(expr))
    values = {GAMMA: sp.Rational(9, 10)}
    direct = expr.xreplace(theta).xreplace(values).evalf(30)
    assert abs(exact.xreplace(values).evalf(30) - direct) <= 1e-20 * (1 + abs(direct))
