"""How far a long estimate has come."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int], None]
"""Called with (done, n)."""

PATIENCE = 2.0
"""Seconds after which a progress bar appears."""


@contextmanager
def reporter(progress: bool | Progress | None, n: int) -> Iterator[Progress]:
    """A function of (done, n): the caller's own, a bar that appears after `PATIENCE` seconds, or nothing."""
    if callable(progress):
        yield progress
        return
    if progress is False or (progress is None and not sys.stderr.isatty()):
        yield lambda done, n: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("sampling"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Bar(*columns, console=Console(stderr=True), transient=not progress)
    task = bar.add_task("sampling", total=n)
    began = time.monotonic()

    def report(done: int, n: int) -> None:
        if progress or time.monotonic() - began > PATIENCE:
            bar.start()
        bar.update(task, completed=done)

    try:
        yield report
    finally:
        bar.stop()
