"""Assumptions are read, decided exactly, and carried along when a model changes."""

import re
from fractions import Fraction

import pytest
import sympy as sp

from pgsym.errors import FormulaError, ModelError
from pgsym.expression.assumptions import Assumption, remaining_assumptions, replaced_assumptions

p, q = sp.symbols("p q")
HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0 < p < 1", "0 < p < 1"),
        ("p>=0", "p >= 0"),
        ("0 ≤ p ≤ 1/2", "0 <= p <= 1/2"),
        ("p > 0 and p + q <= 1", "p > 0, p + q <= 1"),
        ("p > 0, q != 1", "p > 0, q != 1"),
        ("1 > p > q^2", "1 > p > q**2"),
        ("real", "real"),
    ],
)
def test_assumption_text_reads_back(text, shown):
    assumption = Assumption.parse(text)
    assert str(assumption) == shown
    assert Assumption.parse(shown) == assumption


@pytest.mark.parametrize(
    ("text", "point", "truth"),
    [
        ("0 < p < 1", {p: HALF}, True),
        ("0 < p < 1", {p: Fraction(0)}, False),
        ("0 <= p", {p: 0}, True),
        ("p + q < 1", {p: HALF, q: HALF}, False),
        ("p + q <= 1", {p: HALF, q: sp.Rational(1, 2)}, True),
        ("p != q", {p: HALF, q: HALF}, False),
        ("1/(p - q) > 0", {p: HALF, q: HALF}, False),
        ("p < 1/3", {p: Fraction(33333333333333333, 10**17)}, True),
        ("real", {}, True),
    ],
)
def test_assumption_holds_exactly(text, point, truth):
    assert Assumption.parse(text).holds(point) is truth


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p", "found 'p'; an assumption compares, such as '0 < p < 1', or is 'real'. Write a comparison"),
        ("positive", "an assumption compares"),
        ("", "an assumption compares"),
        ("p = 1", "found the equation 'p = 1'; an assumption is an inequality"),
        ("p == 1", "found the equation"),
        ("0 < p <", "found no text; a number or a formula is required"),
        ("0 < 2p", "products need *"),
        ("exp(p) > 0", "an assumption compares rational functions of symbols"),
        ("p in [0, 1]", "an assumption compares"),
        (3, "found 3; an assumption is text such as '0 < p < 1'"),
    ],
)
def test_assumption_raises_on(text, message):
    with pytest.raises(FormulaError, match=re.escape(message)) as caught:
        Assumption.parse(text, where="symbols[p]")
    assert caught.value.where == "symbols[p]"


def test_assumption_raises_on_a_point_without_a_value():
    with pytest.raises(FormulaError, match="point: no value for q"):
        Assumption.parse("p < q").holds({p: 0})


def test_replaced_assumptions_follow_the_formula():
    declared = {"p": "0 < p < 1", "q": "p + 2*q < 3/2"}
    assert replaced_assumptions(declared, {p: sp.Rational(1, 3)}) == {"q": "2*q + 1/3 < 3/2"}
    assert replaced_assumptions(declared, {p: 1 - q}) == {"q": "0 < 1 - q < 1, q + 1 < 3/2"}
    assert replaced_assumptions({"p": "real"}, {p: q}) == {"q": "real"}
    assert replaced_assumptions({"p": "real"}, {p: sp.Integer(1)}) == {}


def test_replaced_assumptions_refuse_a_value_outside():
    message = "symbols[p]: found p = 3/2; the assumption '0 < p < 1' is required. Choose a value that meets it"
    with pytest.raises(ModelError, match=re.escape(message)):
        replaced_assumptions({"p": "0 < p < 1"}, {p: sp.Rational(3, 2)})


def test_remaining_assumptions_drop_what_is_gone():
    declared = {"p": "0 < p, p + q < 1", "q": "q > 0", "r": "r>1"}
    assert remaining_assumptions(declared, {"p", "r"}) == {"p": "0 < p", "r": "r>1"}
