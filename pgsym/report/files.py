"""Writing results to a folder: LaTeX and pictures, each file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pgsym.exact.solution import Solution, default_names
from pgsym.expression.latex import document
from pgsym.model.drawing.svg import svg
from pgsym.model.drawing.tikz import tikz
from pgsym.model.problem import Problem


def write_atomically(path: Path, text: str) -> Path:
    """Write `text` beside `path` and move it into place, so that an interrupted run leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def write_solution(problem: Problem, solution: Solution, folder: Path) -> list[Path]:
    """``solution.tex`` (compilable), ``graph.svg`` and ``graph.tex`` (TikZ) in `folder`."""
    title = f"{problem.name}: {problem.objective}"
    text = document(solution.latex(default_names(solution.objective)), title)
    return [
        write_atomically(folder / "solution.tex", text),
        write_atomically(folder / "graph.svg", svg(problem.mdp)),
        write_atomically(folder / "graph.tex", tikz(problem.mdp)),
    ]
