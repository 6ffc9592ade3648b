"""Which state can follow which: reachability and closed classes of a directed graph.

networkx has all of it, and takes a tenth of a second to import: too long for a command that decides in less.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from math import gcd

Node = Hashable


class Support:
    """A directed graph, with networkx's names for its neighbours.

    Examples
    --------
    >>> graph = Support("abcd", [("a", "b"), ("b", "c"), ("c", "b"), ("a", "d")])
    >>> [sorted(c) for c in graph.closed_classes()], graph.period(["b", "c"])
    ([['d'], ['b', 'c']], 2)
    >>> sorted(graph.reach(["b"])), sorted(graph.leading_to(["b"]))
    (['b', 'c'], ['a', 'b', 'c'])
    """

    def __init__(self, nodes: Iterable[Node], edges: Iterable[tuple[Node, Node]]) -> None:
        # The inner dicts are sets that keep their order.
        self._after: dict[Node, dict[Node, None]] = {node: {} for node in nodes}
        self._before: dict[Node, dict[Node, None]] = {node: {} for node in self._after}
        for s, t in edges:
            self._after[s][t] = None
            self._before[t][s] = None

    def __contains__(self, node: object) -> bool:
        return node in self._after

    def successors(self, node: Node) -> Iterable[Node]:
        """Where an edge from the node leads, in the order of the edges."""
        return self._after[node].keys()

    def predecessors(self, node: Node) -> Iterable[Node]:
        """Where an edge to the node begins."""
        return self._before[node].keys()

    def reach(self, sources: Iterable[Node]) -> frozenset[Node]:
        """The nodes that can be reached from some source, the sources among them."""
        return frozenset(_levels(self._after, sources))

    def leading_to(self, targets: Iterable[Node]) -> frozenset[Node]:
        """The nodes from which some target can be reached, the targets among them."""
        return frozenset(_levels(self._before, targets))

    def closed_classes(self) -> Iterator[set[Node]]:
        """The strongly connected components that no edge leaves.

        By Kosaraju's algorithm: in the order of decreasing finish of a depth-first search, what leads to a node and is
        in no component yet is its component.
        """
        assigned: set[Node] = set()
        for root in reversed(self._finished()):
            if root in assigned:
                continue
            component, waiting = {root}, [root]
            while waiting:
                for s in self._before[waiting.pop()]:
                    if s not in assigned and s not in component:
                        component.add(s)
                        waiting.append(s)
            assigned |= component
            if all(t in component for s in component for t in self._after[s]):
                yield component

    def period(self, nodes: Iterable[Node]) -> int:
        """The greatest common divisor of the lengths of the cycles of a closed class."""
        members = list(nodes)
        level = _levels(self._after, members[:1])
        return gcd(*(level[s] + 1 - level[t] for s in members for t in self._after[s]))

    def _finished(self) -> list[Node]:
        """The nodes as a depth-first search leaves them."""
        found: list[Node] = []
        seen: set[Node] = set()
        for root in self._after:
            if root in seen:
                continue
            seen.add(root)
            path = [(root, iter(self._after[root]))]
            while path:
                node, rest = path[-1]
                for t in rest:
                    if t not in seen:
                        seen.add(t)
                        path.append((t, iter(self._after[t])))
                        break
                else:
                    found.append(node)
                    path.pop()
        return found


def _levels(edges: Mapping[Node, Iterable[Node]], sources: Iterable[Node]) -> dict[Node, int]:
    """The number of steps to each node that can be reached."""
    level = dict.fromkeys(sources, 0)
    waiting = list(level)
    for s in waiting:
        for t in edges[s]:
            if t not in level:
                level[t] = level[s] + 1
                waiting.append(t)
    return level
