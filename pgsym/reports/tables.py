"""Results that are tables on the terminal: the cells of their text, in colour."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgsym.display.result import TableResult


def result_table(
    found: TableResult, *, style: str = "bold", cells: Sequence[Sequence[str]] | None = None
) -> RenderableType:
    """The lines above the table in a style, the table, and the lines below it.

    Parameters
    ----------
    cells
        Instead of the result's own.
    """
    header, *rows = found.cells() if cells is None else cells
    table = Table(box=None, pad_edge=False, header_style="dim")
    for i, column in enumerate(header):
        table.add_column(column, justify="left" if i in found.LEFT else "right", overflow="fold")
    for row in rows:
        # A name may hold brackets, which are no markup.
        table.add_row(*map(Text, row))
    above, below = (Text(line, style=style) for line in found.above), (Text(line, style="dim") for line in found.below)
    return Group(*above, *([table] if rows else []), *below)
