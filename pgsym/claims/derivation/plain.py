"""A derivation as text of the claim language, which `pgsym check` reads again."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from pgsym.claims.blocks import Block, Cell, Chain, DataTable, Definition, Heading, Prose
from pgsym.claims.derivation.layout import steps
from pgsym.claims.language.relation import RELATIONS
from pgsym.claims.language.render import binding_text
from pgsym.claims.language.tree import Add, Neg, Node, Sub
from pgsym.claims.verdict import Verdict
from pgsym.model.objective import Objective

WIDTH = 116


def body(blocks: Sequence[Block], verdicts: Iterator[Verdict | None], objective: Objective) -> str:
    """The blocks one after the other; `verdicts` has one entry for each relation, in order."""
    parts = [f"objective {objective}"]
    for block in blocks:
        if isinstance(block, Heading):
            parts.append(f"{'#' * (block.level + 1)} {block.text}")
        elif isinstance(block, Prose):
            parts.append(paragraph(block.text))
        elif isinstance(block, DataTable):
            parts.append(_table(block))
        elif isinstance(block, Definition):
            parts.append("\n".join(binding_text(b) for b in block.bindings))
        elif isinstance(block, Chain):
            if block.objective not in (None, objective):
                objective = block.objective
                parts.append(f"objective {objective}")
            parts.append(_chain(block, verdicts))
    return "\n\n".join(parts) + "\n"


def paragraph(text: str) -> str:
    """Prose as comment lines."""
    return "\n".join(textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# "))


def _chain(chain: Chain, verdicts: Iterator[Verdict | None]) -> str:
    statement = chain.statement
    found = _broken("", statement.terms[0])
    if len(found) == 1 and len(statement.relations) == 1:
        found = [found[0] + " "]
    else:
        found.append("")
    for relation, term, note in steps(statement, verdicts):
        lines = _broken(f"{RELATIONS[relation].spellings[0]} ", term)
        if found[-1]:
            lines[0] = found.pop() + lines[0]
        else:
            found.pop()
            lines = ["  " + line for line in lines]
        comment = f"   # {note}" if note else ""
        found += [*lines[:-1], lines[-1] + comment, ""]
    return " ".join([*map(binding_text, chain.own), "\n".join(found[:-1])])


def _broken(head: str, node: Node) -> list[str]:
    """An expression in lines: a new one for each term where it is long."""
    whole = head + str(node)
    if len(whole) <= WIDTH or not isinstance(node, Add | Sub):
        return [whole]
    terms: list[str] = []
    while isinstance(node, Add | Sub):
        inner = f"({node.right})" if isinstance(node.right, Add | Sub | Neg) else str(node.right)
        terms.append(f"  {'+' if isinstance(node, Add) else '-'} {inner}")
        node = node.left
    return [head + str(node), *reversed(terms)]


def _table(table: DataTable) -> str:
    cells = [[c.text if isinstance(c, Cell) else c for c in row] for row in (table.header, *table.rows)]
    widths = [max(len(row[k]) for row in cells) for k in range(len(table.header))]
    return "\n".join(
        ("#   " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True))).rstrip() for row in cells
    )
