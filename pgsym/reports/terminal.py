"""Results on the terminal: tables, verdicts, audits, and how far a long command has come."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.status import Status
from rich.table import Column, Table
from rich.text import Text

from pgsym.display.figure import ANSWERS
from pgsym.model.problem import point_text

if TYPE_CHECKING:
    # The one loads jax, the other all that decides claims.
    from pgsym.auditing.cross_check import CrossCheck
    from pgsym.claims.checking import Checked
    from pgsym.display.result import TableResult
    from pgsym.model.problem import Problem

_COLUMNS = {"closed_form": "closed form", "exact": "exact at theta", "float": "float"}

FORMULA_WIDTH = 58
"""Characters of a formula that a cell shows; a longer one begins there."""

LINE_WIDTH = 320
"""Characters of a formula that has lines of its own."""

CUT = "..."
"""What ends the head of a formula."""

ROWS = 24
"""Rows of one table that are shown."""


def solution_table(data: Mapping[str, Any], note: Text | None) -> RenderableType:
    """The JSON schema of a solution (`pgsym.reports.values`) as one table for each quantity, a note above them."""
    head = Text(f"{data['model']}  ({data['objective']}, gamma = {data['gamma']})", style="bold")
    tables = {
        name: list(_leaves(value, ())) for name, value in data.items() if isinstance(value, dict) and name != "theta"
    }
    every = [leaf for rows in tables.values() for _, leaf in rows]
    views = [view for view in _COLUMNS if any(leaf[view] is not None or is_beyond_floats(leaf) for leaf in every)]
    parts: list[RenderableType] = [head, *([note] if note else [])]
    for name, rows in tables.items():
        table = grid(("", *(_COLUMNS[view] for view in views)), right=("float",), title=name, title_justify="left")
        for place, leaf in rows[:ROWS]:
            table.add_row(", ".join(place), *(_cell(leaf, view) for view in views))
        if len(rows) > ROWS:
            table.add_row(f"... {len(rows) - ROWS} more")
        parts.append(table)
    if "closed_form" not in views:
        parts.append(Text("closed forms are too large to be shown", style="dim"))
    if "exact" not in views:
        parts.append(Text("theta has no exact numbers that can be shown", style="dim"))
    if any(leaf[view] and len(leaf[view]) > FORMULA_WIDTH for leaf in every for view in ("closed_form", "exact")):
        parts.append(Text(WHERE_TO_FIND, style="dim"))
    return Group(*parts)


WHERE_TO_FIND = f"{CUT} ends the head of a longer formula; all of it: --json, --latex, --out FOLDER"
"""What stands under formulas that are cut."""


def no_floats(symbols: Sequence[str]) -> Text:
    """Why a symbolic model has no column of floats, and the remedy.

    >>> no_floats(["alpha", "beta"]).plain
    'alpha, beta have no value, so there are no floats; --set alpha=1/2,beta=... gives them one'
    """
    given = ",".join(f"{name}={'...' if k else '1/2'}" for k, name in enumerate(symbols[:2]))
    have, them = ("have", "them") if len(symbols) > 1 else ("has", "it")
    return Text(f"{', '.join(symbols)} {have} no value, so there are no floats; --set {given} gives {them} one")


def cut(text: str, width: int) -> str:
    """A formula, or its head where it is longer.

    >>> cut("x + y", 9), cut("x + y + z", 7)
    ('x + y', 'x + ...')
    """
    if len(text) <= width:
        return text
    head = text[: width - len(CUT)]
    return head[: head.rfind(" ") + 1 or None] + CUT


def _leaves(value: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if value and "closed_form" in value and not isinstance(value["closed_form"], dict):
        yield place, value
        return
    for key, below in value.items():
        yield from _leaves(below, (*place, key))


def _cell(leaf: Mapping[str, Any], view: str) -> str:
    if view != "float":
        return "too large" if leaf[view] is None else cut(leaf[view], FORMULA_WIDTH)
    if leaf["float"] is not None:
        return f"{leaf['float']:.10g}"
    return "beyond floats" if is_beyond_floats(leaf) else ""


def is_beyond_floats(leaf: Mapping[str, Any]) -> bool:
    """Whether an entry is a number that no float can hold.

    >>> is_beyond_floats({"exact": "-2*exp(1000)", "float": None}), is_beyond_floats({"exact": "2*p", "float": None})
    (True, False)
    """
    names = re.findall(r"[^\W\d]\w*", leaf["exact"] or "x")
    return leaf["float"] is None and set(names) <= {"exp", "log", "sqrt", "E"}


def highlighted(shown: str) -> Text:
    """Lines that begin with a status, in its colour."""
    text = Text(shown)
    for status, style in ANSWERS.items():
        text.highlight_regex(rf"(?m)^\s*{status}(?=:| for every)", style)
    return text


def working(task: str) -> Status:
    """A spinner on standard error while something takes its time; nothing where that is no terminal."""
    return Console(stderr=True).status(f"{task} ...")


@contextmanager
def sampling() -> Iterator[Callable[[int, int], None]]:
    """`working` while samples are drawn, which begins with a compilation; gives a function of (done, n)."""
    with working("sampling") as status:
        yield lambda done, n: status.update(f"sampling, {done:,} of {n:,} trajectories ...")


def console() -> Console:
    """Standard output; wide enough for formulas when it is not a terminal."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=120)


def grid(header: Iterable[str | Column], right: Collection[str] = (), **options: Any) -> Table:
    """A table without lines; columns with a name alone are folded, and flush left but for those of numbers."""
    columns = (
        Column(c, justify="right" if c in right else "left", overflow="fold") if isinstance(c, str) else c
        for c in header
    )
    return Table(*columns, box=None, pad_edge=False, header_style="dim", **options)


def zoo_table(entries: Iterable[Any]) -> Table:
    """Name, description and source of each named model."""
    table = grid(("name", "what it is", "source"))
    for e in entries:
        table.add_row(f"[bold]{e.name}[/]", e.description, e.source)
    return table


def cross_check_table(check: CrossCheck, theta: Mapping[Any, Any]) -> RenderableType:
    """Exact beside sampled at theta, the worst coordinates first where there are many."""
    rows = sorted(check.rows(), key=lambda row: -abs(row[-1])) if len(check.truth) > ROWS else check.rows()
    title = f"gradient of the {check.estimate.horizon}-step problem, {check.estimate.n} trajectories"
    numbers = ("exact", "sampled", "s.e.", "z")
    table = grid(("parameter", *numbers), right=numbers)
    for name, exact, mean, se, z in rows[:ROWS]:
        table.add_row(name, f"{exact:.6g}", f"{mean:.6g}", f"{se:.2g}", f"{z:+.2f}")
    if len(rows) > ROWS:
        table.add_row(f"... {len(rows) - ROWS} more, all with smaller |z|", "", "", "", "")
    return Group(Text(title, style="italic"), Text(f"at {point_text(theta)}", style="italic"), table)


def result_table(
    found: TableResult, *, style: str = "bold", cells: Sequence[Sequence[str]] | None = None
) -> RenderableType:
    """The lines above the table in a style, the table (of `cells`, or the result's own), and the lines below it."""
    header, *rows = found.cells() if cells is None else cells
    table = grid(header, right=[column for i, column in enumerate(header) if i not in found.LEFT])
    for row in rows:
        # A name may hold brackets, which are no markup.
        table.add_row(*map(Text, row))
    above = (Text(line, style=style) for line in found.above)
    below = (indented(line, style="dim") for text in found.below for line in text.splitlines())
    return Group(*above, *([table] if rows else []), *below)


def indented(line: str, more: int = 0, style: str = "") -> RenderableType:
    """A line that keeps its indentation, and `more`, where it is folded."""
    text = line.lstrip()
    return Padding(Text(text, style=style), (0, 0, 0, len(line) - len(text) + more), expand=False)


def audit_text(audit: Checked, problem: Problem, name: str) -> Text:
    """The model, every relation with its verdict, and a closing line."""
    head = Text.assemble((problem.name, "bold"), f", {problem.mdp}" + (f": {name}" if name else "") + "\n\n")
    body = highlighted(audit.text())
    body.highlight_regex(r"(?m) {3}# .*$", "dim")
    body.highlight_regex(r"[^\n]*$", "bold")
    return head.append_text(body)
