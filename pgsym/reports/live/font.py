"""A font for formulas inside the page: what a computer without mathematical fonts needs to show MathML.

A browser sets a letter of a formula as a mathematical italic (U+1D44E for a), which fonts for text do not have, and
stretches brackets and roots only with a font that has a MATH table.  matplotlib brings one such font, DejaVu Serif; a
few kilobytes of it do.  Fonts of the reader's computer are finer, so a style sheet should name them first.
"""

from __future__ import annotations

import base64
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

FAMILY = "pgsym math"
"""The name under which a style sheet finds the font."""
_DRAWN = "√‾−"
"""What MathML draws although no text says it: roots, bars, and minus for a hyphen."""


def font_face(text: str) -> str:
    """An ``@font-face`` rule with the characters of `text`; empty where matplotlib is not installed.

    The font is a subset of DejaVu Serif as base64 in WOFF, which needs no compressor beyond zlib.

    >>> rule = font_face("J = 1")
    >>> rule[:40], 2_000 < len(rule) < 20_000
    ("@font-face { font-family: 'pgsym math'; ", True)
    """
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        return ""
    path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSerif.ttf"
    if not path.is_file():
        return ""
    data = base64.b64encode(_subset(path, {*text, *_DRAWN, *map(italic, text)})).decode()
    return f"@font-face {{ font-family: '{FAMILY}'; src: url(data:font/woff;base64,{data}) format('woff'); }}"


def italic(letter: str) -> str:
    """The mathematical italic that MathML shows for a lone letter.

    >>> italic("a"), italic("h"), italic("J"), italic("θ"), italic("2")
    ('𝑎', 'ℎ', '𝐽', '𝜃', '2')
    """
    if letter == "h":  # Unicode had it before the others, as Planck's constant
        return "ℎ"
    for first, last, start in (("A", "Z", "𝐴"), ("a", "z", "𝑎"), ("Α", "Ω", "𝛢"), ("α", "ω", "𝛼")):
        if first <= letter <= last:
            return chr(ord(start) + ord(letter) - ord(first))
    return {"∂": "𝜕", "ϵ": "𝜖", "ϑ": "𝜗", "ϕ": "𝜙", "ϱ": "𝜚", "ϖ": "𝜛"}.get(letter, letter)


def _subset(path: Path, letters: set[str]) -> bytes:
    # matplotlib requires fonttools
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(path)
    options = Options(layout_features=[], hinting=False, name_IDs=[], notdef_outline=True)
    options.drop_tables += ["FFTM"]
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(letters)))
    subsetter.subset(font)
    font.flavor = "woff"
    # a date of its own would make equal pages differ
    font.recalcTimestamp = False
    buffer = BytesIO()
    font.save(buffer)
    return buffer.getvalue()
