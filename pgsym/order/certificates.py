"""What shows that a polynomial is nonnegative, or positive, on an orthant; `checker` re-verifies each of these.

None of them says how it was found.  All but `SolverUnsat` are identities and signs of integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from pgsym.order.polynomials import Exponents, Polynomial
from pgsym.order.regions import Cut
from pgsym.trust import Level, Trust, weakest


class SignCertificate:
    """Why a sign is what it is."""

    rung: ClassVar[str]
    level: ClassVar[Level] = Level.NORMAL_FORM

    @property
    def trust(self) -> Trust:
        """How far it can be relied on: no further than any certificate that it has."""
        own = Trust(self.level)
        return weakest([own, *(c.trust for c in _held(tuple(vars(self).values())))]) or own

    def explain(self) -> str:
        """One sentence."""
        raise NotImplementedError


@dataclass(frozen=True)
class Coefficients(SignCertificate):
    """No coefficient is negative."""

    rung = "signs of coefficients"

    def explain(self) -> str:
        return "no coefficient is negative once the domain is an orthant"


@dataclass(frozen=True)
class SturmCount(SignCertificate):
    """The polynomial in the variable `index` alone has no root in its range, and is positive at one point."""

    index: int
    rung = "Sturm"

    def explain(self) -> str:
        return "Sturm's theorem counts no root in the range of its one variable"


@dataclass(frozen=True)
class Outside(SignCertificate):
    """The assumption number `index` is negative throughout: there is nothing to show."""

    index: int
    rung = "signs of coefficients"

    def explain(self) -> str:
        return f"assumption {self.index + 1} excludes it"


@dataclass(frozen=True)
class Halving(SignCertificate):
    """The domain in two parts along a cut, each with its certificate."""

    cut: Cut
    parts: tuple[SignCertificate, SignCertificate]
    rung = "successive differences"

    def leaves(self) -> Iterator[SignCertificate]:
        """What stands at the ends of the tree."""
        for part in self.parts:
            yield from part.leaves() if isinstance(part, Halving) else (part,)

    def explain(self) -> str:
        return f"no coefficient is negative on each of {sum(1 for _ in self.leaves())} parts of the domain"


@dataclass(frozen=True)
class Square(SignCertificate):
    """With p = a v^2 + b v + c in the variable v, a > 0 and 4 a c - b^2 >= 0: 4 a p = (2 a v + b)^2 + (4 a c - b^2)."""

    index: int
    leading: SignCertificate
    rest: SignCertificate
    rung = "completed squares"

    def explain(self) -> str:
        squares, rest = 1, self.rest
        while isinstance(rest, Square):
            squares, rest = squares + 1, rest.rest
        return f"after completing {squares} square{'s' * (squares > 1)}, {rest.explain()}"


@dataclass(frozen=True)
class Combined(SignCertificate):
    """scale * goal = sum of equations and of assumptions times multipliers + constant, as polynomials.

    `nonzero` shows that `sign` * scale > 0; `signs` that each multiplier of an assumption, and last the constant, is
    nonnegative over scale times the goal's denominator.
    """

    scale: Polynomial
    sign: int
    nonzero: SignCertificate
    equations: tuple[Polynomial, ...]
    assumptions: tuple[Polynomial, ...]
    constant: Polynomial
    signs: tuple[SignCertificate, ...]
    rung = "combination of assumptions"

    def explain(self) -> str:
        used = sum(not m.is_zero() for m in self.assumptions)
        what = f" plus {used} of the assumptions times nonnegative multipliers" if used else ""
        return f"by the equations it is a nonnegative number{what}"


@dataclass(frozen=True)
class SumOfSquares(SignCertificate):
    """z^T Q z, in blocks of z and a positive definite Q, with the roots of what is not negative as variables."""

    blocks: tuple[tuple[tuple[Exponents, ...], tuple[tuple[Fraction, ...], ...]], ...]
    rung = "sums of squares"

    def explain(self) -> str:
        count = sum(len(z) for z, _ in self.blocks)
        return f"a sum of {count} square{'s' * (count > 1)} with positive weights"


@dataclass(frozen=True)
class BinomialSquares(SignCertificate):
    """Positive numbers w, monomials s and polynomials q: without all w s q^2 there is no negative coefficient."""

    squares: tuple[tuple[Fraction, Polynomial, Polynomial], ...]
    rung = "squares of two terms"

    def explain(self) -> str:
        count = len(self.squares)
        squares = f"{count} squares of two terms are" if count > 1 else "the square of two terms is"
        return f"no coefficient is negative once {squares} taken off"


@dataclass(frozen=True)
class Weighted(SignCertificate):
    """Polynomials times these add up to what `rest` shows not to be negative.

    None of these has a negative coefficient, and one is positive.
    """

    multipliers: tuple[Polynomial, ...]
    rest: SignCertificate = Coefficients()
    rung = "combination of cases"

    def explain(self) -> str:
        shown = "has no negative coefficient" if isinstance(self.rest, Coefficients) else "is nowhere negative"
        return f"a combination of the cases {shown}"


@dataclass(frozen=True)
class Largest(SignCertificate):
    """The largest of the fractions `among` others is nonnegative: each has the sign of the first of a pair.

    The second is positive, and both make numerator times denominator; `tree` is about the first ones.  If there is one
    pair more, it is about the sum of these fractions.
    """

    pairs: tuple[tuple[Polynomial, Polynomial], ...]
    tree: SignCertificate
    among: tuple[int, ...]
    rung = "combination of cases"

    def explain(self) -> str:
        if not isinstance(self.tree, Halving):
            return self.tree.explain()
        parts = sum(1 for _ in self.tree.leaves())
        return f"on each of {parts} parts of the domain a combination of the cases is nowhere negative"


@dataclass(frozen=True)
class Transfer:
    """weight (log t - log u), of the variables that stand for log t and log u; None is log 1.

    Over the denominator of the question the weight is nonnegative, as its certificate shows.
    """

    larger: int | None
    smaller: int | None
    weight: Polynomial
    certificate: SignCertificate


@dataclass(frozen=True)
class LogarithmBounds(SignCertificate):
    """The sum of transfers and of a fraction, which is nonnegative once 1 - u/t stands for each log t - log u.

    `positive` shows for each logarithm that its argument is positive.
    """

    transfers: tuple[Transfer, ...]
    positive: tuple[tuple[int, SignCertificate], ...]
    rest: SignCertificate
    rung = "bounds of logarithms"

    def explain(self) -> str:
        count = len(self.transfers)
        pairs = f"{count} pair{'s' * (count > 1)} with a weight that is nowhere negative"
        return f"log t - log u >= 1 - u/t, for {pairs}"


@dataclass(frozen=True)
class Taylor(SignCertificate):
    """With x0 = above/below free of the coordinate x, and f the function times `scale`, a positive fraction.

    `parts` show that f^(k)(x0) (x - x0)^k >= 0 for k < n and that f^(n)(x) (x - x0)^n >= 0, so that no term of Taylor's
    formula at x0 is negative, nor its remainder.  `conditions` show that x0 lies in the domain, that the scale is
    positive, and that f is smooth on all of the way.
    """

    index: int
    point: tuple[Polynomial, Polynomial]
    scale: tuple[Polynomial, Polynomial]
    conditions: tuple[tuple[int, SignCertificate], ...]
    parts: tuple[SignCertificate, ...]
    rung = "Taylor's formula"

    def explain(self) -> str:
        order = len(self.parts) - 1
        terms = f"{order} term{'s' * (order > 1)} at a point"
        return f"in one variable, {terms} and the remainder of order {order} are nowhere negative"


@dataclass(frozen=True)
class BallSign(SignCertificate):
    """A number whose sign a ball around it shows, as `pgsym.algebra.balls` makes it."""

    number: str
    rung = "ball arithmetic"
    level = Level.EXACT_POINT

    def explain(self) -> str:
        return f"a ball around {self.number} does not reach below 0"


@dataclass(frozen=True)
class SolverUnsat(SignCertificate):
    """z3 says that the negation has no solution; nobody else has checked it."""

    solver: str
    rung = "solver"
    level = Level.SOLVER

    def explain(self) -> str:
        return f"{self.solver} finds the negation unsatisfiable; this rests on the solver's word"


@dataclass(frozen=True)
class SignedFactor:
    """polynomial^power in the numerator, the denominator (`below`), or partly in both.

    `sign` times the polynomial has the certificate; without one the power is even.
    """

    polynomial: Polynomial
    power: int
    below: bool
    sign: int
    certificate: SignCertificate | None


@dataclass(frozen=True)
class FactoredSign(SignCertificate):
    """A fraction as a rational number times a product of factors of known sign."""

    factors: tuple[SignedFactor, ...]

    @property
    def known(self) -> tuple[SignCertificate, ...]:
        """The certificates of the factors."""
        return tuple(f.certificate for f in self.factors if f.certificate is not None)

    @property
    def hardest(self) -> SignCertificate:
        """The certificate that its rung is named after: the last on the ladder."""
        return max(self.known, key=lambda c: LADDER.index(c.rung), default=Coefficients())

    @property
    def rung(self) -> str:  # type: ignore[override]
        """The highest rung that a factor needs."""
        return self.hardest.rung

    def explain(self) -> str:
        if len(self.known) <= 1 or self.rung == Coefficients.rung:
            return self.hardest.explain()
        return f"each of {len(self.known)} factors has a sign; for the hardest, {self.hardest.explain()}"


def _held(value: object) -> Iterator[SignCertificate]:
    """The certificates among the fields of another."""
    if isinstance(value, SignCertificate):
        yield value
    elif isinstance(value, Transfer | SignedFactor):
        yield from _held(value.certificate)
    elif isinstance(value, tuple):
        for part in value:
            yield from _held(part)


LADDER = (
    "signs of coefficients",
    "Sturm",
    "completed squares",
    "sums of squares",
    "squares of two terms",
    "successive differences",
    "combination of assumptions",
    "combination of cases",
    "bounds of logarithms",
    "Taylor's formula",
    "ball arithmetic",
    "solver",
)
"""The rungs for one polynomial, cheapest first."""
