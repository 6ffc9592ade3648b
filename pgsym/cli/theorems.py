"""`pgsym theorems`: the catalogue, listed, shown, or decided on a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli import options
from pgsym.cli.app import app, load_problem, print_json, refuse_unused
from pgsym.errors import SchemaError

if TYPE_CHECKING:
    from pgsym.claims.catalogue import Findings
    from pgsym.model.problem import Problem


@app.command()
def theorems(
    name: Annotated[
        str | None, typer.Argument(help="An entry of the catalogue, or all of them: all.", show_default=False)
    ] = None,
    model: Annotated[
        str | None, typer.Argument(help="Decide it on this model; a MODEL as for `pgsym solve`.", show_default=False)
    ] = None,
    theta: options.Theta = None,
    gamma: options.Gamma = None,
    values: options.Values = None,
    trusted: options.Trusted = False,
    seed: options.Seed = 0,
    markdown: Annotated[bool, typer.Option(help="Print the whole catalogue as a Markdown page.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """List named theorems and famous false statements, show one, or decide them on MODEL.

    Each is decided under its own objective, whatever the model's is.  Exit status 1 when a verdict is against the
    catalogue: a theorem, or the exact defect of a false statement, is refuted.  A false statement may be true on one
    model; that is shown, and no contradiction.

    Example: `pgsym theorems all two-state`
    """
    from pgsym.claims.catalogue import catalogue, theorem
    from pgsym.claims.catalogue.registry import topics
    from pgsym.reports.terminal import console
    from pgsym.reports.theorems import catalogue_page, theorem_page, theorems_table

    if model is None:
        without = "without a model; it changes one. Write NAME MODEL"
        refuse_unused(without, "theorems", theta=theta, gamma=gamma, values=values, trusted=trusted)
    if markdown:
        print(catalogue_page(topics()), end="")
    elif model is not None:
        _decide(name or "all", load_problem(model, None, theta, gamma, values, trusted), seed, as_json)
    elif name is None and as_json:
        print_json([t.to_json() for t in catalogue()])
    elif name is None:
        console().print(theorems_table(topics()))
    elif name == "all":
        raise SchemaError(
            "found all without a model; the catalogue is decided on one. Write all MODEL", where="theorems"
        )
    elif as_json:
        print_json(theorem(name).to_json())
    else:
        console().print(theorem_page(theorem(name)))


def _decide(name: str, problem: Problem, seed: int, as_json: bool) -> None:
    """The verdicts on the problem, and the exit status."""
    from pgsym.claims.catalogue import catalogue, theorem
    from pgsym.reports.terminal import console, working
    from pgsym.reports.theorems import findings_table, findings_text, summary

    asked = catalogue() if name == "all" else (theorem(name),)
    found: list[tuple[Findings, Findings | None]] = []
    with working("deciding") as status:
        for k, t in enumerate(asked, 1):
            status.update(f"deciding {t.name} ({k} of {len(asked)}) ...")
            found.append((t.decide(problem, seed=seed), t.decide_defect(problem, seed=seed) if t.defect else None))
    if as_json:
        data = [f.to_json() | ({"defect": missing.to_json()} if missing else {}) for f, missing in found]
        print_json({"model": problem.name, "theorems": data})
    else:
        console().print(f"[bold]{problem.name}[/] ({problem.mdp})")
        statements = [f for f, _ in found]
        for part in (findings_table(statements), summary(statements)) if name == "all" else (findings_text(*found[0]),):
            console().print(part)
    raise typer.Exit(1 if any(f.contradicts for pair in found for f in pair if f is not None) else 0)
