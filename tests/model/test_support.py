"""Closed classes, reachability and periods against networkx, on random graphs."""

from itertools import pairwise

import networkx as nx
import pytest

from pgsym.model.support import Support


@pytest.mark.parametrize("density", [0.5, 1.0, 1.5, 3.0])
def test_support_agrees_with_networkx(density, rng):
    for _ in range(50):
        n = int(rng.integers(1, 30))
        edges = [(int(s), int(t)) for s, t in rng.integers(0, n, size=(int(density * n), 2))]
        ours = Support(range(n), edges)
        theirs = nx.DiGraph(edges)
        theirs.add_nodes_from(range(n))
        assert sorted(map(sorted, ours.closed_classes())) == sorted(map(sorted, nx.attracting_components(theirs)))
        for s in range(n):
            assert ours.reach([s]) == nx.descendants(theirs, s) | {s}
            assert ours.leading_to([s]) == nx.ancestors(theirs, s) | {s}
            assert list(ours.successors(s)) == list(theirs.successors(s))
            assert list(ours.predecessors(s)) == list(theirs.predecessors(s))


def test_period_is_that_of_the_cycles(rng):
    for period in (1, 2, 3, 6):
        # cycles of 2 and 3 times the period, with a common node
        edges = []
        for k, length in enumerate((2 * period, 3 * period)):
            path = [0, *((k, i) for i in range(1, length)), 0]
            edges += pairwise(path)
        assert Support({node for edge in edges for node in edge}, edges).period({s for s, _ in edges}) == period


def test_a_long_path_is_no_deep_recursion():
    n = 20_000
    graph = Support(range(n), [(i, i + 1) for i in range(n - 1)])
    assert [set(c) for c in graph.closed_classes()] == [{n - 1}]
    assert len(graph.reach([0])) == n
