"""How many formulas a file may hold: what reading them costs is counted before it is done."""

from __future__ import annotations

import re
from typing import Any

from pgsym.expression.grammar import is_plain
from pgsym.limits import FORMULA_CHARACTERS

MAX_WORK = 30_000
"""Characters of all different formulas of a file, read and checked in a second."""
SHORT = 40
"""What a shorter formula counts as."""
_COSTLY = ((re.compile(r"exp|log|sqrt"), 100), (re.compile(r"\^|\*\*"), 80), (re.compile(r"/\s*\("), 200))
"""What a function, a power and a division by more than a name or a number add."""


class Work:
    """The formulas of one file so far.  Numbers and names cost next to nothing, and a repeated formula nothing.

    Examples
    --------
    >>> work = Work()
    >>> any(work.is_too_much(text) for text in ["1/2", "p", "1 - p"] * 10**5), work.done
    (False, 40)
    >>> any(work.is_too_much(f"1/(p + {i})") for i in range(300))
    True
    """

    def __init__(self) -> None:
        self.done = 0
        self.formulas = 0
        self._seen: set[str] = set()

    def is_too_much(self, value: Any) -> bool:
        """Whether the file exceeds `MAX_WORK` with this number or formula."""
        if not isinstance(value, str) or value in self._seen:
            return False
        self._seen.add(value)
        if is_plain(value) or len(value) > FORMULA_CHARACTERS:
            return False  # the latter is refused on its own
        self.formulas += 1
        self.done += max(len(value), SHORT) + sum(cost * len(part.findall(value)) for part, cost in _COSTLY)
        return self.done > MAX_WORK

    @property
    def message(self) -> str:
        return (
            f"found {self.formulas} different formulas before the end, too many to read; together they have at most "
            f"{MAX_WORK} characters, short ones counted as {SHORT}, functions, powers and divisors as more. "
            "Build the model in Python with MDP.from_transitions"
        )
