"""The picture of an MDP as plain geometry, from which SVG and TikZ are written.

States are circles; around each stand its actions as small coloured discs (petals); from a petal one arrow
goes to every outcome, labelled with probability and reward.  Lengths are pixels, y points downwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sympy as sp

from pgsym.errors import StructureError
from pgsym.expression.exact import to_expr
from pgsym.expression.naming import labels
from pgsym.expression.plain import plain
from pgsym.model.drawing.captions import Captions, shorten, symbols_of_actions
from pgsym.model.drawing.layout import Layout, layout
from pgsym.model.drawing.petals import petal_angles
from pgsym.model.drawing.records import (
    LABEL_SIZE,
    NAME_SIZE,
    PETAL,
    Arrow,
    Disc,
    Label,
    Mark,
    Petal,
    Picture,
    text_width,
)
from pgsym.model.drawing.routing import Bezier, Box, Circle, Point, Router, place_labels
from pgsym.model.mdp import MDP, Action, State

FULL = 60
"""States of a picture with actions and labels; above it only states and who follows whom."""
FULL_ARROWS = 400
"""Outcomes of such a picture."""
MAX_STATES = 400
MAX_ARROWS = 4000
LABELS = 64
"""Labels that are shown; when there are more, they only appear under the pointer."""
Pi = Callable[[Action, State], Any] | Mapping[State, Mapping[Action, Any]]


def is_simple(mdp: MDP) -> bool:
    """Too large for actions and labels."""
    return len(mdp.states) > FULL or sum(len(mdp.outcomes(s, a)) for s, a in mdp.pairs) > FULL_ARROWS


def is_drawable(mdp: MDP) -> bool:
    """Small enough for any picture."""
    return len(mdp.states) <= MAX_STATES and _links(mdp) <= MAX_ARROWS


def _links(mdp: MDP) -> int:
    return len({(s, o.state) for s, a in mdp.pairs for o in mdp.outcomes(s, a)})


def geometry(
    mdp: MDP, *, positions: Mapping[State, Sequence[float]] | None = None, policy: Pi | None = None
) -> Picture:
    """The picture of an MDP.

    Parameters
    ----------
    positions
        (x, y) by state, y upwards; by default the shape is found (line, grid, circle...).
    policy
        pi(a|s): a policy, or probabilities nested by state and action; shown beside the actions where short.

    Raises
    ------
    StructureError
        More than 400 states or 4000 connections, or a position is missing.

    Examples
    --------
    >>> mdp = MDP.from_transitions([("s", "go", "s", "1/2", 1), ("s", "go", "end", "1/2", 0)], terminal=["end"])
    >>> picture = geometry(mdp)
    >>> [disc.label for disc in picture.discs], [arrow.label.text for arrow in picture.arrows]
    (['s', 'end'], ['1/2, r = 1', '1/2'])
    """
    if not is_drawable(mdp):
        raise StructureError(
            f"{len(mdp.states)} states with {_links(mdp)} connections; at most {MAX_STATES} states and {MAX_ARROWS} "
            "connections can be drawn. Draw a part of it, or write mdp.to_graph() with networkx for a graph tool",
            where="picture",
        )
    places = layout(mdp, positions)
    return _simple(mdp, places) if is_simple(mdp) else _full(mdp, places, policy)


def _full(mdp: MDP, places: Layout, policy: Pi | None) -> Picture:
    captions = Captions.of(mdp)
    names = labels(mdp.states)
    inner = min(max([20.0] + [text_width(n, NAME_SIZE) / 2 + 6 for n in names.values()]), 34.0)
    outcomes = [(s, a, *outcome) for s, a in mdp.pairs for outcome in merged(mdp, s, a)]
    shown = [captions.shown(mdp, s, a, p, r) for s, a, _, p, r in outcomes]
    texts = [part.text for part in shown]
    quiet = sum(map(bool, texts)) > LABELS
    # Labels that only appear under the pointer need no room.
    longest = max((text_width(t, LABEL_SIZE) for t in texts if t and not quiet), default=0.0)
    # Petals side by side around a state with many actions.
    most = max([2] + [len(mdp.actions(s)) for s in mdp.nonterminal])
    reach = max(inner + 25, (PETAL + 1.5) / math.sin(math.pi / most))
    n = len(mdp.states)
    # Room for labels: more between few states, and more where each state has many.
    crowd = 0.0 if quiet else 20 * max(sum(map(bool, texts)) / n - 3, 0.0)
    unit = 2 * reach + (90 if n <= 3 else 70 if n <= 6 else 50) + min(longest, 170 if n <= 3 else 110) + min(crowd, 90)
    at = {s: (x * unit, y * unit) for s, (x, y) in places.positions.items()}
    actions = list(dict.fromkeys(a for _, a in mdp.pairs))
    symbols = symbols_of_actions(actions)

    radius = {s: inner + (4 if s in mdp.terminal else 0) for s in mdp.states}
    discs = {s: Circle(*at[s], radius[s]) for s in mdp.states}
    angles = petal_angles(mdp, at, grid=places.grid)
    centres = {
        pair: Circle(at[pair[0]][0] + reach * math.cos(t), at[pair[0]][1] + reach * math.sin(t), PETAL)
        for pair, t in angles.items()
    }
    circles = [*discs.values(), *centres.values()]
    router = Router(circles, clearance=16.0 if len(outcomes) <= 24 else 9.0)
    routed = {}
    # Loops have the least choice, so they choose first.
    for s, a, t, _, r in sorted(outcomes, key=lambda outcome: outcome[0] != outcome[2]):
        routed[s, a, t, r] = router.route(centres[s, a], angles[s, a], discs[t], loop=s == t)
    drafts = [(s, a, t, p, r, routed[s, a, t, r]) for s, a, t, p, r in outcomes]
    curves = [draft[5] for draft in drafts]
    marks = _marks(mdp, discs, circles, curves)
    labelled = [(i, text) for i, text in enumerate(texts) if text]
    boxes = [Box(m.label.x, m.label.y, text_width(m.label.text, LABEL_SIZE), 13.0) for m in marks if m.label]
    tails = [Circle((m.tail[0] + m.tip[0]) / 2, (m.tail[1] + m.tip[1]) / 2, 9.0) for m in marks]
    chosen = _policy_labels(mdp, policy, centres, angles)
    boxes += [Box(label.x, label.y, text_width(label.text, LABEL_SIZE), 13.0) for label, _ in chosen]
    wanted = [(curves[i], text_width(text, LABEL_SIZE), 13.0) for i, text in labelled]
    spots = place_labels(wanted, [*circles, *tails], curves, boxes)
    placed = {i: Label(*spot, text) for (i, text), spot in zip(labelled, spots, strict=True)}
    colour = {a: i for i, a in enumerate(actions)}
    arrows = tuple(Arrow(*draft, colour[draft[1]], placed.get(i), shown[i]) for i, draft in enumerate(drafts))
    extent = [(c.x - c.radius, c.y - c.radius, c.x + c.radius, c.y + c.radius) for c in circles]
    extent += [(*curve.at(k / 8), *curve.at(k / 8)) for curve in curves for k in range(9)]
    extent += [(*mark.tail, *mark.tail) for mark in marks]
    written = [*placed.values(), *(m.label for m in marks if m.label), *(label for label, _ in chosen)]
    extent += [_around(label) for label in written]
    abbreviated = any(symbols[a] != str(a) for a in actions)
    spelt = labels(actions)
    legend = [(spelt[a], symbols[a], colour[a]) for a in actions if abbreviated]
    return _finish(
        mdp,
        tuple(_disc(mdp, s, discs[s], names[s]) for s in mdp.states),
        tuple(
            Petal(s, a, centres[s, a].x, centres[s, a].y, symbols[a], colour[a], _tooltip(mdp, s, a, policy))
            for s, a in mdp.pairs
        ),
        arrows,
        marks,
        chosen,
        legend,
        captions.lines(mdp, quiet=quiet),
        extent,
        quiet,
    )


def _simple(mdp: MDP, places: Layout) -> Picture:
    """States and who follows whom; names and numbers in tooltips only."""
    unit, radius = 44.0, 7.0
    discs = {s: Circle(x * unit, y * unit, radius) for s, (x, y) in places.positions.items()}
    links = dict.fromkeys((s, o.state) for s, a in mdp.pairs for o in mdp.outcomes(s, a) if o.state != s)
    arrows = []
    for s, t in links:
        a, b = discs[s], discs[t]
        angle = math.atan2(a.y - b.y, a.x - b.x)
        # Each direction keeps to its own side.
        handle = 0.3 * math.hypot(a.x - b.x, a.y - b.y)
        start, first = (_ray(a, angle + math.pi + 0.3, d) for d in (radius, radius + handle))
        tip, second = (_ray(b, angle - 0.3, d) for d in (radius, radius + handle))
        arrows.append(Arrow(s, None, t, sp.Integer(1), sp.Integer(0), Bezier(start, first, second, tip), 0, None))
    extent = [(c.x - radius - 4, c.y - radius - 4, c.x + radius + 4, c.y + radius + 4) for c in discs.values()]
    return _finish(
        mdp,
        tuple(_disc(mdp, s, discs[s], "") for s in mdp.states),
        (),
        tuple(arrows),
        (),
        (),
        [],
        [f"{len(mdp.states)} states; arrows join a state to each possible next state"],
        extent,
        True,
    )


def merged(mdp: MDP, state: State, action: Action) -> list[tuple[State, sp.Expr, sp.Expr]]:
    """The outcomes of (s, a), those with the same next state and reward as one."""
    found: dict[tuple[State, sp.Expr], sp.Expr] = {}
    for t, p, r in mdp.outcomes(state, action):
        found[t, r] = found[t, r] + p if (t, r) in found else p
    return [(t, p, r) for (t, r), p in found.items()]


def _disc(mdp: MDP, state: State, circle: Circle, name: str) -> Disc:
    room = 2 * circle.radius - (12 if state in mdp.terminal else 4)
    size = NAME_SIZE if text_width(name, NAME_SIZE) <= room else 9.5
    label = shorten(name, lambda text: text_width(text, size) <= room)
    kind = "terminal state" if state in mdp.terminal else "state"
    start = f", start with probability {plain(mdp.start[state])}" if state in mdp.start else ""
    return Disc(
        state, circle.x, circle.y, circle.radius, label, size, state in mdp.terminal, state in mdp.start,
        f"{kind} {state}{start}",
    )  # fmt: skip


def _tooltip(mdp: MDP, state: State, action: Action, policy: Pi | None) -> str:
    outcomes = "; ".join(
        f"to {t} with probability {plain(p)}, reward {plain(r)}" for t, p, r in merged(mdp, state, action)
    )
    chosen = "" if policy is None else f" (chosen with probability {plain(_pi(policy, action, state))})"
    return f"state {state}, action {action}{chosen}: {outcomes}"


def _pi(policy: Pi, action: Action, state: State) -> sp.Expr:
    return to_expr(policy(action, state) if callable(policy) else policy[state][action], where=(state, action))


def _policy_labels(
    mdp: MDP, policy: Pi | None, centres: Mapping[tuple[State, Action], Circle], angles: Mapping[Any, float]
) -> tuple[tuple[Label, sp.Expr], ...]:
    """pi(a|s) beyond its petal, where it is short and there is a choice."""
    if policy is None:
        return ()
    found = []
    for s, a in mdp.pairs:
        probability = _pi(policy, a, s)
        text = plain(probability)
        if len(mdp.actions(s)) > 1 and len(text) <= 12:
            petal, angle = centres[s, a], angles[s, a]
            across = abs(math.cos(angle)) * text_width(text, LABEL_SIZE) / 2 + abs(math.sin(angle)) * 6.5
            found.append((Label(*_ray(petal, angle, PETAL + 2 + across), text), probability))
    return tuple(found)


def _marks(
    mdp: MDP, discs: Mapping[State, Circle], circles: Sequence[Circle], curves: Sequence[Bezier]
) -> tuple[Mark, ...]:
    """Start arrows, each from the freest side, the left one if it is as free; many starts get no arrows."""
    if len(mdp.start) > 8:
        return ()
    points = [curve.at(k / 12) for curve in curves for k in range(13)]
    found = []
    for s, p in mdp.start.items():
        disc = discs[s]

        def room(angle: float, disc: Circle = disc) -> float:
            probes = [_ray(disc, angle, disc.radius + d) for d in (10, 22, 34)]
            clear = [math.dist(q, c[:2]) - c.radius for q in probes for c in circles if c != disc]
            clear += [math.dist(q, point) for q in probes for point in points]
            return min([24.0, *clear]) + 2 * math.cos(angle - math.pi)

        angle = max((math.pi + k * math.pi / 8 for k in range(16)), key=room)
        tail, tip = _ray(disc, angle, disc.radius + 26), _ray(disc, angle, disc.radius)
        text = "" if p == 1 else plain(p)
        across = abs(math.cos(angle)) * text_width(text, LABEL_SIZE) / 2 + abs(math.sin(angle)) * 6.5
        label = Label(*_ray(disc, angle, disc.radius + 29 + across), text) if text else None
        found.append(Mark(s, tail, tip, label))
    return tuple(found)


def _ray(circle: Circle, angle: float, length: float) -> Point:
    return circle.x + length * math.cos(angle), circle.y + length * math.sin(angle)


def _around(label: Label) -> tuple[float, float, float, float]:
    half = text_width(label.text, LABEL_SIZE) / 2
    return label.x - half, label.y - 7, label.x + half, label.y + 7


def _finish(
    mdp: MDP,
    discs: tuple[Disc, ...],
    petals: tuple[Petal, ...],
    arrows: tuple[Arrow, ...],
    marks: tuple[Mark, ...],
    policy: tuple[tuple[Label, sp.Expr], ...],
    legend: Iterable[tuple[str, str, int]],
    lines: Sequence[str],
    extent: Sequence[tuple[float, float, float, float]],
    quiet: bool,
) -> Picture:
    """Legend and captions below, and the box around everything."""
    left, top = min(e[0] for e in extent) - 12, min(e[1] for e in extent) - 12
    right, bottom = max(e[2] for e in extent) + 12, max(e[3] for e in extent) + 12
    right = max([right, left + 220] + [left + 24 + text_width(line, LABEL_SIZE) for line in lines])
    keys: list[tuple[Label, str, int]] = []
    x, y = left + 22, bottom + 10
    for name, symbol, colour in legend:
        width = text_width(name, LABEL_SIZE) + 44
        if x + width > right and x > left + 22:
            x, y = left + 22, y + 24
        right = max(right, x + width)
        keys.append((Label(x, y, name), symbol, colour))
        x += width
    bottom = y + 18 if keys else bottom
    captions = tuple(Label(left + 12, bottom + 8 + 17 * i, line) for i, line in enumerate(lines))
    bottom += 17 * len(captions) + 6 * bool(captions)
    box = (left, top, right - left, bottom - top)
    return Picture(discs, petals, arrows, marks, policy, tuple(keys), captions, box, quiet, _description(mdp))


def _description(mdp: MDP) -> str:
    terminal = ", ".join(str(s) for s in mdp.states if s in mdp.terminal)
    start = ", ".join(f"{s} with probability {plain(p)}" for s, p in mdp.start.items())
    parts = [f"Markov decision process with {len(mdp.states)} states and {len(mdp.pairs)} state-action pairs"]
    parts += [f"discount factor {plain(mdp.gamma)}"]
    parts += [f"starts in {start}"] if start and len(mdp.start) <= 8 else []
    parts += [f"terminal: {terminal}"] if terminal and len(mdp.terminal) <= 20 else []
    return "; ".join(parts)
