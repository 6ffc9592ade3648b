"""What a report consists of, one after the other; HTML and LaTeX are two writings of the same document.

Nothing here knows a format: formulas are LaTeX text printed from the trees that were decided, pictures come as SVG
and as TikZ of one geometry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgsym.claims.blocks import Cell, Heading, Prose
from pgsym.claims.derivation.rows import Row
from pgsym.claims.language.tree import Binding
from pgsym.claims.verdict import Status
from pgsym.reports.live import Live
from pgsym.trust import Trust


@dataclass(frozen=True)
class Note:
    """Why something is not shown, or what to keep in mind; text as in `Prose`."""

    text: str


@dataclass(frozen=True)
class Formulas:
    """Relations below one another, with their reasons."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class DataTable:
    """Words, numbers and formulas in rows and columns.

    Attributes
    ----------
    caption : str
        Plain text that says what the rows are.
    numbers : tuple of int
        The columns that hold numbers, which stand at the right.
    """

    caption: str
    header: tuple[str | Cell, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Figure:
    """A picture in both formats.

    Attributes
    ----------
    description : str
        What it shows, for those who do not see it.
    least : float
        Pixels below which it cannot be read: a narrower page scrolls.
    """

    svg: str
    tikz: str
    caption: str
    description: str
    least: float = 0.0


@dataclass(frozen=True)
class Answer:
    """A verdict: what it is, how far it can be relied on, and in a sentence why."""

    status: Status
    trust: Trust | None = None
    reason: str = ""


@dataclass(frozen=True)
class Alive:
    """What moves on the page; paper has the sentence instead."""

    live: Live
    on_paper: str


Block = Heading | Prose | Note | Formulas | DataTable | Figure | Answer | Alive


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes
    ----------
    key : str
        The anchor, such as ``theorem``.
    """

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """The whole report.

    Attributes
    ----------
    title, lead : str
        The name of the model, and a sentence on what it is.
    summary : tuple of (name, Cell or Answer)
        What a hurried reader takes away.
    bindings : tuple
        Names of the derivation, which prose and reasons may use.
    """

    title: str
    lead: str
    summary: tuple[tuple[str | Cell, str | Cell | Answer], ...]
    sections: tuple[Section, ...]
    bindings: tuple[Binding, ...] = ()

    def blocks(self) -> Iterator[Block]:
        """Every block of every section."""
        return (block for section in self.sections for block in section.blocks)
