"""Chains laid out as formulas: left side, relation, right side in lines, reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgsym.claims.blocks import LONG_LEFT, Block, Chain, Definition, Formulas, Row
from pgsym.claims.derivation.lines import WIDTH, lines
from pgsym.claims.language.relation import RELATIONS
from pgsym.claims.language.tree import Call, Let
from pgsym.claims.verdict import Verdict
from pgsym.expression.notation import tex_width


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


def laid_out(blocks: Sequence[Block], verdicts: Iterator[Verdict | None], width: int = WIDTH) -> Iterator[Block]:
    """The blocks with chains as formulas, those that follow one another and the definitions between them together.

    `verdicts` has one entry for each relation, in order.
    """
    group: list[Row] = []
    for block in blocks:
        if isinstance(block, Chain) or (isinstance(block, Definition) and _lets(block)):
            group += rows(block, verdicts, width)
            continue
        if isinstance(block, Definition):
            continue
        if group:
            yield Formulas(tuple(_without_repeats(group)))
            group = []
        yield block
    if group:
        yield Formulas(tuple(_without_repeats(group)))


def _lets(block: Definition) -> bool:
    return any(isinstance(b, Let) for b in block.bindings)


def _without_repeats(found: Sequence[Row]) -> Iterator[Row]:
    """The rows, a reason that the chain before ended with not said again."""
    before = ""
    for k, row in enumerate(found):
        alone = row.first and (k + 1 == len(found) or found[k + 1].first)
        yield replace(row, note="") if alone and row.note == before else row
        before = row.note if alone else ""
