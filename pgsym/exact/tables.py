"""Tables of a quantity: by state or by state-action pair, with values that are found when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any


class LazyMap(Mapping[Any, Any]):
    """A mapping whose values are computed once, when they are asked for.

    >>> squares = LazyMap([1, 2], lambda k: k * k)
    >>> squares[2], len(squares), 3 in squares
    (4, 2, False)
    """

    def __init__(self, keys: Iterable[Any], compute: Callable[[Any], Any]) -> None:
        self._keys = dict.fromkeys(keys)
        self._compute = compute
        self._cache: dict[Any, Any] = {}

    def __getitem__(self, key: Any) -> Any:
        if key not in self._cache:
            self._cache[key] = self._compute(key)
        return self._cache[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys


class Constant(Mapping[Any, Any]):
    """The same value for every key.

    >>> Constant(["s", "t"], 2)["t"]
    2
    """

    def __init__(self, keys: Iterable[Any], value: Any) -> None:
        self._keys = keys
        self.value = value

    def __getitem__(self, key: Any) -> Any:
        return self.value

    def __iter__(self) -> Iterator[Any]:
        return iter(self._keys)

    def __len__(self) -> int:
        return sum(1 for _ in self._keys)

    def __contains__(self, key: object) -> bool:
        return True
