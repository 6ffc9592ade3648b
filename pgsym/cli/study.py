"""`pgsym study`: run, show and plot."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from pgsym.cli import options
from pgsym.cli.app import app, print_result

study = typer.Typer(
    help="Run many estimates at once, on many workers, into one SQLite file; look at the results.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(study, name="study")

File = Annotated[Path, typer.Argument(help="The SQLite file of a study.", show_default=False)]


@study.command()
def run(
    file: Annotated[Path, typer.Argument(metavar="STUDY.yaml", help="The study file.", show_default=False)],
    workers: Annotated[
        int | None, typer.Option(help="Processes of this machine, one for each core by default; 0: none besides this.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="Instead, the address of a dask scheduler, such as tcp://host:8786.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The SQLite file; the study's name with .sqlite by default.")] = None,
    as_json: options.AsJson = False,
) -> None:
    """Do what is missing of a study.  Killed at any moment, it goes on from there when run again.

    Example: `pgsym study run examples/study/corridor.yaml --workers 2`
    """
    from pgsym.study import run_study

    try:
        found = run_study(file, out, workers=workers, scheduler=scheduler, progress=None)
    except KeyboardInterrupt:
        print("what is done is kept; run the same command again to go on", file=sys.stderr)
        raise
    print_result(found, as_json)


@study.command()
def show(file: File, as_json: options.AsJson = False) -> None:
    """Print a study's results as a table.

    Example: `pgsym study show corridor.sqlite`
    """
    from pgsym.study import StudyResult

    print_result(StudyResult(file), as_json)


@study.command()
def plot(
    file: File,
    out: Annotated[Path, typer.Option("--out", "-o", help="The picture: .svg, .pdf or .png.", show_default=False)],
) -> None:
    """Draw bias and variance against n: exact lines, sampled points.

    Example: `pgsym study plot corridor.sqlite -o corridor.svg`
    """
    from pgsym.model.files.atomic import require_place
    from pgsym.study.result import StudyResult, save

    require_place(out)
    save(StudyResult(file), out)
    print(f"wrote {out}", file=sys.stderr)
