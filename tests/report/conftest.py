"""Reports that several tests read."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_pages import QUICK, problem, tree

from pgsym.reports.page import report


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    """Writes the quick report of a problem once; gives its folder."""
    folders: dict[str, Path] = {}

    def write(name: str) -> Path:
        if name not in folders:
            folder = tmp_path_factory.mktemp("report")
            report(problem(name), folder, **QUICK)
            folders[name] = folder
        return folders[name]

    return write


@pytest.fixture
def page(written):
    """The tree of a problem's page."""
    return lambda name: tree((written(name) / "index.html").read_text(encoding="utf-8"))
