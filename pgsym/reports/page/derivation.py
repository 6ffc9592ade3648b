"""The checked derivation as chapters of the report."""

from __future__ import annotations

from collections.abc import Iterator

from pgsym.claims import blocks as b
from pgsym.claims.derivation import Derivation
from pgsym.claims.derivation.rows import grouped, rows, without_repeats
from pgsym.reports.page.content import Block, DataTable, Figure, Formulas, Note

IN_THE_PARAMETERS = "In the parameters"
"""The part of a derivation that holds J and its gradient; a chapter of its own here."""

CHAPTERS = ("Proof", "In this model", "Verdict")
"""What the section on the derivation takes; the rest stands in other sections."""

_CAPTIONS = {IN_THE_PARAMETERS: "J and its derivatives"}


def chapters(found: Derivation) -> dict[str, list[Block]]:
    """The blocks of a checked derivation by the title that they stand under, without the title itself."""
    assert found.audit is not None
    verdicts = iter([step.verdict for step in found.audit.steps])
    chapter: list[Block] = []
    parts = {"": chapter}
    title = ""
    for block in grouped(found.blocks):
        if isinstance(block, list):
            lines = [row for item in block for row in rows(item, verdicts)]
            chapter.append(Formulas(tuple(without_repeats(lines))))
        elif isinstance(block, b.Heading) and (block.level == 1 or block.text == IN_THE_PARAMETERS):
            title = block.text
            chapter = parts.setdefault(title, [])
        elif isinstance(block, b.Heading):
            chapter.append(b.Heading(block.text, block.level + 1))
        elif isinstance(block, b.Table):
            chapter.append(DataTable(_CAPTIONS.get(title, title), block.header, block.rows))
        elif isinstance(block, b.Picture):
            chapter.append(Figure(block.svg, block.tikz, title, title))
        elif isinstance(block, b.Prose):
            chapter.append(block)
    return parts


def derivation(parts: dict[str, list[Block]]) -> Iterator[Block]:
    """The proof in symbols, the same lines in the model's numbers, and what the checks rest on."""
    if not parts:
        yield Note("No proof is written for this objective; the theorem itself is decided above.")
    for title in CHAPTERS:
        if title in parts:
            yield b.Heading(title, 2)
            yield from parts[title]
