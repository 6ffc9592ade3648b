"""The same picture as a matplotlib figure: for PNG, PDF and slides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pgsym.display.figure import LIGHT, new_figure
from pgsym.expression.latex import latex
from pgsym.expression.notation import symbol_names
from pgsym.model.drawing.captions import LABEL_SIZE, symbol_size
from pgsym.model.drawing.geometry import PETAL
from pgsym.model.drawing.picture import Label, Picture
from pgsym.model.drawing.tikz import outcome
from pgsym.model.mdp import MDP

if TYPE_CHECKING:
    from pgsym.display.figure import Figure

PIXEL = 0.75
"""Points of a pixel: pictures have 96 pixels to the inch."""


def plot(mdp: MDP, picture: Picture) -> Figure:
    """The figure, of the picture's own size; formulas are set by matplotlib.

    >>> from pgsym.model.drawing.geometry import geometry
    >>> mdp = MDP.from_transitions([("s", "go", "end", 1, 1)], start="s", terminal=["end"])
    >>> [text.get_text() for text in plot(mdp, geometry(mdp)).axes[0].texts][:3]
    ['s', 'end', 'go']
    """
    x, y, width, height = picture.box
    figure = new_figure(width / 96, height / 96)
    from matplotlib.patches import Circle, FancyArrowPatch
    from matplotlib.path import Path
    from matplotlib.patheffects import withStroke

    figure.set_layout_engine(None)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(x, x + width), ylim=(y + height, y))
    axes.axis("off")
    names = symbol_names(mdp.symbols)

    def colour(number: int) -> str:
        return LIGHT.series[number % len(LIGHT.series)]

    def words(x: float, y: float, text: str, size: float, ink: str = LIGHT.ink, **style: Any) -> None:
        usual: dict[str, Any] = {"ha": "center", "va": "center", "parse_math": False}  # a name may hold dollars
        axes.text(x, y, text, size=PIXEL * size, color=ink, fontfamily="DejaVu Sans", zorder=5, **usual | style)

    def formula(label: Label, tex: str, ink: str = LIGHT.ink) -> None:
        halo = [withStroke(linewidth=2.2, foreground=LIGHT.paper)]
        words(label.x, label.y, f"${tex}$", LABEL_SIZE, ink, va="center_baseline", parse_math=True, path_effects=halo)

    def circle(x: float, y: float, radius: float, fill: str, line: str = "none", width: float = 0.0) -> None:
        # The line lies inside the border, as a line around it would make the circle larger.
        patch = Circle((x, y), radius - width / 2, facecolor=fill, edgecolor=line, zorder=3)
        patch.set_linewidth(PIXEL * width)
        axes.add_patch(patch)

    def arrow(points: list[tuple[float, float]], ink: str, width: float) -> None:
        codes = [1, *[4 if len(points) == 4 else 2] * (len(points) - 1)]
        style = f"-|>,head_length={0.4 * 7.5:g},head_width={0.17 * 7.5:g}"
        axes.add_patch(
            FancyArrowPatch(path=Path(points, codes), arrowstyle=style, color=ink, mutation_scale=1.9,
                                       shrinkA=0, shrinkB=0, linewidth=PIXEL * width, zorder=2)
        )  # fmt: skip

    discs = {disc.state: disc for disc in picture.discs}
    for petal in picture.petals:
        disc = discs[petal.state]
        axes.plot([disc.x, petal.x], [disc.y, petal.y], color=colour(petal.colour), linewidth=1.35, zorder=1)
    for found in picture.arrows:
        arrow([*found.curve], colour(found.colour), 1.2)
    for mark in picture.marks:
        arrow([mark.tail, mark.tip], LIGHT.ink, 1.5)
        if mark.label:
            formula(mark.label, latex(mdp.start[mark.state], names=names, inline=True))
    for disc in picture.discs:
        fill = LIGHT.end if disc.terminal else LIGHT.state
        circle(disc.x, disc.y, disc.radius, fill, LIGHT.ink, 2.4 if disc.start else 1.3)
        if disc.terminal and disc.label:
            circle(disc.x, disc.y, disc.radius - 4, "none", LIGHT.ink, 1.0)
        words(disc.x, disc.y, disc.label, disc.size)
    keys = [(label.x, label.y, symbol, number) for label, symbol, number in picture.legend]
    for px, py, symbol, number in [*((p.x, p.y, p.symbol, p.colour) for p in picture.petals), *keys]:
        circle(px, py, PETAL, colour(number))
        words(px, py, symbol, symbol_size(symbol), LIGHT.on_series)
    for found in () if picture.quiet else picture.arrows:
        if found.label:
            formula(found.label, outcome(found, names), colour(found.colour))
    for label, probability in picture.policy:
        formula(label, latex(probability, inline=True))
    for label, *_ in picture.legend:
        words(label.x + PETAL + 5, label.y, label.text, LABEL_SIZE, ha="left")
    for line in picture.captions:
        words(line.x, line.y, line.text, LABEL_SIZE, ha="left")
    return figure
