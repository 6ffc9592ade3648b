"""What `pgsym solve --out` writes: documents that compile."""

import pytest
from paper import Paper, compiled
from report_pages import problem
from skips import NEEDS_TEX

from pgsym.reports.files import write_solution

PAGES = [
    ("short-corridor", range(1, 3)),
    ("two-state, gamma", range(1, 4)),
    ("hostile", range(1, 6)),
    ("recycling-robot", range(1, 6)),
]
"""How long the solutions are, with other fonts and versions of TeX too."""


@NEEDS_TEX
@pytest.mark.parametrize(("name", "pages"), PAGES)
def test_solution_and_picture_compile_without_complaint(tmp_path, name, pages):
    model = problem(name)
    assert [path.name for path in write_solution(model, tmp_path)] == [
        "solution.tex", "graph.svg", "graph.tex"
    ]  # fmt: skip
    found = compiled((tmp_path / "solution.tex").read_text(encoding="utf-8"), tmp_path)
    assert found.complaints == ()
    assert found.pages in pages
    assert compiled((tmp_path / "graph.tex").read_text(encoding="utf-8"), tmp_path) == Paper(1, ())
