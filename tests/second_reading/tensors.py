"""Jets, lists of jets by parameter, and lists of such lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flint import arb

from second_reading.jets import Jet, total


def entrywise(change: Callable[[Jet], Jet], x: Any) -> Any:
    return [entrywise(change, e) for e in x] if isinstance(x, list) else change(x)


def paired(operation: Callable[[Jet, Jet], Jet], x: Any, y: Any) -> Any:
    if isinstance(x, list):
        return [paired(operation, e, f) for e, f in zip(x, y, strict=True)]
    return operation(x, y)


def alike(x: Any, y: Any) -> tuple[Any, Any]:
    """A zero has every shape."""
    if isinstance(x, Jet) and not isinstance(y, Jet):
        assert all(c == arb(0) for c in x.terms.values()), "shapes that do not fit"
        return entrywise(lambda e: x, y), y
    if isinstance(y, Jet) and not isinstance(x, Jet):
        return alike(y, x)[::-1]
    return x, y


def dot(x: Any, y: Any) -> Any:
    """The product over the parameters of vectors or matrices; a zero has every shape."""
    if isinstance(x, Jet) or isinstance(y, Jet):
        return x if isinstance(x, Jet) else y
    if isinstance(x[0], list):
        return [dot(row, y) for row in x]
    if isinstance(y[0], list):
        return [dot(x, list(column)) for column in zip(*y, strict=True)]
    return total([e * f for e, f in zip(x, y, strict=True)], x[0].order)


def outer(x: Any, y: Any) -> Any:
    """The matrix of all products; a zero has every shape."""
    if isinstance(x, Jet) or isinstance(y, Jet):
        return x if isinstance(x, Jet) else y
    return [[e * f for f in y] for e in x]
