r"""How large a rational function can be: degrees and coefficient bits, without computing it.

`SizeField` is a field like the others, whose elements are upper bounds.  Run the same algorithm over it and
the result bounds the degree of the exact answer, which is what identity testing needs (Schwartz 1980,
Zippel 1979).  Denominators are kept as products of named factors, so that a sum over a common denominator
costs nothing; a linear solve is bounded by Cramer's rule, not by the steps of an elimination.

A logarithm L = log f is a generator whose derivative Df/f has a denominator.  It is bounded as (L f)/f, and f is never
cancelled from a denominator.  So wherever L occurs, in a numerator N or in a factor g, the product of all factors
contains f, and N' prod f and g' prod_{h != g} h are polynomials: dN/dL (Df/f) prod f has at most the degree of
N prod f, plus one for the direction, like every other term of N' prod f.  Hence the bound of a derivative is the same
with logarithms as without; in the bits, dN/dL Df brings the degree of f as a further factor.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from pgsym.algebra.field import Field, Row
from pgsym.algebra.generators import Generators, shifted_exponents
from pgsym.algebra.ordering import Ordering
from pgsym.expression.linear import Linear

DIRECTION = sp.Symbol("direction")
"""The one parameter of a size field: all derivatives are bounded by that in a random direction."""


@dataclass(frozen=True, eq=False)
class Factor:
    """A polynomial that stands in denominators: its total degree and the bits of its coefficients' sum."""

    degree: int
    bits: float
    logarithmic: bool = False
    """Its logarithm may stand beside it: it is never cancelled."""
    integer: int = 1
    """The number itself, where the factor is an integer of which least common multiples are taken; else 1."""
    local: bool = False
    """A polynomial that differs from entry to entry of the table that is bounded, as division makes them."""


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
        return self.divided(other, local=True)

    def divided(self, other: Size, *, local: bool = False) -> Size:
        """self / other, where `other` is one and the same for all entries that this bound stands for, or `local`."""
        kept, upper = {}, {}
        for f in {**self.factors, **other.factors}:
            below = self.factors.get(f, 0) - other.factors.get(f, 0)
            kept[f] = max(below, int(f.logarithmic))
            upper[f] = kept[f] - below
        degree, bits = _total(upper)
        divisor = Factor(other.degree, other.bits, local=local)
        return Size(self.degree + degree, self.bits + bits, {f: k for f, k in kept.items() if k} | {divisor: 1})

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
        inner = max([f.degree for f in self.factors if f.logarithmic], default=1)
        growth = math.log2(terms * max(largest, 1) * max(inner, 1))
        return Size(self.degree + degree + 1, self.bits + bits + growth, {f: k + 1 for f, k in self.factors.items()})


class SizeField(Field):
    """Bounds instead of numbers; satisfies the field interface, with one parameter, a random direction.

    Given are q_i of each exponential generator exp(theta_i / q_i), c of exp(c), and logarithms as for `RationalField`.

    >>> x = sp.Symbol("x")
    >>> SizeField({}).convert((1 + x) ** 3 / (2 - x)).degree
    3
    """

    differential = True
    parameters = (DIRECTION,)

    def __init__(
        self,
        denominators: Mapping[sp.Symbol, int],
        constant: Fraction | int = 1,
        logarithms: Mapping[sp.Symbol, sp.Expr] | None = None,
    ) -> None:
        self.logarithms = dict(logarithms or {})
        self._logarithms: dict[sp.Symbol, Size] = {}
        self._generators = Generators(dict(denominators), Fraction(constant), ())
        self._exponentials: dict[Linear, Size] = {}
        self._rows: dict[tuple[Linear, ...], list[Size]] = {}
        self._integers: dict[int, Factor] = {}
        self.zero = Size(0, 0.0, {})
        self.one = Size(0, 0.0, {})

    def number(self, value: Fraction) -> Size:
        factors = {}
        if value.denominator != 1:
            q = value.denominator
            if q not in self._integers:
                self._integers[q] = Factor(0, math.log2(q), integer=q)
            factors = {self._integers[q]: 1}
        return Size(0, math.log2(max(abs(value.numerator), 1)), factors)

    def symbol(self, symbol: sp.Symbol) -> Size:
        if symbol in self.logarithms:
            if symbol not in self._logarithms:
                argument = self.convert(self.logarithms[symbol])
                below = {Factor(argument.degree, argument.bits, logarithmic=True): 1} if argument.degree else {}
                self._logarithms[symbol] = Size(1 + argument.degree, argument.bits if below else 0.0, below)
            return self._logarithms[symbol]
        # theta_i = q_i (theta_i / q_i): in a random direction theta_i / q_i grows at the rate of log x_i
        return Size(1, math.log2(self._generators.exponentials.get(symbol, 1)), {})

    def exp(self, form: Linear) -> Size:
        if form not in self._exponentials:
            weight, unit = self._weights([form, Linear()])
            self._exponentials[form] = Size(weight.degree, 0.0, {Factor(unit.degree, 0.0): 1} if unit.degree else {})
        return self._exponentials[form]

    def softmax(self, forms: Sequence[Linear]) -> list[Size]:
        key = tuple(forms)
        if key not in self._rows:
            weights = self._weights(forms)
            below = {Factor(max(w.degree for w in weights), math.log2(len(weights))): 1}
            self._rows[key] = [Size(w.degree, 0.0, below) for w in weights]
        return self._rows[key]

    def gradient(self, element: Size) -> dict[sp.Symbol, Size]:
        return {DIRECTION: element.derivative()} if element.degree or element.factors else {}

    def to_sympy(self, element: Size) -> sp.Expr:
        return sp.Integer(element.degree)

    def common(self, elements: Iterable[Size]) -> Factor:
        """One factor that all denominators of these elements divide."""
        distinct = {id(e.factors): e.factors for e in elements}
        powers: dict[Factor, int] = {}
        integer = 1
        for factors in distinct.values():
            own = 1
            for f, k in factors.items():
                if f.integer != 1:
                    own *= f.integer**k
                elif powers.get(f, 0) < k:
                    powers[f] = k
            integer = math.lcm(integer, own)
        degree, bits = _total(powers)
        logarithmic = any(f.logarithmic for f in powers)
        return Factor(degree, bits + math.log2(integer), logarithmic, integer if not powers else 1)

    def total(self, entry: Size, count: int) -> Size:
        """The sum of `count` entries of a table that this one bound stands for; local factors may all differ.

        >>> x = SizeField({}).symbol(sp.Symbol("x"))
        >>> found = SizeField({}).total(x / x, 3)  # a/b + c/d + e/f = (a d f + c b f + e b d) / (b d f)
        >>> found.degree, [f.degree for f in found.factors]
        (3, [3])
        """
        found = self._spread(entry, count, local=True)
        return Size(found.degree, found.bits + math.log2(max(count, 1)), found.factors)

    def spread(self, entry: Size, count: int) -> Size:
        """Each of `count` entries that this one bound stands for, over one denominator, the same for all."""
        return self._spread(entry, max(count, 1), local=False)

    def _spread(self, entry: Size, count: int, *, local: bool) -> Size:
        own = {f: k for f, k in entry.factors.items() if f.local}
        if not own or (local and count <= 1):
            return entry
        degree, bits = _total(own)
        below = {f: k for f, k in entry.factors.items() if not f.local}
        below[Factor(count * degree, count * bits, any(f.logarithmic for f in own), local=local)] = 1
        return Size(entry.degree + (count - 1) * degree, entry.bits + (count - 1) * bits, below)

    def factor(self, rows: Sequence[Row], last: Sequence[int] = (), *, ordering: Ordering | None = None) -> CramerBound:
        return CramerBound(rows)

    def _weights(self, forms: Sequence[Linear]) -> list[Size]:
        """exp of each form as a monomial, all multiplied by the least monomial that clears denominators."""
        return [Size(sum(row.values()), 0.0, {}) for row in shifted_exponents(self._generators, forms)]


class CramerBound:
    """The solution of A x = b by Cramer's rule: minors over one determinant.

    Every row is multiplied by the common denominator L of all; the determinant of the cleared matrix has at most n
    times the largest degree, and the minor that x_j = sum_i adj_ji L b_i / det needs leaves one row out.
    """

    def __init__(self, rows: Sequence[Mapping[int, Size]]) -> None:
        self._n = n = len(rows)
        entries = [element for row in {id(row): row for row in rows}.values() for element in row.values()]
        common: Mapping[Factor, int] = {}
        for element in entries:
            common = _lcm(common, element.factors)
        degree = max((e.over(common).degree for e in entries), default=0)
        bits = max((e.over(common).bits for e in entries), default=0.0) + math.log2(max(map(len, rows), default=1))
        self._det = Factor(n * degree, n * bits)
        logarithmic = {f: 1 for f in common if f.logarithmic}
        clear, spare = _total(common), _total(logarithmic)
        self._term = Size(
            clear[0] + spare[0] + (n - 1) * degree, clear[1] + spare[1] + (n - 1) * bits, {self._det: 1} | logarithmic
        )
        """adj_ji L / det, for any i and j."""

    def solve(self, b: Sequence[Size]) -> list[Size]:
        """x_j = sum_i adj_ji L b_i / det, the same bound for every j."""
        return [sum((self._term * element for element in b), Size(0, 0.0, {self._det: 1}))] * self._n

    def solve_transposed(self, c: Sequence[Size]) -> list[Size]:
        """y_i = sum_j c_j adj_ji L / det."""
        return [self._term * sum(c, Size(0, 0.0, {}))] * self._n


def _lcm(a: Mapping[Factor, int], b: Mapping[Factor, int]) -> Mapping[Factor, int]:
    if all(a.get(f, 0) >= k for f, k in b.items()):
        return a
    return {f: max(a.get(f, 0), b.get(f, 0)) for f in (*a, *b)}


def _total(factors: Mapping[Factor, int]) -> tuple[int, float]:
    return sum(f.degree * k for f, k in factors.items()), sum(f.bits * k for f, k in factors.items())
