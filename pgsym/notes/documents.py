r"""Documents: where formulas stand in Markdown, LaTeX and notebooks, by file, line and column.

>>> document = NoteDocument.of("Let $x$ be.\n\n$$\nV(s) = V(s)\n$$\n", "note.md")
>>> [(found.latex.strip(), document.place(found.at)) for found in document.formulas if found.display]
[('V(s) = V(s)', 'note.md:4:1')]
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pgsym.errors import ClaimError, optional
from pgsym.limits import NOTE_CHARACTERS, NOTE_FORMULAS
from pgsym.notes.macros import Macros, definitions, macros

FORMATS = {".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".tex": "latex", ".ipynb": "notebook"}
"""File endings that are read as notes."""

_PAIRS = (
    ("\\\\[", "\\\\]", True),
    ("\\\\(", "\\\\)", False),
    ("\\[", "\\]", True),
    ("\\(", "\\)", False),
    ("$$", "$$", True),
    ("$", "$", False),
)
_OPENS = re.compile(
    r"\\\\[\[(]|\\[\[(]|\$\$?|\\begin\{(equation|align|gather|multline|eqnarray|displaymath)(\*?)\}|\\.", re.DOTALL
)


@dataclass(frozen=True)
class Source:
    """One formula: its LaTeX, where that begins in the document, and whether it stands on lines of its own."""

    latex: str
    at: int
    display: bool


@dataclass(frozen=True)
class NoteDocument:
    """A note.

    Attributes
    ----------
    text : str
        The source; of a notebook, its cells of Markdown one after the other.
    searched : str
        The same, of the same length, with blanks where no formula is: code, comments.
    cells : tuple of int
        Where the cells of a notebook begin in `text`.
    original : str
        The file as it was read.
    """

    text: str
    name: str
    format: str
    searched: str
    cells: tuple[int, ...] = ()
    original: str = ""

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
        masked = _without_comments(text) if format == "latex" else _without_code(text)
        for start, end, *_ in definitions(masked):
            masked = _blank(masked, start, end)
        return cls(text, name, format, masked, cells, original)

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
        found = tuple(_formulas(self.searched))
        if len(found) > NOTE_FORMULAS:
            raise ClaimError(
                f"found {len(found)} formulas; at most {NOTE_FORMULAS} are read. Split the note", where=self.name
            )
        return found

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.text))]

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


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def _without_comments(text: str) -> str:
    for match in re.finditer(r"(?<!\\)%[^\n]*|\\begin\{(verbatim|lstlisting)\}.*?\\end\{\1\}", text, re.DOTALL):
        text = _blank(text, match.start(), match.end())
    return text


def _without_code(text: str) -> str:
    """Markdown without front matter, blocks of code, code in lines, and the marks of quotations."""
    from markdown_it import MarkdownIt

    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    changes: list[tuple[int, int]] = []
    front = re.match(r"---\n.*?\n---[ \t]*\n", text, re.DOTALL)
    if front:
        changes.append((0, front.end()))
    quoted: list[tuple[int, int]] = []
    for token in MarkdownIt("commonmark", {"maxNesting": 20}).parse(text):
        if token.map is None:
            continue
        start, end = (starts[min(k, len(lines))] for k in token.map)
        if token.type in ("fence", "code_block"):
            changes.append((start, end))
        elif token.type == "blockquote_open":
            quoted.append((start, end))
        elif token.type == "inline" and "`" in token.content:
            changes += [
                (start + m.start(), start + m.end())
                for m in re.finditer(r"(?<!`)(`+)(?!`)[^`]+?\1(?!`)", text[start:end])
            ]
    pieces = list(text)
    for start, end in changes:
        for k in range(start, end):
            if pieces[k] != "\n":
                pieces[k] = " "
    for start, end in quoted:
        for match in re.finditer(r"^[ ]*>[ >]*", text[start:end], re.MULTILINE):
            pieces[start + match.start() : start + match.end()] = " " * len(match[0])
    return "".join(pieces)


def _formulas(text: str) -> Iterator[Source]:
    """Formulas between their marks; a mark without its partner is none."""
    at = 0
    closed: dict[str, int] = {}  # where the next such mark stands; -1: nowhere
    while match := _OPENS.search(text, at):
        opener = match[0]
        if match[1] is not None:
            close, display, start = f"\\end{{{match[1]}{match[2]}}}", True, match.start()
        else:
            pair = next((p for p in _PAIRS if p[0] == opener), None)
            if pair is None:
                at = match.end()
                continue
            _, close, display = pair
            start = match.end()
        end = closed.get(close, 0)
        if end != -1 and end < match.end():
            end = closed[close] = text.find(close, match.end())
        inline = close == "$"
        if end < 0 or (
            inline and (text[start : start + 1].isspace() or text[end - 1].isspace() or "\n\n" in text[start:end])
        ):
            at = match.end()
            continue
        if match[1] is not None:
            yield Source(text[start : end + len(close)], start, True)
        else:
            latex = text[start:end]
            blank = len(latex) - len(latex.lstrip())
            yield Source(latex[blank:], start + blank, display)
        at = end + len(close)
