"""One prime at a time: rational reconstruction of a series, and images of a known solution."""

import pytest
from flint import fmpz_mat, nmod, nmod_mat, nmod_poly

from pgsym.algebra.modular import ModularSystem, _fraction

P = 2**61 - 1


def poly(*coefficients):
    return nmod_poly(list(coefficients), P)


def series(numerator, denominator, terms):
    """The power series of a fraction."""
    return (numerator * denominator.inverse_series_trunc(terms)).truncate(terms)


@pytest.mark.parametrize(
    ("numerator", "denominator"),
    [(poly(3), poly(1)), (poly(1), poly(1, 5)), (poly(0, 0, 7), poly(1, 2, 3)), (poly(1, 2, 3, 4), poly(1, 1))],
    ids=["constant", "geometric", "shifted", "improper"],
)
def test_fraction_is_recovered_from_as_many_terms_as_it_has_unknowns(numerator, denominator):
    split = numerator.degree()
    terms = split + denominator.degree() + 1
    n, d = _fraction(series(numerator, denominator, terms), terms, split)
    assert n * denominator == d * numerator
    assert d.degree() == denominator.degree()


def one_state(b, degree_of_a=1):
    """(1 + y) X = b(y), with its bounds."""
    left = [fmpz_mat(1, 1, [1]), fmpz_mat(1, 1, [1])][: degree_of_a + 1]
    right = [fmpz_mat(1, 1, [c]) for c in b]
    return ModularSystem(P, nmod_mat(1, 1, [1], P), nmod(1, P), left, right), (len(b) - 1, degree_of_a)


def test_image_holds_denominator_numerators_and_projection():
    system, bounds = one_state([2, 3])
    image = system.image(fmpz_mat(1, 1, [10]), bounds, None)
    assert image.degrees == (1, 1)
    assert (image.denominator, image.numerators) == ([1, 1], [[2], [3]])
    assert image.projection == [1, 1, 20, 30]


def test_image_of_a_polynomial_solution_has_denominator_one():
    # (1 + y) X = 2 (1 + y)
    system, bounds = one_state([2, 2])
    image = system.image(fmpz_mat(1, 1, [1]), bounds, None)
    assert (image.denominator, image.numerators) == ([1], [[2]])


def test_image_with_the_degrees_of_another_prime_is_the_same():
    system, bounds = one_state([2, 3])
    first = system.image(fmpz_mat(1, 1, [1]), bounds, None)
    assert system.image(fmpz_mat(1, 1, [1]), bounds, first) == first


def test_functional_that_vanishes_gives_no_image():
    system, bounds = one_state([2, 3])
    assert system.image(fmpz_mat(1, 1, [0]), bounds, None) is None
    assert system.image(fmpz_mat(1, 1, [P]), bounds, None) is None
