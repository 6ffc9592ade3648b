"""A study's results as a terminal table."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgsym.study import StudyResult


def study_table(found: StudyResult) -> RenderableType:
    """Progress, the table of results, and the digest of the numbers."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    header, *rows = found.cells()
    for i, column in enumerate(header):
        table.add_column(column, justify="left" if i in found.LEFT else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    head = (Text(line, style="bold") for line in found.above)
    return Group(*head, *([table] if found.finished else []), *(Text(line, style="dim") for line in found.below))
