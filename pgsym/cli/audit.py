"""`pgsym audit`."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from pgsym.cli import options
from pgsym.cli.app import app, assignments, load_problem, print_json, refuse_unused
from pgsym.errors import PgsymError, SamplingError, SchemaError

SUITE, TOKENS = "suite", "tokens"
"""The MODELs that stand for the standard suite, and for that of token trees."""


@app.command()
def audit(
    function: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:FUNCTION",
            help="The estimator: mypackage.losses:gradient, or path/to/file.py:gradient. It is imported and run. "
            "Or a name: grpo, rloo.",
            show_default=False,
        ),
    ],
    model: Annotated[
        str,
        typer.Argument(
            help="As for `pgsym solve`; `suite` is the standard suite of small problems, `tokens` that of token trees."
        ),
    ] = SUITE,
    objective: options.ObjectiveName = None,
    theta: options.Theta = None,
    gamma: options.Gamma = None,
    values: options.Values = None,
    trusted: options.Trusted = False,
    horizon: options.Horizon = None,
    target: Annotated[
        str | None, typer.Option(help="truncated (grad J_T), bootstrap (V is paid at the time limit) or objective.")
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(
            help="Instead: an expression of the claim language, as 'grad J + 1/10 * grad ...'.",
            show_default=False,
        ),
    ] = None,
    behaviour: Annotated[
        list[str] | None,
        typer.Option(
            help="The policy that collects the data: its theta, as for --theta, or temperature=2,top-k=5,top-p=9/10. "
            "Given several times, one of them makes each episode: '3/4: u=0' is a share.",
            show_default=False,
        ),
    ] = None,
    kl_to: Annotated[
        str | None,
        typer.Option(help="Penalise the divergence from this policy, written as for --behaviour.", show_default=False),
    ] = None,
    beta: Annotated[str, typer.Option(help="Weight of that penalty.")] = "0",
    entropy: Annotated[str, typer.Option(help="Weight of a bonus of entropy.")] = "0",
    layout: Annotated[str, typer.Option(help="episodes [B, T], vector [B/2, 2T] or flat [n].")] = "episodes",
    framework: Annotated[str, typer.Option(help="numpy, jax or torch.")] = "numpy",
    batch_size: Annotated[int | None, typer.Option(help="Episodes of a batch.")] = None,
    group_size: Annotated[
        int | None, typer.Option(help="Episodes that share a start state; 4 for `tokens`, else 1.", show_default=False)
    ] = None,
    delta: Annotated[
        float | None,
        typer.Option(
            help="Tolerated bias, relative to the gradient's norm; 0.1 by default, with --exact 0. A bias that shows "
            "and lies below is tolerated only if this is given.",
            show_default=False,
        ),
    ] = None,
    alpha: Annotated[float, typer.Option(help="Probability that a verdict is wrong.")] = 1e-3,
    samples: Annotated[int, typer.Option("-n", "--samples", help="Episodes after which the answer is undecided.")] = (
        1_000_000
    ),
    exact: Annotated[bool, typer.Option("--exact", help="Enumerate all batches instead of sampling.")] = False,
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            help="An unbiased estimator, by name or as text, with whose exact variance it is compared. Can be given "
            "several times.",
            show_default=False,
        ),
    ] = None,
    up_to_scale: Annotated[bool, typer.Option("--up-to-scale", help="Judge the direction only.")] = False,
    max_seconds: Annotated[
        float | None, typer.Option(help="Stop after the look that passes this time; the answer stays valid.")
    ] = None,
    keep_padding: Annotated[
        bool, typer.Option("--no-poison", help="Leave padding and V(terminal) at 0 instead of numbers that show.")
    ] = False,
    seed: options.Seed = 0,
    as_json: options.AsJson = False,
) -> None:
    """Audit a gradient estimator: is its mean the true gradient, and if not, which mistake does it make?

    `FUNCTION(theta, batch)` returns a gradient; see docs/audit.md. Its module is imported and the function is run, with
    your permissions: do not audit code that you would not run. Exit status 1 when it is biased or undecided.

    Example: `pgsym audit mylosses.py:gradient short-corridor --horizon 20`

    Example: `pgsym audit mylosses.py:grpo tokens`
    """
    from rich.console import Group

    from pgsym.auditing import audit as run
    from pgsym.auditing import standard_suite, token_suite
    from pgsym.auditing.assertion import summary
    from pgsym.display.figure import ANSWERS
    from pgsym.estimators.groups import GROUP_ESTIMATORS
    from pgsym.reports.terminal import console, indented, result_table, working

    estimator = function if function in GROUP_ESTIMATORS else telling(load_function(function))
    suite = {SUITE: standard_suite, TOKENS: token_suite}.get(model)
    common: dict[str, Any] = {
        "target": target,
        "truth": truth,
        "layout": layout,
        "framework": framework,
        "batch_size": batch_size,
        "delta": delta,
        "max_samples": samples,
        "mode": "exact" if exact else "sample",
        "up_to_scale": up_to_scale,
        "baselines": baseline or (),
        "max_seconds": max_seconds,
        "poison": not keep_padding,
        "seed": seed,
        "beta": beta,
        "entropy": entropy,
        **({} if kl_to is None else {"kl_to": assignments(kl_to, "--kl-to")}),
        **({} if not behaviour else {"behaviour": policies(behaviour)}),
        **({} if group_size is None else {"group_size": group_size}),
    }
    results = {}
    if suite is not None:
        fixed = f"with {model}, whose problems are fixed; it changes a MODEL. Name one"
        refuse_unused(fixed, "MODEL", objective=objective, theta=theta, gamma=gamma, values=values, trusted=trusted)
        cases = list(suite())
        for case in cases:
            with working(f"auditing on {case.name}"):
                given = {**case.options, "alpha": alpha / len(cases), **common}
                given |= {} if horizon is None else {"horizon": horizon}
                results[case.name] = run(case.problem, estimator, **given)
    else:
        problem = load_problem(model, objective, theta, gamma, values, trusted)
        with working("auditing"):
            results[problem.name] = run(problem, estimator, horizon=horizon, alpha=alpha, **common)
    if as_json:
        print_json({name: result.to_json() for name, result in results.items()})
    elif suite is not None:
        console().print(Group(*map(indented, summary(function, results).splitlines())))
    else:
        for name, result in results.items():
            console().print(f"[bold]{name}[/]")
            console().print(result_table(result, style=ANSWERS[result.verdict]))
    raise typer.Exit(0 if all(r.unbiased or (delta is not None and r.tolerated) for r in results.values()) else 1)


def policies(texts: list[str]) -> Any:
    """What --behaviour says.

    >>> policies(["u=0"]), policies(["3/4: u=0", "1/4: top-k=2"])
    ({'u': '0'}, [('3/4', {'u': '0'}), ('1/4', {'top-k': '2'})])
    """
    parts = [text.rpartition(":") for text in texts]
    found = [(share.strip() or 1, assignments(rest, "--behaviour")) for share, _, rest in parts]
    return found[0][1] if len(found) == 1 and not parts[0][1] else found


def telling(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function of somebody else's, whose exceptions become one message with the lines of that code alone."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (PgsymError, ModuleNotFoundError):
            raise
        except Exception as error:
            lines = [
                frame
                for frame in traceback.extract_tb(error.__traceback__)[1:]
                if "importlib" not in frame.filename and frame.name != "__getattr__"
            ]
            raise SamplingError(
                f"your code raised {type(error).__name__}: {error}; an estimator returns a gradient. Mend it\n"
                + "".join(traceback.format_list(lines)).rstrip(),
                where="estimator",
            ) from None

    return call


def load_function(place: str) -> Any:
    """The function at MODULE:FUNCTION or FILE.py:FUNCTION."""
    source, colon, name = place.rpartition(":")
    if not colon or not name:
        from pgsym.estimators.groups import GROUP_ESTIMATORS
        from pgsym.expression.complaint import nearest

        known = nearest(place, GROUP_ESTIMATORS, "names are")
        raise SchemaError(
            f"found {place!r}; must read MODULE:FUNCTION or FILE.py:FUNCTION, or be a name: {known}. Write one",
            where="function",
        )
    if source.endswith(".py"):
        path = Path(source)
        if not os.path.isfile(path):
            raise SchemaError(
                f"{source} is no file; the estimator is imported from there. Check the path", where="function"
            )
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        telling(spec.loader.exec_module)(module)
    else:
        sys.path.insert(0, str(Path.cwd()))
        try:
            module = telling(importlib.import_module)(source)
        except ModuleNotFoundError as error:
            raise SchemaError(
                f"{error}; the estimator is imported from there. Check the name", where="function"
            ) from None
        finally:
            sys.path.remove(str(Path.cwd()))
    if not callable(getattr(module, name, None)):
        raise SchemaError(
            f"{source} has no function {name!r}; an estimator(theta, batch) is required", where="function"
        )
    return getattr(module, name)
