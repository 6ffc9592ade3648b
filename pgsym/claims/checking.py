"""Deciding every relation of some chains on one model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pgsym.claims.blocks import Chain
from pgsym.claims.decide import Decision
from pgsym.claims.language.tree import Claim
from pgsym.claims.verdict import Status, Verdict
from pgsym.errors import ClaimError
from pgsym.expression.complaint import caret
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem


@dataclass(frozen=True)
class CheckedRelation:
    """One relation with its verdict.

    Attributes
    ----------
    line : int
        Where it stands in its text; 0 for a relation that was not read from one.
    first : bool
        Whether a chain begins with it.
    """

    line: int
    claim: Claim
    objective: Objective
    verdict: Verdict
    first: bool

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


@dataclass(frozen=True)
class Checked:
    """The verdict on each relation of a text or a derivation, in order."""

    steps: tuple[CheckedRelation, ...]

    @property
    def holds(self) -> bool:
        """Whether every relation is proved."""
        return all(step.verdict.proved for step in self.steps)

    @property
    def refuted(self) -> tuple[CheckedRelation, ...]:
        """The false relations."""
        return tuple(step for step in self.steps if step.verdict.status is Status.REFUTED)

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
    def ground(self) -> str:
        """How the proved ones were proved, in words."""
        proved = [step.verdict for step in self.steps if step.verdict.proved]
        bits = [v.error_bits for v in proved if v.error_bits is not None]
        exact = len(proved) - len(bits)
        parts = [f"{exact} by normal form"] if exact else []
        parts += [f"{len(bits)} by identity test, each wrong with probability at most 2^-{min(bits)}"] if bits else []
        return ", ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"holds": self.holds, "summary": self.summary, "relations": [step.to_json() for step in self.steps]}


def audit(
    problem: Problem,
    chains: Sequence[Chain],
    *,
    method: str = "auto",
    error_bits: int = 100,
    seed: int = 0,
    name: str = "",
    progress: Callable[[int, int], object] | None = None,
) -> Checked:
    """Decide every relation; chains without an objective of their own are about the problem's.

    Raises
    ------
    ClaimError
        A relation that makes no sense for this model; the message says where it stands.
    """
    decisions: dict[Objective, Decision] = {}
    steps: list[CheckedRelation] = []
    count = sum(len(chain.statement.relations) for chain in chains)
    for chain in chains:
        wanted = chain.objective or problem.objective
        if wanted not in decisions:
            decisions[wanted] = Decision(
                problem.replace(objective=wanted), method=method, error_bits=error_bits, seed=seed
            )
        lines = chain.lines or (0,) * len(chain.claims)
        for k, (line, claim) in enumerate(zip(lines, chain.claims, strict=True)):
            if progress is not None:
                progress(len(steps) + 1, count)
            try:
                verdict = decisions[wanted].decide(claim)
            except ClaimError as error:
                raise located(error, claim.source, line, name) from None
            steps.append(CheckedRelation(line, claim, wanted, verdict, k == 0))
    return Checked(tuple(steps))


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
