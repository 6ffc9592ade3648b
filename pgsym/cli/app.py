"""The application, and how every failure becomes one message."""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import typer

from pgsym.errors import PgsymError

app = typer.Typer(
    name="pgsym",
    help="Exact policy gradients of finite MDPs: solve them, decide identities, check samples.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""Wrong options and arguments; typer's own copy of click, or click itself, whichever typer was built on."""


def print_json(data: Any) -> None:
    """Standard JSON: no NaN."""
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
        print("interrupted", file=sys.stderr)
        status = 130
    except BrokenPipeError:
        status = 0
    sys.exit(status)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)
