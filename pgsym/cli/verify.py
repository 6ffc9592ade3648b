"""`pgsym verify`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli.app import print_json
from pgsym.cli.problem import (
    DEFAULT_SAMPLES,
    AsJson,
    EstimatorText,
    Horizon,
    Let,
    Seed,
    command,
    load_estimator,
)

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


@command
def verify(
    problem: Problem,
    *,
    estimator: EstimatorText = "reward-to-go",
    samples: Annotated[
        int, typer.Option("-n", "--samples", help="Trajectories to sample; 0 for the verdict alone.")
    ] = DEFAULT_SAMPLES,
    seed: Seed = 0,
    horizon: Horizon = None,
    let: Let = None,
    as_json: AsJson = False,
) -> None:
    """Decide the policy gradient theorem on MODEL, and check sampled gradients against the exact one.

    Prints the verdict, the exact and the sampled gradient with z-scores, and one closing line.  Exit status 1
    when the theorem is refuted or the samples are inconsistent.

    Example: `pgsym verify two-state --objective stationary-value`
    """
    from pgsym.claims import verify as decide
    from pgsym.expression.complaint import short
    from pgsym.reports.terminal import console, cross_check_table, sampling, verdict_text, working

    chosen = load_estimator(estimator, problem.mdp, let)
    with working("deciding the theorem"):
        verdict = decide(problem)
    if not as_json:
        console().print(f"[bold]{problem.name}[/] ({problem.objective}, {problem.mdp})")
        console().print(verdict_text(verdict))
    check = None
    free = ", ".join(sorted(s.name for s in problem.mdp.symbols))
    if verdict.reason == "" and not free and samples:
        with sampling() as progress:
            # It loads JAX, which takes a second of its own.
            from pgsym.auditing import cross_check

            check = cross_check(problem, chosen, n=samples, seed=seed, horizon=horizon, progress=progress)
    holds = verdict.proved and (check is None or check.consistent)
    if as_json:
        place = {p.name: str(problem.theta[p]) for p in problem.policy.params}
        sampled = check.to_json() if check else None
        print_json({"theta": place, "verdict": verdict.to_json(), "cross_check": sampled, "holds": holds})
    else:
        if check is not None:
            console().print(cross_check_table(check, problem.theta))
        elif free and samples:
            print(f"not sampled: {short(free)} without value; sampling needs numbers", file=sys.stderr)
        console().print(f"[bold]verdict: {verdict.status}" + (f"; {check.summary}" if check else "") + "[/]")
    raise typer.Exit(0 if holds else 1)
