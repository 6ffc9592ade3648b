"""The same picture for papers: a standalone TikZ document from the geometry of the SVG."""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from pgsym.display.figure import latex_colours
from pgsym.expression.latex import Names, latex
from pgsym.expression.notation import FONTS, escape_text, name_table, symbol_names, unicode_fallback
from pgsym.model.drawing.captions import NAME_SIZE
from pgsym.model.drawing.geometry import PETAL, geometry
from pgsym.model.drawing.picture import Arrow, Disc, Label, Picture
from pgsym.model.mdp import MDP

# A pixel is 3/4 of a point: 1 px = 0.75 bp = 0.02646 cm.
CENTIMETRES = 0.02646


def tikz(mdp: MDP, picture: Picture | None = None) -> str:
    r"""A LaTeX document with the picture of an MDP; the ``tikzpicture`` inside can be copied into a paper.

    `picture` is a geometry of its own; labels that would not fit are left out.

    >>> mdp = MDP.from_transitions([("s", "go", "end", 1, 1)], start="s", terminal=["end"])
    >>> print(tikz(mdp).splitlines()[0])
    \documentclass[tikz,border=3mm]{standalone}
    """
    picture = geometry(mdp) if picture is None else picture
    # One table for all labels: p1 and p_1 must not look alike on two of them.
    names = symbol_names(mdp.symbols)
    body = "\n".join([_opening(picture), *_lines(mdp, picture, names), r"\end{tikzpicture}"])
    head = [
        r"\documentclass[tikz,border=3mm]{standalone}",
        *FONTS,
        r"\usepackage{amsmath}",
        *unicode_fallback(body),
        r"\begin{document}",
    ]
    return "\n".join([*head, body, r"\end{document}"]) + "\n"


def _opening(picture: Picture) -> str:
    colours = sorted({petal.colour for petal in picture.petals})
    return "\n".join([
        r"\begin{tikzpicture}[x=1cm, y=1cm, >=stealth, every node/.style={inner sep=1pt, font=\footnotesize},",
        r"  state/.style={circle, draw, fill=blue!7},",
        r"  terminal/.style={state, double, double distance=2pt, fill=gray!25},",
        rf"  action/.style={{circle, minimum size={2 * PETAL * CENTIMETRES:.3f}cm, inner sep=0pt, text=white,",
        r"    font=\scriptsize},",
        r"  outcome/.style={font=\scriptsize, fill=white, fill opacity=.8, text opacity=1, inner sep=.6pt}]",
        *latex_colours("action", colours),
    ])  # fmt: skip


def _lines(mdp: MDP, picture: Picture, names: Names) -> Iterator[str]:
    discs = {disc.state: disc for disc in picture.discs}
    for petal in picture.petals:
        disc = discs[petal.state]
        yield rf"\draw[action{petal.colour}, thick] {_at(disc.x, disc.y)} -- {_at(petal.x, petal.y)};"
    for arrow in picture.arrows:
        yield _arrow(arrow, f"action{arrow.colour}" if picture.petals else "gray")
    texts = name_table(mdp.states)
    for disc in picture.discs:
        yield _state(disc, texts[disc.state])
    for petal in picture.petals:
        yield _coin(petal.x, petal.y, petal.symbol, petal.colour)
    for arrow in () if picture.quiet else picture.arrows:
        if arrow.label:
            yield _formula(arrow.label, outcome(arrow, names), f", text=action{arrow.colour}")
    for mark in picture.marks:
        yield rf"\draw[->, very thick] {_at(*mark.tail)} -- {_at(*mark.tip)};"
        if mark.label:
            yield _formula(mark.label, latex(mdp.start[mark.state], names=names, inline=True))
    for label, probability in picture.policy:
        yield _formula(label, latex(probability, inline=True))
    for key, symbol, colour in picture.legend:
        yield _coin(key.x, key.y, symbol, colour)
        yield rf"\node[right] at {_at(key.x + PETAL + 3, key.y)} {{{escape_text(key.text)}}};"
    for line in picture.captions:
        yield rf"\node[right] at {_at(line.x, line.y)} {{{escape_text(line.text)}}};"


def _state(disc: Disc, name: str) -> str:
    style = ("terminal" if disc.terminal else "state") + (", very thick" if disc.start else "")
    # TikZ counts the outer of two lines beyond the size.
    size = 2 * (disc.radius - (1.5 if disc.terminal else 0)) * CENTIMETRES
    text = f"${name}$" if disc.label else ""
    if disc.label.endswith("…"):
        text = escape_text(disc.label.removesuffix("…")) + r"\dots"
    font = r", font=\tiny" if disc.size < NAME_SIZE else ""
    return rf"\node[{style}{font}, minimum size={size:.3f}cm] at {_at(disc.x, disc.y)} {{{text}}};"


def _coin(x: float, y: float, symbol: str, colour: int) -> str:
    small = r", font=\tiny" if len(symbol) > 1 else ""
    return rf"\node[action, fill=action{colour}{small}] at {_at(x, y)} {{{escape_text(symbol)}}};"


def _at(x: float, y: float) -> str:
    return f"({x * CENTIMETRES:.3f},{-y * CENTIMETRES:.3f})"


def _arrow(arrow: Arrow, style: str) -> str:
    start, first, second, tip = (_at(*point) for point in arrow.curve)
    return rf"\draw[->, {style}] {start} .. controls {first} and {second} .. {tip};"


def outcome(arrow: Arrow, names: Names) -> str:
    """Probability and reward as LaTeX, the reward in bold as everywhere."""
    p, r = arrow.shown
    parts = [] if p is None else [latex(p, names=names, inline=True)]
    if r is not None:
        reward = "r" if r == sp.Symbol("r") else f"r = {latex(r, names=names, inline=True)}"
        parts.append(rf"\boldsymbol{{{reward}}}")
    return r",\; ".join(parts)


def _formula(label: Label, formula: str, style: str = "") -> str:
    return rf"\node[outcome{style}] at {_at(label.x, label.y)} {{${formula}$}};"
