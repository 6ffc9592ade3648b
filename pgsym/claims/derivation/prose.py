r"""Prose with formulas between backticks, for LaTeX, Markdown, HTML and the terminal.

What stands between backticks is read as an expression of the claim language and printed from its tree;
anything else there, such as the name of a command, is kept as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pgsym.claims.language.parse import parse
from pgsym.claims.language.tree import Binding, Node
from pgsym.errors import ClaimError
from pgsym.expression.notation import escape_text

_QUOTED = re.compile(r"`([^`]+)`")


def parts(text: str, bindings: Iterable[Binding] = ()) -> Iterator[str | Node]:
    """Words and formulas in turn.

    Parameters
    ----------
    bindings
        Definitions and declarations whose names a formula may use.

    >>> [part if isinstance(part, str) else part.latex() for part in parts("the gradient of `V(s)` in `s`")]
    ['the gradient of ', 'V(s)', ' in ', 's']
    """
    for k, part in enumerate(_QUOTED.split(text)):
        if k % 2 == 0:
            if part:
                yield part
            continue
        yield formula(part, bindings)


def formula(text: str, bindings: Iterable[Binding] = ()) -> str | Node:
    """The expression that a text stands for; the text where it is none."""
    try:
        return parse(f"{text} = 0", bindings).terms[0]
    except ClaimError:
        return text


def in_latex(text: str, bindings: Iterable[Binding] = ()) -> str:
    r"""As LaTeX text.

    >>> print(in_latex("100% of `mu(s)`"))
    100\% of $\mu(s)$
    """
    return "".join(escape_text(p) if isinstance(p, str) else f"${p.latex()}$" for p in parts(text, bindings))


def in_math(text: str, bindings: Iterable[Binding] = ()) -> str:
    r"""As a remark inside a formula.

    >>> print(in_math("of `mu(s)`"))
    \text{of } \mu(s)
    """
    shown = (rf"\text{{{escape_text(p)}}}" if isinstance(p, str) else p.latex() for p in parts(text, bindings))
    return " ".join(shown)


def plain(text: str) -> str:
    """As it is, without the backticks."""
    return _QUOTED.sub(r"\1", text)
