"""On which side of its state an action stands."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pgsym.model.mdp import MDP, Action, State

Point = tuple[float, float]

GAP = math.radians(58)
"""Angle between neighbouring petals, where there is room."""
FACING = math.radians(20)
"""Angle to the line between two states within which a petal is in the way of the other state's."""
LANE = math.radians(24)
"""Turn of petals that face each other, so that their arrows pass on different sides."""


def petal_angles(mdp: MDP, at: Mapping[State, Point], *, grid: bool) -> dict[tuple[State, Action], float]:
    """Direction of every petal, in radians from the x axis, y downwards.

    An action stands where its outcomes lie; on a grid, where the outcomes of that action lie on the whole.
    """
    aims = {(s, a): _aim(mdp, s, a, at) for s, a in mdp.pairs}
    common = _common(mdp, aims) if grid else {}
    wanted: dict[tuple[State, Action], float] = {}
    for s in mdp.nonterminal:
        free = []
        for a in mdp.actions(s):
            x, y = common.get(a) or aims[s, a]
            if math.hypot(x, y) > 0.02:
                wanted[s, a] = math.atan2(y, x)
            else:
                free.append(a)
        for a in free:
            wanted[s, a] = _freest(mdp, s, at, [wanted[s, b] for b in mdp.actions(s) if (s, b) in wanted])
    spread = _all_spread(mdp, wanted)
    turned = {pair: angle + _lane(mdp, *pair, spread, at) for pair, angle in spread.items()}
    return _all_spread(mdp, turned)


def _all_spread(mdp: MDP, wanted: Mapping[tuple[State, Action], float]) -> dict[tuple[State, Action], float]:
    return {
        pair: angle
        for s in mdp.nonterminal
        for pair, angle in _spread([((s, a), wanted[s, a]) for a in mdp.actions(s)]).items()
    }


def _aim(mdp: MDP, state: State, action: Action, at: Mapping[State, Point]) -> Point:
    """Mean direction of the outcomes, weighted by probability; a symbolic one counts one half."""
    x = y = 0.0
    for t, p, _ in mdp.outcomes(state, action):
        if t != state:
            weight = float(p) if p.is_number else 0.5
            dx, dy = at[t][0] - at[state][0], at[t][1] - at[state][1]
            length = math.hypot(dx, dy)
            x, y = x + weight * dx / length, y + weight * dy / length
    return x, y


def _common(mdp: MDP, aims: Mapping[tuple[State, Action], Point]) -> dict[Action, Point]:
    """The direction of each action that has one: the sum of its aims is much longer than chance would make it."""
    found: dict[Action, Point] = {}
    for action in dict.fromkeys(a for _, a in mdp.pairs):
        mine = [aim for (_, a), aim in aims.items() if a == action and math.hypot(*aim) > 0]
        x, y = sum(a[0] for a in mine), sum(a[1] for a in mine)
        if len(mine) >= 3 and math.hypot(x, y) > 0.5 * sum(math.hypot(*aim) for aim in mine):
            # An eighth of a turn at a time: borders tilt the mean.
            angle = round(math.atan2(y, x) / (math.pi / 4)) * math.pi / 4
            found[action] = (math.cos(angle), math.sin(angle))
    return found


def _freest(mdp: MDP, state: State, at: Mapping[State, Point], taken: list[float]) -> float:
    """The direction farthest from other petals and neighbours; upwards if there are several."""
    x, y = at[state]
    linked = {o.state for s, a in mdp.pairs for o in mdp.outcomes(s, a) if s == state}
    linked |= {s for s, a in mdp.pairs for o in mdp.outcomes(s, a) if o.state == state}
    # Listed by state, since the order of a set could turn a tie.
    avoid = taken + [math.atan2(at[t][1] - y, at[t][0] - x) for t in mdp.states if t in linked and t != state]
    turns = [-math.pi / 2 + sign * k * math.pi / 8 for k in range(9) for sign in (1, -1)]
    return max(turns, key=lambda t: (round(min([math.pi, *(_between(t, u) for u in avoid)]), 3), -abs(t + math.pi / 2)))


def _between(a: float, b: float) -> float:
    return abs((a - b + math.pi) % (2 * math.pi) - math.pi)


def _lane(
    mdp: MDP, state: State, action: Action, wanted: Mapping[tuple[State, Action], float], at: Mapping[State, Point]
) -> float:
    """A small turn if a neighbour's petal looks back."""
    x, y = at[state]
    angle = wanted[state, action]
    for t in dict.fromkeys(o.state for o in mdp.outcomes(state, action)):
        towards = math.atan2(at[t][1] - y, at[t][0] - x)
        if t == state or _between(angle, towards) > FACING:
            continue
        if any(_between(wanted[t, b], towards + math.pi) < FACING for b in mdp.actions(t)):
            return -LANE
    return 0.0


def _spread(wanted: list[tuple[tuple[State, Action], float]]) -> dict[tuple[State, Action], float]:
    """The petals of one state, pushed apart around the circle."""
    n = len(wanted)
    need = min(GAP, 2 * math.pi / n)
    angles = [[angle, i] for i, (_, angle) in enumerate(wanted)]
    for _ in range(300 if n > 1 else 0):
        # Neighbours on the circle are neighbours in the list only within one turn.
        angles = sorted([(angle + math.pi) % (2 * math.pi) - math.pi, i] for angle, i in angles)
        moved = False
        for k in range(n):
            here, there = angles[k], angles[(k + 1) % n]
            gap = (there[0] - here[0]) % (2 * math.pi)
            if gap < need - 1e-3:
                here[0] -= (need - gap) / 2
                there[0] += (need - gap) / 2
                moved = True
        if not moved:
            break
    return {wanted[int(i)][0]: angle for angle, i in angles}
