"""How arrows and labels of a picture avoid what is already there: the best of a fixed list of candidates.

A curve is a cubic Bezier from a petal to the border of a state; ties go to the straightest.  Lengths are pixels.
"""

from __future__ import annotations

import cmath
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from operator import attrgetter
from typing import NamedTuple

from pgsym.model.layout import Point as Point
from pgsym.model.layout import turn

_T = [0.06 + 0.05 * k for k in range(19)]
_BASIS = [((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3) for t in _T]


class Bezier(NamedTuple):
    """Control points of a cubic Bezier; `tip` lies on the target's border."""

    start: Point
    first: Point
    second: Point
    tip: Point

    def at(self, t: float) -> Point:
        """The point at parameter `t` in [0, 1]."""
        weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
        x, y = (sum(w * c for w, c in zip(weights, along, strict=True)) for along in zip(*self, strict=True))
        return x, y

    def normal(self, t: float) -> Point:
        """A unit vector across the curve at `t`."""
        (x0, y0), (x1, y1) = self.at(max(t - 0.02, 0)), self.at(min(t + 0.02, 1))
        length = math.hypot(x1 - x0, y1 - y0)
        return ((y0 - y1) / length, (x1 - x0) / length) if length else (0.0, -1.0)


class Circle(NamedTuple):
    """Something round that nothing should touch."""

    x: float
    y: float
    radius: float


TIE = 1e-9
"""What costs less by no more than this is not better: of mirror images the first is taken, on every machine."""


class _Candidate(NamedTuple):
    """A way for an arrow: turns at both ends, lengths of both handles, and what the turns cost."""

    out: float
    into: float
    reach: float
    leave: float
    effort: float


class Router:
    """Places curves one after the other around the circles, `clearance` apart where they can be."""

    def __init__(self, circles: Sequence[Circle], clearance: float) -> None:
        self.clearance = clearance
        self.circles = [(complex(c.x, c.y), c.radius) for c in circles]
        self.cells: defaultdict[tuple[int, int], list[complex]] = defaultdict(list)
        """Points of the curves so far, in squares of side `clearance`."""
        self.tips: list[complex] = []

    def route(self, petal: Circle, angle: float, target: Circle, *, loop: bool) -> Bezier:
        """From a petal, leaving roughly at `angle`, to the border of `target`; a loop returns to its own state."""
        start, end = complex(petal.x, petal.y), complex(target.x, target.y)
        back = cmath.phase(start - end)
        # The first control point leads away from the petal, halfway between its own direction and the target's.
        towards = angle if loop else angle + 0.5 * turn(angle, back + math.pi)
        # Candidates bulge by less than half their length; what is farther away cannot matter.
        middle, within = (start + end) / 2, abs(start - end) + 60
        # A loop keeps away from other petals, where labels and arrows have to pass.
        around = [
            (centre, radius + (-1.0 if centre == end else 14.0 if loop else 7.0))
            for centre, radius in self.circles
            if centre != start and abs(centre - middle) < within
        ]
        best, least = (start,) * 4, math.inf
        ways = _loops() if loop else _ways(abs(start - end))
        for out, into, reach, leave, effort in sorted(ways, key=attrgetter("effort")):
            if effort >= least:
                break
            arrive = cmath.rect(1.0, back + into)
            controls = (
                start,
                start + cmath.rect(leave, towards + out),
                end + (target.radius + reach) * arrive,
                end + target.radius * arrive,
            )
            cost = effort + self._cost(controls, around, least - effort)
            if cost < least - TIE:
                best, least = controls, cost
        for point in _points(best)[1::2]:
            self.cells[self._cell(point)].append(point)
        self.tips.append(best[3])
        # The tip is not rounded: it lies on the border exactly.
        first, second, third = ((round(z.real, 1), round(z.imag, 1)) for z in best[:3])
        return Bezier(first, second, third, (best[3].real, best[3].imag))

    def _cost(self, controls: Sequence[complex], around: Sequence[tuple[complex, float]], bound: float) -> float:
        """Of length and of what is in the way; anything from `bound` on where it is that much."""
        points = _points(controls)
        cost = sum(abs(q - p) for p, q in pairwise(points)) / 25
        cost += max([0.0, *(11 - abs(controls[3] - tip) for tip in self.tips)])
        for centre, radius in around:
            if cost >= bound:
                return cost
            for point in points:
                gap = abs(point - centre)
                if gap < radius:
                    cost += (radius - gap) ** 2 / 10
        for point in points[2:-2:2]:
            if cost >= bound:
                return cost
            near = min((abs(point - other) for other in self._near(point)), default=self.clearance)
            cost += max(self.clearance - near, 0.0) / 5
        return cost

    def _cell(self, point: complex) -> tuple[int, int]:
        return math.floor(point.real / self.clearance), math.floor(point.imag / self.clearance)

    def _near(self, point: complex) -> Iterator[complex]:
        """The points of earlier curves that may be closer than the clearance."""
        x, y = self._cell(point)
        for i, j in product((x - 1, x, x + 1), (y - 1, y, y + 1)):
            yield from self.cells.get((i, j), ())


def _points(controls: Sequence[complex]) -> list[complex]:
    a, b, c, d = controls
    return [w * a + x * b + y * c + z * d for w, x, y, z in _BASIS]


def _ways(distance: float) -> list[_Candidate]:
    """Candidates of an arrow."""
    handle = min(max(0.36 * distance, 10.0), 90.0)
    intos, outs = map(math.radians, (0, 18, -18, 36, -36, 58, -58)), map(math.radians, (0, 25, -25, 50, -50, 80, -80))
    return [_Candidate(out, into, handle, handle, 3 * out**2 + 4 * into**2) for into, out in product(intos, outs)]


def _loops() -> list[_Candidate]:
    """Candidates of a loop, which leaves and comes back on one side."""
    rows = product((1, -1), map(math.radians, (20, 50)), map(math.radians, (50, 65, 80, 100)), _HANDLES)
    return [_Candidate(side * out, side * into, *handles, 3 * out**2) for side, out, into, handles in rows]


_HANDLES = ((26.0, 26.0), (36.0, 36.0), (18.0, 20.0))


def sampled(curves: Sequence[Bezier]) -> list[Point]:
    """Points on all the curves."""
    return [(z.real, z.imag) for curve in curves for z in _points([complex(*point) for point in curve])]


class Wish(NamedTuple):
    """A label that needs a place: its size, and the middles where it could stand with what each costs."""

    width: float
    height: float
    places: Sequence[tuple[float, float, float]]


class Spot(NamedTuple):
    """The middle of a label, and whether it still touches a circle or another label there."""

    x: float
    y: float
    touching: bool


def along(curve: Bezier, width: float, height: float) -> Wish:
    """A label beside a curve, near its middle at best."""
    places = []
    for t in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82):
        (x, y), (nx, ny) = curve.at(t), curve.normal(t)
        for away in (2.0, 8.0, 15.0):
            offset = abs(nx) * width / 2 + abs(ny) * height / 2 + away
            effort = 12 * abs(t - 0.5) + 0.4 * (away - 2)
            places += [(x + side * nx * offset, y + side * ny * offset, effort) for side in (1, -1)]
    return Wish(width, height, places)


def beyond(circle: Circle, angle: float, gap: float, width: float, height: float) -> Wish:
    """A label beside a circle, in that direction at best, its border at the distance `gap`."""
    places = []
    for away in (0.0, 7.0, 16.0):
        for turned in map(math.radians, (0, 25, -25, 50, -50, 75, -75, 100, -100, 125, -125, 150, -150)):
            x, y = math.cos(angle + turned), math.sin(angle + turned)
            length = circle.radius + gap + away + abs(x) * width / 2 + abs(y) * height / 2
            places.append((circle.x + length * x, circle.y + length * y, 2 * abs(turned) + 0.4 * away))
    return Wish(width, height, places)


SWEEPS = 8
_Box = tuple[float, float, float, float]


def place_labels(wishes: Sequence[Wish], circles: Sequence[Circle], curves: Sequence[Bezier]) -> list[Spot]:
    """Where each label stands.

    Later sweeps let a label move where others have come; they end when none moves.
    """
    samples = sampled(curves)
    still = [_standing(wish, circles, samples) for wish in wishes]
    boxes: list[_Box | None] = [None] * len(wishes)
    touching = [0.0] * len(wishes)
    for _ in range(SWEEPS):
        before = list(boxes)
        for i, wish in enumerate(wishes):
            others = _reachable(wish, [box for k, box in enumerate(boxes) if box and k != i])
            least = math.inf
            for cost, touched, x, y in still[i]:
                if cost >= least:
                    break
                overlaps = sum(_overlap((x, y, wish.width, wish.height), box) for box in others)
                if cost + overlaps < least - TIE:
                    least, touching[i] = cost + overlaps, touched + overlaps
                    boxes[i] = (x, y, wish.width, wish.height)
        if boxes == before:
            break
    return [Spot(round(b[0], 1), round(b[1], 1), bool(cost)) for b, cost in zip(boxes, touching, strict=True) if b]


def _reachable(wish: Wish, boxes: Sequence[_Box]) -> list[_Box]:
    """Those that the label may overlap somewhere."""
    xs, ys, _ = zip(*wish.places, strict=True)
    left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
    return [
        (x, y, w, h)
        for x, y, w, h in boxes
        if left - x < (w + wish.width) / 2 + 2 > x - right and top - y < (h + wish.height) / 2 + 2 > y - bottom
    ]


def _standing(
    wish: Wish, circles: Sequence[Circle], samples: Sequence[Point]
) -> list[tuple[float, float, float, float]]:
    """Each place, cheapest first: its cost, what of that is by touching circles, and the middle.

    The rest of the cost is the effort, and the lines that it covers.
    """
    rings = [(x, y, w / 2) for x, y, w, _ in _reachable(wish, [(x, y, 2 * r, 2 * r) for x, y, r in circles])]
    lines = [(x, y) for x, y, *_ in _reachable(wish, [(x, y, 0.0, 0.0) for x, y in samples])]
    half, tall = wish.width / 2, wish.height / 2
    found = []
    for x, y, effort in wish.places:
        touched = 0.0
        for u, v, radius in rings:
            depth = radius + 2 - math.hypot(max(abs(u - x) - half, 0.0), max(abs(v - y) - tall, 0.0))
            touched += 20 + 6 * depth if depth > 0 else 0.0
        covered = sum(abs(u - x) < half + 1 and abs(v - y) < tall for u, v in lines)
        found.append((touched + effort + 4 * covered, touched, x, y))
    return sorted(found, key=lambda place: place[0])


def _overlap(one: _Box, other: _Box) -> float:
    """What a label costs by overlapping another."""
    dx = (one[2] + other[2]) / 2 + 2 - abs(one[0] - other[0])
    dy = (one[3] + other[3]) / 2 + 1 - abs(one[1] - other[1])
    return 20 + dx * dy if dx > 0 and dy > 0 else 0.0
