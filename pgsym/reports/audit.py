"""An audit as a terminal table."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgsym.auditing.result import AuditResult
from pgsym.display.palette import ANSWERS

ROWS = 24
"""Rows that are shown; the largest deviations first where there are more."""


def audit_table(result: AuditResult) -> RenderableType:
    """Exact beside observed, the verdict, and what explains it."""
    rows = result.rows()
    if len(rows) > ROWS:
        rows = sorted(rows, key=lambda row: -abs(row[2] - row[1]))
    table = Table(box=None, pad_edge=False, header_style="dim")
    predicted = result.diagnosis is not None and result.diagnosis.predicted is not None
    for column in ("parameter", "exact", "observed", "s.e.", *(["predicted"] if predicted else [])):
        table.add_column(column, justify="left" if column == "parameter" else "right")
    for name, exact, seen, se, guess in rows[:ROWS]:
        cells = [name, f"{exact:.6g}", f"{seen:.6g}", f"{se:.1e}"]
        table.add_row(*cells, *([] if guess is None else [f"{guess:.6g}"]))
    if len(rows) > ROWS:
        table.add_row(f"... {len(rows) - ROWS} more, all closer")
    parts: list[RenderableType] = [Text(result.headline, style=ANSWERS[result.verdict]), table]
    parts += [Text(line, style="dim") for line in result.details]
    if result.diagnosis is not None:
        parts.append(Text(str(result.diagnosis)))
    return Group(*parts)
