"""The estimators that have a name, as a table and one by one, and a text of one's own."""

from __future__ import annotations

import re
from typing import Any

import sympy as sp
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgsym.errors import SchemaError
from pgsym.estimators.estimator import ESTIMATORS, NAMES, UNDISCOUNTED, NamedText, find_estimator, named_text
from pgsym.expression.complaint import nearest, short

COUNT = 3
"""Stands for a whole number in the LaTeX of a text that needs one."""


def known() -> list[str]:
    """Their names, without those that only leave out gamma^t."""
    return list(ESTIMATORS)


def estimator_json(name: str) -> dict[str, Any]:
    """Plain data; null stands for what has to be given with let.

    >>> estimator_json("actor-critic")["let"]
    {'v(s)': 'V(s)'}
    """
    definition = _definition(name)
    return {
        "name": name,
        "text": _text(name),
        "let": dict(definition.let),
        "source": definition.source,
        "latex": _latex(name),
    }


def estimators_table() -> RenderableType:
    """A row for each: name, text, what its names stand for, source."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", no_wrap=True)
    for column in ("text", "let", "source"):
        table.add_column(column, overflow="fold")
    for name, definition in ESTIMATORS.items():
        table.add_row(Text(name, "bold"), Text(definition.text), Text(_let(definition)), Text(definition.source))
    rest = f"{UNDISCOUNTED} behind a name leaves out gamma^t; --let gives what its names stand for."
    return Group(table, Text(), Text(rest, "dim"))


def estimator_page(name: str) -> RenderableType:
    """One of them, with its LaTeX."""
    definition = _definition(name)
    parts = {"let": _let(definition), "source": definition.source, "LaTeX": _latex(name)}
    lines = [Text.assemble((f"{key}: ", "dim"), value) for key, value in parts.items() if value]
    return Group(*([Text(name, "bold")] if name in NAMES else []), Text(_text(name)), *lines)


def _text(name: str) -> str:
    return named_text(name) if name in NAMES else str(find_estimator(name))


def _definition(name: str) -> NamedText:
    if name not in NAMES and not re.fullmatch(r"[\w-]*", name):
        return NamedText(name, {}, "")
    if name not in NAMES:
        near = nearest(name, list(ESTIMATORS), "they are")
        raise SchemaError(f"found {short(repr(name))}; {near}. Choose one of them", where="estimators")
    return ESTIMATORS[name.removesuffix(UNDISCOUNTED)]


def _let(definition: NamedText) -> str:
    return ", ".join(head if value is None else f"{head} = {value}" for head, value in definition.let.items())


def _latex(name: str) -> str:
    needed = {head: value for head, value in _definition(name).let.items() if value is None}
    counts = {head: COUNT for head in needed if f"<{head}>" in _text(name)}
    return find_estimator(name, {head: sp.Symbol(head) for head in needed} | counts).latex()
