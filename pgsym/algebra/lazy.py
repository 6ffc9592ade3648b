"""Vectors whose entries are computed once, when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload


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
