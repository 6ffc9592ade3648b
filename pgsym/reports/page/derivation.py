"""The checked derivation as chapters of the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgsym.claims.blocks import Block, Heading, Note
from pgsym.claims.derivation import Derivation
from pgsym.claims.derivation.rows import laid_out

IN_THE_PARAMETERS = "In the parameters"
"""The part of a derivation that holds J and its gradient; a chapter of its own here."""

CHAPTERS = ("Proof", "In this model", "Verdict")
"""What the section on the derivation takes; the rest stands in other sections."""


def chapters(found: Derivation) -> dict[str, list[Block]]:
    """The blocks of a checked derivation by the title that they stand under, without the title itself."""
    assert found.audit is not None
    chapter: list[Block] = []
    parts = {"": chapter}
    title = ""
    for block in laid_out(found.blocks, iter([step.verdict for step in found.audit.steps])):
        if isinstance(block, Heading) and (block.level == 1 or block.text == IN_THE_PARAMETERS):
            title = block.text
            chapter = parts.setdefault(title, [])
        else:
            chapter.append(replace(block, level=block.level + 1) if isinstance(block, Heading) else block)
    return parts


def derivation(parts: dict[str, list[Block]]) -> Iterator[Block]:
    """The proof in symbols, the same lines in the model's numbers, and what the checks rest on."""
    if not parts:
        yield Note("No proof is written for this objective; the theorem itself is decided above.")
    for title in CHAPTERS:
        if title in parts:
            yield Heading(title, 2)
            yield from parts[title]
