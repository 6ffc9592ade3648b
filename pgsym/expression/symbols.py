"""Symbols that pgsym makes itself: each is known by what it stands for, and its name is for printing alone.

A free function b has one symbol for every state, a second policy one for every pair.  Named by text, those of the
states 1 and "1", or of the pairs ("x,y", "z") and ("x", "y,z"), would be one symbol, and b(1) = b("1") a theorem.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any
from weakref import WeakValueDictionary

import sympy as sp

Key = tuple[Hashable, ...]
"""What kind of thing is meant, and at which states and actions: ("for all", "b", state)."""

_MADE: WeakValueDictionary[tuple[Key, str], Generator] = WeakValueDictionary()


class Generator(sp.Dummy):
    """A symbol that equals another one only if both have one key and one name; it prints as a plain symbol.

    >>> x, y = Generator(("b", 1), "b(1)"), Generator(("b", "1"), "b(1)")
    >>> x == Generator(("b", 1), "b(1)"), x == y, x == sp.Symbol("b(1)"), x + 1
    (True, False, False, b(1) + 1)
    """

    key: Key
    is_Dummy = False  # for SymPy's printers: their order is that of plain symbols

    def __new__(cls, key: Key, name: str) -> Generator:
        """The one of this key and this name."""
        found = _MADE.get((key, name))
        if found is None:
            found = _MADE[key, name] = super().__new__(cls, name)
            found.key = key
        return found

    def __getnewargs_ex__(self) -> Any:
        return (self.key, self.name), {}

    @classmethod
    def class_key(cls) -> Any:
        """The place of symbols among expressions."""
        return sp.Symbol.class_key()

    sort_key = sp.Symbol.sort_key

    def _sympystr(self, printer: Any) -> str:
        return str(self.name)


class Alphabet:
    """Generators by key: one for each, under names that are all distinct, and other than of symbols that are `taken`.

    >>> made = Alphabet([sp.Symbol("b(x)")])
    >>> made.of("for all", "b", "x", name="b(x)"), made.of("for all", "b", "x", name="b(x)")
    (b(x)__2, b(x)__2)
    >>> made.of("for all", "b", 1, name="b(1)") == made.of("for all", "b", "1", name="b(1)")
    False
    """

    def __init__(self, taken: Iterable[sp.Symbol] = ()) -> None:
        self._taken = {symbol.name for symbol in taken}
        self._made: dict[Key, Generator] = {}

    def of(self, *key: Hashable, name: str) -> Generator:
        """The generator of a key; the name, or the first free one like it, is that of a new one."""
        if key not in self._made:
            self._made[key] = Generator(key, self._unused(name))
        return self._made[key]

    def _unused(self, wanted: str) -> str:
        name, copy = wanted, 1
        while name in self._taken:
            copy += 1
            name = f"{wanted}__{copy}"
        self._taken.add(name)
        return name


def in_order(symbols: Iterable[sp.Symbol]) -> list[sp.Symbol]:
    """Distinct symbols sorted by name; those of one name by their SymPy assumptions, or by when they were made.

    >>> x, y = sp.Symbol("x"), sp.Dummy("x")
    >>> in_order([y, sp.Symbol("a"), x, y]) == [sp.Symbol("a"), x, y]
    True
    """
    distinct = set(symbols)
    named = Counter(s.name for s in distinct)
    return sorted(distinct, key=lambda s: (s.name, _further(s) if named[s.name] > 1 else ()))


def _further(symbol: sp.Symbol) -> tuple[int, str]:
    return symbol.dummy_index if isinstance(symbol, sp.Dummy) else 0, str(symbol.assumptions0)
