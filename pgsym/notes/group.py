r"""Formulas about one sample i of a group: r_i, the sum of all, the sum of the others, the size of the group.

Whatever numbers the samples are, r_i and the sum of the others can be any two numbers: so a relation between them is
one for all numbers, and for all sizes.

>>> from pgsym.notes.tokens import tokens
>>> found = tokens(r"r_i - \frac{1}{G} \sum_{j=1}^G r_j")
>>> group = SampleGroup.of(found)
>>> group.read(found)[0].text, group.read(found)[4].text
('own', '{}')
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pgsym.errors import NotReadError
from pgsym.notes.names import plain
from pgsym.notes.parts import argument, commas, levels, scripts
from pgsym.notes.tokens import NAME, TEXT, Rewritten, Token, rewritten

OWN, OTHERS, SIZE = "own", "others", "size"
"""The number of the sample, the sum of the others, how many there are: any numbers in the claim language."""


@dataclass(frozen=True)
class SampleGroup:
    """What the samples, one of them, and their number are called: r, i, G."""

    letter: str
    index: str
    size: str

    @classmethod
    def of(cls, found: Sequence[Token]) -> SampleGroup | None:
        """Where a formula has r_i outside of a sum over j of r_j, up to G."""
        sums = [s for level in levels(found) for k in range(len(level)) if (s := _sum(level, k))]
        free = {(a.text, plain(argument(level, k + 2)))
                for level in levels(found) for k, (a, b) in enumerate(pairwise(level))
                if b.text == "_" and a.kind == "symbol" and k + 2 < len(level)}  # fmt: skip
        for letter, index, but, size, _ in sums:
            own = [i for x, i in free if x == letter and i != index and re.fullmatch("[ijkmn]", i)]
            if size and len(set(own)) == 1 and but in ("", own[0]):
                return cls(letter, own[0], size)
        return None

    def about(self, found: Sequence[Token]) -> bool:
        """Whether a formula is about the sample i, and sums over no i."""
        marks = [plain(argument(level, k + 1)) for level in levels(found) for k, t in enumerate(level[:-1])
                 if t.text == "_"]  # fmt: skip
        return self.index in marks and not any(m.startswith(self.index + "=") for m in marks)

    def read(self, found: Sequence[Token]) -> list[Token]:
        """The formula in these numbers; what else has the index i is the group's own name, without it."""

        def rule(found: Sequence[Token], k: int) -> Rewritten | None:
            token, at = found[k], found[k].at
            if (sum_ := _sum(found, k)) and sum_[0] == self.letter and sum_[1] != self.index:
                return [_named(OTHERS, at) if sum_[2] else self.total(at)], sum_[4] - k
            if token.kind == TEXT and "mean" in token.text and k + 1 < len(found) and found[k + 1].kind == "()":
                mean = (self.total(at), Token("operator", "/", at), _named(SIZE, at))
                return [Token("()", "()", at, mean)], 2
            if token.kind == "symbol" and k + 2 < len(found) and plain(found[k + 1 : k + 3]) == f"_{self.index}":
                return [_named(OWN, at) if token.text == self.letter else token], 3
            return ([_named(SIZE, at)], 1) if token.text == self.size else None

        return rewritten(found, rule)

    def total(self, at: int) -> Token:
        """The sum of all."""
        return Token("()", "()", at, (_named(OWN, at), Token("operator", "+", at), _named(OTHERS, at)))


def _named(name: str, at: int) -> Token:
    return Token(NAME, name, at)


def _sum(found: Sequence[Token], k: int) -> tuple[str, str, str, str, int] | None:
    r"""Of \sum_{j=1, j \neq i}^G r_j: r, j, i, G, and where the next token is."""
    if found[k].text != "\\sum":
        return None
    try:
        sub, sup, _, after = scripts(found, k + 1)
    except NotReadError:  # it is said where the sum is read
        return None
    marks = [plain(part) for part in commas(sub or ())]
    index = next((m[0] for m in marks if re.fullmatch(r"[ijkmn]=1", m)), "")
    but = next((m for m in map(re.compile(r"([ijkmn])\\neq([ijkmn])").fullmatch, marks) if m), None)
    index = index or (but[1] if but else "")
    if not index or len(marks) > 1 + (but is not None) or plain(found[after + 1 : after + 3]) != f"_{index}":
        return None
    other = "" if but is None else but[2] if but[1] == index else but[1]
    return found[after].text, index, other, plain(sup or ()), after + 3
