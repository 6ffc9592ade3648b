"""Sharp constants that are known."""

from fractions import Fraction

import pytest
import sympy as sp

from pgsym.errors import AlgebraError
from pgsym.order import Kind, SimplexRow, fraction_of, sharpen

x, y, p, q = sp.symbols("x y p q")
POSITIVE = {x: Kind.POSITIVE, y: Kind.POSITIVE}


def sharpest(f, g, kinds, **options):
    return sharpen(fraction_of(sp.sympify(f), list(kinds)), fraction_of(sp.sympify(g), list(kinds)), kinds, **options)


def test_attained_constant_is_exact():
    found = sharpest((x + y) ** 2, x * y, POSITIVE)
    assert found.attained
    assert found.proved == 4
    assert str(found) == "4, attained"


def test_constant_in_the_limit_is_enclosed():
    found = sharpest(x**2 + 3 * y**2, x**2, POSITIVE)  # 1 as y -> 0
    assert not found.attained
    assert found.proved <= 1 < found.refuted <= 1 + 2 * Fraction(1, 10**6)
    assert found.counterexample.witness is not None


def test_irrational_constant_is_enclosed():
    found = sharpest(x**2 + 2 * y**2, x * y, POSITIVE)
    assert found.proved**2 < 8 < found.refuted**2
    assert found.refuted - found.proved < Fraction(1, 10**5)


def test_softmax_lojasiewicz_constant_of_two_arms_is_two():
    """Both sides by hand: 2 p^2 q^2 Delta^2 against p^2 (q Delta)^2."""
    delta = sp.Symbol("Delta")
    kinds = {p: SimplexRow("s"), q: SimplexRow("s"), delta: Kind.POSITIVE}
    J = -q * delta
    gradient = p**2 * (0 - J) ** 2 + q**2 * (-delta - J) ** 2
    assert str(sharpest(gradient, p**2 * J**2, kinds)) == "2, attained"


def test_sharpen_raises_on_a_right_side_of_both_signs():
    with pytest.raises(AlgebraError, match=r"^g: it is refuted: -.*; g >= 0 is needed\. Choose another g$"):
        sharpest(x, x - 2 * y, POSITIVE)


def test_a_point_where_both_sides_vanish_is_no_sign_of_the_last_constant():
    """2 (x - 1)^2 >= 0 is attained at 1, and so is the same with any other constant."""
    found = sharpest(2 * (x - 1) ** 2, (x - 1) ** 2, {x: Kind.POSITIVE})
    assert found.proved <= 2 < found.refuted <= 2 + Fraction(1, 10**5)
