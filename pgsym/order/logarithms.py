"""Signs of what is affine in logarithms, by log t - log u >= 1 - u/t for positive t and u.

What a sum of logarithms is multiplied by is moved from those with negative weights to those with positive ones, and
what is over to log 1: sum pi log pi - sum pi log pi' moves pi(a) from log pi'(a) to log pi(a), and the bound is
sum pi (1 - pi'/pi) = 0, as in Gibbs' inequality.  What remains is a fraction, whose sign the ladder decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from pgsym.order.affine import Arguments
from pgsym.order.affine_checker import bounded_by, check_logarithms, weights_of
from pgsym.order.certificates import LogarithmBounds, SignCertificate, Transfer
from pgsym.order.decide import SignStatus, SignVerdict
from pgsym.order.polynomials import Polynomial
from pgsym.order.question import SignQuestion

Sign = Callable[[Polynomial, Polynomial, bool], SignVerdict]
"""What decides the sign of a fraction without logarithms, strictly or not."""

TOGETHER = 4
"""So many weights may add up to one on the other side."""

LARGEST_SIDE = 24
"""Logarithms among which they are looked for."""


@dataclass(frozen=True)
class _Mass:
    """How much a logarithm, None for log 1, is multiplied by, without its sign."""

    index: int | None
    amount: Polynomial
    certificate: SignCertificate


def decide_logarithms(question: SignQuestion, arguments: Arguments, sign: Sign, inside: Sign) -> SignVerdict:
    """Whether a fraction that is affine in logarithms is >= 0 (> 0 if strict) wherever it is defined.

    Parameters
    ----------
    question : SignQuestion
        Its denominator has no logarithm.
    arguments
        What the logarithms are of.
    sign, inside
        What decides fractions without logarithms: with all that belongs to the domain, and inside of it.

    Returns
    -------
    A verdict: proved, with a certificate that has passed the checker, or undecided.

    Examples
    --------
    >>> import sympy as sp
    >>> from pgsym.order import Kind, decide_sign, fraction_of
    >>> p, q, log_p, log_q = names = sp.symbols("p q log_p log_q")
    >>> kinds = {p: Kind.POSITIVE, q: Kind.POSITIVE, log_p: Kind.REAL, log_q: Kind.REAL}
    >>> question = SignQuestion.of(*fraction_of(p * (log_p - log_q) - p + q, names), kinds, strict=False)
    >>> def sign(above, below, strict):
    ...     return decide_sign(above, below, kinds, strict=strict)
    >>> of = {2: fraction_of(p, names), 3: fraction_of(q, names)}
    >>> print(decide_logarithms(question, of, sign, sign))
    proved by bounds of logarithms: log t - log u >= 1 - u/t, for 1 pair with a weight that is nowhere negative
    """
    weights = weights_of(question, arguments)
    if weights is None:
        return _open("it is not affine in its logarithms")
    domain, denominator = question.domain, question.denominator
    positive: list[tuple[int, SignCertificate]] = []
    given, taken = list[_Mass](), list[_Mass]()
    for k, weight in weights.items():
        found = inside(*arguments[k], True)
        if found.certificate is None:
            return _open(f"{domain.variables[k]} is not shown to be of what is positive")
        positive.append((k, found.certificate))
        for side, amount in ((given, weight), (taken, -weight)):
            found = inside(amount, denominator, False)
            if found.certificate is not None:
                side.append(_Mass(k, amount, found.certificate))
                break
        else:
            return _open(f"what {domain.variables[k]} is multiplied by has no known sign")
    for transfers in _plans(given, taken, lambda amount: inside(amount, denominator, False).certificate):
        rest = sign(*bounded_by(transfers, question, arguments), question.strict)
        if rest.certificate is None:
            continue
        certificate = LogarithmBounds(transfers, tuple(positive), rest.certificate)
        if check_logarithms(certificate, question, arguments):
            return SignVerdict(SignStatus.PROVED, certificate=certificate, tried=(LogarithmBounds.rung,))
    return _open("1 - u/t in the place of log t - log u leaves too little")


def _open(reason: str) -> SignVerdict:
    return SignVerdict(SignStatus.UNDECIDED, tried=(f"{LogarithmBounds.rung}, since {reason}",))


def _plans(
    given: Sequence[_Mass], taken: Sequence[_Mass], nonnegative: Callable[[Polynomial], SignCertificate | None]
) -> Iterator[tuple[Transfer, ...]]:
    """Ways to move all weights: between equal ones first; what is left with the only one of a side, or with log 1."""
    equal, sides = list[Transfer](), (list(given), list(taken))
    for count in range(1, TOGETHER + 1):
        for ones, others, down in ((*sides, False), (*sides[::-1], True)):
            for one in [m for m in ones if len(others) <= LARGEST_SIDE]:
                parts = combinations(others, count)
                some = next((part for part in parts if sum(m.amount for m in part) == one.amount), ())
                if some:
                    equal += next(iter(_through((), one, some, down, nonnegative)))
                    ones.remove(one)
                    others[:] = [m for m in others if m not in some]
    for first, ups, downs in ((equal, *sides), ([], given, taken)):
        if len(ups) == 1 and downs:
            yield from _through(first, ups[0], downs, False, nonnegative)
        elif len(downs) == 1 and ups:
            yield from _through(first, downs[0], ups, True, nonnegative)
        up = [Transfer(m.index, None, m.amount, m.certificate) for m in ups]
        yield (*first, *up, *(Transfer(None, m.index, m.amount, m.certificate) for m in downs))


def _through(
    first: Sequence[Transfer],
    one: _Mass,
    others: Sequence[_Mass],
    down: bool,
    nonnegative: Callable[[Polynomial], SignCertificate | None],
) -> Iterator[tuple[Transfer, ...]]:
    """All of the others with the one, and what is over of it with log 1."""

    def moved(a: int | None, b: int | None, amount: Polynomial, certificate: SignCertificate) -> Transfer:
        return Transfer(*((b, a) if down else (a, b)), amount, certificate)

    found = [*first, *(moved(one.index, m.index, m.amount, m.certificate) for m in others)]
    over = one.amount - sum(m.amount for m in others)
    if over == 0:
        yield tuple(found)
        return
    for a, b, amount in ((one.index, None, over), (None, one.index, -over)):
        certificate = nonnegative(amount)
        if certificate is not None:
            yield (*found, moved(a, b, amount, certificate))
