"""Results as files: a solution's folder of LaTeX and pictures, a derivation in the format of its suffix, PDF."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from pgsym.claims.derivation import Derivation
from pgsym.claims.derivation.closed import ClosedForms
from pgsym.claims.derivation.model_tables import is_small, values
from pgsym.errors import MissingExtraError, NotInFieldError, SchemaError, TooLargeError
from pgsym.exact import solve
from pgsym.exact.solution import default_names
from pgsym.expression.latex import document
from pgsym.model.drawing import is_drawable, svg, tikz
from pgsym.model.files.atomic import make_folder, require_place, write_atomically
from pgsym.model.problem import Problem
from pgsym.reports.values import BUDGET, SECONDS


def write_solution(problem: Problem, folder: Path) -> list[Path]:
    """``solution.tex`` (compilable), ``graph.svg`` and ``graph.tex`` (TikZ) in `folder`.

    The closed forms keep pi(a|s) and name what they share, as those of a derivation do; where they are too large,
    ``solution.tex`` holds the exact values at theta.  A model that is too large to draw has no pictures.
    """
    text = _closed_forms(problem)
    if text is None:
        title, names = f"{problem.name}: {problem.objective}", default_names(problem.objective)
        solution = solve(problem, budget=BUDGET, seconds=SECONDS)
        try:
            text = document(solution.latex(names), title)
        except TooLargeError:
            text = document(solution.at().latex(names), f"{title}, at theta")
    make_folder(folder)
    written = [write_atomically(folder / "solution.tex", text)]
    if is_drawable(problem.mdp):
        written += [
            write_atomically(folder / "graph.svg", svg(problem.mdp)),
            write_atomically(folder / "graph.tex", tikz(problem.mdp)),
        ]
    return written


def _closed_forms(problem: Problem) -> str | None:
    """The document of a derivation's closed forms; None where they cannot be read."""
    if not is_small(problem.mdp):
        return None
    try:
        forms = ClosedForms(problem)
        blocks = (*forms.blocks(), *values(solve(problem, budget=BUDGET, seconds=SECONDS)))
    except (TooLargeError, NotInFieldError):
        return None
    return Derivation(f"{problem.name}: {problem.objective}", problem.objective, blocks).document()


TEXTS: dict[str, Callable[[Derivation], str]] = {
    ".tex": Derivation.document,
    ".md": Derivation.markdown,
    ".html": Derivation.html,
    ".claims": Derivation.text,
}
"""Suffix to what is written, besides ``.pdf``."""


def require_format(path: Path) -> None:
    """Refuse a file that could not be written, before anything is decided for it."""
    if path.suffix == ".pdf":
        require_engine(path)
    elif path.suffix not in TEXTS:
        known = ", ".join((*TEXTS, ".pdf"))
        raise SchemaError(f"found {path.suffix or 'no suffix'}; must be one of {known}", where=str(path))
    require_place(path)


def write_derivation(derivation: Derivation, path: Path) -> Path:
    """Write the derivation in the format of the path's suffix."""
    require_format(path)
    if path.suffix == ".pdf":
        return typeset(derivation.document(), path)
    return write_atomically(path, TEXTS[path.suffix](derivation))


_QUIET = ("-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape")

ENGINES = {"tectonic": (), "pdflatex": _QUIET, "lualatex": _QUIET, "xelatex": _QUIET}
"""Programs that typeset, and how they are called; the first that is found is used."""

TYPESETTING_SECONDS = 300.0


def require_engine(path: Path) -> str:
    """The TeX engine that writes the file."""
    name = next((name for name in ENGINES if shutil.which(name)), None)
    if name is None:
        raise MissingExtraError(
            f"none of {', '.join(ENGINES)} is installed; a PDF needs one. Install TeX, or write .tex, .md or .html",
            where=str(path),
        )
    return name


def typeset(document: str, path: Path) -> Path:
    """Write the PDF of a LaTeX document."""
    name = require_engine(path)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "document.tex"
        source.write_text(document, encoding="utf-8")
        try:
            run = subprocess.run(
                [name, *ENGINES[name], source.name],
                cwd=folder,
                capture_output=True,
                timeout=TYPESETTING_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SchemaError(
                f"{name} did not end within {TYPESETTING_SECONDS:g} s. Write the .tex file", where=str(path)
            ) from None
        result = source.with_suffix(".pdf")
        if run.returncode != 0 or not result.exists():
            raise SchemaError(f"{name} failed: {_complaint(run.stdout)}. Write the .tex file", where=str(path))
        return write_atomically(path, result.read_bytes())


def _complaint(output: bytes) -> str:
    """The first error of a TeX log."""
    lines = output.decode("utf-8", "replace").splitlines()
    return next((line.removeprefix("! ").rstrip(".") for line in lines if line.startswith("!")), "no message")
