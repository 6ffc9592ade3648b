"""An independent check of certificates: the steps are multiplied out again, and have to add up to the claim.

It knows no rewriting and no canonical form: products are told apart as labelled graphs, by networkx.  What it takes on
trust are the equations, and that the claim was written out rightly; tests evaluate both on models with numbers.

>>> from pgsym.prover.equations import Equation
>>> two = Equation("two", (("x",),), ((2, ()),))
>>> adds_up({(("x",), ("b", "s#0")): 1, (("b", "s#4"),): -2}, [CertificateStep(1, (("b", "s#9"),), two, {})])
True
>>> adds_up({(("x",), ("b", "s#0")): 1}, [CertificateStep(1, (("b", "s#9"),), two, {})])
False
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx

from pgsym.prover.rewriting import CertificateStep
from pgsym.prover.tensors import Factor


def adds_up(claim: Mapping[tuple[Factor, ...], Any], steps: Sequence[CertificateStep]) -> bool:
    """Whether the claim is the sum of coefficient * multiplier * (left - right) over all steps."""
    classes = defaultdict[str, list[list[Any]]](list)
    for factors, coefficient in claim.items():
        _collect(classes, factors, coefficient)
    for step in steps:
        equation = step.equation
        _collect(classes, _placed(step, equation.left), -step.coefficient)
        for c, factors in equation.right:
            _collect(classes, _placed(step, factors), step.coefficient * c)
    return not any(total for group in classes.values() for _, total in group)


def _placed(step: CertificateStep, factors: Sequence[Factor]) -> list[Factor]:
    """The multiplier times one side; what is summed there is named apart, and no index that was summed is lost."""
    here = [(f[0], *(step.place.get(i, f"{i}@") for i in f[1:])) for f in factors]
    return [*step.multiplier, *here, *(("one", i) for i in step.place.values())]


def _collect(classes: Mapping[str, list[list[Any]]], factors: Sequence[Factor], coefficient: Any) -> None:
    graph = _graph(_simplified(list(factors)))
    sign = nx.weisfeiler_lehman_graph_hash(graph, node_attr="label", edge_attr="label")
    for entry in classes[sign]:
        if nx.is_isomorphic(graph, entry[0], node_match=_same, edge_match=_same):
            entry[1] = entry[1] + coefficient
            return
    classes[sign].append([graph, coefficient])


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return one["label"] == other["label"]


def _simplified(factors: list[Factor]) -> list[Factor]:
    """Identities are carried out, and factors of 1 are dropped where their index is free or stands elsewhere."""
    while True:
        for f in factors:
            if f[0] == "id" and (f[1] == f[2] or "#" in f[1] + f[2]):
                old, new = (f[1], f[2]) if "#" in f[1] else (f[2], f[1])
                rest = [g for g in factors if g is not f]
                factors = [(g[0], *(new if i == old else i for i in g[1:])) for g in rest] + [("one", new)]
                break
        else:
            break
    elsewhere = {i for f in factors if f[0] != "one" for i in f[1:]}
    lonely = {f for f in factors if f[0] == "one" and "#" in f[1] and f[1] not in elsewhere}
    return [f for f in factors if f[0] != "one"] + sorted(lonely)


def _graph(factors: Sequence[Factor]) -> nx.Graph:
    """A node for each factor and each index; an edge says which place of the factor the index has."""
    graph = nx.Graph()
    for n, factor in enumerate(factors):
        graph.add_node(n, label=factor[0])
        places = defaultdict[str, list[str]](list)
        for k, i in enumerate(factor[1:]):
            alike = factor[0][:2] in ("dd", "iF") and k >= len(factor) - 3
            places[i].append("last" if alike else str(k))
        for i, at in places.items():
            graph.add_node(i, label=i[0] + "#" if "#" in i else i)
            graph.add_edge(n, i, label=",".join(sorted(at)))
    return graph
