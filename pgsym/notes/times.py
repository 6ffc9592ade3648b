"""Times of a run as notes write them: which step is the first, where sums over time end, what counts from where."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pgsym.claims.language.runs import is_time
from pgsym.errors import NotReadError
from pgsym.notes.names import plain
from pgsym.notes.tokens import TEXT, Rewritten, Token, rewritten

_END = re.compile(r"\\infty|[TH](?:_[a-zA-Z])?(?:-1)?")
_TIME = re.compile(r"([a-z]'*)?(?:([+-]?)(\d{1,3}))?")
_POWER = re.compile(r"([a-z]'*)(?:-([a-z]'*))?([+-]\d{1,3})?")


@dataclass
class Clock:
    """Times of one side of a relation."""

    origin: int = 0
    """The number of the first step in the note; in the claim language it is 0."""
    start: str = ""
    """The time from which the run of a mean is counted, where it is given a state: t, or a number."""
    ends: set[str] = field(default_factory=set)
    """How the sums over all steps end."""
    from_zero: bool = False
    """Whether the relation names the step 0, so that a sum from 1 leaves a step out."""
    letters: list[str] = field(default_factory=list)
    """Those that sums around have bound."""
    outer: set[str] = field(default_factory=set)
    """The times that were named outside of runs."""
    averaged: set[str] = field(default_factory=set)
    """The times of steps whose state has the weights of the states, in a mean over the policy."""

    @contextmanager
    def counted_from(self, start: str) -> Iterator[None]:
        before, self.start = self.start, start
        try:
            yield
        finally:
            self.start = before

    @contextmanager
    def known(self, letter: str) -> Iterator[None]:
        self.letters.append(letter)
        try:
            yield
        finally:
            self.letters.pop()

    def time(self, part: Sequence[Token], at: int) -> str:
        """A time as the claim language counts it."""
        text = plain(part)
        match = _TIME.fullmatch(text)
        if match is None or not text or (match[1] and not is_time(match[1])):
            why = f"found the time {text}; a time is a letter t, k, ..., with a number added, or a number"
            raise NotReadError(why, at)
        letter, sign, number = match.groups()
        if letter and number and not sign:
            raise NotReadError(f"found the time {text}. Write t+1", at)
        shift = int((sign or "") + (number or "0"))
        if letter is None:
            if self.start and not self.start.isdigit():
                raise NotReadError(f"found the time {text} in a mean that is given the state of time {self.start}", at)
            return self.checked(shift - self.origin, text, at)
        if letter == self.start:
            return self.checked(shift, text, at)
        return f"{letter}{shift:+d}" if shift else letter

    def checked(self, number: int, text: str, at: int) -> str:
        if number < 0:
            raise NotReadError(f"found the time {text}, before the first step", at)
        return str(number)

    def power(self, part: Sequence[Token], at: int) -> str:
        """An exponent over time, as the claim language counts it."""
        text = plain(part)
        match = _POWER.fullmatch(text)
        if match is None or not is_time(match[1]) or (match[2] and not is_time(match[2])):
            raise NotReadError(f"found the power {text}; a power is a number, a time, or a difference of times", at)
        to, since, shift = match[1], match[2], int(match[3] or 0)
        if since and since == self.start:
            since = None
        elif since is None and self.start and not self.start.isdigit():
            raise NotReadError(
                f"found the power {text} in a mean that is given the state of time {self.start}; a difference "
                "of times is read",
                at,
            )
        elif since is None:
            shift += self.origin
        if to == self.start:
            raise NotReadError(f"found the power {text} at the time that is given", at)
        return to + (f"-{since}" if since else "") + (f"{shift:+d}" if shift else "")

    def bounds(
        self, sub: Sequence[Token], sup: Sequence[Token] | None, rest: list[Token], token: Token
    ) -> tuple[str, str, list[Token]]:
        r"""The letter of a sum over time, what it says in the claim language, and its body.

        A sum over offsets, \sum_{k=0}^\infty x_{t+k}, is written as one over times, \sum_{k=t}^\infty x_k.
        """
        text, at = plain(sub), token.at
        match = re.fullmatch(r"([a-z]'*)(?:(=|\\ge|>|<|\\le)(.+))?", text.replace(" ", ""))
        if match is None or not is_time(match[1]):
            raise NotReadError(f"found a sum over {text}; states, actions, runs and times are summed over", at)
        letter, relation, bound = match.groups()
        if letter in self.letters or letter == self.start:
            fresh = next(
                (u for u in "uvlmn" if u not in self.letters and u not in {t.text for t in everything(rest)}), ""
            )
            if not fresh or letter == self.start or "'" in letter or letter in text[1:]:
                raise NotReadError(f"found a second sum over {letter} inside of one. Rename one of them", at)
            sub, rest = renamed(sub, letter, fresh), renamed(rest, letter, fresh)
            letter = fresh  # what stands behind the inner sign is the inner one's
        conditions: list[tuple[str, str]] = []
        if bound is not None:
            lower = sub[next(k for k, t in enumerate(sub) if t.text == relation) + 1 :]
            op = {"=": ">=", "\\ge": ">=", ">": ">", "<": "<", "\\le": "<="}[relation]
            since, rest = self.offsets(letter, plain(lower), rest, at)
            value = self.time(since or lower, at)
            if op == ">=" and value == "1" and plain(lower) == "1" and not self.from_zero:
                why = "found a sum from step 1 in a note that counts from 0: does it leave out the first step?"
                raise NotReadError(why, at)
            if not (op == ">=" and value == "0"):
                conditions.append((op, value))
        if sup is not None and not _END.fullmatch(plain(sup)):
            conditions.append(("<=", self.time(sup, at)))
        elif sup is not None:
            self.ends.add(plain(sup))
            finite = self.ends - {"\\infty"}
            if len(finite) > 1:
                why = f"found sums to {' and to '.join(sorted(finite))} in one relation: which is the last step?"
                raise NotReadError(why, at)
        flip = {">=": "<=", ">": "<"}
        if len(conditions) == 2:
            (low, since_text), (high, until) = conditions
            if low not in flip:
                raise NotReadError("found two upper bounds of a sum", at)
            return letter, f"{since_text}{flip[low]}{letter}{high}{until}", rest
        return letter, letter + "".join(f"{op}{value}" for op, value in conditions), rest

    def offsets(self, letter: str, lower: str, rest: list[Token], at: int) -> tuple[list[Token], list[Token]]:
        """Offsets from a time as times; nothing where the letter is a time already."""
        every = list(everything(rest))
        inner = {after.inside[0].text for sign, mark, after in zip(every, every[1:], every[2:], strict=False)
                 if (sign.text, mark.text) == ("\\sum", "_") and after.inside}  # fmt: skip
        bases: set[str] = set()
        for part in _scripts_of(rest):
            match = re.fullmatch(rf"(?:([a-z]'*)\+{letter}|{letter}\+([a-z]'*))([+-]\d+)?", plain(part))
            if match:
                bases |= {match[1] or match[2]} - inner
        if not bases:
            return [], rest
        if len(bases) > 1 or not lower.isdigit():
            raise NotReadError(f"found the sum of two times in a sum over {letter}", at)
        base = bases.pop()
        number = int(lower)
        return _written(base, f"+{number}" if number else "", at), _moved(rest, letter, base)


def everything(found: Sequence[Token]) -> Iterator[Token]:
    """All tokens, at every depth."""
    for token in found:
        yield token
        yield from everything(token.inside)


def renamed(found: Sequence[Token], name: str, fresh: str) -> list[Token]:
    """The same with another letter for t, or for t'; t' is no t, and s_0 no s."""

    def rule(found: Sequence[Token], k: int) -> Rewritten | None:
        after = "".join(t.text for t in found[k : k + len(name) + 1])
        is_name = found[k].text == name[0] and after.startswith(name) and after[len(name) :] not in ("'", "_")
        return ([replace(found[k], text=fresh)], len(name)) if is_name else None

    return rewritten(found, rule)


def _scripts_of(found: Sequence[Token]) -> Iterator[Sequence[Token]]:
    for k, token in enumerate(found):
        if k and found[k - 1].text == "_" and token.inside:
            yield token.inside
        yield from _scripts_of(token.inside)


def _written(letter: str, shift: str, at: int) -> list[Token]:
    """t', and t'+1."""
    found = [Token("symbol", letter[0], at), *[Token("operator", "'", at)] * (len(letter) - 1)]
    return [*found, Token("operator", shift[0], at), Token("number", shift[1:], at)] if shift else found


def _moved(found: Sequence[Token], letter: str, base: str) -> list[Token]:
    """x_{t+k} as x_k, gamma^k as gamma^{k-t}; the letter anywhere else has no such meaning."""

    def rule(found: Sequence[Token], k: int) -> Rewritten | None:
        token, text = found[k], plain(found[k].inside)
        if k and found[k - 1].text == "^" and plain(token.held) == letter:
            minus = (Token("operator", "-", token.at), *_written(base, "", token.at))
            return [Token("{}", "{}", token.at, (*token.held, *minus))], 1
        if match := re.fullmatch(rf"(?:{base}\+{letter}|{letter}\+{base})([+-]\d+)?", text):
            return [replace(token, inside=tuple(_written(letter, match[1] or "", token.at)))], 1
        if token.kind == "symbol" and token.text == letter:
            raise NotReadError(f"found {letter} both as an offset from {base} and by itself", token.at)
        return ([token], 1) if text == f"{letter}-{base}" else None

    return rewritten(found, rule)


def is_timed(sub: Sequence[Token]) -> bool:
    """Whether an index below is a time."""
    match = _TIME.fullmatch(plain(sub))
    return match is not None and match[1] is not None and is_time(match[1])


def is_word(sub: Sequence[Token]) -> bool:
    """Whether an index below is a word: that of R_max names no time."""
    return bool(sub) and (sub[0].kind == TEXT or re.fullmatch(r"\\?[a-z]{3,}", plain(sub)) is not None)


def shifted(time: str, steps: int) -> str:
    """A time of the claim language, some steps later.

    >>> shifted("t+1", -1), shifted("3", -1)
    ('t', '2')
    """
    match = re.fullmatch(r"([a-z]'*)?([+-]?\d+)?", time)
    assert match is not None
    letter, number = match[1] or "", int(match[2] or 0) + steps
    return letter + (f"{number:+d}" if number else "") if letter else str(number)


def outside(letter: str, sub: Sequence[Token], at: int) -> str:
    """What s_t, s_{t+1}, s_0 are outside of a mean over runs: any state, the next one, a state.

    >>> from pgsym.notes.tokens import tokens
    >>> outside("s", tokens("t+1"), 0), outside("s", tokens("0"), 0)
    ("s'", 's0')
    """
    match = _TIME.fullmatch(plain(sub))
    if match is None:
        why = f"found the index {plain(sub)}; a time is a letter t, k, ..., with a number added, or a number"
        raise NotReadError(why, at)
    if match[1] is None:
        return f"{letter}{match[3]}"
    if match[2] == "-" or not is_time(match[1]):
        raise NotReadError(f"found the time {plain(sub)} outside of a mean over runs", at)
    return letter + "'" * int(match[3] or 0)
