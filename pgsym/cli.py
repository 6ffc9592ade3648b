"""The commands: ``pgsym solve``, ``verify``, ``estimate`` and ``zoo``.

Exit status: 0 when what was asked holds, 1 when it is refuted or inconsistent, 2 for bad input.
"""

from __future__ import annotations

import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from pgsym.errors import PgsymError, SchemaError
from pgsym.model.problem import Problem

app = typer.Typer(
    name="pgsym",
    help="Exact policy gradients of finite MDPs: solve them, decide identities, check samples.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

Model = Annotated[
    str,
    typer.Argument(
        help="A model file (.yaml, .json), a name from `pgsym zoo`, or a gymnasium environment with a table: "
        "gym:FrozenLake-v1.",
        show_default=False,
    ),
]
ObjectiveName = Annotated[
    str | None,
    typer.Option("--objective", "-J", help="start-state, average-reward or stationary-value; the model's by default."),
]
Theta = Annotated[
    str | None,
    typer.Option(help='The point, e.g. "t=log(2),u=0"; parameters left out keep the model\'s value.'),
]
Gamma = Annotated[str | None, typer.Option(help="Discount factor: a number or a formula, e.g. 9/10 or gamma.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; the schema is described in docs/cli.md.")]
Samples = Annotated[int, typer.Option("-n", "--samples", help="Trajectories to sample.")]
Seed = Annotated[int, typer.Option(help="Seed of the sampler; same seed, same numbers.")]
Horizon = Annotated[int | None, typer.Option(help="Steps of a trajectory; by default so many that little is cut off.")]
EstimatorName = Annotated[str, typer.Option(help="reinforce, reward-to-go, advantage or eligibility-trace.")]

DEFAULT_SAMPLES = 100_000

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""Wrong options and arguments; typer's own copy of click, or click itself, whichever typer was built on."""


@app.command()
def solve(
    model: Model,
    objective: ObjectiveName = None,
    theta: Theta = None,
    gamma: Gamma = None,
    as_json: AsJson = False,
    latex: Annotated[bool, typer.Option(help="Print the closed forms as a LaTeX align* body.")] = False,
    keep_policy: Annotated[bool, typer.Option(help="With --latex or --out: keep pi(a|s) as symbols.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write solution.tex, graph.svg and graph.tex to this folder")] = None,
) -> None:
    """Solve MODEL exactly: J, its gradient, values and occupancies, in closed form and at theta.

    Example: `pgsym solve short-corridor --theta "theta=log(2)"`
    """
    from pgsym.exact import solve as solve_exactly
    from pgsym.exact.policy_symbols import in_policy_symbols
    from pgsym.exact.solution import QUANTITIES, default_names
    from pgsym.report.data import BUDGET, SECONDS, Report
    from pgsym.report.terminal import console, solution_table, working

    problem = _problem(model, objective, theta, gamma)
    solution = solve_exactly(problem.mdp, problem.policy, problem.objective, budget=BUDGET, seconds=SECONDS)
    shown = in_policy_symbols(solution) if keep_policy else solution
    names = default_names(solution.objective)
    if latex:
        with working("closed forms"):
            text = shown.latex(names)
        print(text)
    else:
        with working("closed forms and exact values"):
            data = Report(problem).to_json(QUANTITIES if as_json else names)
        if as_json:
            _print_json(data)
        else:
            console().print(solution_table(data))
    if out is not None:
        from pgsym.report.files import write_solution

        for path in write_solution(problem, shown, out):
            print(f"wrote {path}", file=sys.stderr)


@app.command()
def verify(
    model: Model,
    objective: ObjectiveName = None,
    theta: Theta = None,
    gamma: Gamma = None,
    samples: Samples = DEFAULT_SAMPLES,
    seed: Seed = 0,
    horizon: Horizon = None,
    estimator: EstimatorName = "reward-to-go",
    as_json: AsJson = False,
) -> None:
    """Decide the policy gradient theorem on MODEL, and check sampled gradients against the exact one.

    Prints the verdict, the exact and the sampled gradient with z-scores, and one closing line.  Exit status 1
    when the theorem is refuted or the samples are inconsistent.

    Example: `pgsym verify two-state --objective stationary-value`
    """
    from pgsym.audit import cross_check
    from pgsym.claims import verify as decide
    from pgsym.report.terminal import console, cross_check_table, verdict_text, working

    problem = _problem(model, objective, theta, gamma)
    with working("deciding the theorem"):
        verdict = decide(problem.mdp, problem.policy, problem.objective, theta=problem.theta)
    if not as_json:
        console().print(f"[bold]{problem.name}[/] ({problem.objective}, {problem.mdp})")
        console().print(verdict_text(verdict))
    check = None
    if verdict.reason == "":
        check = cross_check(
            problem.mdp,
            problem.policy,
            problem.objective,
            theta=problem.theta,
            estimator=estimator,
            n=samples,
            seed=seed,
            horizon=horizon,
        )
    holds = verdict.proved and check is not None and check.consistent
    if as_json:
        _print_json({"verdict": verdict.to_json(), "cross_check": check.to_json() if check else None, "holds": holds})
    else:
        if check is not None:
            console().print(cross_check_table(check))
        console().print(f"[bold]verdict: {verdict.status}" + (f"; {check.summary}" if check else "") + "[/]")
    raise typer.Exit(0 if holds else 1)


@app.command()
def estimate(
    model: Model,
    objective: ObjectiveName = None,
    theta: Theta = None,
    gamma: Gamma = None,
    samples: Samples = DEFAULT_SAMPLES,
    seed: Seed = 0,
    horizon: Horizon = None,
    estimator: EstimatorName = "reward-to-go",
    as_json: AsJson = False,
) -> None:
    """Estimate grad J of MODEL by sampling alone: mean, standard errors, confidence region, speed.

    Example: `pgsym estimate short-corridor -n 1000000 --estimator reinforce`
    """
    from pgsym.report.data import estimate_json
    from pgsym.report.terminal import console
    from pgsym.sampling import estimate as sample

    problem = _problem(model, objective, theta, gamma)
    found = sample(
        problem.mdp,
        problem.policy,
        problem.objective,
        estimator,
        theta=problem.theta,
        n=samples,
        seed=seed,
        horizon=horizon,
    )
    if as_json:
        _print_json(estimate_json(found))
    else:
        console().print(str(found))


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
    from pgsym.report.terminal import console, zoo_table

    if name is not None:
        print(dumps(named(name), "json" if as_json else "yaml"))
    elif as_json:
        _print_json([{"name": e.name, "description": e.description, "source": e.source} for e in zoo_entries()])
    else:
        console().print(zoo_table(zoo_entries()))


# -- input -----------------------------------------------------------------------------------------------


def _problem(model: str, objective: str | None, theta: str | None, gamma: str | None) -> Problem:
    """MODEL with the options that replace parts of it."""
    from pgsym.model.objective import Objective

    problem = _load(model)
    if gamma is not None:
        problem = replace(problem, mdp=problem.mdp.replace(gamma=gamma))
    if objective is not None:
        problem = replace(problem, objective=Objective.parse(objective))
    if theta is not None:
        given = {p.name: v for p, v in problem.theta.items()} | _assignments(theta)
        problem = replace(problem, theta=problem.policy.point(given))
    return problem


def _load(model: str) -> Problem:
    from pgsym.model.files import load
    from pgsym.model.zoo import zoo as named

    if model.startswith("gym:"):
        return _from_gymnasium(model.removeprefix("gym:"))
    if Path(model).suffix in (".yaml", ".yml", ".json") or Path(model).exists():
        problem = load(model)
        return replace(problem, name=problem.name or Path(model).stem)
    return named(model)


def _from_gymnasium(name: str) -> Problem:
    """The environment under the uniform policy, a logit for every action."""
    import sympy as sp

    from pgsym.model.mdp import MDP
    from pgsym.model.objective import Objective
    from pgsym.model.policies import tabular

    mdp = MDP.from_gymnasium(name)
    policy = tabular(mdp)
    theta = dict.fromkeys(policy.params, sp.Integer(0))
    return Problem(mdp, policy, Objective.START_STATE, theta, f"gym:{name}", "gymnasium")


def _assignments(text: str) -> dict[str, str]:
    """``a=1,b=log(2)`` by name."""
    found: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not value.strip():
            raise SchemaError(f"found {part!r}; must read name=value. Write --theta 't=log(2),u=0'", where="--theta")
        found[name.strip()] = value.strip()
    return found


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def main() -> None:
    """Run the command line; every expected failure is one message, never a traceback."""
    as_json = "--json" in sys.argv[1:]
    warnings.showwarning = _show_warning
    try:
        status = app(standalone_mode=False)
    except PgsymError as error:
        from pgsym.report.data import error_json

        if as_json:
            _print_json(error_json(error))
        else:
            print(f"error: {error}", file=sys.stderr)
        status = 2
    except _UsageError as error:
        if as_json:
            _print_json({"error": {"type": "UsageError", "message": str(error), "where": "arguments"}})
        else:
            error.show()  # type: ignore[attr-defined]
        status = 2
    except (typer.Abort, KeyboardInterrupt):
        print("interrupted", file=sys.stderr)
        status = 130
    except BrokenPipeError:
        status = 0
    sys.exit(status)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)
