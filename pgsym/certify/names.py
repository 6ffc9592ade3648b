"""Identifiers that Coq accepts, for names of any spelling; and text that may stand in a comment."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable

_KEPT = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")

_WORDS = """
    a b c d e f g h i j k l m n o r s t u v w
    fun let in match with end if then else forall exists as at return for where cofix fix struct
    Prop Set Type SProp True False nat bool list option unit prod sum pair fst snd not and or iff ex eq tt
    exp ln sin cos tan sqrt pow Rabs Rmax Rmin PI
    actions states policy stop step value occupancy ends stationary average differential relative returns
    excursion back between row_back transition reward discount start logit softmax dsoftmax model pi eta mu rbar
    values visits pivot each simple_sums visited unit_at acting centred along left right positive nonzero acts
    V_at Q_at eta_at mu_at h_at pi_at by_numbers policy_numbers point_numbers claim_numbers all_of_it
"""

RESERVED = frozenset(_WORDS.split())
"""What the library, its tactics or a certificate means by a name, and bound variables."""


class Names:
    """Identifiers given so far, each with what it stands for.

    >>> names = Names()
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
        """A new identifier for a symbol or a parameter: its own name where that means nothing else."""
        plain = slug(name)
        safe = _KEPT.match(plain) and plain not in RESERVED and not plain.startswith(("s_", "a_", "x_", "v_"))
        if len(plain) == 1 and plain.isupper():
            safe = False
        return self._new(plain if safe else f"v_{plain}", name)

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
