"""`pgsym zoo`."""

from __future__ import annotations

from typing import Annotated

import typer

from pgsym.cli.app import app, print_json
from pgsym.cli.options import AsJson


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
    from pgsym.reports.terminal import console, zoo_table

    if name is not None:
        print(dumps(named(name), "json" if as_json else "yaml"))
    elif as_json:
        print_json([{"name": e.name, "description": e.description, "source": e.source} for e in zoo_entries()])
    else:
        console().print(zoo_table(zoo_entries()))
