"""The names of an estimator's own and the numbers they stand for, as Python, JSON and the command line give them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from pgsym.errors import SchemaError
from pgsym.expression.complaint import short
from pgsym.expression.exact import to_expr


def base(head: str) -> str:
    """The name in a head such as v(s)."""
    return head.partition("(")[0].strip()


def require_count(value: Any, *, where: str) -> None:
    """A whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SchemaError(f"found {value!r}; a whole number of at least 1 is required. Give one", where=where)


def given_value(value: Any, where: str) -> Any:
    """Text as it is, numbers as expressions; rows [state, value] are numbers by state."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        value = dict(_row(row, f"{where}[{i}]") for i, row in enumerate(value))
    if isinstance(value, Mapping):
        return {s: to_expr(v, where=f"{where}[{s!r}]") for s, v in value.items()}
    return to_expr(value, where=where)


def _row(row: Any, where: str) -> tuple[Hashable, Any]:
    """A row [state, value], as JSON holds an entry of a mapping; lists in a state's name stand for tuples."""
    if not isinstance(row, list) or len(row) != 2:
        raise SchemaError(f"found {short(repr(row))}; a row is [state, value]. Give both in a list", where=where)
    state = _as_tuples(row[0])
    try:
        hash(state)
    except TypeError:
        raise SchemaError(f"found {short(repr(row[0]))}; a state's name is required. Give one", where=where) from None
    return state, row[1]


def _as_tuples(name: Any) -> Any:
    return tuple(map(_as_tuples, name)) if isinstance(name, list) else name
