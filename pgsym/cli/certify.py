"""`pgsym certify`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli.app import print_json
from pgsym.cli.problem import AsJson, command

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


@command
def certify(
    problem: Problem,
    claim: Annotated[
        str | None, typer.Option(help="An equality of the claim language that is false: its refutation is written.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the certificate to this file, e.g. certificate.v.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Let Coq check it, where Coq is installed.")] = False,
    closed_forms: Annotated[
        bool | None,
        typer.Option(
            "--closed-forms/--no-closed-forms",
            help="Prove the closed forms of J and its derivatives; by default where they are short or of two states.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1.0, help="Seconds that Coq may take.")] = 600.0,
    work: Annotated[
        Path | None, typer.Option(help="Where Coq's library is kept, compiled; by default the user's cache folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a proof about MODEL that Coq's kernel checks: the policy gradient theorem, or that a claim is false.

    Without `-o` and `--check` the certificate goes to standard output.  Exit status 1 when Coq refuses it or does not
    answer in time, 2 when `--check` finds no Coq.

    Example: `pgsym certify short-corridor --check`
    """
    from pgsym.certificates import Answer
    from pgsym.certificates import certify as write
    from pgsym.certificates.certificate import coq_name
    from pgsym.model.files.atomic import require_place
    from pgsym.reports.terminal import working

    if output is not None:
        require_place(output)
    with working("writing the certificate"):
        found = write(problem, claim, closed_forms=closed_forms)
    if output is not None:
        found.write(output)
        name = coq_name(output)
        note = "" if name == output.name else f"; to run coqc on it yourself, call it {name}: a module has such a name"
        print(f"wrote {output}{note}", file=sys.stderr)
    answer = None
    if check:
        with working("Coq is checking"):
            answer = found.check(timeout, work)
    if as_json:
        print_json({
            "model": problem.name,
            "objective": str(problem.objective),
            "kind": found.kind,
            "statement": found.statement,
            "theorems": list(found.theorems),
            "check": None if answer is None else answer.to_json(),
            "legend": dict(found.legend),
        })  # fmt: skip
    elif answer is not None:
        print(f"{problem.name} ({problem.objective}): {found.statement}")
        if "closed_form_J" in found.theorems:
            print("and the closed forms of J and its derivatives that pgsym prints equal these")
        print(str(answer))
    elif output is None:
        print(found.text, end="")
    if answer is not None and not answer.accepted:
        raise typer.Exit(2 if answer.answer is Answer.MISSING else 1)
