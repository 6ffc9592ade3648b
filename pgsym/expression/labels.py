"""States and actions as text that stands for one of them only."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable


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
