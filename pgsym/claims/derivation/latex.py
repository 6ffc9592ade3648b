r"""Documents as LaTeX: ``align*`` with the reasons at the right margin.  Needs amsmath only, unless tables are long."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pgsym.claims.blocks import (
    Block,
    Cell,
    Command,
    DataTable,
    Figure,
    Fold,
    Formulas,
    Heading,
    Note,
    Prose,
    VerdictMark,
)
from pgsym.claims.derivation.layout import aligned, in_latex, laid_out
from pgsym.claims.language.statement import Binding
from pgsym.claims.verdict import Verdict
from pgsym.expression.notation import escape_text

PREAMBLE = (
    r"\IfFileExists{amsfonts.sty}{\usepackage{amsfonts}}{\newcommand{\mathbb}[1]{\mathbf{#1}}}",
    r"\providecommand{\coloneqq}{\mathrel{\mathop:}=}",
    r"\IfFileExists{tikz.sty}{\usepackage{tikz}}{}",
    r"\setlength{\parindent}{0pt}\setlength{\parskip}{0.6ex plus 0.2ex}",
)
"""What the body needs beside amsmath; where TikZ is not installed, a sentence stands for each picture."""

_SECTIONS = {1: "section", 2: "subsection", 3: "subsubsection"}
_POWER = re.compile(r"2\\textasciicircum\{\}-(\d+)")


def body(blocks: Sequence[Block], verdicts: Iterator[Verdict | None], bindings: Sequence[Binding] = ()) -> str:
    """The blocks one after the other; `verdicts` has one entry for each relation, in order."""
    parts = [write(block, bindings) for block in laid_out(blocks, verdicts)]
    # A blank line before a formula would begin a paragraph, with its own space.
    return "\n".join(part if part.startswith(r"\begin{align*}") else "\n" + part for part in parts).lstrip("\n")


def write(block: Block, bindings: Sequence[Binding], *, long_tables: bool = False) -> str:
    """One block; long tables may go on over pages, which needs longtable, and have their captions."""

    def tag(note: str) -> str:
        return rf" \tag*{{\footnotesize {in_latex(note, bindings)}}}"

    match block:
        case Heading(title, level):
            return rf"\{_SECTIONS[level]}*{{{in_latex(title, bindings)}}}"
        case Fold(title, inner):
            return "\n\n".join(write(part, bindings, long_tables=long_tables) for part in (title, *inner))
        case Prose(words):
            return in_latex(words, bindings)
        case Note(words):
            return rf"\emph{{{in_latex(words, bindings)}}}"
        case Command(words):
            return rf"{{\small\ttfamily\raggedright {escape_text(words)}\par}}"
        case Formulas(found):
            return "\n".join([r"\begin{align*}", *aligned(found, tag), r"\end{align*}"])
        case DataTable():
            return _long_table(block) if long_tables else _table(block)
        case Figure():
            return _figure(block)
        case VerdictMark():
            return mark(block)
    raise TypeError("chains are laid out first")


def _table(table: DataTable) -> str:
    inner = "\n".join([rf"\begin{{tabular}}{{{_columns(table)}}}", _head(table), *_lines(table), r"\end{tabular}"])
    return "\\begin{center}\n\\renewcommand{\\arraystretch}{1.3}\n" + inner + "\n\\end{center}"


def _long_table(table: DataTable) -> str:
    return "\n".join([
        r"{\footnotesize\renewcommand{\arraystretch}{1.25}",
        rf"\begin{{longtable}}{{{_columns(table)}}}",
        rf"\caption*{{{escape_text(table.caption)}}} \\",
        _head(table),
        r"\endfirsthead",
        _head(table),
        r"\endhead",
        *_lines(table),
        r"\end{longtable}}",
    ])  # fmt: skip


def _columns(table: DataTable) -> str:
    if not any(isinstance(cell, Cell) for row in table.rows for cell in row):
        # Only words: the last columns may need several lines.
        return "l" + rf"p{{{0.74 / max(len(table.header) - 1, 1):.2f}\linewidth}}" * (len(table.header) - 1)
    return "".join("r" if k in table.numbers else "l" for k in range(len(table.header)))


def _head(table: DataTable) -> str:
    return " & ".join(rf"\textbf{{{cell(name)}}}" for name in table.header) + r" \\ \hline"


def _lines(table: DataTable) -> list[str]:
    return [" & ".join(map(cell, row)) + _strut(row) + r" \\" for row in table.rows]


def _strut(row: Sequence[str | Cell]) -> str:
    """Room above and under fractions."""
    fractions = any(isinstance(c, Cell) and r"\frac" in c.latex for c in row)
    return r"\rule[-2.2ex]{0pt}{5.8ex}" if fractions else ""


def cell(content: str | Cell | VerdictMark) -> str:
    """What stands in a table."""
    if isinstance(content, VerdictMark):
        return mark(content)
    return rf"$\displaystyle {content.latex}$" if isinstance(content, Cell) else escape_text(content)


def mark(found: VerdictMark) -> str:
    """A verdict with its trust and its reason."""
    trust = f" ({_POWER.sub(_power, escape_text(str(found.trust)))})" if found.trust else ""
    reason = f" {escape_text(found.reason)}" if found.reason else ""
    return rf"\textbf{{{found.status}}}{trust}{reason}"


def _power(match: re.Match[str]) -> str:
    return f"$2^{{-{match.group(1)}}}$"


def _figure(figure: Figure) -> str:
    """The picture, no wider than the text; a sentence where TikZ is not installed."""
    begin, end = r"\begin{tikzpicture}", r"\end{tikzpicture}"
    drawing = figure.tikz[figure.tikz.index(begin) : figure.tikz.index(end) + len(end)]
    scaled = rf"\resizebox{{\ifdim\width>\linewidth\linewidth\else\width\fi}}{{!}}{{{drawing}}}"
    return "\n".join([
        r"\ifcsname tikzpicture\endcsname",
        r"\begin{center}",
        scaled,
        r"\end{center}",
        r"\else",
        r"\emph{The picture is missing here: it needs the package TikZ, which this \TeX{} does not have.}\par",
        r"\fi",
        rf"{{\footnotesize\emph{{{escape_text(figure.caption)}}}\par}}",
    ])  # fmt: skip
