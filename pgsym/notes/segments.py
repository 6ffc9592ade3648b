r"""Means over segments of a run: the steps up to a time, and those from it on.

>>> from pgsym.notes.tokens import tokens
>>> [segment_of(tokens(x)) for x in (r"\tau_{:t} \sim \pi", r"s_{0:t}, a_{0:t-1}", r"\tau_{t:} \sim \pi", "s_t")]
['t', 't', 'from', '']
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from pgsym.errors import NotReadError
from pgsym.notes.names import POLICIES, plain
from pgsym.notes.parts import argument, closes, commas, conditional, is_expectation, levels, parted, scripts
from pgsym.notes.times import everything
from pgsym.notes.tokens import Token

_SEGMENT = re.compile(r"(?:\\tau|[sa])_([01]|[a-z](?:\+1)?)?:([a-z](?:-1)?|[TH]|\\infty)?")


def segment_of(sub: Sequence[Token]) -> str:
    """The time up to which a mean over a part of a run goes; "from" where it goes from a time on; else nothing."""
    head = [parted(part, "\\sim") for part in commas(sub)]
    laws = {plain(law) for _, law in head if law is not None} - set(POLICIES)
    found = {m.groups("") for m in (_SEGMENT.fullmatch(plain(part)) for part, _ in head) if m}
    if laws or len(found) == 0 or any(not _SEGMENT.fullmatch(plain(part)) for part, _ in head):
        return ""
    if all(since in ("", "0", "1") and until[:1].islower() for since, until in found):
        return next((until for _, until in found if len(until) == 1), "")
    return "from" if all(since[:1].isalpha() and until in ("", "T", "H", "\\infty") for since, until in found) else ""


def joined(body: Sequence[Token], time: str, random: Collection[str]) -> list[Token]:
    """What a mean over the steps up to a time is of, with the mean over the later ones, which is given these, as one.

    Raises
    ------
    NotReadError
        Later steps stand outside of that inner mean.
    """
    kept: list[Token] = []
    outside: list[Token] = []
    k = 0
    while k < len(body):
        if is_expectation(body[k]) and closes(body, k):
            sub, _, _, after = scripts(body, k + 1)
            inside, given = conditional(body[after].inside)
            if segment_of(sub or ()) == "from" and segment_of(given) == time:
                if [t.text for t in body[after + 1 : after + 2]] == ["^"] or any(t.text == "/" for t in body):
                    raise NotReadError("found a mean over a segment of a run inside of what is not linear", body[k].at)
                kept.append(Token("()", "()", body[k].at, tuple(inside)))
                k = after + 1
                continue
        kept.append(body[k])
        outside.append(body[k])
        k += 1
    later = [t for level in levels(outside) for m, t in pairwise(level)
             if m.text == "_" and plain(argument([t], 0)) not in ("\\theta", time)]  # fmt: skip
    if later or any(t.text == "\\sum" or f"{t.text}_t" in random for t in everything(outside)):
        raise NotReadError(f"found other times than {time} in a mean over the steps up to {time}", body[0].at)
    return kept
