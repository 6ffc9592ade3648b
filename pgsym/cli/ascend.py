"""`pgsym ascend`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgsym.cli.app import print_json
from pgsym.cli.problem import AsJson, Horizon, Let, command, split_methods

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


@command
def ascend(
    problem: Problem,
    *,
    methods: Annotated[
        str,
        typer.Option(
            help="exact, natural, or an estimator of `pgsym estimate`, such as reward-to-go-undiscounted; several with "
            "commas."
        ),
    ] = "exact,natural,reward-to-go",
    steps: Annotated[int, typer.Option(help="Steps of every path.")] = 100,
    step_size: Annotated[
        str, typer.Option(help="Step size; for single methods, e.g. exact=0.5,natural=0.1 and nothing else.")
    ] = "0.1",
    optimizer: Annotated[
        str, typer.Option(help="sgd, or momentum, adam, rmsprop (these need the extra `ascent`).")
    ] = "sgd",
    batch: Annotated[int, typer.Option(help="Rollouts of each sampled direction.")] = 32,
    seeds: Annotated[int, typer.Option(help="Runs of each sampled method, with seeds 0, 1, ...")] = 3,
    damping: Annotated[float, typer.Option(help="Natural gradient: added to F's diagonal; 0 for F's inverse.")] = 0.0,
    horizon: Horizon = None,
    let: Let = None,
    as_json: AsJson = False,
    plot: Annotated[
        Path | None, typer.Option(help="Draw J along the paths to this file (.svg, .pdf, .png; needs `plot`).")
    ] = None,
    ascii: Annotated[bool, typer.Option("--ascii", help="Plain characters in the small curves.")] = False,
) -> None:
    """Climb from theta by several methods, and show the exact J along each path.

    Each row is a method: J at the end (a mean over seeds), the exact |grad J| left there, and the mean cosine
    between the directions that were followed and the exact gradient.

    Example: `pgsym ascend nota-thomas --methods exact,reward-to-go,reward-to-go-undiscounted --step-size 0.5`
    """
    from pgsym.ascent import ascend as climb
    from pgsym.ascent.result import save
    from pgsym.cli.let import read_let
    from pgsym.display.figure import require_format
    from pgsym.display.progress import reporter
    from pgsym.model.files.atomic import require_place
    from pgsym.reports.terminal import console, result_table

    if plot is not None:
        require_format(plot)
        require_place(plot)
    with reporter(None, task="ascending") as report:
        found = climb(
            problem,
            methods=split_methods(methods),
            steps=steps,
            step_size=_step_sizes(step_size),
            optimizer=optimizer,
            batch=batch,
            seeds=seeds,
            damping=damping,
            horizon=horizon,
            let=read_let(let, problem.mdp),
            progress=report,
        )
    if as_json:
        print_json({"model": problem.name, **found.to_json()})
    else:
        console().print(result_table(found, cells=[found.HEADER, *found.rows(ascii=ascii)]))
    if plot is not None:
        save(found, plot)
        print(f"wrote {plot}", file=sys.stderr)


def _step_sizes(text: str) -> float | dict[str, float]:
    """``0.1``, or ``exact=0.5,natural=0.1`` by label."""
    if "=" not in text:
        return _number(text)
    pairs: list[Any] = [part.partition("=") for part in text.split(",")]
    return {label.strip(): _number(value) for label, _, value in pairs}


def _number(text: str) -> float:
    from pgsym.errors import AscentError

    try:
        return float(text)
    except ValueError:
        raise AscentError(
            f"found {text!r}; must be a number. Write --step-size 0.1 or --step-size exact=0.5,natural=0.1",
            where="step_size",
        ) from None
