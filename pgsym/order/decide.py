"""The ladder: the sign of a fraction on a product domain, by the cheapest rung that decides it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import count
from math import prod
from typing import Any

import sympy as sp

from pgsym.errors import MissingExtraError
from pgsym.limits import ORDER_FACTORED_TERMS, ORDER_SECONDS
from pgsym.order.binomials import binomial_squares
from pgsym.order.certificates import (
    BinomialSquares,
    Coefficients,
    FactoredSign,
    Halving,
    SignCertificate,
    SignedFactor,
    SolverUnsat,
    Square,
    SturmCount,
    SumOfSquares,
)
from pgsym.order.checker import check, check_fraction, closed_extent
from pgsym.order.differences import Differences
from pgsym.order.gram import sum_of_squares
from pgsym.order.kinds import RANGES, Extent, Kind, Kinds
from pgsym.order.one_variable import BreakPoint, SignInterval, break_point, check_break_points, true_intervals
from pgsym.order.polynomials import Polynomial, context, factors, value, variables_of
from pgsym.order.question import SignQuestion
from pgsym.order.solver import counterexample
from pgsym.order.squares import Search, Squares
from pgsym.order.sturm import coefficients
from pgsym.order.witness import find
from pgsym.trust import Level, Trust


class SignStatus(StrEnum):
    """What was found about a sign.

    PROVED
        True in the whole domain, with a certificate.
    REFUTED
        False at an exact rational point.
    EXACTLY_WHERE
        One variable: true in some intervals, and false elsewhere.
    UNDECIDED
        Neither, by the rungs that were tried.
    """

    PROVED = "proved"
    REFUTED = "refuted"
    EXACTLY_WHERE = "exactly where"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class SignVerdict:
    """The sign of a fraction on a domain: what is known, and why.

    Attributes
    ----------
    status : SignStatus
        proved, refuted, exactly where, or undecided.
    certificate : SignCertificate or None
        Of what is proved, with `rung`, `trust` and `explain()`.
    witness : mapping or None
        An exact rational point of the domain at which it is false; also where it is true elsewhere.
    value : Fraction or None
        The fraction at the witness.
    where : tuple of SignInterval
        In one variable, all intervals in which it is true.
    points : tuple of BreakPoint
        In one variable, where the sign can change.
    tried : tuple of str
        The rungs, in order; what was skipped, with the reason.
    margin : Fraction or None
        The least value that was seen.
    """

    status: SignStatus
    certificate: SignCertificate | None = None
    witness: Mapping[sp.Expr, Fraction] | None = None
    value: Fraction | None = None
    where: tuple[SignInterval, ...] = ()
    points: tuple[BreakPoint, ...] = ()
    tried: tuple[str, ...] = ()
    margin: Fraction | None = None

    @property
    def trust(self) -> Trust | None:
        """How far the verdict can be relied on; None where there is none."""
        if self.certificate is not None:
            return self.certificate.trust
        levels = {SignStatus.REFUTED: Level.EXACT_POINT, SignStatus.EXACTLY_WHERE: Level.NORMAL_FORM}
        return Trust(levels[self.status]) if self.status in levels else None

    def __str__(self) -> str:
        if self.certificate is not None:
            return f"proved by {self.certificate.rung}: {self.certificate.explain()}"
        if self.status is SignStatus.EXACTLY_WHERE:
            roots = [f"{p} is a root of {p.equation}" for p in self.points if p.exact is None]
            shown = " and ".join(map(str, self.where))
            return f"true exactly in {shown}" + (f", where {', '.join(roots)}" if roots else "")
        if self.witness is not None:
            return f"refuted: {self.value} at {', '.join(f'{k} = {v}' for k, v in self.witness.items())}"
        seen = "" if self.margin is None else f"; least value seen {float(self.margin):.3g}"
        return f"undecided after {', '.join(self.tried)}{seen}"


def decide_sign(
    numerator: Any,
    denominator: Any,
    kinds: Kinds,
    *,
    strict: bool,
    assumptions: Sequence[Any] = (),
    seconds: float = ORDER_SECONDS,
) -> SignVerdict:
    """Whether numerator/denominator >= 0 (> 0 if strict) in the whole domain, wherever the fraction is defined.

    Parameters
    ----------
    numerator, denominator : int, fmpz_poly or fmpz_mpoly
        Polynomials whose k-th variable is the k-th key of `kinds`.
    kinds : mapping from sympy.Expr to Kind or SimplexRow
        Over what each variable ranges, independently of all others but those of its row.
    strict : bool
        Whether zero counts as false.
    assumptions : sequence of polynomials
        Each is nonnegative: points at which one is negative do not count.
    seconds : float
        After this time no further rung is begun.

    Returns
    -------
    A verdict; what is proved has passed the checker, and a witness has been evaluated exactly.

    Raises
    ------
    AlgebraError
        No variable, or a denominator that is the zero polynomial.

    Examples
    --------
    >>> from pgsym.order import fraction_of
    >>> p, x = sp.symbols("p x")
    >>> kinds = {p: Kind.UNIT_OPEN, x: Kind.POSITIVE}
    >>> print(decide_sign(*fraction_of(1 + x - p, kinds), kinds, strict=True).status)
    proved
    >>> print(decide_sign(*fraction_of(3 * p - 1, [p]), {p: Kind.UNIT_OPEN}, strict=False))
    true exactly in [1/3, 1)
    """
    question = SignQuestion.of(numerator, denominator, kinds, strict=strict, assumptions=assumptions)
    deadline = time.monotonic() + seconds
    only = variables_of(question.numerator * question.denominator)
    if len(only) == 1 and not question.assumptions and isinstance(question.domain.kinds[only[0]], Kind):
        return _in_one_variable(question, only[0], deadline)
    return _Ladder(question, deadline).verdict()


def _in_one_variable(question: SignQuestion, k: int, deadline: float) -> SignVerdict:
    """Complete: break points and the intervals between them."""
    domain = question.domain
    kind = domain.kinds[k]
    assert isinstance(kind, Kind)
    above, below = coefficients(question.numerator, k), coefficients(question.denominator, k)
    line, where, false = true_intervals(above, below, kind, question.strict)
    points = [break_point(piece) for piece in line[1:] if piece.minimal is not None]
    both = coefficients(question.numerator * question.denominator, k)
    if not check_break_points(both, kind, points):
        return SignVerdict(SignStatus.UNDECIDED, tried=("Sturm: the isolated roots did not pass the checker",))
    if not false:
        return _Ladder(question, deadline).verdict()
    filled = domain.image([Fraction(1)] * domain.n)
    tests = (piece.rational for piece in sorted(line, key=lambda piece: piece.minimal is not None))
    tested = ((*filled[:k], t, *filled[k + 1 :]) for t in tests if t is not None)
    witness = next((x for x in tested if question.refuted_at(x)), None)
    if not where:
        assert witness is not None
        return refuted(question, witness, ("Sturm",))
    return SignVerdict(
        SignStatus.EXACTLY_WHERE,
        witness=None if witness is None else dict(zip(domain.variables, witness, strict=True)),
        value=None if witness is None else question.value(witness),
        where=tuple(where),
        points=tuple(points),
        tried=("Sturm",),
        margin=question.margin,
    )


def refuted(question: SignQuestion, x: Sequence[Fraction], tried: tuple[str, ...]) -> SignVerdict:
    """The verdict of an exact witness."""
    named = dict(zip(question.domain.variables, x, strict=True))
    return SignVerdict(SignStatus.REFUTED, witness=named, value=question.value(x), tried=tried, margin=question.margin)


class _Ladder:
    """One question on its way up."""

    def __init__(self, question: SignQuestion, deadline: float) -> None:
        self.question = question
        self.deadline = deadline
        self.domain = question.domain
        self.assumptions = [self.domain.pull_back(g) for g in question.assumptions]
        self.closed = closed_extent(question.strict, self.assumptions)
        self.extents = tuple(self.closed if e is Extent.CLOSED else e for e in self.domain.extents)
        self.tried: list[str] = []
        self.known: list[SignedFactor] = []
        self.unknown: list[SignedFactor] = []
        self.witness: tuple[Fraction, ...] | None = None
        self.sign = 1
        """Of the product of what is known."""

    def verdict(self) -> SignVerdict:
        """Signs of factors, then witnesses and searches for the product of those whose sign is not known."""
        self._factors()
        if self.unknown or self.sign < 0:
            self.tried.append("witnesses")
            x = find(self._core(), self.assumptions, self.domain.extents, self.question, self.deadline)
            if x is not None:
                return refuted(self.question, x, tuple(self.tried))
        for name, search in self._searches():
            if not self.unknown or time.monotonic() > self.deadline:
                break
            self.tried.append(name)
            self._settle(search)
            if self.witness is not None:
                return refuted(self.question, self.witness, tuple(self.tried))
        q = self.question
        if self.unknown:
            return SignVerdict(SignStatus.UNDECIDED, tried=tuple(self.tried), margin=q.margin)
        certificate = FactoredSign(tuple(self.known))
        if check_fraction(certificate, q.numerator, q.denominator, q.domain, q.strict, q.assumptions):
            return SignVerdict(SignStatus.PROVED, certificate=certificate, tried=tuple(self.tried), margin=q.margin)
        self.tried.append("the certificate did not pass the checker")
        return SignVerdict(SignStatus.UNDECIDED, tried=tuple(self.tried), margin=q.margin)

    def _core(self) -> Polynomial:
        """The product of the factors of unknown sign, with the sign of the others: its sign is that of the claim."""
        return prod((f.polynomial**f.power for f in self.unknown), start=context(self.domain.n).constant(self.sign))

    def _factors(self) -> None:
        """Factors whose sign the rungs without search know; even powers need none, but if zero counts as false."""
        for below, p in ((False, self.question.numerator), (True, self.question.denominator)):
            content, found = factors(self.domain.pull_back(p), ORDER_FACTORED_TERMS)
            self.sign *= -1 if content < 0 else 1
            for f, power in found:
                positive = self.question.strict and not below
                if power % 2 == 0 and not positive:
                    self.known.append(SignedFactor(f, power, below, 1, None))
                elif not self._signed(SignedFactor(f, power, below, 1, None), self._simple, (1, -1)):
                    self.unknown.append(SignedFactor(f, power, below, 1, None))

    def _settle(self, search: Search) -> None:
        """One rung: the factors alone, with the sign that they have at a point, then the product of what remains."""
        if len(self.unknown) > 1:
            self.unknown = [f for f in self.unknown if not self._signed(f, search, (sign_somewhere(f.polynomial),))]
        if self.unknown:
            core = SignedFactor(self._core(), 1, all(f.below for f in self.unknown), 1, None)
            if self._signed(core, search, (1,)):
                self.unknown = []

    def _signed(self, f: SignedFactor, search: Search, signs: Sequence[int]) -> bool:
        """Whether the factor has one of the signs, by a search; then it is known."""
        for sign in signs:
            certificate = search(sign * f.polynomial, self.question.strict and not f.below)
            if certificate is not None:
                self.known.append(replace(f, sign=sign, certificate=certificate))
                self.sign *= sign**f.power
                return True
        return False

    def _simple(self, p: Polynomial, positive: bool) -> SignCertificate | None:
        """The rungs without search."""
        only = variables_of(p)
        for rung in (Coefficients(), *(SturmCount(k) for k in only if len(only) == 1)):
            if rung.rung not in self.tried:
                self.tried.append(rung.rung)
            if check(rung, p, self.extents, positive, self.assumptions, self.closed):
                return rung
        return None

    def _searches(self) -> list[tuple[str, Search]]:
        """The rungs that search, cheapest first."""
        now = time.monotonic()
        deadline = now + (self.deadline - now) / 4
        differences = Differences(self.closed, now + (self.deadline - now) / 2)
        return [
            (Square.rung, Squares(self._simple).find),
            (SumOfSquares.rung, lambda p, positive: sum_of_squares(p, self.extents, self.closed, deadline, positive)),
            (BinomialSquares.rung, self._binomial_squares),
            (Halving.rung, lambda p, positive: differences.find(p, self.extents, self.assumptions, positive)),
            (SolverUnsat.rung, self._solver),
        ]

    def _binomial_squares(self, p: Polynomial, positive: bool) -> SignCertificate | None:
        """Squares of two terms; a browser has no SciPy, which proposes them."""
        try:
            return binomial_squares(p, self.extents, positive)
        except ModuleNotFoundError as error:
            self.tried[-1] = f"squares of two terms: {error.name} is not installed"
            return None

    def _solver(self, p: Polynomial, positive: bool) -> SignCertificate | None:
        """z3, if it is there; a point that it proposes may be a witness."""
        ranges, seconds = [RANGES[e] for e in self.domain.extents], max(self.deadline - time.monotonic(), 0.1)
        try:
            found = counterexample(p, ranges, strict=positive, seconds=seconds, assumptions=self.assumptions)
        except MissingExtraError:
            self.tried[-1] = "solver: z3 is not installed, see pgsym[order]"
            return None
        if isinstance(found, list):
            x = self.domain.image(found)
            self.witness = self.witness or (x if self.question.refuted_at(x) else None)
            return None
        return found


def sign_somewhere(p: Polynomial) -> int:
    """The sign of a nonzero polynomial at a point where it is not zero."""
    n = p.context().nvars()
    values = (value(p, [Fraction(k + i + 1, i + 1) for i in range(n)]) for k in count())
    return 1 if next(v for v in values if v != 0) > 0 else -1
