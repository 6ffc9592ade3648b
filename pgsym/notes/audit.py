"""Deciding the relations of a note, in every reading that makes sense."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from pgsym.claims.decide import Decision
from pgsym.claims.language.statement import Claim
from pgsym.claims.language.tree import Quantity
from pgsym.claims.verdict import Status, Verdict
from pgsym.errors import ClaimError
from pgsym.limits import NOTE_READINGS
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem
from pgsym.model.zoo import zoo
from pgsym.notes.conventions import Conventions, conventions
from pgsym.notes.definitions import WrittenRelation
from pgsym.notes.documents import NoteDocument
from pgsym.notes.names import MEANINGS, SECOND_POLICY, Names, Own, told
from pgsym.notes.note import read
from pgsym.notes.result import (
    DEFINES,
    DEPENDS,
    REFUSED,
    TELLING,
    AuditedNote,
    NoteCase,
    NoteReading,
    NoteRelation,
    by_reading,
)

if TYPE_CHECKING:
    from pgsym.prover import GeneralVerdict

PANEL = ("short-corridor", "crossroads", "two-state")
"""Models on which a note is decided that comes without one: episodes without discount, a chance in none and in every
step of them, and one that never ends."""


def audit_note(
    note: NoteDocument | str,
    problem: Problem | str | None = None,
    *,
    objective: Objective | str | None = None,
    read_as: Sequence[str] = (),
    method: str = "auto",
    error_bits: int = 100,
    seed: int = 0,
    general: bool | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> AuditedNote:
    """Decide every relation of a note.

    Parameters
    ----------
    note
        A document, or the path of one.
    problem
        The model; without one, those of `PANEL`, and every finite MDP.
    objective
        What J is; by default what the note says, else the model's.
    read_as
        What letters mean, as in ``d: eta``.
    general
        Ask too whether true relations hold for every finite MDP; by default without a model.

    Raises
    ------
    ClaimError
        The note cannot be read at all.
    """
    document = note if isinstance(note, NoteDocument) else NoteDocument.load(note)
    problems = [Problem.of(problem)] if problem is not None else [zoo(name) for name in PANEL]
    wanted = Objective.parse(objective) if isinstance(objective, str) else objective
    return _Auditor(
        document,
        problems,
        wanted,
        told(read_as),
        {"method": method, "error_bits": error_bits, "seed": seed},
        problem is None,
        problem is None if general is None else general,
        progress,
    ).audit()


_UNDISCOUNTED = re.compile(r"undiscounted|(no|without) (a )?discount|\\gamma\s*=\s*1\b", re.IGNORECASE)
"""What a note says that has a discount for some of its formulas only."""


Meanings = tuple[tuple[str, str], ...]
"""What each letter for weights means."""
Written = Mapping[Meanings, WrittenRelation]
"""One relation as it reads with each meaning of the letters."""


@dataclass
class _Auditor:
    document: NoteDocument
    problems: list[Problem]
    objective: Objective | None
    told: dict[str, tuple[str, ...]]
    options: dict[str, Any]
    is_panel: bool
    general: bool
    progress: Callable[[int, int], object] | None
    decisions: dict[tuple[int, Objective, bool], Decision] = field(default_factory=dict)
    known: dict[tuple[int, Objective, bool, Claim], Verdict | str] = field(default_factory=dict)
    generally: dict[tuple[Claim, Objective, bool], GeneralVerdict] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    own: dict[str, Own] = field(default_factory=dict)
    limits: dict[str, tuple[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.conventions: Conventions = conventions(self.document)
        text = self.document.text
        discounted = ("gamma" in text or "γ" in text) and not _UNDISCOUNTED.search(text)
        self.discounts = (False,) if discounted else (False, True)

    def names(self, chosen: dict[str, str]) -> Names:
        c = self.conventions
        said = {key: meanings for key, (meanings, _) in c.said.items()}
        found = Names(chosen, said | self.told, c.origin, c.letters, dict(self.own), c.rewards, dict(self.limits))
        for key, text in c.told.items():
            found.tell(key, text)
        for key in found.told:
            if found.told[key] == (SECOND_POLICY,):
                why = "as asked for" if key in self.told else f"line {c.said[key][1]}"
                found.tell(key, f"{SECOND_POLICY}, {MEANINGS[SECOND_POLICY]} ({why})")
        return found

    def audit(self) -> AuditedNote:
        first = self.names({})
        read(self.document, first)
        self.own, self.limits = first.own, first.limits  # a definition holds before its place, too
        first = self.names({})
        read(self.document, first)
        keys = [key for key, meanings in first.asked.items() if len(meanings) > 1]
        combinations = islice(product(*(first.asked[key] for key in keys)), NOTE_READINGS)
        texts: dict[Meanings, list[WrittenRelation]] = {}
        names = first
        for meanings in combinations:
            chosen = tuple(zip(keys, meanings, strict=True))
            names = self.names(dict(chosen))
            texts[chosen] = read(self.document, names)
        relations: list[Written] = [dict(zip(texts, each, strict=True)) for each in zip(*texts.values(), strict=True)]
        readings = self.readings(texts, relations)
        found = []
        for k, written in enumerate(relations):
            if self.progress is not None:
                self.progress(k + 1, len(relations))
            found.append(self.relation(written, [r for start, r in readings if start <= k][-1]))
        return AuditedNote(
            self.document,
            tuple(self.told_at_top(first, names, [r for _, held in readings for r in held])),
            tuple(found),
            tuple(p.name for p in self.problems),
            self.problems[0].assumption if not self.is_panel else "",
        )

    def readings(
        self, meanings: Iterable[Meanings], relations: Sequence[Written]
    ) -> list[tuple[int, list[NoteReading]]]:
        """From which relation on which readings hold: the objective that was asked for; else those for which the note's
        statements about J are true; else the default.
        """
        every = [
            NoteReading(o, chosen, undiscounted)
            for chosen in meanings
            for o in ([self.objective] if self.objective else Objective)
            for undiscounted in self.discounts
        ]
        if self.objective is not None:
            self.why["J"] = f"{self.objective}, as asked for"
            return [(0, every)]
        found: list[tuple[int, list[NoteReading]]] = []
        told = []
        for k, written in enumerate(relations):
            before = found[-1][1] if found else []
            relation = next(iter(written.values()))
            if not relation.of_objective or any(self.fits(written[r.chosen].claim, r) for r in before):
                continue
            fitting = [r for r in every if self.fits(written[r.chosen].claim, r)]
            # Without a discount the statement may say nothing of these models, and others do.
            fitting += [u for r in fitting if (u := replace(r, undiscounted=True)) in every and u not in fitting
                        and not self.refutes(written[u.chosen].claim, u)]  # fmt: skip
            if fitting:
                kinds = " or ".join(dict.fromkeys(str(r.objective) for r in fitting))
                told.append(f"{kinds}, for which line {self.document.line(relation.at)} is true")
                found += [(k if found else 0, fitting), (k + 1, [*fitting, *before])]
        if found:
            self.why["J"] = "; from there on also ".join(told)
            return found
        if self.is_panel:
            self.why["J"] = "each objective is tried; --objective chooses one"
            return [(0, every)]
        default = self.problems[0].objective
        self.why["J"] = f"{default}, the objective of the model; --objective chooses another"
        return [(0, [r for r in every if r.objective is default])]

    def fits(self, claim: Claim | None, reading: NoteReading) -> bool:
        return Status.PROVED in self.answers(claim, reading) and not self.refutes(claim, reading)

    def refutes(self, claim: Claim | None, reading: NoteReading) -> bool:
        return Status.REFUTED in self.answers(claim, reading)

    def answers(self, claim: Claim | None, reading: NoteReading) -> set[Status]:
        found = [self.verdict(k, reading, claim) for k in range(len(self.problems))] if claim is not None else []
        return {v.status for v in found if isinstance(v, Verdict)}

    def verdict(self, k: int, reading: NoteReading, claim: Claim) -> Verdict | str:
        """The reason where the claim makes no sense for the model."""
        key = k, reading.objective, reading.undiscounted
        if (*key, claim) not in self.known:
            if key not in self.decisions:
                problem = self.problems[k].replace(objective=reading.objective)
                if reading.undiscounted:
                    problem = problem.replace(mdp=problem.mdp.replace(gamma=1))
                self.decisions[key] = Decision(problem, **self.options)
            try:
                self.known[*key, claim] = self.decisions[key].decide(claim)
            except ClaimError as error:
                self.known[*key, claim] = error.message.partition("\n")[0]
        return self.known[*key, claim]

    def cases(self, written: Written, readings: list[NoteReading]) -> tuple[list[NoteCase], str]:
        """The verdicts in these readings, and why there is none."""
        cases: list[NoteCase] = []
        reason = ""
        telling = _telling({chosen: relation.claim for chosen, relation in written.items()})
        shown: set[NoteReading] = set()
        discounted = [r for r in readings if r.objective is not Objective.AVERAGE_REWARD]
        for full in readings:
            claim = written[full.chosen].claim
            if discounted and full not in discounted and claim is not None and "gamma" in str(claim):
                continue  # without a discount gamma means nothing
            reading = replace(full, chosen=tuple(pair for pair in full.chosen if pair[0] in telling))
            if claim is None or reading in shown:
                continue
            shown.add(reading)
            for n, problem in enumerate(self.problems):
                verdict = self.verdict(n, full, claim)
                if isinstance(verdict, Verdict):
                    cases.append(NoteCase(reading, problem.name, claim, verdict))
                else:
                    reason = verdict
        return cases, reason

    def relation(self, written: Written, readings: list[NoteReading]) -> NoteRelation:
        found = written[readings[0].chosen]
        cases, reason = self.cases(written, readings)
        spoken = {relation.claim for relation in written.values() if relation.claim is not None}
        undefined = self.objective is None and all(c.verdict.status is Status.INAPPLICABLE for c in cases)
        if undefined and not any(map(_names_objective, spoken)):
            others = [replace(r, objective=o) for r in readings for o in Objective]
            tried = self.cases(written, list(dict.fromkeys(others)))
            # With the average reward and no discount, V may be the differential value: then it is not refuted.
            is_average = all(r.objective is Objective.AVERAGE_REWARD for r in readings)
            discounted = any("gamma" in str(claim) for claim in spoken)
            if discounted or not (is_average and any(c.verdict.refuted for c in tried[0])):
                cases, reason = tried
        found = replace(found, reason=reason) if reason else found
        line, place = self.document.line(found.at), self.document.place(found.at)
        if not cases:
            return NoteRelation(line, place, found, DEFINES if found.defines and not found.reason else REFUSED)
        status = _status(cases)
        general = None
        main = NoteRelation(line, place, found, status, tuple(cases)).main
        wanted = (Status.PROVED, Status.REFUTED) if self.general else (Status.REFUTED,)
        if main is not None and status in wanted and not found.finding:
            general = self.in_general(main)
            if status == Status.PROVED and self.is_panel and general.counterexample is not None:
                every = (self.in_general(c) for c in cases if c.verdict.status is Status.PROVED)
                true = next((g for g in every if g.counterexample is None), None)
                general, status = (general, Status.REFUTED) if true is None else (true, status)
        return NoteRelation(line, place, found, str(status), tuple(cases), general)

    def in_general(self, case: NoteCase) -> GeneralVerdict:
        """Whether it holds for every finite MDP, or the smallest one for which it does not."""
        from pgsym.prover import prove

        key = case.claim, case.reading.objective, case.reading.undiscounted
        if key not in self.generally:
            self.generally[key] = prove(key[0], objective=key[1], hypotheses=["undiscounted"] * key[2])
        return self.generally[key]

    def told_at_top(self, first: Names, last: Names, readings: list[NoteReading]) -> Iterator[tuple[str, str]]:
        """Each symbol with what it was taken for, and why."""
        yield "J", self.why["J"]
        if len({r.undiscounted for r in readings}) > 1:
            yield "\\gamma", "as in the model, or 1: the note has formulas without a discount"
        for key, meanings in first.asked.items():
            left = list(dict.fromkeys(dict(r.chosen).get(key, meanings[0]) for r in readings))
            shown = " or ".join(f"{m}, {MEANINGS[m]}" for m in left)
            if key in self.told:
                why = "as asked for"
            elif key in self.conventions.said:
                why = f"line {self.conventions.said[key][1]}"
            elif len(left) > 1:
                why = f'each is tried; --read "{key.strip(chr(92))}: {left[0]}" chooses'
            else:
                why = "as above" if len(meanings) == 1 else "the others do not fit J"
            yield key, f"{shown} ({why})"
        yield from last.readings.items()


def _names_objective(claim: Claim) -> bool:
    """Whether J stands in it, or what is weighed as J says."""
    return any(
        isinstance(n, Quantity) and n.name in ("J", "F") for side in (claim.left, claim.right) for n in side.walk()
    )


def _telling(claims: Mapping[Meanings, Claim | None]) -> set[str]:
    """The symbols on whose meaning the claim depends."""
    found = set()
    for i, key in enumerate(key for key, _ in next(iter(claims))):
        alike: dict[Any, set[Claim | None]] = {}
        for chosen, claim in claims.items():
            alike.setdefault((*chosen[:i], *chosen[i + 1 :]), set()).add(claim)
        if any(len(different) > 1 for different in alike.values()):
            found.add(key)
    return found


def _status(cases: Sequence[NoteCase]) -> str:
    """True or false in all readings in which it says something, or different in different ones."""
    found = set(by_reading(cases).values())
    if {Status.REFUTED, Status.PROVED} <= found:
        return DEPENDS
    return str(next(status for status in TELLING if status in found))
