"""`pgsym estimators`, `estimate`, `moments`, `compare`, `ascend`: estimators sampled, their exact laws, and paths."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli import options
from pgsym.cli.app import app, assignments, command, load_estimator, print_json, print_result, require_plot, save_plot

if TYPE_CHECKING:
    from pgsym.model.problem import Problem

CutOff = Annotated[int | None, typer.Option(help="Cut every run off after T steps; whole episodes if absent.")]


@app.command()
def estimators(
    name: Annotated[str | None, typer.Argument(help="One of them, or a text of your own.", show_default=False)] = None,
    as_json: options.AsJson = False,
) -> None:
    """List the estimators that have a name: their text, what its names stand for, and who wrote of it.

    Example: `pgsym estimators gae`

    Example: `pgsym estimators "let b(s) = V(s); sum[t] grad log pi(a_t|s_t) * (G_t - b(s_t))"`
    """
    from pgsym.reports.moments import ESTIMATOR_NAMES, estimator_json, estimator_page, estimators_table
    from pgsym.reports.terminal import console

    if as_json:
        print_json(estimator_json(name) if name is not None else [estimator_json(one) for one in ESTIMATOR_NAMES])
    else:
        console().print(estimators_table() if name is None else estimator_page(name))


@command
def estimate(
    problem: Problem,
    *,
    estimator: options.EstimatorText = "reward-to-go",
    samples: options.Samples = options.DEFAULT_SAMPLES,
    seed: options.Seed = 0,
    horizon: options.Horizon = None,
    let: options.Let = None,
    directions: Annotated[
        int | None,
        typer.Option(help="Many parameters: look along that many random directions instead, at a cost without k."),
    ] = None,
    as_json: options.AsJson = False,
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


@command
def moments(
    problem: Problem,
    *,
    estimator: options.EstimatorText = "reinforce",
    target: Annotated[
        str | None,
        typer.Option(
            help="Measure the bias against another gradient: truncated (of the first T steps), or an objective.",
            show_default=False,
        ),
    ] = None,
    let: options.Let = None,
    horizon: CutOff = None,
    no_bootstrap: Annotated[
        bool, typer.Option("--no-bootstrap", help="Treat the cut-off as the end of the episode.")
    ] = False,
    samples: Annotated[
        int, typer.Option("-n", "--samples", help="Trajectories to sample beside the exact law; 0 for none.")
    ] = options.DEFAULT_SAMPLES,
    seed: options.Seed = 0,
    plot: Annotated[
        Path | None,
        typer.Option(help="Draw bias and variance against lambda, gamma, baseline and T to this file (needs `plot`)."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Exact mean, bias and covariance of an estimator of grad J on MODEL, beside sampled ones.

    Exit status 1 when the samples are inconsistent with the exact law.

    Example: `pgsym moments short-corridor reward-to-go --let "b(s)=V(s)"`
    """
    from pgsym.errors import SamplingError
    from pgsym.reports.moments import MomentsReport, moments_table
    from pgsym.reports.terminal import console, sampling, working

    require_plot(plot)
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
        with working("sweeps"):
            figure = report.law.plot()
        save_plot(plot, figure)
    raise typer.Exit(0 if check is None or check.consistent else 1)


@command
def compare(
    problem: Problem,
    *,
    estimators: Annotated[list[str], typer.Argument(help="Names or texts, as for `pgsym moments`.")],
    let: options.Let = None,
    horizon: CutOff = None,
    samples: Annotated[
        int, typer.Option("-n", "--samples", help="Trajectories of each to sample beside the exact law.")
    ] = 0,
    seed: options.Seed = 0,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Draw bias, variance and MSE to this file, over lambda with bands for the least MSE (needs `plot`).",
            show_default=False,
        ),
    ] = None,
    over: Annotated[str, typer.Option(help="What the plot is over: lambda, gamma, T, or a name such as b(s).")] = "T",
    as_json: options.AsJson = False,
) -> None:
    """Bias, variance, mean square error and cost of several estimators on MODEL, exact beside sampled.

    Exit status 1 when samples are inconsistent with their exact law.

    Example: `pgsym compare short-corridor reinforce reward-to-go gae --let lambda=1/2`
    """
    from pgsym.cli.let import read_let
    from pgsym.comparison import compare as side_by_side
    from pgsym.estimators.shares import needed
    from pgsym.reports.terminal import working

    require_plot(plot)
    given = read_let(let, problem.mdp)
    known = {*given, "T", "gamma", *(s.name for s in problem.mdp.symbols)}
    if plot is not None and over not in known and any(needed(one, over) for one in estimators):
        given |= read_let([over], problem.mdp)
    with working("comparing"):
        found = side_by_side(problem, *estimators, let=given, horizon=horizon, n=samples, seed=seed)
    print_result(found, as_json, model=problem.name)
    if plot is not None:
        save_plot(plot, found.plot(over))
    raise typer.Exit(0 if found.consistent else 1)


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
    horizon: options.Horizon = None,
    let: options.Let = None,
    as_json: options.AsJson = False,
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
    from pgsym.cli.let import read_let
    from pgsym.display.progress import reporter

    require_plot(plot)
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
    print_result(found, as_json, cells=[found.HEADER, *found.rows(ascii=ascii)], model=problem.name)
    if plot is not None:
        save_plot(plot, found.plot())


def split_methods(methods: str) -> list[str]:
    """Names and texts between commas; those inside of parentheses belong to a text.

    >>> split_methods("exact, sum[t] dot(vec(theta), grad log pi(a_t|s_t)) * grad log pi(a_t|s_t), gae")
    ['exact', 'sum[t] dot(vec(theta), grad log pi(a_t|s_t)) * grad log pi(a_t|s_t)', 'gae']
    """
    found, depth = [""], 0
    for character in methods:
        depth += (character in "([") - (character in ")]")
        if character == "," and not depth:
            found.append("")
        else:
            found[-1] += character
    return [name.strip() for name in found if name.strip()]


def _step_sizes(text: str) -> float | dict[str, float]:
    """``0.1``, or ``exact=0.5,natural=0.1`` by label."""
    if "=" not in text:
        return _number(text)
    found = assignments(text, "--step-size", "exact=0.5,natural=0.1")
    return {label: _number(value) for label, value in found.items()}


def _number(text: str) -> float:
    from pgsym.errors import AscentError

    try:
        return float(text)
    except ValueError:
        raise AscentError(
            f"found {text!r}; must be a number. Write --step-size 0.1 or --step-size exact=0.5,natural=0.1",
            where="step_size",
        ) from None
