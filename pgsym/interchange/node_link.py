"""networkx's node-link JSON, which ``networkx.node_link_graph(json.load(file), edges="edges")`` reads too."""

from __future__ import annotations

import json
from typing import Any

from pgsym.errors import SchemaError
from pgsym.expression.complaint import nearest
from pgsym.interchange.graph import Graph, from_graph, read_back, to_graph
from pgsym.model.files.reading import read_text
from pgsym.model.problem import Problem

_KEYS = ("directed", "multigraph", "graph", "nodes", "edges", "links")


def dumps(problem: Problem) -> str:
    """The problem as node-link JSON, exactly; the policy, theta and gamma are attributes of the graph.

    Raises
    ------
    SchemaError
        A name, a symbol or a kind of policy that a file cannot hold.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> loads(dumps(zoo("two-state"))) == zoo("two-state")
    True
    """
    graph = to_graph(problem)
    data = {
        "directed": True,
        "multigraph": True,
        "graph": dict(graph.attributes),
        "nodes": [{"id": s, **attributes} for s, attributes in graph.nodes],
        "edges": [{"source": s, "target": t, **attributes} for s, t, attributes in graph.edges],
    }
    return read_back(json.dumps(data, indent=1, allow_nan=False) + "\n", loads, problem)


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
    """The problem in node-link data, as `networkx.node_link_data` gives it; edges may stand under ``links``.

    Raises
    ------
    SchemaError
        The data are of another shape, an attribute means nothing here, or an edge lacks one.
    ModelError
        The graph is no MDP.
    """
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
    nodes = [_part(node, ("id",), f"nodes[{i}]", where) for i, node in enumerate(document["nodes"])]
    edges = [_part(edge, ("source", "target"), f"edges[{i}]", where) for i, edge in enumerate(links)]
    for edge in edges:
        edge[-1].pop("key", None)  # networkx's number of a parallel edge
    return from_graph(Graph(nodes, edges, attributes), where)


def _part(value: Any, keys: tuple[str, ...], place: str, where: str | None) -> Any:
    """The values of `keys`, then a mapping with the other ones."""
    missing = [key for key in keys if not isinstance(value, dict) or key not in value]
    if missing:
        raise SchemaError(
            f"the key {missing[0]!r} is missing; {' and '.join(keys)} must be there. Add it",
            where=place if where is None else f"{where}: {place}",
        )
    return (*(value[key] for key in keys), {key: v for key, v in value.items() if key not in keys})
