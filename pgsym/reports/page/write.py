"""`report`: a folder with the page and the document of one problem."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pgsym.claims.derivation.html import mathml
from pgsym.errors import SchemaError
from pgsym.model.files.atomic import write_atomically
from pgsym.model.problem import Problem, ProblemLike
from pgsym.reports.page import html, latex
from pgsym.reports.page.document import Builder
from pgsym.reports.page.settings import Settings

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
        The fields of `pgsym.reports.page.settings.Settings`: samples, steps, seeds, batch, seed, horizon.

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
    chosen = Settings(**settings)
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SchemaError(f"cannot be made ({error.strerror}). Choose another folder", where=str(place)) from None
    mathml("0")  # without latex2mathml there is no page: that is said before the work
    version = importlib.metadata.version("pgsym")
    document = Builder(problem, chosen, version).document(progress or (lambda done, n: None))
    files = {PAGE: html.page(document, version), PAPER: latex.text(document)}
    return [write_atomically(place / name, text) for name, text in files.items()]
