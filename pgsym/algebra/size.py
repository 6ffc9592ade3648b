r"""How large a rational function can be: degrees and coefficient bits, without computing it.

`SizeField` is a field like the others, whose elements are upper bounds.  Run the same algorithm over it and
the result bounds the degree of the exact answer, which is what identity testing needs (Schwartz 1980,
Zippel 1979).  Denominators are kept as products of named factors, so that a sum over a common denominator
costs nothing; a linear solve is bounded by Cramer's rule, not by the steps of an elimination.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.expression.evaluate import evaluate
from pgsym.expression.linear import Linear

DIRECTION = sp.Symbol("direction")
"""The one parameter of a size field: all derivatives are bounded by that in a random direction."""


@dataclass(frozen=True, eq=False)
class Factor:
    """A polynomial that stands in denominators: its total degree and the bits of its coefficients' sum."""

    degree: int
    bits: float


@dataclass(frozen=True)
class Size:
    """A fraction: total degree and log2 of the coefficients' absolute sum of the numerator; the denominator.

    The denominator is a product of powers of factors.
    """

    degree: int
    bits: float
    factors: Mapping[Factor, int]

    def __add__(self, other: Size) -> Size:
        common = _lcm(self.factors, other.factors)
        a, b = self.over(common), other.over(common)
        return Size(max(a.degree, b.degree), max(a.bits, b.bits) + 1, common)

    __sub__ = __add__

    def __neg__(self) -> Size:
        return self

    def __mul__(self, other: Size) -> Size:
        factors = dict(self.factors)
        for f, k in other.factors.items():
            factors[f] = factors.get(f, 0) + k
        return Size(self.degree + other.degree, self.bits + other.bits, factors)

    def __truediv__(self, other: Size) -> Size:
        left, upper = dict(self.factors), dict(other.factors)
        for f in list(upper):
            shared = min(upper[f], left.get(f, 0))
            upper[f] -= shared
            if shared:
                left[f] -= shared
        degree, bits = _total(upper)
        divisor = Factor(other.degree, other.bits)
        kept = {f: k for f, k in left.items() if k}
        return Size(self.degree + degree, self.bits + bits, kept | {divisor: 1})

    def __pow__(self, power: int) -> Size:
        return Size(self.degree * power, self.bits * power, {f: k * power for f, k in self.factors.items()})

    def over(self, common: Mapping[Factor, int]) -> Size:
        """The numerator over a common denominator."""
        degree, bits = _total({f: k - self.factors.get(f, 0) for f, k in common.items()})
        return Size(self.degree + degree, self.bits + bits, common)

    def derivative(self) -> Size:
        """Of N / prod f^k, in a random direction: N' prod f - N sum k f' prod g, over prod f^(k+1)."""
        degree, bits = _total(dict.fromkeys(self.factors, 1))
        terms = 1 + sum(self.factors.values())
        largest = max([self.degree, *(f.degree for f in self.factors)], default=0)
        growth = math.log2(terms * max(largest, 1))
        return Size(self.degree + degree + 1, self.bits + bits + growth, {f: k + 1 for f, k in self.factors.items()})


class SizeField:
    """Bounds instead of numbers; satisfies the field interface, with one parameter, a random direction.

    Parameters
    ----------
    denominators
        q_i of each exponential generator x_i = exp(theta_i / q_i), and q_0 of the constants'.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> SizeField({}).convert((1 + x) ** 3 / (2 - x)).degree
    3
    """

    differential = True
    parameters = (DIRECTION,)

    def __init__(self, denominators: Mapping[sp.Symbol, int], constant: int = 1) -> None:
        self._denominators = denominators
        self._constant = constant
        self._cache: dict[sp.Expr, Size] = {}
        self._exponentials: dict[Linear, Size] = {}
        self._integers: dict[int, Factor] = {}
        self.zero = Size(0, 0.0, {})
        self.one = Size(0, 0.0, {})

    def number(self, value: Fraction) -> Size:
        factors = {}
        if value.denominator != 1:
            q = value.denominator
            factors = {self._integers.setdefault(q, Factor(0, math.log2(q))): 1}
        return Size(0, math.log2(max(abs(value.numerator), 1)), factors)

    def symbol(self, symbol: sp.Symbol) -> Size:
        return Size(1, 0.0, {})

    def exp(self, form: Linear) -> Size:
        if form not in self._exponentials:
            weight, unit = self._weights([form, Linear()])
            self._exponentials[form] = Size(weight.degree, 0.0, {Factor(unit.degree, 0.0): 1} if unit.degree else {})
        return self._exponentials[form]

    def softmax(self, forms: Sequence[Linear]) -> list[Size]:
        weights = self._weights(forms)
        total = Factor(max(w.degree for w in weights), math.log2(len(weights)))
        return [Size(w.degree, 0.0, {total: 1}) for w in weights]

    def convert(self, expr: sp.Expr) -> Size:
        if expr not in self._cache:
            self._cache[expr] = evaluate(expr, self)
        return self._cache[expr]

    def is_zero(self, element: Size) -> bool:
        return False

    def gradient(self, element: Size) -> dict[sp.Symbol, Size]:
        return {DIRECTION: element.derivative()} if element.degree or element.factors else {}

    def value(self, element: Size) -> Size:
        return element

    def to_sympy(self, element: Size) -> sp.Expr:
        return sp.Integer(element.degree)

    def factor(self, rows: list[dict[int, Size]], last: Sequence[int] = ()) -> CramerBound:
        return CramerBound(rows)

    def _weights(self, forms: Sequence[Linear]) -> list[Size]:
        """exp of each form as a monomial, all multiplied by the least monomial that clears denominators."""
        exponents: list[dict[Any, int]] = []
        for form in forms:
            powers: dict[Any, int] = {t: int(c * self._denominators[t]) for t, c in form.coefficients}
            powers[None] = int(form.constant * self._constant)
            exponents.append(powers)
        generators = {g for powers in exponents for g in powers}
        low = {g: min(powers.get(g, 0) for powers in exponents) for g in generators}
        return [Size(sum(powers.get(g, 0) - low[g] for g in generators), 0.0, {}) for powers in exponents]


class CramerBound:
    """The solution of A x = b by Cramer's rule: minors over one determinant.

    Row i is multiplied by its common denominator L_i; the determinant of the cleared matrix has at most the
    sum of the rows' degrees, and the minor that x = sum_i adj_i L_i b_i / det needs leaves row i out.
    """

    def __init__(self, rows: Sequence[Mapping[int, Size]]) -> None:
        self._clear: list[Mapping[Factor, int]] = []
        self._degrees: list[int] = []
        self._bits: list[float] = []
        for row in rows:
            common: Mapping[Factor, int] = {}
            for element in row.values():
                common = _lcm(common, element.factors)
            cleared = [element.over(common) for element in row.values()]
            self._clear.append(common)
            self._degrees.append(max(c.degree for c in cleared))
            self._bits.append(max(c.bits for c in cleared) + math.log2(len(cleared)))
        self._det = Factor(sum(self._degrees), sum(self._bits))

    def solve(self, b: Sequence[Size]) -> list[Size]:
        """x_j = sum_i adj_ji L_i b_i / det, the same bound for every j."""
        total = Size(0, 0.0, {self._det: 1})
        for i, element in enumerate(b):
            total = total + self._term(i) * element
        return [total] * len(self._degrees)

    def solve_transposed(self, c: Sequence[Size]) -> list[Size]:
        """y_i = sum_j c_j adj_ji L_i / det."""
        source = Size(0, 0.0, {})
        for element in c:
            source = source + element
        return [source * self._term(i) for i in range(len(self._degrees))]

    def _term(self, i: int) -> Size:
        """adj_ji L_i / det, for any j."""
        degree, bits = _total(self._clear[i])
        return Size(self._det.degree - self._degrees[i] + degree, self._det.bits - self._bits[i] + bits, {self._det: 1})


def _lcm(a: Mapping[Factor, int], b: Mapping[Factor, int]) -> Mapping[Factor, int]:
    if all(a.get(f, 0) >= k for f, k in b.items()):
        return a
    return {f: max(a.get(f, 0), b.get(f, 0)) for f in (*a, *b)}


def _total(factors: Mapping[Factor, int]) -> tuple[int, float]:
    return sum(f.degree * k for f, k in factors.items()), sum(f.bits * k for f, k in factors.items())
