"""A derivation as one HTML page: native MathML, no script, no font, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from pgsym.claims.blocks import Block, Cell, Heading, Picture, Prose, Table
from pgsym.claims.derivation.mathml import mathml as mathml
from pgsym.claims.derivation.prose import parts
from pgsym.claims.derivation.rows import Row, grouped, rows, without_repeats
from pgsym.claims.language.tree import Binding
from pgsym.claims.verdict import Verdict
from pgsym.display.palette import LIGHT

STYLE = """
:root { color-scheme: light dark; }
body { font: 17px/1.5 Georgia, 'Times New Roman', serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
math { font-family: 'STIX Two Math', 'Latin Modern Math', 'Cambria Math', math; }
table { border-collapse: collapse; margin: 1rem auto; }
table.chain { margin: 1rem 0; width: 100%; }
table.chain td { padding: .15rem 0; vertical-align: baseline; }
table.chain td.l { text-align: right; white-space: nowrap; padding-right: .3rem; width: 1%; }
table.chain td.w { white-space: nowrap; }
table.chain td.n { text-align: right; font-size: .85rem; opacity: .75; padding-left: 1.5rem; }
table.chain tr.first td { padding-top: .6rem; }
table.data td, table.data th { text-align: left; padding: .2rem .9rem; }
table.data th { border-bottom: 1px solid currentColor; }
figure { text-align: center; margin: 1rem 0; }
strong { color: BAD; }
""".replace("BAD", LIGHT.bad)


def page(
    title: str, blocks: Sequence[Block], verdicts: Iterator[Verdict | None], bindings: Sequence[Binding] = ()
) -> str:
    """The whole page; `verdicts` has one entry for each relation, in order.

    Raises
    ------
    MissingExtraError
        latex2mathml is not installed.
    """
    head = f"<title>{escape(title)}</title>\n<style>{STYLE}</style>"
    meta = '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">'
    inner = f"<h1>{escape(title)}</h1>\n{body(blocks, verdicts, bindings)}"
    return f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{meta}\n{head}\n</head>\n<body>\n{inner}\n</body>\n</html>\n'


def body(blocks: Sequence[Block], verdicts: Iterator[Verdict | None], bindings: Sequence[Binding] = ()) -> str:
    """What stands between the head and the end of a page; a chain is a table of the class ``chain``."""
    return "\n".join(_parts(blocks, verdicts, bindings))


def _parts(blocks: Sequence[Block], verdicts: Iterator[Verdict | None], bindings: Sequence[Binding]) -> Iterator[str]:
    for block in grouped(blocks):
        if isinstance(block, list):
            yield '<table class="chain">'
            found = [row for item in block for row in rows(item, verdicts)]
            yield from (_row(row, bindings) for row in without_repeats(found))
            yield "</table>"
        elif isinstance(block, Heading):
            yield f"<h{block.level + 1}>{_prose(block.text, bindings)}</h{block.level + 1}>"
        elif isinstance(block, Prose):
            yield f"<p>{_prose(block.text, bindings)}</p>"
        elif isinstance(block, Table):
            yield _table(block)
        elif isinstance(block, Picture):
            yield f"<figure>{block.svg}</figure>"


def _row(row: Row, bindings: Sequence[Binding]) -> str:
    mark = ' class="first"' if row.first else ""
    found = []
    if row.own_line:
        found += [f'<tr{mark}><td class="w" colspan="3">{mathml(left)}</td></tr>' for left in row.left]
        mark = ""
    head = mathml("".join(row.left)) if row.left and not row.own_line else ""
    note = _prose(row.note, bindings)
    note = f"<strong>{note}</strong>" if row.note.startswith(("REFUTED", "INAPPLICABLE")) else note
    for k, line in enumerate(row.right):
        shown = mathml(f"{row.relation} {line}" if k == 0 else rf"\quad {line.removeprefix('{} ')}")
        last = note if k == len(row.right) - 1 else ""
        left = head if k == 0 else ""
        found.append(f'<tr{mark}><td class="l">{left}</td><td class="w">{shown}</td><td class="n">{last}</td></tr>')
        mark = ""
    return "\n".join(found)


def _prose(text: str, bindings: Sequence[Binding]) -> str:
    return "".join(escape(p) if isinstance(p, str) else mathml(p.latex()) for p in parts(text, bindings))


def _table(table: Table) -> str:
    head = "".join(f"<th>{_cell(name)}</th>" for name in table.header)
    rows = ["".join(f"<td>{_cell(cell)}</td>" for cell in row) for row in table.rows]
    return "\n".join(['<table class="data">', f"<tr>{head}</tr>", *(f"<tr>{row}</tr>" for row in rows), "</table>"])


def _cell(cell: str | Cell) -> str:
    return mathml(cell.latex) if isinstance(cell, Cell) else escape(cell)
