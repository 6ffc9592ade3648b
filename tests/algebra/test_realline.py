"""The real line cut at roots, against SymPy's isolation of real roots."""

import random

import pytest
import sympy as sp
from flint import fmpz_poly

from pgsym.algebra.realline import pieces, signs_of

x = sp.Symbol("x")


def sympy_roots(polynomials):
    """The distinct real roots of all, from below."""
    product = sp.Mul(*(sp.Poly(list(reversed(list(map(int, f)))), x).as_expr() for f in polynomials))
    return sorted(set(sp.real_roots(sp.Poly(product, x))), key=lambda r: sp.N(r, 60))


@pytest.mark.parametrize("seed", range(30))
def test_cuts_and_signs_are_those_of_sympy(seed):
    rng = random.Random(seed)
    polynomials = [fmpz_poly([rng.randint(-4, 4) for _ in range(rng.randint(2, 5))] + [1]) for _ in range(3)]
    polynomials.append(polynomials[0] * polynomials[1])
    line, roots = pieces(polynomials), sympy_roots(polynomials)
    cuts = line[1::2]
    assert len(cuts) == len(roots)
    for cut, root in zip(cuts, roots, strict=True):
        assert abs(sp.N(cut.number(x) - root, 40)) < sp.Float(10) ** -30
        for f in polynomials:
            value = sp.N(sp.Poly(list(reversed(list(map(int, f)))), x).as_expr().subs(x, root), 60)
            assert cut.sign(f) == (0 if abs(value) < sp.Float(10) ** -40 else sp.sign(value))
    places = [piece.rational for piece in line[::2]]
    assert places == sorted(places)
    assert all(a < sp.N(cut.number(x), 40) < b for a, cut, b in zip(places, cuts, places[1:], strict=False))


def test_nearby_roots_are_told_apart():
    """1/3 and a root of x^2 = 1/9 + 10^-60 agree in 59 digits."""
    n = 10**60
    line = pieces([fmpz_poly([-1, 3]), fmpz_poly([-n - 9, 0, 9 * n])])
    assert len(line) == 7
    assert [cut.sign(fmpz_poly([-1, 3])) for cut in line[1::2]] == [-1, 0, 1]


def test_signs_of_a_rational_function():
    f = signs_of((x - 1) / (2 - x) / 3, x)
    assert [piece.sign(f) for piece in pieces([f])] == [-1, 0, 1, 0, -1]
