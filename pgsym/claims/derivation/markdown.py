"""A derivation as Markdown, with formulas as GitHub and most notebooks show them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pgsym.claims.blocks import Block, Cell, Command, DataTable, Formulas, Heading, Note, Prose, VerdictMark
from pgsym.claims.derivation.layout import aligned, laid_out, parts
from pgsym.claims.language.statement import Binding
from pgsym.claims.verdict import Verdict
from pgsym.expression.notation import escape_text

_SPECIAL = str.maketrans({c: "\\" + c for c in "\\*_<>[]|$#"})


def body(blocks: Sequence[Block], verdicts: Iterator[Verdict | None], bindings: Sequence[Binding] = ()) -> str:
    """The blocks one after the other; `verdicts` has one entry for each relation, in order."""
    return "\n\n".join(filter(None, (_write(block, bindings) for block in laid_out(blocks, verdicts))))


def _write(block: Block, bindings: Sequence[Binding]) -> str:
    def remark(note: str) -> str:
        words = (rf"\text{{{escape_text(p)}}}" if isinstance(p, str) else p.latex() for p in parts(note, bindings))
        return f" && {' '.join(words)}"

    match block:
        case Heading(text, level):
            return f"{'#' * (level + 1)} {_prose(text, bindings)}"
        case Prose(text):
            return _prose(text, bindings)
        case Note(text):
            return f"> {_prose(text, bindings)}"
        case Command(text):
            return f"```sh\n{text}\n```"
        case Formulas(rows):
            return "\n".join(["```math", r"\begin{aligned}", *aligned(rows, remark), r"\end{aligned}", "```"])
        case DataTable():
            return _table(block)
        case VerdictMark(status, trust, reason):
            return f"**{status}**{f' ({trust})' if trust else ''} {escape(reason)}".rstrip()
    return ""  # pictures, which GitHub would not show


def notebook(text: str) -> str:
    """The same as notebooks show it: GitHub's fences and backticks become dollars, and headings are smaller.

    >>> print(notebook("Let $`x`$ be\\n\\n```math\\ny\\n```"))
    Let $x$ be
    <BLANKLINE>
    $$
    y
    $$
    """
    text = re.sub(r"^(#+ )", r"##\1", text, flags=re.MULTILINE)
    return text.replace("```math\n", "$$\n").replace("\n```", "\n$$").replace("$`", "$").replace("`$", "$")


def escape(text: str) -> str:
    r"""Words in which nothing is markup.

    >>> print(escape("s_1 * 2"))
    s\_1 \* 2
    """
    return text.translate(_SPECIAL)


def _prose(text: str, bindings: Sequence[Binding]) -> str:
    return "".join(escape(p) if isinstance(p, str) else f"$`{p.latex()}`$" for p in parts(text, bindings))


def _table(table: DataTable) -> str:
    rule = "|".join(["---"] * len(table.header))
    rows = [" | ".join(map(_cell, row)) for row in table.rows]
    return "\n".join([f"| {' | '.join(map(_cell, table.header))} |", f"|{rule}|", *(f"| {row} |" for row in rows)])


def _cell(cell: str | Cell) -> str:
    return f"$`{cell.latex.replace('|', chr(92) + 'vert ')}`$" if isinstance(cell, Cell) else escape(cell)
