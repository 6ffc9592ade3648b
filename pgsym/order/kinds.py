"""Over what a variable ranges, and how a product of such ranges is pulled back to an orthant.

0 < x < 1 and 0 <= x < 1 are u/(1+u); a row of a simplex is u_i / (1 + sum u) with 1 in the place of its last u, since
only ratios matter; x > 0 and reals stay.  What denominators arise are positive and are multiplied away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import sympy as sp

from pgsym.errors import AlgebraError
from pgsym.order.polynomials import Polynomial, context, of_terms, primitive, substitute, terms


class Kind(StrEnum):
    """Over what one variable ranges, independently of the others.

    POSITIVE
        x > 0, as exp(theta).
    UNIT_OPEN
        0 < x < 1, as a probability of something that can happen and can fail.
    UNIT_HALF_OPEN
        0 <= x < 1, as a discount.
    REAL
        Any real number.

    Examples
    --------
    >>> [str(kind) for kind in Kind]
    ['x > 0', '0 < x < 1', '0 <= x < 1', 'real']

    See Also
    --------
    pgsym.order.decide.decide_sign : The question these are for.
    """

    POSITIVE = "x > 0"
    UNIT_OPEN = "0 < x < 1"
    UNIT_HALF_OPEN = "0 <= x < 1"
    REAL = "real"


@dataclass(frozen=True)
class SimplexRow:
    """All variables with the same label are positive and sum to 1: pi(.|s) of one state.

    Examples
    --------
    >>> SimplexRow("s") == SimplexRow("s")
    True
    """

    label: object


class Extent(StrEnum):
    """Where a variable of the orthant ranges: u > 0, u >= 0, or all reals."""

    OPEN = "u > 0"
    CLOSED = "u >= 0"
    LINE = "real"


Kinds = Mapping[sp.Expr, Kind | SimplexRow]

Range = tuple[int | None, int | None, bool]
"""The least and the greatest value, None for infinity, and whether the least is included."""

RANGES: dict[Kind | Extent, Range] = {
    Kind.POSITIVE: (0, None, False),
    Kind.UNIT_OPEN: (0, 1, False),
    Kind.UNIT_HALF_OPEN: (0, 1, True),
    Kind.REAL: (None, None, False),
    Extent.OPEN: (0, None, False),
    Extent.CLOSED: (0, None, True),
    Extent.LINE: (None, None, False),
}


class Orthant:
    """A product domain with its coordinates u; variable k of every polynomial is the k-th key of `kinds`.

    >>> p, x = sp.symbols("p x")
    >>> domain = Orthant({p: Kind.UNIT_OPEN, x: Kind.POSITIVE})
    >>> g = context(2).gens()
    >>> domain.pull_back(g[0] * g[1] - 1)
    g0*g1 - g0 - 1
    >>> domain.image([Fraction(3), Fraction(2)])
    (Fraction(3, 4), Fraction(2, 1))
    """

    def __init__(self, kinds: Kinds) -> None:
        if not kinds:
            raise AlgebraError("no variable; at least one is needed. Compare the numbers themselves", where="kinds")
        self.variables = tuple(kinds)
        self.kinds = tuple(kinds.values())
        self.n = len(self.kinds)
        rows: dict[object, list[int]] = {}
        for k, kind in enumerate(self.kinds):
            if isinstance(kind, SimplexRow):
                rows.setdefault(kind.label, []).append(k)
        self.rows = list(rows.values())
        known: dict[Kind | SimplexRow, Extent] = {Kind.UNIT_HALF_OPEN: Extent.CLOSED, Kind.REAL: Extent.LINE}
        self.extents = tuple(known.get(kind, Extent.OPEN) for kind in self.kinds)

    def pull_back(self, p: Polynomial) -> Polynomial:
        """A polynomial in u with the sign of p(x(u)) everywhere."""
        for row in self.rows:
            if any(p.degrees()[k] > 0 for k in row):
                p = self._row(p, row)
        for k, kind in enumerate(self.kinds):
            if kind in (Kind.UNIT_OPEN, Kind.UNIT_HALF_OPEN):
                u = context(self.n).gens()[k]
                p = substitute(p, k, u, 1 + u)
        return primitive(p)

    def _row(self, p: Polynomial, row: Sequence[int]) -> Polynomial:
        """Each term times the power of sum u that makes all degrees in the row equal; the last u is 1."""
        by_degree: dict[int, dict[tuple[int, ...], int]] = {}
        for m, c in terms(p).items():
            part = by_degree.setdefault(sum(m[k] for k in row), {})
            short = tuple(0 if k == row[-1] else e for k, e in enumerate(m))
            part[short] = part.get(short, 0) + c
        gens = context(self.n).gens()
        total = sum((gens[k] for k in row[:-1]), context(self.n).constant(1))
        top = max(by_degree, default=0)
        return sum(
            (of_terms(part, self.n) * total ** (top - degree) for degree, part in by_degree.items()),
            context(self.n).constant(0),
        )

    def image(self, u: Sequence[Fraction]) -> tuple[Fraction, ...]:
        """The point x(u)."""
        x = list(u)
        for row in self.rows:
            weights = [*(u[k] for k in row[:-1]), Fraction(1)]
            for k, weight in zip(row, weights, strict=True):
                x[k] = weight / sum(weights)
        for k, kind in enumerate(self.kinds):
            if kind in (Kind.UNIT_OPEN, Kind.UNIT_HALF_OPEN):
                x[k] = u[k] / (1 + u[k])
        return tuple(x)

    @property
    def ranges(self) -> list[Range]:
        """Of each variable; probabilities of a row are positive."""
        return [RANGES[Kind.POSITIVE if isinstance(kind, SimplexRow) else kind] for kind in self.kinds]

    def contains(self, x: Sequence[Fraction]) -> bool:
        """Whether a point lies in the domain."""
        inside = all(
            (low is None or v > low or (included and v == low)) and (high is None or v < high)
            for v, (low, high, included) in zip(x, self.ranges, strict=True)
        )
        return inside and all(sum(x[k] for k in row) == 1 for row in self.rows)
