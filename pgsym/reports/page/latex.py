r"""The report as a LaTeX document; needs amsmath and longtable, and TikZ for its pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pgsym.claims.blocks import Cell, Heading, Prose
from pgsym.claims.derivation.latex import PREAMBLE, align
from pgsym.claims.derivation.prose import in_latex
from pgsym.claims.language.tree import Binding
from pgsym.expression.latex import document as standalone
from pgsym.expression.notation import escape_text
from pgsym.reports.page.content import Alive, Answer, Block, DataTable, Document, Figure, Formulas, Note

PACKAGES = (
    *PREAMBLE,
    r"\usepackage{longtable}\setlength{\LTcapwidth}{\textwidth}",
    r"\setcounter{tocdepth}{1}",
    r"\emergencystretch=3em",
)

_POWER = re.compile(r"2\\textasciicircum\{\}-(\d+)")
_SECTIONS = {1: "section", 2: "subsection", 3: "subsubsection"}


def text(document: Document) -> str:
    """The whole document, which compiles on its own."""
    return standalone("\n\n".join(_body(document)), document.title, PACKAGES)


def _body(document: Document) -> Iterator[str]:
    bindings = document.bindings
    yield in_latex(document.lead, bindings)
    rows = tuple((name, value) for name, value in document.summary)
    lines = [rf"{_cell(name)} & {_cell(value)} \\" for name, value in rows]
    yield "\n".join([r"\begin{center}\begin{tabular}{ll}", *lines, r"\end{tabular}\end{center}"])
    yield r"\tableofcontents"
    for section in document.sections:
        yield rf"\section{{{escape_text(section.title)}}}"
        yield from (_block(block, bindings) for block in section.blocks)


def _block(block: Block, bindings: Sequence[Binding]) -> str:
    match block:
        case Heading(title, level):
            return rf"\{_SECTIONS[level]}*{{{in_latex(title, bindings)}}}"
        case Prose(words):
            return in_latex(words, bindings)
        case Note(words):
            return rf"\emph{{{in_latex(words, bindings)}}}"
        case Formulas(rows):
            return align(rows, bindings)
        case DataTable():
            return _table(block)
        case Figure(_, tikz, caption):
            return _figure(tikz, caption)
        case Answer():
            return _answer(block)
        case Alive(_, on_paper):
            return rf"\emph{{{in_latex(on_paper, bindings)}}}"


def _table(table: DataTable) -> str:
    spec = "".join("r" if k in table.numbers else "l" for k in range(len(table.header)))
    if not any(isinstance(cell, Cell) for row in table.rows for cell in row):
        # Only words: the last columns may need several lines.
        spec = "l" + rf"p{{{0.74 / max(len(table.header) - 1, 1):.2f}\linewidth}}" * (len(table.header) - 1)
    head = " & ".join(rf"\textbf{{{_cell(name)}}}" for name in table.header) + r" \\ \hline"
    lines = [" & ".join(map(_cell, row)) + _strut(row) + r" \\" for row in table.rows]
    return "\n".join([
        r"{\footnotesize\renewcommand{\arraystretch}{1.25}",
        rf"\begin{{longtable}}{{{spec}}}",
        rf"\caption*{{{escape_text(table.caption)}}} \\",
        head,
        r"\endfirsthead",
        head,
        r"\endhead",
        *lines,
        r"\end{longtable}}",
    ])  # fmt: skip


def _strut(row: Sequence[str | Cell]) -> str:
    """Room above and under fractions."""
    fractions = any(isinstance(c, Cell) and r"\frac" in c.latex for c in row)
    return r"\rule[-2.2ex]{0pt}{5.8ex}" if fractions else ""


def _cell(cell: str | Cell | Answer) -> str:
    if isinstance(cell, Answer):
        return _answer(cell)
    return rf"$\displaystyle {cell.latex}$" if isinstance(cell, Cell) else escape_text(cell)


def _power(match: re.Match[str]) -> str:
    return f"$2^{{-{match.group(1)}}}$"


def _answer(answer: Answer) -> str:
    trust = f" ({_POWER.sub(_power, escape_text(str(answer.trust)))})" if answer.trust else ""
    reason = f" {escape_text(answer.reason)}" if answer.reason else ""
    return rf"\textbf{{{answer.status}}}{trust}{reason}"


def _figure(tikz: str, caption: str) -> str:
    """The picture, no wider than the text; left out where TikZ is not installed."""
    begin, end = r"\begin{tikzpicture}", r"\end{tikzpicture}"
    drawing = tikz[tikz.index(begin) : tikz.index(end) + len(end)]
    scaled = rf"\resizebox{{\ifdim\width>\linewidth\linewidth\else\width\fi}}{{!}}{{{drawing}}}"
    return "\n".join([
        r"\ifcsname tikzpicture\endcsname",
        r"\begin{center}",
        scaled,
        r"\end{center}",
        r"\fi",
        rf"{{\footnotesize\emph{{{escape_text(caption)}}}\par}}",
    ])  # fmt: skip
