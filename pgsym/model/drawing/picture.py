"""The picture of an MDP as plain geometry, from which SVG and TikZ are written: pixels, with y downwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sympy as sp

from pgsym.model.drawing.captions import Caption, Span
from pgsym.model.drawing.routing import Bezier, Point
from pgsym.model.mdp import Action, State


class Disc(NamedTuple):
    """A state; `radius` is the outer border, where arrows end."""

    state: State
    x: float
    y: float
    radius: float
    label: str
    size: float
    terminal: bool
    start: bool
    tooltip: str


class Petal(NamedTuple):
    """An action in a state; `colour` numbers the actions of the MDP."""

    state: State
    action: Action
    x: float
    y: float
    symbol: str
    colour: int
    tooltip: str


class Label(NamedTuple):
    """Text around a point."""

    x: float
    y: float
    parts: Sequence[Span]

    @property
    def text(self) -> str:
        """What it says, without its style."""
        return "".join(part.text for part in self.parts)


class Arrow(NamedTuple):
    """An outcome, those that differ in p only being one; in the simplified picture, a connection."""

    state: State
    action: Action
    target: State
    p: sp.Expr
    r: sp.Expr
    curve: Bezier
    colour: int
    label: Label | None
    shown: Caption = Caption(None, None)


class Mark(NamedTuple):
    """The arrow from nowhere into a start state, labelled unless its probability is 1."""

    state: State
    tail: Point
    tip: Point
    label: Label | None


@dataclass(frozen=True)
class Picture:
    """Everything that is drawn, and the box (x, y, width, height) around it."""

    discs: Sequence[Disc]
    petals: Sequence[Petal]
    arrows: Sequence[Arrow]
    marks: Sequence[Mark]
    policy: Sequence[tuple[Label, sp.Expr]]
    legend: Sequence[tuple[Label, str, int]]
    """Name beside its disc's middle, symbol, colour."""
    captions: Sequence[Label]
    box: tuple[float, float, float, float]
    quiet: bool
    """Too many labels to show them all at once."""
    unit: float
    """Pixels of a layout's unit."""
    description: str
