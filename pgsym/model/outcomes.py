"""Outcomes of actions, read from the edges of a graph or from rows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sympy as sp

from pgsym.errors import StructureError
from pgsym.expression.exact import to_expr
from pgsym.model.attributes import complaint

if TYPE_CHECKING:
    import networkx as nx

State = Hashable
Action = Hashable


Row = tuple[State, Action, State, Any, Any]
"""[s, a, s', p, r]."""


class Outcome(NamedTuple):
    """One way in which an action can turn out: next state, probability, reward."""

    state: State
    p: sp.Expr
    r: sp.Expr


def require_names(rows: Iterable[Sequence[Any]]) -> None:
    """States and actions are hashable; ``True`` does not pass for 1, which Python takes it to equal."""
    states: dict[Any, Any] = {None: None}
    actions: dict[Any, Any] = {None: None}
    for index, row in enumerate(rows):
        for name, seen in ((row[0], states), (row[1], actions), (row[2], states)):
            try:
                first = seen.setdefault(name, name)
            except TypeError:
                first = _UNHASHABLE
            if first is not name or name is None:
                _check_name(name, first, "state" if seen is states else "action", f"transitions[{index}]")


_UNHASHABLE = object()


def _check_name(name: Any, first: Any, kind: str, where: str) -> None:
    """A name that is not the very object which was `first` among its equals."""
    if first is _UNHASHABLE:
        raise StructureError(
            f"found the {kind} {name!r}; a name is hashable. Use text, a number or a tuple", where=where
        )
    if name is None:
        raise StructureError(f"found the {kind} None; a name is required. Give one", where=where)
    if isinstance(first, bool) != isinstance(name, bool):
        raise StructureError(
            f"the {kind}s {first!r} and {name!r} are equal in Python; names must be distinct. Rename one",
            where=where,
        )


def require_distinct(states: Sequence[State]) -> None:
    """No state is listed twice."""
    seen: set[State] = set()
    for s in states:
        if s in seen:
            raise StructureError(f"state {s!r} is listed twice; names must be distinct. Rename one", where="states")
        seen.add(s)


def edge_rows(graph: nx.MultiDiGraph) -> list[Row]:
    """The edges in their order."""
    if not graph.is_directed() or not graph.is_multigraph():
        raise StructureError("the graph must be a networkx.MultiDiGraph. Convert it with nx.MultiDiGraph(graph)")
    edges = list(graph.edges(data=True))
    for s, t, data in edges:
        if wrong := complaint("edge", data):
            raise StructureError(wrong, where=(s, t))
    edges.sort(key=lambda edge: edge[2].get("order", 0))
    return [(s, data["action"], t, data["p"], data["r"]) for s, t, data in edges]


def outcome_table(
    rows: Iterable[Row], states: Iterable[State], terminal: frozenset[State]
) -> dict[State, dict[Action, tuple[Outcome, ...]]]:
    """{s: {a: outcomes}} in the order of the rows; each state either is terminal or has an action."""
    table: dict[State, dict[Action, list[Outcome]]] = {s: {} for s in states}
    called = {s: s for s in table}  # 1.0 is the state 1
    for s, a, t, p, r in rows:
        outcome = Outcome(called[t], to_expr(p, where=(s, a)), to_expr(r, where=(s, a)))
        if s in terminal:
            if t == s and outcome.r == 0:  # the usual drawing of an absorbing state
                continue
            raise StructureError(
                f"a terminal state has action {a!r} to {t!r} with reward {outcome.r}; "
                "nothing happens after a terminal state. Remove the transition or the terminal mark",
                where=s,
            )
        outcomes = table[s].setdefault(a, [])
        if outcome.p is not sp.S.Zero:  # what cannot happen is no outcome
            outcomes.append(outcome)
    for s, actions in table.items():
        if not actions and s not in terminal:
            raise StructureError(
                "0 actions; a state that is not terminal needs at least one. Add a transition or mark it terminal",
                where=s,
            )
    return {s: {a: tuple(outcomes) for a, outcomes in actions.items()} for s, actions in table.items() if actions}
