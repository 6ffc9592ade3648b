"""The application, `pgsym doctor`, and how every failure becomes one message."""

from __future__ import annotations

import io
import json
import os
import sys
import warnings
from typing import Annotated, Any

import typer
import typer.core

from pgsym.errors import PgsymError


class _Alphabetical(typer.core.TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(self.commands)


app = typer.Typer(
    name="pgsym",
    cls=_Alphabetical,
    help="Exact policy gradients of finite MDPs: solve them, decide identities, check samples.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; the schema is described in docs/cli.md.")]

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


@app.command()
def doctor(as_json: AsJson = False) -> None:
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


def main() -> None:
    """Run the command line; every expected failure is one message, never a traceback."""
    as_json = "--json" in sys.argv[1:]
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names that the terminal's encoding lacks, and bytes of arguments that are no text, are shown escaped.
        sys.stdout.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning
    try:
        status = app(standalone_mode=False)
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


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)
