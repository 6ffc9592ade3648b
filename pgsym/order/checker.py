"""Whether a certificate shows what it is for.  Knows no search; what it shares with one is what substitutions mean."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from pgsym.order.certificates import (
    BinomialSquares,
    Coefficients,
    Combined,
    FactoredSign,
    Halving,
    Largest,
    Outside,
    SignCertificate,
    SolverUnsat,
    Square,
    SturmCount,
    SumOfSquares,
    Weighted,
)
from pgsym.order.kinds import Extent, Orthant
from pgsym.order.polynomials import (
    Exponents,
    Polynomial,
    by_power,
    context,
    lowest_terms,
    primitive,
    terms,
    variables_of,
)
from pgsym.order.question import SignQuestion
from pgsym.order.regions import halves, without_negative_terms
from pgsym.order.sturm import coefficients, roots_between


def closed_extent(strict: bool, assumptions: Sequence[Polynomial]) -> Extent:
    """Without assumptions, p >= 0 on a dense part of the domain is p >= 0 on all of it; else ends count."""
    return Extent.CLOSED if strict or assumptions else Extent.OPEN


def check_fraction(
    certificate: SignCertificate,
    numerator: Polynomial,
    denominator: Polynomial,
    domain: Orthant,
    strict: bool,
    assumptions: Sequence[Polynomial] = (),
) -> bool:
    """Whether it shows numerator/denominator >= 0 (> 0 if strict) wherever that is defined and the assumptions hold.

    The polynomials are those of the question, in the variables of the domain.
    """
    if not isinstance(certificate, FactoredSign):
        return False
    given = [domain.pull_back(g) for g in assumptions]
    closed = closed_extent(strict, given)
    extents = tuple(closed if e is Extent.CLOSED else e for e in domain.extents)
    sign, above, below = _product(certificate, extents, strict, given, closed)
    n, d = domain.pull_back(numerator), domain.pull_back(denominator)
    apart = _ratio(n, above) * _ratio(d, below)
    if apart == 0 and divmod(d, primitive(below))[1].is_zero():  # a factor of both: numerator/denominator has its sign
        apart = _ratio(n * d, above * below)
    return sign * apart == 1


def _product(
    certificate: FactoredSign, extents: tuple[Extent, ...], strict: bool, given: Sequence[Polynomial], closed: Extent
) -> tuple[int, Polynomial, Polynomial]:
    """The sign of the product, 0 if a factor's is not shown, and the products of the factors above and below."""
    above = below = context(len(extents)).constant(1)
    sign = 1
    for f in certificate.factors:
        if f.below:
            below = below * f.polynomial**f.power
        else:
            above = above * f.polynomial**f.power
        positive = strict and not f.below
        if f.certificate is None:
            shown = f.power % 2 == 0 and not positive
        else:
            shown = f.sign in (1, -1) and check(f.certificate, f.sign * f.polynomial, extents, positive, given, closed)
            sign *= f.sign**f.power
        sign *= shown
    return sign, above, below


def check_system(certificate: Combined, question: SignQuestion, equations: Sequence[Polynomial]) -> bool:
    """Whether it shows the question wherever the equations hold; see `Combined`."""
    domain, given = question.domain, question.assumptions
    one = context(domain.n).constant(1)
    if len(certificate.equations) != len(equations) or len(certificate.assumptions) != len(given):
        return False
    if certificate.sign not in (1, -1):
        return False
    total = certificate.constant
    for multiplier, p in zip((*certificate.equations, *certificate.assumptions), (*equations, *given), strict=True):
        total = total + multiplier * p
    if total != certificate.scale * question.numerator:
        return False
    if not check_fraction(certificate.nonzero, certificate.sign * certificate.scale, one, domain, strict=True):
        return False
    below = certificate.scale * question.denominator
    parts = (*certificate.assumptions, certificate.constant)
    for k, (part, shown) in enumerate(zip(parts, certificate.signs, strict=True)):
        strict = question.strict and k == len(given)
        if not check_fraction(shown, *lowest_terms(part, below), domain, strict):
            return False
    return True


def check_largest(certificate: Largest, forms: Sequence[tuple[Polynomial, Polynomial]], domain: Orthant) -> bool:
    """Whether it shows that one of the fractions is >= 0 wherever they are defined: on a dense part, so everywhere."""
    extents = tuple(Extent.OPEN if e is Extent.CLOSED else e for e in domain.extents)
    if not certificate.among or not set(certificate.among) <= set(range(len(forms))):
        return False
    forms = [forms[k] for k in certificate.among]
    if len(certificate.pairs) > len(forms):
        forms.append(total(forms))
    return (
        len(certificate.pairs) == len(forms)
        and all(
            p * positive == domain.pull_back(n) * domain.pull_back(d)
            and without_negative_terms(positive, extents, strict=True)
            for (p, positive), (n, d) in zip(certificate.pairs, forms, strict=True)
        )
        and _largest(certificate.tree, [p for p, _ in certificate.pairs], extents)
    )


def total(forms: Sequence[tuple[Polynomial, Polynomial]]) -> tuple[Polynomial, Polynomial]:
    """The sum of fractions: where it is nonnegative, one of them is."""
    (above, below), *rest = forms
    for n, d in rest:
        common = below.gcd(d)
        above, below = above * (d // common) + n * (below // common), below * (d // common)
    return lowest_terms(above, below)


def _largest(certificate: SignCertificate, forms: Sequence[Polynomial], extents: tuple[Extent, ...]) -> bool:
    """Whether it shows that at each point of an open orthant one of the polynomials is nonnegative."""
    match certificate:
        case Halving(cut, parts):
            return all(
                _largest(part, [half.polynomial(f) for f in forms], half.extents)
                for part, half in zip(parts, halves(extents, cut, Extent.OPEN), strict=True)
            )
        case Weighted():
            return check_weighted(certificate, forms, extents)
    return False


def check_weighted(certificate: Weighted, forms: Sequence[Polynomial], extents: tuple[Extent, ...]) -> bool:
    """Whether the combination is shown not to be negative, and signs of coefficients show it of the multipliers."""
    multipliers = certificate.multipliers
    if len(multipliers) != len(forms):
        return False
    total = sum((m * f for m, f in zip(multipliers, forms, strict=True)), context(len(extents)).constant(0))
    return (
        check(certificate.rest, total, extents, False, (), Extent.OPEN)
        and all(without_negative_terms(m, extents, strict=False) for m in multipliers)
        and any(without_negative_terms(m, extents, strict=True) for m in multipliers)
    )


def _ratio(p: Polynomial, product: Polynomial) -> int:
    """The sign of a number c != 0 with p = c product, positive for zeros; 0 if there is none."""
    p, product = primitive(p), primitive(product)
    return 1 if p == product else -1 if p == -product else 0


def check(
    certificate: SignCertificate,
    p: Polynomial,
    extents: tuple[Extent, ...],
    strict: bool,
    assumptions: Sequence[Polynomial],
    closed: Extent,
) -> bool:
    """Whether it shows p >= 0 (> 0 if strict) over `extents` where the assumptions are nonnegative."""
    match certificate:
        case Coefficients():
            return without_negative_terms(p, extents, strict)
        case SturmCount(index):
            return variables_of(p) == [index] and _no_root(coefficients(p, index), extents[index], strict)
        case Outside(index):
            return without_negative_terms(-assumptions[index], extents, strict=True)
        case Halving(cut, parts):
            return all(
                check(part, half.polynomial(p), half.extents, strict, [half.polynomial(g) for g in assumptions], closed)
                for part, half in zip(parts, halves(extents, cut, closed), strict=True)
            )
        case Square(index, leading, rest):
            found = by_power(p, index)
            if len(found) != 3:
                return False
            c, b, a = found
            return check(leading, a, extents, True, assumptions, closed) and check(
                rest, 4 * a * c - b * b, extents, strict, assumptions, closed
            )
        case BinomialSquares(squares):
            common = lcm(*(w.denominator for w, _, _ in squares))
            taken = sum((int(w * common) * s * q**2 for w, s, q in squares), 0 * p)
            positive = all(w > 0 and without_negative_terms(s, extents, strict=False) for w, s, _ in squares)
            return positive and without_negative_terms(common * p - taken, extents, strict)
        case SumOfSquares():
            return _sum_of_squares(certificate, p, extents, strict)
        case FactoredSign():
            sign, above, below = _product(certificate, extents, strict, assumptions, closed)
            return sign * _ratio(p, above) == 1 and below == 1
        case SolverUnsat():
            return True
    return False


def squared(p: Polynomial, extents: Sequence[Extent]) -> dict[Exponents, int]:
    """The terms of p with the square of a real variable in the place of each that is not negative."""
    return {
        tuple(e if side is Extent.LINE else 2 * e for e, side in zip(m, extents, strict=True)): c
        for m, c in terms(p).items()
    }


def _sum_of_squares(certificate: SumOfSquares, p: Polynomial, extents: Sequence[Extent], strict: bool) -> bool:
    """Whether it is p, with positive definite matrices, and if strict one of its monomials is nowhere 0."""
    left = {m: Fraction(c) for m, c in squared(p, extents).items()}
    for z, q in certificate.blocks:
        if len(q) != len(z) or any(len(row) != len(z) for row in q) or not _is_positive_definite(q):
            return False
        for a, row in zip(z, q, strict=True):
            for b, entry in zip(z, row, strict=True):
                m = tuple(map(sum, zip(a, b, strict=True)))
                left[m] = left.get(m, Fraction(0)) - entry
    ends = [k for k, side in enumerate(extents) if side is not Extent.OPEN]
    nowhere_zero = any(all(m[k] == 0 for k in ends) for z, _ in certificate.blocks for m in z)
    return not any(left.values()) and (nowhere_zero or not strict)


def _is_positive_definite(q: Sequence[Sequence[Fraction]]) -> bool:
    """Whether it is symmetric and all pivots are positive."""
    if any(q[i][j] != q[j][i] for i in range(len(q)) for j in range(i)):
        return False
    rows = [list(row) for row in q]
    for k, pivot in enumerate(rows):
        if pivot[k] <= 0:
            return False
        for row in rows[k + 1 :]:
            factor = row[k] / pivot[k]
            for j in range(k, len(q)):
                row[j] -= factor * pivot[j]
    return True


def _no_root(p: list[int], side: Extent, strict: bool) -> bool:
    """Whether p > 0 inside the range, and at its closed end if strict."""
    zero = Fraction(0)
    if p[-1] <= 0 or roots_between(p, None if side is Extent.LINE else zero, None) != 0:
        return False
    return side is not Extent.CLOSED or not strict or p[0] > 0
