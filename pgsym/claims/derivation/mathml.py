"""LaTeX formulas as MathML, which browsers show without a script."""

from __future__ import annotations

import re
from functools import cache

from pgsym.errors import MissingExtraError

_LETTER = re.compile(r"\\mathrm\{([A-Za-z])\}")
_REFERENCE = re.compile(r"&#x0*([0-9A-Fa-f]+);")
_WORD = re.compile(r'(?:<mi mathvariant="normal">[^<&]</mi>){2,}')
_TALL = r"<mfrac|<munder|<mover|<msqrt|<mroot|<mtable|stretchy=\"true\""
_FENCED = re.compile(
    r'<mo stretchy="true" fence="true" form="prefix">\((</mo>'
    rf"(?:(?!{_TALL}).)*?"
    r'<mo )stretchy="true"( fence="true" form="postfix">\)</mo>)'
)
"""Parentheses around what is no higher than they are."""


@cache
def mathml(latex: str) -> str:
    """A formula as MathML in display style.

    Raises
    ------
    MissingExtraError
        latex2mathml is not installed.

    Examples
    --------
    >>> print(mathml(r"\\mathrm{go} \\coloneqq 1/2").partition("<mrow>")[2].removesuffix("</mrow></math>"))
    <mrow><mi>go</mi></mrow><mo>≔</mo><mn>1</mn><mo lspace="0" rspace="0">/</mo><mn>2</mn>
    """
    try:
        from latex2mathml.converter import convert
    except ImportError:
        raise MissingExtraError(
            "latex2mathml is not installed; HTML needs it. Install pgsym with the extra report: pgsym[report]",
            where="html",
        ) from None
    # One upright letter is a name as much as several are.
    found = str(convert(_LETTER.sub(r"\\text{\1}", latex.removeprefix("{} ")), display="block"))
    found = _REFERENCE.sub(_letter, found)
    found = _WORD.sub(lambda match: f"<mi>{re.sub('<[^>]*>', '', match.group())}</mi>", found)
    # A parenthesis that may stretch is shown too large, and with space around it, even where it need not.
    n = 1
    while n:
        found, n = _FENCED.subn(r'<mo stretchy="false" fence="true" form="prefix">(\1stretchy="false"\2', found)
    found = found.replace("<mi>~</mi>", "<mo>∼</mo>").replace("<mo>/</mo>", '<mo lspace="0" rspace="0">/</mo>')
    return found.replace('display="block"', 'display="inline" displaystyle="true"', 1)


def _letter(match: re.Match[str]) -> str:
    """The character of a numeric reference, unless it means something to HTML."""
    found = chr(int(match.group(1), 16))
    return match.group() if found in "<>&\"'" else found
