"""A problem as a graph of plain values, and as networkx's node-link JSON.

Nodes are states with ``terminal`` and ``start``, edges are outcomes with ``action``, ``p``, ``r`` and ``order``; the
graph carries the rest of a model file.  Numbers are exact formulas as text, checked as those of model files are.
``networkx.node_link_graph(json.load(file), edges="edges")`` reads the JSON too; GraphML is the same graph.
"""

from __future__ import annotations

import json
from typing import Any

from pgsym.errors import SchemaError
from pgsym.expression.complaint import nearest
from pgsym.model.files.document import from_document, inside, plain_formula, plain_name, read_back, to_document
from pgsym.model.files.reading import read_text
from pgsym.model.outcomes import complaint
from pgsym.model.problem import Problem

ATTRIBUTES = ("name", "source", "gamma", "objective", "symbols", "policy")
"""Keys of a model file that the graph itself carries."""
READS_BACK = "names are printable text, and formulas rational in plain symbols. Rename the states or actions"
"""What a graph's text must hold."""


def to_node_link(problem: Problem) -> dict[str, Any]:
    """The graph of a problem as `networkx.node_link_data` gives one; names and formulas are plain values.

    >>> from pgsym.model.zoo import zoo
    >>> graph = to_node_link(zoo("short-corridor"))
    >>> graph["nodes"][0], graph["edges"][0]
    ({'id': 's1', 'terminal': False, 'start': 1},
     {'source': 's1', 'target': 's2', 'action': 'R', 'p': 1, 'r': -1, 'order': 0})
    """
    document = to_document(problem)
    mdp = problem.mdp
    nodes = []
    for s in mdp.states:
        start = {"start": plain_formula(mdp.start[s])} if s in mdp.start else {}
        nodes.append({"id": plain_name(s, "states"), "terminal": s in mdp.terminal} | start)
    edges = [
        {"source": s, "target": t, "action": a, "p": p, "r": r, "order": order}
        for order, (s, a, t, p, r) in enumerate(document["transitions"])
    ]
    attributes = {key: document[key] for key in ATTRIBUTES if key in document}
    return {"directed": True, "multigraph": True, "graph": attributes, "nodes": nodes, "edges": edges}


_KEYS = ("directed", "multigraph", "graph", "nodes", "edges", "links")


def dumps(problem: Problem) -> str:
    """The problem as node-link JSON, exactly; the policy, theta and gamma are attributes of the graph.

    >>> from pgsym.model.zoo import zoo
    >>> loads(dumps(zoo("two-state"))) == zoo("two-state")
    True
    """
    text = json.dumps(to_node_link(problem), indent=1, allow_nan=False) + "\n"
    return read_back(text, loads, problem, READS_BACK)


def loads(text: str, *, where: str | None = None) -> Problem:
    """The problem in node-link JSON text; see `from_node_link`."""
    return from_node_link(read_text(text, "json", where=where), where=where)


def is_node_link(document: Any) -> bool:
    """Whether a JSON document is node-link data and not a model file.

    >>> is_node_link({"nodes": [], "links": []}), is_node_link({"states": ["s"]})
    (True, False)
    """
    return isinstance(document, dict) and "nodes" in document and ("edges" in document or "links" in document)


def from_node_link(document: Any, *, where: str | None = None) -> Problem:
    """The problem in node-link data, as `networkx.node_link_data` gives it; edges may stand under ``links``."""
    if not is_node_link(document):
        raise SchemaError(
            "found no nodes and edges; node-link data have both. Write them with networkx.node_link_data", where=where
        )
    for key in document:
        if key not in _KEYS and not key.startswith("_"):
            raise SchemaError(
                f"the key is unknown; {nearest(key, _KEYS, 'the keys are')}. Move it into graph, or remove it",
                where=key if where is None else f"{where}: {key}",
            )
    if document.get("directed") is False:
        raise SchemaError("the graph is undirected; outcomes lead from s to s'. Use a MultiDiGraph", where=where)
    links = document["edges"] if "edges" in document else document["links"]
    attributes = document.get("graph", {})
    for value, kind, key in ((document["nodes"], list, "nodes"), (links, list, "edges"), (attributes, dict, "graph")):
        if not isinstance(value, kind):
            wanted = "a list" if kind is list else "a mapping"
            raise SchemaError(
                f"found {type(value).__name__} under {key}; {wanted} is required. Correct it", where=where
            )
    with inside(where):
        nodes = [_part(node, ("id",), f"nodes[{i}]") for i, node in enumerate(document["nodes"])]
        edges = [_part(edge, ("source", "target"), f"edges[{i}]") for i, edge in enumerate(links)]
        for _, _, data in edges:
            data.pop("key", None)  # networkx's number of a parallel edge
        parts = [(f"edges[{i}] ({s!r} to {t!r})", "edge", data) for i, (s, t, data) in enumerate(edges)]
        parts += [(f"nodes[{i}] ({s!r})", "node", data) for i, (s, data) in enumerate(nodes)]
        for place, scope, data in [*parts, ("graph", "graph", attributes)]:
            if wrong := complaint(scope, data, ATTRIBUTES if scope == "graph" else ()):
                raise SchemaError(wrong, where=place)
    edges.sort(key=lambda edge: edge[2].get("order", 0))
    found: dict[str, Any] = {key: attributes[key] for key in ATTRIBUTES if key in attributes}
    found["states"] = [s for s, _ in nodes]
    found["terminal"] = [s for s, data in nodes if data.get("terminal")]
    found["transitions"] = [[s, data["action"], t, data["p"], data["r"]] for s, t, data in edges]
    if start := [[s, data["start"]] for s, data in nodes if data.get("start") not in (None, 0, "0")]:
        found["start"] = start
    return from_document(found, where=where)


def _part(value: Any, keys: tuple[str, ...], place: str) -> Any:
    """The values of `keys`, then a mapping with the other ones."""
    missing = [key for key in keys if not isinstance(value, dict) or key not in value]
    if missing:
        help = f"{' and '.join(keys)} must be there. Add it"
        raise SchemaError(f"the key {missing[0]!r} is missing; {help}", where=place)
    return (*(value[key] for key in keys), {key: v for key, v in value.items() if key not in keys})
