"""Forward-mode derivatives over any field: an element carries its tangents through every operation.

A linear solve is differentiated implicitly, ``A x' = b' - A' x``, with the factorization of A itself, so a
derivative never rests on the policy gradient theorem.  Dual numbers over dual numbers give Hessians.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.algebra.field import Factorization, Field
from pgsym.algebra.lazy import LazyVector
from pgsym.errors import AlgebraError
from pgsym.expression.evaluate import evaluate
from pgsym.expression.linear import Linear

DIRECTION = "direction"
"""The key of the only tangent of a field with a direction."""

Tangents = dict[int, Any]
"""Base elements by the position of the parameter in ``field.parameters``; missing ones are zero."""


class Dual:
    """value + sum_k tangents[k] d theta_k; tangents may be computed on demand."""

    __slots__ = ("_tangents", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, tangents: Tangents | Callable[[], Tangents]) -> None:
        self.value = value
        self._tangents = tangents

    @property
    def tangents(self) -> Tangents:
        """{k: d value / d theta_k}."""
        if callable(self._tangents):
            self._tangents = self._tangents()
        return self._tangents

    def __bool__(self) -> bool:
        return bool(self.value) or any(self.tangents.values())

    def __add__(self, other: Dual) -> Dual:
        return Dual(self.value + other.value, _sum(self.tangents, other.tangents))

    def __neg__(self) -> Dual:
        return Dual(-self.value, {k: -slope for k, slope in self.tangents.items()})

    def __sub__(self, other: Dual) -> Dual:
        return Dual(self.value - other.value, _sum(self.tangents, {k: -slope for k, slope in other.tangents.items()}))

    def __mul__(self, other: Dual) -> Dual:
        x, y = self.value, other.value
        left = {k: slope * y for k, slope in self.tangents.items()}
        return Dual(x * y, _sum(left, {k: x * slope for k, slope in other.tangents.items()}))

    def __truediv__(self, other: Dual) -> Dual:
        y = other.value
        quotient = self.value / y
        left = {k: slope / y for k, slope in self.tangents.items()}
        return Dual(quotient, _sum(left, {k: -(quotient * slope) / y for k, slope in other.tangents.items()}))

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


class DualField:
    """Dual numbers over a base field; satisfies the field interface.

    Parameters
    ----------
    base
        Any field that gives the parameters a value.
    parameters
        The theta_i to differentiate by: one tangent each.
    direction
        Instead: the coefficients of one direction; the only tangent has the key ``"direction"``.

    Examples
    --------
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
        direction: Mapping[sp.Symbol, Fraction | int] | None = None,
    ) -> None:
        if (parameters is None) == (direction is None):
            raise AlgebraError("found both or neither; give parameters or a direction", where="DualField")
        self.base = base
        self._seeds: dict[sp.Symbol, tuple[int, Any]]
        if direction is not None:
            self.parameters: tuple[Any, ...] = (DIRECTION,)
            self._seeds = {symbol: (0, base.number(Fraction(c))) for symbol, c in direction.items()}
        else:
            self.parameters = tuple(parameters or ())
            self._seeds = {symbol: (k, base.one) for k, symbol in enumerate(self.parameters)}
        self._cache: dict[sp.Expr, Dual] = {}
        self.zero = Dual(base.zero, {})
        self.one = Dual(base.one, {})

    def number(self, value: Fraction) -> Dual:
        return Dual(self.base.number(value), {})

    def constant(self, element: Any) -> Dual:
        """An element of the base field with zero tangents."""
        return Dual(element, {})

    def symbol(self, symbol: sp.Symbol) -> Dual:
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
            mean = _sum(mean, {k: value * c for k, c in slope.items()})
        found = []
        for value, slope in zip(values, slopes, strict=True):
            excess = _sum(slope, {k: -average for k, average in mean.items()})
            found.append(Dual(value, {k: value * e for k, e in excess.items()}))
        return found

    def _slope(self, coefficients: Iterable[tuple[sp.Symbol, Fraction]]) -> Tangents:
        """The tangents of sum_i c_i theta_i."""
        tangents: Tangents = {}
        for symbol, c in coefficients:
            if symbol in self._seeds:
                k, seed = self._seeds[symbol]
                tangents = _sum(tangents, {k: seed if c == 1 else seed * self.base.number(c)})
        return tangents

    def is_zero(self, element: Dual) -> bool:
        return self.base.is_zero(element.value) and all(self.base.is_zero(s) for s in element.tangents.values())

    def convert(self, expr: sp.Expr) -> Dual:
        if expr not in self._cache:
            self._cache[expr] = evaluate(expr, self)
        return self._cache[expr]

    def gradient(self, element: Dual) -> dict[Any, Any]:
        """{theta_i: d element / d theta_i} in the *base* field, nonzero entries only."""
        found = sorted((k, slope) for k, slope in element.tangents.items() if not self.base.is_zero(slope))
        return {self.parameters[k]: slope for k, slope in found}

    def value(self, element: Dual) -> Any:
        return element.value

    def to_sympy(self, element: Dual) -> sp.Expr:
        """The value; `gradient` gives the rest."""
        return self.base.to_sympy(element.value)

    def factor(self, rows: Sequence[Mapping[int, Dual]], last: Sequence[int] = ()) -> DualLU:
        return DualLU(self, rows, last)


class DualLU:
    """A x = b with one factorization of A's values, and A x' = b' - A' x for each tangent that is asked for."""

    def __init__(self, field: DualField, rows: Sequence[Mapping[int, Dual]], last: Sequence[int]) -> None:
        base = field.base
        self._zero = base.zero
        self._values: Factorization = base.factor([{j: e.value for j, e in row.items()} for row in rows], last)
        # A' by parameter: {k: [(i, j, A'_ij)]}
        self._slopes: dict[int, list[tuple[int, int, Any]]] = {}
        for i, row in enumerate(rows):
            for j, element in row.items():
                for k, slope in element.tangents.items():
                    self._slopes.setdefault(k, []).append((i, j, slope))

    def solve(self, b: Sequence[Dual]) -> LazyVector:
        """x with A x = b; entries and tangents are computed on demand."""
        return self._dual(b, self._values.solve, transposed=False)

    def solve_transposed(self, c: Sequence[Dual]) -> LazyVector:
        """y with A^T y = c; entries and tangents are computed on demand."""
        return self._dual(c, self._values.solve_transposed, transposed=True)

    def _dual(
        self, b: Sequence[Dual], solve: Callable[[Sequence[Any]], Sequence[Any]], *, transposed: bool
    ) -> LazyVector:
        right = list(b)
        values = solve([e.value for e in right])
        solutions: dict[int, Sequence[Any]] = {}

        def tangents(index: int) -> Tangents:
            """x'_index by parameter; the first call finds x' for every parameter."""
            if not solutions:
                for k, rate in self._rates(right, values, transposed).items():
                    solutions[k] = solve([rate.get(i, self._zero) for i in range(len(right))])
            return {k: x[index] for k, x in solutions.items()}

        return LazyVector(len(right), lambda i: Dual(values[i], lambda: tangents(i)))

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
