r"""Where formulas stand in Markdown, LaTeX, reStructuredText and HTML: between marks, or where the format says so.

What is searched has the length of the text: code, comments and tags are blanks, so that places are those of the file.

>>> [(f.latex, f.at, f.display) for f in sources("Let $x$ be. `$y$`\n\n$$z$$", "markdown", "note.md")]
[('x', 5, False), ('z', 21, True)]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

from pgsym.errors import ClaimError, optional
from pgsym.notes.elements import UNREAD, PageParser
from pgsym.notes.macros import definitions

FORMATS = {
    ".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".tex": "latex", ".ipynb": "notebook",
    ".rst": "rst", ".html": "html", ".htm": "html",
}  # fmt: skip
"""File endings that are read as notes."""

FRONT = re.compile(r"---\n.*?\n---[ \t]*\n", re.DOTALL)
"""What stands before the text of a note in Markdown."""
_PAIRS = {
    "\\\\[": ("\\\\]", True), "\\\\(": ("\\\\)", False), "\\[": ("\\]", True), "\\(": ("\\)", False),
    "$$": ("$$", True), "$": ("$", False),
}  # fmt: skip
_OPENS = re.compile(
    r"\\\\[\[(]|\\[\[(]|\$\$?|\\begin\{(equation|align|gather|multline|eqnarray|displaymath)(\*?)\}|\\.", re.DOTALL
)


RST_SETTINGS = {
    "file_insertion_enabled": False, "raw_enabled": False, "report_level": 5, "halt_level": 5, "_disable_config": True,
}  # fmt: skip
"""How docutils reads a note."""


@dataclass(frozen=True)
class Source:
    """One formula: its LaTeX, where that begins in the document, and whether it stands on lines of its own."""

    latex: str
    at: int
    display: bool


def sources(text: str, format: str, name: str) -> Iterator[Source]:
    """All formulas of a text, in order.

    Raises
    ------
    ClaimError
        A text that its format's own reader does not read.
    """
    if format == "rst":
        yield from (source for _, source in rst_formulas(text, name)[1] if source is not None)
        return
    masked = {"latex": _without_comments, "html": _without_tags}.get(format, _without_code)(text)
    yield from _between_marks(blank(masked, (found[:2] for found in definitions(masked))))


def blank(text: str, places: Iterable[tuple[int, int]]) -> str:
    """The text with spaces there; its lines stay."""
    characters = list(text)
    for start, end in places:
        characters[start:end] = ["\n" if c == "\n" else " " for c in characters[start:end]]
    return "".join(characters)


def line_starts(text: str) -> list[int]:
    """Where each line begins."""
    return [0, *(m.end() for m in re.finditer("\n", text))]


def _between_marks(text: str) -> Iterator[Source]:
    """Formulas between their marks; a mark without its partner is none."""
    at = 0
    closed: dict[str, int] = {}  # where the next such mark stands; -1: nowhere
    while match := _OPENS.search(text, at):
        opener = match[0]
        if match[1] is not None:
            close, display, start = f"\\end{{{match[1]}{match[2]}}}", True, match.start()
        elif opener in _PAIRS:
            (close, display), start = _PAIRS[opener], match.end()
        else:
            at = match.end()
            continue
        end = closed.get(close, 0)
        if end != -1 and end < match.end():
            end = closed[close] = text.find(close, match.end())
        inline = close == "$"
        if end < 0 or (
            inline and (text[start : start + 1].isspace() or text[end - 1].isspace() or "\n\n" in text[start:end])
        ):
            at = match.end()
            continue
        at = end + len(close)
        latex = text[start : at if match[1] is not None else end]
        first = len(latex) - len(latex.lstrip())
        yield Source(latex[first:], start + first, display)


def _without_comments(text: str) -> str:
    found = re.finditer(r"(?<!\\)%[^\n]*|\\begin\{(verbatim|lstlisting)\}.*?\\end\{\1\}", text, re.DOTALL)
    return blank(text, (match.span() for match in found))


def _without_code(text: str) -> str:
    """Markdown without front matter, blocks of code, code in lines, and the marks of quotations."""
    from markdown_it import MarkdownIt

    starts = line_starts(text)
    changes: list[tuple[int, int]] = []
    if front := FRONT.match(text):
        changes.append((0, front.end()))
    for token in MarkdownIt("commonmark", {"maxNesting": 20}).parse(text):
        if token.map is None:
            continue
        start, end = (starts[k] if k < len(starts) else len(text) for k in token.map)
        if token.type in ("fence", "code_block"):
            changes.append((start, end))
        elif token.type == "blockquote_open":
            marks = re.finditer(r"^[ ]*>[ >]*", text[start:end], re.MULTILINE)
            changes += [(start + m.start(), start + m.end()) for m in marks]
        elif token.type == "inline" and "`" in token.content:
            code = re.finditer(r"(?<!`)(`+)(?!`)[^`]+?\1(?!`)", text[start:end])
            changes += [(start + m.start(), start + m.end()) for m in code]
    return blank(text, changes)


class _Words(PageParser):
    """The text of a page at its places, without that of elements in which MathJax looks for no formulas."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.text = text
        self.starts = line_starts(text)
        self.found = [c if c == "\n" else " " for c in text]
        self.skipped: list[str] = []
        self.feed(text)
        self.close()

    def put(self, written: str, shown: str) -> None:
        line, column = self.getpos()
        at = self.starts[line - 1] + column
        if not self.skipped and self.text.startswith(written, at):
            self.found[at : at + len(written)] = shown.ljust(len(written))

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in UNREAD or tag in ("pre", "code"):
            self.skipped.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.skipped:
            del self.skipped[self.skipped.index(tag) :]

    def handle_data(self, data: str) -> None:
        self.put(data, data)

    def handle_entityref(self, name: str) -> None:
        self.put(f"&{name};", unescape(f"&{name};").replace("\xa0", " "))

    def handle_charref(self, name: str) -> None:
        self.handle_entityref(f"#{name}")


def _without_tags(text: str) -> str:
    """HTML without tags; one dollar is a mark only where the page tells MathJax so."""
    found = "".join(_Words(text).found)
    return found if re.search(r"inlineMath\W.{0,200}['\"]\$['\"]", text, re.DOTALL) else re.sub(
        r"(?<![\\$])\$(?!\$)", " ", found
    )  # fmt: skip


def rst_formulas(text: str, name: str) -> tuple[Any, list[tuple[Any, Source | None]]]:
    """The document as docutils reads it, and its nodes of formulas with their places, where these are found.

    Each is looked for from its paragraph's line on.  No file is included, nothing raw is taken.

    Raises
    ------
    ClaimError
        docutils does not read it.
    """
    core = optional("docutils.core", "notes", "notes in reStructuredText")
    from docutils import nodes

    # Options that Sphinx adds.
    plain = re.sub(r"(?m)^[ \t]+:(?:label|nowrap|no-wrap):.*$", lambda m: " " * len(m[0]), text)
    try:
        tree = core.publish_doctree(plain, settings_overrides=dict(RST_SETTINGS))
    except Exception as error:
        raise ClaimError(
            f"found no reStructuredText ({type(error).__name__}); docutils must read it. Check the file", where=name
        ) from None
    starts = line_starts(text)
    cursor = 0
    pairs: list[tuple[Any, Source | None]] = []
    for node in tree.findall(lambda n: isinstance(n, nodes.math | nodes.math_block)):
        display, above = isinstance(node, nodes.math_block), node
        while above.line is None and above.parent is not None:
            above = above.parent
        body = r"\s+".join(map(re.escape, node.astext().split()))
        pattern = re.compile(rf"(?:math::|\n)\s*({body})" if display else rf"`\s*({body})\s*`")
        begin = starts[min(above.line or 1, len(starts)) - 1]
        found = body and (pattern.search(text, max(cursor, begin)) or pattern.search(text, cursor))
        cursor = found.end(1) if found else cursor
        pairs.append((node, Source(found[1], found.start(1), display) if found else None))
    return tree, pairs
