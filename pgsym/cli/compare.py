"""`pgsym compare`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli.app import print_json
from pgsym.cli.problem import AsJson, Let, Seed, command

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


@command
def compare(
    problem: Problem,
    *,
    estimators: Annotated[list[str], typer.Argument(help="Names or texts, as for `pgsym moments`.")],
    let: Let = None,
    horizon: Annotated[
        int | None, typer.Option(help="Cut every run off after T steps; whole episodes if absent.")
    ] = None,
    samples: Annotated[
        int, typer.Option("-n", "--samples", help="Trajectories of each to sample beside the exact law.")
    ] = 0,
    seed: Seed = 0,
    plot: Annotated[
        Path | None, typer.Option(help="Draw bias, variance and MSE to this file (needs `plot`).", show_default=False)
    ] = None,
    over: Annotated[str, typer.Option(help="What the plot is over: lambda, gamma, T, or a name such as b(s).")] = "T",
    as_json: AsJson = False,
) -> None:
    """Bias, variance, mean square error and cost of several estimators on MODEL, exact beside sampled.

    Exit status 1 when samples are inconsistent with their exact law.

    Example: `pgsym compare short-corridor reinforce reward-to-go gae --let lambda=1/2`
    """
    from pgsym.cli.let import read_let
    from pgsym.comparison import compare as side_by_side
    from pgsym.reports.terminal import console, result_table, working

    if plot is not None:
        from pgsym.display.figure import require_format
        from pgsym.model.files.atomic import require_place

        require_format(plot)
        require_place(plot)
    given = read_let(let, problem.mdp)
    with working("comparing"):
        found = side_by_side(problem, *estimators, let=given, horizon=horizon, n=samples, seed=seed)
    if as_json:
        print_json({"model": problem.name, **found.to_json()})
    else:
        console().print(result_table(found))
    if plot is not None:
        from pgsym.model.files.atomic import write_figure

        write_figure(plot, found.plot(over))
        print(f"wrote {plot}", file=sys.stderr)
    raise typer.Exit(0 if found.consistent else 1)
