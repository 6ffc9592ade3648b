"""`pgsym moments`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli.app import print_json
from pgsym.cli.problem import DEFAULT_SAMPLES, AsJson, EstimatorText, Let, Seed, command, load_estimator

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


@command
def moments(
    problem: Problem,
    *,
    estimator: EstimatorText = "reinforce",
    target: Annotated[
        str | None,
        typer.Option(
            help="Measure the bias against another gradient: truncated (of the first T steps), or an objective.",
            show_default=False,
        ),
    ] = None,
    let: Let = None,
    horizon: Annotated[
        int | None, typer.Option(help="Cut every run off after T steps; whole episodes if absent.")
    ] = None,
    no_bootstrap: Annotated[
        bool, typer.Option("--no-bootstrap", help="Treat the cut-off as the end of the episode.")
    ] = False,
    samples: Annotated[
        int, typer.Option("-n", "--samples", help="Trajectories to sample beside the exact law; 0 for none.")
    ] = DEFAULT_SAMPLES,
    seed: Seed = 0,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw bias and variance against lambda, gamma, baseline and T to this file (needs `plot`)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Exact mean, bias and covariance of an estimator of grad J on MODEL, beside sampled ones.

    Exit status 1 when the samples are inconsistent with the exact law.

    Example: `pgsym moments short-corridor reward-to-go --let "b(s)=V(s)"`
    """
    from pgsym.errors import SamplingError
    from pgsym.reports.moments import MomentsReport, moments_table
    from pgsym.reports.terminal import console, sampling, working

    if plot is not None:
        from pgsym.display.figure import require_format
        from pgsym.model.files.atomic import require_place

        require_format(plot)
        require_place(plot)
    chosen = load_estimator(estimator, problem.mdp, let, horizon=horizon, no_bootstrap=no_bootstrap)
    with working("exact law"):
        report = MomentsReport(problem, chosen, target)
        data = report.to_json()
    check = None
    if samples and report.views.float is not None:
        try:
            with sampling() as progress:
                # It loads JAX, which takes a second of its own.
                from pgsym.auditing.law_check import check_law

                check = check_law(report.views.float, n=samples, seed=seed, progress=progress)
        except SamplingError as error:
            print(f"not sampled: {error}", file=sys.stderr)
    elif samples and report.views.why_no_floats:
        print(f"not sampled: {report.views.why_no_floats}", file=sys.stderr)
    if as_json:
        print_json({**data, "sampled": check.to_json() if check else None})
    else:
        symbols = sorted(s.name for s in {*problem.mdp.symbols, *chosen.symbols})
        console().print(moments_table(data, check, symbols))
    if plot is not None:
        from pgsym.estimators.sweep import applicable, sweep
        from pgsym.reports.moments import save

        with working("sweeps"):
            law = report.law
            save(law, [sweep(law, number) for number in applicable(law)], plot)
        print(f"wrote {plot}", file=sys.stderr)
    raise typer.Exit(0 if check is None or check.consistent else 1)
