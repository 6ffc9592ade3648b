"""Scalars, vectors {theta: element} and matrices {(theta, theta): element} over a field; missing entries are zero."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pgsym.algebra.field import Factorization

Value = Any
"""An element, or a dict of elements by parameter or by pair of parameters."""


def plus(x: Value, y: Value) -> Value:
    """x + y, entry by entry.

    >>> plus({"t": 1}, {"t": 2, "u": 3})
    {'t': 3, 'u': 3}
    """
    if not isinstance(x, dict):
        return x + y
    total = dict(x)
    for p, e in y.items():
        total[p] = total[p] + e if p in total else e
    return total


def minus(x: Value, y: Value) -> Value:
    """x - y, entry by entry."""
    return plus(x, negative(y)) if isinstance(x, dict) else x - y


def entrywise(function: Callable[[Any], Any], x: Value) -> Value:
    """A function of every entry.

    >>> entrywise(abs, {"t": -1}), entrywise(abs, -2)
    ({'t': 1}, 2)
    """
    return {p: function(e) for p, e in x.items()} if isinstance(x, dict) else function(x)


def negative(x: Value) -> Value:
    """-x, entry by entry."""
    return {p: -e for p, e in x.items()} if isinstance(x, dict) else -x


def scaled(x: Value, by: Value) -> Value:
    """The scalar `by` times x."""
    return {p: by * e for p, e in x.items()} if isinstance(x, dict) else by * x


def outer(x: Value, y: Value) -> Value:
    """The matrix x y^T."""
    return {(p, q): e * f for p, e in x.items() for q, f in y.items()}


def transpose(x: Value) -> Value:
    """The matrix with rows and columns exchanged."""
    return {(q, p): e for (p, q), e in x.items()}


def product(ranks: tuple[int, int], zero: Any) -> Callable[[Value, Value], Value]:
    """The product over the parameters of vectors or matrices of these ranks.

    >>> product((2, 1), 0)({("t", "u"): 2, ("u", "u"): 1}, {"u": 5})
    {'t': 10, 'u': 5}
    """

    def dot(x: Value, y: Value) -> Value:
        total: dict[tuple[Any, ...], Any] = {}
        for p, e in x.items():
            *rows, inner = p if ranks[0] == 2 else (p,)
            for q, f in y.items():
                outer_index, *columns = q if ranks[1] == 2 else (q,)
                if inner == outer_index:
                    place = (*rows, *columns)
                    total[place] = total[place] + e * f if place in total else e * f
        if ranks == (1, 1):
            return total.get((), zero)
        return {place if len(place) == 2 else place[0]: e for place, e in total.items()}

    return dot


def rows_of(matrix: Value, parameters: Sequence[Any]) -> list[dict[int, Any]]:
    """A matrix as sparse rows, in the order of the parameters."""
    index = {p: i for i, p in enumerate(parameters)}
    rows: list[dict[int, Any]] = [{} for _ in parameters]
    for (p, q), e in matrix.items():
        rows[index[p]][index[q]] = e
    return rows


def solution(factors: Factorization, parameters: Sequence[Any], right: Value, zero: Any) -> Value:
    """x with M x = right."""
    return dict(zip(parameters, factors.solve([right.get(p, zero) for p in parameters]), strict=True))


def inverse(factors: Factorization, parameters: Sequence[Any], one: Any, zero: Any) -> Value:
    """The inverse, column by column."""
    found: dict[Any, Any] = {}
    for q in parameters:
        found |= {(p, q): e for p, e in solution(factors, parameters, {q: one}, zero).items()}
    return found
