"""`pgsym estimate`."""

from __future__ import annotations

from typing import Annotated

import typer

from pgsym.cli.app import app, print_json
from pgsym.cli.problem import (
    DEFAULT_SAMPLES,
    AsJson,
    Baseline,
    Beta,
    Critic,
    EstimatorName,
    Gamma,
    Horizon,
    Lambda,
    Model,
    NoDiscountWeight,
    ObjectiveName,
    Rewards,
    Samples,
    Seed,
    Theta,
    Values,
    load_estimator,
    load_problem,
)


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
    lam: Lambda = None,
    n: Rewards = None,
    baseline: Baseline = None,
    critic: Critic = None,
    beta: Beta = None,
    no_discount_weight: NoDiscountWeight = False,
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
    chosen = load_estimator(
        estimator,
        problem.mdp,
        lam=lam,
        n=n,
        baseline=baseline,
        critic=critic,
        beta=beta,
        no_discount_weight=no_discount_weight,
    )
    with sampling() as progress:
        # It loads JAX, which takes a second of its own.
        from pgsym.sampling import estimate as sample

        found = sample(
            problem,
            chosen,
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
