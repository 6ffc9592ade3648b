"""Over what the generators of a closed form range, and the sign of a closed form there.

exp(theta) is positive; a probability, a discount or a symbol with bounds lies between these; rows of probabilities sum
to 1; numbers and functions that the claim declares are real.  What is left out of the domain, such as that theta is the
logarithm of exp(theta), only makes it larger: a proof holds all the same, and a witness is evaluated at a point of the
true domain before anything is called refuted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.algebra import RationalField
from pgsym.algebra.balls import sign_of
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.compiler import Meaning
from pgsym.claims.domain import Domain, Place
from pgsym.errors import AlgebraError
from pgsym.expression.domain import affine, simplices
from pgsym.expression.linear import Linear
from pgsym.limits import ORDER_SECONDS
from pgsym.model.validate import assumed, bounded
from pgsym.order import BreakPoint, Kind, SignInterval, SignStatus, SignVerdict, SimplexRow, decide_largest, decide_sign
from pgsym.order.certificates import BallSign
from pgsym.order.polynomials import of_terms, read, substitute, terms
from pgsym.order.question import SignQuestion
from pgsym.order.taylor import decide_affine

End = tuple[int, Fraction]
"""A generator and a bound that it may attain."""

QUICK = 1.0
"""Seconds for a sign that is one of many."""

_NONNEGATIVE = SignVerdict(SignStatus.PROVED)
_NEGATIVE = SignVerdict(SignStatus.REFUTED)


class OrderDomain:
    """The domain of one claim, in the generators of the field of its closed forms.

    Attributes
    ----------
    kinds : mapping
        What each variable ranges over, in the order of the polynomials' variables.
    assumptions : list
        Polynomials that are not negative there.
    numbers : set of int
        Variables that stand for one number, such as a logarithm.
    """

    def __init__(self, setting: BoundClaim, meaning: Meaning) -> None:
        self.setting = setting
        self.seconds = ORDER_SECONDS
        self.field: RationalField = meaning.tower.field(0)
        self.generators = self.field.generators
        self._index = {g: k for k, g in enumerate(self.generators)}
        self._bounds: dict[int, list[Fraction | None]] = {}
        self._strict: dict[End, bool] = {}
        self._rows: list[list[sp.Symbol]] = []
        rest = [g for g, strict in self._constraints(meaning) if not self._is_bound(g, strict)]
        self._find_rows()
        self.kinds: dict[sp.Expr, Kind | SimplexRow] = {}
        self._scales: dict[int, tuple[Fraction, Fraction]] = {}
        exponents = {s for g in self.generators if isinstance(g, sp.exp) for s in g.free_symbols}
        self._relaxed = {k for g, k in self._index.items() if g in exponents or g.is_number or g.has(sp.log)}
        """Variables that depend on others."""
        self.numbers = {k for g, k in self._index.items() if g.is_number}
        for k, g in enumerate(self.generators):
            self.kinds[self._key(k, g)] = self._kind(k, g)
        for row in self._rows:
            self.kinds[1 - sp.Add(*row)] = SimplexRow(row[0])
        implied = {g for row in self._rows for g in (sp.Add(*row), 1 - sp.Add(*row))}
        kept = (g for g in rest if sp.expand(g) not in implied)
        self.assumptions = [p for g in kept if (p := self._polynomial(g)) is not None]

    # -- what is assumed -------------------------------------------------------------------------------------

    def _constraints(self, meaning: Meaning) -> Iterator[tuple[sp.Expr, bool]]:
        """Functions that are at least 0 in the domain, and whether they are positive."""
        discounts = [self.field.to_sympy(meaning.compile(node)({})) for node in self.setting.discounts]
        for p in dict.fromkeys([*self._probabilities, *discounts]):
            yield from ((p, False), (1 - p, False))
        for assumption in assumed(self.setting.mdp):
            yield from assumption.inequalities
        for s in self.generators:
            if s.is_Symbol and (s.is_nonnegative or s.is_nonpositive):
                yield (s if s.is_nonnegative else -s), bool(s.is_positive or s.is_negative)

    @cached_property
    def _probabilities(self) -> list[sp.Expr]:
        """What lies in [0, 1], of both worlds, numbers left out."""
        setting = self.setting
        worlds = [(setting.mdp, setting.policy), *([setting.second[:2]] if setting.second is not None else [])]
        found = (p for mdp, policy in worlds for p in (*bounded(mdp), *policy.expressions()))
        return [p for p in found if not p.is_Rational]

    def _is_bound(self, g: sp.Expr, strict: bool) -> bool:
        """Keep a bound of one generator; whether it was one."""
        found = affine(g)
        if found is None or found[0] not in self._index:
            return not g.free_symbols or found is not None
        k, slope, bound = self._index[found[0]], found[1], found[2]
        ends = self._bounds.setdefault(k, [None, None])
        place, better = (0, max) if slope > 0 else (1, min)
        known = ends[place]
        ends[place] = bound if known is None else better(known, bound)
        self._strict[k, bound] = strict or self._strict.get((k, bound), False)
        return True

    def _find_rows(self) -> None:
        """Rows of probabilities with a symbol for each but the last."""
        unit = [Fraction(0), Fraction(1)]
        boxes = {s: (None, None) for s in self.generators if s.is_Symbol}
        boxes |= {s: (Fraction(0), Fraction(1)) for s in boxes if self._bounds.get(self._index[s]) == unit}
        self._rows = simplices([p for p in self._probabilities if p.free_symbols <= boxes.keys()], boxes)

    def _key(self, k: int, g: sp.Expr) -> sp.Expr:
        """The variable: the generator, moved to where its bounds are 0 and 1, or 0."""
        low, high = self._bounds.get(k, [None, None])
        if low is None and high is None:
            return g
        scale = high - low if low is not None and high is not None else Fraction(1 if low is not None else -1)
        origin = low if low is not None else high
        assert origin is not None
        if origin != 0 or scale != 1:
            self._scales[k] = origin, scale
        return (g - sp.Rational(origin)) / sp.Rational(scale)

    def _kind(self, k: int, g: sp.Expr) -> Kind | SimplexRow:
        for row in self._rows:
            if g in row:
                return SimplexRow(row[0])
        if k in self._bounds:
            return Kind.UNIT_OPEN if None not in self._bounds[k] else Kind.POSITIVE
        return Kind.POSITIVE if isinstance(g, sp.exp) or g is sp.E else Kind.REAL

    def _polynomial(self, g: sp.Expr) -> Any | None:
        """A polynomial with the sign of a function; None where it has other generators."""
        if not g.free_symbols <= self._index.keys() or g.has(sp.exp, sp.log):
            return None
        element = self.field.convert(g)
        return self.moved(element.numerator) * self.moved(element.denominator())

    # -- signs -----------------------------------------------------------------------------------------------

    def moved(self, polynomial: Any) -> Any:
        """A polynomial of the field in the variables, times a positive number."""
        own, n = len(self.generators), len(self.kinds)
        found = of_terms({(*m, *(0,) * (n - own)): c for m, c in terms(read(polynomial, own)).items()}, n)
        for k, (origin, scale) in self._scales.items():
            w = found.context().gens()[k]
            common = origin.denominator * scale.denominator
            above = w * int(scale * common) + int(origin * common)
            found = substitute(found, k, above, found.context().constant(common))
        return found

    def sign(self, element: Any) -> int | None:
        """1 or -1 where an element is quickly seen to be nowhere below or above 0."""
        self.seconds = QUICK
        if self.decide(element).status is SignStatus.PROVED:
            return 1
        return -1 if self.decide(-element).status is SignStatus.PROVED else None

    def decide(self, element: Any, strict: bool = False, beside: Sequence[Any] = ()) -> SignVerdict:
        """Whether an element is nowhere negative, nor zero if `strict`, where all of `beside` are at most 0.

        It takes about `seconds`.
        """
        number = self.field.number_in(element)
        if number is not None:
            return _NONNEGATIVE if number > 0 or (number == 0 and not strict) else _NEGATIVE
        above, below = self.moved(element.numerator), self.moved(element.denominator())
        if _variables(above, below) <= self.numbers:
            return self._of_number(element, strict)
        others = [-self.moved(e.numerator) * self.moved(e.denominator()) for e in beside]
        return self._decided(above, below, strict, others, self.assumptions)

    def _of_number(self, element: Any, strict: bool) -> SignVerdict:
        """The sign of a number with logarithms or powers of e, by ball arithmetic."""
        value = self.field.to_sympy(element)
        try:
            holds = sign_of(value) >= strict
        except AlgebraError as error:
            return SignVerdict(SignStatus.UNDECIDED, tried=(f"ball arithmetic: {error}",))
        return SignVerdict(SignStatus.PROVED, certificate=BallSign(str(value))) if holds else _NEGATIVE

    def bounded(self, element: Any, strict: bool) -> SignVerdict:
        """The same of an element that is affine in logarithms, by bounds of these."""

        def inside(above: Any, below: Any, strict: bool) -> SignVerdict:
            return decide_sign(above, below, self.kinds, strict=strict, assumptions=self.assumptions,
                               seconds=self.seconds)  # fmt: skip

        def everywhere(above: Any, below: Any, strict: bool) -> SignVerdict:
            found = self._decided(above, below, strict, (), self.assumptions)
            return inside(above, below, strict) if found.status is SignStatus.PROVED else found

        above = self.moved(element.numerator)
        if not self.logarithms.keys() & _variables(above) or _variables(above) <= self.numbers:
            return self.decide(element, strict)
        question = SignQuestion.of(
            above, self.moved(element.denominator()), self.kinds, strict=strict,
            assumptions=self.assumptions,
        )  # fmt: skip
        return decide_affine(question, self.logarithms, everywhere, inside, seconds=self.seconds)

    @cached_property
    def logarithms(self) -> dict[int, tuple[Any, Any]]:
        """Of what the variables are logarithms that stand for one: theta is log exp(theta)."""
        arguments = {sp.log(f): f for f in self.field.logarithms.values()}
        own = self._relaxed - self._scales.keys()
        arguments |= {g: sp.exp(g) for g in self.generators if g.is_Symbol and self._index[g] in own}
        elements = {self._index[g]: self.field.convert(u) for g, u in arguments.items()}
        return {k: (self.moved(e.numerator), self.moved(e.denominator())) for k, e in elements.items()}

    def largest(self, elements: Sequence[Any]) -> SignVerdict:
        """Whether at each point one of some elements is not negative; what is assumed is not used."""
        forms = [(self.moved(e.numerator), self.moved(e.denominator())) for e in elements]
        return decide_largest(forms, self.kinds, seconds=ORDER_SECONDS / 2)

    def _decided(
        self, above: Any, below: Any, strict: bool, others: Sequence[Any], assumed: Sequence[Any], since: int = 0
    ) -> SignVerdict:
        """In the open domain, and where that is not enough also at the bounds that may be attained.

        A function that is nonnegative inside is so at the bounds, by continuity; but it need not be positive there, and
        with assumptions there may be points at the bounds that have none inside nearby.
        """
        if any(not _variables(p) and not p.is_zero() and p.leading_coefficient() < 0 for p in assumed):
            return _NONNEGATIVE  # no point of the domain is here
        used = _variables(above, below, *others)
        given = [p for p in assumed if used & _variables(p)]
        found = decide_sign(above, below, self.kinds, strict=strict, assumptions=[*others, *given],
                            seconds=self.seconds)  # fmt: skip
        used |= _variables(*given)
        if used & self._relaxed and found.status is not SignStatus.PROVED:
            tried = (*found.tried, "logarithms and theta beside exp(theta) were taken for any numbers")
            found = SignVerdict(SignStatus.UNDECIDED, tried=tried, witness=found.witness)
        if not (strict or given) or found.status is not SignStatus.PROVED:
            return found
        if any(isinstance(kind, SimplexRow) for k, kind in enumerate(self.kinds.values()) if k in used):
            return SignVerdict(SignStatus.UNDECIDED, tried=(*found.tried, "no faces of rows of probabilities"))
        for j, (k, value) in enumerate(self._ends()[since:], since):
            under = _at(below, k, value)
            if k not in used or under.is_zero():
                continue
            beside, known = ([_at(p, k, value) for p in some] for some in (others, assumed))
            there = self._decided(_at(above, k, value), under, strict, beside, known, j + 1)
            if there.status is not SignStatus.PROVED:
                key, status = list(self.kinds)[k], there.status
                inside: tuple[SignInterval, ...] = ()
                if status is not SignStatus.UNDECIDED:
                    alone = used == {k}  # then it is true inside, and `region` looks at the bounds
                    status = SignStatus.EXACTLY_WHERE if alone else SignStatus.REFUTED
                    high = BreakPoint.rational(Fraction(1)) if self.kinds[key] is Kind.UNIT_OPEN else None
                    inside = (SignInterval(BreakPoint.rational(Fraction(0)), high, False, False),) if alone else ()
                witness = None if there.witness is None else {**there.witness, key: Fraction(value)}
                return replace(there, status=status, where=inside, witness=witness)
        return found

    def _ends(self) -> list[tuple[int, int]]:
        """Variables and the values 0 and 1 that they may take."""
        found = []
        for k, ends in self._bounds.items():
            low, high = ends
            for value, end in ((0, low if low is not None else high), (1, high if low is not None else None)):
                if end is not None and not self._strict[k, end]:
                    found.append((k, value))
        return found

    def region(self, element: Any, found: SignVerdict, strict: bool) -> str:
        """Where in its one variable an element has its sign, the bounds that may be attained among it."""
        above, below = self.moved(element.numerator), self.moved(element.denominator())
        (k,) = _variables(above, below)
        key = list(self.kinds)[k]
        intervals, alone = list(found.where), []
        for value in (value for j, value in self._ends() if j == k):
            under = _at(below, k, value)
            at = _at(above, k, value) * under
            if under.is_zero() or (at.is_zero() and strict) or (not at.is_zero() and at.leading_coefficient() < 0):
                continue
            joined = [
                replace(i, low_included=i.low_included or (i.low is not None and i.low.exact == value),
                        high_included=i.high_included or (i.high is not None and i.high.exact == value))
                for i in intervals
            ]  # fmt: skip
            alone += [f"{key} = {value}"] if joined == intervals else []
            intervals = joined
        return " or ".join([*(f"{key} in {interval}" for interval in intervals), *alone])

    def bands(self, element: Any, found: SignVerdict) -> tuple[tuple[sp.Symbol, float, float], ...]:
        """The intervals of `region` in the symbol itself, in floats: for pictures."""
        (k,) = _variables(self.moved(element.numerator), self.moved(element.denominator()))
        g, (origin, scale) = self.generators[k], self._scales.get(k, (Fraction(0), Fraction(1)))
        form = Linear.from_sympy(g.args[0]) if isinstance(g, sp.exp) else None
        if not g.is_Symbol and (form is None or len(form.coefficients) != 1):
            return ()
        (symbol, c), *_ = ((g, Fraction(1)),) if form is None else form.coefficients

        def end(point: BreakPoint | None, default: float) -> float:
            value = default if point is None else float(origin) + float(scale) * float(point)
            return value if form is None else math.log(value) / float(c) if value > 0 else -math.inf

        ends = [sorted((end(i.low, -math.inf), end(i.high, math.inf))) for i in found.where]
        return tuple((symbol, low, high) for low, high in ends if low < high)

    # -- points ----------------------------------------------------------------------------------------------

    def place(self, witness: Mapping[sp.Expr, Fraction]) -> Place | None:
        """The point of the true domain that a witness stands for; None where there is none."""
        point: dict[sp.Symbol, sp.Expr] = {}
        logarithms: dict[sp.Symbol, sp.Expr] = {}
        for k, g in enumerate(self.generators):
            origin, scale = self._scales.get(k, (Fraction(0), Fraction(1)))
            value = sp.Rational(origin + scale * witness[list(self.kinds)[k]])
            if g.is_Symbol:
                point[g] = value
            elif isinstance(g, sp.exp) and g.free_symbols and value > 0:
                form = Linear.from_sympy(g.args[0])
                ((symbol, c),) = form.coefficients
                logarithms[symbol] = sp.log(value) / sp.Rational(c)
        point |= logarithms
        setting = self.setting
        model = [*setting.policy.params, *setting.mdp.symbols, *setting.weights]
        point |= {s: sp.S.Zero for s in setting.policy.params if s not in point}
        if any(s not in point for s in model) or not Domain(setting).contains({s: point[s] for s in model}):
            return None
        theta, symbols = ({s: point[s] for s in some} for some in (setting.policy.params, setting.mdp.symbols))
        return Place(theta, symbols, {s: v for s, v in point.items() if s not in theta and s not in symbols})


def _variables(*polynomials: Any) -> set[int]:
    """The variables that stand in them."""
    return {k for p in polynomials for k, d in enumerate(p.degrees()) if d > 0}


def _at(polynomial: Any, k: int, value: int) -> Any:
    """The polynomial where its variable k has a value."""
    constant = polynomial.context().constant
    return substitute(polynomial, k, constant(value), constant(1))
