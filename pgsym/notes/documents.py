r"""Documents and the places of their formulas: file, line and column.

>>> document = NoteDocument.of("Let $x$ be.\n\n$$\nV(s) = V(s)\n$$\n", "note.md")
>>> [(found.latex.strip(), document.place(found.at)) for found in document.formulas if found.display]
[('V(s) = V(s)', 'note.md:4:1')]
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pgsym.errors import ClaimError, optional
from pgsym.limits import NOTE_CHARACTERS, NOTE_FORMULAS
from pgsym.notes.formats import FORMATS, Source, line_starts, sources
from pgsym.notes.macros import Macros, macros


@dataclass(frozen=True)
class NoteDocument:
    """A note."""

    text: str
    """The source; of a notebook, its cells of Markdown one after the other."""
    name: str
    format: str
    cells: tuple[int, ...] = ()
    """Where the cells of a notebook begin in `text`."""
    original: str = ""
    """The file as it was read."""

    @classmethod
    def of(cls, text: str, name: str, format: str | None = None) -> NoteDocument:
        """Read a text; the format is that of the name.

        Raises
        ------
        ClaimError
            A text longer than is read.
        """
        format = format or FORMATS.get(Path(name).suffix.lower(), "markdown")
        if len(text) > NOTE_CHARACTERS:
            raise ClaimError(
                f"found {len(text)} characters; at most {NOTE_CHARACTERS} are read. Split the note", where=name
            )
        original = text
        cells: tuple[int, ...] = ()
        if format == "notebook":
            parts = _cells(text, name)
            text = "\n\n".join(parts)
            cells = tuple(sum(len(part) + 2 for part in parts[:k]) for k in range(len(parts)))
        return cls(text, name, format, cells, original)

    @classmethod
    def load(cls, path: str | Path) -> NoteDocument:
        """Read a file, in UTF-8; no other file is opened for it."""
        from pgsym.model.files.atomic import contents

        return cls.of(contents(Path(path), "notes are"), Path(path).name)

    @cached_property
    def macros(self) -> Macros:
        """The commands that the note defines."""
        return macros(self.text)

    @cached_property
    def formulas(self) -> tuple[Source, ...]:
        """All formulas, in order."""
        found = tuple(sources(self.text, self.format, self.name))
        if len(found) > NOTE_FORMULAS:
            raise ClaimError(
                f"found {len(found)} formulas; at most {NOTE_FORMULAS} are read. Split the note", where=self.name
            )
        return found

    @cached_property
    def without_words(self) -> bool:
        r"""Whether the note is formulas and nothing else.

        >>> [NoteDocument.of(text, "-").without_words for text in (r"$V(s) \le 10$, $J = 1$", "If $J = 1$")]
        [True, False]
        """
        end, between = 0, ""
        for source in self.formulas:
            between += self.text[end : source.at]
            end = source.at + len(source.latex)
        return not re.search(r"\w", between + self.text[end:])

    @cached_property
    def _lines(self) -> list[int]:
        return line_starts(self.text)

    def line(self, at: int) -> int:
        """The line of a place, from 1; of a notebook, in its cells of Markdown."""
        return bisect_right(self._lines, at)

    def place(self, at: int) -> str:
        """File, line and column."""
        line = self.line(at)
        column = at - self._lines[line - 1] + 1
        if self.cells:
            cell = bisect_right(self.cells, at)
            line -= self.line(self.cells[cell - 1]) - 1
            return f"{self.name}:cell {cell}:{line}:{column}"
        return f"{self.name}:{line}:{column}"


def _cells(text: str, name: str) -> list[str]:
    nbformat = optional("nbformat", "notes", "notebooks")
    try:
        notebook = nbformat.reads(text, as_version=4)
    except Exception as error:
        raise ClaimError(
            f"found no notebook ({type(error).__name__}); one of nbformat 4 is required. Check the file", where=name
        ) from None
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
