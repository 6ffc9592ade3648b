"""What a field is here: exact (or float) numbers, an exact zero test, and a sparse linear solve.

Every quantity of an MDP is computed by one program over this interface, so a closed form, a value modulo
a prime and a float come from the same lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, Protocol, Self, overload

import sympy as sp

from pgsym.algebra.ordering import Ordering
from pgsym.errors import AlgebraError
from pgsym.expression.evaluate import evaluate, softmax
from pgsym.expression.linear import Linear

Row = Mapping[int, Any]
"""One sparse matrix row: {column: element}."""


class Factorization(Protocol):
    """An LU factorization of a square sparse matrix A of shape (n, n)."""

    def solve(self, b: Sequence[Any]) -> Sequence[Any]:
        """The x with ``A x = b``; shape (n,).  The result may compute its entries on demand."""

    def solve_transposed(self, c: Sequence[Any]) -> Sequence[Any]:
        """The y with ``A^T y = c``; shape (n,).  The result may compute its entries on demand."""


class Field(Protocol):
    """A number system (`number`, `symbol`, `exp`, `softmax`) in which equality is decided.

    Elements have the Python operators ``+ - * /``, unary ``-`` and integer ``**``; dividing by zero raises
    ZeroDivisionError.

    Attributes
    ----------
    zero, one
        The neutral elements.
    differential
        True where elements know their derivatives (`RationalField`, `DualField`).
    parameters
        What `gradient` differentiates by, in order; empty unless `differential`.
    logarithms
        {symbol: f}: `symbol` gives log|f| for it, with the derivative f'/f where the field is differential.
    """

    differential: bool
    parameters: tuple[Any, ...]

    @property
    def logarithms(self) -> Mapping[sp.Symbol, sp.Expr]: ...

    @property
    def ground(self) -> Any:
        """The field of the constants: the field itself, except in `DualField`, where it lies below all tangents."""

    @property
    def zero(self) -> Any: ...

    @property
    def one(self) -> Any: ...

    def number(self, value: Fraction) -> Any:
        """A rational number as an element."""

    def symbol(self, symbol: sp.Symbol) -> Any:
        """A parameter or a symbol of the dynamics as an element; NotInFieldError if it has no place here."""

    def exp(self, form: Linear) -> Any:
        """exp of a linear form in the parameters; NotInFieldError if it has no place here."""

    def softmax(self, forms: Sequence[Linear]) -> list[Any]:
        """exp(l_a) / sum_b exp(l_b)."""

    def is_zero(self, element: Any) -> bool:
        """Whether the element is zero: a decision (for floats, whether it is exactly 0.0)."""

    def convert(self, expr: sp.Expr) -> Any:
        """The element that a SymPy expression denotes; the last results are kept."""

    def gradient(self, element: Any) -> dict[Any, Any]:
        """{theta_i: d element / d theta_i}, nonzero entries only; AlgebraError unless `differential`."""

    def value(self, element: Any) -> Any:
        """The element without its tangents: the identity except in `DualField`."""

    def to_sympy(self, element: Any) -> sp.Expr:
        """The element as an expression, without loss (a Float for floats)."""

    def lift(self, constant: Any) -> Any:
        """An element of the ground field as an element of this one; its derivatives are zero."""

    def dot(self, left: Sequence[Any], right: Sequence[Any]) -> Any:
        """sum_i left_i right_i, zero for empty sequences."""

    def mix(self, weights: Sequence[Any], rows: Sequence[Mapping[Any, Any]]) -> dict[Any, Any]:
        """The sparse row sum_a w_a row_a; weights are elements, the rows' entries are *ground* elements."""

    def factor(
        self, rows: Sequence[Row], last: Sequence[int] = (), *, ordering: Ordering | None = None
    ) -> Factorization:
        """Factor the square matrix with these rows; SingularMatrixError, which names a row, if it has no inverse.

        Unknowns in `last` are eliminated last, so that their values are cheap; `ordering` holds pivots that were
        found earlier for this pattern.
        """


class Ground:
    """What fields without tangents share: their constants are their own elements, and a nonzero element is true."""

    differential = False
    parameters: tuple[Any, ...] = ()
    zero: Any
    element = "an element"
    """An element in words."""

    @property
    def ground(self) -> Self:
        return self

    def lift(self, constant: Any) -> Any:
        return constant

    def value(self, element: Any) -> Any:
        return element

    def is_zero(self, element: Any) -> bool:
        return not element

    @cached_property
    def _converted(self) -> dict[sp.Expr, Any]:
        return {}

    def convert(self, expr: sp.Expr) -> Any:
        if expr not in self._converted:
            self._converted[expr] = self._evaluated(expr)
        return self._converted[expr]

    def _evaluated(self, expr: sp.Expr) -> Any:
        return evaluate(expr, self)  # type: ignore[arg-type]

    def softmax(self, forms: Sequence[Linear]) -> list[Any]:
        return softmax(self, forms)  # type: ignore[arg-type]

    def gradient(self, element: Any) -> dict[Any, Any]:
        raise AlgebraError(
            f"{self.element} knows no derivative; tangents are required. Use DualField(field, parameters)",
            where=f"{type(self).__name__}.gradient",
        )

    def dot(self, left: Sequence[Any], right: Sequence[Any]) -> Any:
        total: Any = None
        for x, y in zip(left, right, strict=True):
            total = x * y if total is None else total + x * y
        return self.zero if total is None else total

    def mix(self, weights: Sequence[Any], rows: Sequence[Mapping[Any, Any]]) -> dict[Any, Any]:
        total: dict[Any, Any] = {}
        for weight, row in zip(weights, rows, strict=True):
            for key, element in row.items():
                total[key] = total[key] + weight * element if key in total else weight * element
        return total


class LazyVector(Sequence[Any]):
    """A vector of known length whose entry i is ``entry(i)``.

    >>> v = LazyVector(3, lambda i: i * i)
    >>> v[2], v[-1], list(v), v[1:]
    (4, 4, [0, 1, 4], [1, 4])
    """

    def __init__(self, length: int, entry: Callable[[int], Any]) -> None:
        self._length = length
        self._entry = entry
        self._known: dict[int, Any] = {}

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._length))]
        if index < 0:
            index += self._length
        if not 0 <= index < self._length:
            raise IndexError(index)
        if index not in self._known:
            self._known[index] = self._entry(index)
        return self._known[index]


def triangular(
    start: Sequence[Any], terms: Callable[[int], Sequence[tuple[int, Any]]], pivots: Sequence[Any] | None
) -> LazyVector:
    """x with ``x[i] = (start[i] - sum_{(j, c) in terms(i)} c x[j]) / pivots[i]``; no division if there are no pivots.

    The dependencies must be acyclic, which a triangular factor guarantees; they may be deep.

    >>> triangular([1, 1], lambda i: [(1, 3)] if i == 0 else [], None)[0]
    -2
    """
    known: dict[int, Any] = {}

    def entry(index: int) -> Any:
        stack = [index]
        while stack:
            i = stack[-1]
            if i in known:
                stack.pop()
                continue
            needed = terms(i)
            waiting = [j for j, _ in needed if j not in known]
            if waiting:
                stack.extend(waiting)
                continue
            total = start[i]
            for j, coefficient in needed:
                total = total - coefficient * known[j]
            known[i] = total if pivots is None else total / pivots[i]
            stack.pop()
        return known[index]

    return LazyVector(len(start), entry)
