r"""The relations of the language, one entry each: how it is written, and what must be zero, or not negative, for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

EQUAL, UNEQUAL, PROPORTIONAL = "==", "!=", "propto"
AT_MOST, AT_LEAST, BELOW, ABOVE = "<=", ">=", "<", ">"

Entries = Mapping[Any, Any]
"""A side of a claim by coordinate; what is missing is zero."""


@dataclass(frozen=True)
class Relation:
    """One relation.

    >>> RELATIONS["=="].must_vanish({"t": 3}, {"t": 1}, 0, (0).__eq__)
    {'t': 2}
    >>> RELATIONS["propto"].must_vanish({"t": 1, "u": 2}, {"t": 3, "u": 6}, 0, (0).__eq__)
    {'t': 0, 'u': 0}
    """

    name: str
    """In trees and their text."""
    spellings: tuple[str, ...]
    """In claims, the one for prose first."""
    latex: str
    must_vanish: Callable[[Entries, Entries, Any, Callable[[Any], bool]], dict[Any, Any]]
    """(left, right, zero, is_zero) to what must be zero by coordinate."""
    whole: bool = False
    """What must be zero in one coordinate depends on the others, by products of a left with a right entry."""
    denies: str | None = None
    """The relation that does not hold where this one does; that one is decided."""
    larger: str | None = None
    """Of an order, the side that is the larger one, ``left`` or ``right``: larger - smaller must not be negative."""
    strict: bool = False
    """Nor may it be zero."""


def _difference(left: Entries, right: Entries, zero: Any, is_zero: Callable[[Any], bool]) -> dict[Any, Any]:
    return {k: left.get(k, zero) - right.get(k, zero) for k in {**left, **right}}


def _minors(left: Entries, right: Entries, zero: Any, is_zero: Callable[[Any], bool]) -> dict[Any, Any]:
    """left_k right_p - left_p right_k with a pivot p where right is not zero; left itself if right vanishes."""
    pivot = next((k for k, e in right.items() if not is_zero(e)), None)
    if pivot is None:
        return dict(left)
    at, by = left.get(pivot, zero), right[pivot]
    return {k: by - by if k == pivot else left.get(k, zero) * by - at * right.get(k, zero) for k in {**left, **right}}


RELATIONS: dict[str, Relation] = {
    relation.name: relation
    for relation in (
        Relation(EQUAL, ("=", "=="), "=", _difference),
        Relation(UNEQUAL, ("!=",), r"\neq", _difference, denies=EQUAL),
        Relation(PROPORTIONAL, ("propto",), r"\propto", _minors, whole=True),
        Relation(AT_MOST, ("<=",), r"\le", _difference, larger="right"),
        Relation(AT_LEAST, (">=",), r"\ge", _difference, larger="left"),
        Relation(BELOW, ("<",), "<", _difference, larger="right", strict=True),
        Relation(ABOVE, (">",), ">", _difference, larger="left", strict=True),
    )
}
"""Every relation by its name in trees."""

SPELLINGS: dict[str, Relation] = {text: relation for relation in RELATIONS.values() for text in relation.spellings}
"""Every relation by each way of writing it."""

PATTERN = "|".join(
    re.escape(text) + (r"(?![\w'])" if text.isalpha() else "") for text in sorted(SPELLINGS, key=len, reverse=True)
)
"""A regular expression for any of them."""

*_first, _last = [relation.spellings[0] for relation in RELATIONS.values()]
LISTED = f"{', '.join(_first)} or {_last}"
"""All of them, for messages."""
