"""LU modulo a prime in a known order: both phases, both directions, and what needs another pivot."""

import random

import pytest
from flint import nmod

from pgsym.algebra import Generators, PrimeField, SparseLU, order, prime
from pgsym.algebra.prime import ResidueLU, Schedule
from pgsym.errors import SingularMatrixError

P = 2**61 - 1


def field():
    return PrimeField(P, Generators.of([], []), {}, {})


def random_rows(n, per_row, seed):
    """Sparse, with a full diagonal."""
    rng = random.Random(seed)
    return [
        {j: nmod(rng.randrange(1, P), P) for j in {i, *(rng.randrange(n) for _ in range(per_row))}} for i in range(n)
    ]


def times(rows, x):
    return [sum((e * x[j] for j, e in row.items()), nmod(0, P)) for row in rows]


def times_transposed(rows, y):
    total = [nmod(0, P)] * len(rows)
    for i, row in enumerate(rows):
        for j, e in row.items():
            total[j] = total[j] + e * y[i]
    return total


@pytest.mark.parametrize("update", [0.0, 130.0, 1e9], ids=["all sparse", "as measured", "all dense"])
@pytest.mark.parametrize(("n", "per_row"), [(1, 0), (7, 2), (40, 2), (60, 6)])
def test_residue_lu_solves_both_systems(monkeypatch, update, n, per_row):
    monkeypatch.setattr(prime, "UPDATE", update)
    rows = random_rows(n, per_row, seed=n)
    schedule = Schedule(order([row.keys() for row in rows], last=[0]))
    lu = ResidueLU(rows, schedule, P)
    b = [nmod(k * k + 1, P) for k in range(n)]
    assert lu.usable
    assert times(rows, lu.solve(b)) == b
    assert times_transposed(rows, lu.solve_transposed(b)) == b


def test_dense_block_is_chosen_by_cost(monkeypatch):
    rows = random_rows(60, 6, seed=1)
    ordering = order([row.keys() for row in rows])
    assert 0 < Schedule(ordering).sparse < 60
    monkeypatch.setattr(prime, "UPDATE", 0.0)
    assert Schedule(ordering).sparse == 60


def test_factor_takes_another_pivot_where_the_planned_one_vanishes():
    """The pattern promises a diagonal that is zero here."""
    full = order([{0, 1}, {0, 1}])
    rows = [{0: nmod(0, P), 1: nmod(2, P)}, {0: nmod(3, P), 1: nmod(0, P)}]
    assert not ResidueLU(rows, Schedule(full), P).usable
    lu = field().factor(rows, ordering=full)
    assert isinstance(lu, SparseLU)
    assert times(rows, lu.solve([nmod(1, P), nmod(1, P)])) == [1, 1]


def test_factor_notices_entries_that_the_ordering_does_not_know():
    """A mutant: an ordering of the diagonal alone would drop the other entry."""
    rows = [{0: nmod(1, P), 1: nmod(5, P)}, {1: nmod(1, P)}]
    diagonal = order([{0}, {1}])
    assert not ResidueLU(rows, Schedule(diagonal), P).usable
    lu = field().factor(rows, ordering=diagonal)
    assert times(rows, lu.solve([nmod(7, P), nmod(8, P)])) == [7, 8]


@pytest.mark.parametrize("n", [2, 30])
def test_factor_raises_on_a_singular_matrix(n):
    rows = [dict.fromkeys(range(n), nmod(i + 1, P)) for i in range(n)]
    with pytest.raises(SingularMatrixError, match=rf"^row \d+: every entry is zero after 1 of {n} eliminations"):
        field().factor(rows)


def test_schedule_is_kept_with_its_ordering():
    ordering = order([{0, 1}, {0, 1}])
    assert Schedule.of(ordering) is Schedule.of(ordering)


def test_ordering_lists_what_each_pivot_touches():
    rows = random_rows(25, 3, seed=3)
    found = order([row.keys() for row in rows])
    assert found.updates == sum(len(b) * len(r) for b, r in zip(found.below, found.beside, strict=True))
    assert found.fill == sum(len(b) + len(r) + 1 for b, r in zip(found.below, found.beside, strict=True))
