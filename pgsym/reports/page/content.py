"""What a report is: sections of blocks, and what moves; HTML and LaTeX are two writings of the same document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgsym.claims.blocks import Block, Cell, VerdictMark
from pgsym.claims.language.tree import Binding
from pgsym.reports.live import Live


@dataclass(frozen=True)
class Alive:
    """What moves on the page; paper has the sentence instead."""

    live: Live
    on_paper: str


Content = Block | Alive
"""Every block of a report; its chains are laid out."""


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
    blocks: tuple[Content, ...]


@dataclass(frozen=True)
class Document:
    """The whole report.

    Attributes
    ----------
    title, lead : str
        The name of the model, and a sentence on what it is.
    summary : tuple of (name, Cell or VerdictMark)
        What a hurried reader takes away.
    bindings : tuple
        Names of the derivation, which prose and reasons may use.
    """

    title: str
    lead: str
    summary: tuple[tuple[str | Cell, str | Cell | VerdictMark], ...]
    sections: tuple[Section, ...]
    bindings: tuple[Binding, ...] = ()

    def blocks(self) -> Iterator[Content]:
        """Every block of every section."""
        return (block for section in self.sections for block in section.blocks)
