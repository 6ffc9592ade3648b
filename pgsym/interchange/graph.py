"""A problem as a graph of plain values: what GraphML and node-link JSON have in common.

Nodes are states with ``terminal`` and ``start``, edges are outcomes with ``action``, ``p``, ``r`` and ``order``, the
graph carries everything else of a model file: ``gamma``, ``objective``, ``symbols``, ``policy``, ``name``, ``source``.
Numbers are exact formulas as text.  `pgsym.model.files` reads and checks them, so both formats refuse what a model
file would refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgsym.errors import SchemaError
from pgsym.model.attributes import complaint
from pgsym.model.files import from_document, to_document
from pgsym.model.problem import Problem

ATTRIBUTES = ("name", "source", "gamma", "objective", "symbols", "policy")
"""Keys of a model file that the graph itself carries."""


@dataclass(frozen=True)
class Graph:
    """Nodes (name, attributes), edges (s, s', attributes), and the graph's own attributes."""

    nodes: Sequence[tuple[Any, Mapping[str, Any]]]
    edges: Sequence[tuple[Any, Any, Mapping[str, Any]]]
    attributes: Mapping[str, Any]


def to_graph(problem: Problem) -> Graph:
    """The graph of a problem; names and formulas are plain values.

    Raises
    ------
    SchemaError
        A name, a symbol or a kind of policy that a file cannot hold.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> graph = to_graph(zoo("short-corridor"))
    >>> graph.nodes[0], graph.edges[0]
    (('s1', {'terminal': False, 'start': 1}), ('s1', 's2', {'action': 'R', 'p': 1, 'r': -1, 'order': 0}))
    """
    document = to_document(problem)
    ended = [_key(s) for s in document.get("terminal", [])]
    start = document.get("start", {})
    mu0 = {_key(s): p for s, p in (start.items() if isinstance(start, dict) else start)}
    nodes = []
    for s in document["states"]:
        at = _key(s)
        nodes.append((s, {"terminal": at in ended, **({"start": mu0[at]} if at in mu0 else {})}))
    edges = [
        (s, t, {"action": a, "p": p, "r": r, "order": order})
        for order, (s, a, t, p, r) in enumerate(document["transitions"])
    ]
    return Graph(nodes, edges, {key: document[key] for key in ATTRIBUTES if key in document})


def from_graph(graph: Graph, where: str | None = None) -> Problem:
    """The problem of a graph.

    Raises
    ------
    SchemaError
        An attribute that means nothing here; an edge without an action, a probability or a reward.
    ModelError
        The graph is no MDP.
    """
    parts = [(f"edges[{i}] ({s!r} to {t!r})", "edge", data) for i, (s, t, data) in enumerate(graph.edges)]
    parts += [(f"nodes[{i}] ({s!r})", "node", data) for i, (s, data) in enumerate(graph.nodes)]
    for place, scope, data in [*parts, ("graph", "graph", graph.attributes)]:
        if wrong := complaint(scope, data, ATTRIBUTES if scope == "graph" else ()):
            raise SchemaError(wrong, where=place if where is None else f"{where}: {place}")
    edges = list(graph.edges)
    if all(isinstance(data.get("order"), int) for _, _, data in edges):
        edges.sort(key=lambda edge: edge[2]["order"])
    document: dict[str, Any] = {key: graph.attributes[key] for key in ATTRIBUTES if key in graph.attributes}
    document["states"] = [s for s, _ in graph.nodes]
    document["terminal"] = [s for s, data in graph.nodes if data.get("terminal")]
    document["transitions"] = [[s, data["action"], t, data["p"], data["r"]] for s, t, data in edges]
    start = [[s, data["start"]] for s, data in graph.nodes if data.get("start") not in (None, 0, "0")]
    if start:
        document["start"] = start
    return from_document(document, where=where)


def read_back(text: str, loads: Callable[..., Problem], problem: Problem) -> str:
    """`text`, once it is known that it reads back.

    Raises
    ------
    SchemaError
        It does not, or to another problem: some name cannot be written in this format.
    """
    if loads(text, where="read back") != problem:
        raise SchemaError(
            "the text does not read back to an equal problem; names are printable text, and formulas rational in "
            "plain symbols. Rename the states or actions",
            where=problem.name or "model",
        )
    return text


def _key(name: Any) -> Any:
    """Lists stand for tuples."""
    return tuple(map(_key, name)) if isinstance(name, list) else name
