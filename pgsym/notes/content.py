"""A note's own text with its formulas and verdicts, whatever its format: one tree, for the page and for paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from pgsym.notes.elements import NoteElement, NotePart, NoteSpan, elements, settled
from pgsym.notes.formats import FRONT, RST_SETTINGS, rst_formulas
from pgsym.notes.prose import latex_elements
from pgsym.notes.result import AuditedNote, NoteRelation

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_OPENS, _CLOSES = re.compile(r"(\$\$|\$|\\\\?[\[(])\s*$"), re.compile(r"\s*(\$\$|\$|\\\\?[\])])")
_NAME = re.compile(r"(PGSYM\d+SHOWN)")
_VERBATIM = re.compile(r"\\begin\{(verbatim|lstlisting)\}(.*?)\\end\{\1\}|\\verb(\W)(.*?)\3", re.DOTALL)


def markdown() -> MarkdownIt:
    """The reader of notes in Markdown: HTML is text, and no picture is loaded."""
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


class Contents:
    """The note's own text, its formulas and verdicts under names until the tree stands.

    Parameters
    ----------
    formula
        How a formula is shown, and whether on lines of its own.
    remark
        How a verdict is shown.
    """

    def __init__(
        self, audit: AuditedNote, formula: Callable[[str, bool], str], remark: Callable[[NoteRelation], str]
    ) -> None:
        self.audit, self.formula, self.remark = audit, formula, remark
        self.shown: dict[str, NotePart] = {}
        self.seen: set[str] = set()

    def nodes(self) -> list[NotePart]:
        """The tree.

        Raises
        ------
        ClaimError
            A note in LaTeX whose braces or environments do not match.
        """
        read = {"rst": self.of_rst, "latex": self.of_latex, "html": self.of_html}.get(
            self.audit.document.format, self.of_markdown
        )
        found = list(self.filled(read()))
        return settled([*found, *(self.shown[name] for name in self.shown if name not in self.seen)])

    def hold(self, node: NotePart) -> str:
        """The name of what takes its place later."""
        name = f"PGSYM{len(self.shown)}SHOWN"
        self.shown[name] = node
        return name

    def filled(self, nodes: list[NotePart]) -> Iterator[NotePart]:
        """What is held in the places of its names."""
        for node in nodes:
            if isinstance(node, NoteElement):
                yield NoteElement(
                    node.tag, list(self.filled(node.inside)), "" if _NAME.search(node.link) else node.link
                )
            elif isinstance(node, str):
                self.seen |= {*_NAME.findall(node)}
                yield from (self.shown.get(part, part) for part in _NAME.split(node) if part)
            else:
                yield node

    def held(self, latex: str, display: bool, end: int = -1) -> str:
        """The name of a formula, with those of the verdicts on what ends there."""
        name = self.hold(NoteSpan(self.formula(latex, display), "display" if display else "inline"))
        found = [r for r in self.audit.relations if r.relation.end == end]
        return name + "".join(self.hold(NoteSpan(self.remark(r), "behind")) for r in found)

    def woven(self) -> str:
        """The note with names in the places of formulas."""
        document = self.audit.document
        text, behind = "", 0
        for source in document.formulas:
            begin, end = source.at, source.at + len(source.latex)
            opened = _OPENS.search(document.text[max(begin - 9, behind) : begin])
            closed = _CLOSES.match(document.text, end) if opened else None
            name = self.held(source.latex, source.display, end)
            text += document.text[behind : begin - (len(opened[0]) if opened else 0)] + name
            behind = closed.end() if closed else end
        return text + document.text[behind:]

    def of_markdown(self) -> list[NotePart]:
        return elements(markdown().render(FRONT.sub("", self.woven(), count=1)))

    def of_html(self) -> list[NotePart]:
        return elements(self.woven())

    def of_latex(self) -> list[NotePart]:
        def code(found: re.Match[str]) -> str:
            return self.hold(NoteElement("pre" if found[1] else "code", [found[2] or found[4] or ""]))

        return latex_elements(_VERBATIM.sub(code, self.woven()), lambda latex: self.held(latex, False))

    def of_rst(self) -> list[NotePart]:
        """Of docutils's own HTML; directives that it does not know or follow are shown as they are written."""
        from docutils import core, nodes
        from docutils.writers.html5_polyglot import Writer

        document = self.audit.document
        tree, formulas = rst_formulas(document.text, document.name)
        for node, source in formulas:
            display, end = isinstance(node, nodes.math_block), -1 if source is None else source.at + len(source.latex)
            shown = nodes.Text(self.held(node.astext(), display, end))
            node.parent.replace(node, nodes.paragraph("", "", shown) if display else shown)
        for node in list(tree.findall(nodes.system_message)):
            if code := next(iter(node.findall(nodes.literal_block)), None):
                node.parent.replace(node, code)
        for node in list(tree.findall(nodes.image)):
            shown = nodes.Text(node.get("alt", ""))
            node.parent.replace(
                node, shown if isinstance(node.parent, nodes.TextElement) else nodes.paragraph("", "", shown)
            )
        for node in tree.findall(nodes.literal):
            node["classes"] = ["code"]
        settings = {**RST_SETTINGS, "embed_stylesheet": False, "stylesheet_path": "", "output_encoding": "unicode"}
        return elements(core.publish_from_doctree(tree, writer=Writer(), settings_overrides=settings))
