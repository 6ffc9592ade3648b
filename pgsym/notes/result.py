"""What is found in a note: each relation with its verdicts, and the whole as text, JSON and pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pgsym.claims.checking import Checked, CheckedRelation
from pgsym.claims.language.statement import Claim
from pgsym.claims.language.tree import Number
from pgsym.claims.verdict import Status, Verdict
from pgsym.display.result import Result, data_frame
from pgsym.model.objective import Objective
from pgsym.notes.definitions import WrittenRelation
from pgsym.notes.documents import NoteDocument
from pgsym.trust import Trust, weakest

if TYPE_CHECKING:
    from pgsym.prover.verdict import GeneralVerdict

DEPENDS, REFUSED, DEFINES = "depends on the reading", "not read", "a definition"
TELLING = (Status.REFUTED, Status.UNDECIDED, Status.PROVED, Status.INAPPLICABLE)
"""Which answer on one model, or in one reading, tells most of a relation."""


@dataclass(frozen=True)
class NoteReading:
    """What J is and what the letters for weights mean."""

    objective: Objective
    chosen: tuple[tuple[str, str], ...]
    undiscounted: bool = False

    def __str__(self) -> str:
        parts = [str(self.objective), *(f"{key} is {meaning}" for key, meaning in self.chosen)]
        return ", ".join([*parts, *(["gamma = 1"] if self.undiscounted else [])])


@dataclass(frozen=True)
class NoteCase:
    """A relation in one reading, on one model."""

    reading: NoteReading
    model: str
    claim: Claim
    verdict: Verdict


def by_reading(cases: Iterable[NoteCase]) -> dict[NoteReading, Status]:
    """What tells most of a relation in each reading, over the models."""
    found: dict[NoteReading, set[Status]] = {}
    for case in cases:
        found.setdefault(case.reading, set()).add(case.verdict.status)
    return {reading: next(s for s in TELLING if s in every) for reading, every in found.items()}


@dataclass(frozen=True)
class NoteRelation:
    """One relation of a note with what was found."""

    line: int
    place: str
    """File, line and column."""
    relation: WrittenRelation
    status: str
    """That of a verdict, ``depends on the reading``, ``not read`` or ``a definition``."""
    cases: tuple[NoteCase, ...] = ()
    """The verdicts, one for each reading and model."""
    general: GeneralVerdict | None = None
    """Whether it holds for every finite MDP."""

    @property
    def main(self) -> NoteCase | None:
        """The case to show: the one that tells most."""
        return min(self.cases, key=lambda c: TELLING.index(c.verdict.status), default=None)

    @property
    def correction(self) -> str:
        """What is true instead, in the claim language; empty where that is not known, or a sum is lost."""
        if self.relation.finding:
            return ""
        if self.general is not None and self.general.correction is not None:
            return str(self.general.correction)
        main = self.main
        return str(main.verdict.repaired) if main is not None and main.verdict.repaired is not None else ""

    @property
    def other(self) -> tuple[str, ...]:
        """Of what is proved on the models here and false on another one: that one, in lines of text."""
        if (
            self.status != Status.REFUTED
            or self.general is None
            or any(c.verdict.status is Status.REFUTED for c in self.cases)
        ):
            return ()
        return tuple(str(self.general).splitlines()[1:])

    @property
    def why(self) -> tuple[str, list[str]]:
        """Of what is not proved: the title and the lines of what shows it."""
        main = self.main
        assert main is not None
        if self.other:
            return f"proved on {main.model}, and false on another model", list(self.other)
        depends = [f"{c.verdict.status} for {c.reading}" for c in self.cases] if self.status == DEPENDS else []
        return f"why, on {main.model}", [*dict.fromkeys(depends), *main.verdict.text().splitlines()]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        found: dict[str, Any] = {
            "line": self.line,
            "place": self.place,
            "latex": self.relation.latex,
            "status": self.status,
        }
        more = {
            "reason": self.relation.reason,
            "finding": self.relation.finding,
            "correction": self.correction,
            "every_mdp": "" if self.general is None else str(self.general.standing),
        }
        found |= {key: text for key, text in more.items() if text}
        if self.cases:
            found["cases"] = [
                {
                    "objective": str(c.reading.objective),
                    "meanings": dict(c.reading.chosen),
                    "model": c.model,
                    "claim": str(c.claim),
                    "verdict": c.verdict.to_json(),
                }
                for c in self.cases
            ]
        return found

    def _shown(self, case: NoteCase, wide: int) -> Iterator[str]:
        first = self.relation.first or isinstance(case.claim.right, Number)  # of every run: one side is all of it
        return CheckedRelation(self.line, case.claim, case.reading.objective, case.verdict, first).lines(wide)

    def lines(self, wide: int) -> Iterator[str]:
        """As text."""
        indent = " " * (wide + 2)
        main = self.main
        if main is None:
            what = f"defines {self.relation.defines}" if self.status == DEFINES else REFUSED
            reason = self.relation.reason and f": {self.relation.reason}"
            yield f"{self.line:>{wide}}  {what}, {self.place.partition(':')[2]}{reason}"
            return
        relation, answer, *rest = self._shown(main, wide)
        if self.status == DEPENDS:
            relation, *_ = self._shown(next(c for c in self.cases if c.verdict.status is Status.PROVED), wide)
        yield relation
        if self.status == DEPENDS:
            yield f"{indent}{DEPENDS}:"
            for status in (Status.PROVED, Status.REFUTED):
                where = [reading for reading, found in by_reading(self.cases).items() if found is status]
                yield from (f"{indent}  {status} for {reading}" for reading in _joined(where))
            yield f"{indent}  where {main.reading}: {main.claim}"
        else:
            models = ", ".join(dict.fromkeys(c.model for c in self.cases if c.verdict.status is main.verdict.status))
            yield f"{answer}, on {models}"
        yield from rest
        if self.other:
            yield f"{indent}refuted for another MDP:"
            yield from (f"{indent}{line}" for line in self.other)
        if self.relation.finding:
            yield f"{indent}  {self.relation.finding}"
        if self.general is not None and self.general.proved:
            yield f"{indent}  {self.general.standing}"
        if self.correction and self.status == Status.REFUTED:
            yield f"{indent}  true is: {self.correction.replace(' == ', ' = ', 1)}"


def _joined(readings: list[NoteReading]) -> Iterator[str]:
    """Readings that differ in the meaning of one symbol only are told in one line."""
    groups: dict[NoteReading, list[str]] = {}
    for r in readings:
        *before, (key, meaning) = r.chosen or (("", ""),)
        groups.setdefault(replace(r, chosen=(*before, (key, ""))), []).append(meaning)
    for r, meanings in groups.items():
        *before, (key, _) = r.chosen
        yield str(replace(r, chosen=(*before, *([(key, " or ".join(meanings))] if key else []))))


@dataclass(frozen=True, repr=False)
class AuditedNote(Result):
    """A note, each relation of it with a verdict or with the reason why it has none.

    See Also
    --------
    pgsym.Script : Files of claims in the claim language.

    Examples
    --------
    >>> from pgsym.notes import NoteDocument, audit_note
    >>> note = NoteDocument.of(r"$$V^\\pi(s) = \\sum_a \\pi(a|s) A^\\pi(s,a)$$", "note.md")
    >>> found = audit_note(note, "short-corridor")
    >>> found.relations[0].status
    'refuted'
    """

    document: NoteDocument
    readings: tuple[tuple[str, str], ...]
    """What was taken for granted, once each: a symbol and its meaning."""
    relations: tuple[NoteRelation, ...]
    models: tuple[str, ...]
    assumption: str = field(default="", compare=False)

    @property
    def holds(self) -> bool:
        """Whether every relation that is read is proved, and one is."""
        decided = [r for r in self.relations if r.cases]
        return bool(decided) and all(r.status == Status.PROVED for r in decided)

    @property
    def summary(self) -> str:
        """How many of each answer."""
        counts = Counter(r.status for r in self.relations)
        if not counts:
            return "no relations"
        order = (*Status, DEPENDS, DEFINES, REFUSED)
        total = len(self.relations)
        parts = [f"{counts[s]} {s}" for s in order if counts[s]]
        return f"{total} relation{'s' if total > 1 else ''}: {', '.join(parts)}"

    @property
    def trust(self) -> Trust | None:
        """That of the least certain verdict; None where a relation has none."""
        found = [c.verdict.trust for r in self.relations for c in r.cases]
        return None if None in found or not found else weakest(filter(None, found))

    def to_json(self) -> dict[str, Any]:
        return {
            "note": self.document.name,
            "models": list(self.models),
            "holds": self.holds,
            "summary": self.summary,
            "trust": None if self.trust is None else self.trust.to_json(),
            "readings": [{"symbol": symbol, "meaning": meaning} for symbol, meaning in self.readings],
            "relations": [r.to_json() for r in self.relations],
        }

    def frame(self) -> Any:
        """A pandas frame with a row for each relation."""
        rows = [
            (r.line, r.status, "" if r.main is None else str(r.main.claim), r.relation.reason, r.relation.finding)
            for r in self.relations
        ]
        return data_frame(["line", "status", "claim", "reason", "finding"], rows)

    def text(self) -> str:
        """The readings, every relation with its answer, a closing line."""
        lines = [
            f"{self.document.name}, on {', '.join(self.models)}",
            "read as",
            *(f"  {s}: {m}" for s, m in self.readings),
        ]
        wide = max((len(str(r.line)) for r in self.relations), default=1)
        for r in self.relations:
            lines += [*([""] if r.relation.first or not r.cases else []), *r.lines(wide)]
        return "\n".join([*lines, "", self.summary])

    @cached_property
    def checked(self) -> Checked:
        """The relations that are read, as a text of claims: what pages are made of."""
        from pgsym.claims.blocks import Block, Chain, Heading, Prose

        blocks: list[Block] = [
            Heading("Readings"),
            *(Prose(f"{s}: {m}.") for s, m in self.readings),
            Heading("Relations"),
        ]
        steps = []
        for r in self.relations:
            if r.main is None:
                blocks.append(Prose(f"Line {r.line}: {r.relation.reason or DEFINES}."))
                continue
            steps.append(CheckedRelation(r.line, r.main.claim, r.main.reading.objective, r.main.verdict, True))
            blocks.append(Chain(r.main.claim.statement, r.main.reading.objective, (r.line,)))
        return Checked(tuple(steps), self.document.name, tuple(blocks), self.assumption)

    def latex(self) -> str:
        """The body of a LaTeX document, in the notation of pgsym."""
        return self.checked.latex()

    def markdown(self) -> str:
        """The note itself with its verdicts; see `pgsym.notes.marked`."""
        from pgsym.notes.marked import marked

        return marked(self)

    def html(self) -> str:
        """One self-contained page: the note itself with its verdicts."""
        from pgsym.notes.page import note_page

        return note_page(self)

    def paper(self) -> str:
        """A LaTeX document: the note itself with its verdicts."""
        from pgsym.notes.paper import note_paper

        return note_paper(self)

    def _repr_markdown_(self) -> str:
        return self.markdown()
