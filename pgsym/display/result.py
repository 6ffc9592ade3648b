"""What every verb gives back: one protocol, and what results that are tables share.

docs/results.md documents the JSON of each result; tests/test_results.py holds all of them to it.
"""

from __future__ import annotations

import html
import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pgsym.errors import optional
from pgsym.expression.notation import escape_text

if TYPE_CHECKING:
    from pgsym.trust import Trust


class Result(ABC):
    """The answer to one question about one problem.

    Where there is a picture, there is `plot` too.  A notebook shows a result by one of `_repr_html_`,
    `_repr_markdown_` and `_repr_latex_`.
    """

    @property
    @abstractmethod
    def assumption(self) -> str:
        """What nobody chose of the problem, in one line; empty where all was chosen."""

    @property
    @abstractmethod
    def trust(self) -> Trust | None:
        """How far the answer can be relied on; None where there is none."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of docs/results.md."""

    @abstractmethod
    def frame(self) -> Any:
        """A pandas frame; MissingExtraError where pandas is not installed."""

    @abstractmethod
    def latex(self) -> str:
        """LaTeX for the body of a document that loads amsmath."""

    @abstractmethod
    def text(self) -> str:
        """Plain text, without what was assumed."""

    def __str__(self) -> str:
        return assumed(self.assumption, self.text())

    def __repr__(self) -> str:
        """The summary or the first line; dataclasses of results leave their own out, which would show every tree."""
        line = getattr(self, "summary", "") or next(filter(None, self.text().splitlines()), "")
        return f"{type(self).__name__}({line.lstrip('# ')})"


class TableResult(Result):
    """A result that is shown as one table with lines around it."""

    LEFT: tuple[int, ...] = ()
    """Columns of the text that are flush left; numbers are flush right."""

    @abstractmethod
    def cells(self) -> list[tuple[str, ...]]:
        """The header and the rows, as text."""

    @property
    def above(self) -> list[str]:
        """Lines above the table."""
        return []

    @property
    def below(self) -> list[str]:
        """Lines below the table."""
        return []

    def text(self) -> str:
        """The table and the lines around it."""
        return "\n".join([*self.above, aligned(self.cells(), self.LEFT), *self.below])

    def latex(self) -> str:
        """The table as a ``tabular``, the lines around it as paragraphs."""
        lines = [line for part in (self.assumption, *self.above) if part for line in part.splitlines()]
        told = [escape_text(line) for line in (*lines, *"\n".join(self.below).splitlines())]
        place = len(lines)
        return "\n\n".join([*told[:place], tabular(self.cells()), *told[place:]])

    def _repr_html_(self) -> str:
        header, *rows = self.cells()
        before, after = ([line for line in lines if line] for lines in ((self.assumption, *self.above), self.below))
        return paragraph(before) + html_table(header, rows, left=self.LEFT or (0,)) + paragraph(after)


def assumed(assumption: str, shown: str) -> str:
    r"""What is shown, with what was assumed before it.

    >>> assumed("assumed: theta = 0", "J = 1"), assumed("", "J = 1")
    ('assumed: theta = 0\nJ = 1', 'J = 1')
    """
    return f"{assumption}\n{shown}" if assumption else shown


def aligned(rows: Sequence[Sequence[str]], left: Collection[int] = ()) -> str:
    """Rows as text, in columns flush right, or left where it is said.

    >>> print(aligned([("", "mean"), ("theta", "2")], left=[0]))
           mean
    theta     2
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def tabular(rows: Sequence[Sequence[str]]) -> str:
    r"""Rows of plain text as LaTeX; the first is the header.

    >>> print(tabular([("", "50%"), ("[a]", "2")]))
    \begin{tabular}{lr}
    {} & 50\% \\ \hline
    {[a]} & 2 \\
    \end{tabular}
    """
    # Braces, because a bracket after a line's end would be read as its option.
    lines = [" & ".join(["{" + escape_text(row[0]) + "}", *map(escape_text, row[1:])]) + r" \\" for row in rows]
    lines[0] += r" \hline"
    spec = "l" + "r" * (len(rows[0]) - 1)
    return "\n".join([rf"\begin{{tabular}}{{{spec}}}", *lines, r"\end{tabular}"])


def finite(value: Any) -> Any:
    """Plain data with null for NaN and infinities, which JSON does not have.

    >>> finite({"a": [1.0, float("nan")], "b": (float("inf"), "text")})
    {'a': [1.0, None], 'b': [None, 'text']}
    """
    if isinstance(value, dict):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def data_frame(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Any:
    """A `pandas.DataFrame`; exact numbers stay SymPy expressions.

    >>> data_frame(["state", "V"], [["s", 1], ["t", 2]])
      state  V
    0     s  1
    1     t  2
    """
    pandas = optional("pandas", "pandas", "frames")
    # Names and exact numbers stay the objects they are, and a missing one stays None, in every release of pandas.
    return pandas.DataFrame({
        name: pandas.Series(values, dtype=None if all(isinstance(v, int | float) for v in values) else object)
        for name, values in zip(columns, [[row[k] for row in rows] for k in range(len(columns))], strict=True)
    })  # fmt: skip


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]], *, left: Collection[int] = ()) -> str:
    r"""An HTML table of plain text, whose columns `left` are flush left: a notebook sets them flush right.

    Formulas between dollars are typeset by the notebook.

    >>> html_table(["", "mean"], [["a<b", "1"]])
    '<table><tr><th></th><th>mean</th></tr><tr><td>a&lt;b</td><td>1</td></tr></table>'
    """
    body = "".join(_row("td", row, left) for row in rows)
    return f"<table>{_row('th', header, left) if header else ''}{body}</table>"


def paragraph(lines: Iterable[str]) -> str:
    """Lines of plain text as a paragraph of HTML; nothing where there are none."""
    found = "\n".join(lines)
    return f"<p>{html_text(found)}</p>" if found else ""


def html_text(plain: str) -> str:
    r"""Plain text as HTML.

    >>> html_text("a < b\nc")
    'a &lt; b<br>c'
    """
    return html.escape(plain).replace("\n", "<br>")


def _row(tag: str, cells: Sequence[str], left: Collection[int]) -> str:
    styles = (' style="text-align: left"' if k in left else "" for k in range(len(cells)))
    shown = (f"<{tag}{style}>{html_text(cell)}</{tag}>" for style, cell in zip(styles, cells, strict=True))
    return f"<tr>{''.join(shown)}</tr>"


def notebook_formulas(latex: str) -> str:
    r"""Rows of ``align*`` between dollars, which every notebook typesets.

    >>> print(notebook_formulas("\\begin{align*}\nJ &= 1\n\\end{align*}"))
    $$
    \begin{aligned}
    J &= 1
    \end{aligned}
    $$
    """
    return latex.replace(r"\begin{align*}", "$$\n\\begin{aligned}").replace(r"\end{align*}", "\\end{aligned}\n$$")
