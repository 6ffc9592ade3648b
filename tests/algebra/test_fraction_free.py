"""Systems that are solved without fractions have the solution that elimination with fractions finds."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from pgsym.algebra import RationalField
from pgsym.errors import SingularMatrixError

x, y = sp.symbols("x y")
ENTRIES = [0, 0, 1, -1, x, 1 - x, x * y, 1 / (1 + x), y / (1 + x), sp.Rational(2, 3), x / (2 * (1 + y))]


@st.composite
def equations(draw, field):
    """x_i = sum a b x_j, with one or two products for each of some j, and a right side, j = n."""
    n = draw(st.integers(1, 5))
    one = st.sampled_from([field.convert(sp.sympify(e)) for e in ENTRIES])
    products = st.lists(st.tuples(one, one), min_size=1, max_size=2)
    rows = draw(st.lists(st.dictionaries(st.integers(0, n), products, max_size=n + 1), min_size=n, max_size=n))
    return [[(j, a, b) for j, terms in row.items() for a, b in terms] for row in rows]


@given(st.data())
@settings(max_examples=150)
def test_the_solution_is_that_of_elimination_with_fractions(data):
    field = RationalField([], [], [x, y])
    given_rows = data.draw(equations(field))
    last = data.draw(st.integers(0, len(given_rows) - 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pgsym.algebra.rational.FRACTION_FREE", 0)
        try:
            expected = list(field.fixed_point(given_rows, last))
        except SingularMatrixError:
            expected = None
    if expected is None:
        with pytest.raises(SingularMatrixError, match=r"every entry is zero after \d of \d eliminations"):
            field.fixed_point(given_rows, last)
    else:
        assert list(field.fixed_point(given_rows, last)) == expected


def test_a_pivot_of_the_diagonal_may_be_zero():
    """x_0 = x_0 + x_1 - 1 and x_1 = x x_0: the unknowns are found in another order."""
    field = RationalField([], [], [x])
    one, g = field.one, field.symbol(x)
    found = field.fixed_point([[(2, -one, one), (0, one, one), (1, one, one)], [(0, g, one)]], 1)
    assert [field.to_sympy(e) for e in found] == [1 / x, 1]
