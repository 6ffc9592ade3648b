"""Names in a model file: which state or action a key stands for, how one is written."""

from __future__ import annotations

import json
import numbers
from collections.abc import Hashable, Iterable
from typing import Any

from pgsym.errors import SchemaError, StructureError
from pgsym.expression.complaint import nearest, short


class FileNames:
    """The names of one kind (state or action), to be looked up by the keys of a mapping.

    JSON's keys are always text, so a key stands for the name that equals it, else for the one name that is
    written like it: ``"1"`` for 1, ``"[0, 1]"`` for (0, 1).  ``1``, ``"1"`` and ``true`` are three names.

    Examples
    --------
    >>> names = FileNames("state", [(0, 0), (0, 1), "1"])
    >>> names.find("[0, 1]", "start"), names.find(1, "start")
    ((0, 1), '1')
    """

    def __init__(self, kind: str, names: Iterable[Hashable]) -> None:
        self.kind = kind
        self._exact: dict[Any, Hashable] = {}
        self._written: dict[str, list[Hashable]] = {}
        for name in names:
            self._exact[_typed(name)] = name
            self._written.setdefault(_written(name), []).append(name)

    def find(self, key: Any, where: str) -> Hashable:
        """The name that `key` stands for.

        Raises
        ------
        StructureError
            No name, or more than one, is written like the key.
        """
        typed = _typed(key)
        if typed in self._exact:
            return self._exact[typed]
        found = self._written.get(_written(key), [])
        if len(found) == 1:
            return found[0]
        if found:
            meanings = " or ".join(short(repr(name)) for name in found)
            raise StructureError(
                f"{short(repr(key))} can mean {meanings}; a key must mean one {self.kind}. "
                "Use the form with rows, which keeps types",
                where=where,
            )
        known = [_written(name) for name in self._exact.values()]
        help = nearest(_written(key), known, f"the {self.kind}s are")
        raise StructureError(
            f"{self.kind} {short(repr(key))} is unknown; {help}. Check its name",
            where=where,
        )


def _typed(name: Any) -> Any:
    """Equal only for names of one type: in Python 1 == True == 1.0."""
    if isinstance(name, tuple):
        return tuple(map(_typed, name))
    return (type(name), name)


def _written(name: Any) -> str:
    return name if isinstance(name, str) else json.dumps(name)


def plain_name(name: Any, where: str) -> Any:
    """A name as YAML and JSON can hold it; tuples become lists.

    Raises
    ------
    SchemaError
        The name is of another type.

    Examples
    --------
    >>> plain_name((0, "a"), "states")
    [0, 'a']
    """
    if isinstance(name, tuple):
        return [plain_name(part, where) for part in name]
    if isinstance(name, bool):
        return name
    for kind, convert in ((str, str), (numbers.Integral, int), (float, float)):
        if isinstance(name, kind):
            return convert(name)
    raise SchemaError(
        f"{name!r} is of type {type(name).__name__}; a model file holds text, numbers, true, false "
        "and tuples of these as names. Rename it",
        where=where,
    )
