"""`pgsym estimators`."""

from __future__ import annotations

from typing import Annotated

import typer

from pgsym.cli.app import app, print_json
from pgsym.cli.problem import AsJson


@app.command()
def estimators(
    name: Annotated[str | None, typer.Argument(help="One of them, or a text of your own.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the estimators that have a name: their text, what its names stand for, and who wrote of it.

    Example: `pgsym estimators gae`

    Example: `pgsym estimators "let b(s) = V(s); sum[t] grad log pi(a_t|s_t) * (G_t - b(s_t))"`
    """
    from pgsym.reports.estimators import estimator_json, estimator_page, estimators_table, known
    from pgsym.reports.terminal import console

    if as_json:
        print_json(estimator_json(name) if name is not None else [estimator_json(one) for one in known()])
    else:
        console().print(estimators_table() if name is None else estimator_page(name))
