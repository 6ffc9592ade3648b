"""Where everything in the picture of an MDP goes.

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
from pgsym.expression.ordering import plain
from pgsym.model.drawing.captions import (
    LABEL_SIZE,
    NAME_SIZE,
    Caption,
    Captions,
    Span,
    description,
    pieces,
    pieces_width,
    shorten,
    symbols_of_actions,
    text_width,
)
from pgsym.model.drawing.picture import Arrow, Disc, Label, Mark, Petal, Picture
from pgsym.model.drawing.routing import Bezier, Circle, Point, Router, along, beyond, place_labels, sampled
from pgsym.model.layout import Layout, layout, petal_angles
from pgsym.model.mdp import MDP, Action, State

FULL = 60
"""States of a picture with actions and labels; above it only states and who follows whom."""
FULL_ARROWS = 400
"""Outcomes of such a picture."""
MAX_STATES = 400
MAX_ARROWS = 4000
LABELS = 64
"""Labels that are shown; when there are more, they only appear under the pointer."""
STRETCHES = (1.0, 1.2, 1.45, 1.75)
"""How much wider a picture is drawn, one after the other, until no label touches anything."""
PETAL = 11.0
"""Radius of an action's disc."""
LABEL_HEIGHT = 13.0
Pi = Callable[[Action, State], Any] | Mapping[State, Mapping[Action, Any]]


def is_simple(mdp: MDP) -> bool:
    """Too large for actions and labels."""
    return len(mdp.states) > FULL or len(mdp.rows) > FULL_ARROWS


def is_drawable(mdp: MDP) -> bool:
    """Small enough for any picture."""
    return len(mdp.states) <= MAX_STATES and len(_links(mdp)) <= MAX_ARROWS


def _links(mdp: MDP) -> dict[tuple[State, State], None]:
    return dict.fromkeys((s, t) for s, _, t, _, _ in mdp.rows)


def geometry(
    mdp: MDP, *, positions: Mapping[State, Sequence[float]] | Layout | None = None, policy: Pi | None = None
) -> Picture:
    """The picture of an MDP; parameters and errors are those of `pgsym.svg`.  A layout is taken as it is.

    >>> mdp = MDP.from_transitions([("s", "go", "s", "1/2", 1), ("s", "go", "end", "1/2", 0)], terminal=["end"])
    >>> picture = geometry(mdp)
    >>> [disc.label for disc in picture.discs], [arrow.label.text for arrow in picture.arrows]
    (['s', 'end'], ['1/2, r = 1', '1/2'])
    """
    if not is_drawable(mdp):
        raise StructureError(
            f"{len(mdp.states)} states with {len(_links(mdp))} connections; at most {MAX_STATES} states and "
            f"{MAX_ARROWS} connections can be drawn. Draw a part of it, or write mdp.to_graph() with networkx for a "
            "graph tool",
            where="picture",
        )
    places = positions if isinstance(positions, Layout) else layout(mdp, positions)
    return _simple(mdp, places) if is_simple(mdp) else _full(mdp, places, policy)


def _full(mdp: MDP, places: Layout, policy: Pi | None) -> Picture:
    """The picture with labels that touch nothing, wider where they need it; else they wait for the pointer."""
    quiet = len(_texts(mdp)) > LABELS
    for stretch in () if quiet else STRETCHES:
        picture, touching = _attempt(mdp, places, policy, stretch, quiet=False)
        if not touching:
            return picture
    return _attempt(mdp, places, policy, 1.0, quiet=True)[0]


def _outcomes(mdp: MDP) -> list[tuple[State, Action, State, sp.Expr, sp.Expr]]:
    return [(s, a, *outcome) for s, a in mdp.pairs for outcome in _merged(mdp, s, a)]


def _texts(mdp: MDP) -> dict[int, Caption]:
    """What stands at an outcome, by its number."""
    captions = Captions.of(mdp)
    shown = {i: captions.shown(mdp, s, a, p, r) for i, (s, a, _, p, r) in enumerate(_outcomes(mdp))}
    return {i: caption for i, caption in shown.items() if caption.text}


def _attempt(mdp: MDP, places: Layout, policy: Pi | None, stretch: float, *, quiet: bool) -> tuple[Picture, bool]:
    """The picture at that width, and whether a label touches something."""
    captions, names, outcomes, texts = Captions.of(mdp), labels(mdp.states), _outcomes(mdp), _texts(mdp)
    inner = min(max([20.0] + [text_width(n, NAME_SIZE) / 2 + 6 for n in names.values()]), 34.0)
    # Petals side by side around a state with many actions.
    most = max([2] + [len(mdp.actions(s)) for s in mdp.nonterminal])
    reach = max(inner + PETAL + 16, (PETAL + 1.5) / math.sin(math.pi / most))
    # Labels that only appear under the pointer need no room.
    unit = stretch * (2 * reach + _spacing(len(mdp.states), [] if quiet else list(texts.values())))
    discs = {
        s: Circle(x * unit, y * unit, inner + (4 if s in mdp.terminal else 0)) for s, (x, y) in places.positions.items()
    }
    angles = petal_angles(mdp, places)
    centres = {(s, a): Circle(*_ray(discs[s], angle, reach), PETAL) for (s, a), angle in angles.items()}
    circles = [*discs.values(), *centres.values()]

    router = Router(circles, clearance=16.0 if len(outcomes) <= 24 else 9.0)
    routed: dict[int, Bezier] = {}
    # Loops have the least choice, so they choose first.
    for i in sorted(range(len(outcomes)), key=lambda i: outcomes[i][0] != outcomes[i][2]):
        s, a, t, *_ = outcomes[i]
        routed[i] = router.route(centres[s, a], angles[s, a], discs[t], loop=s == t)
    curves = [routed[i] for i in range(len(outcomes))]

    marks = _marks(mdp, discs, circles, curves)
    probabilities = _policy_labels(mdp, policy)
    chosen = {pair: pieces(plain(p)) for pair, p in probabilities.items()}
    starts = {mark.state: pieces(plain(mdp.start[mark.state])) for mark in marks if mdp.start[mark.state] != 1}
    tails = {m.state: Circle((m.tail[0] + m.tip[0]) / 2, (m.tail[1] + m.tip[1]) / 2, 9.0) for m in marks}
    heads = [Circle(*_ray(curve.tip, _towards(curve.tip, curve.second), 4.0), 4.0) for curve in curves]
    solid = [*circles, *tails.values(), *heads]

    standing = [(beyond(tails[s], _towards(discs[s], tails[s]), 4, *_size(text)), text) for s, text in starts.items()]
    standing += [(beyond(centres[p], angles[p], 2, *_size(text)), text) for p, text in chosen.items()]
    at_arrows = [(along(curves[i], *_size(caption.pieces)), caption.pieces) for i, caption in texts.items()]
    # Labels that appear one action at a time are not in the way of those that stand.
    groups = [standing, at_arrows] if quiet else [[*standing, *at_arrows]]
    spots = [spot for group in groups for spot in place_labels([wish for wish, _ in group], solid, curves)]
    written = zip(spots, [*standing, *at_arrows], strict=True)
    found = [(Label(spot.x, spot.y, text), spot.touching) for spot, (_, text) in written]
    shown = [None if quiet and touching else label for label, touching in found[: len(standing)]]
    of_starts = dict(zip(starts, shown, strict=False))
    of_policy = zip(shown[len(starts) :], probabilities.values(), strict=True)
    placed = dict(zip(texts, [label for label, _ in found[len(standing) :]], strict=True))

    actions = list(dict.fromkeys(a for _, a in mdp.pairs))
    symbols, spelt = symbols_of_actions(actions), labels(actions)
    colour = {a: i for i, a in enumerate(actions)}
    abbreviated = any(symbols[a] != str(a) for a in actions)
    picture = _finish(
        mdp,
        [_disc(mdp, s, discs[s], names[s]) for s in mdp.states],
        [
            Arrow(*outcome, curves[i], colour[outcome[1]], placed.get(i), texts.get(i, Caption(None, None)))
            for i, outcome in enumerate(outcomes)
        ],
        captions.lines(mdp, quiet=quiet),
        quiet,
        unit,
        petals=[
            Petal(s, a, *centre[:2], symbols[a], colour[a], _tooltip(mdp, s, a, policy))
            for (s, a), centre in centres.items()
        ],
        marks=[mark._replace(label=of_starts.get(mark.state)) for mark in marks],
        policy=[(label, probability) for label, probability in of_policy if label],
        legend=[(spelt[a], symbols[a], colour[a]) for a in actions if abbreviated],
    )
    return picture, any(spot.touching for spot in spots)


def _size(text: Sequence[Span]) -> tuple[float, float]:
    return pieces_width(text, LABEL_SIZE), LABEL_HEIGHT


def _towards(start: Sequence[float], end: Sequence[float]) -> float:
    """The direction from one place to another."""
    return math.atan2(end[1] - start[1], end[0] - start[0])


def _spacing(n: int, texts: Sequence[Caption]) -> float:
    """The distance between n states beyond their petals: more between few, and where each has many or long labels."""
    longest = max((pieces_width(text.pieces, LABEL_SIZE) for text in texts), default=0.0)
    crowd = 20 * max(len(texts) / n - 3, 0.0)
    return (90 if n <= 3 else 70 if n <= 6 else 50) + min(longest, 170 if n <= 3 else 110) + min(crowd, 90)


def _simple(mdp: MDP, places: Layout) -> Picture:
    """States and who follows whom; names and numbers in tooltips only."""
    unit, radius = 44.0, 7.0
    discs = {s: Circle(x * unit, y * unit, radius) for s, (x, y) in places.positions.items()}
    arrows = []
    for s, t in _links(mdp):
        if s == t:
            continue
        a, b = discs[s], discs[t]
        angle = _towards(b, a)
        # Each direction keeps to its own side.
        handle = 0.3 * math.dist(a[:2], b[:2])
        start, first = (_ray(a, angle + math.pi + 0.3, d) for d in (radius, radius + handle))
        tip, second = (_ray(b, angle - 0.3, d) for d in (radius, radius + handle))
        arrows.append(Arrow(s, None, t, sp.Integer(1), sp.Integer(0), Bezier(start, first, second, tip), 0, None))
    line = f"{len(mdp.states)} states; arrows join a state to each possible next state"
    return _finish(mdp, [_disc(mdp, s, discs[s], "") for s in mdp.states], arrows, [line], True, unit)


def _merged(mdp: MDP, state: State, action: Action) -> list[tuple[State, sp.Expr, sp.Expr]]:
    """The outcomes of (s, a), those with the same next state and reward as one."""
    found: dict[tuple[State, sp.Expr], sp.Expr] = {}
    for t, p, r in mdp.outcomes(state, action):
        found[t, r] = found.get((t, r), sp.Integer(0)) + p
    return [(t, p, r) for (t, r), p in found.items()]


def _disc(mdp: MDP, state: State, circle: Circle, name: str) -> Disc:
    terminal, start = state in mdp.terminal, state in mdp.start
    room = 2 * circle.radius - (12 if terminal else 4)
    size = NAME_SIZE if text_width(name, NAME_SIZE) <= room else 9.5
    label = shorten(name, lambda text: text_width(text, size) <= room)
    tooltip = f"{'terminal state' if terminal else 'state'} {state}"
    tooltip += f", start with probability {plain(mdp.start[state])}" if start else ""
    return Disc(state, *circle, label, size, terminal, start, tooltip)


def _tooltip(mdp: MDP, state: State, action: Action, policy: Pi | None) -> str:
    outcomes = "; ".join(
        f"to {t} with probability {plain(p)}, reward {plain(r)}" for t, p, r in _merged(mdp, state, action)
    )
    chosen = "" if policy is None else f" (chosen with probability {plain(_pi(policy, action, state))})"
    return f"state {state}, action {action}{chosen}: {outcomes}"


def _pi(policy: Pi, action: Action, state: State) -> sp.Expr:
    return to_expr(policy(action, state) if callable(policy) else policy[state][action], where=(state, action))


def _policy_labels(mdp: MDP, policy: Pi | None) -> dict[tuple[State, Action], sp.Expr]:
    """pi(a|s) where it is short and there is a choice."""
    if policy is None:
        return {}
    found = {(s, a): _pi(policy, a, s) for s, a in mdp.pairs if len(mdp.actions(s)) > 1}
    return {pair: p for pair, p in found.items() if len(plain(p)) <= 12}


def _marks(mdp: MDP, discs: Mapping[State, Circle], circles: Sequence[Circle], curves: Sequence[Bezier]) -> list[Mark]:
    """Start arrows, each from the freest side, the left one if it is as free; many starts get no arrows."""
    if len(mdp.start) > 8:
        return []
    points = sampled(curves)
    found = []
    for s in mdp.start:
        disc = discs[s]

        def room(angle: float, disc: Circle = disc) -> float:
            probes = [_ray(disc, angle, disc.radius + d) for d in (10, 22, 34)]
            clear = [math.dist(q, c[:2]) - c.radius for q in probes for c in circles if c != disc]
            clear += [math.dist(q, point) for q in probes for point in points]
            return min([24.0, *clear]) + 2 * math.cos(angle - math.pi)

        angle = max((math.pi + k * math.pi / 8 for k in range(16)), key=room)
        tail, tip = _ray(disc, angle, disc.radius + 26), _ray(disc, angle, disc.radius)
        found.append(Mark(s, tail, tip, None))
    return found


def _ray(place: Sequence[float], angle: float, length: float) -> Point:
    return place[0] + length * math.cos(angle), place[1] + length * math.sin(angle)


def _box(label: Label) -> tuple[float, float, float, float]:
    return (label.x, label.y, *_size(label.parts))


def _finish(
    mdp: MDP,
    discs: Sequence[Disc],
    arrows: Sequence[Arrow],
    lines: Sequence[str],
    quiet: bool,
    unit: float,
    *,
    petals: Sequence[Petal] = (),
    marks: Sequence[Mark] = (),
    policy: Sequence[tuple[Label, sp.Expr]] = (),
    legend: Iterable[tuple[str, str, int]] = (),
) -> Picture:
    """Legend and captions below, and the box around everything."""
    written = [label for label in (*(arrow.label for arrow in arrows), *(mark.label for mark in marks)) if label]
    written += [label for label, _ in policy]
    rectangles = [(d.x, d.y, 2 * d.radius, 2 * d.radius) for d in discs]
    rectangles += [(p.x, p.y, 2 * PETAL, 2 * PETAL) for p in petals]
    rectangles += [(*mark.tail, 0.0, 0.0) for mark in marks]
    rectangles += map(_box, written)
    drawn = sampled([arrow.curve for arrow in arrows])
    drawn += [(x + side * w / 2, y + side * h / 2) for x, y, w, h in rectangles for side in (-1, 1)]
    (left, right), (top, bottom) = ((min(along) - 12, max(along) + 12) for along in zip(*drawn, strict=True))
    right = max([right, left + 220] + [left + 24 + text_width(line, LABEL_SIZE) for line in lines])
    keys: list[tuple[Label, str, int]] = []
    x, y = left + 22, bottom + 10
    for name, symbol, colour in legend:
        width = text_width(name, LABEL_SIZE) + 44
        if x + width > right and x > left + 22:
            x, y = left + 22, y + 24
        right = max(right, x + width)
        keys.append((Label(x, y, [Span(name)]), symbol, colour))
        x += width
    bottom = y + 18 if keys else bottom
    captions = [Label(left + 12, bottom + 8 + 17 * i, pieces(line)) for i, line in enumerate(lines)]
    bottom += 17 * len(captions) + 6 * bool(captions)
    box = (left, top, right - left, bottom - top)
    return Picture(discs, petals, arrows, marks, policy, keys, captions, box, quiet, unit, description(mdp))
