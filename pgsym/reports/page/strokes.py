"""Lines, areas, circles and words in a plane, written as an SVG or as TikZ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from pgsym.display.figure import DARK, LIGHT, Palette, latex_colours
from pgsym.expression.notation import escape_text
from pgsym.model.drawing.tikz import CENTIMETRES

INK, GRID = -1, -2
"""Colours beside those that tell series apart: that of text, and a fainter one."""

FONT = 13


@dataclass(frozen=True)
class Line:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    colour: int = INK
    width: float = 1.0
    dash: tuple[int, ...] = ()
    opacity: float = 1.0


@dataclass(frozen=True)
class Area:
    """A shaded rectangle, by two corners."""

    x0: float
    y0: float
    x1: float
    y1: float
    colour: int


@dataclass(frozen=True)
class Marker:
    """A filled circle."""

    x: float
    y: float
    colour: int = INK


@dataclass(frozen=True)
class Words:
    """Text on one line; `anchor` is start, middle or end, and y that of its middle."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    turned: bool = False


Stroke = Line | Area | Marker | Words

SHADE, RADIUS = 0.16, 4
"""Opacity of an area, and the size of a marker."""


def svg(strokes: Sequence[Stroke], width: float, height: float, name: str, description: str) -> str:
    """The strokes as an SVG with a light and a dark look.

    >>> text = svg([Marker(1, 2)], 10, 10, "a dot", "One dot.")
    >>> text.startswith("<svg"), "<desc>One dot.</desc>" in text
    (True, True)
    """
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="pgsym-chart" role="img" aria-label="{escape(name)}" '
        f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" style="max-width:100%;height:auto">',
        f"<desc>{escape(description)}</desc>",
        f"<style>{_STYLE}</style>",
        *map(_svg, strokes),
    ]
    return "\n".join([*parts, "</svg>"])


def _svg(stroke: Stroke) -> str:
    if isinstance(stroke, Words):
        place = f'x="{stroke.x:.1f}" y="{stroke.y:.1f}"'
        turn = f' transform="rotate(-90 {stroke.x:.1f} {stroke.y:.1f})"' if stroke.turned else ""
        set_as = f'{place} dominant-baseline="central" text-anchor="{stroke.anchor}"{turn}'
        return f'<text class="f ink" {set_as}>{escape(stroke.text)}</text>'
    name = {INK: "ink", GRID: "grid"}.get(stroke.colour, f"c{stroke.colour % len(LIGHT.series)}")
    match stroke:
        case Line():
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in stroke.points)
            dash = f' stroke-dasharray="{" ".join(map(str, stroke.dash))}"' if stroke.dash else ""
            faint = f' opacity="{stroke.opacity:g}"' if stroke.opacity < 1 else ""
            return f'<polyline class="s {name}" points="{points}" stroke-width="{stroke.width:g}"{dash}{faint}/>'
        case Area(x0, y0, x1, y1):
            size = f'width="{x1 - x0:.1f}" height="{y1 - y0:.1f}"'
            return f'<rect class="f {name}" x="{x0:.1f}" y="{y0:.1f}" {size} opacity="{SHADE}"/>'
        case Marker(x, y):
            return f'<circle class="f {name}" cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}"/>'


def _rules(palette: Palette) -> str:
    table = {"ink": palette.ink, "grid": palette.grid} | {f"c{i}": c for i, c in enumerate(palette.series)}
    return "".join(
        f".pgsym-chart .s.{name}{{stroke:{c}}}.pgsym-chart .f.{name}{{fill:{c}}}" for name, c in table.items()
    )


_STYLE = (
    f".pgsym-chart{{font:{FONT}px system-ui,'DejaVu Sans',sans-serif}}.pgsym-chart .s{{fill:none;"
    "stroke-linejoin:round}" + _rules(LIGHT) + "@media screen and (prefers-color-scheme:dark){"
    + _rules(DARK) + "}"
)  # fmt: skip


def tikz(strokes: Sequence[Stroke], height: float) -> str:
    r"""The strokes as a ``tikzpicture``.

    >>> print(tikz([Words(0, 10, "50%")], 10).splitlines()[-2])
    \node[font=\footnotesize] at (0.000,0.000) {50\%};
    """
    used = sorted({s.colour % len(LIGHT.series) for s in strokes if not isinstance(s, Words) and s.colour >= 0})
    lines = [
        r"\begin{tikzpicture}[x=1cm, y=1cm]",
        *latex_colours("series", used),
        *(line for stroke in strokes for line in _tikz(stroke, height)),
    ]
    return "\n".join([*lines, r"\end{tikzpicture}"])


def _tikz(stroke: Stroke, height: float) -> Iterator[str]:
    def at(x: float, y: float) -> str:
        return f"({x * CENTIMETRES:.3f},{(height - y) * CENTIMETRES:.3f})"

    if isinstance(stroke, Words):
        side = {"start": "right, ", "end": "left, "}.get(stroke.anchor, "")
        turn = "rotate=90, " if stroke.turned else ""
        yield rf"\node[{side}{turn}font=\footnotesize] at {at(stroke.x, stroke.y)} {{{escape_text(stroke.text)}}};"
        return
    colour = {INK: "black", GRID: "black!15"}.get(stroke.colour, f"series{stroke.colour % len(LIGHT.series)}")
    match stroke:
        case Line():
            options = [colour, f"line width={0.75 * stroke.width:.2f}bp"]
            if stroke.dash:
                pattern = " ".join(f"{'off' if k % 2 else 'on'} {0.75 * d:g}bp" for k, d in enumerate(stroke.dash))
                options.append(f"dash pattern={pattern}")
            options += [f"opacity={stroke.opacity:g}"] if stroke.opacity < 1 else []
            # TeX reads lines of limited length.
            points = [at(*p) for p in stroke.points]
            rows = [" -- ".join(points[k : k + 12]) for k in range(0, len(points), 12)]
            yield rf"\draw[{', '.join(options)}] " + "\n  -- ".join(rows) + ";"
        case Area(x0, y0, x1, y1):
            yield rf"\fill[{colour}, opacity={SHADE}] {at(x0, y0)} rectangle {at(x1, y1)};"
        case Marker(x, y):
            yield rf"\fill[{colour}] {at(x, y)} circle ({RADIUS * CENTIMETRES:.3f});"
