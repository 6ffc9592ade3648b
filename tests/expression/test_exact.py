"""Numbers of every type are read exactly; what is no number is refused with its place."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from pgsym.errors import FormulaError, NotInFieldError
from pgsym.expression.evaluate import Expressions, evaluate
from pgsym.expression.exact import simplest_rational, to_expr
from pgsym.expression.linear import Linear, common_denominators

x = sp.Symbol("x")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, sp.Integer(3)),
        (np.int64(-3), sp.Integer(-3)),
        (np.uint8(200), sp.Integer(200)),
        (0.1, sp.Rational(1, 10)),
        (1 / 3, sp.Rational(1, 3)),
        (0.1 + 0.2, sp.Rational(3, 10)),
        (np.float64(0.7), sp.Rational(7, 10)),
        (np.float32(0.1), sp.Rational(1, 10)),
        (np.float32(1 / 3), sp.Rational(1, 3)),
        (np.float16(0.1), sp.Rational(1, 10)),
        (-2.0, sp.Integer(-2)),
        (1e300, sp.Integer(int(1e300))),
        (5e-324, sp.Integer(0)),
        (Fraction(2, 6), sp.Rational(1, 3)),
        (Decimal("0.1"), sp.Rational(1, 10)),
        (Decimal("-12.50"), sp.Rational(-25, 2)),
        (sp.Rational(1, 3), sp.Rational(1, 3)),
        (sp.Float(0.1) * x, x / 10),
        ("1/3", sp.Rational(1, 3)),
        (np.str_("1 - x"), 1 - x),
    ],
)
def test_to_expr_reads(value, expected):
    found = to_expr(value)
    assert found == expected
    assert not found.atoms(sp.Float)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"), float("inf"), -float("inf"), np.float64("nan"), np.float32("inf"),
        Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), Decimal("1e99999"),
        sp.nan, sp.oo, sp.zoo, x + sp.oo, sp.true, True, False, np.True_,
        None, 1j, [1], np.array([1.0]), b"1", object, {"p": 1},
    ],
    ids=repr,
)  # fmt: skip
def test_to_expr_raises_on(value):
    with pytest.raises(FormulaError) as caught:
        to_expr(value, where=("s", "a"))
    assert caught.value.where == ("s", "a")
    assert str(caught.value).startswith("('s', 'a'): found ")


def test_to_expr_says_what_is_wrong_with_nan():
    message = "start: found nan; a number must be finite. Give a number or a formula"
    with pytest.raises(FormulaError, match=re.escape(message)):
        to_expr(float("nan"), where="start")


@given(st.fractions(min_value=0, max_value=1, max_denominator=1000))
def test_simplest_rational_undoes_rounding(value):
    assert simplest_rational(float(value)) == value
    assert simplest_rational(-float(value)) == -value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_simplest_rational_stays_within_ulps(value):
    found = simplest_rational(value)
    assert abs(found - Fraction(value)) <= 8 * Fraction(np.spacing(abs(value)))


@pytest.mark.parametrize("expr", [sp.sqrt(2), sp.log(2), sp.sqrt(x), x**x, sp.sin(x), sp.pi], ids=str)
def test_evaluate_raises_outside_the_field(expr):
    with pytest.raises(NotInFieldError, match="is not rational in its symbols and exponentials"):
        evaluate(expr, Expressions())


@pytest.mark.parametrize("expr", [sp.E, 1 / sp.E, sp.exp(x / 2 + 1) / x, (1 + x) ** -3, x - sp.Rational(1, 7)], ids=str)
def test_evaluate_in_expressions_is_the_identity(expr):
    assert sp.simplify(evaluate(expr, Expressions()) - expr) == 0


@pytest.mark.parametrize("expr", [x**2, sp.exp(x), sp.sqrt(2) * x, sp.log(2), 1 / x, x * sp.Symbol("y")], ids=str)
def test_linear_raises_on_what_is_not_linear(expr):
    with pytest.raises(FormulaError, match="a logit must be linear in theta with rational coefficients"):
        Linear.from_sympy(expr)


def test_linear_forms_collect_and_subtract():
    y = sp.Symbol("y")
    form = Linear.from_sympy((x + y) / 2 + x / 3 - 1)
    assert form.coefficients == ((x, Fraction(5, 6)), (y, Fraction(1, 2)))
    assert (form - form) == Linear()
    assert form.to_sympy() == 5 * x / 6 + y / 2 - 1
    assert common_denominators([form]) == ({x: 6, y: 2}, 1)
