"""The sign of a fraction in one variable, completely: its break points, and the intervals where a claim is true.

`pgsym.algebra.realline` isolates the roots; `check_break_points` counts them again by Sturm's theorem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import sympy as sp
from flint import fmpz_poly

from pgsym.algebra.realline import Piece, pieces
from pgsym.order.kinds import RANGES, Kind
from pgsym.order.sturm import at, roots_between


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


def break_point(piece: Piece) -> BreakPoint:
    """A cut of the line.

    >>> print(break_point(pieces([fmpz_poly([-2, 0, 1])])[3]))
    1.41421...
    """
    assert piece.minimal is not None
    assert piece.ends is not None
    return BreakPoint(tuple(map(int, piece.minimal)), *piece.ends)


def pieces_of(polynomials: Sequence[list[int]], kind: Kind) -> list[Piece]:
    """The range, cut at the roots of the polynomials; a closed end is a cut of its own.

    >>> [piece.rational for piece in pieces_of([[-1, 3]], Kind.UNIT_HALF_OPEN)]
    [Fraction(0, 1), Fraction(1, 8), Fraction(1, 3), Fraction(1, 2)]
    """
    *bounds, included = RANGES[kind]
    ends = [fmpz_poly([-end, 1]) for end in bounds if end is not None]
    line = pieces([*map(fmpz_poly, polynomials), *ends])
    places = [next(k for k, piece in enumerate(line) if piece.minimal == end) for end in ends]
    first = places[0] + (not included) if places else 0
    return line[first : places[1] if len(places) > 1 else None]


def true_intervals(
    numerator: list[int], denominator: list[int], kind: Kind, strict: bool
) -> tuple[list[Piece], list[SignInterval], bool]:
    """The range of a fraction cut at its break points, where it is >= 0 (> 0 if strict), and if that is false anywhere.

    >>> line, where, false = true_intervals([-1, 3], [1], Kind.UNIT_OPEN, False)
    >>> [str(interval) for interval in where], false
    (['[1/3, 1)'], True)
    """
    line = pieces_of([numerator, denominator], kind)
    above, below = fmpz_poly(numerator), fmpz_poly(denominator)
    low, high = (None if end is None else BreakPoint.rational(Fraction(end)) for end in RANGES[kind][:2])
    cuts = [None if piece.minimal is None else break_point(piece) for piece in line]
    found: list[SignInterval] = []
    previous, false = False, False
    for k, (piece, cut) in enumerate(zip(line, cuts, strict=True)):
        under = piece.sign(below)
        sign = piece.sign(above) * under
        holds = under != 0 and (sign > 0 or (sign == 0 and not strict))
        false = false or (under != 0 and not holds)
        if holds:
            start, end = (cut, cut) if cut else (cuts[k - 1] if k else low, cuts[k + 1] if k + 1 < len(cuts) else high)
            joined = found.pop() if previous else SignInterval(start, end, cut is not None, cut is not None)
            found.append(SignInterval(joined.low, end, joined.low_included, cut is not None))
        previous = holds
    return line, found, false


def check_break_points(both: list[int], kind: Kind, points: Sequence[BreakPoint]) -> bool:
    """Whether the points are all roots of the polynomial in the range, each once; by Sturm's theorem."""
    low, high = (None if end is None else Fraction(end) for end in RANGES[kind][:2])
    if roots_between(both, low, high) != len(points) or not all(a.high < b.low for a, b in pairwise(points)):
        return False
    inside = [(low is None or low < p.low) and (high is None or p.high < high) for p in points]
    return all(inside) and all(
        at(both, p.exact) == 0 if p.exact is not None else roots_between(both, p.low, p.high) == 1 for p in points
    )
