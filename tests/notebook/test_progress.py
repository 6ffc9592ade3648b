"""A long computation in a notebook writes one line over and over, and needs no widgets."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from pgsym.display import progress


@pytest.fixture
def lines(monkeypatch):
    """What a kernel would show: the texts of one display, in order."""
    shown = []

    def show(data, **options):
        shown.append(data["text/plain"])
        return SimpleNamespace(update=lambda data, raw: shown.append(data["text/plain"]))

    shell, display = ModuleType("IPython"), ModuleType("IPython.display")
    shell.get_ipython = lambda: SimpleNamespace(kernel="a kernel")
    display.display = show
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


@pytest.mark.usefixtures("lines")
def test_kernel_is_recognised():
    assert progress.in_notebook()


def test_terminal_is_no_kernel(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not progress.in_notebook()


def test_line_shows_the_first_and_the_last_count(lines):
    with progress.reporter(True, 4) as report:
        for done in range(1, 5):
            report(done, 4)
    assert lines == ["1 of 4 sampled", "4 of 4 sampled"]


def test_short_computation_shows_nothing_unless_asked(lines):
    with progress.reporter(None, 4) as report:
        report(4, 4)
    with progress.reporter(False, 4) as report:
        report(4, 4)
    assert lines == []
