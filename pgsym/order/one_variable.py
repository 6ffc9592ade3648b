"""The sign of a fraction in one variable, completely: its break points, and the intervals where a claim is true.

Rational roots are found by factoring, the others isolated by SymPy; `check_break_points` counts them again by
Sturm's theorem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import sympy as sp

from pgsym.order.kinds import Kind
from pgsym.order.sturm import at, roots_between

ENDS: dict[Kind, tuple[int | None, int | None]] = {
    Kind.POSITIVE: (0, None),
    Kind.UNIT_OPEN: (0, 1),
    Kind.UNIT_HALF_OPEN: (0, 1),
    Kind.REAL: (None, None),
}
"""Where the ranges end; None stands for infinity."""


@dataclass(frozen=True)
class BreakPoint:
    """A real algebraic number: the only root of `polynomial` from `low` to `high`; a rational one has low = high.

    `polynomial` has its integer coefficients, lowest first.

    Examples
    --------
    >>> point = BreakPoint((-2, 0, 1), Fraction(14142, 10000), Fraction(14143, 10000))
    >>> str(point), point.equation
    ('1.41425...', 'x**2 - 2 = 0')
    """

    polynomial: tuple[int, ...]
    low: Fraction
    high: Fraction

    @classmethod
    def rational(cls, x: Fraction) -> BreakPoint:
        """A rational number."""
        return cls((-x.numerator, x.denominator), x, x)

    @property
    def exact(self) -> Fraction | None:
        """The number where it is rational."""
        return self.low if self.low == self.high else None

    def __float__(self) -> float:
        return float((self.low + self.high) / 2)

    def __str__(self) -> str:
        return f"{float(self):.6g}..." if self.exact is None else str(self.exact)

    @property
    def equation(self) -> str:
        """What it is a root of."""
        return f"{sp.Poly(self.polynomial[::-1], sp.Symbol('x')).as_expr()} = 0"


@dataclass(frozen=True)
class SignInterval:
    """From one break point, or end of the range, to the next; None stands for infinity.

    Examples
    --------
    >>> print(SignInterval(BreakPoint.rational(Fraction(1, 3)), None, True, False))
    [1/3, oo)
    """

    low: BreakPoint | None
    high: BreakPoint | None
    low_included: bool
    high_included: bool

    def __str__(self) -> str:
        if self.low is not None and self.low == self.high:
            return f"{{{self.low}}}"
        left, right = "[" if self.low_included else "(", "]" if self.high_included else ")"
        low = "-oo" if self.low is None else self.low
        high = "oo" if self.high is None else self.high
        return f"{left}{low}, {high}{right}"


def break_points(polynomials: Sequence[list[int]], low: int | None, high: int | None) -> list[BreakPoint]:
    """The roots of the polynomials strictly between the ends, in order, isolated from each other and from the ends.

    >>> [str(b) for b in break_points([[0, -2, 1], [-2, 0, 1]], 0, None)]
    ['1.41421...', '2']
    """
    x = sp.Symbol("x")
    irreducible = {f for p in polynomials for f, _ in sp.Poly(p[::-1], x).factor_list()[1]}
    width = sp.Rational(1, 10**12)
    while True:
        found = []
        for f in irreducible:
            lowest_first = tuple(int(c) for c in f.all_coeffs()[::-1])
            if f.degree() == 1:
                found.append(BreakPoint.rational(Fraction(-lowest_first[0], lowest_first[1])))
            else:
                for (a, b), _ in f.intervals(eps=width):
                    found.append(BreakPoint(lowest_first, Fraction(int(a.p), int(a.q)), Fraction(int(b.p), int(b.q))))
        found.sort(key=lambda b: b.low)
        fixed = [Fraction(end) for end in (low, high) if end is not None]
        apart = all(a.high < b.low for a, b in pairwise(found))
        if apart and not any(b.low <= end <= b.high and b.exact is None for b in found for end in fixed):
            return [b for b in found if (low is None or b.low > low) and (high is None or b.high < high)]
        width = width / 10**12


def true_intervals(
    numerator: list[int], denominator: list[int], kind: Kind, strict: bool
) -> tuple[list[BreakPoint], list[SignInterval], bool]:
    """The break points of a fraction in its range, where it is >= 0 (> 0 if strict), and if that is false anywhere.

    >>> points, where, false = true_intervals([-1, 3], [1], Kind.UNIT_OPEN, False)
    >>> [str(interval) for interval in where], false
    (['[1/3, 1)'], True)
    """
    ends = ENDS[kind]
    points = break_points([numerator, denominator], *ends)
    low, high = (None if end is None else BreakPoint.rational(Fraction(end)) for end in ends)
    stops = [low, *points, high]
    closed = kind is Kind.UNIT_HALF_OPEN
    cells: list[tuple[SignInterval, bool | None]] = []
    for k, (a, b) in enumerate(pairwise(stops)):
        if k or closed:
            cells.append((SignInterval(a, a, True, True), _holds(numerator, denominator, a, strict)))
        cells.append((SignInterval(a, b, False, False), _sign(numerator, denominator, between(a, b)) > 0))
    found: list[SignInterval] = []
    previous: bool | None = False
    for cell, holds in cells:
        if holds and previous:
            found[-1] = SignInterval(found[-1].low, cell.high, found[-1].low_included, cell.high_included)
        elif holds:
            found.append(cell)
        previous = holds
    return points, found, any(holds is False for _, holds in cells)


def between(a: BreakPoint | None, b: BreakPoint | None) -> Fraction:
    """A rational point strictly between two break points, as simple as halving gives it."""
    if a is None or b is None:
        return Fraction(0) if a is b else a.high + 1 if a is not None else b.low - 1  # type: ignore[union-attr]
    return (a.high + b.low) / 2


def _sign(numerator: list[int], denominator: list[int], x: Fraction) -> int:
    found = at(numerator, x) * at(denominator, x)
    return (found > 0) - (found < 0)


def _holds(numerator: list[int], denominator: list[int], point: BreakPoint | None, strict: bool) -> bool | None:
    """Whether the claim is true at a break point or closed end; None where the fraction is not defined."""
    assert point is not None
    if point.exact is not None:
        above, below = at(numerator, point.exact), at(denominator, point.exact)
        return None if below == 0 else above * below > 0 or (not strict and above == 0)
    x = sp.Symbol("x")  # an irrational break point is a root of one of the two, in lowest terms
    below_zero = sp.Poly(denominator[::-1], x).rem(sp.Poly(point.polynomial[::-1], x)).is_zero
    return None if below_zero else not strict


def check_break_points(both: list[int], kind: Kind, points: Sequence[BreakPoint]) -> bool:
    """Whether the points are all roots of the polynomial in the range, each once; by Sturm's theorem."""
    low, high = (None if end is None else Fraction(end) for end in ENDS[kind])
    if roots_between(both, low, high) != len(points) or not all(a.high < b.low for a, b in pairwise(points)):
        return False
    inside = [(low is None or low < p.low) and (high is None or p.high < high) for p in points]
    return all(inside) and all(
        at(both, p.exact) == 0 if p.exact is not None else roots_between(both, p.low, p.high) == 1 for p in points
    )
