"""The sign of a fraction: known answers, true and false, and break points."""

from fractions import Fraction

import pytest
import sympy as sp
from plain_signs import decided, values

from pgsym.errors import AlgebraError
from pgsym.order import Kind, SignStatus, SimplexRow, decide_sign

x, y, z, p, q, g = sp.symbols("x y z p q gamma")
POSITIVE = {x: Kind.POSITIVE, y: Kind.POSITIVE, z: Kind.POSITIVE}
ROW = {p: SimplexRow("s"), q: SimplexRow("s")}


@pytest.mark.parametrize(
    ("expr", "kinds", "strict"),
    [
        (x + y - 0, POSITIVE, True),
        ((x - y) ** 2 * (1 + x) / (2 + y), POSITIVE, False),
        (1 - p, {p: Kind.UNIT_OPEN}, True),
        (1 - g, {g: Kind.UNIT_HALF_OPEN}, True),
        (p * (1 - p) / (1 - g * p), {p: Kind.UNIT_OPEN, g: Kind.UNIT_HALF_OPEN}, True),
        (x**4 + 1, {x: Kind.REAL}, True),
        (x**2 - 3 * x + 3, {x: Kind.POSITIVE}, True),
        (1 - p - q, ROW, False),
        ((2 * p - 1) ** 2, {p: Kind.UNIT_OPEN}, False),
        # the mean is at least the geometric mean
        (x**3 + y**3 + z**3 - 3 * x * y * z, POSITIVE, False),
        # Cauchy, Nesbitt, Schur
        ((x + y + z) * (1 / x + 1 / y + 1 / z) - 9, POSITIVE, False),
        (x / (y + z) + y / (x + z) + z / (x + y) - sp.Rational(3, 2), POSITIVE, False),
        (x * (x - y) * (x - z) + y * (y - x) * (y - z) + z * (z - x) * (z - y), POSITIVE, False),
        # Motzkin: nonnegative, and no sum of squares
        (x**4 * y**2 + x**2 * y**4 + 1 - 3 * x**2 * y**2, {x: Kind.REAL, y: Kind.REAL}, False),
        # zero at (3, 3/2) only
        ((x - 2 * y) ** 2 + (x - 3) ** 2, {x: Kind.REAL, y: Kind.REAL}, False),
        (x**2 - x * y + y**2, POSITIVE, True),
        (x**2 + y**2 + 1 - x * y - x - y + sp.Rational(1, 1000), POSITIVE, True),
        (x + 1 / x - p, {x: Kind.POSITIVE, p: Kind.UNIT_OPEN}, True),
        (x**2 + y**2 - 2 * x * y + (1 - x) ** 2 * g, {**POSITIVE, g: Kind.UNIT_HALF_OPEN}, False),
    ],
)
def test_true_sign_is_proved(expr, kinds, strict):
    verdict = decided(expr, kinds, strict)
    assert verdict.status is SignStatus.PROVED
    assert str(verdict.trust) == "normal form"
    assert all(value > 0 if strict else value >= 0 for value in values(expr, kinds, 300))


@pytest.mark.parametrize(
    ("expr", "kinds", "strict"),
    [
        (x - y, POSITIVE, False),
        ((x - y) ** 2, POSITIVE, True),
        (g, {g: Kind.UNIT_HALF_OPEN, x: Kind.POSITIVE}, True),
        (p - q * x, {**ROW, x: Kind.POSITIVE}, False),
        (-1 / x, POSITIVE, False),
        (1 - 1000 * x * y, POSITIVE, False),
        (x**2 + y**2 + 1 - x * y - x - y, POSITIVE, True),
        (x**2 + y**2 + 1 - x * y - x - y - sp.Rational(1, 10**6), POSITIVE, False),
        (x**4 * y**2 + x**2 * y**4 + 1 - sp.Rational(3001, 1000) * x**2 * y**2, {x: Kind.REAL, y: Kind.REAL}, False),
    ],
)
def test_false_sign_has_an_exact_witness(expr, kinds, strict):
    verdict = decided(expr, kinds, strict)
    assert verdict.witness is not None
    found = sp.sympify(expr).subs({k: sp.Rational(v.numerator, v.denominator) for k, v in verdict.witness.items()})
    assert found < 0 or (strict and found == 0)
    assert verdict.value == Fraction(int(found.p), int(found.q))


@pytest.mark.parametrize(
    ("expr", "kind", "strict", "shown"),
    [
        (3 * x - 1, Kind.UNIT_OPEN, False, "true exactly in [1/3, 1)"),
        (x**2 - 2, Kind.POSITIVE, True, "true exactly in (1.41421..., oo), where 1.41421... is a root of x**2 - 2 = 0"),
        (-((2 * x - 1) ** 2), Kind.UNIT_HALF_OPEN, False, "true exactly in {1/2}"),
        (-x, Kind.UNIT_HALF_OPEN, False, "true exactly in {0}"),
        (1 / (2 * x - 1), Kind.UNIT_OPEN, False, "true exactly in (1/2, 1)"),
        (-x, Kind.POSITIVE, False, "refuted: -1 at x = 1"),
    ],
)  # fmt: skip
def test_one_variable_says_exactly_where(expr, kind, strict, shown):
    assert str(decided(expr, {x: kind}, strict)) == shown


def test_pole_is_no_counterexample():
    assert decided(1 / (2 * x - 1) ** 2, {x: Kind.UNIT_OPEN}, strict=True).status is SignStatus.PROVED


def test_decide_sign_raises_on_a_zero_denominator():
    with pytest.raises(
        AlgebraError, match=r"^denominator: 0; a denominator that is not zero is needed\. Check the claim$"
    ):
        decide_sign(1, 0, {x: Kind.REAL}, strict=False)


def test_decide_sign_raises_on_no_variable():
    with pytest.raises(
        AlgebraError, match=r"^kinds: no variable; at least one is needed\. Compare the numbers themselves$"
    ):
        decide_sign(1, 1, {}, strict=False)


def test_all_intervals_of_a_square_are_found():
    intervals = decided((x**2 - 2) ** 2, {x: Kind.REAL}, strict=True).where
    assert [str(i) for i in intervals] == ["(-oo, -1.41421...)", "(-1.41421..., 1.41421...)", "(1.41421..., oo)"]
