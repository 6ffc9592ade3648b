"""What a field is here: exact (or float) numbers, an exact zero test, and a sparse linear solve.

Every quantity of an MDP is computed by one program over this interface, so a closed form, a value modulo
a prime and a float come from the same lines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType
from typing import Any, Protocol

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


class Field(ABC):
    """A number system (`number`, `symbol`, `exp`, `softmax`) in which equality is decided.

    Elements have the Python operators ``+ - * /``, unary ``-`` and integer ``**``; dividing by zero raises
    ZeroDivisionError, and a nonzero element is true.  What is not abstract is for fields without tangents.
    """

    zero: Any
    one: Any
    element = "an element"
    """An element in words."""
    grows = False
    """Elements take longer to combine the more went into them."""
    differential = False
    """Elements know their derivatives (`RationalField`, `DualField`)."""
    parameters: tuple[Any, ...] = ()
    """What `gradient` differentiates by, in order; empty unless `differential`."""
    logarithms: Mapping[sp.Symbol, sp.Expr] = MappingProxyType({})
    """{symbol: f}: `symbol` gives log|f| for it, with the derivative f'/f where the field is differential."""

    @abstractmethod
    def number(self, value: Fraction) -> Any:
        """A rational number as an element."""

    @abstractmethod
    def symbol(self, symbol: sp.Symbol) -> Any:
        """A parameter or a symbol of the dynamics as an element; NotInFieldError if it has no place here."""

    @abstractmethod
    def exp(self, form: Linear) -> Any:
        """exp of a linear form in the parameters; NotInFieldError if it has no place here."""

    def softmax(self, forms: Sequence[Linear]) -> list[Any]:
        """exp(l_a) / sum_b exp(l_b)."""
        return softmax(self, forms)

    def is_zero(self, element: Any) -> bool:
        """Whether the element is zero: a decision (for floats, whether it is exactly 0.0)."""
        return not element

    def convert(self, expr: sp.Expr) -> Any:
        """The element that a SymPy expression denotes; results are kept."""
        found = self._converted.get(expr)  # hashing an expression takes its time
        if found is None:
            found = self._converted[expr] = self._evaluated(expr)
        return found

    @cached_property
    def _converted(self) -> dict[sp.Expr, Any]:
        return {}

    def _evaluated(self, expr: sp.Expr) -> Any:
        return evaluate(expr, self)

    @abstractmethod
    def to_sympy(self, element: Any) -> sp.Expr:
        """The element as an expression, without loss (a Float for floats)."""

    def gradient(self, element: Any) -> dict[Any, Any]:
        """{theta_i: d element / d theta_i}, nonzero entries only; AlgebraError unless `differential`."""
        raise AlgebraError(
            f"{self.element} knows no derivative; tangents are required. Use DualField(field, parameters)",
            where=f"{type(self).__name__}.gradient",
        )

    def value(self, element: Any) -> Any:
        """The element without its tangents: the identity except in `DualField`."""
        return element

    @property
    def ground(self) -> Any:
        """The field of the constants: the field itself, except in `DualField`, where it lies below all tangents."""
        return self

    def lift(self, constant: Any) -> Any:
        """An element of the ground field as an element of this one; its derivatives are zero."""
        return constant

    def dot(self, left: Sequence[Any], right: Sequence[Any]) -> Any:
        """sum_i left_i right_i, zero for empty sequences."""
        total: Any = None
        for x, y in zip(left, right, strict=True):
            total = x * y if total is None else total + x * y
        return self.zero if total is None else total

    def mix(self, weights: Sequence[Any], rows: Sequence[Mapping[Any, Any]]) -> dict[Any, Any]:
        """The sparse row sum_a w_a row_a; weights are elements, the rows' entries are *ground* elements."""
        total: dict[Any, Any] = {}
        for weight, row in zip(weights, rows, strict=True):
            for key, element in row.items():
                total[key] = total[key] + weight * element if key in total else weight * element
        return total

    @abstractmethod
    def factor(
        self, rows: Sequence[Row], last: Sequence[int] = (), *, ordering: Ordering | None = None
    ) -> Factorization:
        """Factor the square matrix with these rows; SingularMatrixError, which names a row, if it has no inverse.

        Unknowns in `last` are eliminated last, so that their values are cheap; `ordering` holds pivots that were
        found earlier for this pattern.
        """


class LazyVector(Sequence[Any]):
    """A vector of known length whose entry i is ``entry(i)``.

    >>> v = LazyVector(3, lambda i: i * i)
    >>> v[2], v[-1], list(v)
    (4, 4, [0, 1, 4])
    """

    def __init__(self, length: int, entry: Callable[[int], Any]) -> None:
        self._places, self._entry = range(length), entry
        self._known: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Any:  # type: ignore[override]
        place = self._places[index]
        if place not in self._known:
            self._known[place] = self._entry(place)
        return self._known[place]


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
        for i in demanded(index, lambda i: [j for j, _ in terms(i)], known):
            total = start[i]
            for j, coefficient in terms(i):
                total = total - coefficient * known[j]
            known[i] = total if pivots is None else total / pivots[i]
        return known[index]

    return LazyVector(len(start), entry)


def demanded(first: Any, needs: Callable[[Any], Sequence[Any]], known: Mapping[Any, Any]) -> Iterator[Any]:
    """What `first` needs and is not known, and itself at last: each once what it needs is known.

    >>> known = {}
    >>> for k in demanded(5, lambda k: [k // 2] if k else [], known):
    ...     known[k] = k
    >>> list(known)
    [0, 1, 2, 5]
    """
    waiting, opened = [first], set()
    while waiting:
        top = waiting[-1]
        if top in known:
            waiting.pop()
        elif top in opened:
            waiting.pop()
            yield top
        else:
            opened.add(top)
            waiting += [key for key in needs(top) if key not in known]
