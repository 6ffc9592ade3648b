"""An audit on the terminal: each line with its verdict, and at a false one the exact defect."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from pgsym.claims.checking import Checked, CheckedRelation
from pgsym.claims.derivation.prose import plain
from pgsym.claims.language.relation import RELATIONS
from pgsym.claims.verdict import SHOWN, Status, Verdict
from pgsym.model.problem import Problem

DIFFERENCE_WIDTH = 90
"""A difference in closed form is shown up to this many characters."""

_STYLES = {Status.PROVED: "bold green", Status.REFUTED: "bold red", Status.INAPPLICABLE: "bold yellow"}


def audit_text(audit: Checked, problem: Problem, name: str = "") -> Text:
    """Every relation with its line, its verdict and its reason, and a closing line."""
    wide = max((len(str(step.line)) for step in audit.steps), default=1)
    text = Text.assemble((problem.name, "bold"), f", {problem.mdp}" + (f": {name}" if name else "") + "\n")
    objective = None
    for step in audit.steps:
        if step.objective is not objective:
            objective = step.objective
            text.append(f"\nobjective {objective}\n")
        if step.first:
            text.append("\n")
        text.append(_step(step, wide))
    text.append("\n")
    text.append(audit.summary, "bold")
    return text


def _step(step: CheckedRelation, wide: int) -> Text:
    indent = " " * (wide + 2)
    relation = RELATIONS[step.claim.relation].spellings[0]
    text = Text()
    left = f"{step.claim.left} " if step.first else "    "
    text.append(f"{step.line:>{wide}}  {left}{relation} {step.claim.right}\n")
    verdict = step.verdict
    text.append(indent)
    text.append(str(verdict.status), _STYLES[verdict.status])
    text.append(f": {verdict.ground}")
    if step.reason:
        text.append(f"   # {plain(step.reason)}", "dim")
    text.append("\n")
    for note in verdict.notes:
        text.append(f"{indent}  note: {note}\n")
    for line in _defect(verdict):
        text.append(f"{indent}  {line}\n")
    return text


def _defect(verdict: Verdict) -> Iterator[str]:
    """What is wrong with a false relation: both sides at the witness, the difference, the repairing factor."""
    witness = verdict.witness
    if witness is not None:
        point = {**witness.theta, **witness.symbols, **witness.values}
        if point:
            yield "at " + ", ".join(f"{s} = {v}" for s, v in point.items())
        rows = [(str(c), str(witness.left[c]), str(witness.right[c])) for c in witness.differing]
        widths = [max(len(row[k]) for row in rows[:SHOWN]) for k in range(2)] if rows else [0, 0]
        for place, left, right in rows[:SHOWN]:
            yield f"{place:<{widths[0]}}  left {left:<{widths[1]}}  right {right}"
        if len(rows) > SHOWN:
            yield f"and {len(rows) - SHOWN} more"
    for coordinate, difference in (verdict.difference or {}).items():
        if len(str(difference)) <= DIFFERENCE_WIDTH:
            yield f"left - right, {coordinate}: {difference}"
    if verdict.factor is not None:
        yield f"true with the factor {verdict.factor} on the right"
