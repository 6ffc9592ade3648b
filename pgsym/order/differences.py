"""Successive differences: the domain is halved until no coefficient of a part is negative.

Where u_i >= u_j, u_i = u_j + w shows what u_i - u_j hides, and likewise u_i = c (1 + w) where u_i >= c.  Cuts go
through the point where a polynomial is smallest for the size of its terms, so that a zero inside the domain becomes a
corner of all parts, where signs of coefficients can see it.

Reference: L. Yang, Solving harder problems with lesser mathematics (2005), for u_i >= u_j; on parts between numbers,
the coefficients are those of Bernstein's form.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from pgsym.limits import ORDER_PARTS
from pgsym.order.certificates import Coefficients, Halving, Outside, SignCertificate, SturmCount
from pgsym.order.checker import check
from pgsym.order.kinds import Extent
from pgsym.order.polynomials import Polynomial, terms, variables_of
from pgsym.order.regions import Cut, Substitution, halves
from pgsym.order.witness import lowered

DEPTHS = (3, 6, 12, 24)
"""How deep the tree may be, one after another."""

FAR = 4.8
"""Of |log u|: where the lowest point is farther, it is on its way to a corner."""


class Differences:
    """A search for a tree of halves; None where there is none within the limits."""

    def __init__(self, closed: Extent, deadline: float) -> None:
        self.closed = closed
        self.deadline = deadline
        self._parts, self._strict = 0, False

    def find(
        self, p: Polynomial, extents: tuple[Extent, ...], assumptions: Sequence[Polynomial], strict: bool
    ) -> SignCertificate | None:
        """A certificate that p >= 0, or > 0 if strict."""
        for depth in DEPTHS:
            self._parts, self._strict = 0, strict
            found = self._part(p, extents, assumptions, depth)
            if found is not None or time.monotonic() > self.deadline:
                return found
        return None

    def _part(
        self, p: Polynomial, extents: tuple[Extent, ...], assumptions: Sequence[Polynomial], depth: int
    ) -> SignCertificate | None:
        self._parts += 1
        only = variables_of(p)
        leaves: list[SignCertificate] = [Coefficients(), *map(Outside, range(len(assumptions)))]
        leaves += [SturmCount(k) for k in only if len(only) == 1]
        for leaf in leaves:
            if check(leaf, p, extents, self._strict, assumptions, self.closed):
                return leaf
        corner = terms(p).get((0,) * len(extents), 0)
        if depth == 0 or corner < 0 or self._parts > ORDER_PARTS or time.monotonic() > self.deadline:
            return None
        ranked = sorted(self._tried(p, extents), key=lambda found: found[0])
        if not ranked:
            return None
        _, _, cut, pair = ranked[0]
        parts = []
        for half in pair:
            given = [half.polynomial(g) for g in assumptions]
            part = self._part(half.polynomial(p), half.extents, given, depth - 1)
            if part is None:
                return None
            parts.append(part)
        return Halving(cut, (parts[0], parts[1]))

    def _tried(
        self, p: Polynomial, extents: tuple[Extent, ...]
    ) -> Iterator[tuple[float, int, Cut, tuple[Substitution, Substitution]]]:
        """Cuts through the lowest point, with how much of both halves is negative."""
        for place, cut in enumerate(cuts(p, extents)):
            if time.monotonic() > self.deadline:
                return
            pair = halves(extents, cut, self.closed)
            yield sum(negative_share(half.polynomial(p), half.extents) for half in pair), place, cut, pair


def cuts(p: Polynomial, extents: Sequence[Extent]) -> Iterator[Cut]:
    """Along each variable, and between each two, through the point where p is lowest for the size of its terms."""
    logs = lowered(p, (), (0,) * len(extents), 8)[0][0]
    used = variables_of(p)
    lines = [k for k in used if extents[k] is Extent.LINE]
    if lines:  # first to half-lines
        yield from (Cut(k, Fraction(0)) for k in lines)
        return
    homogeneous = len({sum(m) for m in terms(p)}) == 1
    found: list[tuple[float, tuple[int, int | None, int]]] = [(logs[i], (i, None, 1)) for i in used if not homogeneous]
    for i, j in combinations(used, 2):
        found.append((logs[i] - logs[j], (i, j, 1)))
        if not homogeneous and extents[i] is extents[j] is Extent.OPEN:
            found.append((logs[i] + logs[j], (i, j, -1)))
    near = [(log, along) for log, along in found if abs(log) < FAR]
    for log, (index, other, power) in near or found:
        yield Cut(index, simple(math.exp(min(max(log, -FAR), FAR))), other, power)


def simple(x: float) -> Fraction:
    """A simple positive rational: the one that x seems to be, or one within some percent of it.

    >>> simple(0.3333333), simple(2.7182818), simple(0.001)
    (Fraction(1, 3), Fraction(5, 2), Fraction(1, 128))
    """
    x = min(max(x, 2.0**-7), 2.0**7)
    near = Fraction(x).limit_denominator(32)
    if near and abs(float(near) - x) < 1e-5 * x:
        return near
    for denominator in (1, 2, 3, 5, 8, 128):
        near = Fraction(round(x * denominator), denominator)
        if near and abs(float(near) - x) < 0.1 * x:
            return near
    return near


def negative_share(p: Polynomial, extents: Sequence[Extent]) -> float:
    """How much of the coefficients is negative, or stands at an odd power on a line: from 0 to 1."""
    lines = [k for k, extent in enumerate(extents) if extent is Extent.LINE]
    found = terms(p)
    bad = sum(abs(c) for m, c in found.items() if c < 0 or any(m[k] % 2 for k in lines))
    return bad / sum(abs(c) for c in found.values())
