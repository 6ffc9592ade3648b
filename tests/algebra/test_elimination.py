"""Sparse LU over any field: against FLINT and SymPy, transposed, with zero diagonals, singular."""

import random
import time
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from flint import fmpq, fmpq_mat, nmod
from sympy.polys.matrices import DomainMatrix

from pgsym.algebra import Generators, PrimeField, RationalField, eliminate, order, point_field
from pgsym.algebra.elimination import RowScaled
from pgsym.errors import AlgebraError, SingularMatrixError

P = 2**61 - 1


def is_zero(e):
    return not e


def sparse_rows(rng, n, density, make, diagonal=True):
    rows = []
    for i in range(n):
        row = {j: make(rng.randint(-5, 5)) for j in range(n) if rng.random() < density}
        if diagonal:
            row[i] = make(rng.randint(1, 9))
        rows.append(row)
    return rows


def permuted(rng, rows):
    """Columns shuffled, so that pivots lie off the diagonal."""
    shuffled = list(range(len(rows)))
    rng.shuffle(shuffled)
    return [{shuffled[j]: e for j, e in row.items()} for row in rows]


def dense(rows):
    n = len(rows)
    return fmpq_mat(n, n, [row.get(j, fmpq(0)) for row in rows for j in range(n)])


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5, 12, 25])
def test_solve_agrees_with_dense_flint(n, shuffle):
    rng = random.Random(10 * n + shuffle)
    solved = 0
    for _ in range(6):
        rows = sparse_rows(rng, n, 2.5 / n, fmpq)
        rows = permuted(rng, rows) if shuffle else rows
        matrix = dense(rows)
        b = [fmpq(rng.randint(-5, 5)) for _ in range(n)]
        if matrix.det() == 0:
            with pytest.raises(SingularMatrixError):
                eliminate(rows, is_zero)
            continue
        solved += 1
        last = [rng.randrange(n)]
        for lu in (eliminate(rows, is_zero), eliminate(rows, is_zero, last, inverse=lambda e: 1 / e)):
            x, y = lu.solve(b), lu.solve_transposed(b)
            right = fmpq_mat(n, 1, b)
            assert list(x) == [e for (e,) in matrix.solve(right).tolist()]
            assert list(y) == [e for (e,) in matrix.transpose().solve(right).tolist()]
    assert solved


@pytest.mark.parametrize("seed", range(4))
def test_solve_over_rational_functions_agrees_with_sympy(seed):
    rng = random.Random(seed)
    x, y = sp.symbols("x y")
    field = RationalField([], [], [x, y])

    def entry():
        return sp.Rational(rng.randint(-3, 3), 2) + rng.choice([x, y, 1 / (1 + x), x * y]) * rng.randint(-2, 2)

    matrix = sp.Matrix(4, 4, lambda i, j: entry() if i == j or rng.random() < 0.5 else 0)
    right = sp.Matrix(4, 1, lambda i, j: entry())
    lu = field.factor([{j: field.convert(matrix[i, j]) for j in range(4)} for i in range(4)], last=[0])
    b = [field.convert(e) for e in right]
    domain = sp.QQ.frac_field(x, y)
    for system, solution in ((matrix, lu.solve(b)), (matrix.T, lu.solve_transposed(b))):
        expected = (
            DomainMatrix.from_Matrix(system)
            .convert_to(domain)
            .lu_solve(DomainMatrix.from_Matrix(right).convert_to(domain))
        )
        assert list(solution) == [field.convert(e) for e in expected.to_Matrix()]


def test_solve_meets_a_pivot_that_cancels():
    """[[1, 1, 0], [1, 1, 1], [0, 1, 1]]: the second diagonal entry becomes zero in the elimination."""
    rows = [{0: fmpq(1), 1: fmpq(1)}, {0: fmpq(1), 1: fmpq(1), 2: fmpq(1)}, {1: fmpq(1), 2: fmpq(1)}]
    b = [fmpq(1), fmpq(2), fmpq(3)]
    for pivots in (((0, 0), (1, 1), (2, 2)), ((2, 2), (0, 0), (1, 1))):
        ordering = order([row.keys() for row in rows])
        lu = eliminate(rows, is_zero, ordering=replace(ordering, pivots=pivots))
        assert list(lu.solve(b)) == [fmpq(-1), fmpq(2), fmpq(1)]
        assert list(lu.solve_transposed([fmpq(0), fmpq(0), fmpq(1)])) == [fmpq(-1), fmpq(1), fmpq(0)]


def test_solve_needs_only_what_the_last_unknown_depends_on():
    """x[last] of a chain costs one division: no other unknown is computed."""
    n = 50
    rows = [{k: fmpq(2) for k in (i,)} | {k: fmpq(-1) for k in (i - 1, i + 1) if 0 <= k < n} for i in range(n)]
    x = eliminate(rows, is_zero, last=[20]).solve([fmpq(1)] * n)
    assert x[20] == fmpq(21 * 30, 2)  # i (n + 1 - i) / 2 with i = 21
    assert list(x._known) == [20]


def test_factorization_of_empty_system():
    lu = eliminate([], is_zero)
    assert list(lu.solve([])) == []
    assert list(RationalField([]).factor([]).solve_transposed([])) == []


def test_row_scaled_solves_the_unscaled_system():
    rows = [{0: Fraction(1), 1: Fraction(2)}, {0: Fraction(3), 1: Fraction(4)}]
    scales = [Fraction(5), Fraction(7)]
    scaled = [{j: s * e for j, e in row.items()} for s, row in zip(scales, rows, strict=True)]
    lu = RowScaled(eliminate(scaled, is_zero), scales)
    plain = eliminate(rows, is_zero)
    b = [Fraction(1), Fraction(-1)]
    assert list(lu.solve(b)) == list(plain.solve(b))
    assert list(lu.solve_transposed(b)) == list(plain.solve_transposed(b))


def test_eliminate_raises_on_dependent_equations():
    rows = [{0: fmpq(1), 1: fmpq(2)}, {0: fmpq(2), 1: fmpq(4)}]
    with pytest.raises(
        SingularMatrixError,
        match=r"^row 1: every entry is zero after 1 of 2 eliminations; the system must have a unique solution\. "
        r"Check that its equations are independent$",
    ):
        eliminate(rows, is_zero)


def test_order_raises_on_structurally_singular_pattern():
    with pytest.raises(
        SingularMatrixError,
        match=r"^row \d: 0 of 3 entries are left after \d eliminations; the system must have a unique solution\. "
        r"Check that its equations are independent$",
    ):
        order([{0}, {0}, {0, 1, 2}])


def test_solve_raises_on_wrong_length():
    lu = eliminate([{0: fmpq(1)}], is_zero)
    with pytest.raises(AlgebraError, match=r"^right-hand side: found 2 entries for 1 equations; one each is required"):
        lu.solve([fmpq(1), fmpq(1)])


@pytest.mark.parametrize("seed", range(10))
def test_order_predicts_the_elimination(seed):
    """With a zero-free diagonal and no cancellation the recorded factors have exactly the predicted entries."""
    rng = random.Random(seed)
    n = 30
    rows = sparse_rows(rng, n, 0.08, lambda _: nmod(rng.randrange(1, P), P))
    ordering = order([row.keys() for row in rows], last=[3, 4])
    lu = eliminate(rows, is_zero, [3, 4], ordering)
    assert lu.pivots == list(ordering.pivots)
    assert sum(map(len, lu._multipliers)) + sum(map(len, lu._upper)) == ordering.fill


def test_order_eliminates_last_indices_last():
    n = 30
    pattern = [{i, (i + 1) % n, (i - 1) % n} for i in range(n)]
    assert {j for _, j in order(pattern, last=[4, 17]).pivots[-2:]} == {4, 17}


def test_order_of_a_tree_has_no_fill():
    """Minimum degree eliminates leaves first: a star stays a star."""
    pattern = [set(range(100)), *({0, i} for i in range(1, 100))]
    assert order(pattern).fill == 100 + 2 * 99


def test_elimination_of_a_long_chain_is_linear():
    """n = 20000 unknowns in a few seconds, and deep back-substitution without recursion."""
    n = 20_000
    field = PrimeField.random(random.Random(0), Generators.of([], []))
    two, one = field.number(Fraction(2)), field.one
    rows = [{i: two} | {k: -one for k in (i - 1, i + 1) if 0 <= k < n} for i in range(n)]
    started = time.perf_counter()
    x = field.factor(rows, last=[n - 1]).solve([one] * n)
    assert x[0] == field.number(Fraction(n, 2))
    assert x[n - 1] == field.number(Fraction(n, 2))
    assert time.perf_counter() - started < 20  # about 0.5 s on an idle core; quadratic orderings take minutes


def test_elimination_over_rational_numbers_of_a_grid():
    """A 20 x 20 grid of probabilities: V = 1/(1 - gamma) for reward 1 everywhere."""
    field = point_field([], [], [], {})
    k, gamma = 20, Fraction(9, 10)
    rows = []
    for s in range(k * k):
        x, y = divmod(s, k)
        row = {s: field.one}
        for dx, dy in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            t = min(max(x + dx, 0), k - 1) * k + min(max(y + dy, 0), k - 1)
            row[t] = row.get(t, field.zero) - field.number(gamma / 4)
        rows.append(row)
    assert field.factor(rows, last=[0]).solve([field.one] * k**2)[0] == fmpq(10)
