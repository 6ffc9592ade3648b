r"""`report`: a folder with the page and the document of one problem.

The LaTeX document needs amsmath and longtable, and TikZ for its pictures.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pgsym.claims.derivation.html import mathml
from pgsym.claims.derivation.latex import PREAMBLE, cell
from pgsym.claims.derivation.latex import write as write_block
from pgsym.claims.derivation.layout import in_latex
from pgsym.errors import SchemaError
from pgsym.expression.latex import document as standalone
from pgsym.expression.notation import escape_text
from pgsym.model.files.atomic import write_atomically
from pgsym.model.problem import Problem, ProblemLike
from pgsym.reports.page import html
from pgsym.reports.page.content import Alive, Document, Settings
from pgsym.reports.page.document import Builder

PAGE, PAPER = "index.html", "report.tex"
"""The files of a report."""


def report(
    problem: ProblemLike,
    folder: str | os.PathLike[str],
    *,
    progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> list[Path]:
    """Write ``index.html`` and ``report.tex`` about a model: everything pgsym knows, each line with its trust.

    Nothing is written before everything is computed, and each file appears whole or not at all: after Ctrl-C or an
    error the old report is still there.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.
    folder
        Made if it is not there.
    progress
        Called with (done, all) in hundredths of the work.
    settings
        The fields of `pgsym.reports.page.content.Settings`: samples, steps, seeds, batch, seed, horizon.

    Returns
    -------
    The paths of the page and of the document.

    Raises
    ------
    HypothesisError
        The objective is not defined on this model.
    MissingExtraError
        latex2mathml is not installed.
    SchemaError
        The folder cannot be made or written to, or a setting is out of range.

    See Also
    --------
    solve, verify, derive, cross_check, moments, ascend : The parts of the page.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = report("short-corridor", folder, samples=1000, steps=5)
    ...     [path.name for path in files]
    ['index.html', 'report.tex']
    """
    problem = Problem.of(problem)
    chosen, place = Settings(**settings), Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SchemaError(f"cannot be made ({error.strerror}). Choose another folder", where=str(place)) from None
    mathml("0")  # without latex2mathml there is no page: that is said before the work
    version = importlib.metadata.version("pgsym")
    document = Builder(problem, chosen, version).document(progress or (lambda done, n: None))
    files = {PAGE: html.page(document, version), PAPER: paper(document)}
    return [write_atomically(place / name, text) for name, text in files.items()]


PACKAGES = (
    *PREAMBLE,
    r"\usepackage{longtable}\setlength{\LTcapwidth}{\textwidth}",
    r"\setcounter{tocdepth}{1}",
    r"\emergencystretch=3em",
)


def paper(document: Document) -> str:
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
                yield write_block(block, bindings, long_tables=True)
