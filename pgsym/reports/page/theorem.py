"""The section on the policy gradient theorem: what is true of this model, for each of the three objectives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pgsym.claims.blocks import Block, Cell, Chain, DataTable, Fold, Formulas, Heading, Note, Prose, VerdictMark
from pgsym.claims.catalogue import theorem as find_theorem
from pgsym.claims.counterexample import SHOWN, Coordinate
from pgsym.claims.derivation import Derivation
from pgsym.claims.derivation.layout import laid_out, rows
from pgsym.claims.language.parse import parse
from pgsym.claims.verdict import Status, Verdict
from pgsym.expression.latex import latex, tex_width
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem
from pgsym.reports.page.quantities import IN_THE_PARAMETERS, Writer
from pgsym.reports.page.regions import command
from pgsym.reports.theorems import level_text


def theorem(writer: Writer, found: Mapping[Objective, Verdict]) -> Iterator[Block]:
    """One part for each objective."""
    yield Prose(
        "The policy gradient theorem says that the gradient of J can be had without differentiating how often states "
        "are visited. Each line below was decided for all values of the parameters at once, from the very expression "
        "that is printed; J is differentiated, the theorem is never assumed."
    )
    for objective, verdict in found.items():
        yield Heading(str(objective), 2)
        own = " This is the objective of the report." if objective is writer.problem.objective else ""
        yield Prose(f"J is {objective.definition.meaning}.{own}")
        yield _formula(objective.definition.formula)
        yield from ruling(verdict, writer, writer.problem.replace(objective=objective))
        if verdict.proved:
            yield Prose(f"It is proved for {level_text(find_theorem(objective.definition.theorem))}.")


def ruling(verdict: Verdict, writer: Writer, problem: Problem | None = None) -> Iterator[Block]:
    """A claim, the answer, and what stands behind it."""
    yield _formula(str(verdict.claim))
    inapplicable = verdict.status is Status.INAPPLICABLE
    yield VerdictMark(verdict.status, verdict.trust, verdict.reason if inapplicable else "")
    for note in verdict.notes:
        yield Prose(f"Note: {note}.")
    if verdict.factor is not None:
        yield Prose(f"It is true with the factor `{verdict.factor}` on the right.")
    if verdict.witness is not None:
        yield from _witness(verdict, writer, problem or writer.problem)
    if verdict.corollaries:
        yield Prose("Nor does the factor `1 / (1 - gamma)` repair it; what is missing is the last line, exactly:")
    for more in verdict.corollaries:
        yield from ruling(replace(more, witness=None), writer)


def _formula(statement: str) -> Formulas:
    """A claim as the page shows it."""
    claim = parse(statement)
    no_verdict = iter([None] * len(claim.relations))
    return Formulas(tuple(rows(Chain(claim), no_verdict)))


def _witness(verdict: Verdict, writer: Writer, problem: Problem) -> Iterator[Block]:
    """A point at which both sides differ, their values there in all coordinates, and the command that shows it."""
    witness = verdict.witness
    assert witness is not None
    yield from witness.tables()
    yield Prose("To see it again:")
    yield command(problem, verdict)
    lines = [
        (c, latex(e, names=writer.names)) for c, e in (verdict.difference or {}).items() if len(str(e)) <= 4 * WIDE
    ]
    short = [(c, text) for c, text in lines if tex_width(text) <= WIDE]
    if short:
        yield DataTable(
            "The difference of the two sides for all values of the parameters",
            ("coordinate", "left minus right"),
            tuple((_place(c), Cell("", text)) for c, text in short[:SHOWN]),
        )


def _place(coordinate: Coordinate) -> Cell:
    return Cell(str(coordinate), coordinate.latex() or r"\text{value}")


WIDE = 60
"""Width of a difference that is shown in closed form."""


CHAPTERS = ("Proof", "In this model", "Verdict")
"""What the section on the derivation takes; the rest stands in other sections."""
FOLDED = "In this model"
"""The chapter that is longest: the lines of the proof again, in numbers."""


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
        if title in parts and title == FOLDED:
            yield Fold(Heading(title, 2), tuple(parts[title]))
        elif title in parts:
            yield Heading(title, 2)
            yield from parts[title]
