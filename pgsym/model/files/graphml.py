"""GraphML, as networkx, Gephi, yEd and igraph read it: formulas as text, names that are no text as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from pgsym.errors import SchemaError
from pgsym.model.files.document import read_back
from pgsym.model.files.node_link import ATTRIBUTES, READS_BACK, from_node_link, to_node_link
from pgsym.model.files.reading import check_size, read_text, scalar
from pgsym.model.outcomes import complaint
from pgsym.model.problem import Problem

NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
_KEYS = {
    "node": {"terminal": "boolean", "start": "string", "name_json": "string"},
    "edge": {"action": "string", "action_json": "string", "p": "string", "r": "string", "order": "long"},
    "graph": dict.fromkeys(ATTRIBUTES, "string"),
}
_NESTED = ("symbols", "policy")
"""Attributes of the graph that are JSON."""

_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "int": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}
"""By type of a key; of any other its values are text."""


def dumps(problem: Problem) -> str:
    """The problem as GraphML, exactly; the policy, theta and gamma are attributes of the graph.

    >>> from pgsym.model.zoo import zoo
    >>> loads(dumps(zoo("two-state"))) == zoo("two-state")
    True
    """
    graph = to_node_link(problem)
    root = ElementTree.Element("graphml", xmlns=NAMESPACE)
    for scope, keys in _KEYS.items():
        for name, kind in keys.items():
            ElementTree.SubElement(
                root, "key", {"id": f"{scope}_{name}", "for": scope, "attr.name": name, "attr.type": kind}
            )
    top = ElementTree.SubElement(root, "graph", edgedefault="directed")
    nested = {key: json.dumps(v) if key in _NESTED else v for key, v in graph["graph"].items()}
    _add(top, "graph", nested)
    ids = _ids([node["id"] for node in graph["nodes"]])
    for node in graph["nodes"]:
        s = node.pop("id")
        key = json.dumps(s)
        own = node if ids[key] == s else {**node, "name_json": key}
        _add(ElementTree.SubElement(top, "node", id=ids[key]), "node", own)
    for edge in graph["edges"]:
        ends = {end: ids[json.dumps(edge.pop(end))] for end in ("source", "target")}
        a = edge.pop("action")
        named = {"action": a} if isinstance(a, str) else {"action_json": json.dumps(a)}
        _add(ElementTree.SubElement(top, "edge", ends), "edge", {**named, **edge})
    ElementTree.indent(root, " ")
    return read_back(ElementTree.tostring(root, encoding="unicode") + "\n", loads, problem, READS_BACK)


def loads(text: str, *, where: str | None = None) -> Problem:
    """The problem in GraphML text; without a policy, a tabular one at theta = 0."""
    check_size(len(text), where=where)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise SchemaError("found a document type; GraphML has none here. Remove <!DOCTYPE ...>", where=where)
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise SchemaError(f"not XML ({error}). Correct it there", where=where) from None
    top = root.find("{*}graph")
    if _tag(root) != "graphml" or top is None:
        raise SchemaError(f"found <{_tag(root)}>; <graphml> with a <graph> is required. Export as GraphML", where=where)
    if top.get("edgedefault") != "directed" or any(e.get("directed") == "false" for e in top.iterfind("{*}edge")):
        raise SchemaError("the graph is undirected; outcomes lead from s to s'. Use a directed graph", where=where)
    reader = _Reader(root, where)
    attributes = reader.data(top, "graph")
    for key in _NESTED:
        if isinstance(attributes.get(key), str):
            attributes[key] = read_text(attributes[key], "json", where=where)
    nodes, names = [], {}
    for child in top.iterfind("{*}node"):
        data = reader.data(child, "node")
        id = reader.attribute(child, "id")
        name = data.pop("name_json", None)
        names[id] = id if name is None else read_text(name, "json", where=where)
        nodes.append({**data, "id": names[id]})
    edges = []
    for child in top.iterfind("{*}edge"):
        data = reader.data(child, "edge")
        if (action := data.pop("action_json", None)) is not None:
            data["action"] = read_text(action, "json", where=where)
        ends = {end: reader.attribute(child, end) for end in ("source", "target")}
        edges.append({**data, **{end: names.get(id, id) for end, id in ends.items()}})
    return from_node_link({"nodes": nodes, "edges": edges, "graph": attributes}, where=where)


_OWN = {"node": ("id",), "edge": ("source", "target", "key"), "graph": ()}
"""What node-link data have beside attributes."""


class _Reader:
    """Looks up keys: their names, types and defaults."""

    def __init__(self, root: ElementTree.Element, where: str | None) -> None:
        self.where = where
        self.keys: dict[str, tuple[str, str]] = {}
        self.defaults: dict[str, dict[str, Any]] = {"node": {}, "edge": {}, "graph": {}}
        for key in root.iterfind("{*}key"):
            name, kind = key.get("attr.name", ""), key.get("attr.type", "string")
            self.keys[self.attribute(key, "id")] = (name, kind)
            for default in key.iterfind("{*}default"):
                scopes = [key.get("for", "all")] if key.get("for") in self.defaults else list(self.defaults)
                for scope in scopes:
                    self.defaults[scope][name] = self.convert(default, name, kind)

    def data(self, element: ElementTree.Element, scope: str) -> dict[str, Any]:
        """The attributes of a node, an edge or the graph."""
        found = dict(self.defaults[scope])
        for child in element.iterfind("{*}data"):
            key = self.attribute(child, "key")
            if key not in self.keys:
                raise SchemaError(f"found the key {key!r}; no <key> declares it. Declare it", where=self.where)
            name, kind = self.keys[key]
            if name:  # yEd's graphics have none
                found[name] = self.convert(child, name, kind)
        if taken := [name for name in found if name in _OWN[scope]]:
            wrong = complaint(scope, {taken[0]: found[taken[0]]})
            raise SchemaError(wrong or "", where=self.where)
        return found

    def convert(self, element: ElementTree.Element, name: str, kind: str) -> Any:
        text = element.text or ""
        if kind not in _TYPES:
            return text
        value = scalar(text.strip(), self.where)
        if kind == "boolean" and value in (0, 1):
            return bool(value)
        if type(value) not in _TYPES[kind]:
            raise SchemaError(
                f"found {text[:40]!r} for {name!r}; its key says {kind}. Correct one of them", where=self.where
            )
        return value

    def attribute(self, element: ElementTree.Element, name: str) -> str:
        value = element.get(name)
        if value is None:
            raise SchemaError(f"found <{_tag(element)}> without {name}; it is required. Add it", where=self.where)
        return value


def _tag(element: ElementTree.Element) -> str:
    """Without the namespace."""
    return element.tag.rpartition("}")[2]


def _ids(names: list[Any]) -> dict[str, str]:
    """{JSON of a name: node id}: text as it is, other names as JSON, in brackets where a text is written like that."""
    texts = {name for name in names if isinstance(name, str)}
    ids = {}
    for name in names:
        id = name if isinstance(name, str) else json.dumps(name)
        while not isinstance(name, str) and id in texts:
            id = f"({id})"
        ids[json.dumps(name)] = id
    return ids


def _add(element: ElementTree.Element, scope: str, attributes: Mapping[str, Any]) -> None:
    for name, value in attributes.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        ElementTree.SubElement(element, "data", key=f"{scope}_{name}").text = text
