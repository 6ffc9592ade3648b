"""The checker accepts what was found, and refuses what was damaged."""

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from plain_signs import points

from pgsym.order import Kind, SimplexRow, decide_sign, fraction_of
from pgsym.order.certificates import Coefficients, FactoredSign, Halving, Outside, SignedFactor, Square, SturmCount
from pgsym.order.checker import check, check_fraction
from pgsym.order.kinds import Extent, Orthant
from pgsym.order.polynomials import context, value
from pgsym.order.regions import Cut, halves

x, y, z, p, q = sp.symbols("x y z p q")
POSITIVE = {x: Kind.POSITIVE, y: Kind.POSITIVE, z: Kind.POSITIVE}
OPEN, CLOSED, LINE = Extent.OPEN, Extent.CLOSED, Extent.LINE
U, V = context(2).gens()


def holds(certificate, polynomial, extents=(OPEN, OPEN), strict=False, assumptions=(), closed=OPEN):
    return check(certificate, polynomial, extents, strict, assumptions, closed)


SQUARE = Square(0, Coefficients(), Coefficients())
TREE = Halving(Cut(0, Fraction(1), 1), (Coefficients(), Coefficients()))


@pytest.mark.parametrize(
    ("certificate", "polynomial", "wrong"),
    [
        (Coefficients(), U + V**2, U - V**2),
        (SturmCount(0), U**2 - U + 1, U**2 - 2 * U + 1),
        (SQUARE, U**2 - U * V + V**2, U**2 - 3 * U * V + V**2),
        (TREE, U**2 - U * V + V**2, U**2 - 3 * U * V + V**2),
    ],
)
def test_certificate_holds_for_its_polynomial_alone(certificate, polynomial, wrong):
    assert holds(certificate, polynomial)
    assert not holds(certificate, wrong)
    assert not holds(certificate, -polynomial)


@pytest.mark.parametrize(
    "damaged",
    [
        replace(TREE, cut=Cut(0, Fraction(3), 1)),
        replace(TREE, cut=Cut(0, Fraction(1))),
        replace(TREE, cut=Cut(0, Fraction(1), 1, -1)),
        replace(TREE, parts=(Coefficients(), SturmCount(0))),
        replace(SQUARE, leading=SturmCount(0)),
        replace(SQUARE, rest=SturmCount(0)),
        FactoredSign((SignedFactor(U - V, 2, False, 1, None),)),
        Coefficients(),
        SturmCount(0),
        Outside(0),
    ],
)
def test_checker_rejects_a_damaged_tree(damaged):
    assert not holds(damaged, U**2 - U * V + V**2, assumptions=[U])


def test_zero_at_an_included_end_is_not_positive():
    assert holds(Coefficients(), U + V, (OPEN, CLOSED), strict=True)
    assert not holds(Coefficients(), V * U, (OPEN, CLOSED), strict=True)
    assert not holds(Coefficients(), U, (LINE, OPEN))
    assert not holds(SturmCount(0), U, (CLOSED, OPEN), strict=True)


def test_square_needs_a_positive_leading_coefficient():
    flat = (U - V) ** 2
    assert holds(SQUARE, flat * U, closed=CLOSED) is False  # of degree three
    one_sided = V * U**2 + 2 * U + 1  # at V < 0 it is negative somewhere, although 4 a c - b^2 < 0 there
    assert not holds(SQUARE, one_sided, (LINE, LINE))
    assert holds(Square(0, Coefficients(), Coefficients()), flat, (LINE, LINE))


def test_outside_needs_a_negative_assumption():
    assert holds(Outside(0), -U, assumptions=[-1 - U], closed=CLOSED)
    assert not holds(Outside(0), -U, assumptions=[-U], extents=(CLOSED, OPEN), closed=CLOSED)


FOUND = decide_sign(*fraction_of((x - y) / (x**2 - y**2) + x / y, POSITIVE), POSITIVE, strict=True)


def fraction_holds(certificate, numerator, denominator, strict=True):
    return check_fraction(certificate, numerator, denominator, Orthant(POSITIVE), strict)


def test_factored_sign_is_that_of_its_fraction_alone():
    numerator, denominator = fraction_of(sp.cancel((x - y) / (x**2 - y**2) + x / y), list(POSITIVE))
    assert fraction_holds(FOUND.certificate, numerator, denominator)
    assert not fraction_holds(FOUND.certificate, -numerator, denominator)
    assert not fraction_holds(FOUND.certificate, numerator, denominator + 1)
    assert not fraction_holds(FOUND.certificate.factors[0].certificate, numerator, denominator)
    for k, factor in enumerate(FOUND.certificate.factors):
        rest = [*FOUND.certificate.factors]
        for damaged in (
            [replace(factor, sign=-1)],
            [replace(factor, power=factor.power + 1)],
            [replace(factor, certificate=None)],
            [replace(factor, below=True)] if not factor.below else [],
            [],
        ):
            rest[k : k + 1] = damaged
            assert not fraction_holds(FactoredSign(tuple(rest)), numerator, denominator)
            rest = [*FOUND.certificate.factors]


def test_even_power_is_not_positive_by_itself():
    a, b, _ = context(3).gens()
    square = FactoredSign((SignedFactor(a - b, 2, False, 1, None),))
    one = context(3).constant(1)
    assert fraction_holds(square, (a - b) ** 2, one, strict=False)
    assert not fraction_holds(square, (a - b) ** 2, one, strict=True)


@pytest.mark.parametrize(
    "kinds",
    [
        {x: Kind.POSITIVE, p: Kind.UNIT_OPEN},
        {x: Kind.REAL, p: Kind.UNIT_HALF_OPEN},
        {p: SimplexRow(1), x: Kind.POSITIVE, q: SimplexRow(1), y: SimplexRow(1)},
    ],
)
def test_pull_back_keeps_every_sign(kinds):
    domain = Orthant(kinds)
    expr = sum((-1) ** k * (k + 1) * v**2 for k, v in enumerate(kinds)) - x * p + sp.Rational(1, 7)
    polynomial = fraction_of(expr, list(kinds))[0]
    pulled = domain.pull_back(polynomial)
    for u in points({v: Kind.REAL if k is Kind.REAL else Kind.POSITIVE for v, k in kinds.items()}, 200, 1):
        at = domain.image(u)
        assert domain.contains(at)
        found, there = value(pulled, u), value(polynomial, at)
        assert (found > 0) == (there > 0)
        assert (found == 0) == (there == 0)


@pytest.mark.parametrize("closed", [OPEN, CLOSED])
@pytest.mark.parametrize(
    ("extents", "cut"),
    [
        ((OPEN, OPEN), Cut(0, Fraction(2, 3))),
        ((CLOSED, OPEN), Cut(0, Fraction(2, 3))),
        ((LINE, OPEN), Cut(0, Fraction(-2, 3))),
        ((OPEN, CLOSED), Cut(0, Fraction(3, 2), 1)),
        ((OPEN, OPEN), Cut(0, Fraction(3, 2), 1)),
        ((OPEN, OPEN), Cut(0, Fraction(3, 2), 1, -1)),
    ],
)
def test_halves_cover_the_domain(extents, cut, closed):
    """Each point is the image of new coordinates in their range; on the cut itself, if ends are included."""
    kinds = {OPEN: Kind.POSITIVE, CLOSED: Kind.POSITIVE, LINE: Kind.REAL}
    sample = [list(u) for u in points({v: kinds[e] for v, e in zip((x, y), extents, strict=True)}, 60, 2)]
    if closed is CLOSED:
        sample += [[Fraction(0) if e is CLOSED else v for v, e in zip(u, extents, strict=True)] for u in sample[:20]]
    sample = [[sp.Rational(v.numerator, v.denominator) for v in u] for u in sample]
    w = sp.Symbol("w")
    for u in sample:
        reached = False
        for half in halves(extents, cut, closed):
            k = half.index
            above, below = (
                sum(int(c) * w ** m[k] * u[1 - k] ** m[1 - k] for m, c in part.to_dict().items())
                for part in (half.above, half.below)
            )
            new = sp.solve(sp.Eq(above, u[k] * below), w)
            reached |= any(v > 0 or (v == 0 and half.extents[k] is CLOSED) for v in new)
            for v in new:
                if v > 0:
                    at = [Fraction(int(c.p), int(c.q)) for c in (*u[:k], v, *u[k + 1 :])]
                    assert half.point(at) == u
        on_cut = closed is OPEN and u[0] == cut.ratio * (1 if cut.other is None else u[1] ** cut.power)
        assert reached or on_cut


def test_halves_refuse_cuts_that_do_not_cover():
    with pytest.raises(ValueError, match="a half-line is cut at a positive number"):
        halves((OPEN, OPEN), Cut(0, Fraction(0)), OPEN)
    with pytest.raises(ValueError, match="these ranges are not cut along a ratio or a product"):
        halves((LINE, OPEN), Cut(0, Fraction(1), 1), OPEN)
    with pytest.raises(ValueError, match="these ranges are not cut along a ratio or a product"):
        halves((OPEN, CLOSED), Cut(0, Fraction(1), 1, -1), CLOSED)
