"""Signs of what is affine in logarithms, by Taylor's formula in one variable.

Where f(x0) >= 0 and (x - x0) df/dx >= 0, f is nowhere negative; and df/dx has fewer logarithms, if f is first divided
by what these are multiplied by.  Points x0 that are tried are roots of factors of df/dx, points where two arguments of
logarithms are equal, and 0: for -log x - log (1 - x) that is 1/2, for Pinsker's inequality where both policies agree.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import reduce
from itertools import combinations

from pgsym.limits import ORDER_FACTORED_TERMS, ORDER_SECONDS
from pgsym.order.affine import Affine, Arguments, pulled_back
from pgsym.order.affine_checker import Condition, affine, check_taylor, conditions, taylor_terms
from pgsym.order.certificates import SignCertificate, Taylor
from pgsym.order.decide import SignStatus, SignVerdict, decide_sign, sign_somewhere
from pgsym.order.logarithms import Sign, decide_logarithms
from pgsym.order.polynomials import Polynomial, by_power, context, factors, variables_of
from pgsym.order.question import SignQuestion

ORDER = 2
"""Of the derivative with which it ends, at most."""

DEPTH = 2
"""How often it is used within itself, at most."""

QUICK = 1.0
"""Seconds for a sign that is one of many."""

Point = tuple[Polynomial, Polynomial]
"""Numerator and denominator."""


def decide_affine(
    question: SignQuestion,
    arguments: Arguments,
    sign: Sign,
    inside: Sign,
    *,
    seconds: float = ORDER_SECONDS,
    depth: int = DEPTH,
) -> SignVerdict:
    """Whether a fraction that is affine in logarithms is >= 0 (> 0 if strict) wherever it is defined.

    First by bounds of logarithms, then by Taylor's formula, which uses no assumptions and shows nothing strictly.

    Parameters
    ----------
    question, arguments, sign, inside
        See `decide_logarithms`.
    seconds
        No further point is tried after this time.
    depth
        How often Taylor's formula may be used within itself.

    Returns
    -------
    A verdict: proved, with a certificate that has passed the checker, or undecided.

    Examples
    --------
    >>> import sympy as sp
    >>> from pgsym.order import Kind, fraction_of
    >>> x, L = names = sp.symbols("x L")
    >>> kinds = {x: Kind.POSITIVE, L: Kind.REAL}
    >>> question = SignQuestion.of(*fraction_of(L - 2 * x / (2 + x), names), kinds, strict=False)
    >>> def sign(above, below, strict):
    ...     return decide_sign(above, below, kinds, strict=strict)
    >>> print(decide_affine(question, {1: fraction_of(1 + x, names)}, sign, sign))
    proved by Taylor's formula: in one variable, 1 term at a point and the remainder of order 1 are nowhere negative
    """
    found = decide_logarithms(question, arguments, sign, inside)
    form = affine(question, arguments)
    if found.certificate is not None or question.strict or not depth or form is None or not form.atoms:
        return found
    search = _Search(form, pulled_back(question, arguments), time.monotonic() + seconds, depth - 1)
    for certificate in search.certificates():
        if check_taylor(certificate, question, arguments):
            return SignVerdict(SignStatus.PROVED, certificate=certificate, tried=(*found.tried, Taylor.rung))
    return SignVerdict(SignStatus.UNDECIDED, tried=(*found.tried, Taylor.rung))


class _Search:
    """For a coordinate, a point, and an order."""

    def __init__(self, form: Affine, given: Arguments, deadline: float, depth: int) -> None:
        self.given, self.deadline, self.depth = given, deadline, depth
        self.kinds = dict(zip(form.space.variables, form.space.kinds, strict=True))
        self.one = context(form.space.n).constant(1)
        common = factors(reduce(lambda a, b: a.gcd(b), form.weights), ORDER_FACTORED_TERMS)[1]
        below = form.narrow(form.below)
        signed = [f**e for f, e in common if self._known((f, (1, -1), True))[1] is not None]
        shared = reduce(lambda a, b: a * b, signed, self.one)
        self.scale = below * sign_somewhere(below * shared), shared
        self.form = form.times(*self.scale)

    def certificates(self) -> Iterator[Taylor]:
        """Those that are found."""
        form = self.form
        for k in variables_of(form.narrow(self._product())):
            slope = form.derivative(k)
            for point in self._points(slope, k):
                if time.monotonic() > self.deadline:
                    return
                there = form.at(k, *point)
                if there is None or not (point[0].is_zero() or _vanishes(slope, k, point)):
                    continue
                needed = conditions(form, there, k, point, self.scale, self.given)
                known = [self._known(condition) for condition in needed]
                signs = [sign for sign, _ in known[len(known) - len(form.atoms) - len(there.atoms) :]]
                shown = [(sign, c) for sign, c in known if c is not None]
                if len(shown) < len(known):
                    continue
                for order in range(1, ORDER + 1):
                    parts = self._parts(k, point, order, signs)
                    if parts is not None:
                        yield Taylor(k, point, self.scale, tuple(shown), parts)

    def _product(self) -> Polynomial:
        """What has all variables of the function."""
        return reduce(lambda a, b: a * b, map(self.form.wide, self.form.atoms), self.form.above * self.form.below)

    def _points(self, slope: Affine, k: int) -> Iterator[Point]:
        """Where a factor of the slope, or of a difference of arguments, that is linear in the variable is 0; and 0."""
        sources = [slope.narrow(slope.above)] if not any(slope.weights) else []
        sources += [p - q for p, q in combinations([*self.form.atoms, self.one], 2)]
        seen: list[Point] = []
        for p in sources:
            for f, _ in factors(p, ORDER_FACTORED_TERMS)[1]:
                parts = by_power(f, k)
                if len(parts) == 2:
                    sign = sign_somewhere(parts[1])
                    point = (-sign * parts[0], sign * parts[1])
                    if point not in seen:
                        seen.append(point)
        zero = (0 * self.one, self.one)
        yield from seen if zero in seen else [*seen, zero]

    def _known(self, condition: Condition) -> tuple[int, SignCertificate | None]:
        """The sign that a polynomial has, if it is one that it may have."""
        p, signs, strict = condition
        sign = sign_somewhere(p) if not p.is_zero() else 1
        if sign not in signs:
            return sign, None
        return sign, decide_sign(sign * p, self.one, self.kinds, strict=strict, seconds=QUICK).certificate

    def _parts(self, k: int, point: Point, order: int, signs: list[int]) -> tuple[SignCertificate, ...] | None:
        """Certificates of the terms and of the remainder."""
        found = []
        for posed, of in taylor_terms(self.form, k, point, order, signs):
            certificate = self._part(posed, of)
            if certificate is None:
                return None
            found.append(certificate)
        return tuple(found)

    def _part(self, question: SignQuestion, arguments: Arguments) -> SignCertificate | None:
        kinds = dict(zip(question.domain.variables, question.domain.kinds, strict=True))

        def sign(above: Polynomial, below: Polynomial, strict: bool) -> SignVerdict:
            return decide_sign(above, below, kinds, strict=strict, seconds=QUICK)

        if arguments.keys().isdisjoint(variables_of(question.numerator)):
            return sign(question.numerator, question.denominator, False).certificate
        seconds = (self.deadline - time.monotonic()) / 2
        return decide_affine(question, arguments, sign, sign, seconds=seconds, depth=self.depth).certificate


def _vanishes(form: Affine, k: int, point: Point) -> bool:
    """Whether it is 0 there throughout."""
    there = form.at(k, *point)
    return there is not None and bool(there.above.is_zero())
