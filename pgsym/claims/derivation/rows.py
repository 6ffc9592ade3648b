"""Chains as rows of a page: left side, relation, right side in lines, reason.  Every writer lays out these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pgsym.claims.blocks import Block, Chain, Definition
from pgsym.claims.derivation.lines import WIDTH, lines
from pgsym.claims.language.relation import RELATIONS
from pgsym.claims.language.tree import Call, Let
from pgsym.claims.verdict import Verdict
from pgsym.expression.tex import tex_width

LONG_LEFT = 18
"""A left side that is wider stands on a line of its own."""


@dataclass(frozen=True)
class Row:
    """One relation.

    Attributes
    ----------
    left : tuple of str
        Lines of LaTeX before the relation; none where the chain goes on.
    right : tuple of str
        Lines of LaTeX after it.
    note : str
        The reason, as prose; of a relation that is not proved, what it is instead.
    first : bool
        Whether a chain begins here.
    """

    left: tuple[str, ...]
    relation: str
    right: tuple[str, ...]
    note: str
    first: bool

    @property
    def own_line(self) -> bool:
        """Whether the left side stands on a line of its own."""
        return len(self.left) > 1 or any(tex_width(line) > LONG_LEFT for line in self.left)


def rows(item: Chain | Definition, verdicts: Iterator[Verdict | None], width: int = WIDTH) -> Iterator[Row]:
    """The rows of a chain, which takes a verdict for each relation, or of definitions."""
    if isinstance(item, Definition):
        yield from (_definition(b, width) for b in item.bindings if isinstance(b, Let))
        return
    statement = item.statement
    left = lines(statement.terms[0], width)
    reasons = statement.reasons or ("",) * len(statement.relations)
    beside = tex_width(left[0]) if len(left) == 1 and tex_width(left[0]) <= LONG_LEFT else 2
    for k, (relation, term, reason) in enumerate(zip(statement.relations, statement.terms[1:], reasons, strict=True)):
        verdict = next(verdicts)
        note = reason
        if verdict is not None and not verdict.proved:
            note = f"{verdict.status.upper()}{': ' if reason else ''}{reason}"
        right = lines(term, width - 4, width - 4 - beside)
        yield Row(tuple(left) if k == 0 else (), RELATIONS[relation].latex, tuple(right), note, k == 0)


def _definition(let: Let, width: int) -> Row:
    head = Call(let.name, let.indices).latex()
    return Row((head,), r"\coloneqq", tuple(lines(let.body, width - 4, width - 4 - tex_width(head))), "", True)


def grouped(blocks: Sequence[Block]) -> Iterator[Block | list[Chain | Definition]]:
    """The blocks, chains that follow one another and the definitions between them together."""
    group: list[Chain | Definition] = []
    for block in blocks:
        if isinstance(block, Chain) or (isinstance(block, Definition) and _lets(block)):
            group.append(block)
            continue
        if isinstance(block, Definition):
            continue
        if group:
            yield group
            group = []
        yield block
    if group:
        yield group


def _lets(block: Definition) -> bool:
    return any(isinstance(b, Let) for b in block.bindings)


def without_repeats(found: Sequence[Row]) -> Iterator[Row]:
    """The rows, a reason that the chain before ended with not said again."""
    before = ""
    for k, row in enumerate(found):
        alone = row.first and (k + 1 == len(found) or found[k + 1].first)
        yield replace(row, note="") if alone and row.note == before else row
        before = row.note if alone else ""
