r"""Commands that a note defines: \newcommand, \renewcommand, \DeclareMathOperator.

They are replaced as TeX would do it, a bounded number of times; nothing else of TeX is executed.

>>> macros(r"\newcommand{\E}[2]{\mathbb{E}_{#1}\left[#2\right]}")
{'\\E': (2, '\\mathbb{E}_{#1}\\left[#2\\right]')}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

from pgsym.errors import NotReadError
from pgsym.limits import NOTE_FORMULA, NOTE_MACROS

Macros = Mapping[str, tuple[int, str]]
"""How many arguments a command takes, and what it stands for."""

_DEFINES = re.compile(
    r"\\(?:newcommand|renewcommand|providecommand|DeclareMathOperator)\*?\s*\{?\s*(\\[A-Za-z]+)\s*\}?\s*(?:\[(\d)\])?\s*\{"
)


def definitions(text: str) -> Iterator[tuple[int, int, str, int, str]]:
    """Where each definition begins and ends, the command, how many arguments it takes, and what it stands for."""
    for match in islice(_DEFINES.finditer(text), NOTE_MACROS):
        depth, end = 1, match.end()
        while depth and end < min(len(text), match.end() + NOTE_FORMULA):
            depth += (text[end] == "{") - (text[end] == "}")
            end += 1
        if not depth:
            body = text[match.end() : end - 1]
            operator = match[0].startswith("\\DeclareMathOperator")
            yield match.start(), end, match[1], int(match[2] or 0), f"\\operatorname{{{body}}}" if operator else body


def macros(text: str) -> dict[str, tuple[int, str]]:
    """What each command stands for; one with an optional argument is left alone."""
    return {name: (count, body) for _, _, name, count, body in definitions(text)}


_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
_ARGUMENT = re.compile(r"\s*(\\[A-Za-z]+|\\.|[^{}\s])", re.DOTALL)
_BRACE, _BRACES = re.compile(r"\s*\{"), re.compile(r"\\.|[{}]", re.DOTALL)


def replaced(text: str, macros: Macros) -> tuple[str, list[int]]:
    r"""The text with the note's own commands replaced, and where each of its characters comes from.

    >>> replaced(r"a\x{b}c", {r"\x": (1, "[#1]")})
    ('a[b]c', [0, 1, 1, 1, 6, 7])

    Raises
    ------
    NotReadError
        A command without its arguments, or more of them than are replaced.
    """
    places = list(range(len(text) + 1))
    at = count = 0
    while match := _COMMAND.search(text, at):
        at = match.end()
        if match[0] not in macros:
            continue
        number, body = macros[match[0]]
        given, end = [""] * 10, match.end()
        for k in range(number):
            group, one = _BRACE.match(text, end), _ARGUMENT.match(text, end)
            end = _closing(text, group.end()) if group else one.end() if one else 0
            if not end:
                raise NotReadError(f"found {match[0]} without its arguments. Simplify it", places[match.start()])
            given[k] = text[group.end() : end - 1] if group else one[1] if one else ""
        count += 1
        if count > NOTE_MACROS or len(text) > NOTE_FORMULA:
            why = f"found {match[0]} after {NOTE_MACROS} others, which are replaced. Simplify it"
            raise NotReadError(why, places[match.start()])
        body = re.sub(r"(\\[A-Za-z]+)?#([1-9])", lambda m, of=given: f"{m[1]} " * bool(m[1]) + of[int(m[2]) - 1], body)  # type: ignore[misc]
        body += " " * bool(re.search(r"\\[A-Za-z]+$", body))
        places[match.start() : end] = [places[match.start()]] * len(body)
        text, at = text[: match.start()] + body + text[end:], match.start()
    return text, places


def _closing(text: str, at: int) -> int:
    """Where a group ends; 0 where it does not."""
    depth = 1
    for match in _BRACES.finditer(text, at):
        depth += (match[0] == "{") - (match[0] == "}")
        if not depth:
            return match.end()
    return 0
