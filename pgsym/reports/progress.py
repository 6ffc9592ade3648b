"""How far a long command has come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PATIENCE = 2.0
"""Seconds after which a bar appears."""


@contextmanager
def progress_bar(task: str) -> Iterator[Callable[[int, int], None]]:
    """A function of (done, n) that shows a bar on standard error after `PATIENCE` seconds; on a terminal only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, n: None
        return
    columns = (TextColumn(task), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True)
    line = bar.add_task(task, total=None)
    began = time.monotonic()

    def report(done: int, n: int) -> None:
        bar.update(line, completed=done, total=n)
        if time.monotonic() - began > PATIENCE:
            bar.start()

    try:
        yield report
    finally:
        bar.stop()
