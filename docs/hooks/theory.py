"""A page for each entry of the catalogue, and the list of them."""

from __future__ import annotations

from collections.abc import Iterator

from pgsym.claims.blocks import Definition
from pgsym.claims.catalogue import Theorem
from pgsym.claims.catalogue.registry import topics
from pgsym.claims.derivation.html import body, mathml
from pgsym.claims.script import Script
from pgsym.reports.theorems import example_text, level_text

_DECLARED = '<td class="w" colspan="2">'


def nav() -> list[dict[str, list[dict[str, str]]]]:
    """Topics, each with its entries."""
    return [{title: [{t.title: _file(t)} for t in theorems]} for title, theorems in topics().items()]


def pages() -> dict[str, str]:
    """File and text of every entry's page."""
    return {_file(t): page(t, title) for title, theorems in topics().items() for t in theorems}


def index() -> str:
    """Tables by topic."""
    parts = []
    for title, theorems in topics().items():
        rows = [f"| [{t.title}]({_file(t)}) | `{t.name}` | {t.objective} | {_level(t)} |" for t in theorems]
        parts.append("\n".join([f"## {title}", "", "| | name | objective | |", "|---|---|---|---|", *rows]))
    return "\n\n".join(parts)


def _level(theorem: Theorem) -> str:
    """False, or of which MDPs it is known to hold."""
    return level_text(theorem).partition(",")[0] or _truth(theorem)


def page(theorem: Theorem, topic: str) -> str:
    """Statement, proof where there is one, verdict on an example, reference."""
    needs = "".join(f"\n- {hypothesis.text}" for hypothesis in theorem.requires)
    parts = [
        f"# {theorem.title}",
        f"`{theorem.name}` · {topic} · objective `{theorem.objective}` · **{_truth(theorem)}**",
        theorem.about,
        "## Statement",
        formulas(theorem, "statement"),
        "As text of the [claim language](../claims.md):",
        _fence(theorem.statement, "claims"),
    ]
    if needs:
        parts += ["It is about models for which", needs.strip()]
    if theorem.holds:
        parts.append(f"Known to hold for {level_text(theorem)}.")
    if theorem.derivation:
        parts += ["## Proof", _proof(theorem)]
    parts += _shown(theorem)
    parts += ["## Reference", f"{theorem.reference}."]
    return "\n\n".join(parts) + "\n"


def _proof(theorem: Theorem) -> str:
    """The chains with their reasons; each line is decided first."""
    script = Script.parse(theorem.derivation, theorem.name)
    audit = script.check(theorem.example())
    verdicts = iter([step.verdict for step in audit.steps])
    bindings = tuple(b for block in script.blocks if isinstance(block, Definition) for b in block.bindings)
    told = f"Decided on `{theorem.model}` while this page was written: {audit.summary}."
    return f"{body(script.blocks, verdicts, bindings)}\n\n{told}"


def _shown(theorem: Theorem) -> list[str]:
    """The verdict on the catalogue's example; for a false statement a counterexample, and what is missing."""
    found = theorem.decide(theorem.example())
    parts = ["## Example" if theorem.holds else "## Counterexample"]
    parts.append(f"On `{theorem.model}`" + (f" with gamma = {theorem.gamma}" if theorem.gamma else "") + ":")
    parts.append(_fence(f"$ {example_text(theorem)}\n{found}", "console"))
    if theorem.defect:
        missing = theorem.decide_defect(theorem.example())
        parts += ["## What is missing", formulas(theorem, "defect"), _fence(str(missing), "text")]
    return parts


def formulas(theorem: Theorem, part: str) -> str:
    """Each chain as MathML: what is declared, once, then the relations under each other."""
    rows: list[str] = []
    for chain in theorem.latex(part).split("\n\n"):
        rows += [row for row in _rows(chain) if not (_DECLARED in row and row in rows)]
    return "\n".join(['<table class="chain">', *rows, "</table>"])


def _rows(aligned: str) -> Iterator[str]:
    r"""The rows of an ``aligned`` body; one that goes on with a relation begins with ``&\quad``."""
    inner = aligned.removeprefix("\\begin{aligned}\n").removesuffix("\n\\end{aligned}")
    left = ""
    for line in inner.split(" \\\\\n"):
        formula = mathml(line.removeprefix("&").strip())
        if line.startswith("&\\quad"):
            yield f'<tr><td class="l">{left}</td><td class="w">{formula}</td></tr>'
            left = ""
        else:
            if left:
                yield f"<tr>{_DECLARED}{left}</td></tr>"
            left = formula


def _fence(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"


def _file(theorem: Theorem) -> str:
    return f"theorems/{theorem.name}.md"


def _truth(theorem: Theorem) -> str:
    return "true" if theorem.holds else "false"
