"""`pgsym floats`: models of up to millions of states, as arrays."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pgsym.cli.app import AsJson, app, print_json


@app.command()
def floats(
    model: Annotated[
        str, typer.Argument(help="Arrays in a file .npz (`FloatMDP.save`), or any other MODEL.", show_default=False)
    ],
    objective: Annotated[str, typer.Option("--objective", "-J", help="start-state or average-reward.")] = "start-state",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write all arrays to this file, .npz.", show_default=False)
    ] = None,
    as_json: AsJson = False,
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
    from pgsym.reports.terminal import console, result_table, working

    if out is not None:
        require_place(out)
    with working("float arrays"):
        arrays = FloatMDP.load(model) if Path(model).suffix == ".npz" else FloatMDP.of(locate(model).mdp)
        found = arrays.at(objective=objective)
        if out is not None:
            found.save(out)
        data = found.to_json() if as_json else result_table(found)
    print(found.assumption, file=sys.stderr)
    if as_json:
        print_json(data)
    else:
        console().print(data)
