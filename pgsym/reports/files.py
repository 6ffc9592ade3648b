"""Writing results to a folder: LaTeX and pictures."""

from __future__ import annotations

from pathlib import Path

from pgsym.errors import SchemaError, TooLargeError
from pgsym.exact.solution import Solution, default_names
from pgsym.expression.latex import document
from pgsym.model.drawing import is_drawable, svg, tikz
from pgsym.model.files.atomic import write_atomically
from pgsym.model.problem import Problem


def write_solution(problem: Problem, solution: Solution, folder: Path) -> list[Path]:
    """``solution.tex`` (compilable), ``graph.svg`` and ``graph.tex`` (TikZ) in `folder`.

    Where the closed forms are too large, ``solution.tex`` holds the exact values at theta; a model that is too
    large to draw has no pictures.
    """
    title = f"{problem.name}: {problem.objective}"
    names = default_names(solution.objective)
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
