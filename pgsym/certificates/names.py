"""Identifiers that Coq accepts, for names of any spelling; and text that may stand in a comment."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable

_GREEK = (
    "alpha|beta|gamma|delta|epsilon|zeta|theta|iota|kappa|lambda|nu|xi|omicron|rho|sigma|tau|upsilon|phi|chi|psi|omega"
)
_KEPT = re.compile(rf"(?:{_GREEK})(?:_?[0-9]+|_[A-Za-z0-9]+)*\Z|[pqyz](?:_?[0-9]+)?\Z")
"""Names of symbols that neither Coq, nor the library, nor a certificate gives to anything else."""


class CoqNames:
    """Identifiers given so far, each with what it stands for.

    >>> names = CoqNames()
    >>> names.give("s_", "Class 1"), names.give("s_", "Class-1"), names.symbol("θ"), names.symbol("R")
    ('s_Class_1', 's_Class_1_2', 'theta', 'v_R')
    >>> names.legend
    [('s_Class_1', 'Class 1'), ('s_Class_1_2', 'Class-1'), ('theta', 'θ'), ('v_R', 'R')]
    """

    def __init__(self) -> None:
        self.legend: list[tuple[str, str]] = []
        self._taken: set[str] = set()

    def give(self, prefix: str, name: Hashable, about: str = "") -> str:
        """A new identifier that begins with the prefix."""
        return self._new(prefix + slug(str(name)), about or str(name))

    def symbol(self, name: str) -> str:
        """A new identifier for a symbol or a parameter: its own name where that can mean nothing else."""
        plain = slug(name)
        return self._new(plain if _KEPT.match(plain) else f"v_{plain}", name)

    def _new(self, wanted: str, about: str) -> str:
        found, k = wanted, 1
        while found in self._taken:
            k += 1
            found = f"{wanted}_{k}"
        self._taken.add(found)
        self.legend.append((found, about))
        return found


def slug(text: str) -> str:
    """Letters, digits and single underscores of ASCII; Greek letters by name, others by number.

    >>> slug("(0, 1)"), slug("γ'"), slug("状"), slug("")
    ('0_1', 'gamma_prime', 'u72b6', 'blank')
    """
    parts = [_ascii(c) for c in unicodedata.normalize("NFKD", text)]
    return re.sub(r"_+", "_", "".join(parts)).strip("_") or "blank"


def _ascii(character: str) -> str:
    if character.isascii():
        if character.isalnum():
            return character
        return {"'": "_prime", "-": "_", "+": "_plus", "*": "_star"}.get(character, "_")
    if unicodedata.combining(character):
        return ""
    name = unicodedata.name(character, "")
    if name.startswith("GREEK") and " LETTER " in name and " WITH " not in name:
        letter = name.rsplit(" ", 1)[1].lower()
        return letter.capitalize() if "CAPITAL" in name else letter
    return f"u{ord(character):x}"


def comment(text: str) -> str:
    """Text that neither ends a comment nor opens a string or another comment in it.

    >>> comment('5" (*really*)')
    "5'' ( *really* )"
    """
    shown = "".join(c if c.isprintable() or c == "\n" else f"u{ord(c):x}" for c in text)
    return shown.replace('"', "''").replace("(*", "( *").replace("*)", "* )")
