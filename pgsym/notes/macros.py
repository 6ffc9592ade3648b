r"""Commands that a note defines: \newcommand, \renewcommand, \DeclareMathOperator.

They are replaced as TeX would do it, a bounded number of times; nothing else of TeX is executed.

>>> macros(r"\newcommand{\E}[2]{\mathbb{E}_{#1}\left[#2\right]}")
{'\\E': (2, '\\mathbb{E}_{#1}\\left[#2\\right]')}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice

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
