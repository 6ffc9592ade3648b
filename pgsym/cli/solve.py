"""`pgsym solve`, `floats`, `optimal`, `sharpen`, `report`, `convert`, `zoo`: what is exact, the best, a page, files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pgsym.cli import options
from pgsym.cli.app import app, command, print_json, print_result, refuse_unused, require_plot, save_plot

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


@command
def solve(
    problem: Problem,
    as_json: options.AsJson = False,
    latex: Annotated[bool, typer.Option(help="Print the closed forms as a LaTeX align* body.")] = False,
    keep_policy: Annotated[bool, typer.Option(help="With --latex: keep pi(a|s) as symbols.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write solution.tex, graph.svg and graph.tex to this folder")] = None,
) -> None:
    """Solve MODEL exactly: J, its gradient, values and occupancies, in closed form and at theta.

    Example: `pgsym solve short-corridor --theta "theta=log(2)"`
    """
    from pgsym.exact import solve as solve_exactly
    from pgsym.exact.policy_symbols import in_policy_symbols
    from pgsym.exact.solution import default_names
    from pgsym.reports.terminal import console, working
    from pgsym.reports.values import BUDGET, SECONDS, solution_json
    from pgsym.trust import VIEWS

    if out is not None:
        from pgsym.model.files.atomic import require_place

        require_place(out, folder=True)
    refuse_unused("with --latex; one of them is printed. Leave one out", "solve", as_json=as_json and latex)
    refuse_unused("without --latex; it is about formulas. Give both", "solve", keep_policy=keep_policy and not latex)
    solution = solve_exactly(problem, budget=BUDGET, seconds=SECONDS)
    shown = in_policy_symbols(solution) if keep_policy else solution
    if latex:
        with working("closed forms"):
            text = shown.latex(default_names(solution.objective))
        print(text)
    else:
        with working("closed forms and exact values"):
            found = solution_json(problem) if as_json else _on_the_terminal(problem)
        if as_json:
            print_json(found | {"trust": {view: str(level) for view, level in VIEWS.items()}})
        else:
            console().print(found)
    if out is not None:
        from pgsym.reports.files import write_solution

        for path in write_solution(problem, out):
            print(f"wrote {path}", file=sys.stderr)


def _on_the_terminal(problem: Problem) -> Any:
    from pgsym.errors import NotInFieldError, TooLargeError
    from pgsym.exact.solution import default_names
    from pgsym.reports.terminal import ROWS, no_floats, solution_table
    from pgsym.reports.values import solution_json

    symbols = sorted(s.name for s in problem.mdp.symbols)
    if symbols:
        try:
            # It loads what decides claims.
            from pgsym.reports.symbolic import symbolic_solution

            return symbolic_solution(problem)
        except (NotInFieldError, TooLargeError):
            pass
    data = solution_json(problem, default_names(problem.objective), ROWS)
    return solution_table(data, no_floats(symbols) if symbols else None)


@app.command()
def floats(
    model: Annotated[
        str, typer.Argument(help="Arrays in a file .npz (`FloatMDP.save`), or any other MODEL.", show_default=False)
    ],
    objective: Annotated[str, typer.Option("--objective", "-J", help="start-state or average-reward.")] = "start-state",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write all arrays to this file, .npz.", show_default=False)
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Solve a model of up to millions of states in floats, with bounds of all errors, under the uniform policy.

    J and its derivative by a logit of every action in every state, values, action values and visits.  Other logits:
    `pgsym.FloatMDP` in Python.

    Example: `pgsym floats gym:Taxi-v4`

    Example: `pgsym floats large.npz -J average-reward -o solved.npz`
    """
    from pgsym.exact.float_mdp import FloatMDP
    from pgsym.model.files.atomic import require_place
    from pgsym.model.formats import locate
    from pgsym.reports.terminal import working

    if out is not None:
        require_place(out)
    with working("float arrays"):
        arrays = FloatMDP.load(model) if Path(model).suffix == ".npz" else FloatMDP.of(locate(model).mdp)
        found = arrays.at(objective=objective)
        if out is not None:
            found.save(out)
    print(found.assumption, file=sys.stderr)
    print_result(found, as_json)


@command
def optimal(
    problem: Problem,
    over: Annotated[
        str | None, typer.Option(help="The symbol of the regions; by default the only one without a number.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="With regions: draw J* to this file (needs `plot`).", show_default=False)
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """The best that any policy can do on MODEL, exactly: J*, V*, Q* and every optimal action.

    With one symbol: the regions of it in which the same actions are optimal, with exact break points.  Give other
    symbols numbers with --set; --gamma gamma makes the discount a symbol.  MODEL's own policy does not matter.

    Example: `pgsym optimal short-corridor`

    Example: `pgsym optimal machine-replacement -J start-state --gamma gamma` says for which discounts to replace when

    Example: `pgsym optimal mine.yaml --over p --set c=2`
    """
    from pgsym.errors import SchemaError
    from pgsym.exact import OptimalRegions
    from pgsym.exact import optimal as best
    from pgsym.reports.terminal import working

    require_plot(plot)
    with working("optimal actions"):
        found = best(problem, over)
    if plot is not None and not isinstance(found, OptimalRegions):
        raise SchemaError("found a model without symbols; a plot is over a symbol. Leave --plot out", where="plot")
    print_result(found, as_json)
    if plot is not None and isinstance(found, OptimalRegions):
        save_plot(plot, found.plot())


@command
def sharpen(
    problem: Problem,
    claim: Annotated[
        str, typer.Argument(help="An inequality with a constant: 'J <= c * max[s,a] r(s,a)'.", show_default=False)
    ],
    constant: Annotated[str, typer.Option("--for", help="The name of the constant.")] = "c",
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """Find the sharpest constant with which an inequality holds on MODEL, for all parameters and symbols.

    The largest one of A >= c * B, the least one of A <= c * B.  What the constant multiplies must not change its sign.
    An inequality about one parameter or symbol has its constant exactly, as a root of a polynomial; otherwise one that
    is attained at a point is exact, and any other lies between one that is proved and one that is refuted.
    Exit status 0; 1 where no constant was found with which it holds.

    Example: `pgsym sharpen short-corridor "J <= c"` says how large J can be made: -6 - 4*sqrt(2)

    Example: `pgsym sharpen two-state "abs(V(s)) <= k * max[s1,a] abs(r(s1,a))" --for k`
    """
    from pgsym.claims.sharp_constant import sharpen as sharpest
    from pgsym.reports.terminal import working

    with working("constants"):
        found = sharpest(problem, claim, constant, seed=seed)
    print_result(found, as_json)
    raise typer.Exit(0 if found.proved is not None else 1)


@command
def report(
    problem: Problem,
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", help="A folder, made if it is not there; or one file, .html or .tex.", show_default=False
        ),
    ],
    samples: options.Samples = options.DEFAULT_SAMPLES,
    steps: Annotated[int, typer.Option(help="Steps of the learning curves.")] = 100,
    seeds: Annotated[int, typer.Option(help="Runs of the sampled learning curve.")] = 3,
    batch: Annotated[int, typer.Option(help="Trajectories of each of its steps.")] = 32,
    seed: options.Seed = 0,
    horizon: options.Horizon = None,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            help='A claim, e.g. "J >= -15": its verdict, and where it is true. Can be given several times.',
            show_default=False,
        ),
    ] = None,
    estimator: Annotated[
        list[str] | None,
        typer.Option(
            help="A further estimator, by name or as text, whose law is shown. Can be given several times.",
            show_default=False,
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Write all that pgsym knows about MODEL as one page, index.html, and as a LaTeX document, report.tex.

    The model's picture, sliders that recompute everything, exact quantities, the policy gradient theorem for the three
    objectives, the derivation checked line by line, exact beside sampled gradients, bias and variance of estimators,
    learning curves.  The page is one file that loads nothing: it works offline and can be sent.  What does not apply to
    MODEL says so in a sentence.  Ctrl-C leaves an earlier report as it was.  Needs the extra `report`.

    Example: `pgsym report short-corridor -o corridor`, then open corridor/index.html

    Example: `pgsym report short-corridor -o corridor.html` writes the page alone

    Example: `pgsym report mine.yaml -o out --samples 10000 --steps 30` is a quick draft
    """
    from pgsym.display.progress import reporter
    from pgsym.reports.page import report as write

    with reporter(None, task="report") as progress:
        written = write(
            problem,
            out,
            progress=progress,
            samples=samples,
            steps=steps,
            seeds=seeds,
            batch=batch,
            seed=seed,
            horizon=horizon,
            claims=tuple(claim or ()),
            estimators=tuple(estimator or ()),
        )
    if as_json:
        print_json({"model": problem.name, "objective": str(problem.objective), "files": [str(p) for p in written]})
    else:
        for path in written:
            print(f"wrote {path}", file=sys.stderr)


@command
def convert(
    problem: Problem,
    out: Annotated[Path, typer.Argument(help="The file to write; its ending says how.", show_default=False)],
    discount: Annotated[
        str | None,
        typer.Option(help="exit: write the discount factor as a step to an end with probability 1 - gamma."),
    ] = None,
    average: Annotated[
        bool, typer.Option("--average", help="Replace rewards by r(s,a): J stays, variances do not.")
    ] = False,
    chain: Annotated[
        bool, typer.Option("--chain", help="Write the policy's Markov chain, rational in exp(theta).")
    ] = False,
    mdp_only: Annotated[bool, typer.Option("--mdp-only", help="Leave policy, theta and objective out.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Write MODEL in another format: a model file, GraphML, node-link JSON, or Storm's DRN.

    Endings: `.yaml` `.json` `.graphml` `.node-link.json` carry everything; `.drn` carries the MDP without discount,
    start distribution and policy. What a format cannot carry is an error that names the option to use.

    Example: `pgsym convert short-corridor corridor.drn --mdp-only`
    """
    from pgsym.model.formats import find, save

    save(problem, out, discount=discount, average=average, chain=chain, mdp_only=mdp_only)
    found = find(out)
    name = "" if found is None else found.name
    if as_json:
        print_json({"model": problem.name, "wrote": str(out), "format": name})
    else:
        print(f"wrote {out} ({name})")


@app.command()
def zoo(
    name: Annotated[str | None, typer.Argument(help="Show one model as a model file.", show_default=False)] = None,
    as_json: options.AsJson = False,
) -> None:
    """List the named models, or show one as a model file to start your own from.

    Example: `pgsym zoo two-state > mine.yaml`
    """
    from pgsym.model.files import dumps
    from pgsym.model.zoo import zoo as named
    from pgsym.model.zoo import zoo_entries
    from pgsym.reports.terminal import console, zoo_table

    if name is not None:
        print(dumps(named(name), "json" if as_json else "yaml"))
    elif as_json:
        print_json([{"name": e.name, "description": e.description, "source": e.source} for e in zoo_entries()])
    else:
        console().print(zoo_table(zoo_entries()))
