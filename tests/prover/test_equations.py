"""Every equation of the prover, on random MDPs with exact numbers."""

from fractions import Fraction

import pytest
from plain_tensors import Numbers

from pgsym.prover.equations import CONTINUING, INVERTIBLE, SOFTMAX, TABULAR, UNICHAIN, TensorEquations
from pgsym.prover.tensors import kind_of

SECOND = frozenset({"pi'", "P'", "r'"})
DISCOUNTS = {"gamma": Fraction(1, 3), "1/2": Fraction(1, 2)}
TABLE = [e for e in TensorEquations(DISCOUNTS, SECOND).table() if e.needs not in (INVERTIBLE, SOFTMAX, TABULAR)]


def holds(equation, numbers, second=SECOND):
    free = sorted({i for _, fs in [(1, equation.left), *equation.right] for f in fs for i in f[1:] if i.isupper()})
    named = {i: f"{kind_of(i)}!{i}" for i in free}
    renamed = lambda fs: [(f[0], *(named.get(i, i) for i in f[1:])) for f in fs]  # noqa: E731
    for place in numbers.places(list(named.values())):
        left = numbers.value([(1, renamed(equation.left))], place, second)
        if left != numbers.value([(c, renamed(fs)) for c, fs in equation.right], place, second):
            return False
    return True


@pytest.mark.parametrize("equation", TABLE, ids=lambda e: str(e))
@pytest.mark.parametrize("ending", [False, True], ids=["continuing", "ending"])
def test_equation_holds_where_its_hypothesis_does(equation, ending):
    numbers = Numbers(1, ending=ending, gamma=Fraction(1, 3))
    if ending and equation.needs in (CONTINUING, UNICHAIN):
        return
    if ending and equation.name.startswith("r(s,a) is the mean"):
        return
    assert holds(equation, numbers)


def test_wrong_equations_are_found():
    numbers = Numbers(1, gamma=Fraction(1, 3))
    for equation in TABLE:
        if equation.right:
            wrong = type(equation)(equation.name, equation.left, ((2 * equation.right[0][0], equation.right[0][1]),))
            assert not holds(wrong, numbers), equation
