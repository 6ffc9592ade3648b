"""`pgsym estimate`."""

from __future__ import annotations

from typing import Annotated

import typer

from pgsym.cli.app import app, print_json
from pgsym.cli.options import (
    DEFAULT_SAMPLES,
    AsJson,
    EstimatorName,
    Gamma,
    Horizon,
    Model,
    ObjectiveName,
    Samples,
    Seed,
    Theta,
    Values,
)
from pgsym.cli.problem import load_problem


@app.command()
def estimate(
    model: Model,
    objective: ObjectiveName = None,
    theta: Theta = None,
    gamma: Gamma = None,
    values: Values = None,
    samples: Samples = DEFAULT_SAMPLES,
    seed: Seed = 0,
    horizon: Horizon = None,
    estimator: EstimatorName = "reward-to-go",
    directions: Annotated[
        int | None,
        typer.Option(help="Many parameters: look along that many random directions instead, at a cost without k."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Estimate grad J of MODEL by sampling alone: mean, standard errors, confidence region, speed.

    Example: `pgsym estimate short-corridor -n 1000000 --estimator reinforce`
    """
    from pgsym.reports.terminal import console, sampling

    problem = load_problem(model, objective, theta, gamma, values)
    with sampling() as progress:
        # It loads JAX, which takes a second of its own.
        from pgsym.sampling import estimate as sample

        found = sample(
            problem,
            estimator,
            n=samples,
            seed=seed,
            horizon=horizon,
            directions=directions,
            progress=progress,
        )
    if as_json:
        print_json(found.to_json())
    else:
        console().print(found.text())
        console().print(f"[dim]trust: {found.trust} of all intervals together[/]")
