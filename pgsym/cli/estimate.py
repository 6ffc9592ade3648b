"""`pgsym estimate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli.app import print_json
from pgsym.cli.problem import (
    DEFAULT_SAMPLES,
    AsJson,
    EstimatorText,
    Horizon,
    Let,
    Samples,
    Seed,
    command,
    load_estimator,
)

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


@command
def estimate(
    problem: Problem,
    *,
    estimator: EstimatorText = "reward-to-go",
    samples: Samples = DEFAULT_SAMPLES,
    seed: Seed = 0,
    horizon: Horizon = None,
    let: Let = None,
    directions: Annotated[
        int | None,
        typer.Option(help="Many parameters: look along that many random directions instead, at a cost without k."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate grad J of MODEL by sampling alone: mean, standard errors, confidence region, speed.

    Example: `pgsym estimate short-corridor reinforce -n 1000000`
    """
    from pgsym.reports.terminal import console, sampling

    chosen = load_estimator(estimator, problem.mdp, let)
    with sampling() as progress:
        # It loads JAX, which takes a second of its own.
        from pgsym.sampling import estimate as sample

        found = sample(problem, chosen, n=samples, seed=seed, horizon=horizon, directions=directions, progress=progress)
    if as_json:
        print_json(found.to_json())
    else:
        console().print(found.text())
        console().print(f"[dim]trust: {found.trust} of all intervals together[/]")
