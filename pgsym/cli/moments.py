"""`pgsym moments`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgsym.cli.app import app, print_json
from pgsym.cli.options import DEFAULT_SAMPLES, AsJson, Gamma, Model, ObjectiveName, Seed, Theta, Values
from pgsym.cli.problem import assignments, load_problem

if TYPE_CHECKING:
    from pgsym.model.estimator import Estimator
    from pgsym.model.mdp import MDP

StateFunction = Annotated[
    str | None,
    typer.Option(help='A number, "s1=-3,s2=1/2" by state, or "exact" for V.', show_default=False),
]


@app.command()
def moments(
    model: Model,
    estimator: Annotated[
        str,
        typer.Option(
            help="reinforce, reward-to-go, actor-critic, n-step, gae, all-knowing or eligibility-trace.",
        ),
    ] = "reinforce",
    objective: ObjectiveName = None,
    target: Annotated[
        str | None,
        typer.Option(
            help="Measure the bias against another gradient: truncated (of the first T steps), or an objective.",
            show_default=False,
        ),
    ] = None,
    theta: Theta = None,
    gamma: Gamma = None,
    values: Values = None,
    lam: Annotated[str | None, typer.Option("--lambda", help="lambda of gae; may be a symbol.")] = None,
    n: Annotated[int | None, typer.Option("--n-step", help="Rewards of n-step before the critic takes over.")] = None,
    baseline: StateFunction = None,
    critic: StateFunction = None,
    horizon: Annotated[
        int | None, typer.Option(help="Cut every run off after T steps; whole episodes if absent.")
    ] = None,
    beta: Annotated[str | None, typer.Option(help="Decay of the eligibility trace.")] = None,
    no_discount_weight: Annotated[
        bool, typer.Option("--no-discount-weight", help="Leave out the weight gamma^t of each term.")
    ] = False,
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

    Example: `pgsym moments short-corridor --estimator reward-to-go --baseline exact`
    """
    from pgsym.errors import SamplingError
    from pgsym.reports.moments import MomentsReport, moments_table
    from pgsym.reports.terminal import console, sampling, working

    if plot is not None:
        from pgsym.display.figure import require_format
        from pgsym.model.files.atomic import require_place

        require_format(plot)
        require_place(plot)
    problem = load_problem(model, objective, theta, gamma, values)
    given = {
        "lam": lam,
        "n": n,
        "baseline": _state_function(baseline, problem.mdp, "--baseline"),
        "critic": _state_function(critic, problem.mdp, "--critic"),
        "horizon": horizon,
        "beta": beta,
        "discount_weight": False if no_discount_weight else None,
        "bootstrap": False if no_bootstrap else None,
    }
    chosen = describe(estimator, {key: value for key, value in given.items() if value is not None})
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
        from pgsym.exact.moments.sweep import applicable, sweep
        from pgsym.reports.moments_plot import save

        with working("sweeps"):
            law = report.law
            save(law, [sweep(law, number) for number in applicable(law)], plot)
        print(f"wrote {plot}", file=sys.stderr)
    raise typer.Exit(0 if check is None or check.consistent else 1)


def describe(name: str, given: dict[str, Any]) -> Estimator:
    """The estimator of that name with these options.

    >>> describe("gae", {"lam": "1/2", "horizon": 5}).lam
    1/2
    """
    from dataclasses import MISSING, fields

    from pgsym.errors import SchemaError
    from pgsym.model.estimator import ESTIMATORS, EligibilityTrace

    if name not in ESTIMATORS:
        raise SchemaError(f"found {name!r}; must be one of {', '.join(ESTIMATORS)}", where="--estimator")
    kind = ESTIMATORS[name]
    options = {
        "lam": "--lambda",
        "n": "--n-step",
        "T": "--horizon",
        "discount_weight": "--no-discount-weight",
        "bootstrap": "--no-bootstrap",
    }
    if kind is EligibilityTrace and "horizon" in given:
        given = {**{key: value for key, value in given.items() if key != "horizon"}, "T": given["horizon"]}
    known = {f.name: f for f in fields(kind)}
    for key in given:
        if key not in known or (kind is EligibilityTrace and key == "horizon"):
            option = options.get(key, f"--{key}")
            raise SchemaError(f"{name} has no such option. Leave {option} out", where=option)
    for key, f in known.items():
        if f.default is MISSING and key not in given:
            raise SchemaError(
                f"{name} needs it. Give {options.get(key, f'--{key}')}", where=options.get(key, f"--{key}")
            )
    return kind(**given)


def _state_function(text: str | None, mdp: MDP, where: str) -> Any:
    """A number, "exact", or numbers by state."""
    from pgsym.errors import SchemaError

    if text is None or "=" not in text:
        return text
    found = {}
    for name, value in assignments(text, where).items():
        states = [s for s in mdp.states if str(s) == name]
        if not states:
            raise SchemaError(f"state {name!r} is unknown; write name=value,... Check its name", where=where)
        if len(states) > 1:
            meanings = " or ".join(map(repr, states))
            raise SchemaError(f"{name!r} can mean {meanings}; a name must mean one state. Rename one", where=where)
        found[states[0]] = value
    return found
