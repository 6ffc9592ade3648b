"""The catalogue on the terminal: the list, one entry, and verdicts on a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Column
from rich.text import Text

from pgsym.claims.catalogue import Findings, Theorem
from pgsym.claims.verdict import Status
from pgsym.display.figure import ANSWERS
from pgsym.model.objective import Objective
from pgsym.prover import prove
from pgsym.prover.kernel_checked import KERNEL_CHECKED
from pgsym.reports.terminal import grid, highlighted
from pgsym.trust import Level


def theorems_table(topics: Mapping[str, Sequence[Theorem]]) -> RenderableType:
    """Every entry by topic: name, whether it is true, what it says in a few words, and the objective it is about."""
    parts: list[RenderableType] = []
    for title, theorems in topics.items():
        columns = (Column(min_width=30, no_wrap=True), Column(min_width=5), "")
        table = grid(columns, title=title, title_justify="left", show_header=False)
        for t in theorems:
            mark = " *" if t.name in KERNEL_CHECKED else ""
            about = "" if t.objective is Objective.START_STATE else f" ({t.objective})"
            table.add_row(Text(t.name, "bold"), _truth(t), t.title + about + mark)
        parts += [table, Text()]
    parts.append(Text(f"* {Level.KERNEL} for every finite MDP", "dim"))
    parts.append(Text("pgsym theorems NAME shows one with its level, pgsym theorems NAME MODEL decides it.", "dim"))
    return Group(*parts)


def theorem_page(theorem: Theorem) -> RenderableType:
    """One entry: statement as text and as LaTeX, hypotheses, reference, derivation."""
    head = Text.assemble((theorem.title, "bold"), f"  ({theorem.objective}, ", _truth(theorem), ")")
    sections = {
        "hypotheses": "; ".join(h.text for h in theorem.requires),
        "statement": theorem.statement,
        "what is missing": theorem.defect,
        "level": level_text(theorem),
        "about": theorem.about,
        "reference": theorem.reference,
        "derivation": theorem.derivation,
        "LaTeX": theorem.latex(),
        "shown by" if theorem.holds else "refuted by": example_text(theorem),
    }
    parts: list[RenderableType] = [head]
    for title, text in sections.items():
        if text:
            parts += [Text(), Text(title, "dim"), Padding(Text(text), (0, 0, 0, 2), expand=False)]
    return Group(*parts)


def level_text(theorem: Theorem) -> str:
    """Of which MDPs a true entry is known to hold; empty for a false one.

    >>> from pgsym.claims.catalogue import theorem
    >>> level_text(theorem("value-of-stationary"))
    'every finite MDP (kernel-checked), where gamma < 1; there is one recurrent class, and no state is terminal'
    >>> level_text(theorem("vanishing-discount"))
    'models on which it is decided'
    """
    if not theorem.holds:
        return ""
    found = prove(theorem.name, refute=False)
    if not found.proved:
        return "models on which it is decided"
    checked = f" ({Level.KERNEL})" if theorem.name in KERNEL_CHECKED else ""
    return f"every finite MDP{checked}" + (f", where {'; '.join(found.hypotheses)}" if found.hypotheses else "")


def example_text(theorem: Theorem) -> str:
    """The command that shows a theorem, or refutes a false statement.

    >>> from pgsym.claims.catalogue import theorem
    >>> example_text(theorem("no-discount-weight-jacobian"))
    'pgsym theorems no-discount-weight-jacobian random-walk --gamma 1/2'
    """
    return f"pgsym theorems {theorem.name} {theorem.model}" + (f" --gamma {theorem.gamma}" if theorem.gamma else "")


def findings_text(found: Findings, missing: Findings | None) -> RenderableType:
    """The verdicts on one entry in full; for a false one also what it lacks."""
    head = Text.assemble((found.theorem.title, "bold"), f"  ({found.theorem.objective}, ", _truth(found.theorem), ")")
    parts: list[RenderableType] = [head, *(highlighted(v.text()) for v in found.verdicts)]
    if found.status is Status.INAPPLICABLE:
        parts[1:] = [Text.assemble(_status(found.status), f": {found.reason}")]
    if missing is not None and found.status is Status.REFUTED:
        parts += [Text("what is missing", "dim"), *(highlighted(v.text()) for v in missing.verdicts)]
    return Group(*parts)


def findings_table(all_found: Sequence[Findings]) -> RenderableType:
    """One row for each entry: the verdict and its ground."""
    table = grid((*(Column(name, no_wrap=True) for name in ("name", "in general", "here")), "ground"))
    for found in all_found:
        table.add_row(Text(found.theorem.name), _truth(found.theorem), _status(found.status), Text(_ground(found)))
    return table


def summary(all_found: Sequence[Findings]) -> str:
    """The closing line: how many of each, and whether any verdict is against the catalogue."""
    counts = {s: sum(f.status is s for f in all_found) for s in Status}
    parts = [f"{n} {status}" for status, n in counts.items() if n or status is not Status.UNDECIDED]
    accidents = sum(f.by_accident for f in all_found)
    if accidents:
        parts.append(f"{accidents} false in general but true here")
    wrong = [f.theorem.name for f in all_found if f.contradicts]
    parts.append(f"against the catalogue: {', '.join(wrong)}" if wrong else "all as the catalogue says")
    return "; ".join(parts)


def _ground(found: Findings) -> str:
    """Why, in a few words: of a failed hypothesis what was found, without the remedy."""
    if found.status is Status.INAPPLICABLE:
        return found.reason.partition(";")[0]
    grounds = [
        v.ground + (f"; true with the factor {v.factor} on the right" if v.factor is not None else "")
        for v in found.verdicts
        if v.status is found.status
    ]
    return "; ".join(dict.fromkeys([*grounds, *(["true on this model only"] if found.by_accident else [])]))


def _truth(theorem: Theorem) -> Text:
    return Text("true", "green") if theorem.holds else Text("false", "red")


def _status(status: Status) -> Text:
    return Text(str(status), ANSWERS[status])


# -- the page --------------------------------------------------------------------------------------------


def catalogue_page(topics: Mapping[str, Sequence[Theorem]]) -> str:
    """The whole catalogue as one page of Markdown."""
    total = [t for theorems in topics.values() for t in theorems]
    true = sum(t.holds for t in total)
    parts = [
        "# Theorems",
        f"{true} theorems and {len(total) - true} famous false statements, each a text of the claim language that is "
        "decided on the model at hand. A false one stands with what it lacks, which is true. "
        "`pgsym theorems NAME` adds the statement as LaTeX; `pgsym theorems all MODEL` decides them all.",
    ]
    for title, theorems in topics.items():
        parts.append(f"## {title}")
        parts += [_entry_page(t) for t in theorems]
    return "\n\n".join(parts) + "\n"


def _entry_page(theorem: Theorem) -> str:
    parts = [f"### {theorem.name}", f"{theorem.title}. {theorem.about}", _fence(theorem.statement)]
    if theorem.defect:
        parts += ["What is missing:", _fence(theorem.defect)]
    if theorem.derivation:
        parts += ["Derivation:", _fence(theorem.derivation)]
    needs, level = "; ".join(h.text for h in theorem.requires), level_text(theorem)
    parts.append(
        f"- objective: {theorem.objective}\n"
        + (f"- needs: {needs}\n" if needs else "")
        + (f"- level: {level}\n" if level else "")
        + f"- reference: {theorem.reference}\n"
        + f"- {'shown' if theorem.holds else 'refuted'} by: `{example_text(theorem)}`"
    )
    return "\n\n".join(parts)


def _fence(text: str) -> str:
    return f"```\n{text}\n```"
