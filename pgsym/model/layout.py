"""Where the states of a picture and their petals stand: rows, circles, grids and lines where the model has that shape.

Coordinates are in units of the distance between neighbours, x to the right and y downwards.
Everything is deterministic, and no two states are closer than one unit.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import networkx as nx

from pgsym.errors import StructureError
from pgsym.model.mdp import MDP, Action, State

Point = tuple[float, float]

LINE = 12
"""States of a line before it is folded."""
SMALL = 6
"""States that stand on a circle."""
SPRING = 60
"""States from which distances in the graph are only approximated by springs."""
SWEEPS = 100
GAP = math.radians(58)
"""Angle between neighbouring petals, where there is room."""
FACING = math.radians(20)
"""Angle to the line between two states within which a petal is in the way of the other state's."""
LANE = math.radians(24)
"""Turn of petals that face each other, so that their arrows pass on different sides."""


class Layout(NamedTuple):
    """Positions by state, and whether they are a grid (so that actions have directions)."""

    positions: dict[State, Point]
    grid: bool


def layout(mdp: MDP, positions: Mapping[State, Sequence[float]] | None = None) -> Layout:
    """Positions of all states; given ones have y upwards, and only their proportions matter.

    >>> mdp = MDP.from_transitions([("s", "go", "t", 1, 0), ("t", "go", "end", 1, 0)], terminal=["end"])
    >>> layout(mdp).positions
    {'s': (0.0, 0.0), 't': (1.0, 0.0), 'end': (2.0, 0.0)}
    """
    if positions is not None:
        return Layout(_given(mdp, positions), grid=True)
    edges = list(dict.fromkeys((s, t) for s, _, t, _, _ in mdp.rows if s != t))
    found = _tuple_grid(mdp.states) or _integer_grid(mdp.states, edges)
    if found:
        return Layout(apart(found), grid=True)
    graph = nx.Graph()
    graph.add_nodes_from(mdp.states)
    graph.add_edges_from(edges)
    components = list(nx.connected_components(graph))
    placed: dict[State, Point] = {}
    right = 0.0
    for component in components:
        part = [s for s in mdp.states if s in component]
        piece = nx.Graph()
        # In the order of states: that of the set would depend on hashes.
        piece.add_nodes_from(part)
        piece.add_edges_from(graph.edges(part))
        local = apart(_component(piece, part))
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


def _tuple_grid(states: Sequence[State]) -> dict[State, Point] | None:
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


def _integer_grid(states: Sequence[State], edges: Sequence[tuple[State, State]]) -> dict[State, Point] | None:
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
    if n <= SPRING:
        return _stressed(graph, _circle(states))
    start = {s: (x / n, y / n) for s, (x, y) in _circle(states).items()}
    found = nx.spring_layout(graph, pos=start, seed=0, iterations=100)
    # It fills a square of side 2: as many units as the states need side by side.
    scale = 0.72 * math.sqrt(n)
    return {s: (float(found[s][0]) * scale, float(found[s][1]) * scale) for s in states}


def _stressed(graph: nx.Graph, start: Mapping[State, Point]) -> dict[State, Point]:
    """Distances as in the graph as far as that can be, by majorisation from that start.

    References
    ----------
    Gansner, Koren and North, Graph drawing by stress majorization (2004)
    """
    at = {s: complex(*point) for s, point in start.items()}
    distances = [(s, [(t, d) for t, d in row.items() if d]) for s, row in nx.all_pairs_shortest_path_length(graph)]
    for _ in range(SWEEPS):
        for s, others in distances:
            wanted = [(at[t] + d * (at[s] - at[t]) / (abs(at[s] - at[t]) or 1.0)) / d**2 for t, d in others]
            at[s] = sum(wanted) / sum(1 / d**2 for _, d in others)
    return {s: (z.real, z.imag) for s, z in at.items()}


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


def apart(positions: Mapping[State, Point]) -> dict[State, Point]:
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


# -- petals ----------------------------------------------------------------------------------------------

Angles = dict[tuple[State, Action], float]


def petal_angles(mdp: MDP, places: Layout) -> Angles:
    """On which side of its state every action stands, in radians from the x axis.

    An action stands where its outcomes lie; on a grid, where the outcomes of that action lie on the whole.
    """
    at = {s: complex(*point) for s, point in places.positions.items()}
    aims = {(s, a): _aim(mdp, s, a, at) for s, a in mdp.pairs}
    common = _common(aims) if places.grid else {}
    neighbours: dict[State, set[State]] = {s: set() for s in mdp.states}
    for s, _, t, _, _ in mdp.rows:
        neighbours[s].add(t)
        neighbours[t].add(s)
    wanted: Angles = {}
    for s in mdp.nonterminal:
        directions = {a: common.get(a, aims[s, a]) for a in mdp.actions(s)}
        aimed = {a: cmath.phase(direction) for a, direction in directions.items() if abs(direction) > 0.02}
        # Listed by state, since the order of a set could turn a tie.
        avoid = [*aimed.values(), *(cmath.phase(at[t] - at[s]) for t in mdp.states if t in neighbours[s] and t != s)]
        for a in mdp.actions(s):
            if a not in aimed:
                aimed[a] = _freest(avoid)
                avoid.append(aimed[a])
            wanted[s, a] = aimed[a]
    spread = _spread(mdp, wanted)
    return _spread(mdp, {pair: angle + _lane(mdp, *pair, spread, at) for pair, angle in spread.items()})


def _aim(mdp: MDP, state: State, action: Action, at: Mapping[State, complex]) -> complex:
    """Mean direction of the outcomes, weighted by probability; a symbolic one counts one half."""
    aim = 0j
    for t, p, _ in mdp.outcomes(state, action):
        if t != state:
            step = at[t] - at[state]
            aim += (float(p) if p.is_number else 0.5) * step / abs(step)
    return aim


def _common(aims: Mapping[tuple[State, Action], complex]) -> dict[Action, complex]:
    """The direction of each action that has one: the sum of its aims is much longer than chance would make it."""
    found: dict[Action, complex] = {}
    for action in dict.fromkeys(a for _, a in aims):
        mine = [aim for (_, a), aim in aims.items() if a == action and aim]
        if len(mine) >= 3 and abs(sum(mine)) > 0.5 * sum(map(abs, mine)):
            # An eighth of a turn at a time: borders tilt the mean.
            eighths = round(cmath.phase(sum(mine)) / (math.pi / 4))
            found[action] = cmath.rect(1.0, eighths * math.pi / 4)
    return found


def _freest(avoid: Sequence[float]) -> float:
    """The direction farthest from other petals and neighbours; upwards if there are several."""
    turns = [-math.pi / 2 + sign * k * math.pi / 8 for k in range(9) for sign in (1, -1)]
    return max(
        turns, key=lambda t: (round(min([math.pi, *(abs(turn(t, u)) for u in avoid)]), 3), -abs(t + math.pi / 2))
    )


def _lane(mdp: MDP, state: State, action: Action, wanted: Angles, at: Mapping[State, complex]) -> float:
    """A small turn if a neighbour's petal looks back."""
    for t in dict.fromkeys(o.state for o in mdp.outcomes(state, action)):
        towards = cmath.phase(at[t] - at[state])
        if t == state or abs(turn(wanted[state, action], towards)) > FACING:
            continue
        if any(abs(turn(wanted[t, b], towards + math.pi)) < FACING for b in mdp.actions(t)):
            return -LANE
    return 0.0


def _spread(mdp: MDP, wanted: Angles) -> Angles:
    """The petals of each state, pushed apart around the circle."""
    found: Angles = {}
    for s in mdp.nonterminal:
        angles = [[wanted[s, a], i] for i, a in enumerate(mdp.actions(s))]
        n = len(angles)
        need = min(GAP, 2 * math.pi / max(n, 1))
        for _ in range(300 if n > 1 else 0):
            # Neighbours on the circle are neighbours in the list only within one turn, from -pi on.
            angles = sorted([-turn(angle, 0), i] for angle, i in angles)
            moved = False
            for here, there in zip(angles, angles[1:] + angles[:1], strict=True):
                gap = (there[0] - here[0]) % (2 * math.pi)
                if gap < need - 1e-3:
                    here[0] -= (need - gap) / 2
                    there[0] += (need - gap) / 2
                    moved = True
            if not moved:
                break
        found |= {(s, mdp.actions(s)[int(i)]): angle for angle, i in angles}
    return {pair: found[pair] for pair in mdp.pairs}


def turn(start: float, end: float) -> float:
    """The signed angle from one direction to another, in (-pi, pi]."""
    return math.pi - (start - end + math.pi) % (2 * math.pi)
