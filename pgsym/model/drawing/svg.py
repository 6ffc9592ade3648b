"""An MDP as a self-contained SVG picture: no script, no font, no background, tooltips, two colour schemes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from pgsym.display.figure import DARK, LIGHT, Palette
from pgsym.model.drawing.captions import LABEL_SIZE, SMALL, symbol_size
from pgsym.model.drawing.geometry import PETAL, Pi, geometry
from pgsym.model.drawing.picture import Arrow, Disc, Label, Mark, Petal, Picture
from pgsym.model.mdp import MDP, State

HEAD = 7.5
"""Length of an arrow's head."""


def svg(mdp: MDP, *, positions: Mapping[State, Sequence[float]] | None = None, policy: Pi | None = None) -> str:
    """The picture of an MDP as SVG.

    States are circles, doubly bordered where terminal, with an arrow from nowhere where the MDP starts; coloured
    discs are actions; an arrow to each outcome is labelled with its probability (unless 1) and reward (unless 0).
    Above 60 states only states and connections are drawn.

    Parameters
    ----------
    positions
        (x, y) by state, y upwards; by default the shape is found (line, grid, circle...).
    policy
        pi(a|s): a policy, or probabilities nested by state and action; shown where short, and in tooltips.

    Returns
    -------
    str
        One ``<svg>`` element that loads nothing.

    Raises
    ------
    StructureError
        Too large to draw, or a position is missing.

    See Also
    --------
    report : The page with this picture.

    Examples
    --------
    >>> mdp = MDP.from_transitions([("s", "go", "end", 1, 1)], start="s", terminal=["end"])
    >>> text = svg(mdp)
    >>> text.startswith('<svg xmlns="http://www.w3.org/2000/svg"'), "<script" in text
    (True, False)
    """
    return write(geometry(mdp, positions=positions, policy=policy))


def write(picture: Picture) -> str:
    """A picture as SVG text."""
    x, y, width, height = picture.box
    described = _text(picture.description)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="pgsym-mdp" role="img" aria-label="{described}" '
        f'viewBox="{x:.1f} {y:.1f} {width:.1f} {height:.1f}" width="{width:.0f}" height="{height:.0f}" '
        'style="max-width:100%;height:auto" font-family="system-ui, \'DejaVu Sans\', sans-serif">',
        f"<desc>{described}</desc>",
        f"<style>{_style(picture)}</style>",
    ]
    discs = {d.state: d for d in picture.discs}
    for p in picture.petals:
        arrows = [arrow for arrow in picture.arrows if (arrow.state, arrow.action) == (p.state, p.action)]
        parts.append(_action(p, discs[p.state], arrows, picture.quiet))
    if not picture.petals:
        parts.append("".join(['<g class="a s7 f7">', *(_arrow(arrow, scale=0.6) for arrow in picture.arrows), "</g>"]))
    parts += [_state(disc) for disc in picture.discs]
    for p in picture.petals:
        parts.append(f"<g><title>{_text(p.tooltip)}</title>{_coin(p.x, p.y, p.symbol, p.colour)}</g>")
    parts += [_mark(mark) for mark in picture.marks]
    if not picture.quiet:
        parts += [_label(arrow.label, _kind(arrow)) for arrow in picture.arrows if arrow.label]
    parts += [_label(label, "p") for label, _ in picture.policy]
    for label, symbol, colour in picture.legend:
        parts.append(_coin(label.x, label.y, symbol, colour))
        parts.append(f'<text class="k" x="{label.x + 15:.1f}" y="{label.y + 4:.1f}">{_set(label)}</text>')
    parts += [f'<text class="k" x="{c.x:.1f}" y="{c.y + 4:.1f}">{_set(c)}</text>' for c in picture.captions]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _action(petal: Petal, disc: Disc, arrows: Sequence[Arrow], quiet: bool) -> str:
    colour = petal.colour % len(LIGHT.series)
    return "".join([
        f'<g class="a s{colour} f{colour}"><title>{_text(petal.tooltip)}</title>',
        f'<path class="w" d="M{disc.x:.1f},{disc.y:.1f}L{petal.x:.1f},{petal.y:.1f}"/>',
        *(_arrow(arrow) for arrow in arrows),
        *(_label(arrow.label, _kind(arrow)) for arrow in arrows if quiet and arrow.label),
        "</g>",
    ])  # fmt: skip


def _kind(arrow: Arrow) -> str:
    """A label has the colour of its arrow, which tells neighbouring arrows' labels apart."""
    return f"l f{arrow.colour % len(LIGHT.series)}"


def _arrow(arrow: Arrow, scale: float = 1.0) -> str:
    """Line and head; the line ends inside the head, whose point touches the border."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = arrow.curve
    head = _head(arrow.curve.second, arrow.curve.tip, HEAD * scale)
    back = 0.8 * HEAD * scale
    ux, uy = _unit(arrow.curve.tip, arrow.curve.second)
    return (
        f'<path class="t" d="M{x0:.1f},{y0:.1f}C{x1:.1f},{y1:.1f} {x2:.1f},{y2:.1f} '
        f'{x3 + back * ux:.2f},{y3 + back * uy:.2f}"/>{head}'
    )


def _head(tail: tuple[float, float], tip: tuple[float, float], length: float) -> str:
    ux, uy = _unit(tip, tail)
    x, y, half = tip[0] + length * ux, tip[1] + length * uy, 0.42 * length
    return (
        f'<path class="h" d="M{tip[0]:.2f},{tip[1]:.2f}L{x - half * uy:.2f},{y + half * ux:.2f}'
        f'L{x + half * uy:.2f},{y - half * ux:.2f}Z"/>'
    )


def _unit(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    return (dx / length, dy / length) if length else (1.0, 0.0)


def _state(disc: Disc) -> str:
    kind = "n" + (" e" if disc.terminal else "") + (" b" if disc.start else "")
    at = f'cx="{disc.x:.1f}" cy="{disc.y:.1f}"'
    inner = f'<circle class="i" {at} r="{disc.radius - 4:.1f}"/>' if disc.terminal and disc.label else ""
    size = f' style="font-size:{disc.size:g}px"' if disc.size != 12 else ""
    name = f'<text x="{disc.x:.1f}" y="{disc.y + 0.36 * disc.size:.1f}"{size}>{_text(disc.label)}</text>'
    return (
        f'<g class="{kind}"><title>{_text(disc.tooltip)}</title><circle {at} r="{disc.radius:.1f}"/>'
        f"{inner}{name if disc.label else ''}</g>"
    )


def _coin(x: float, y: float, symbol: str, colour: int) -> str:
    size = symbol_size(symbol)
    return (
        f'<g class="c f{colour % len(LIGHT.series)}"><circle cx="{x:.1f}" cy="{y:.1f}" r="{PETAL:g}"/>'
        f'<text x="{x:.1f}" y="{y + 0.36 * size:.1f}" style="font-size:{size:g}px">{_text(symbol)}</text></g>'
    )


def _mark(mark: Mark) -> str:
    (x0, y0), (x1, y1) = mark.tail, mark.tip
    line = f'<path class="t" d="M{x0:.1f},{y0:.1f}L{x1 + 0.23 * (x0 - x1):.1f},{y1 + 0.23 * (y0 - y1):.1f}"/>'
    label = _label(mark.label) if mark.label else ""
    head = _head(mark.tail, mark.tip, 9.0)
    return f'<g class="m"><title>{_text(f"start in {mark.state}")}</title>{line}{head}{label}</g>'


def _label(label: Label, kind: str = "l") -> str:
    return f'<text class="{kind}" x="{label.x:.1f}" y="{label.y + 4:.1f}">{_set(label)}</text>'


def _set(label: Label) -> str:
    """A label's pieces; what stands above or below the line is small, and the next piece comes back to it."""
    found, height = "", 0.0
    for piece in label.parts:
        level = -0.36 * LABEL_SIZE * piece.level if piece.level >= 0 else 0.24 * LABEL_SIZE
        names = [name for name, on in zip("vbx", (piece.italic, piece.bold, piece.level), strict=True) if on]
        style = f' class="{" ".join(names)}"' if names else ""
        style += f' dy="{level - height:.1f}"' if level != height else ""
        found += f"<tspan{style}>{_text(piece.text)}</tspan>" if style else _text(piece.text)
        height = level
    return found


def _text(text: str) -> str:
    """Escaped for text and attributes; characters that XML forbids are shown as missing."""
    return escape("".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text))


def _style(picture: Picture) -> str:
    """Every selector starts from the picture, since the style of inline SVG is the whole page's."""
    thick, faint = (1.2, 0.55) if len(picture.arrows) > 80 else (1.5, 0.95)
    light, dark = _rules(LIGHT), _rules(DARK)
    quiet = ".a .l{display:none}.a:hover .l{display:inline}" if picture.quiet else ""
    fixed = (
        f"text{{font-size:{LABEL_SIZE:g}px;text-anchor:middle;stroke:none;white-space:pre}}"
        f"tspan.v{{font-style:italic}}tspan.b{{font-weight:bold}}tspan.x{{font-size:{SMALL * LABEL_SIZE:g}px}}"
        ".n text{font-size:12px}.k{text-anchor:start}"
        f".t{{fill:none;stroke-width:{thick};stroke-opacity:{faint}}}.w{{fill:none;stroke-width:1.8}}"
        f".h{{stroke:none;fill-opacity:{max(faint, 0.8)}}}"
        ".n circle{stroke-width:1.3}.n .i{fill:none;stroke-width:1}.b circle{stroke-width:2.4}"
        ".l,.p{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}"
        f".c circle{{stroke:none}}.a:hover .t{{stroke-width:2.6;stroke-opacity:1}}{quiet}"
    )
    return _scoped(fixed) + _scoped(light) + f"@media screen and (prefers-color-scheme:dark){{{_scoped(dark)}}}"


def _rules(c: Palette) -> str:
    return (
        f"text{{fill:{c.ink}}}.n circle{{fill:{c.state};stroke:{c.ink}}}.e circle{{fill:{c.end}}}.n .i{{fill:none}}"
        f".l,.p{{stroke:{c.paper}}}.m .t{{stroke:{c.ink}}}.m .h{{fill:{c.ink}}}.c text{{fill:{c.on_series}}}"
        + "".join(
            f".s{i} .t,.s{i} .w{{stroke:{one}}}.f{i} .h,.f{i} circle,.l.f{i}{{fill:{one}}}"
            for i, one in enumerate(c.series)
        )
    )


def _scoped(rules: str) -> str:
    blocks = [block.split("{") for block in rules.split("}") if block]
    return "".join(
        ",".join(f".pgsym-mdp {selector}" for selector in selectors.split(",")) + "{" + body + "}"
        for selectors, body in blocks
    )
