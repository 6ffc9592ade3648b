"""Exact numbers at a point: rationals, roots, powers of e, and free symbols."""

import random
from fractions import Fraction

import pytest
import sympy as sp
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from pgsym.algebra import DualField, RationalField, point_field
from pgsym.algebra.radical import RadicalField, prime_powers
from pgsym.errors import NotInFieldError
from pgsym.expression.linear import Linear

T, U, GAMMA = sp.symbols("t u gamma")
SIGMOID = 1 / (1 + sp.exp(-T))
HALF = sp.Rational(1, 2)


def at(expr, theta, symbols=None):
    field = point_field([T, U], [], [expr], theta, symbols)
    return field.to_sympy(field.convert(expr))


@pytest.mark.parametrize(
    ("theta", "value"),
    [
        (sp.Integer(0), HALF),
        (sp.log(2), sp.Rational(2, 3)),
        (-sp.log(4), sp.Rational(1, 5)),
        (2 * sp.log(3) - sp.log(2), sp.Rational(9, 11)),
        (sp.log(sp.Rational(2, 7)), sp.Rational(2, 9)),
        (sp.log(2) / 2, 2 - sp.sqrt(2)),
        (sp.log(3) / 2 - sp.log(2), (2 * sp.sqrt(3) - 3)),
        (sp.log(8) / 2, sp.Rational(8, 7) - 2 * sp.sqrt(2) / 7),
    ],
)
def test_sigmoid_at_a_point(theta, value):
    assert sp.expand(at(SIGMOID, {T: theta}) - value) == 0


def test_short_corridor_at_its_optimum():
    """J = -2 (x + 1)(x + 2)/x at x = sqrt 2 is -(6 + 4 sqrt 2) (Sutton and Barto, Example 13.1)."""
    x = sp.exp(T)
    assert at(-2 * (x + 1) * (x + 2) / x, {T: sp.log(2) / 2}) == -6 - 4 * sp.sqrt(2)


def test_rational_theta_gives_a_transcendental_generator():
    e = sp.exp(sp.Rational(1, 9))
    assert at(SIGMOID, {T: sp.Rational(1, 9)}) == e / (1 + e)
    sixth = sp.exp(sp.Rational(1, 6))
    assert at(sp.exp(T) + sp.exp(U), {T: HALF, U: -sp.Rational(1, 3)}) == (1 + sixth**5) / sixth**2


def test_mixed_theta_multiplies_roots_and_powers_of_e():
    assert (
        at(sp.exp(T), {T: sp.log(2) / 2 + sp.Rational(1, 3) - sp.log(3)}) == sp.sqrt(2) * sp.exp(sp.Rational(1, 3)) / 3
    )


def test_constant_in_a_form_joins_the_point():
    """exp(t + 1/2) at t = 1/3 - 1/2 is exp(1/3)."""
    assert at(sp.exp(T + HALF), {T: sp.Rational(1, 3) - HALF}) == sp.exp(sp.Rational(1, 3))


def test_rational_point_is_plain_fmpq():
    field = point_field([T], [Linear.from_sympy(T)], [], {T: sp.log(2)})
    assert field.softmax([Linear.from_sympy(T), Linear()]) == [fmpq(2, 3), fmpq(1, 3)]
    assert type(field.one) is fmpq


def test_half_parameters_take_roots_only_where_needed():
    """exp(t/2) at t = log 4 is 2, without any root."""
    field = point_field([T], [Linear.from_sympy(T / 2)], [], {T: sp.log(4)})
    assert field.exp(Linear.from_sympy(T / 2)) == fmpq(2)


def test_symbols_without_value_stay_generators():
    value = at(SIGMOID / (1 - GAMMA), {T: sp.log(2)})
    assert sp.cancel(value - sp.Rational(2, 3) / (1 - GAMMA)) == 0
    assert at(SIGMOID / (1 - GAMMA), {T: sp.log(2)}, {GAMMA: HALF}) == sp.Rational(4, 3)
    assert at(sp.exp(T) + sp.exp(U / 2), {T: sp.log(2)}) == sp.exp(U / 2) + 2


def test_symbols_take_roots_and_powers_of_e():
    assert at(GAMMA**2 + GAMMA, {}, {GAMMA: sp.sqrt(2) / 2}) == HALF + sp.sqrt(2) / 2
    assert at(1 / GAMMA, {}, {GAMMA: sp.exp(-sp.Rational(1, 10))}) == sp.exp(sp.Rational(1, 10))
    assert at(GAMMA**3, {}, {GAMMA: (1 + sp.sqrt(3)) / 2}) == sp.expand(((1 + sp.sqrt(3)) / 2) ** 3)


def test_parameter_inside_and_outside_exponentials():
    """A rational theta is a number outside and a power of e inside."""
    assert at(T * sp.exp(T), {T: HALF}) == sp.exp(HALF) / 2


def test_is_zero_sees_relations_between_roots():
    """sqrt(2) sqrt(3) = sqrt(6) and (sqrt 2)^2 = 2, which a free generator would miss."""
    theta = {T: sp.log(2) / 2, U: sp.log(3) / 2}
    field = point_field([T, U], [], [sp.exp(T), sp.exp(U)], theta)
    x, y = field.convert(sp.exp(T)), field.convert(sp.exp(U))
    assert field.is_zero(x * x - field.number(Fraction(2)))
    assert field.is_zero(x * y - field.convert(sp.sqrt(6)))
    assert not field.is_zero(x + y - field.convert(sp.sqrt(5 + 2 * HALF)))
    assert field.is_zero((x + y) * (x - y) + field.one)
    with pytest.raises(ZeroDivisionError):
        field.one / (x * x - field.number(Fraction(2)))


@given(st.lists(st.fractions(min_value=-3, max_value=3, max_denominator=3), min_size=6, max_size=6))
def test_radical_inverse_agrees_with_sympy(coordinates):
    """e (1/e) = 1 after SymPy expands it, which collects roots by its own rules."""
    field = RadicalField(RationalField([]), {2: 3, 3: 2})
    root2, root3 = sp.Integer(2) ** sp.Rational(1, 3), sp.sqrt(3)
    basis = [root2**i * root3**j for i in range(3) for j in range(2)]
    expr = sp.Add(*(sp.Rational(c.numerator, c.denominator) * b for c, b in zip(coordinates, basis, strict=True)))
    if expr == 0:
        return
    inverse = field.to_sympy(field.one / field.convert(expr))
    assert sp.expand(inverse * expr) == 1


def test_radical_arithmetic_agrees_with_a_primitive_element():
    """The same quotient in SymPy's QQ<2^(1/2) + 3^(1/2)>."""
    field = RadicalField(RationalField([]), {2: 2, 3: 2})
    a, b = 1 + sp.sqrt(2) - 3 * sp.sqrt(6), 2 * sp.sqrt(3) - sp.sqrt(2) / 5
    algebraic = sp.QQ.algebraic_field(sp.sqrt(2), sp.sqrt(3))
    quotient = field.to_sympy(field.convert(a) / field.convert(b))
    assert algebraic.from_sympy(quotient) == algebraic.from_sympy(a) / algebraic.from_sympy(b)


def test_point_to_sympy_is_lossless():
    rng = random.Random(0)
    theta = {T: sp.log(2) / 3 + sp.Rational(1, 2), U: sp.log(6) / 2}
    field = point_field([T, U], [], [sp.exp(T), sp.exp(U), GAMMA], theta)
    x, y, g = (field.convert(e) for e in (sp.exp(T), sp.exp(U), GAMMA))
    for _ in range(10):
        a, b = (field.number(Fraction(rng.randint(1, 5))) for _ in "ab")
        e = (a * x + y) / (b + g * x * y)
        assert field.convert(field.to_sympy(e)) == e


def test_linear_system_over_radicals():
    """A 2-state chain at theta = log(2)/2: V solved with roots satisfies its equations."""
    field = point_field([T], [], [sp.exp(T)], {T: sp.log(2) / 2})
    p, q = field.softmax([Linear.from_sympy(T), Linear()])
    half = field.number(Fraction(1, 2))
    rows = [{0: field.one - half * p, 1: -half * q}, {0: -half * q, 1: field.one - half * p}]
    b = [field.one, field.zero]
    for solution in (field.factor(rows).solve(b), field.factor(rows).solve_transposed(b)):
        assert rows[0][0] * solution[0] + rows[0][1] * solution[1] == field.one
        assert rows[1][0] * solution[0] + rows[1][1] * solution[1] == field.zero


def test_dual_over_a_point_differentiates_exactly():
    """d sigmoid/dt = p (1 - p) = 2/9 at t = log 2, and (2 - sqrt 2)(sqrt 2 - 1) at t = log(2)/2."""
    for theta, value in ((sp.log(2), sp.Rational(2, 9)), (sp.log(2) / 2, 3 * sp.sqrt(2) - 4)):
        base = point_field([T], [], [SIGMOID], {T: theta})
        field = DualField(base, [T])
        assert base.to_sympy(field.gradient(field.convert(SIGMOID))[T]) == value


@pytest.mark.parametrize("theta", [sp.sqrt(2), sp.pi, sp.log(2) ** 2, sp.log(1 + sp.sqrt(2)), sp.log(2) * sp.log(3)])
def test_point_raises_on_other_exponents(theta):
    with pytest.raises(NotInFieldError) as caught:
        at(SIGMOID, {T: theta})
    assert str(caught.value) == (
        f"theta[t]: found {theta}; a sum of rationals and of rational multiples of logarithms of positive rationals "
        "is required. Use such a theta, or evaluate in floats"
    )


def test_point_keeps_logarithms_of_primes():
    assert at(T + sp.exp(T), {T: sp.log(sp.Rational(4, 3))}) == 2 * sp.log(2) - sp.log(3) + sp.Rational(4, 3)
    assert at(T * sp.exp(T), {T: sp.log(2) / 2}) == sp.sqrt(2) * sp.log(2) / 2
    assert at(T - U, {T: sp.log(12) / 2, U: sp.log(2) + sp.log(3) / 2}) == 0


def test_point_raises_on_other_logarithms_outside_exponentials():
    with pytest.raises(
        NotInFieldError,
        match=r"^theta\[t\]: found log\(1 \+ sqrt\(2\)\), which stands outside an exponential; a rational, a root, a "
        r"power of e or a logarithm of a positive rational is required there\. Use such a value, "
        r"or evaluate in floats$",
    ):
        at(T, {T: sp.log(1 + sp.sqrt(2))})


def test_roots_raise_where_factors_are_out_of_reach():
    big = sp.nextprime(10**30) * sp.nextprime(7 * 10**31)
    with pytest.raises(
        NotInFieldError,
        match=rf"^root of {big}: the root needs the prime factors of {big}; only numbers with one prime factor above "
        r"1000000 are supported\. Use a FloatField$",
    ):
        at(sp.exp(T), {T: sp.log(big) / 2})
    assert at(sp.exp(T), {T: 2 * sp.log(big)}) == big**2


def test_prime_powers_of_fractions():
    assert prime_powers(Fraction(8, 75)) == {2: 3, 3: -1, 5: -2}
    assert prime_powers(Fraction(1)) == {}


def test_root_raises_on_unknown_prime():
    field = RadicalField(RationalField([]), {2: 2})
    with pytest.raises(
        NotInFieldError,
        match=r"^3\*\*\(1/2\)|^sqrt\(3\): a root of order 2; the field has order 1 for the prime 3\. "
        r"Give the number to point_field$",
    ):
        field.convert(sp.sqrt(3))


def test_one_rational_exponent_of_any_size_is_a_generator_of_its_own():
    for theta in (10**6, Fraction(123456789, 10**9)):
        value = sp.Rational(theta)
        assert at(SIGMOID, {T: value, U: 0}) == sp.exp(value) / (1 + sp.exp(value))


def test_rational_exponents_share_their_greatest_common_unit():
    field = point_field([T, U], [], [sp.exp(T), sp.exp(U)], {T: sp.Rational(4, 3), U: sp.Rational(2, 9)})
    assert field.numbers.generators == (sp.exp(sp.Rational(2, 9)),)
    assert field.convert(sp.exp(T)) == field.convert(sp.exp(U)) ** 6


def test_exponents_without_a_useful_common_unit_are_refused():
    message = (
        "found the power 100000000 of exp.1/1000000000.; at most the power 10000 is exact. Give theta fewer digits"
    )
    with pytest.raises(NotInFieldError, match=message):
        at(sp.exp(T) + sp.exp(U), {T: sp.Rational(1, 10), U: sp.Rational(123456789, 10**9)})
