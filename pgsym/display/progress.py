"""How far a long command has come."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

Progress = Callable[[int, int], None]
"""Called with (done, n)."""

PATIENCE = 2.0
"""Seconds after which a progress bar appears."""
REFRESH = 0.2
"""Seconds after which a notebook's line is written again."""


@contextmanager
def reporter(progress: bool | Progress | None, n: int | None = None, *, task: str = "sampling") -> Iterator[Progress]:
    """A function of (done, n): the caller's own, a bar that appears after `PATIENCE` seconds, or nothing.

    A notebook shows a line of text instead of a bar: widgets need not be installed.
    """
    if callable(progress):
        yield progress
        return
    if progress is not False and in_notebook():
        yield _line(0.0 if progress else PATIENCE)
        return
    if progress is False or (progress is None and not sys.stderr.isatty()):
        yield lambda done, n: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(task), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Bar(*columns, console=Console(stderr=True), transient=not progress)
    line = bar.add_task(task, total=n)
    began = time.monotonic()

    def report(done: int, n: int) -> None:
        if progress or time.monotonic() - began > PATIENCE:
            bar.start()
        bar.update(line, completed=done, total=n)

    try:
        yield report
    finally:
        bar.stop()


def in_notebook() -> bool:
    """Whether this process is a notebook's kernel."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def _line(patience: float) -> Progress:
    """A line of output that says how far it is, written over at most every `REFRESH` seconds."""
    display = import_module("IPython.display").display
    began, shown = time.monotonic(), 0.0
    line: Any = None

    def report(done: int, n: int) -> None:
        nonlocal shown, line
        now = time.monotonic()
        if now - began < patience or (now - shown < REFRESH and done < n):
            return
        shown, text = now, {"text/plain": f"{done} of {n} sampled"}
        if line is None:
            line = display(text, raw=True, display_id=True)
        else:
            line.update(text, raw=True)

    return report
