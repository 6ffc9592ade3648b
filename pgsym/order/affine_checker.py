"""Whether a certificate shows the sign of what is affine in logarithms.  Knows no search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgsym.order.affine import Affine, Arguments, pulled_back
from pgsym.order.certificates import LogarithmBounds, SignCertificate, Taylor, Transfer
from pgsym.order.checker import check_fraction
from pgsym.order.kinds import Extent
from pgsym.order.polynomials import Polynomial, by_power, context, lowest_terms, substitute, variables_of
from pgsym.order.question import SignQuestion


def check_affine(certificate: SignCertificate, question: SignQuestion, arguments: Arguments) -> bool:
    """Whether it shows the question where the logarithms of the arguments stand for their variables."""
    match certificate:
        case LogarithmBounds():
            return check_logarithms(certificate, question, arguments)
        case Taylor():
            return check_taylor(certificate, question, arguments)
    domain, given = question.domain, question.assumptions
    free = arguments.keys().isdisjoint(variables_of(question.numerator * question.denominator))
    return free and check_fraction(
        certificate, question.numerator, question.denominator, domain, question.strict, given
    )


def check_logarithms(certificate: LogarithmBounds, question: SignQuestion, arguments: Arguments) -> bool:
    """Whether it shows the question where the logarithms of the arguments stand for their variables."""
    domain, given, weights = question.domain, question.assumptions, weights_of(question, arguments)
    positive = dict(certificate.positive)
    if weights is None or positive.keys() != weights.keys():
        return False
    moved = dict.fromkeys(weights, context(domain.n).constant(0))
    for transfer in certificate.transfers:
        if not check_fraction(
            transfer.certificate, *lowest_terms(transfer.weight, question.denominator), domain, False, given
        ):
            return False
        for k, sign in ((transfer.larger, 1), (transfer.smaller, -1)):
            if k is not None:
                moved[k] = moved.get(k, 0) + sign * transfer.weight
    return (
        moved == weights
        and all(check_fraction(positive[k], *lowest_terms(*arguments[k]), domain, True, given) for k in weights)
        and check_fraction(
            certificate.rest,
            *lowest_terms(*bounded_by(certificate.transfers, question, arguments)),
            domain,
            question.strict,
            given,
        )
    )


def weights_of(question: SignQuestion, arguments: Arguments) -> dict[int, Polynomial] | None:
    """What each logarithm is multiplied by in the numerator; None if that is not affine in them."""
    logs, found = set(arguments), dict[int, Polynomial]()
    fractions = [question.denominator, *(p for pair in arguments.values() for p in pair)]
    if any(logs & set(variables_of(p)) for p in (*fractions, *question.assumptions)):
        return None
    for k in sorted(logs & set(variables_of(question.numerator))):
        _, *higher = by_power(question.numerator, k)
        if len(higher) > 1 or logs & set(variables_of(higher[0])):
            return None
        found[k] = higher[0]
    return found


def bounded_by(
    transfers: Sequence[Transfer], question: SignQuestion, arguments: Arguments
) -> tuple[Polynomial, Polynomial]:
    """The fraction with weight (1 - u/t) in the place of each weight (log t - log u)."""
    one = context(question.domain.n).constant(1)
    above, below = question.numerator, one
    for k in arguments:
        above = by_power(above, k)[0]
    for transfer in transfers:
        (t, t_below), (u, u_below) = (
            (one, one) if k is None else arguments[k] for k in (transfer.larger, transfer.smaller)
        )
        part, under = transfer.weight * (t * u_below - u * t_below), t * u_below
        above, below = above * under + part * below, below * under
    return above, below * question.denominator


def check_taylor(certificate: Taylor, question: SignQuestion, arguments: Arguments) -> bool:
    """Whether it shows the question on the open orthant: by continuity wherever it is defined, but not strictly."""
    k, point = certificate.index, certificate.point
    form = affine(question, arguments)
    if question.strict or form is None or k not in range(form.space.n) or any(k in variables_of(p) for p in point):
        return False
    form = form.times(*certificate.scale)
    there = form.at(k, *point)
    if there is None:
        return False
    needed = list(conditions(form, there, k, point, certificate.scale, pulled_back(question, arguments)))
    one = context(form.space.n).constant(1)
    if len(needed) != len(certificate.conditions) or not all(
        sign in signs and check_fraction(shown, sign * p, one, form.space, strict)
        for (p, signs, strict), (sign, shown) in zip(needed, certificate.conditions, strict=True)
    ):
        return False
    first = len(needed) - len(form.atoms) - len(there.atoms)
    signs = [sign for sign, _ in certificate.conditions[first:]]
    terms_of = taylor_terms(form, k, point, len(certificate.parts) - 1, signs)
    return len(certificate.parts) > 1 and all(
        check_affine(part, *posed) for part, posed in zip(certificate.parts, terms_of, strict=True)
    )


def affine(question: SignQuestion, arguments: Arguments) -> Affine | None:
    """What is asked about in the coordinates of the orthant, if it is affine in logarithms."""
    bounded = any(question.domain.extents[k] is not Extent.LINE for k in arguments)
    return None if bounded or weights_of(question, arguments) is None else Affine.of(question, arguments)


Condition = tuple[Polynomial, tuple[int, ...], bool]
"""A polynomial on the orthant, the signs of which it has to have one, and whether strictly."""


def conditions(
    form: Affine, there: Affine, k: int, point: Sequence[Polynomial], scale: Sequence[Polynomial], given: Arguments
) -> Iterator[Condition]:
    """What has to be so for Taylor's formula; last come the atoms, of the form and of its value."""
    above, below = point
    yield scale[0] * scale[1], (1,), True
    yield below, (1,), True
    if form.space.extents[k] is not Extent.LINE:
        yield above, (1,), False
    for t, u in given.values():
        yield t * u, (1,), True
    denominator = form.narrow(form.below)
    for p in (denominator, substitute(denominator, k, above, below), *form.atoms, *there.atoms):
        yield p, (1, -1), True


def taylor_terms(
    form: Affine, k: int, point: Sequence[Polynomial], order: int, signs: Sequence[int]
) -> Iterator[tuple[SignQuestion, Arguments]]:
    """The terms of Taylor's formula and its remainder, without factorials; `signs` are those of the atoms."""
    above, below = point
    ahead, number = below * context(form.space.n).gens()[k] - above, len(form.atoms)
    for m in range(order + 1):
        found, known = form, signs[:number]
        if m < order:
            there = form.at(k, above, below)
            assert there is not None
            found, known = there, signs[number:]
        yield found.times(ahead**m, below**m).question(dict(enumerate(known)))
        form = form.derivative(k)
