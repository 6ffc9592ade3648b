"""Sums are decided exactly; SymPy's normal form is the other route."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from pgsym.errors import FormulaError
from pgsym.expression.sums import Sums

x, y, z = sp.symbols("x y z")
LEAVES = st.sampled_from([x, y, sp.Integer(2), sp.Rational(1, 3), sp.exp(x), sp.exp(y / 2 - x), sp.sqrt(sp.E)])


def _grown(parts):
    return st.one_of(
        st.tuples(parts, parts).map(lambda p: p[0] + p[1]),
        st.tuples(parts, parts).map(lambda p: p[0] * p[1]),
        st.tuples(parts, parts).filter(lambda p: p[1] != 0).map(lambda p: p[0] / p[1]),
        st.tuples(parts, st.sampled_from([-2, 2, 3])).filter(lambda p: p[0] != 0).map(lambda p: p[0] ** p[1]),
    )


FORMULAS = st.recursive(LEAVES, _grown, max_leaves=6).filter(lambda e: not e.has(sp.zoo, sp.nan))


@given(FORMULAS, FORMULAS)
def test_share_and_the_rest_sum_to_one(f, g):
    """f/(f+g) + g/(f+g) = 1, and nothing near it is."""
    whole = sp.cancel(sp.together(f + g))
    if whole == 0:
        with pytest.raises(FormulaError, match=r"^found a division by zero in a probability; a divisor must differ"):
            Sums().is_one(sp.Add(f, g) ** -1 if f + g != 0 else _zero_divisor())
        return
    total = f / (f + g) + g / (f + g)
    assert Sums().is_one(sp.sympify(total))
    assert not Sums().is_one(total + sp.Rational(1, 10**30))
    assert not Sums().is_one(total + x / 10**30)


def _zero_divisor():
    return 1 / ((x + y) ** 2 - x**2 - 2 * x * y - y**2)


@given(FORMULAS)
def test_agrees_with_sympys_normal_form(f):
    assert Sums().is_one(f) == (sp.cancel(sp.together(f)) == 1)


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (sp.exp(x) / (sp.exp(x) + sp.exp(y)) + sp.exp(y) / (sp.exp(x) + sp.exp(y)), True),
        (1 / (1 + sp.exp(-x)) + 1 / (1 + sp.exp(x)), True),
        (1 / (1 + sp.exp(-x)) + 1 / (1 + sp.exp(x / 2)), False),
        (sp.exp(x / 2) ** 2 / (sp.exp(x) + 1) + 1 / (sp.exp(x) + 1), True),
        ((sp.E - x) / sp.E + x * sp.exp(-1), True),
        (x - x * sp.exp(x) / sp.exp(x) + 1, True),
        (sp.exp(x) - x, False),
        (sp.Add(*(y**k for k in range(9))) * (1 - y) + y**9, True),
    ],
)
def test_exponentials(total, expected):
    assert Sums().is_one(total) is expected


@pytest.mark.parametrize("total", [_zero_divisor(), 1 / (_zero_divisor() + 1), 1 + 0 * x + x * _zero_divisor() ** 2])
def test_division_by_what_is_zero(total):
    with pytest.raises(FormulaError) as caught:
        Sums().is_one(total)
    assert str(caught.value) == (
        "found a division by zero in a probability; a divisor must differ from 0. Correct the formula"
    )


def test_known_sums_cost_nothing():
    known = Sums()
    total = x / (x + y) + y / (x + y)
    assert known.is_one(total)
    work = known.work
    assert known.is_one(total)
    assert known.work == work > 0


def test_work_is_bounded_over_all_sums():
    shared = Sums(200_000)
    assert all(shared.is_one(x / (x + n * y) + n * y / (x + n * y)) for n in range(1, 3))
    with pytest.raises(FormulaError) as caught:
        all(shared.is_one(x / (x + n * y) + n * y / (x + n * y)) for n in range(3, 20))
    assert str(caught.value) == (
        "the sums of probabilities take more than 200000 operations to bring over one denominator. "
        "Use smaller powers. If the file is your own, read it with load(..., trusted=True) or --trust-file"
    )
