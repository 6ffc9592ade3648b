"""The comment ``//pgsym {...}`` in a DRN file: names and assumptions, which Storm skips."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgsym.errors import SchemaError
from pgsym.model.files.names import plain_name
from pgsym.model.files.reading import read_text
from pgsym.model.mdp import MDP, Action, State

PREFIX = "//pgsym "


@dataclass(frozen=True)
class Notes:
    """What the numbers and words of a DRN file are called in pgsym."""

    states: tuple[State, ...]
    terminal: frozenset[int]
    """Numbers of the terminal states."""
    actions: Mapping[str, Action] = field(default_factory=dict)
    """Word in the file to action, where they differ."""
    symbols: Mapping[str, str] = field(default_factory=dict)

    def line(self) -> str:
        """The comment.

        >>> Notes(("s", (0, 1)), frozenset({1})).line()
        '//pgsym {"states": ["s", [0, 1]], "terminal": [1]}'
        """
        found: dict[str, Any] = {
            "states": [plain_name(s, "states") for s in self.states],
            "terminal": sorted(self.terminal),
        }
        if self.actions:
            found["actions"] = [[word, plain_name(a, "actions")] for word, a in self.actions.items()]
        if self.symbols:
            found["symbols"] = dict(self.symbols)
        return PREFIX + json.dumps(found, ensure_ascii=False)


def notes_of(mdp: MDP, words: Mapping[Action, str]) -> Notes:
    """The notes of a model whose actions are written as `words`."""
    return Notes(
        mdp.states,
        frozenset(i for i, s in enumerate(mdp.states) if s in mdp.terminal),
        {word: a for a, word in words.items() if word != a},
        mdp.assumptions,
    )


def read_notes(line: str, where: str) -> Notes:
    """The notes in a comment line.

    Raises
    ------
    SchemaError
        The line is not what `Notes.line` writes.
    """
    found = read_text(line.removeprefix(PREFIX), "json", where=where)
    wanted = {"states": list, "terminal": list, "actions": list, "symbols": dict}
    if not isinstance(found, dict) or not {"states", "terminal"} <= set(found) <= set(wanted):
        raise _refusal(where)
    actions = found.get("actions", [])
    symbols = found.get("symbols", {})
    ok = all(isinstance(found[key], wanted[key]) for key in found)
    ok = ok and all(isinstance(i, int) and not isinstance(i, bool) and i >= 0 for i in found["terminal"])
    ok = ok and all(isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) for row in actions)
    ok = ok and all(isinstance(text, str) for text in symbols.values())
    if not ok:
        raise _refusal(where)
    states = _names(found["states"], where)
    names = _names([name for _, name in actions], where)
    return Notes(
        states,
        frozenset(found["terminal"]),
        dict(zip((word for word, _ in actions), names, strict=True)),
        symbols,
    )


def _names(values: Sequence[Any], where: str) -> tuple[State, ...]:
    """Lists, which JSON has for tuples, as tuples."""

    def name(value: Any) -> Any:
        if isinstance(value, list):
            return tuple(name(part) for part in value)
        if isinstance(value, dict) or value is None:
            raise _refusal(where)
        return value

    return tuple(name(value) for value in values)


def _refusal(where: str) -> SchemaError:
    return SchemaError(
        "the note after //pgsym is not one that pgsym writes; it names states, terminal, actions and symbols. "
        "Remove the line, and states are numbered",
        where=where,
    )
