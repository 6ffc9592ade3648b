"""A study's results as a table and as JSON."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgsym.study import Store
from pgsym.study.summary import COLUMNS, result_rows


def study_table(store: Store) -> RenderableType:
    """Progress, the table of results, and the digest of the numbers."""
    done, planned = store.trajectories()
    head = Text(f"{store.study.name}: {done} of {planned} trajectories", style="bold")
    if not store.finished:
        return Group(head, Text("not finished; run it again to go on"))
    table = Table(box=None, pad_edge=False, header_style="dim")
    for i, column in enumerate(COLUMNS):
        table.add_column(column, justify="left" if i < 2 else "right", overflow="fold")
    for row in result_rows(store):
        table.add_row(*row)
    return Group(head, table, *_missing(store), Text(f"digest {store.digest()}", style="dim"))


def _missing(store: Store) -> list[Text]:
    rows = store.rows("SELECT DISTINCT missing FROM exact WHERE missing IS NOT NULL ORDER BY missing")
    return [Text(f"no exact law: {row['missing']}") for row in rows]


def study_json(store: Store) -> dict[str, Any]:
    """Plain data: what is done, and the rows of the view ``result``."""
    done, planned = store.trajectories()
    rows = store.rows("SELECT * FROM result")
    for row in rows:
        for key in ("theta", "estimator"):
            row[key] = json.loads(row[key])
    finished = store.finished
    return {
        "name": store.study.name,
        "fingerprint": store.study.fingerprint,
        "trajectories": {"done": done, "planned": planned},
        "finished": finished,
        "digest": store.digest() if finished else None,
        "results": rows,
    }
