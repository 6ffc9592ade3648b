r"""A derivation as LaTeX: ``align*`` with the reasons at the right margin.  Needs amsmath only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgsym.claims.blocks import Block, Cell, Heading, Picture, Prose, Table
from pgsym.claims.derivation.prose import in_latex
from pgsym.claims.derivation.rows import Row, grouped, rows, without_repeats
from pgsym.claims.language.tree import Binding
from pgsym.claims.verdict import Verdict
from pgsym.expression.notation import escape_text

PREAMBLE = (
    r"\IfFileExists{amsfonts.sty}{\usepackage{amsfonts}}{\newcommand{\mathbb}[1]{\mathbf{#1}}}",
    r"\providecommand{\coloneqq}{\mathrel{\mathop:}=}",
    r"\IfFileExists{tikz.sty}{\usepackage{tikz}}{}",
    r"\setlength{\parindent}{0pt}\setlength{\parskip}{0.6ex plus 0.2ex}",
)
"""What the body needs beside amsmath; pictures are left out where TikZ is not installed."""

_SECTIONS = {1: "section", 2: "subsection"}


def body(blocks: Sequence[Block], verdicts: Iterator[Verdict | None], bindings: Sequence[Binding] = ()) -> str:
    """The blocks one after the other; `verdicts` has one entry for each relation, in order."""
    parts = []
    for block in grouped(blocks):
        if isinstance(block, list):
            parts.append(align([row for item in block for row in rows(item, verdicts)], bindings))
        elif isinstance(block, Heading):
            parts.append(rf"\{_SECTIONS[block.level]}*{{{in_latex(block.text, bindings)}}}")
        elif isinstance(block, Prose):
            parts.append(in_latex(block.text, bindings))
        elif isinstance(block, Table):
            parts.append(_table(block))
        elif isinstance(block, Picture):
            parts.append(_picture(block))
    # A blank line before a formula would begin a paragraph, with its own space.
    return "\n".join(part if part.startswith(r"\begin{align*}") else "\n" + part for part in parts).lstrip("\n")


def align(found: Sequence[Row], bindings: Sequence[Binding]) -> str:
    """An ``align*`` of relations below one another."""
    lines: list[str] = []
    indent = ""
    for k, row in enumerate(without_repeats(found)):
        if k:
            lines[-1] += r" \\[1ex]" if row.first and _long(found, k) else r" \\"
        if row.first:
            indent = r"\quad " if row.own_line else ""
        if row.own_line:
            lines += [rf"&{left} \\" for left in (row.left[0], *(r"\quad " + more for more in row.left[1:]))]
        head = "" if row.own_line else "".join(row.left)
        right = [f"{head} &{indent}{row.relation} {row.right[0]}", *(rf"&{indent}\quad {r}" for r in row.right[1:])]
        note = rf" \tag*{{\footnotesize {in_latex(row.note, bindings)}}}" if row.note else ""
        lines += [*(line + r" \\" for line in right[:-1]), right[-1] + note]
    return "\n".join([r"\begin{align*}", *lines, r"\end{align*}"])


def _long(found: Sequence[Row], k: int) -> bool:
    """Whether a chain ends or begins here that is more than one relation: then some space helps."""
    return not found[k - 1].first or (k + 1 < len(found) and not found[k + 1].first)


def _table(table: Table) -> str:
    head = " & ".join(rf"\textbf{{{_cell(name)}}}" for name in table.header) + r" \\ \hline"
    lines = [" & ".join(map(_cell, row)) + _strut(row) + r" \\" for row in table.rows]
    spec = "l" * len(table.header)
    inner = "\n".join([rf"\begin{{tabular}}{{{spec}}}", head, *lines, r"\end{tabular}"])
    return "\\begin{center}\n\\renewcommand{\\arraystretch}{1.3}\n" + inner + "\n\\end{center}"


def _strut(row: Sequence[str | Cell]) -> str:
    """Room above and under fractions."""
    fractions = any(isinstance(c, Cell) and r"\frac" in c.latex for c in row)
    return r"\rule[-2.2ex]{0pt}{5.8ex}" if fractions else ""


def _cell(cell: str | Cell) -> str:
    return rf"$\displaystyle {cell.latex}$" if isinstance(cell, Cell) else escape_text(cell)


def _picture(picture: Picture) -> str:
    begin, end = r"\begin{tikzpicture}", r"\end{tikzpicture}"
    drawing = picture.tikz[picture.tikz.index(begin) : picture.tikz.index(end) + len(end)]
    scaled = rf"\resizebox{{\ifdim\width>\linewidth\linewidth\else\width\fi}}{{!}}{{{drawing}}}"
    return "\\ifcsname tikzpicture\\endcsname\n\\begin{center}\n" + scaled + "\n\\end{center}\n\\fi"
