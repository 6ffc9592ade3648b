r"""What a note as a whole shows: the number of the first step, how rewards count, what its prose says of a letter."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from pgsym.errors import NotReadError
from pgsym.notes.documents import NoteDocument
from pgsym.notes.names import MIXED, SECOND_NAMES, SECOND_POLICY, WEIGHTS, plain
from pgsym.notes.tokens import Token, tokens

_SAID = (
    (re.compile(r"(?<!discounted\s)\bstationary\s+(state\s+)?distribution", re.IGNORECASE), ("mu",)),
    (re.compile(r"\b(initial|start(ing)?)(\s+state)?\s+distribution", re.IGNORECASE), ("mu0",)),
    (
        re.compile(r"\bdiscounted\s+((stationary|future|state)\s+)*(visit|occupanc|distribution)", re.IGNORECASE),
        ("eta", "d"),
    ),
)
"""What prose calls the weights of the states."""
_CLAUSE_ENDS = re.compile(r"[,;:()]|\b(?:and|but|while|whereas|else|where|with|which)\b")
"""What ends a clause."""
_DENIES = re.compile(r"\b(?:not|no|nor|unlike|than|instead)\b", re.IGNORECASE)
_LEAVES_OPEN = re.compile(r"\bor\b", re.IGNORECASE)
_SECOND = r"(?:behaviou?r|sampling|logging|data[- ]collection)\s+policy"
"""What prose calls the policy from which the samples are, where that is not the one that is learned."""
_BEFORE = re.compile(rf"\b{_SECOND}[\s(,]*(?:\$|\\+\()$", re.IGNORECASE)
_BEHIND = re.compile(
    rf"(?:\$|\\+\))\s*(?:is|be|denotes)\s+(?:the|a|an|any|some|another|our)\s+{_SECOND}\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"[^.\n]*(?:\n[^.\n]+)*")


@dataclass
class Conventions:
    """The number of the first step, how many steps late each letter of rewards is, what letters were said to mean."""

    origin: int = 0
    letters: dict[str, str] = field(default_factory=lambda: {"S": "s", "A": "a"})
    rewards: dict[str, int] = field(default_factory=lambda: {"r": 0})
    said: dict[str, tuple[tuple[str, ...], int]] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)


def conventions(document: NoteDocument) -> Conventions:
    """Look through a whole note.

    >>> text = r"Here $d(s)$ is the stationary distribution. $$J = E_\\pi[\\sum_{t=1}^T r_t]$$"
    >>> found = conventions(NoteDocument.of(text, "note.md"))
    >>> found.origin, found.said
    (1, {'d': (('mu',), 1)})
    """
    found = Conventions()
    text = re.sub(
        r"[\s{}]|\\mathrm|\\mathbf|\\left|\\right|\\big|\\Big", "", "".join(f.latex + " ; " for f in document.formulas)
    )
    text = text.replace("^\\prime", "'")
    if re.search(r"_[tkn]'?=1\^[TH]|\\sum\^[TH]_[tk]=1|_t=1\^\\infty", text) and not re.search(
        r"_[tk]'?=0\b|[sar]_0|=0\^", text
    ):
        found.origin = 1
        found.told["t"] = "steps are counted from 1, so gamma^t at the first step is gamma"
    below: dict[str, set[str]] = {"r": set(), "R": set(), "G": set(), "S": set(), "^": set()}
    for source in document.formulas:
        try:
            _indexed(tokens(source.latex, document.macros), below)
        except NotReadError:
            continue
    is_capital = bool(below["G"]) and not any(re.match(r"[a-z]'*([+-]|$)|\d", time) for time in below["r"])
    times = below["r"] | (below["R"] if is_capital else set())
    counted_late = any(p.endswith("-t-1") for p in below["^"])
    is_late = counted_late or any(re.fullmatch(r"t(\+[a-z])?\+1", t) for t in times)
    is_in_time = any(re.fullmatch(r"t|0|t\+[a-z]", t) for t in times) or any(p.endswith("-t") for p in below["^"])
    late = MIXED if counted_late and is_in_time else int(is_late and not is_in_time)
    found.rewards = {"r": late, "R": late} if is_capital else {"r": late}
    steps = [time for time in below["R"] if re.match(r"(?![sa])[a-z]'*([^a-z']|$)|\d", time)]
    all_late = steps and all(re.fullmatch(r"[a-z](\+[a-z])?\+[1-9]|[1-9]", time) for time in steps)
    if not is_capital and all_late and any(re.match("[a-z]", time) for time in below["S"]):  # S_t, R_{t+1}, no R_t
        found.rewards["R"] = 1
    if re.search(r"\(u(_\w)?(\||\\mid|\\vert)x", text) and not re.search(r"\(a(_\w)?(\||\\mid|\\vert)s", text):
        found.letters |= {"x": "s", "u": "a"}
        found.told["x, u"] = "the state and the action"
    for source in document.formulas:
        for start in re.findall(r"V[^()=]{0,30}\((\\(?:rho|mu|nu))\)", source.latex):  # V(rho) is a mean over the start
            found.said.setdefault(start, (("mu0",), document.line(source.at)))
    second = dict(_second_policy(document))
    if len(second) == 1 and not SECOND_NAMES.search(text):
        found.said |= {key: ((SECOND_POLICY,), document.line(at)) for key, at in second.items()}
    for key, meanings, at in _sentences(document):
        found.said.setdefault(key, (meanings, document.line(at)))
    return found


def _indexed(found: Sequence[Token], below: dict[str, set[str]]) -> None:
    """What stands below each letter, and what is an exponent."""
    for k, token in enumerate(found):
        _indexed(token.inside, below)
        after = found[k + 1 : k + 3]
        if token.text == "^" and after:
            below["^"].add(plain(after[0].inside or after[:1]))
        elif token.text in below and len(after) == 2 and after[0].text == "_":
            below[token.text].add(plain(after[1].inside or after[1:]))


def _second_policy(document: NoteDocument) -> Iterator[tuple[str, int]]:
    r"""The letter of a formula in a line that is called the behaviour policy: \beta, \pi_b, \mu(a|s)."""
    for source in document.formulas:
        end = source.at + len(source.latex)
        if source.display or not (
            _BEFORE.search(document.text[max(source.at - 60, 0) : source.at])
            or _BEHIND.match(document.text[end : end + 60])
        ):
            continue
        letter = re.fullmatch(
            r"(\\?[a-zA-Z]+|\\pi_\\?[a-z]+)(\([^()]*\|[^()]*\))?", re.sub(r"[\s{}]|\\cdot", "", source.latex)
        )
        if letter and letter[1] not in ("\\pi", "\\theta", "\\pi_\\theta"):
            yield letter[1], source.at


def _sentences(document: NoteDocument) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Letters of formulas in lines that stand in one clause with what they are, else the nearest in the sentence."""
    words = list(document.text)
    for source in document.formulas:
        words[source.at : source.at + len(source.latex)] = re.sub(r"[^.\n]", " ", source.latex)
    for match in _SENTENCE.finditer("".join(words)):
        said = {m.start(): meanings for pattern, meanings in _SAID for m in pattern.finditer(match[0])}
        if not said or _LEAVES_OPEN.search(match[0]):
            continue
        ends = [0, *(m.end() for m in _CLAUSE_ENDS.finditer(match[0])), len(match[0])]
        letters = [(key, at - match.start()) for key, at in _letters(document, match.start(), match.end())]
        found: dict[str, set[tuple[str, ...]]] = {}
        for place, meanings in said.items():
            k = bisect_right(ends, place)
            if _DENIES.search(match[0], ends[k - 1], ends[k]):
                continue
            free = [x for x in letters if not any(bisect_right(ends, x[1]) == bisect_right(ends, at) for at in said)]
            nearest = sorted(free, key=lambda x, place=place: abs(x[1] - place))[:1]  # type: ignore[misc]
            for key, _ in [x for x in letters if bisect_right(ends, x[1]) == k] or nearest:
                found.setdefault(key, set()).add(meanings)
        yield from ((key, min(found[key]), match.start() + at) for key, at in letters if len(found.get(key, ())) == 1)


def _letters(document: NoteDocument, start: int, end: int) -> Iterator[tuple[str, int]]:
    """Letters for weights that formulas in lines are about, with their places."""
    for source in document.formulas:
        if not source.display and start <= source.at < end:
            with suppress(NotReadError):
                yield from ((key, source.at) for key in _weights(tokens(source.latex)))


def _weights(found: list[Token]) -> Iterator[str]:
    r"""d(s), \mu^\pi and s \sim S name weights."""
    drawn = any(t.text == "\\sim" for t in found)
    subject = found[next((k for k, t in enumerate(found) if t.text == "\\sim"), -1) + 1 :] if drawn else found
    if subject and subject[0].text in WEIGHTS:
        rest = [t for t in subject[1:] if t.text not in ("_", "^")]
        if all(t.kind in ("()", "{}") or plain([t]) in ("\\pi", "\\theta", "\\pi_\\theta") for t in rest):
            yield subject[0].text
