r"""Formulas about samples: one of many, which is any; their average; one of a group, r_i, beside the sum of the others.

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
from dataclasses import dataclass, replace
from itertools import pairwise

from pgsym.errors import NotReadError
from pgsym.notes.names import plain
from pgsym.notes.parts import argument, commas, levels, scripts
from pgsym.notes.times import everything
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


def without_sample(sides: Sequence[Sequence[Token]]) -> tuple[list[list[Token]], str]:
    """Both sides without the mark ^(i) of one sample that both are about, and the mark; it stands nowhere else."""
    marks = [[t.inside[0].text for t in everything(side) if _is_sample(t)] for side in sides]
    letters = {letter for side in marks for letter in side}
    if not all(marks) or len(letters) > 1:
        return [list(side) for side in sides], ""
    letter = letters.pop()
    if sum(t.text == letter for side in sides for t in everything(side)) > sum(map(len, marks)):
        return [list(side) for side in sides], ""
    return [_unmarked(side, letter) for side in sides], letter


def _is_sample(token: Token) -> bool:
    return token.kind == "()" and len(token.inside) == 1 and token.inside[0].text in ("i", "j", "n", "m")


def _unmarked(found: Sequence[Token], letter: str) -> list[Token]:
    """Without ^(i), ^i and _i, and with _t for _{i,t}."""

    def rule(found: Sequence[Token], k: int) -> Rewritten | None:
        after = found[k + 1] if k + 1 < len(found) and found[k].text in ("_", "^") else None
        mark = "" if after is None else plain(after.held)
        if mark in (letter, f"({letter})"):
            return (), 2
        if after is not None and after.kind == "{}" and mark.startswith(letter + ","):
            return [found[k], replace(after, inside=tuple(_unmarked(after.inside[2:], letter)))], 2
        return None

    return rewritten(found, rule)


def without_coordinate(sides: Sequence[Sequence[Token]]) -> tuple[list[list[Token]], str]:
    r"""Sides without the i of \partial\theta_i, and the i: where it is free on all but 0, and stands nowhere else."""
    marks = [
        [
            plain(argument(level, k + 3))
            for level in levels(side)
            for k in range(len(level) - 3)
            if [t.text for t in level[k : k + 3]] == ["\\partial", "\\theta", "_"]
        ]
        for side in sides
    ]
    letters = {letter for side in marks for letter in side}
    letter = letters.pop() if len(letters) == 1 else ""
    every = [list(everything(side)) for side in sides]
    if (
        len(letter) != 1
        or any(not mark and plain(side) != "0" for mark, side in zip(marks, sides, strict=True))
        or any(sum(t.text == letter for t in side) > len(mark) for mark, side in zip(marks, every, strict=True))
        or any(t.text in ("\\|", "\\Var", "\\Cov", "\\mathbb{V}") for side in every for t in side)
    ):
        return [list(side) for side in sides], ""
    return [_unmarked(side, letter) for side in sides], letter


def averaged(found: Sequence[Token]) -> list[Token]:
    r"""Terms \frac{1}{N}\sum_{i=1}^N x^{(i)} of a sum as \mathbb{E}_\tau[x]; inside of others they stay."""
    ends = [k for k, t in enumerate(found) if t.kind == "operator" and t.text in ("+", "-")]
    kept: list[Token] = []
    for begin, end in zip([0, *(k + 1 for k in ends)], [*ends, len(found)], strict=True):
        term, at = list(found[begin:end]), found[begin - 1].at if begin else 0
        if len(term) > 4 and term[0].text == "\\frac" and term[3].text == "\\sum" and plain(argument(term, 1)) == "1":
            sub, sup, _, after = scripts(term, 4)
            letter, first = plain(sub or ())[:1], plain(sub or ())[1:]
            body = _unmarked(term[after:], letter) if letter else []
            is_whole = first == "=1" and sup is not None and plain(sup) == plain(argument(term, 2))
            of_set = re.fullmatch(r"\\tau(_[ijn])?\\in(.+)", plain(sub or ()))
            if of_set and plain(argument(term, 2)) == f"|{of_set[2]}|":
                body = _unmarked(term[after:], of_set[1][1:]) if of_set[1] else term[after:]
            elif not is_whole or body == term[after:] or any(t.text == letter for t in everything(body)):
                body = []
            if body:
                at = term[0].at
                below = (Token("operator", "_", at), Token("symbol", "\\tau", at))
                term = [Token("symbol", "\\mathbb{E}", at), *below, Token("[]", "[]", at, tuple(body))]
        kept += [*found[begin - 1 : begin], *term]
    return kept
