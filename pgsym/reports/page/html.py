"""The report as one HTML page: native MathML, pictures inside, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape
from itertools import count, groupby

from pgsym.claims.blocks import Cell, Heading, Prose
from pgsym.claims.derivation.mathml import mathml
from pgsym.claims.derivation.prose import parts
from pgsym.claims.derivation.rows import Row
from pgsym.reports.live import font_face
from pgsym.reports.page.content import Alive, Answer, Block, DataTable, Document, Figure, Formulas, Note, Section
from pgsym.reports.page.style import SCRIPT, STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:"
"""What a browser lets the page do: nothing that leaves it."""

_MATH = re.compile(r"<math.*?</math>", re.DOTALL)
_POWER = re.compile(r"2\^-(\d+)")
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


def inline(latex: str) -> str:
    """A formula between words: sums and fractions are no higher than the line allows."""
    return mathml(latex).replace(' displaystyle="true"', "", 1)


class _Body:
    """What stands in the body of the page; tables are numbered, so that their titles can name them."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._numbers = count(1)

    def lines(self) -> Iterator[str]:
        """Header, contents, summary, sections."""
        document = self.document
        yield '<a class="skip" href="#main">Skip to the content</a>'
        yield f"<header>\n<h1>{escape(document.title)}</h1>\n<p>{self._prose(document.lead)}</p>\n</header>"
        links = "\n".join(f'<li><a href="#{s.key}">{escape(s.title)}</a></li>' for s in document.sections)
        yield f'<nav aria-label="Contents">\n<ul>\n{links}\n</ul>\n</nav>'
        yield '<main id="main" tabindex="-1">'
        rows = [f"<div><dt>{_cell(name)}</dt><dd>{_cell(value)}</dd></div>" for name, value in document.summary]
        yield "\n".join(['<dl class="summary">', *rows, "</dl>"])
        for section in document.sections:
            yield from self._section(section)
        yield "</main>"

    def _section(self, section: Section) -> Iterator[str]:
        yield f'<section id="{section.key}" aria-labelledby="{section.key}-title">'
        yield f'<h2 id="{section.key}-title">{escape(section.title)}</h2>'
        for tables, group in groupby(section.blocks, lambda block: isinstance(block, DataTable)):
            inner = [self._block(block) for block in group]
            # Tables that follow one another stand side by side where there is room.
            yield from ['<div class="tables">', *inner, "</div>"] if tables else inner
        yield "</section>"

    def _block(self, block: Block) -> str:
        match block:
            case Heading(text, level):
                return f"<h{level + 1}>{self._prose(text)}</h{level + 1}>"
            case Prose(text):
                return f"<p>{self._prose(text)}</p>"
            case Note(text):
                return f'<p class="note">{self._prose(text)}</p>'
            case Formulas(rows):
                inner = "\n".join(line for row in rows for line in self._row(row))
                return f'<div class="scroll chain">\n{inner}\n</div>'
            case DataTable():
                return self._table(block)
            case Figure(svg, _, caption, _, least):
                box = f'<div class="scroll"><div style="min-width:{least:.0f}px">{svg}</div></div>'
                return f"<figure>\n{box}\n<figcaption>{escape(caption)}</figcaption>\n</figure>"
            case Answer():
                return f'<p class="answer">{_answer(block)}</p>'
            case Alive(live):
                return live.html

    def _row(self, row: Row) -> Iterator[str]:
        """Left side, relation with right side, reason: cells of a grid with three columns."""
        mark = " first" if row.first else ""
        if row.own_line:
            yield from (f'<div class="own{mark}">{mathml(left)}</div>' for left in row.left)
            mark = ""
        head = mathml("".join(row.left)) if row.left and not row.own_line else ""
        note = self._prose(row.note)
        note = f"<strong>{note}</strong>" if row.note.startswith(("REFUTED", "INAPPLICABLE")) else note
        for k, line in enumerate(row.right):
            shown = mathml(f"{row.relation} {line}" if k == 0 else rf"\quad {line.removeprefix('{} ')}")
            why = note if k == len(row.right) - 1 else ""
            yield f'<div class="left{mark}">{head if k == 0 else ""}</div>'
            yield f'<div class="right{mark}">{shown}</div>'
            yield f'<div class="why{mark}">{why}</div>'
            mark = ""

    def _table(self, table: DataTable) -> str:
        def kind(k: int) -> str:
            return ' class="number"' if k in table.numbers else ""

        key = f"table-{next(self._numbers)}"
        head = "".join(f'<th scope="col"{kind(k)}>{_cell(name)}</th>' for k, name in enumerate(table.header))
        lines = []
        for row in table.rows:
            first, *rest = row
            cells = "".join(f"<td{kind(k)}>{_cell(cell)}</td>" for k, cell in enumerate(rest, start=1))
            lines.append(f'<tr><th scope="row">{_cell(first)}</th>{cells}</tr>')
        return "\n".join([
            # A caption of the table itself would be as narrow as the table.
            f'<figure class="table">\n<figcaption id="{key}">{escape(table.caption)}</figcaption>',
            f'<div class="scroll"><table aria-labelledby="{key}">',
            f"<thead><tr>{head}</tr></thead>",
            "<tbody>",
            *lines,
            "</tbody>\n</table></div>\n</figure>",
        ])  # fmt: skip

    def _prose(self, text: str) -> str:
        found = parts(text, self.document.bindings)
        return "".join(escape(p) if isinstance(p, str) else inline(p.latex()) for p in found)


def _cell(cell: str | Cell | Answer) -> str:
    if isinstance(cell, Answer):
        return _answer(cell)
    return mathml(cell.latex) if isinstance(cell, Cell) else escape(cell)


def _power(match: re.Match[str]) -> str:
    return f"2<sup>−{match.group(1)}</sup>"


def _answer(answer: Answer) -> str:
    trust = f' <a href="#reading">{_POWER.sub(_power, escape(str(answer.trust)))}</a>' if answer.trust else ""
    reason = f" <span>{escape(answer.reason)}</span>" if answer.reason else ""
    return f'<strong class="{answer.status}">{answer.status}</strong>{trust}{reason}'
