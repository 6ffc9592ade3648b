"""Numbers that know their error and their derivatives, and dense linear algebra over them.

A *ball* (`flint.arb`) is a floating-point number with a rigorous bound of its rounding error, at a working precision
of 53 bits or more.  A *jet* is a Taylor polynomial in the parameters, truncated, with balls for coefficients.  Nothing
here is shared with pgsym: no field, no dual number, no sparse elimination.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from flint import arb, fmpq


class UnclearError(Exception):
    """A ball that contains zero stands where a nonzero number is needed: at this precision nothing can be said."""


def ball(value: Fraction | int) -> arb:
    """A rational number, rounded to the working precision with its error."""
    value = Fraction(value)
    return arb(fmpq(value.numerator, value.denominator))


class Jet:
    """sum_m c_m h^m up to a total degree; a monomial m is a sorted tuple of parameter numbers.

    Attributes
    ----------
    order : int
        The total degree up to which the terms are known.
    """

    __slots__ = ("order", "terms")

    def __init__(self, terms: dict[tuple[int, ...], arb], order: int) -> None:
        self.terms = terms
        self.order = order

    @classmethod
    def constant(cls, value: arb, order: int) -> Jet:
        return cls({(): value}, order)

    @classmethod
    def variable(cls, value: arb, number: int, order: int) -> Jet:
        """theta_number at that value."""
        return cls({(): value, (number,): arb(1)} if order else {(): value}, order)

    @property
    def value(self) -> arb:
        return self.terms.get((), arb(0))

    @property
    def rest(self) -> Jet:
        """The jet without its constant term."""
        return Jet({m: c for m, c in self.terms.items() if m}, self.order)

    def derivative(self, number: int) -> Jet:
        """By one parameter; one order less is known."""
        found = {}
        for m, c in self.terms.items():
            k = m.count(number)
            if k:
                i = m.index(number)
                found[m[:i] + m[i + 1 :]] = c * k
        return Jet(found, self.order - 1)

    def __add__(self, other: Jet) -> Jet:
        order = min(self.order, other.order)
        found = {m: c for m, c in self.terms.items() if len(m) <= order}
        for m, c in other.terms.items():
            if len(m) <= order:
                found[m] = found[m] + c if m in found else c
        return Jet(found, order)

    def __neg__(self) -> Jet:
        return Jet({m: -c for m, c in self.terms.items()}, self.order)

    def __sub__(self, other: Jet) -> Jet:
        return self + -other

    def __mul__(self, other: Jet) -> Jet:
        order = min(self.order, other.order)
        found: dict[tuple[int, ...], arb] = {}
        for m, c in self.terms.items():
            for n, d in other.terms.items():
                if len(m) + len(n) <= order:
                    key = tuple(sorted(m + n)) if m and n else m + n
                    term = c * d
                    found[key] = found[key] + term if key in found else term
        return Jet(found, order)

    def __truediv__(self, other: Jet) -> Jet:
        return self * other.inverse()

    def inverse(self) -> Jet:
        """1/(v + d) = 1/v sum_k (-d/v)^k."""
        if self.value.contains(0):
            raise UnclearError
        inverse = 1 / self.value
        return self._series([(-1) ** k * inverse ** (k + 1) for k in range(self.order + 1)])

    def exp(self) -> Jet:
        top = self.value.exp()
        return self._series([top / math.factorial(k) for k in range(self.order + 1)])

    def log(self) -> Jet:
        """log|v + d|: log|v| + sum_k (-1)^(k+1) (d/v)^k / k."""
        if self.value.contains(0):
            raise UnclearError
        inverse = 1 / self.value
        tail = [(-1) ** (k + 1) * inverse**k / k for k in range(1, self.order + 1)]
        return self._series([abs(self.value).log(), *tail])

    def __pow__(self, power: int) -> Jet:
        if power < 0:
            return self.inverse() ** -power
        result = Jet.constant(arb(1), self.order)
        for _ in range(power):
            result = result * self
        return result

    def _series(self, coefficients: Sequence[arb]) -> Jet:
        """sum_k coefficients[k] d^k for the jet's part d above its value."""
        result, power, step = Jet.constant(coefficients[0], self.order), None, self.rest
        for c in coefficients[1:]:
            power = step if power is None else power * step
            result = result + Jet({m: e * c for m, e in power.terms.items()}, self.order)
        return result


def total(jets: Sequence[Jet], order: int) -> Jet:
    found = Jet.constant(arb(0), order)
    for jet in jets:
        found = found + jet
    return found


def solve(matrix: Sequence[Sequence[Jet]], right: Sequence[Sequence[Jet]]) -> list[list[Jet]]:
    """X with matrix X = right, by Gauss-Jordan elimination with the largest pivot of each column.

    Raises
    ------
    UnclearError
        No pivot is certainly different from zero.
    """
    rows = [[*row, *b] for row, b in zip(matrix, right, strict=True)]
    n = len(rows)
    for k in range(n):
        best = max(range(k, n), key=lambda i: float(abs(rows[i][k].value).mid()))
        rows[k], rows[best] = rows[best], rows[k]
        inverse = rows[k][k].inverse()
        rows[k] = [inverse * e for e in rows[k]]
        for i in range(n):
            if i != k and rows[i][k].terms:
                scale = rows[i][k]
                rows[i] = [e - scale * f for e, f in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


def transposed(matrix: Sequence[Sequence[Jet]]) -> list[list[Jet]]:
    return [list(column) for column in zip(*matrix, strict=True)]
