"""Verdicts against a second reading: what `decide` says of a claim, and what balls at random points say.

equal      no difference at any point, to 2^-200     ->  must be proved
different  a point where the balls exclude equality  ->  must be refuted, with a true witness, difference and factor
           (an inequality may be refuted at another point than those that are read, and may be undecided)
undefined  a hypothesis fails, or zero is divided by ->  must be neither
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pgsym.claims import Status, Verdict
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.decide import Decision
from pgsym.claims.language.relation import EQUAL, UNEQUAL
from pgsym.claims.language.statement import Claim
from pgsym.errors import ClaimError, HypothesisError
from pgsym.model import Problem
from pgsym.model.structure import Structure
from second_reading.meaning import FLOAT_BITS, Outcome, Reading
from second_reading.point import Numbers
from second_reading.points import by_symbol, outside, plain, random_place, witness_place

POINTS = 3
"""Points at which a claim is read."""

ERROR_BITS = 100

REFUSED = "refused"
"""The claim makes no sense for the model: a `ClaimError`."""

BROKEN = "broken"
"""The engine raised something that is no verdict and no refusal."""


@dataclass(frozen=True)
class Judgement:
    """One verdict and what the second reading makes of it.

    Attributes
    ----------
    kind
        The group in which it is counted.
    complaints
        What is wrong with the verdict; empty for a sound one.
    bits
        The precision that told the two sides apart, or did not.
    """

    kind: str
    claim: Claim
    problem: Problem
    status: str
    outcome: Outcome
    method: str = ""
    complaints: tuple[str, ...] = ()
    bits: int = FLOAT_BITS
    reason: str = ""

    @property
    def cautious(self) -> bool:
        """Not decided, although the second reading is defined."""
        return self.status in (Status.INAPPLICABLE, REFUSED) and self.outcome is not Outcome.UNDEFINED

    def __str__(self) -> str:
        model = f"{self.problem.name}, {self.problem.source}, {self.problem.objective}"
        said = f"{self.status} by {self.method}" if self.method else f"{self.status} ({self.reason})"
        lines = [f"[{self.kind}] {self.claim.statement}", f"  on {model}: {said}, read as {self.outcome}"]
        return "\n".join([*lines, *(f"  {complaint}" for complaint in self.complaints)])


@dataclass
class Confusion:
    """How often each status met each reading, by kind."""

    counts: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    wrong: list[Judgement] = field(default_factory=list)
    cautious: list[Judgement] = field(default_factory=list)
    closer: int = 0
    """Differences that took more than 53 bits to see."""

    def count(self, kind: str, judgement: Judgement) -> None:
        """Count a judgement, and do not keep it."""
        self.counts.setdefault(kind, Counter())[str(judgement.status), str(judgement.outcome)] += 1
        self.closer += judgement.bits > FLOAT_BITS and judgement.outcome is Outcome.DIFFERENT

    def merge(self, other: Confusion) -> None:
        """Add the counts of another."""
        for kind, counts in other.counts.items():
            self.counts.setdefault(kind, Counter()).update(counts)
        self.closer += other.closer

    @property
    def number(self) -> int:
        """How many were counted."""
        return sum(map(Counter.total, self.counts.values()))

    def add(self, judgement: Judgement) -> None:
        self.count(judgement.kind, judgement)
        if judgement.complaints:
            self.wrong.append(judgement)
        elif judgement.cautious:
            self.cautious.append(judgement)

    def total(self, status: str, outcome: str) -> int:
        return sum(c[status, outcome] for c in self.counts.values())

    def table(self) -> str:
        """Rows are kinds, columns verdict and reading; what must not occur is in capitals."""
        columns = [
            ("proved", (Status.PROVED, Outcome.EQUAL)),
            ("refuted", (Status.REFUTED, Outcome.DIFFERENT)),
            ("neither", (Status.INAPPLICABLE, Outcome.UNDEFINED)),
            ("PROVED", (Status.PROVED, Outcome.DIFFERENT)),
            ("REFUTED", (Status.REFUTED, Outcome.EQUAL)),
            ("PROVED", (Status.PROVED, Outcome.UNDEFINED)),
            ("REFUTED", (Status.REFUTED, Outcome.UNDEFINED)),
        ]
        lines = [
            f"{'verdict':26}" + "".join(f"{name:>11}" for name, _ in columns) + f"{'neither':>11}",
            f"{'second reading':26}" + "".join(f"{key[1]:>11}" for _, key in columns) + f"{'defined':>11}",
        ]
        for name, counts in [*self.counts.items(), ("total", sum(self.counts.values(), Counter()))]:
            row = [counts[key] for _, key in columns]
            row[2] += counts[REFUSED, Outcome.UNDEFINED]
            row.append(sum(counts.values()) - sum(row))
            lines.append(f"{name:26}" + "".join(f"{n:11}" if n else f"{'.':>11}" for n in row))
        return "\n".join(lines)


def judge(
    problem: Problem,
    claim: Claim,
    rng: random.Random,
    *,
    method: str = "auto",
    kind: str = "",
    points: int = POINTS,
    theorem: bool = False,
) -> Judgement:
    """Decide a claim, read it a second time, and compare everything that the verdict says; a theorem must hold."""
    try:
        decision = Decision(problem, method=method, seed=rng.randrange(2**32))
        setting = BoundClaim(claim, problem.mdp, problem.policy, problem.objective, decision.structure)
        verdict = decision.decide(claim)
    except ClaimError as error:
        outcome, bits = _refused(problem, claim, rng)
        return Judgement(kind, claim, problem, REFUSED, outcome, bits=bits, reason=error.message.split("\n")[0])
    except Exception as error:  # whatever it is, it is reported
        said = f"{type(error).__name__}: {error}"
        return Judgement(kind, claim, problem, BROKEN, Outcome.UNDEFINED, complaints=(f"raised {said}",), reason=said)
    outcome, bits = second_reading(setting, rng, points)
    found = tuple(complaints(setting, verdict, outcome, rng))
    if theorem and verdict.refuted:
        found += ("a theorem is refuted",)
    return Judgement(kind, claim, problem, verdict.status, outcome, verdict.method, found, bits, verdict.reason)


def second_reading(setting: BoundClaim, rng: random.Random, points: int = POINTS) -> tuple[Outcome, int]:
    """What random points say of a claim, and with how many bits."""
    found = Reading(Outcome.EQUAL)
    for _ in range(points):
        try:
            found = plain(setting, random_place(setting, rng)).read()
        except HypothesisError:
            return Outcome.UNDEFINED, FLOAT_BITS  # the second world does not exist
        if found.outcome is not Outcome.EQUAL:
            break
    if setting.claim.relation == UNEQUAL and found.outcome is not Outcome.UNDEFINED:
        return (Outcome.EQUAL if found.outcome is Outcome.DIFFERENT else Outcome.DIFFERENT), found.bits
    return found.outcome, found.bits


def _refused(problem: Problem, claim: Claim, rng: random.Random) -> tuple[Outcome, int]:
    """The reading of a claim that was refused; undefined where not even its indices make sense."""
    try:
        structure = Structure(problem.mdp, problem.policy)
        return second_reading(BoundClaim(claim, problem.mdp, problem.policy, problem.objective, structure), rng, 1)
    except ClaimError:
        return Outcome.UNDEFINED, FLOAT_BITS


# -- what can be wrong with a verdict --------------------------------------------------------------------


def complaints(setting: BoundClaim, verdict: Verdict, outcome: Outcome, rng: random.Random) -> Iterator[str]:
    """Everything that a verdict says and the second reading contradicts."""
    if verdict.status in (Status.INAPPLICABLE, Status.UNDECIDED):
        return
    if outcome is Outcome.UNDEFINED:
        yield "decided although it is undefined"
        return
    elsewhere = setting.is_ordered and (verdict.proved if setting.claim.relation == UNEQUAL else verdict.refuted)
    if verdict.proved is not (outcome is Outcome.EQUAL) and not elsewhere:
        yield "the verdict is wrong"
        return
    if verdict.proved and verdict.error_bits is not None and verdict.error_bits < ERROR_BITS:
        yield f"the error bound 2^-{verdict.error_bits} is larger than 2^-{ERROR_BITS}"
    if verdict.witness is None and verdict.refuted and setting.claim.relation != UNEQUAL:
        yield "a refutation without a witness"
    if verdict.witness is not None:
        yield from _about_the_witness(setting, verdict)
    if verdict.difference is not None:
        yield from _about_the_difference(setting, verdict, rng)
    if verdict.factor is not None:
        yield from _about_the_factor(setting, verdict, rng)


def _about_the_witness(setting: BoundClaim, verdict: Verdict) -> Iterator[str]:
    """The point lies in the domain, the claim fails there, and both values are the true ones."""
    w = verdict.witness
    assert w is not None
    if set(w.symbols) != set(setting.mdp.symbols) or set(w.theta) != set(setting.policy.params):
        yield "the witness is not a full point"
        return
    setting.mdp.subs(w.symbols)  # raises where an assumption is violated, or a probability is none
    place = witness_place(setting, w)
    yield from outside(setting, place)
    reading = plain(setting, place)
    relation = EQUAL if setting.claim.relation == UNEQUAL else setting.claim.relation
    if reading.read(relation).outcome is not Outcome.DIFFERENT:
        yield "the sides do not differ at the witness"
        return
    for side, shown in zip(reading.sides(), (w.left, w.right), strict=True):
        if len(side) != len(shown):
            yield f"the witness shows {len(shown)} of {len(side)} entries"
        elif not all(e.overlaps(Numbers({}, (), 0)(s).value) for e, s in zip(side, shown.values(), strict=True)):
            yield "the witness shows other values than the sides have"


def _about_the_difference(setting: BoundClaim, verdict: Verdict, rng: random.Random) -> Iterator[str]:
    """Each shown entry has the value of an entry of left - right."""
    assert verdict.difference is not None
    place = random_place(setting, rng)
    left, right = plain(setting, place).sides()
    numbers = Numbers(by_symbol(setting, place), setting.policy.params, 0)
    gaps = [x - y for x, y in zip(left, right, strict=True)]
    for e in verdict.difference.values():
        value = numbers(e).value
        place = next((k for k, gap in enumerate(gaps) if gap.overlaps(value)), None)
        if place is None:
            yield f"the difference {e} is no entry of left - right"
            return
        del gaps[place]


def _about_the_factor(setting: BoundClaim, verdict: Verdict, rng: random.Random) -> Iterator[str]:
    """left == factor * right."""
    place = random_place(setting, rng)
    if verdict.repaired is not None:
        holds = plain(setting, place, verdict.repaired).read().outcome is Outcome.EQUAL
    else:
        left, right = plain(setting, place).sides()
        factor = Numbers(by_symbol(setting, place), setting.policy.params, 0)(verdict.factor).value
        holds = all((x - factor * y).contains(0) for x, y in zip(left, right, strict=True))
    if not holds:
        yield f"the factor {verdict.factor} does not repair the claim"


def judge_all(rng: random.Random, cases: Iterable[tuple[Problem, str, Claim]], *, method: str = "auto") -> Confusion:
    """Judge claims on problems, each counted under its kind."""
    found = Confusion()
    for problem, kind, claim in cases:
        found.add(judge(problem, claim, rng, method=method, kind=kind))
    return found
