r"""The report as a LaTeX document; needs amsmath and longtable, and TikZ for its pictures."""

from __future__ import annotations

from collections.abc import Iterator

from pgsym.claims.derivation.latex import PREAMBLE, cell, write
from pgsym.claims.derivation.prose import in_latex
from pgsym.expression.latex import document as standalone
from pgsym.expression.notation import escape_text
from pgsym.reports.page.content import Alive, Document

PACKAGES = (
    *PREAMBLE,
    r"\usepackage{longtable}\setlength{\LTcapwidth}{\textwidth}",
    r"\setcounter{tocdepth}{1}",
    r"\emergencystretch=3em",
)


def text(document: Document) -> str:
    """The whole document, which compiles on its own."""
    return standalone("\n\n".join(_body(document)), document.title, PACKAGES)


def _body(document: Document) -> Iterator[str]:
    bindings = document.bindings
    yield in_latex(document.lead, bindings)
    lines = [rf"{cell(name)} & {cell(value)} \\" for name, value in document.summary]
    yield "\n".join([r"\begin{center}\begin{tabular}{ll}", *lines, r"\end{tabular}\end{center}"])
    yield r"\tableofcontents"
    for section in document.sections:
        yield rf"\section{{{escape_text(section.title)}}}"
        for block in section.blocks:
            if isinstance(block, Alive):
                yield rf"\emph{{{in_latex(block.on_paper, bindings)}}}"
            else:
                yield write(block, bindings, long_tables=True)
