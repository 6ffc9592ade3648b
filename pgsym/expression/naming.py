"""Names: of states and actions, as text that stands for one only; of symbols, and which a reader would confuse."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable

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


def unused(text: str, used: set[str]) -> str:
    """The text, or the first of its numbered copies that is not in `used`, where it is put."""
    found, copy = text, 1
    while found in used:
        copy += 1
        found = f"{text} ({copy})"
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
