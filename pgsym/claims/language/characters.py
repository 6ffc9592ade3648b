"""Characters of mathematics in claims: Greek letters, signs of sums and relations, indices above and below.

Each stands for a text of the claim language, and for a command of TeX; notes read the same table.

>>> ascii_text("∇J = Σ_s η(s) Σ_a ∇π(a|s) · Q(s,a)")[0]
'grad J = sum[s] eta(s) sum[a] grad pi(a|s) * Q(s,a)'
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pgsym.errors import ClaimError
from pgsym.expression.complaint import caret
from pgsym.expression.notation import GREEK

CHARACTERS: dict[str, tuple[str, str]] = {
    **{letter: (name, "\\" + name) for name, letter in GREEK.items() if name not in ("Sigma", "Pi")},
    "ϵ": ("epsilon", r"\epsilon"), "ϕ": ("phi", r"\phi"),
    "∇": ("grad", r"\nabla"), "∑": ("sum", r"\sum"), "Σ": ("sum", r"\sum"), "∏": ("prod", r"\prod"),
    "Π": ("prod", r"\prod"), "𝔼": ("E", r"\mathbb{E}"), "∝": ("propto", r"\propto"),
    "≤": ("<=", r"\le"), "≥": (">=", r"\ge"), "≠": ("!=", r"\neq"), "·": ("*", "*"), "⋅": ("*", "*"), "×": ("*", "*"),
    "−": ("-", "-"), "∼": ("~", r"\sim"), "∣": ("|", "|"), "′": ("'", "'"), "→": ("->", r"\rightarrow"),
}  # fmt: skip
"""Text of the claim language and command of TeX for each character."""
TEX = {character: tex for character, (_, tex) in CHARACTERS.items()} | {
    "∫": r"\int", "∈": r"\in", "≈": r"\approx", "∞": r"\infty", "ℓ": r"\ell",
}  # fmt: skip
"""Commands of TeX, also for characters that the claim language does not have."""

_BELOW = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₐₛₜᵤᵥᵢⱼₖₗₘₙ", "0123456789+-astuvijklmn", strict=True))
_ABOVE = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵗᵘᵛⁱʲᵏˡᵐⁿ", "0123456789+-tuvijklmn", strict=True))
_SIGNS = "ΣΠ∑∏𝔼"
_MEANS = "".join(CHARACTERS) + "".join(_BELOW) + "".join(_ABOVE)
_SPECIAL = re.compile(f"[{re.escape(_MEANS)}]")
_PARTS = re.compile(
    rf"""(?P<kept>"(?:[^"\\\n]|\\.)*"|\#[^\n]*)
    |(?P<sign>[{_SIGNS}])\s*(?:_\{{(?P<braced>[^{{}}\n]*)\}}|_(?P<one>[^\W_]'*)|(?P<small>[{"".join(_BELOW)}]+'*)|(?=\[))
    |(?P<policy>(?:(?<=[∇π])_\{{?θ\}}?|\^\{{?π(?:_θ)?(?P<primes>['′]*)\}}?))
    |(?P<below>[{"".join(_BELOW)}]+)
    |(?P<above>[{"".join(_ABOVE)}]+)
    |(?P<character>[{re.escape("".join(CHARACTERS))}])""",
    re.VERBOSE,
)


def is_special(text: str) -> bool:
    """Whether a text has such a character."""
    return _SPECIAL.search(text) is not None


def ascii_text(text: str) -> tuple[str, list[int]]:
    """The same in the letters of the claim language, and for each place there, and its end, that in the text.

    ClaimError where a sign of a sum, product or mean does not say over what.
    """
    if not _SPECIAL.search(text):
        return text, []
    pieces: list[str] = []
    back: list[int] = []
    closing: list[int] = []  # brackets that hold the body of a mean

    def put(piece: str, at: int) -> None:
        pieces.append(piece)
        back.extend([at] * len(piece))

    at = 0
    while at < len(text):
        match = _PARTS.match(text, at)
        if match is None:
            put(")" if at in closing else text[at], at)
            at += 1
            continue
        found, start, at = match[0], at, match.end()
        if match["kept"] is not None:
            pieces.append(found)
            back.extend(range(start, at))
        elif sign := match["sign"]:
            put(_apart(text, start) + CHARACTERS[sign][0], start)
            over = next((match[k] for k in ("braced", "one", "small") if match[k] is not None), None)
            if over is None:
                continue
            small = match["small"] is not None
            inner, places = ("".join(_BELOW.get(c, c) for c in over), []) if small else ascii_text(over)
            since = start + found.index(over)
            put("[", start)
            pieces.append(inner)
            back.extend(since + (places[k] if places else k) for k in range(len(inner)))
            put("] ", at - 1)
            if sign == "𝔼" and (opens := re.compile(r"\s*\[").match(text, at)):
                closing.append(_closing(text, opens.end() - 1))
                at = opens.end()
                put("(", at - 1)
        elif match["policy"]:
            put("'" * len(match["primes"] or ""), start)
        elif match["below"]:
            put(_below(found, text[:start]), start)
        elif match["above"]:
            inside = "".join(_ABOVE[c] for c in found)
            put("^" + (inside if inside.isalnum() or inside[1:].isdigit() else f"({inside})"), start)
        elif found in _SIGNS:
            raise ClaimError(f"found {found} without what it runs over. Write {found}_s" + caret(text, start), at=start)
        else:
            word = CHARACTERS[found][0]
            is_word = word.isalpha()
            follows = is_word and (
                text[at : at + 1].isalpha() or (found == "∇" and text[at : at + 1] not in ("'", "′"))
            )
            put((_apart(text, start) if is_word else "") + word, start)
            put(" " * (follows or word == "propto"), at)
    written = "".join(pieces)
    return (text, []) if written == text else (written, [*back, len(text)])


def _apart(text: str, at: int) -> str:
    """A space, where a word would join the letter before it."""
    return " " if at and (text[at - 1].isalnum() or text[at - 1] in "'′)") else ""


def _below(found: str, before: str) -> str:
    """An index below: of a time as the claim language writes it; μ₀ is mu0."""
    inside = "".join(_BELOW[c] for c in found)
    if inside == "0" and re.search(r"(?:μ|\bmu)\Z", before):
        return inside
    return f"_{{{inside}}}" if len(inside) > 1 and not inside.isdigit() else f"_{inside}"


def _closing(text: str, at: int) -> int:
    """Where the bracket that opens there is closed."""
    depth = 0
    for k in range(at, len(text)):
        depth += (text[k] in "([") - (text[k] in ")]")
        if not depth:
            return k
    raise ClaimError("found [ without its other bracket; brackets come in pairs. Correct it" + caret(text, at), at=at)


def clash(source: str, names: Iterable[str]) -> str | None:
    """A name of the model that the text has with another meaning: γ, which is gamma in claims.

    >>> clash("J = γ * V(s)", ["γ", "p"]), clash('J = "γ"', ["γ"])
    ('γ', None)
    """
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*', " ", source)
    return next((n for n in names if _SPECIAL.search(n) and re.search(rf"(?<!\w){re.escape(n)}(?!\w)", text)), None)
