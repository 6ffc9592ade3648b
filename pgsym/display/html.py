"""A small HTML table, for notebooks."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    r"""An HTML table of plain text; a newline in the caption starts a new line.

    Formulas between dollars are typeset by the notebook.

    Examples
    --------
    >>> table(["", "mean"], [["a<b", "1"]], "two\nlines")
    '<table><caption>two<br>lines</caption><tr><th></th><th>mean</th></tr><tr><td>a&lt;b</td><td>1</td></tr></table>'
    """
    head = f"<caption>{text(caption)}</caption>" if caption else ""
    body = "".join(_row("td", row) for row in rows)
    return f"<table>{head}{_row('th', header) if header else ''}{body}</table>"


def text(plain: str) -> str:
    r"""Plain text as HTML.

    >>> text("a < b\nc")
    'a &lt; b<br>c'
    """
    return html.escape(plain).replace("\n", "<br>")


def _row(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{text(cell)}</{tag}>" for cell in cells) + "</tr>"
