"""`pgsym check` and `pgsym derive`: a text decided relation by relation, and the proof that pgsym writes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli.app import print_json
from pgsym.cli.problem import AsJson, Seed, command
from pgsym.errors import ClaimError

if TYPE_CHECKING:
    from pgsym.claims.script import Script
    from pgsym.model.problem import Problem


@command
def check(
    problem: Problem,
    claims: Annotated[
        str, typer.Argument(help="A file of claims, or one claim as text: 'grad J = ...'.", show_default=False)
    ],
    method: Annotated[str, typer.Option(help="auto, normal form or identity test.")] = "auto",
    error_bits: Annotated[
        int, typer.Option(min=1, max=10_000, help="An identity test errs with probability at most 2^-BITS.")
    ] = 100,
    seed: Seed = 0,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Typeset the text with its verdicts: .tex, .html, .md, .pdf or .claims."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Decide the claims of a file, or one claim, on MODEL: each line with its verdict, false ones with their defect.

    A verdict holds for all parameters of the policy; `--theta` is where both sides of a false line are shown.
    With `-o` the text is typeset, and what is wrong with its false lines stands at the end.  Exit status 1 when a line
    is false or does not apply to MODEL.

    Example: `pgsym check two-state "sum[s] mu(s) * V(s) = rbar / (1 - gamma)" --objective stationary-value`
    """
    from pgsym.reports.terminal import audit_text, console, working

    if out is not None:
        from pgsym.model.files.atomic import require_place
        from pgsym.reports.files import require_format, write_derivation

        require_format(out)
        require_place(out)
    script = read_claims(claims)
    with working("deciding") as status:
        audit = script.check(
            problem,
            method=method,
            error_bits=error_bits,
            seed=seed,
            progress=lambda k, n: status.update(f"deciding relation {k} of {n} ..."),
        )
    if as_json:
        print_json({"model": problem.name, "objective": str(problem.objective), "claims": script.name or None}
                   | audit.to_json())  # fmt: skip
    else:
        console().print(audit_text(audit, problem, script.name), soft_wrap=True)
    if out is not None:
        print(f"wrote {write_derivation(audit.derivation, out)}", file=sys.stderr)
    raise typer.Exit(0 if audit.holds else 1)


def read_claims(claims: str) -> Script:
    """A file where there is one of that name; else the text itself."""
    from pgsym.claims.language.relation import LISTED
    from pgsym.claims.script import Script

    try:
        exists = bool(claims) and Path(claims).exists()
    except (OSError, ValueError):  # longer than a path can be, or with a character that no path has
        exists = False
    looks_like_a_file = Path(claims).suffix in (".claims", ".txt") and not any(c in claims for c in "=\n")
    script = Script.load(claims) if exists or looks_like_a_file else Script.parse(claims)
    if not script.relations:
        raise ClaimError(f"found no relation; a claim has {LISTED} between two sides. Write one",
                         where=script.name or "claims")  # fmt: skip
    return script


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
        found = derived(problem, level=level, seed=seed)
    if out is not None:
        print(f"wrote {write_derivation(found, out)}", file=sys.stderr)
    if pdf is not None:
        with working("typesetting"):
            typeset(found.document(), pdf)
        print(f"wrote {pdf}", file=sys.stderr)
    if out is None and pdf is None:
        console().print(found.text(), soft_wrap=True, markup=False, end="")
    raise typer.Exit(0 if found.audit is not None and found.audit.holds else 1)
