"""How arrows and labels of a picture avoid what is already there: the best of a fixed list of candidates.

A curve is a cubic Bezier from a petal to the border of a state; ties go to the straightest.  Lengths are pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pgsym.model.layout import Point as Point
from pgsym.model.layout import turn

Floats = NDArray[np.float64]

_T = np.linspace(0.06, 0.96, 19)
_BASIS = np.stack([(1 - _T) ** 3, 3 * (1 - _T) ** 2 * _T, 3 * (1 - _T) * _T**2, _T**3], axis=1)


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


class Router:
    """Places curves one after the other around the circles, `clearance` apart where they can be."""

    def __init__(self, circles: Sequence[Circle], clearance: float) -> None:
        self.clearance = clearance
        self.circles = np.array(circles, dtype=float).reshape(-1, 3)
        self.samples: list[Floats] = []
        self.tips: list[Point] = []

    def route(self, petal: Circle, angle: float, target: Circle, *, loop: bool) -> Bezier:
        """From a petal, leaving roughly at `angle`, to the border of `target`; a loop returns to its own state."""
        distance = math.hypot(target.x - petal.x, target.y - petal.y)
        back = math.atan2(petal.y - target.y, petal.x - target.x)
        out, into, reach, leave = _loop_turns() if loop else _turns(distance)
        # The first control point leads away from the petal, halfway between its own direction and the target's.
        towards = angle if loop else angle + 0.5 * turn(angle, back + math.pi)
        n = len(out)
        controls = np.empty((n, 4, 2))
        controls[:, 0] = petal.x, petal.y
        controls[:, 3] = _polar(target.x, target.y, back + into, np.full(n, target.radius))
        controls[:, 1] = _polar(petal.x, petal.y, towards + out, leave)
        controls[:, 2] = _polar(target.x, target.y, back + into, target.radius + reach)
        best = int(np.argmin(self._cost(controls, petal, target, loop) + 3 * out**2 + 4 * into**2 * (not loop)))
        points = _BASIS @ controls[best]
        self.samples.append(points[1::2])
        start, first, second, tip = ((round(float(x), 1), round(float(y), 1)) for x, y in controls[best])
        # The tip is not rounded: it lies on the border exactly.
        tip = (float(controls[best, 3, 0]), float(controls[best, 3, 1]))
        self.tips.append(tip)
        return Bezier(start, first, second, tip)

    def _cost(self, controls: Floats, petal: Circle, target: Circle, loop: bool) -> Floats:
        points = _BASIS @ controls
        middle = np.array([(petal.x + target.x) / 2, (petal.y + target.y) / 2])
        # Candidates bulge by less than half their length; what is farther away cannot matter.
        within = math.dist(petal[:2], target[:2]) + 60
        circles = self.circles[np.linalg.norm(self.circles[:, :2] - middle, axis=1) < within]
        gaps = _distances(points, circles[:, :2]) - circles[:, 2]
        own = (circles == np.array(petal)).all(axis=1)
        end = (circles == np.array(target)).all(axis=1)
        # A loop keeps away from other petals, where labels and arrows have to pass.
        margin = np.where(own, -np.inf, np.where(end, -1.0, 14.0 if loop else 7.0))
        cost: Floats = np.square(np.clip(margin - gaps, 0, None)).sum(axis=(1, 2)) / 10
        cost += np.linalg.norm(np.diff(points, axis=1), axis=2).sum(axis=1) / 25
        if self.samples:
            earlier = np.concatenate(self.samples)
            earlier = earlier[np.linalg.norm(earlier - middle, axis=1) < within]
            if len(earlier):
                near = _distances(points[:, 2:-2:2], earlier).min(axis=2)
                cost += np.clip(self.clearance - near, 0, None).sum(axis=1) / 5
            tips = np.linalg.norm(controls[:, None, 3] - np.array(self.tips), axis=2).min(axis=1)
            cost += np.clip(11 - tips, 0, None)
        return cost


def _distances(points: Floats, others: Floats) -> Floats:
    """Distances, shape (candidates, samples, others)."""
    dx = points[:, :, None, 0] - others[:, 0]
    dy = points[:, :, None, 1] - others[:, 1]
    found: Floats = np.sqrt(dx * dx + dy * dy)
    return found


def _polar(x: float, y: float, angle: Floats, length: Floats) -> Floats:
    return np.stack([x + length * np.cos(angle), y + length * np.sin(angle)], axis=1)


def _turns(distance: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Candidates of an arrow: turn at the start, turn at the end, lengths of both handles."""
    out, into = np.meshgrid(np.radians([0, 25, -25, 50, -50, 80, -80]), np.radians([0, 18, -18, 36, -36, 58, -58]))
    handle = np.full(out.size, min(max(0.36 * distance, 10.0), 90.0))
    return out.ravel(), into.ravel(), handle, handle


def _loop_turns() -> tuple[Floats, Floats, Floats, Floats]:
    """Candidates of a loop, which leaves and comes back on one side."""
    rows = [
        (side * math.radians(out), side * math.radians(into), reach, leave)
        for side in (1, -1)
        for out in (20, 50)
        for into in (50, 65, 80, 100)
        for reach, leave in ((26.0, 26.0), (36.0, 36.0), (18.0, 20.0))
    ]
    out, into, reach, leave = np.array(rows).T
    return out, into, reach, leave


def sampled(curves: Sequence[Bezier]) -> Floats:
    """Points on all the curves, shape (points, 2)."""
    return np.concatenate([_BASIS @ np.array(curve) for curve in curves]) if curves else np.empty((0, 2))


class Wish(NamedTuple):
    """A label that needs a place: its size, the middles where it could stand, best first, and what each costs."""

    width: float
    height: float
    middles: Floats
    efforts: Floats


class Spot(NamedTuple):
    """The middle of a label, and whether it still touches a circle or another label there."""

    x: float
    y: float
    touching: bool


def along(curve: Bezier, width: float, height: float) -> Wish:
    """A label beside a curve, near its middle at best."""
    middles, efforts = [], []
    for t in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82):
        (x, y), (nx, ny) = curve.at(t), curve.normal(t)
        for away in (2.0, 8.0, 15.0):
            offset = abs(nx) * width / 2 + abs(ny) * height / 2 + away
            middles += [(x + side * nx * offset, y + side * ny * offset) for side in (1, -1)]
            efforts += 2 * [12 * abs(t - 0.5) + 0.4 * (away - 2)]
    return Wish(width, height, np.array(middles), np.array(efforts))


def beyond(circle: Circle, angle: float, gap: float, width: float, height: float) -> Wish:
    """A label beside a circle, in that direction at best, its border at the distance `gap`."""
    turns = np.radians([0, 25, -25, 50, -50, 75, -75, 100, -100, 125, -125, 150, -150])
    middles, efforts = [], []
    for away in (0.0, 7.0, 16.0):
        across = np.abs(np.cos(angle + turns)) * width / 2 + np.abs(np.sin(angle + turns)) * height / 2
        length = circle.radius + gap + away + across
        middles.append(_polar(circle.x, circle.y, angle + turns, length))
        efforts.append(2 * np.abs(turns) + 0.4 * away)
    return Wish(width, height, np.concatenate(middles), np.concatenate(efforts))


def place_labels(wishes: Sequence[Wish], circles: Sequence[Circle], curves: Sequence[Bezier]) -> list[Spot]:
    """Where each label stands.

    Later sweeps let a label move where others have come; they end when none moves.
    """
    samples, rings = sampled(curves), np.array(circles, dtype=float).reshape(-1, 3)
    still = [_standing(wish, rings, samples) for wish in wishes]
    boxes = np.array([(*wish.middles[0], wish.width, wish.height) for wish in wishes]).reshape(-1, 4)
    known = np.zeros(len(wishes), dtype=bool)
    touching = np.zeros(len(wishes))
    for _ in range(SWEEPS):
        moved = False
        for i, wish in enumerate(wishes):
            known[i] = False
            touched, cost = still[i]
            overlaps = _overlaps(wish, boxes[known])
            best = int(np.argmin(cost + overlaps))
            known[i] = True
            touching[i] = touched[best] + overlaps[best]
            moved = moved or not np.array_equal(boxes[i, :2], wish.middles[best])
            boxes[i, :2] = wish.middles[best]
        if not moved:
            break
    return [
        Spot(round(float(x), 1), round(float(y), 1), bool(cost))
        for (x, y), cost in zip(boxes[:, :2], touching, strict=True)
    ]


SWEEPS = 8


def _standing(wish: Wish, rings: Floats, samples: Floats) -> tuple[Floats, Floats]:
    """What each middle costs by touching circles, and altogether: with its effort, and the lines that it covers."""
    x, y = wish.middles[:, :1], wish.middles[:, 1:]
    beside = np.clip(np.abs(rings[:, 0] - x) - wish.width / 2, 0, None)
    above = np.clip(np.abs(rings[:, 1] - y) - wish.height / 2, 0, None)
    depth = np.clip(rings[:, 2] + 2 - np.hypot(beside, above), 0, None)
    touched: Floats = (20 * (depth > 0) + 6 * depth).sum(axis=1)
    inside = (np.abs(samples[:, 0] - x) < wish.width / 2 + 1) & (np.abs(samples[:, 1] - y) < wish.height / 2)
    return touched, touched + wish.efforts + 4 * inside.sum(axis=1)


def _overlaps(wish: Wish, boxes: Floats) -> Floats:
    """What each middle costs by overlapping other labels."""
    dx = (wish.width + boxes[:, 2]) / 2 + 2 - np.abs(boxes[:, 0] - wish.middles[:, :1])
    dy = (wish.height + boxes[:, 3]) / 2 + 1 - np.abs(boxes[:, 1] - wish.middles[:, 1:])
    found: Floats = np.where((dx > 0) & (dy > 0), 20 + dx * dy, 0.0).sum(axis=1)
    return found
