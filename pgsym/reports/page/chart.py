"""Curves over steps, and intervals beside a line: the two diagrams of a report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from pgsym.claims.blocks import Figure
from pgsym.reports.page.strokes import GRID, INK, Area, Line, Marker, Stroke, Words, svg, tikz

WIDTH, HEIGHT = 760.0, 380.0
LEFT, RIGHT, TOP, BOTTOM = 74.0, 16.0, 40.0, 50.0
LEAST = 540.0
"""A chart is not drawn narrower."""
ROW = 26.0
"""Height of an interval's row."""
LETTER = 7.6
"""Width of a letter, roughly."""
FLAT = 1e-9
"""A relative range below this is rounding, and drawn as a level."""
OUTSIDE = 0.02
"""Share of the values at either end that an axis need not reach."""
POINTS = 200
"""Points of a curve that are drawn."""
DASHES: tuple[tuple[int, ...], ...] = ((), (8, 4), (2, 3), (8, 3, 2, 3))
"""Lines are told apart without their colours too."""


@dataclass(frozen=True)
class Curve:
    """A series: y by x, NaN where it has ended; `runs` are single runs that are drawn thin."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    runs: tuple[Sequence[float], ...] = ()


@dataclass(frozen=True)
class Interval:
    """A confidence interval."""

    label: str
    low: float
    middle: float
    high: float
    group: int = 0


@dataclass(frozen=True)
class Band:
    """A part of the axis in which something is true, from one number to another, and what."""

    low: float
    high: float
    label: str


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from below `low` to above `high`, about six of them.

    >>> ticks(-0.3, 9.1), ticks(2, 2)
    ([-2.0, 0.0, 2.0, 4.0, 6.0, 8.0, 10.0], [0.0, 1.0, 2.0, 3.0, 4.0])
    """
    size = max(abs(low), abs(high))
    if not high - low > FLAT * size:
        low, high = low - (size or 1.0), high + (size or 1.0)
    rough = high / 5 - low / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - FLAT))
    first, last = math.floor(low / step + FLAT), math.ceil(high / step - FLAT)
    return [k * step for k in range(first, last + 1)]


def labels(values: Sequence[float]) -> list[str]:
    """Ticks with as many digits as tell them apart; the minus sign is the mathematical one.

    >>> labels([-0.25, 0.0, 0.30000000000000004]), labels([1e6, 1e6 + 1])
    (['−0.25', '0', '0.3'], ['1000000', '1000001'])
    """
    size, step = max(map(abs, values)), values[1] - values[0]
    digits = 3 + max(0, math.ceil(math.log10(size / step)))
    return [f"{value:.{digits}g}".replace("-", "−") if abs(value) > FLAT * size else "0" for value in values]


def curves(
    found: Sequence[Curve],
    x_label: str,
    y_label: str,
    caption: str,
    reference: tuple[str, float] | None = None,
    bands: Sequence[Band] = (),
) -> Figure:
    """Curves in one frame, with a level that they may reach drawn dotted, and shaded parts of the axis."""
    xs = [x for c in found for x in c.x]
    lasting = [(curve.label, [y for y in curve.y if math.isfinite(y)]) for curve in found]
    low, high = _frame([values for _, values in lasting], [reference[1]] if reference else [])
    columns, rows = ticks(min(xs), max(xs)), ticks(low, high)
    cut = False
    inner, floor = WIDTH - LEFT - RIGHT, HEIGHT - BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            LEFT + inner * (x - columns[0]) / (columns[-1] - columns[0]),
            floor - (floor - TOP) * (y - rows[0]) / (rows[-1] - rows[0]),
        )

    strokes: list[Stroke] = []
    names = list(dict.fromkeys(band.label for band in bands))
    for band in bands:
        left, right = (min(max(end, columns[0]), columns[-1]) for end in (band.low, band.high))
        (x0, top), (x1, bottom) = at(left, rows[-1]), at(right, rows[0])
        strokes.append(Area(x0, top, x1, bottom, names.index(band.label)))
    for y, text in zip(rows, labels(rows), strict=True):
        strokes += [Line((at(columns[0], y), at(columns[-1], y)), GRID), Words(LEFT - 8, at(0, y)[1], text, "end")]
    for x, text in zip(columns, labels(columns), strict=True):
        strokes += [Line((at(x, rows[0]), (at(x, rows[0])[0], floor + 5))), Words(at(x, 0)[0], floor + 16, text)]
    strokes.append(Line((at(columns[0], rows[0]), at(columns[-1], rows[0]))))
    strokes += [Words(LEFT + inner / 2, HEIGHT - 12, x_label), Words(14, (TOP + floor) / 2, y_label, turned=True)]
    place = LEFT
    for number, curve in enumerate(found):
        dash = DASHES[number % len(DASHES)]
        for series, width, opacity in [*((run, 0.8, 0.45) for run in curve.runs), (curve.y, 2.2, 1.0)]:
            points = [(x, y) for x, y in zip(curve.x, series, strict=True) if math.isfinite(y)]
            for inside, piece in groupby(points, lambda point: rows[0] <= point[1] <= rows[-1]):
                cut = cut or not inside
                if inside:
                    line = tuple(_thinned([at(x, y) for x, y in piece]))
                    strokes.append(Line(line, number, width, dash if width > 1 else (), opacity))
        place = _key(strokes, place, Line((), number, 2.2, dash), curve.label)
    if reference:
        label, level = reference
        strokes.append(Line((at(columns[0], level), at(columns[-1], level)), INK, 1.2, (1, 4)))
        _key(strokes, place, Line((), INK, 1.2, (1, 4)), label)
    height = HEIGHT
    for number, label in enumerate(names):
        spans = [band for band in bands if band.label == label]
        strokes += [Area(LEFT, height, LEFT + 26, height + 12, number), Words(LEFT + 32, height + 6, label, "start")]
        caption += f"; {label}: {' and '.join(f'{band.low:.6g} to {band.high:.6g}' for band in spans)}"
        height += 20
    caption += "; lines are cut where they leave the frame" if cut else ""
    said = "; ".join(f"{label}: from {values[0]:.4g} to {values[-1]:.4g}" for label, values in lasting)
    said += f"; {reference[0]}: {reference[1]:.4g}" if reference else ""
    return _figure(strokes, height + 4 * bool(names), caption, f"{y_label} by {x_label}. {said}.")


def _frame(curves: Sequence[Sequence[float]], levels: Sequence[float]) -> tuple[float, float]:
    """The ends of the axis: of all values but the extreme `OUTSIDE`, of where curves begin and end, and of levels."""
    every = sorted(y for values in curves for y in values)
    most = int(OUTSIDE * len(every))
    kept = [*every[most : len(every) - most], *(values[k] for values in curves for k in (0, -1)), *levels]
    return min(kept), max(kept)


def _figure(strokes: Sequence[Stroke], height: float, caption: str, description: str) -> Figure:
    return Figure(svg(strokes, WIDTH, height, caption, description), tikz(strokes, height), caption, description, LEAST)


def _key(strokes: list[Stroke], place: float, line: Line, label: str) -> float:
    """A piece of the line with its name above the frame; where the next one begins."""
    strokes += [replace(line, points=((place, 16), (place + 26, 16))), Words(place + 32, 16, label, "start")]
    return place + 32 + LETTER * len(label) + 24


def _thinned(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """At most `POINTS` of them, the ends kept."""
    if len(points) <= POINTS:
        return points
    last = len(points) - 1
    return [points[round(k * last / (POINTS - 1))] for k in range(POINTS)]


def intervals(found: Sequence[Interval], x_label: str, caption: str, groups: Sequence[str] = ()) -> Figure:
    """Intervals below one another around the line at 0."""
    left = min(12 + LETTER * max(len(one.label) for one in found), 0.4 * WIDTH)
    top = 34.0 if len(groups) > 1 else 12.0
    floor = top + ROW * len(found)
    columns = ticks(min(0.0, *(one.low for one in found)), max(0.0, *(one.high for one in found)))
    inner = WIDTH - left - RIGHT - 20

    def across(x: float) -> float:
        return left + 10 + inner * (x - columns[0]) / (columns[-1] - columns[0])

    strokes: list[Stroke] = []
    for x, text in zip(columns, labels(columns), strict=True):
        strokes += [Line(((across(x), top), (across(x), floor)), GRID), Words(across(x), floor + 14, text)]
    strokes.append(Line(((across(0), top), (across(0), floor)), INK, 1.4))
    strokes.append(Words(left + inner / 2, floor + 36, x_label))
    for k, one in enumerate(found):
        y = top + ROW * (k + 0.5)
        strokes.append(Words(left, y, one.label, "end"))
        strokes.append(Line(((across(one.low), y), (across(one.high), y)), one.group, 2.4))
        strokes += [Line(((across(x), y - 5), (across(x), y + 5)), one.group, 2.4) for x in (one.low, one.high)]
        strokes.append(Marker(across(one.middle), y, one.group))
    place = left + 10
    for number, label in enumerate(groups if len(groups) > 1 else ()):
        strokes += [Line(((place, 14), (place + 22, 14)), number, 2.4), Marker(place + 11, 14, number)]
        strokes.append(Words(place + 30, 14, label, "start"))
        place += 30 + LETTER * len(label) + 24
    apart = sum(not one.low <= 0 <= one.high for one in found)
    description = f"{len(found)} intervals; {len(found) - apart} contain 0" + (f", {apart} do not." if apart else ".")
    return _figure(strokes, floor + 50, caption, description)
