"""Names: of states and actions, as text that stands for one only; of symbols, those that pgsym makes among them.

Each of these is known by what it stands for, and its name is for printing alone.  A free function b has one for every
state: named by text, those of the states 1 and "1" would be one symbol, and b(1) = b("1") a theorem.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any
from weakref import WeakValueDictionary

import sympy as sp

from pgsym.errors import FormulaError


def call(name: str, *place: Hashable) -> str:
    """A function at states and actions, as text that no other place has.

    >>> call("b", "x,y", "z"), call("b", "x", "y,z"), call("b")
    ('b("x,y",z)', 'b(x,"y,z")', 'b')
    """
    return f"{name}({','.join(map(spelt, place))})" if place else name


def conditional(name: str, action: Hashable, state: Hashable) -> str:
    """A probability of an action in a state.

    >>> conditional("pi", "a|b", "c"), conditional("pi", "a", "b|c")
    ('pi("a|b"|c)', 'pi(a|"b|c")')
    """
    return f"{name}({spelt(action)}|{spelt(state)})"


def spelt(name: Hashable) -> str:
    r"""A state or an action as a part of a name: quoted, as in claims, where the bare text could be more than it.

    >>> print(*map(spelt, ["x", "up 2", 1, "1", "x,y", 'a|"b"', (0, 1), ""]))
    x up 2 1 "1" "x,y" "a|\"b\"" (0, 1) ""
    """
    text = str(name)
    if not isinstance(name, str) or _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_PLAIN = re.compile(r"(?!\s|[+-]?\.?\d|(True|False|None)\Z)[^,|()\[\]{}=\"\\]+(?<!\s)")
"""Text that is neither a number nor a list of several things."""


def labels(names: Iterable[Hashable]) -> dict[Hashable, str]:
    """Text by name, all distinct: text as it is, and quoted where it reads like another name.

    >>> labels(["s", (0, 1), ""])
    {'s': 's', (0, 1): '(0, 1)', '': "''"}
    >>> labels([1, "1", "'1'"]) == {1: "1", "1": "'1'", "'1'": "'1' (2)"}
    True
    """
    names = list(dict.fromkeys(names))
    others = {str(name) for name in names if not isinstance(name, str)}
    found: dict[Hashable, str] = {}
    used: set[str] = set()
    for name in names:
        quoted = isinstance(name, str) and (name in others or not name)
        found[name] = unused(repr(str(name)) if quoted else str(name), used)
    return found


def unused(text: str, used: set[str], pattern: str = "{} ({})") -> str:
    """The text, or the first of its numbered copies that is not in `used`, where it is put."""
    found, copy = text, 1
    while found in used:
        copy += 1
        found = pattern.format(text, copy)
    used.add(found)
    return found


NOT_FINITE = {"nan", "inf", "infinity", "oo", "zoo"}
# What to write in place of a character that is no part of a formula.
INSTEAD = {
    "−": "-", "–": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "∕": "/", "⁄": "/", "%": "/100", "√": "sqrt()",
    "∞": "a finite number", "[": "(", "{": "(", "]": ")", "}": ")", ",": ". in decimals", "²": "^2", "³": "^3",
}  # fmt: skip


def check_name(name: str) -> str:
    """The name of a symbol in normal form C, if it is one that cannot be mistaken.

    Composed and decomposed accents are one name.  Characters that Unicode calls variants of others (``ϑ`` of ``θ``,
    the micro sign of ``μ``, ``₁`` of ``1``) are refused: merging them would surprise, telling them apart too.

    >>> check_name("e\u0301tat") == check_name("\u00e9tat")
    True
    """
    composed = unicodedata.normalize("NFC", name)
    if composed.lower() in NOT_FINITE:
        raise FormulaError(f"found {composed}; a number must be finite. Give a number, or rename the symbol")
    compatible = unicodedata.normalize("NFKC", composed)
    if compatible != composed:
        odd = next(c for c in composed if unicodedata.normalize("NFKC", c) != c)
        raise FormulaError(
            f"the name {composed!r} has the character {odd!r} ({describe(odd)}), easily taken for that of "
            f"{compatible!r}; a name must be unmistakable. Write {INSTEAD.get(odd, compatible)}"
        )
    return composed


_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһӏԛԝАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
    "aeopcyxijsdhlqwABEKMHOPCTYXIJSABEZHIKMNOPTYXo",
)


def skeleton(name: str) -> str:
    """What a reader sees: Cyrillic and Greek letters with the very shape of Latin ones, as Latin ones.

    >>> skeleton("\u0440") == skeleton("p"), skeleton("ρ") == skeleton("p")
    (True, False)
    """
    return name if name.isascii() else unicodedata.normalize("NFKC", name).translate(_LOOKALIKES)


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]")
"""Characters that command a terminal, or turn the text around them to the left."""


def unprintable(text: str) -> str | None:
    r"""The first character of a text that is no part of it, but a command to what shows it.

    >>> unprintable("two\nlines, λ"), unprintable("s\u202e1") == "\u202e"
    (None, True)
    """
    found = None if text.isascii() and text.isprintable() else _UNPRINTABLE.search(text)
    return found[0] if found else None


def appearance(text: str) -> str:
    r"""What a reader sees of any text: letters that look like Latin ones as these, nothing of what is invisible.

    >>> appearance("\u0430 \u200bx ") == appearance("a x"), appearance("x²") == appearance("x2")
    (True, False)
    """
    if text.isascii():
        return " ".join(text.split())
    visible = (c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) != "Cf")
    return " ".join("".join(visible).translate(_LOOKALIKES).split())


def describe(character: str) -> str:
    """Code point and Unicode name."""
    return f"U+{ord(character):04X} {unicodedata.name(character, 'unnamed')}"


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
            self._made[key] = Generator(key, unused(name, self._taken, "{}__{}"))
        return self._made[key]


def in_order(symbols: Iterable[sp.Symbol]) -> list[sp.Symbol]:
    """Distinct symbols sorted by name; those of one name by their SymPy assumptions, or by when they were made.

    >>> x, y = sp.Symbol("x"), sp.Dummy("x")
    >>> in_order([y, sp.Symbol("a"), x, y]) == [sp.Symbol("a"), x, y]
    True
    """
    distinct = set(symbols)
    if len(distinct) < 2:
        return list(distinct)
    named = Counter(s.name for s in distinct)
    return sorted(distinct, key=lambda s: (s.name, _further(s) if named[s.name] > 1 else ()))


def _further(symbol: sp.Symbol) -> tuple[int, str]:
    return symbol.dummy_index if isinstance(symbol, sp.Dummy) else 0, str(symbol.assumptions0)
