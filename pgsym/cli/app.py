"""The application, how every failure becomes one message, and the options that several commands share."""

from __future__ import annotations

import functools
import inspect
import io
import json
import os
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
import typer.core

from pgsym.cli import options
from pgsym.errors import PgsymError, SchemaError

if TYPE_CHECKING:
    from pgsym.display.result import TableResult
    from pgsym.estimators.estimator import Estimator
    from pgsym.model.mdp import MDP
    from pgsym.model.problem import Problem


class _Commands(typer.core.TyperGroup):
    """In the order of the alphabet; an option that takes one value is given once."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            within = command.context_class(command, info_name=name, parent=ctx)
            _, _, given = command.make_parser(within).parse_args(args=list(rest))
            options = [
                p for p in given if p.param_type_name == "option" and not (p.multiple or getattr(p, "is_flag", False))
            ]
            for option, times in Counter(options).items():
                if times > 1:
                    remedy = "Join them with a comma" if option.name in ("theta", "values") else "Leave one out"
                    why = f"found {option.opts[0]} {times} times; it is given once. {remedy}"
                    raise _UsageError(why, ctx=within)  # type: ignore[call-arg]
        return name, command, rest


app = typer.Typer(
    name="pgsym",
    cls=_Commands,
    help="Exact policy gradients of finite MDPs: solve them, decide identities, check samples.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it; typer may answer with it itself."""

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""Wrong options and arguments; typer's own copy of click, or click itself, whichever typer was built on."""


def _version(asked: bool) -> None:
    if asked:
        from pgsym import __version__

        print(f"pgsym {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options that stand before a command."""


def print_json(data: Any) -> None:
    """Standard JSON: no NaN."""
    print(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False))


def print_result(
    found: TableResult, as_json: bool, *, cells: Sequence[Sequence[str]] | None = None, **head: Any
) -> None:
    """A result on the terminal, with `cells` in place of its own; or as JSON, behind `head`."""
    from pgsym.reports.terminal import console, result_table

    if as_json:
        print_json(head | found.to_json())
    else:
        console().print(result_table(found, cells=cells))


@app.command()
def doctor(as_json: options.AsJson = False) -> None:
    """Versions, devices, the field engine and optional packages in one table, for a bug report.

    Example: `pgsym doctor`
    """
    from pgsym.reports.doctor import diagnosis, doctor_table
    from pgsym.reports.terminal import console, working

    with working("looking at this installation"):
        found = diagnosis()
    if as_json:
        print_json({row.name: {"found": row.found, "note": row.note} for row in found})
    else:
        console().print(doctor_table(found))


_UNTIL_THE_END = ExitStack()
"""What a command has begun and its end finishes."""


def main() -> None:
    """Run the command line; every expected failure is one message, never a traceback."""
    as_json = "--json" in sys.argv[1:]
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names that the terminal's encoding lacks, and bytes of arguments that are no text, are shown escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning
    try:
        with _UNTIL_THE_END:
            status = app(read_arguments(sys.argv[1:]), standalone_mode=False)
    except PgsymError as error:
        from pgsym.reports.values import error_json

        if as_json:
            print_json(error_json(error))
        else:
            print(f"error: {error}", file=sys.stderr)
        status = 2
    except _UsageError as error:
        if as_json:
            print_json({"error": {"type": "UsageError", "message": str(error), "where": "arguments"}})
        else:
            error.show()  # type: ignore[attr-defined]
        status = 2
    except (typer.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    except BrokenPipeError:
        status = 0
    if status == INTERRUPTED:
        print("interrupted", file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        # A compiled program may still run in threads of its own; tearing the interpreter down under it crashes.
        os._exit(INTERRUPTED)
    sys.exit(status)


def read_arguments(arguments: Sequence[str]) -> list[str]:
    """Arguments for the parser of options; a claim that begins with a minus sign is not one of those.

    >>> read_arguments(["check", "two-state", "-grad J = 0", "-q", "--theta", "-log(2)"])
    ['check', 'two-state', ' -grad J = 0', '-q', '--theta', '-log(2)']
    """
    pairs = pairwise(["", *arguments])
    return [
        " " + text if re.match(r"-[^-].*[\s(\[]", text) and not before.startswith("-") else text
        for before, text in pairs
    ]


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)


def load_problem(
    model: str,
    objective: str | None,
    theta: str | None,
    gamma: str | None,
    values: str | None = None,
    trusted: bool = False,
) -> Problem:
    """MODEL with the options that replace parts of it; what nobody chose is said on standard error."""
    from pgsym.model.formats import locate

    problem = locate(model, trusted=trusted)
    if gamma is not None:
        problem = problem.replace(mdp=problem.mdp.replace(gamma=gamma))
    if objective is not None:
        problem = problem.replace(objective=objective)
    if theta is not None:
        given = {p.name: v for p, v in problem.theta.items()} | assignments(theta, "--theta")
        problem = problem.replace(theta=given)
    if values is not None:
        problem = problem.at(assignments(values, "--set"))
    if problem.assumption:
        print(problem.assumption, file=sys.stderr)
    return problem


def load_estimator(
    estimator: str,
    mdp: MDP,
    let: Sequence[str] | None = None,
    *,
    horizon: int | None = None,
    no_bootstrap: bool = False,
) -> Estimator:
    """The estimator of that name or text, its names replaced by what ``--let`` gives.

    >>> from pgsym.model.zoo import zoo
    >>> load_estimator("n-step", zoo("two-state").mdp, ["n=3", "v(x)=1/2"]).let
    {'v(s)': {'x': 1/2}}
    """
    from pgsym.cli.let import read_let
    from pgsym.estimators.estimator import find_estimator

    return find_estimator(estimator, read_let(let, mdp), horizon=horizon, bootstrap=not no_bootstrap)


def refuse_unused(why: str, where: str, **given: Any) -> None:
    """Refuse options, by their parameters, that would change nothing.

    >>> refuse_unused("without a model; it changes one. Name one", "MODEL", theta=None, values="p=1/2")
    Traceback (most recent call last):
      ...
    pgsym.errors.SchemaError: MODEL: found --set without a model; it changes one. Name one
    """
    names = {"values": "set", "trusted": "trust-file", "keep_policy": "keep-policy", "as_json": "json"}
    for name, value in given.items():
        if value:
            raise SchemaError(f"found --{names.get(name, name)} {why}", where=where)


def assignments(text: str, where: str, example: str = "t=log(2),u=0") -> dict[str, str]:
    """``a=1,b=log(2)`` by name; `example` is for the message.

    >>> assignments("a=1,b=log(2)", "--theta")
    {'a': '1', 'b': 'log(2)'}
    """
    found: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not value.strip():
            raise SchemaError(f"found {part!r}; must read name=value. Write {where} '{example}'", where=where)
        if name.strip() in found:
            raise SchemaError(f"found {name.strip()} twice; once is required. Leave one out", where=where)
        found[name.strip()] = value.strip()
    return found


def require_plot(plot: Path | None) -> None:
    """Refuse a picture that could not be written, before anything is computed for it."""
    if plot is not None:
        from pgsym.display.figure import require_format
        from pgsym.model.files.atomic import require_place

        require_format(plot)
        require_place(plot)


def save_plot(plot: Path, figure: Any) -> None:
    """Write a picture in the format of its ending, and say so."""
    from pgsym.model.files.atomic import write_figure

    print(f"wrote {write_figure(plot, figure)}", file=sys.stderr)


def use_notation(name: str | None) -> None:
    """LaTeX is written in that notation, until the command ends."""
    if name is not None:
        from pgsym.expression.notations import NOTATIONS, Notation, notation_of, written_in
        from pgsym.model.files.atomic import contents

        is_file = name not in NOTATIONS and os.path.exists(name)
        found = Notation.of(contents(Path(name), "tables are"), Path(name).name) if is_file else notation_of(name)
        _UNTIL_THE_END.enter_context(written_in(found))


_PROBLEM: dict[str, tuple[Any, Any]] = {
    "model": (options.Model, inspect.Parameter.empty),
    "objective": (options.ObjectiveName, None),
    "theta": (options.Theta, None),
    "gamma": (options.Gamma, None),
    "values": (options.Values, None),
    "trusted": (options.Trusted, False),
}
"""What a command's first parameter `problem` stands for: annotation and default of each option."""


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Register a command; the options behind `problem` are declared and read here, once for all."""
    hints = get_type_hints(function, localns={"Problem": Any}, include_extras=True)
    own = {name: (hints[name], p.default) for name, p in inspect.signature(function).parameters.items()}
    declared = _PROBLEM | {name: one for name, one in own.items() if name != "problem"}

    @functools.wraps(function)
    def run(**given: Any) -> None:
        function(load_problem(*(given.pop(key) for key in _PROBLEM)), **given)

    del run.__wrapped__
    run.__annotations__ = {name: annotation for name, (annotation, _) in declared.items()}
    run.__signature__ = inspect.Signature([  # type: ignore[attr-defined]
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in declared.items()
    ])  # fmt: skip
    return app.command()(run)
