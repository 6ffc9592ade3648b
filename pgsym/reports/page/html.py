"""The report as one HTML page: native MathML, pictures inside, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape

from pgsym.claims.derivation.html import HtmlWriter, cell
from pgsym.reports.live import font_face
from pgsym.reports.page.content import Alive, Document, Section
from pgsym.reports.page.style import SCRIPT, STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:"
"""What a browser lets the page do: nothing that leaves it."""

_MATH = re.compile(r"<math.*?</math>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def page(document: Document, version: str) -> str:
    """The whole page.

    Raises
    ------
    MissingExtraError
        latex2mathml is not installed.
    """
    body = "\n".join(_Body(document).lines())
    alive = [block.live for block in document.blocks() if isinstance(block, Alive)]
    letters = "".join(sorted(set(unescape(_TAG.sub("", "".join(_MATH.findall(body)))))))
    style = "\n".join([font_face(letters), STYLE, *(live.style for live in alive)])
    script = "\n".join([SCRIPT, *(live.script for live in alive)])
    return "\n".join([
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        f'<meta name="generator" content="pgsym {escape(version)}">',
        # Without it, a browser asks the server of the page for an icon.
        '<link rel="icon" href="data:,">',
        f"<title>{escape(document.title)}</title>",
        f"<style>\n{style}\n</style>",
        "</head>",
        "<body>",
        body,
        f"<footer><p>Written by pgsym {escape(version)}; this page loads nothing.</p></footer>",
        f"<script>\n{script}\n</script>",
        "</body>",
        "</html>",
        "",
    ])  # fmt: skip


class _Body:
    """What stands in the body of the page."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.writer = HtmlWriter(document.bindings)

    def lines(self) -> Iterator[str]:
        """Header, contents, summary, sections."""
        document = self.document
        yield '<a class="skip" href="#main">Skip to the content</a>'
        yield f"<header>\n<h1>{escape(document.title)}</h1>\n<p>{self.writer.prose(document.lead)}</p>\n</header>"
        links = "\n".join(f'<li><a href="#{s.key}">{escape(s.title)}</a></li>' for s in document.sections)
        yield f'<nav aria-label="Contents">\n<ul>\n{links}\n</ul>\n</nav>'
        yield '<main id="main" tabindex="-1">'
        rows = [f"<div><dt>{cell(name)}</dt><dd>{cell(value)}</dd></div>" for name, value in document.summary]
        yield "\n".join(['<dl class="summary">', *rows, "</dl>"])
        for section in document.sections:
            yield from self._section(section)
        yield "</main>"

    def _section(self, section: Section) -> Iterator[str]:
        yield f'<section id="{section.key}" aria-labelledby="{section.key}-title">'
        yield f'<h2 id="{section.key}-title">{escape(section.title)}</h2>'
        yield from (block.live.html for block in section.blocks if isinstance(block, Alive))
        yield from self.writer.lines(block for block in section.blocks if not isinstance(block, Alive))
        yield "</section>"
