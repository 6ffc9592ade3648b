r"""The statements of a formula: expressions with relations between them, row by row.

>>> from pgsym.notes.tokens import tokens
>>> found = statements(tokens(r"J &= V(s) \\ &= Q(s,a), \quad \forall s"))
>>> [[relation.text for relation, _ in s] for s in found]
[['', '=', '=']]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from pgsym.claims.language import relation
from pgsym.errors import NotReadError
from pgsym.notes.names import ALL, plain
from pgsym.notes.parts import levels, parted
from pgsym.notes.tokens import GAP, NEWLINE, TEXT, Token

RELATIONS = {known.latex: known.spellings[0] for known in relation.RELATIONS.values()} | {":=": "="}
"""What stands between two expressions, in the claim language."""
APPROXIMATE = "\\approx"
ARGMAX = ("\\arg", "\\argmax")
ORDERS = {known.spellings[0] for known in relation.RELATIONS.values() if known.larger}
"""Those of the claim language that say which side is larger."""
_WHY = {
    r"\approx": r"found \approx, which does not say how close the sides are; it is shown, not decided",
    r"\ll \gg": r"found \ll, which does not say how much smaller a side is; it is shown, not decided",
    r"\leftarrow \rightarrow \gets": "found an assignment, which is no statement",
    r"\sim": "found a draw, which is no statement",
    r"\in": "found a membership, which is no relation between expressions",
}
WHY = {relation: why for relations, why in _WHY.items() for relation in relations.split()}
"""Why a relation is not decided."""

_CONDITION = re.compile(
    r"\\text\{\W*(only |and |but )*(if|when|whenever|unless|provided|assuming|except|only|"
    r"for(?! (all|every|each|any|example|instance)\b))\b",
    re.IGNORECASE,
)
"""Words after which a statement is not one of everything."""
_INDEX = re.compile(r"([stakli]'*)(_\d)?")
_FROM_FIRST = re.compile(r"[a-z]'*(\\ge|=)0(,1)*(,2)?")
"""Every time."""

Statement = list[tuple[Token, list[Token]]]
"""Pairs of a relation and the expression after it; the first relation is empty where a chain begins."""


def is_relation(token: Token) -> bool:
    """Whether a token stands between two expressions of a statement."""
    return token.kind == "operator" and (token.text in RELATIONS or token.text in WHY)


def statements(found: Sequence[Token]) -> list[Statement]:
    """The statements in one formula.

    Raises
    ------
    NotReadError
        A sum whose index has lost its mark, or a condition.
    """
    for token in found:
        if any(t.kind == TEXT and _CONDITION.match(t.text) for t in (token, *token.inside[:1])):
            raise _conditional(token.at)
    for level in levels(found):
        for token, after in pairwise(level):
            if token.text in ("\\sum", "\\prod") and any(t.text == "=" for t in after.inside):
                what = f"found {token.text}{{{plain(after.inside)}}}, an index without its mark"
                raise NotReadError(f"{what}. Write {token.text}_{{{plain(after.inside)}}}", token.at)
    done: list[Statement] = []
    current: Statement = []
    term: list[Token] = []
    relation = Token("", "", found[0].at if found else 0)

    def finish() -> None:
        nonlocal current, term, relation
        kept = _trimmed(term)
        if kept or current or relation.text:
            current.append((relation, kept))
        if len(current) > 1 or (current and current[0][0].text):
            done.append(current)
        current, term, relation = [], [], Token("", "", found[k].at if k < len(found) else 0)

    k = 0
    while k < len(found):
        token = found[k]
        if is_relation(token):
            kept = _trimmed(term)
            left_out = relation.text == "=" and [t.text for t in kept] == ["\\dots"]  # a = ... = b says a = b
            if (relation.text or kept) and not left_out:
                current.append((relation, kept))
            relation, term = token, []
        elif token.text in ("\\Rightarrow", "\\iff"):
            if _trimmed(term) or token.text == "\\iff":
                why = "found one statement that implies another: is it said to be true? Write those that are in rows"
                raise NotReadError(why, token.at)
            finish()
        elif token.kind == NEWLINE:
            rest = [t for t in found[k + 1 :] if t.kind not in (GAP, NEWLINE)]
            goes_on = rest and (is_relation(rest[0]) or rest[0].text in ("+", "-", "*", "/", ")"))
            if not goes_on and _trimmed(term) and not _open(term):
                finish()
        elif (token.kind == GAP or token.text == ",") and _trimmed(term):
            segment, end = _segment(found, k + 1)
            first = next((t for t in segment if t.kind not in (GAP, TEXT) and t.text != ","), None)
            stated = {t.text for t in segment if is_relation(t)}
            if "\\in" in stated and any(t.text in ARGMAX for t in segment):
                raise _conditional(token.at, ", a member of an argmax")
            if (first is not None and first.text == "\\forall") or stated == {"\\in"}:  # for all s in S, a
                while end < len(found) and found[end].text == "," and _is_index(more := _segment(found, end + 1)):
                    end = more[1]
                _require_every(found[k + 1 : end])
                k = end - 1
            elif stated and not is_relation(first or segment[0]):
                said = _trimmed(segment)
                named = said[: next((j for j, t in enumerate(said) if is_relation(t)), None)]
                if _INDEX.fullmatch(plain(named)) and not _FROM_FIRST.fullmatch(plain(said)):
                    raise _conditional(token.at)
                finish()
            else:
                term.append(token)
        else:
            term.append(token)
        k += 1
    finish()
    return done


def _conditional(at: int, what: str = "") -> NotReadError:
    return NotReadError(f"found a condition{what}; statements without conditions are read", at)


def _require_every(found: Sequence[Token]) -> None:
    """Refuse a quantifier about a part only: of the states or actions, or of those with a property."""
    part: list[Token] = []
    for token in (*found, Token("operator", ",", 0)):
        if token.kind not in (GAP, TEXT) and token.text not in (",", "\\forall"):
            part.append(token)
            continue
        head, members = parted(part, "\\in")
        named = head[0].text if head and members is not None else ""
        is_part = named in ("s", "a", "x", "u", "S", "A") and not ALL.fullmatch(plain(members or ()))
        has_property = any(is_relation(t) for t in (*head, *(members or ())))
        if is_part or (has_property and not _FROM_FIRST.fullmatch(plain(part))):
            raise _conditional(part[0].at)
        part = []


def _segment(found: Sequence[Token], k: int) -> tuple[Sequence[Token], int]:
    """What follows, up to the next wide gap, comma or row, and where that is."""
    end = k
    while end < len(found) and found[end].kind not in (GAP, NEWLINE) and found[end].text not in (",", "\\Rightarrow"):
        end += 1
    if end == k and end < len(found) and (found[end].kind == GAP or found[end].text == ","):
        return _segment(found, k + 1)
    return found[k:end], end


def _is_index(segment: tuple[Sequence[Token], int]) -> bool:
    """Whether it is one more letter of a quantifier: a, or a in A."""
    found = _trimmed(segment[0])
    letter = [t for t in found if t.text not in ("'", "_")]
    return bool(found) and found[0].kind == "symbol" and (len(letter) == 1 or letter[1].text == "\\in")


def _open(term: list[Token]) -> bool:
    """Whether an expression cannot end here."""
    last = _trimmed(term)[-1:]
    return bool(last) and (
        last[0].text in ("+", "-", "*", "/", "\\nabla", "\\log") or last[0].text in ("\\sum", "\\int")
    )


def _is_remark(token: Token) -> bool:
    """A gap, words, or a group that begins with words."""
    return token.kind in (GAP, TEXT, NEWLINE) or (token.kind == "{}" and [t.kind for t in token.inside[:1]] == [TEXT])


def _trimmed(term: Sequence[Token]) -> list[Token]:
    """Without what surrounds an expression: gaps, reasons in words, punctuation."""
    kept = list(term)
    while kept and (_is_remark(kept[-1]) or kept[-1].text in (".", ",", ";", ":")):
        kept.pop()
    while kept and (kept[0].kind in (GAP, TEXT, NEWLINE) or kept[0].text in (",", ".")):
        kept.pop(0)
    if len(kept) == 1 and kept[0].kind == "{}":
        return _trimmed(kept[0].inside)
    return [replace(t) for t in kept]
