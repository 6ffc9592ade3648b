r"""A note's own text as a tree of elements of a list, made of any HTML; all else is left out.

>>> print(to_html(elements("<p onclick='x()'>A <b>b</b><script>alert(1)</script> <a href='javascript:x'>c</a> &lt;d>")))
<p>A <strong>b</strong> c &lt;d&gt;</p>
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from itertools import groupby
from typing import Literal

from pgsym.limits import NOTE_DEPTH


@dataclass
class NoteElement:
    """A paragraph, a heading, a list, a link and so on, and what it holds."""

    tag: str
    inside: list[NotePart] = field(default_factory=list)
    link: str = ""


@dataclass(frozen=True)
class NoteSpan:
    """A formula or a verdict as the page or the paper has it: in a line, on one of its own, behind the paragraph."""

    content: str
    place: Literal["inline", "display", "behind"] = "inline"


NotePart = str | NoteElement | NoteSpan

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
VOID = ("br", "hr")
_INLINE = {"em", "strong", "code", "a", "sub", "sup", "small"}
_CONTAINERS = {"div", "li", "blockquote", "dd"}
_TABLE = {"table", "thead", "tbody", "tr", "td", "th"}
_KEPT = {*HEADINGS, *_INLINE, *_CONTAINERS, *_TABLE, "p", "ul", "ol", "pre", "dl", "dt"}
_AS = {
    "b": "strong", "i": "em", "cite": "em", "dfn": "em", "var": "em", "tt": "code", "kbd": "code", "samp": "code",
    **dict.fromkeys(("section", "article", "main", "header", "footer", "aside", "nav", "figure", "figcaption"), "div"),
    **dict.fromkeys(("address", "details", "summary", "center", "fieldset", "form", "caption"), "div"),
    "tfoot": "tbody",
}  # fmt: skip
UNREAD = {"title", "script", "noscript", "style", "textarea", "annotation"}
"""Elements of a page whose words are none of the note's."""
_UNSEEN = UNREAD | {
    "template", "iframe", "object", "svg", "math", "select", "button", "audio", "video", "canvas", "noframes",
    "noembed", "applet",
}  # fmt: skip
_ENDS: dict[str, tuple[Collection[str], Collection[str]]] = {
    "li": (("li",), ("ul", "ol")), **dict.fromkeys(("dt", "dd"), (("dt", "dd"), ("dl",))),
    **dict.fromkeys(("td", "th"), (("td", "th"), ("tr", "table"))), "tr": (("tr",), ("table",)),
    **dict.fromkeys(("thead", "tbody"), (("thead", "tbody", "tr"), ("table",))),
}  # fmt: skip
"""What an element ends where that is open, and inside of what."""
_LINK = re.compile(r"(?:https?:|mailto:)[!-;=?-\[\]_a-z~]*")


class PageParser(HTMLParser):
    """Takes <![ for the beginning of a comment, as browsers do; the parser of the library stops there."""

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        return self.parse_bogus_comment(i, report)


class _Tree(PageParser):
    """Builds the tree: attributes go, but for the address of a link, where it is one of the web."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack = [NoteElement("div")]
        self.unseen: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self.unseen.append(tag)
        if self.unseen:
            return
        tag = _AS.get(tag, tag)
        if tag in _KEPT - _INLINE or tag == "hr":
            self.end(("p",), _CONTAINERS | _TABLE)
            self.end(*_ENDS.get(tag, ((), ())))
        if tag in VOID:
            self.stack[-1].inside.append(NoteElement(tag))
        elif tag in _KEPT and len(self.stack) < NOTE_DEPTH:
            address = (dict(attrs).get("href") or "").strip() if tag == "a" else ""
            element = NoteElement(tag, [], address if _LINK.fullmatch(address) else "")
            self.stack[-1].inside.append(element)
            self.stack.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.unseen:
            del self.unseen[self.unseen.index(tag) :]
        elif not self.unseen:
            self.end((_AS.get(tag, tag),))

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.stack[-1].inside.append(data)

    def end(self, tags: Collection[str], within: Collection[str] = ()) -> None:
        """Close the innermost such element, where one is open."""
        for k in range(len(self.stack) - 1, 0, -1):
            if self.stack[k].tag in tags:
                del self.stack[k:]
                return
            if self.stack[k].tag in within:
                return


def elements(html: str) -> list[NotePart]:
    """The tree of a text in HTML; what would be loaded or run is left out."""
    return _Tree(html).stack[0].inside


def words(nodes: Iterable[NotePart]) -> str:
    """What they say, without formulas."""

    def said(node: NotePart) -> str:
        return node if isinstance(node, str) else "" if isinstance(node, NoteSpan) else words(node.inside) or "\n"

    return "".join(map(said, nodes))


def _is_inline(node: NotePart) -> bool:
    return node.tag in _INLINE or node.tag == "br" if isinstance(node, NoteElement) else not _is_block(node)


def _is_block(node: NotePart) -> bool:
    return isinstance(node, NoteSpan) and node.place != "inline"


def settled(nodes: Iterable[NotePart]) -> list[NotePart]:
    """The same with displays between paragraphs and verdicts behind them, behind tables and headings."""
    found: list[NotePart] = []
    behind: list[NotePart] = []
    in_line = False  # whether words stand since the last block
    for node in _spread(nodes):
        if isinstance(node, NoteSpan) and node.place == "behind" and in_line:
            behind.append(node)
            continue
        if not _is_inline(node):
            found += behind
            behind.clear()
        in_line = _is_inline(node) and (in_line or not isinstance(node, str) or bool(node.strip()))
        found.append(node)
    return found + behind


def _spread(nodes: Iterable[NotePart]) -> Iterator[NotePart]:
    """Each with what it holds settled; what cannot hold displays and verdicts has them behind it."""
    for node in nodes:
        if not isinstance(node, NoteElement):
            yield node
            continue
        inside = settled(node.inside)
        if node.tag in _CONTAINERS:
            yield NoteElement(node.tag, inside)
        elif node.tag == "p":
            for are_blocks, group in groupby(inside, _is_block):
                part = list(group)
                yield from part if are_blocks else [NoteElement("p", part)]
        else:
            yield NoteElement(node.tag, [n for n in inside if not _is_block(n)], node.link)
            yield from filter(_is_block, inside)


def in_paragraphs(nodes: Iterable[NotePart]) -> list[NotePart]:
    """Words side by side as paragraphs, which end at empty lines."""
    found: list[NotePart] = []
    run: list[NotePart] = []

    def close() -> None:
        if any(not isinstance(n, str) or n.strip() for n in run):
            found.append(NoteElement("p", list(run)))
        run.clear()

    for node in nodes:
        if not _is_inline(node):
            close()
            found.append(node)
            continue
        first, *rest = re.split(r"\n\s*\n", node) if isinstance(node, str) else [node]
        run.append(first)
        for part in rest:
            close()
            run.append(part)
    close()
    return found


def to_html(nodes: Iterable[NotePart]) -> str:
    """The tree as HTML."""
    return "".join(_written(nodes))


def _written(nodes: Iterable[NotePart]) -> Iterator[str]:
    for node in nodes:
        if not isinstance(node, NoteElement):
            yield escape(node, quote=False) if isinstance(node, str) else node.content
        elif node.tag in VOID:
            yield f"<{node.tag}>"
        elif node.tag == "a" and not node.link:
            yield to_html(node.inside)
        elif (inside := to_html(node.inside)) or node.tag in _TABLE:
            yield f"<{node.tag}" + f' href="{escape(node.link)}"' * bool(node.link) + f">{inside}</{node.tag}>"
