"""Floats: stable softmax, sparse solves, errors."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from pgsym.algebra import FloatField
from pgsym.algebra.floating import DENSE
from pgsym.errors import AlgebraError, NotInFieldError, SingularMatrixError
from pgsym.expression.linear import Linear

T, U = sp.symbols("t u")


def linear(expr):
    return Linear.from_sympy(expr)


def test_softmax_does_not_overflow():
    field = FloatField({T: 1e4, U: -1e4})
    assert field.softmax([linear(T), linear(U), linear(T)]) == [0.5, 0.0, 0.5]
    assert sum(field.softmax([linear(U), linear(U - 1)])) == 1.0


def test_exp_raises_on_overflow():
    with pytest.raises(
        AlgebraError,
        match=r"^exp\(t\): exp\(10000\) exceeds the range of floats; an exponent of at most 709 is required\. "
        r"Use a softmax policy, which is evaluated without overflow, or an exact field$",
    ):
        FloatField({T: 1e4}).exp(linear(T))


def test_symbol_raises_without_value():
    with pytest.raises(NotInFieldError, match=r"^u: no value; the field knows t\. Give it one$"):
        FloatField({T: 0.0}).symbol(U)


def test_convert_evaluates():
    field = FloatField({T: 0.5, U: 2})
    assert math.isclose(field.convert(sp.exp(2 * T) / U - sp.Rational(1, 3)), math.e / 2 - 1 / 3)
    assert field.to_sympy(0.1) == sp.Float(0.1)


@pytest.mark.parametrize("n", [1, 5, DENSE, DENSE + 1, 60])
def test_factor_agrees_with_dense_numpy(n, rng):
    dense = np.where(rng.random((n, n)) < 3 / n, rng.normal(size=(n, n)), 0.0) + 4 * np.eye(n)
    rows = [{j: float(dense[i, j]) for j in range(n) if dense[i, j]} for i in range(n)]
    b = rng.normal(size=n)
    lu = FloatField({}).factor(rows)
    # diagonally dominant on average: condition below 1e4, so 1e-10 leaves four digits of slack
    np.testing.assert_allclose(lu.solve(list(b)), np.linalg.solve(dense, b), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(lu.solve_transposed(list(b)), np.linalg.solve(dense.T, b), rtol=1e-10, atol=1e-10)


def test_factor_of_empty_system():
    assert FloatField({}).factor([]).solve([]) == []


def test_factor_exchanges_rows_for_the_sake_of_precision():
    """Without pivoting, 1e-20 is divided by and x[0] is lost."""
    lu = FloatField({}).factor([{0: 1e-20, 1: 1.0}, {0: 1.0, 1: 1.0}])
    assert lu.solve([1.0, 2.0]) == pytest.approx([1.0, 1.0])
    assert lu.solve_transposed([1.0, 2.0]) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("n", [2, DENSE + 1])
def test_factor_raises_on_singular_matrix(n):
    with pytest.raises(
        SingularMatrixError,
        match=rf"^floats: in floats a system of {n} equations has no unique solution; a number below about 1e-13 is "
        r"lost beside 1\. Choose theta nearer to 0, or compute exactly$",
    ):
        FloatField({}).factor([dict.fromkeys(range(n), 1.0)] * n)


def bordered(rows, n):
    """The matrix with equations x_i = 0 below it, up to n: large enough for one solver or the other."""
    return [*rows, *({i: 1.0} for i in range(len(rows), n))]


@pytest.mark.parametrize("n", [2, DENSE + 1])
@pytest.mark.parametrize(("pivot", "lost"), [(2.0**-20, False), (2.0**-30, False), (2.0**-45, True), (2.0**-53, True)])
def test_factor_refuses_a_pivot_that_is_rounding_noise(pivot, lost, n):
    """I - P of a chain that leaves its two states with this probability; its solution is 1/pivot."""
    rows = bordered([{0: 1.0, 1: -1.0}, {0: -(1.0 - pivot), 1: 1.0}], n)
    if lost:
        with pytest.raises(SingularMatrixError, match=rf"^theta\[t\] = 40: in floats a system of {n} equations"):
            FloatField({sp.Symbol("t"): 40.0}).factor(rows)
    else:
        found = FloatField({}).factor(rows).solve([0.0, 1.0, *[0.0] * (n - 2)])
        assert found[1] == pytest.approx(1 / pivot, rel=1e-3)


@pytest.mark.parametrize("n", [2, DENSE + 1])
def test_a_small_pivot_in_a_small_column_is_no_noise(n):
    found = FloatField({}).factor(bordered([{0: 1.0}, {1: 1e-20}], n)).solve([1.0, 1.0, *[0.0] * (n - 2)])
    assert found[:2] == [1.0, 1e20]


def test_number_beyond_floats_is_refused():
    with pytest.raises(AlgebraError, match=r"^floats: found 1000.*; floats end at about 1\.8e308\. Scale the rewards"):
        FloatField({}).number(Fraction(10**400))
