"""Paths of gradient ascent as a terminal table."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgsym.ascent.result import Ascent


def ascent_table(found: Ascent, *, ascii: bool = False) -> RenderableType:
    """A row for each method, with J along its path as a small curve; below, what the table does not hold."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    left = {found.HEADER[0], found.HEADER[-1]}
    for column in found.HEADER:
        table.add_column(column, justify="left" if column in left else "right", no_wrap=True)
    for row in found.rows(ascii=ascii):
        # A label may hold brackets, which are no markup.
        table.add_row(*map(Text, row))
    return Group(table, *(Text(note, style="dim") for note in found.below))
