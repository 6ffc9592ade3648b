"""`pgsym derive`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli.problem import Seed, command

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


@command
def derive(
    problem: Problem,
    level: Annotated[
        str, typer.Option(help="general: the proof in symbols; model: its lines for MODEL; both.")
    ] = "both",
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Write .tex, .md, .html, .pdf or .claims; the terminal shows text if absent."),
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write a PDF too; needs a TeX engine.")] = None,
    seed: Seed = 0,
) -> None:
    """Derive the policy gradient theorem for MODEL; every line is decided before it is printed.

    The proof in symbols, the same lines in MODEL's states and numbers, closed forms, and the verdict on each
    relation.  Exit status 1 when a line is not proved.

    Example: `pgsym derive short-corridor -o derivation.tex --pdf derivation.pdf`
    """
    from pgsym.claims.derivation import derive as derived
    from pgsym.model.files.atomic import require_place
    from pgsym.reports.files import require_format, typeset, write_derivation
    from pgsym.reports.terminal import console, working

    if out is not None:
        require_format(out)
    for place in filter(None, (out, pdf)):
        require_place(place)
    with working("deciding every line of the derivation"):
        found = derived(
            problem,
            level=level,
            seed=seed,
        )
    if out is not None:
        print(f"wrote {write_derivation(found, out)}", file=sys.stderr)
    if pdf is not None:
        with working("typesetting"):
            typeset(found.document(), pdf)
        print(f"wrote {pdf}", file=sys.stderr)
    if out is None and pdf is None:
        console().print(found.text(), soft_wrap=True, markup=False, end="")
    raise typer.Exit(0 if found.audit is not None and found.audit.holds else 1)
