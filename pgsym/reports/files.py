"""Writing results to a folder: LaTeX and pictures."""

from __future__ import annotations

from pathlib import Path

from pgsym.claims import Derivation
from pgsym.claims.derivation.closed import ClosedForms
from pgsym.claims.derivation.model_tables import is_small, values
from pgsym.errors import NotInFieldError, SchemaError, TooLargeError
from pgsym.exact import solve
from pgsym.exact.solution import default_names
from pgsym.expression.latex import document
from pgsym.model.drawing import is_drawable, svg, tikz
from pgsym.model.files.atomic import write_atomically
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
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SchemaError(f"cannot be made ({error.strerror}). Choose another folder", where=str(folder)) from None
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
