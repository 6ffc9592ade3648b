"""Deciding every relation of a text on one model, and what that comes to."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from pgsym.claims.blocks import Block, Chain, Heading, Prose
from pgsym.claims.counterexample import EVERYWHERE, SHOWN
from pgsym.claims.decide import Decision
from pgsym.claims.language.check import free_indices
from pgsym.claims.language.render import binding_text
from pgsym.claims.language.statement import Claim, ForAll, ForEach, Let
from pgsym.claims.verdict import Status, Verdict
from pgsym.display.result import Result, data_frame
from pgsym.errors import ClaimError
from pgsym.expression.complaint import caret
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem
from pgsym.trust import Trust, weakest

if TYPE_CHECKING:
    from pgsym.claims.derivation.record import Derivation

DIFFERENCE_WIDTH = 90
"""A difference in closed form is shown up to this many characters."""


@dataclass(frozen=True)
class CheckedRelation:
    """One relation with its verdict."""

    line: int
    """Where it stands in its text; 0 for a relation that was not read from one."""
    claim: Claim
    objective: Objective
    verdict: Verdict
    first: bool
    """Whether a chain begins with it."""

    @property
    def reason(self) -> str:
        """Why the author thinks that it holds."""
        return self.claim.reason

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "line": self.line,
            "objective": str(self.objective),
            "claim": str(self.claim),
            "reason": self.reason,
            "verdict": self.verdict.to_json(),
        }

    def lines(self, wide: int) -> Iterator[str]:
        """As text, with a line number of that width: the relation, its verdict, and what is wrong with a false one."""
        claim, verdict, indent = self.claim, self.verdict, " " * (wide + 2)
        left = f"{claim.left} " if self.first else "    "
        yield f"{self.line:>{wide}}  {left}{claim.relation.replace('==', '=')} {claim.right}"
        reason = f"   # {self.reason.replace('`', '')}" if self.reason else ""
        yield f"{indent}{verdict.status}: {verdict.ground}{reason}"
        notes = (*verdict.explanations(), *(f"note: {note}" for note in verdict.notes))
        yield from (f"{indent}  {line}" for line in (*notes, *_defect(verdict)))


@dataclass(frozen=True, repr=False)
class Checked(Result):
    """The verdict on each relation of a text or a derivation, in order.

    See Also
    --------
    pgsym.Script.check, pgsym.Derivation.check : Make it.

    Examples
    --------
    >>> from pgsym.claims import Script
    >>> print(Script.parse("let b(s) = sum[a] pi(a|s) * Q(s,a); V(s) = b(s)   # definition").check("short-corridor"))
    objective start-state
    <BLANKLINE>
       let b(s) = sum[a] pi(a|s) * Q(s,a);
    1  V(s) = b(s)
       proved: normal form   # definition
    <BLANKLINE>
    1 relation: 1 proved
    """

    steps: tuple[CheckedRelation, ...]
    title: str = ""
    blocks: tuple[Block, ...] = ()
    """The text that they are about, with its prose; `derivation` is the page that shows both."""
    assumption: str = field(default="", compare=False)

    @property
    def holds(self) -> bool:
        """Whether every relation is proved."""
        return all(step.verdict.proved for step in self.steps)

    @property
    def refuted(self) -> tuple[CheckedRelation, ...]:
        """The false relations."""
        return tuple(step for step in self.steps if step.verdict.status is Status.REFUTED)

    @property
    def undecided(self) -> tuple[CheckedRelation, ...]:
        """The inequalities that were neither proved nor refuted."""
        return tuple(step for step in self.steps if step.verdict.status is Status.UNDECIDED)

    @property
    def inapplicable(self) -> tuple[CheckedRelation, ...]:
        """The relations that say nothing about this model."""
        return tuple(step for step in self.steps if step.verdict.status is Status.INAPPLICABLE)

    @property
    def summary(self) -> str:
        """How many of each verdict, and the worst error bound.

        >>> Checked(()).summary
        'no relations'
        """
        if not self.steps:
            return "no relations"
        counts = Counter(step.verdict.status for step in self.steps)
        parts = [f"{counts[status]} {status}" for status in Status if counts[status]]
        return f"{len(self.steps)} relation{'s' if len(self.steps) > 1 else ''}: {', '.join(parts)}"

    @property
    def trust(self) -> Trust | None:
        """That of the least certain verdict; None where there is no verdict, or one does not apply."""
        found = [step.verdict.trust for step in self.steps]
        return None if None in found else weakest(filter(None, found))

    def to_json(self) -> dict[str, Any]:
        return {
            "holds": self.holds,
            "summary": self.summary,
            "trust": None if self.trust is None else self.trust.to_json(),
            "relations": [step.to_json() for step in self.steps],
        }

    def frame(self) -> Any:
        """A pandas frame with a row for each relation."""
        rows = [(step.line, str(step.objective), *step.verdict.row(), step.reason) for step in self.steps]
        return data_frame(["line", "objective", "claim", "status", "ground", "reason"], rows)

    def text(self) -> str:
        """Every relation with its line, its verdict and its reason, false ones with their defect; a closing line."""
        wide = max((len(str(step.line)) for step in self.steps), default=1)
        lines: list[str] = []
        objective, known = None, dict[str, str]()
        for k, step in enumerate(self.steps):
            if step.objective is not objective:
                objective = step.objective
                lines += [*([""] if lines else []), f"objective {objective}"]
            if step.first:
                lines += ["", *(f"{'':{wide}}  {line}" for line in self._declared(k, known))]
            lines += step.lines(wide)
        return "\n".join([*lines, *([""] if lines else []), self.summary])

    def _declared(self, start: int, known: dict[str, str]) -> Iterator[str]:
        """What the names of a chain stand for, unless it is `known` from a chain above."""
        rest = itertools.takewhile(lambda step: not step.first, self.steps[start + 1 :])
        claims = [step.claim for step in (self.steps[start], *rest)]
        for binding in dict.fromkeys(binding for claim in claims for binding in claim.bindings):
            text = binding_text(binding)
            if isinstance(binding, Let | ForAll):
                if known.get(binding.name) != text:
                    known[binding.name] = text
                    yield text
            elif not isinstance(binding, ForEach) or any(binding.index in free_indices(claim) for claim in claims):
                yield text  # it holds for this chain alone

    @property
    def derivation(self) -> Derivation:
        """The text as a page: false relations are marked, and what is wrong with them stands at the end."""
        from pgsym.claims.derivation.record import Derivation

        blocks = (*self._with_objectives(), Heading("Verdict"), *self.conclusion())
        objective = self.steps[0].objective if self.steps else Objective.START_STATE
        return Derivation(self.title, objective, blocks, self, self.assumption)

    def _with_objectives(self) -> Iterator[Block]:
        """The text, with the objective of the chains that follow where it changes."""
        known = None
        first = (step.objective for step in self.steps if step.first)
        for block in self.blocks:
            if isinstance(block, Chain) and (objective := next(first)) is not known:
                known = objective
                yield Prose(f"The objective is {objective}.")
            yield block

    def conclusion(self) -> Iterator[Block]:
        """How many relations hold, on what ground, and where the others fail, in all coordinates."""
        yield Prose(f"Decided on this model: {self.summary}.")
        ordered = [step for step in self.steps if step.verdict.certificates]
        exact = [s for s in self.steps if s.verdict.proved and s.verdict.error_bits is None and s not in ordered]
        tested = [step for step in self.steps if step.verdict.error_bits is not None]
        if exact:
            yield Prose(
                f"{self._count(exact)} proved by normal form: the difference of the two sides is the zero element of "
                "the field of rational functions in the exponentials of the parameters and the symbols of the model, "
                "so they agree for all values of these."
            )
        if tested:
            bits = min(step.verdict.error_bits for step in tested if step.verdict.error_bits is not None)
            yield Prose(
                f"{self._count(tested)} proved by an identity test: the two sides agree at random points modulo "
                f"random primes, which they would do by chance with probability at most 2^-{bits}."
            )
        if ordered:
            methods = ", ".join(dict.fromkeys(step.verdict.method for step in ordered))
            yield Prose(
                f"{self._count(ordered)} proved by a certificate of sign ({methods}): the larger side less the smaller "
                "one is a rational function that is nowhere negative in the domain."
            )
        for step in (*self.refuted, *self.undecided, *self.inapplicable):
            place = f"line {step.line}, " if step.line else ""
            relation = step.claim.relation.replace("==", "=")
            claim = f"{place}`{step.claim.left}` {relation} `{step.claim.right}`"
            if step.verdict.refuted:
                yield Prose(f"Refuted by {step.verdict.ground}: {claim}.")
            else:
                yield Prose(f"{step.verdict.status.capitalize()}: {claim}. {step.verdict.ground}")
            if step.verdict.witness is not None:
                yield from step.verdict.witness.tables()
            if step.verdict.factor is not None:
                yield Prose(f"It is true with the factor `{step.verdict.factor}` on the right.")
            if step.verdict.region:
                yield Prose(f"It is true exactly where {step.verdict.region}.")

    def _count(self, steps: Sequence[CheckedRelation]) -> str:
        if len(steps) == len(self.steps):
            return "All relations are" if len(steps) > 1 else "The relation is"
        return f"{len(steps)} relation{' is' if len(steps) == 1 else 's are'}"

    def latex(self) -> str:
        """The body of a LaTeX document; see `Derivation.latex`."""
        return self.derivation.latex()

    def markdown(self) -> str:
        """Markdown with formulas."""
        return self.derivation.markdown()

    def html(self) -> str:
        """One self-contained page with MathML; MissingExtraError where latex2mathml is not installed."""
        return self.derivation.html()

    def _repr_markdown_(self) -> str:
        return self.derivation._repr_markdown_()


def _defect(verdict: Verdict) -> Iterator[str]:
    """What is wrong with a false relation: both sides at the witness, the difference, the repairing factor."""
    witness = verdict.witness
    if witness is not None:
        if witness.point:
            yield "at " + ", ".join(f"{s} = {v}" for s, v in witness.point.items())
        rows = [(str(c), str(witness.left[c]), str(witness.right[c])) for c in witness.differing]
        widths = [max(len(row[k]) for row in rows[:SHOWN]) for k in range(2)] if rows else [0, 0]
        for place, left, right in rows[:SHOWN]:
            yield f"{place:<{widths[0]}}  left {left:<{widths[1]}}  right {right}"
        if len(rows) > SHOWN:
            yield f"and {len(rows) - SHOWN} more: {EVERYWHERE}"
    for coordinate, difference in (verdict.difference or {}).items():
        if len(str(difference)) <= DIFFERENCE_WIDTH:
            yield f"left - right, {coordinate}: {difference}"
    if verdict.factor is not None:
        yield f"true with the factor {verdict.factor} on the right"
    if verdict.region:
        yield f"true exactly where {verdict.region}"


def audit(
    problem: Problem,
    blocks: Sequence[Block],
    *,
    title: str = "",
    method: str = "auto",
    error_bits: int = 100,
    seed: int = 0,
    name: str = "",
    progress: Callable[[int, int], object] | None = None,
) -> Checked:
    """Decide every relation of a text; chains without an objective of their own are about the problem's."""

    @cache
    def decision(objective: Objective) -> Decision:
        return Decision(problem.replace(objective=objective), method=method, error_bits=error_bits, seed=seed)

    steps: list[CheckedRelation] = []
    chains = [block for block in blocks if isinstance(block, Chain)]
    count = sum(len(chain.statement.relations) for chain in chains)
    for chain in chains:
        wanted = chain.objective or problem.objective
        lines = chain.lines or (0,) * len(chain.claims)
        for k, (line, claim) in enumerate(zip(lines, chain.claims, strict=True)):
            if progress is not None:
                progress(len(steps) + 1, count)
            try:
                verdict = decision(wanted).decide(claim)
            except ClaimError as error:
                raise located(error, claim.source, line, name) from None
            steps.append(CheckedRelation(line, claim, wanted, verdict, k == 0))
    return Checked(tuple(steps), title, tuple(blocks), problem.assumption)


def located(error: ClaimError, source: str, line: int, name: str) -> ClaimError:
    """A complaint about a claim with the file and the line of its relation."""
    if not name or not line:
        return error
    message = error.message.partition("\n")[0]
    if error.where is not None:
        message = f"{error.where}: {message}"
    if error.at is not None:
        start = source.rfind("\n", 0, error.at) + 1
        end = source.find("\n", error.at)
        message += caret(source[start : end if end >= 0 else len(source)], error.at - start)
    return ClaimError(message, where=f"{name}:{line}", at=error.at)
