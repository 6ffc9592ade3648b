"""What the graph of an MDP may carry, and outcomes of actions, read from its edges or from rows.

Any other attribute is a misspelling, or says that it is not ours.
"""

from __future__ import annotations

import numbers
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import networkx as nx
import sympy as sp

from pgsym.errors import StructureError
from pgsym.expression.complaint import nearest
from pgsym.expression.exact import to_expr

State = Hashable
Action = Hashable


Row = tuple[State, Action, State, Any, Any]
"""[s, a, s', p, r]."""


class Outcome(NamedTuple):
    """One way in which an action can turn out: next state, probability, reward."""

    state: State
    p: sp.Expr
    r: sp.Expr


def require_rows(rows: Iterable[Sequence[Any]]) -> None:
    """States and actions are hashable; ``True`` does not pass for 1, which Python takes it to equal."""
    seen: dict[str, dict[Any, Any]] = {"state": {}, "action": {}}
    for index, row in enumerate(rows):
        if wrong := _wrong_row(row, seen):
            raise StructureError(wrong, where=f"transitions[{index}]")


def _wrong_row(row: Sequence[Any], seen: Mapping[str, dict[Any, Any]]) -> str | None:
    """What is wrong with a row after those that have been `seen`; None if nothing is."""
    if len(row) != 5:
        return f"found {len(row)} entries; an outcome is [s, a, s', p, r]. Give all five"
    for kind, name in (("state", row[0]), ("action", row[1]), ("state", row[2])):
        try:
            first = seen[kind].setdefault(name, name)
        except TypeError:
            return f"found the {kind} {name!r}; a name is hashable. Use text, a number or a tuple"
        if name is None:
            return f"found the {kind} None; a name is required. Give one"
        if isinstance(first, bool) != isinstance(name, bool):
            return f"the {kind}s {first!r} and {name!r} are equal in Python; names must be distinct. Rename one"
    return None


def require_distinct(states: Iterable[State]) -> dict[State, None]:
    """The states in their order; none is listed twice."""
    seen: dict[State, None] = {}
    for s in states:
        if s in seen:
            raise StructureError(f"state {s!r} is listed twice; names must be distinct. Rename one", where="states")
        seen[s] = None
    return seen


def is_in(known: Mapping[State, Any], name: Any) -> bool:
    """Whether it is one of them; what is not hashable is none."""
    try:
        return name in known
    except TypeError:  # not hashable
        return False


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


KNOWN = {
    "node": ("terminal", "start"),
    "edge": ("action", "p", "r", "order"),
    "graph": ("gamma", "symbols"),
}
"""The attributes that are read."""

DRAWN = frozenset(
    ("label", "pos", "x", "y", "z", "size", "color", "colour", "fill", "shape", "style", "width", "height")
)
"""What drawing programs write beside them; like every name that begins with _, it is not read."""

_MEANT = {
    **dict.fromkeys(("reward", "rewards"), "r"),
    **dict.fromkeys(("prob", "probability", "weight"), "p"),
    **dict.fromkeys(("discount", "discount_factor"), "gamma"),
    **dict.fromkeys(("done", "absorbing", "final"), "terminal"),
    **dict.fromkeys(("initial", "init", "mu0"), "start"),
    "a": "action",
}
"""Other names for ours, too unlike them in spelling to be found by it."""


def complaint(scope: str, data: Mapping[str, Any], extra: tuple[str, ...] = ()) -> str | None:
    """What is wrong with the attributes of a node, an edge or a graph, which may be `extra` ones: a text, or None.

    >>> complaint("edge", {"action": "go", "p": 1, "reward": 5})
    "found the edge attribute 'reward'; the nearest is 'r'. Rename it, or write '_reward' if it is not pgsym's"
    >>> complaint("edge", {"action": "go", "p": 1})
    'the edge has no attribute r; every edge needs action, p and r. Write r=0 where there is no reward'
    """
    known = (*KNOWN[scope], *extra)
    for name in data:
        if name in known or name in DRAWN or str(name).startswith("_"):
            continue
        if name in ("node_default", "edge_default") and not data[name]:  # networkx.read_graphml
            continue
        meant = _MEANT.get(str(name).lower(), str(name).lower())
        owner = next((other for other, names in KNOWN.items() if meant in names and meant not in known), None)
        if owner:
            article = "an" if owner == "edge" else "a"
            return f"found the {scope} attribute {name!r}; {meant} is an attribute of {article} {owner}. Write it there"
        help = nearest(meant, known, f"a {scope} has" if scope != "edge" else "an edge has")
        return f"found the {scope} attribute {name!r}; {help}. Rename it, or write {f'_{name}'!r} if it is not pgsym's"
    if scope == "edge":
        for name in ("action", "p", "r"):
            if data.get(name) is None:
                remedy = "Write r=0 where there is no reward" if name == "r" else "Add it"
                return f"the edge has no attribute {name}; every edge needs action, p and r. {remedy}"
        order = data.get("order", 0)
        if isinstance(order, bool) or not isinstance(order, numbers.Real) or order != order:
            return f"found order = {order!r}; a number is required, which sorts outcomes. Write order=0, 1, ..."
    terminal = data.get("terminal")
    if scope == "node" and terminal not in (None, False, True):
        return f"found terminal = {terminal!r}; True or False is required. Write terminal=True where the episode ends"
    return None
