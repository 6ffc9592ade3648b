"""Where the states of a picture stand: rows, circles, grids and lines where the model has that shape.

Coordinates are in units of the distance between neighbours, x to the right and y downwards.
Everything is deterministic, and no two states are closer than one unit.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import networkx as nx

from pgsym.errors import StructureError
from pgsym.model.mdp import MDP, State

Point = tuple[float, float]

LINE = 12
"""States of a line before it is folded."""
SMALL = 6
"""States that stand on a circle."""
SPRING = 60
"""States from which distances in the graph are only approximated by springs."""


class Layout(NamedTuple):
    """Positions by state, and whether they are a grid (so that actions have directions)."""

    positions: dict[State, Point]
    grid: bool


def layout(mdp: MDP, positions: Mapping[State, Sequence[float]] | None = None) -> Layout:
    """Positions of all states.

    Parameters
    ----------
    positions
        (x, y) by state, x to the right and y upwards; only the proportions matter.

    Raises
    ------
    StructureError
        `positions` misses a state, or puts two on one place.

    Examples
    --------
    >>> mdp = MDP.from_transitions([("s", "go", "t", 1, 0), ("t", "go", "end", 1, 0)], terminal=["end"])
    >>> layout(mdp).positions
    {'s': (0.0, 0.0), 't': (1.0, 0.0), 'end': (2.0, 0.0)}
    """
    if positions is not None:
        return Layout(_given(mdp, positions), grid=True)
    edges = {(s, o.state) for s, a in mdp.pairs for o in mdp.outcomes(s, a) if o.state != s}
    for shape in (_tuple_grid, _integer_grid):
        found = shape(mdp.states, edges)
        if found:
            return Layout(_apart(found), grid=True)
    # Edges come from a set: the order of states, not of hashes, must decide.
    place = {s: i for i, s in enumerate(mdp.states)}
    graph = nx.Graph()
    graph.add_nodes_from(mdp.states)
    graph.add_edges_from(sorted(edges, key=lambda e: (place[e[0]], place[e[1]])))
    components = [[s for s in mdp.states if s in part] for part in nx.connected_components(graph)]
    components.sort(key=lambda part: place[part[0]])
    placed: dict[State, Point] = {}
    right = 0.0
    for part in components:
        piece = nx.Graph()
        piece.add_nodes_from(part)
        piece.add_edges_from(edge for edge in graph.edges if edge[0] in piece)
        local = _apart(_component(piece, part))
        left = min(x for x, _ in local.values())
        heights = [y for _, y in local.values()]
        middle = (min(heights) + max(heights)) / 2 if len(components) > 1 else 0.0
        placed |= {s: (x - left + right, y - middle) for s, (x, y) in local.items()}
        right = max(placed[s][0] for s in local) + 1.2
    return Layout({s: placed[s] for s in mdp.states}, grid=False)


def _given(mdp: MDP, positions: Mapping[State, Sequence[float]]) -> dict[State, Point]:
    missing = [s for s in mdp.states if s not in positions]
    if missing:
        raise StructureError(
            f"no position for {missing[0]!r}; every state needs one. Add {len(missing)} of them", where="positions"
        )
    found = {s: (float(positions[s][0]), -float(positions[s][1])) for s in mdp.states}
    for s, t in combinations(mdp.states, 2):
        if found[s] == found[t]:
            raise StructureError(f"{s!r} and {t!r} stand on one place; move one of them", where="positions")
    closest = min((math.dist(p, q) for p, q in combinations(found.values(), 2)), default=1.0)
    return {s: (x / closest, y / closest) for s, (x, y) in found.items()}


def _tuple_grid(states: Sequence[State], edges: set[tuple[State, State]]) -> dict[State, Point] | None:
    """States (row, column); or (name, time) of an unrolled MDP, time to the right.  Up to two others beside."""
    pairs = [s for s in states if isinstance(s, tuple) and len(s) == 2 and _is_int(s[1])]
    others = [s for s in states if s not in pairs]
    if len(pairs) < 3 or len(others) > 2:
        return None
    names: list[Hashable] = list(dict.fromkeys(s[0] for s in pairs))
    integers = all(_is_int(name) for name in names)
    found = {s: (float(s[1]), float(s[0] if integers else names.index(s[0]))) for s in pairs}
    right = max(x for x, _ in found.values()) + 1.25
    middle = sum(y for _, y in found.values()) / len(found) - (len(others) - 1) / 2
    return found | {s: (right, middle + i) for i, s in enumerate(others)}


def _integer_grid(states: Sequence[State], edges: set[tuple[State, State]]) -> dict[State, Point] | None:
    """States 0..n-1 that mostly move between neighbours of a grid, counted row by row."""
    n = len(states)
    if n < 9 or not all(_is_int(s) for s in states) or {int(s) for s in states} != set(range(n)):  # type: ignore[call-overload]
        return None
    widths = sorted((w for w in range(3, n // 2 + 1) if n % w == 0), key=lambda w: (abs(w - n / w), -w))
    for width in widths:
        steps = [
            (abs(s // width - t // width), abs(s % width - t % width))  # type: ignore[operator]
            for s, t in edges
        ]
        near = sum(sum(step) == 1 for step in steps)
        # A few jumps, such as a cliff's way back to the start, do not spoil a grid.
        if (1, 0) in steps and (0, 1) in steps and near >= 0.75 * len(steps):
            return {s: (float(s % width), float(s // width)) for s in states}  # type: ignore[operator]
    return None


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _component(graph: nx.Graph, states: Sequence[State]) -> dict[State, Point]:
    """A connected part, by the first shape that fits."""
    n = len(states)
    line = _path(graph, states)
    if line:
        return _folded(line)
    if n <= 3:
        return {s: (float(i), 0.0) for i, s in enumerate(states)}
    if n <= SMALL:
        return _circle(states)
    place = {s: i for i, s in enumerate(states)}
    if n <= LINE and all(abs(place[s] - place[t]) <= 2 for s, t in graph.edges):
        return _folded(states)
    # Both start from a circle in the order of the states, so the result does not depend on chance.
    start = {s: (x / n, y / n) for s, (x, y) in _circle(states).items()}
    if n <= SPRING:
        found = nx.kamada_kawai_layout(graph, pos=start, weight=None)
    else:
        found = nx.spring_layout(graph, pos=start, seed=0, iterations=100)
    # Both fill a square of side 2: as many units as the states need side by side.
    scale = 0.72 * math.sqrt(n)
    return {s: (float(found[s][0]) * scale, float(found[s][1]) * scale) for s in states}


def _path(graph: nx.Graph, states: Sequence[State]) -> list[State] | None:
    """The states in order along a path, if the graph is one; the given order decides which end comes first."""
    ends = [s for s in states if graph.degree(s) == 1]
    if len(states) < 3 or len(ends) != 2 or any(graph.degree(s) > 2 for s in states) or not nx.is_connected(graph):
        return None
    path: list[State] = nx.shortest_path(graph, *ends)
    order = {s: i for i, s in enumerate(states)}
    inversions = sum(order[s] > order[t] for s, t in combinations(path, 2))
    return path[::-1] if 2 * inversions > len(path) * (len(path) - 1) / 2 else path


def _folded(line: Sequence[State]) -> dict[State, Point]:
    """A line from left to right; a long one turns back at the margins, like a plough."""
    rows = math.ceil(len(line) / LINE)
    width = math.ceil(len(line) / rows)
    found = {}
    for i, s in enumerate(line):
        row, column = divmod(i, width)
        found[s] = (float(column if row % 2 == 0 else width - 1 - column), float(row))
    return found


def _circle(states: Sequence[State]) -> dict[State, Point]:
    """Neighbours one unit apart, the first state at the upper left."""
    n = len(states)
    radius = 0.5 / math.sin(math.pi / n) if n > 1 else 0.0
    angles = [2 * math.pi * i / n - math.pi / 2 - math.pi / n for i in range(n)]
    return {s: (radius * math.cos(t), radius * math.sin(t)) for s, t in zip(states, angles, strict=True)}


def _apart(positions: dict[State, Point]) -> dict[State, Point]:
    """Pairs closer than a unit pushed apart; what pushing cannot part, a larger scale does."""
    points = [[x, y] for x, y in positions.values()]
    for _ in range(300):
        moved = False
        for p, q in combinations(points, 2):
            dx, dy = q[0] - p[0], q[1] - p[1]
            distance = math.hypot(dx, dy)
            if distance < 1 - 1e-9:
                # Coinciding points part along x.
                ux, uy = (dx / distance, dy / distance) if distance > 0 else (1.0, 0.0)
                push = (1 - distance) / 2
                p[0], p[1], q[0], q[1] = p[0] - ux * push, p[1] - uy * push, q[0] + ux * push, q[1] + uy * push
                moved = True
        if not moved:
            break
    closest = min((math.dist(p, q) for p, q in combinations(points, 2)), default=1.0)
    scale = 1.0 if closest >= 1 - 1e-9 else 1 / closest
    return {s: (x * scale, y * scale) for s, (x, y) in zip(positions, points, strict=True)}
