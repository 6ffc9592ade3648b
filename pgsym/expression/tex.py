"""LaTeX as text: whole documents, and how wide a formula will be."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pgsym.expression.notation import escape_text


def document(body: str, title: str, packages: Iterable[str] = ()) -> str:
    r"""A LaTeX document that compiles on its own; the body is LaTeX, the title plain text.

    `packages` are further lines of its preamble.

    Letters that pdfLaTeX's standard fonts lack are shown by their code point there; LuaLaTeX and XeLaTeX
    take them from the font.

    >>> document("Hello.", "100% exact").splitlines()[-7:-1]
    ['\\title{100\\% exact}', '\\author{}', '\\date{}', '\\begin{document}', '\\maketitle', 'Hello.']
    """
    title = escape_text(title)
    preamble = [
        r"\documentclass{article}",
        *FONTS,
        r"\usepackage{amsmath}",
        r"\usepackage[margin=25mm]{geometry}",
        *packages,
        r"\allowdisplaybreaks",
        *unicode_fallback(title + body),
    ]
    opening = [rf"\title{{{title}}}", r"\author{}", r"\date{}", r"\begin{document}", r"\maketitle"]
    return "\n".join([*preamble, *opening, body, r"\end{document}"]) + "\n"


FONTS = (r"\ifdefined\Umathcode\else\usepackage[T1]{fontenc}\fi", r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}")
"""Lines of a preamble: an encoding with accented letters, and outlines for it where they are installed."""


def unicode_fallback(text: str) -> list[str]:
    r"""Preamble lines that let pdfLaTeX show letters beyond Latin as code points.

    >>> unicode_fallback("état"), unicode_fallback("状")[1]
    ([], '  \\DeclareUnicodeCharacter{72B6}{\\texttt{U+72B6}}')
    """
    # The T1 encoding covers Latin up to U+017F.
    foreign = sorted({c for c in text if ord(c) > 0x17F})
    declared = [rf"  \DeclareUnicodeCharacter{{{ord(c):04X}}}{{\texttt{{U+{ord(c):04X}}}}}" for c in foreign]
    return [r"\ifdefined\Umathcode\else", *declared, r"\fi"] if declared else []


_INVISIBLE = {
    "left", "right", "Bigl", "Bigr", "quad", "mathrm", "text", "bar", "backslash", ",", "-", "{", "}",
}  # fmt: skip


def tex_width(tex: str) -> int:
    r"""Width in characters, roughly: a fraction is as wide as its wider half.

    >>> tex_width(r"\frac{1 + x}{\gamma}")
    3
    """
    total, i = 0, 0
    while i < len(tex):
        if tex.startswith(r"\frac{", i):
            middle = _closing(tex, i + 5)
            end = _closing(tex, middle + 1)
            total += max(tex_width(tex[i + 6 : middle]), tex_width(tex[middle + 2 : end]))
            i = end + 1
        elif tex[i] == "\\":
            command = re.compile(r"[a-zA-Z]+|.").match(tex, i + 1)
            name = command.group() if command else ""
            total += (name not in _INVISIBLE) + 2 * (name == "quad")
            i += 1 + len(name)
        else:
            total += tex[i] not in "{}_^& \n"
            i += 1
    return total


def _closing(tex: str, opening: int) -> int:
    """Where the brace that opens there is closed; escaped braces do not count."""
    depth, i = 0, opening
    while True:
        if tex[i] == "\\":
            i += 1
        else:
            depth += (tex[i] == "{") - (tex[i] == "}")
            if depth == 0:
                return i
        i += 1
