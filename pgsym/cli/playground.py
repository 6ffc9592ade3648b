"""`pgsym playground`: the page on which pgsym runs in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pgsym.cli.app import app


@app.command()
def playground(
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder to write.")],
    cache: Annotated[
        Path | None,
        typer.Option(help="Where what is fetched is kept; by default in your cache folder.", show_default=False),
    ] = None,
) -> None:
    """Write a page on which to draw an MDP and decide claims, without installation: pgsym itself, in a browser.

    Pyodide is fetched by npm and its packages by pip, once; what is written asks for nothing else, and any static
    server serves it.  Node.js compiles Python for the browser.

    Example: `pgsym playground -o playground && python -m http.server -d playground`
    """
    from pgsym.playground.build import write_playground
    from pgsym.reports.terminal import working

    with working("writing the playground") as status:
        page = write_playground(out, cache=cache, progress=status.update)
    print(f"wrote {page}")
