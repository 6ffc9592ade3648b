"""`pgsym convert` and `pgsym zoo`: model files, and the named models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli.app import app, print_json
from pgsym.cli.problem import AsJson, command

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


@command
def convert(
    problem: Problem,
    out: Annotated[Path, typer.Argument(help="The file to write; its ending says how.", show_default=False)],
    discount: Annotated[
        str | None,
        typer.Option(help="exit: write the discount factor as a step to an end with probability 1 - gamma."),
    ] = None,
    average: Annotated[
        bool, typer.Option("--average", help="Replace rewards by r(s,a): J stays, variances do not.")
    ] = False,
    chain: Annotated[
        bool, typer.Option("--chain", help="Write the policy's Markov chain, rational in exp(theta).")
    ] = False,
    mdp_only: Annotated[bool, typer.Option("--mdp-only", help="Leave policy, theta and objective out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write MODEL in another format: a model file, GraphML, node-link JSON, or Storm's DRN.

    Endings: `.yaml` `.json` `.graphml` `.node-link.json` carry everything; `.drn` carries the MDP without discount,
    start distribution and policy. What a format cannot carry is an error that names the option to use.

    Example: `pgsym convert short-corridor corridor.drn --mdp-only`
    """
    from pgsym.model.formats import find, save

    save(problem, out, discount=discount, average=average, chain=chain, mdp_only=mdp_only)
    found = find(out)
    name = "" if found is None else found.name
    if as_json:
        print_json({"model": problem.name, "wrote": str(out), "format": name})
    else:
        print(f"wrote {out} ({name})")


@app.command()
def zoo(
    name: Annotated[str | None, typer.Argument(help="Show one model as a model file.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the named models, or show one as a model file to start your own from.

    Example: `pgsym zoo two-state > mine.yaml`
    """
    from pgsym.model.files import dumps
    from pgsym.model.zoo import zoo as named
    from pgsym.model.zoo import zoo_entries
    from pgsym.reports.terminal import console, zoo_table

    if name is not None:
        print(dumps(named(name), "json" if as_json else "yaml"))
    elif as_json:
        print_json([{"name": e.name, "description": e.description, "source": e.source} for e in zoo_entries()])
    else:
        console().print(zoo_table(zoo_entries()))
