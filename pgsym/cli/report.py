"""`pgsym report`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli.app import print_json
from pgsym.cli.problem import DEFAULT_SAMPLES, AsJson, Horizon, Samples, Seed, command

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


@command
def report(
    problem: Problem,
    out: Annotated[
        Path, typer.Option("-o", "--out", help="The folder; it is made if it is not there.", show_default=False)
    ],
    samples: Samples = DEFAULT_SAMPLES,
    steps: Annotated[int, typer.Option(help="Steps of the learning curves.")] = 100,
    seeds: Annotated[int, typer.Option(help="Runs of the sampled learning curve.")] = 3,
    batch: Annotated[int, typer.Option(help="Trajectories of each of its steps.")] = 32,
    seed: Seed = 0,
    horizon: Horizon = None,
    as_json: AsJson = False,
) -> None:
    """Write all that pgsym knows about MODEL as one page, index.html, and as a LaTeX document, report.tex.

    The model's picture, sliders that recompute everything, exact quantities, the policy gradient theorem for the three
    objectives, the derivation checked line by line, exact beside sampled gradients, bias and variance of estimators,
    learning curves.  The page is one file that loads nothing: it works offline and can be sent.  What does not apply to
    MODEL says so in a sentence.  Ctrl-C leaves an earlier report as it was.  Needs the extra `report`.

    Example: `pgsym report short-corridor -o corridor`, then open corridor/index.html

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
        )
    if as_json:
        print_json({"model": problem.name, "objective": str(problem.objective), "files": [str(p) for p in written]})
    else:
        for path in written:
            print(f"wrote {path}", file=sys.stderr)
