"""Witness points: exact, inside, deterministic, and absent where there is none."""

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from pgsym.expression.assumptions import Assumption
from pgsym.expression.domain import witness

p, q, r = sp.symbols("p q r")


def check(point, probabilities, assumptions, *, strict=True):
    for probability in probabilities:
        value = sp.cancel(probability.xreplace(point))
        assert (0 < value < 1) if strict else (0 <= value <= 1), (probability, value)
    assert all(Assumption.parse(text).holds(point) for text in assumptions)


@pytest.mark.parametrize(
    ("probabilities", "assumptions"),
    [
        ([p, 1 - p], []),
        ([p], ["p > 999999/1000000"]),
        ([p], ["1/2 < p < 500001/1000000"]),
        ([p, q, 1 - p - q], ["q > 2*p"]),
        ([p, q, r, 1 - p - q - r], ["p > q > r > 1/10"]),
        ([p / (p + q), q / (p + q)], []),
        ([p**2 + q**2], ["p < -1/2", "q < -1/2"]),
        ([p * q], ["p != q", "p + q > 19/10"]),
        ([1 / p], []),
        ([p, 1 - 1000 * p], []),
        ([], ["r > 10^12"]),
        ([], ["p < -5", "q < p"]),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_witness_lies_inside(probabilities, assumptions, seed):
    point = witness(probabilities, map(Assumption.parse, assumptions), [p, q, r], seed)
    assert set(point) == {p, q, r}
    check(point, probabilities, assumptions)


@pytest.mark.parametrize(
    ("probabilities", "assumptions"),
    [([p], ["p <= 0"]), ([p, 2 * p], ["p >= 1/2"]), ([p, q], ["p + q >= 2"]), ([2 * p - 1, 1 - p], ["p >= 1"])],
)
def test_witness_accepts_the_boundary_where_there_is_no_inside(probabilities, assumptions):
    point = witness(probabilities, map(Assumption.parse, assumptions), [p, q])
    check(point, probabilities, assumptions, strict=False)


@pytest.mark.parametrize(
    ("probabilities", "assumptions"),
    [
        ([p], ["p > 1"]),
        ([p], ["p < 0"]),
        ([p, q], ["p + q > 2"]),
        ([1 + p**2], ["p > 0"]),
        ([p, 1 - p], ["p > q", "q > p"]),
        ([], ["1 < 0"]),
    ],
)
def test_witness_is_none_on_an_empty_domain(probabilities, assumptions):
    assert witness(probabilities, map(Assumption.parse, assumptions), [p, q]) is None


@pytest.mark.parametrize("n", [2, 7, 60])
def test_witness_of_one_row_of_symbols(n):
    row = sp.symbols(f"p1:{n + 1}")
    probabilities = [*row, 1 - sum(row)]
    point = witness(probabilities, [], row)
    check(point, probabilities, [])
    assert max(value.q for value in point.values()) < 10**5


def test_witness_of_a_generic_mdp():
    rows = [sp.symbols(f"p{i}_1:4") for i in range(20)]
    probabilities = [e for row in rows for e in (*row, 1 - sum(row))]
    check(witness(probabilities, [], [s for row in rows for s in row]), probabilities, [])


@pytest.mark.parametrize("scale", [sp.Rational(2, 3), sp.Symbol("gamma")])
def test_witness_of_long_rows_that_are_scaled(scale):
    """Probabilities gamma p, as random termination makes them: the row shows in a factor only."""
    rows = [sp.symbols(f"p{i}_1:30") for i in range(10)]
    probabilities = [scale * e for row in rows for e in (*row, 1 - sum(row))]
    symbols = {s for e in probabilities for s in e.free_symbols}
    check(witness(probabilities, [], symbols), probabilities, [])


def test_witness_of_long_rows_that_share_a_symbol():
    """Only one of the two rows can be drawn as a whole."""
    rows = [sp.symbols("p0:12"), [sp.Symbol("p0"), *sp.symbols("q1:12")]]
    probabilities = [e for row in rows for e in (*row, 1 - sum(row))]
    check(witness(probabilities, [], [s for row in rows for s in row]), probabilities, [])


def test_witness_depends_on_the_seed_only():
    first, again, other = (witness([p, q, 1 - p - q], [], [q, p], seed) for seed in (3, 3, 4))
    assert first == again != other
    assert witness([q, 1 - p - q, p], [], [p, q], 3) is not None


def test_witness_minds_the_signs_of_sympy_symbols():
    a, b = sp.Symbol("a", negative=True), sp.Symbol("b", nonnegative=True)
    point = witness([], [], [a, b])
    assert point[a] < 0 <= point[b]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(0, 5))
def test_witness_of_random_simplices(weights, seed):
    symbols = sp.symbols(f"x0:{len(weights)}")
    total = 1 - sum(w * s for w, s in zip(weights, symbols, strict=True))
    check(witness([*symbols, total], [], symbols, seed), [*symbols, total], [])
