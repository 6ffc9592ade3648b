"""Forward-mode derivatives over any field: an element carries its tangents through every operation.

A linear solve is differentiated implicitly, ``A x' = b' - A' x``, with the factorization of A itself, so a
derivative never rests on the policy gradient theorem.  Dual numbers over dual numbers give Hessians.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.algebra.field import Factorization, Field, LazyVector
from pgsym.algebra.ordering import Ordering
from pgsym.errors import AlgebraError
from pgsym.expression.linear import Linear

DIRECTION = "direction"
"""Tangents along directions are keyed ``("direction", 0)``, ``("direction", 1)``, ... in ``field.parameters``."""

Tangents = dict[int, Any]
"""Base elements by the position of the parameter in ``field.parameters``; missing ones are zero."""

Slopes = dict[int, list[tuple[int, int, Any]]]
"""A' by the position of the parameter: [(i, j, A'_ij)]."""


class Dual:
    """value + sum_k tangents[k] d theta_k, with tangents {k: d value / d theta_k}."""

    __slots__ = ("tangents", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, tangents: Tangents) -> None:
        self.value = value
        self.tangents = tangents

    def __bool__(self) -> bool:
        return bool(self.value) or any(self.tangents.values())

    def __add__(self, other: Dual) -> Dual:
        return Dual(self.value + other.value, _sum(self.tangents, other.tangents))

    def __neg__(self) -> Dual:
        return Dual(-self.value, {k: -slope for k, slope in self.tangents.items()})

    def __sub__(self, other: Dual) -> Dual:
        return Dual(self.value - other.value, _difference(self.tangents, other.tangents))

    def __mul__(self, other: Dual) -> Dual:
        x, y = self.value, other.value
        left, right = self.tangents, other.tangents
        if not right:
            return Dual(x * y, {k: slope * y for k, slope in left.items()})
        if not left:
            return Dual(x * y, {k: x * slope for k, slope in right.items()})
        return Dual(x * y, _sum({k: slope * y for k, slope in left.items()}, {k: x * s for k, s in right.items()}))

    def __truediv__(self, other: Dual) -> Dual:
        y = other.value
        quotient = self.value / y
        left, right = self.tangents, other.tangents
        if right:
            left = _difference(left, {k: quotient * slope for k, slope in right.items()})
        return Dual(quotient, {k: slope / y for k, slope in left.items()})

    def __pow__(self, power: int) -> Dual:
        result = Dual(self.value**0, {})
        for _ in range(abs(power)):
            result = result * self
        return result if power >= 0 else Dual(self.value**0, {}) / result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dual):
            return NotImplemented
        return not (self - other)

    def __repr__(self) -> str:
        return f"Dual({self.value!r}, {self.tangents!r})"


class LateDual(Dual):
    """A dual number whose tangents are computed on demand: of many entries of a solution few are differentiated."""

    __slots__ = ("_compute", "_known")

    def __init__(self, value: Any, compute: Callable[[], Tangents]) -> None:
        self.value = value
        self._compute = compute
        self._known: Tangents | None = None

    @property
    def tangents(self) -> Tangents:  # type: ignore[override]
        if self._known is None:
            self._known = self._compute()
        return self._known


def _sum(a: Tangents, b: Tangents) -> Tangents:
    if not b:
        return a
    if not a:
        return b
    if len(a) < len(b):
        a, b = b, a
    total = dict(a)
    for k, slope in b.items():
        total[k] = total[k] + slope if k in total else slope
    return total


def _difference(a: Tangents, b: Tangents) -> Tangents:
    if not b:
        return a
    total = dict(a)
    for k, slope in b.items():
        total[k] = total[k] - slope if k in total else -slope
    return total


class DualField(Field):
    """Dual numbers over a base field that gives the parameters a value; satisfies the field interface.

    There is one tangent for each of the `parameters`, or for each of the `directions`, given by their coefficients.

    >>> from pgsym.algebra.floating import FloatField
    >>> t = sp.Symbol("t")
    >>> field = DualField(FloatField({t: 0.0}), [t])
    >>> field.gradient(field.softmax([Linear.from_sympy(t), Linear()])[0])
    {t: 0.25}
    """

    differential = True

    def __init__(
        self,
        base: Field,
        parameters: Iterable[sp.Symbol] | None = None,
        *,
        directions: Sequence[Mapping[sp.Symbol, Fraction | int]] | None = None,
    ) -> None:
        if (parameters is None) == (directions is None):
            raise AlgebraError("found both or neither; give parameters or directions", where="DualField")
        self.base = base
        self.logarithms = base.logarithms
        self._seeds: dict[sp.Symbol, Tangents] = {}
        if directions is not None:
            self.parameters: tuple[Any, ...] = tuple((DIRECTION, k) for k in range(len(directions)))
            for k, coefficients in enumerate(directions):
                for symbol, c in coefficients.items():
                    self._seeds.setdefault(symbol, {})[k] = base.number(Fraction(c))
        else:
            self.parameters = tuple(parameters or ())
            self._seeds = {symbol: {k: base.one} for k, symbol in enumerate(self.parameters)}
        self.zero = Dual(base.zero, {})
        self.one = Dual(base.one, {})

    @property
    def ground(self) -> Any:
        return self.base.ground

    def number(self, value: Fraction) -> Dual:
        return Dual(self.base.number(value), {})

    def lift(self, constant: Any) -> Dual:
        """An element of the ground field with zero tangents at every level."""
        return Dual(self.base.lift(constant), {})

    def symbol(self, symbol: sp.Symbol) -> Dual:
        if symbol in self.logarithms:  # (log f)' = f'/f
            argument = self.convert(self.logarithms[symbol])
            slopes = {k: slope / argument.value for k, slope in argument.tangents.items()}
            return Dual(self.base.symbol(symbol), slopes)
        return Dual(self.base.symbol(symbol), self._slope(((symbol, Fraction(1)),)))

    def exp(self, form: Linear) -> Dual:
        value = self.base.exp(form)
        return Dual(value, {k: value * c for k, c in self._slope(form.coefficients).items()})

    def softmax(self, forms: Sequence[Linear]) -> list[Dual]:
        """pi_a' = pi_a (l_a' - sum_b pi_b l_b'), with the values of the base field's own softmax."""
        values = self.base.softmax(forms)
        slopes = [self._slope(form.coefficients) for form in forms]
        mean: Tangents = {}
        for value, slope in zip(values, slopes, strict=True):
            for k, c in slope.items():
                mean[k] = mean[k] + value * c if k in mean else value * c
        if len(mean) == 1:
            ((only, average),) = mean.items()
            shift = -average
            return [
                Dual(value, {only: value * (slope[only] + shift if slope else shift)})
                for value, slope in zip(values, slopes, strict=True)
            ]
        return [
            Dual(value, {k: value * e for k, e in _difference(slope, mean).items()})
            for value, slope in zip(values, slopes, strict=True)
        ]

    def _slope(self, coefficients: Sequence[tuple[sp.Symbol, Fraction]]) -> Tangents:
        """The tangents of sum_i c_i theta_i."""
        tangents: Tangents = {}
        for symbol, c in coefficients:
            seed = self._seeds.get(symbol)
            if seed is None:
                continue
            if c != 1:
                factor = self.base.number(c)
                seed = {k: e * factor for k, e in seed.items()}
            if len(coefficients) == 1:
                return seed
            tangents = _sum(tangents, seed)
        return tangents

    def substitute(self, element: Dual, symbol: sp.Symbol, value: int) -> Dual:
        """The element, its tangents too, with an integer for one symbol, as far as the base field knows that."""
        base: Any = self.base
        slopes = {k: base.substitute(e, symbol, value) for k, e in element.tangents.items()}
        return Dual(base.substitute(element.value, symbol, value), slopes)

    def is_zero(self, element: Dual) -> bool:
        return self.base.is_zero(element.value) and all(self.base.is_zero(s) for s in element.tangents.values())

    def gradient(self, element: Dual) -> dict[Any, Any]:
        """{theta_i: d element / d theta_i} in the *base* field, nonzero entries only."""
        tangents, is_zero = element.tangents, self.base.is_zero
        return {self.parameters[k]: tangents[k] for k in sorted(tangents) if not is_zero(tangents[k])}

    def value(self, element: Dual) -> Any:
        return element.value

    def to_sympy(self, element: Dual) -> sp.Expr:
        """The value; `gradient` gives the rest."""
        return self.base.to_sympy(element.value)

    def dot(self, left: Sequence[Dual], right: Sequence[Dual]) -> Dual:
        """sum_i left_i right_i, adding up values and tangents without an element for each term."""
        value = self.base.dot([x.value for x in left], [y.value for y in right])
        slopes: Tangents = {}
        for x, y in zip(left, right, strict=True):
            for k, slope in x.tangents.items():
                slopes[k] = slopes[k] + slope * y.value if k in slopes else slope * y.value
            for k, slope in y.tangents.items():
                slopes[k] = slopes[k] + x.value * slope if k in slopes else x.value * slope
        return Dual(value, slopes)

    def mix(self, weights: Sequence[Dual], rows: Sequence[Mapping[Any, Any]]) -> dict[Any, Dual]:
        """sum_a w_a row_a for rows of ground elements: one pass for the values and one for each tangent."""
        found = {key: Dual(value, {}) for key, value in self.base.mix([w.value for w in weights], rows).items()}
        for k, row in self.mix_slopes(weights, rows):
            for key, slope in row.items():
                found[key].tangents[k] = slope
        return found

    def mix_slopes(
        self, weights: Sequence[Dual], rows: Sequence[Mapping[Any, Any]]
    ) -> Iterator[tuple[int, dict[Any, Any]]]:
        """The tangents of `mix`: (k, sum_a w_a' row_a)."""
        for k in sorted({k for w in weights for k in w.tangents}):
            chosen = [(w.tangents[k], row) for w, row in zip(weights, rows, strict=True) if k in w.tangents]
            yield k, self.base.mix([slope for slope, _ in chosen], [row for _, row in chosen])

    def factor(
        self,
        rows: Sequence[Mapping[int, Dual]],
        last: Sequence[int] = (),
        *,
        ordering: Ordering | None = None,
        lower: Factorization | None = None,
    ) -> DualLU:
        """Factor the rows' values in the base field, or take `lower`, which has factored them already."""
        if lower is None:
            lower = self.base.factor([{j: e.value for j, e in row.items()} for row in rows], last, ordering=ordering)
        slopes: Slopes = {}
        for i, row in enumerate(rows):
            for j, element in row.items():
                for k, slope in element.tangents.items():
                    slopes.setdefault(k, []).append((i, j, slope))
        return DualLU(self, lower, slopes)


class DualLU:
    """A x = b with one factorization of A's values, and A x' = b' - A' x for the tangents that are asked for."""

    def __init__(self, field: DualField, values: Factorization, slopes: Slopes) -> None:
        self._base = field.base
        self._values = values
        self._slopes = slopes

    def solve(self, b: Sequence[Dual], values: Sequence[Any] | None = None, *, transposed: bool = False) -> LazyVector:
        """x with A x = b, on demand; `values` are those of x, where the base field has found them already."""
        right, base = list(b), self._base
        both = (self._values.solve, self._values.solve_transposed)
        solve, adjoint = reversed(both) if transposed else both
        found = solve([e.value for e in right]) if values is None else values
        rates: dict[int, dict[int, Any]] = {}
        solutions: dict[int, Sequence[Any]] = {}
        asked: set[int] = set()

        def tangents(index: int) -> Tangents:
            """x'_index by parameter: for few entries y.(b' - A' x) with A^T y = e_index, then x' for each parameter."""
            if not rates:
                rates.update(self._rates(right, found, transposed))
            asked.add(index)
            if not solutions and len(asked) < len(rates):
                unit = [base.zero] * len(right)
                unit[index] = base.one
                y = adjoint(unit)
                return {k: base.dot([y[i] for i in rate], list(rate.values())) for k, rate in rates.items()}
            if not solutions:
                for k, rate in rates.items():
                    solutions[k] = solve([rate.get(i, base.zero) for i in range(len(right))])
            return {k: x[index] for k, x in solutions.items()}

        return LazyVector(len(right), lambda i: LateDual(found[i], lambda: tangents(i)))

    def solve_transposed(self, c: Sequence[Dual], values: Sequence[Any] | None = None) -> LazyVector:
        """y with A^T y = c, likewise."""
        return self.solve(c, values, transposed=True)

    def _rates(self, b: Sequence[Dual], x: Sequence[Any], transposed: bool) -> dict[int, dict[int, Any]]:
        """b' - A' x by parameter, as sparse vectors."""
        rates: dict[int, dict[int, Any]] = {}
        for i, element in enumerate(b):
            for k, slope in element.tangents.items():
                rates.setdefault(k, {})[i] = slope
        for k, entries in self._slopes.items():
            rate = rates.setdefault(k, {})
            for row, column, slope in entries:
                i, j = (column, row) if transposed else (row, column)
                change = slope * x[j]
                rate[i] = rate[i] - change if i in rate else -change
        return rates
