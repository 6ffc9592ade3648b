"""One generator: images modulo primes give the same elements as elimination."""

import random
from fractions import Fraction

import pytest
import sympy as sp

from pgsym.algebra import RationalField, eliminate, order
from pgsym.algebra.interpolate import ImageFactorization, prefers_images
from pgsym.errors import SingularMatrixError
from pgsym.expression.linear import Linear

T = sp.Symbol("t")
FORMS = [Linear.from_sympy(T / 2), Linear()]


def random_chain(field, n, seed, targets=3):
    """I - 9/10 P for a random graph whose rows mix two actions."""
    rng = random.Random(seed)
    p, q = field.softmax(FORMS)
    rows = []
    for s in range(n):
        row = {s: field.one}
        for weight in (p, q):
            for t in rng.sample(range(n), targets):
                step = field.number(Fraction(3, 10)) * weight
                row[t] = row.get(t, field.zero) - step
        rows.append(row)
    return rows


@pytest.mark.parametrize("seed", range(3))
def test_images_agree_with_elimination(seed):
    field = RationalField([T], FORMS)
    n = 9
    rows = random_chain(field, n, seed)
    rng = random.Random(seed)
    choices = [sp.exp(T), 1 / (1 + sp.exp(T / 2)), sp.Rational(2, 3), sp.S.Zero]
    b = [field.convert(rng.choice(choices)) for _ in range(n)]
    images = field.factor(rows)
    assert isinstance(images._inner, ImageFactorization)
    plain = eliminate(rows, field.is_zero)
    assert list(images.solve(b)) == list(plain.solve(b))
    assert list(images.solve_transposed(b)) == list(plain.solve_transposed(b))
    assert list(images.solve([field.zero] * n)) == [field.zero] * n


def test_images_denominator_is_shared_by_the_gradient():
    """All entries have parts of one determinant, so their sums need no new gcd."""
    field = RationalField([T], FORMS)
    n = 9
    x = field.factor(random_chain(field, n, 7)).solve([field.one] + [field.zero] * (n - 1))
    total = sum(x, field.zero)
    assert field.gradient(total)[T] == sum((field.gradient(e)[T] for e in x), field.zero)


def test_chains_stay_with_elimination_and_random_graphs_do_not():
    n = 100
    chain = order([{i, (i + 1) % n, max(i - 1, 0)} for i in range(n)])
    rng = random.Random(0)
    graph = order([{i, *rng.sample(range(n), 4)} for i in range(n)])
    assert not prefers_images(chain)
    assert prefers_images(graph)
    assert chain.fill < 0.1 * n**2 < graph.fill


def test_factor_raises_on_singular_matrix():
    field = RationalField([T], FORMS)
    rows = random_chain(field, 9, 0)
    rows[4] = {j: e * field.number(Fraction(2)) for j, e in rows[3].items()}
    with pytest.raises(SingularMatrixError):
        field.factor(rows)
