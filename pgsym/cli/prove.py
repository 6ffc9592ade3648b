"""`pgsym prove`, `pgsym refute` and `pgsym conjecture`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli import options
from pgsym.cli.app import app, print_json, use_notation
from pgsym.errors import SchemaError

if TYPE_CHECKING:
    from pgsym.claims.script import Script

Claims = Annotated[
    str,
    typer.Argument(
        help="A claim as text: 'grad J = ...', a file of claims, or the name of a theorem.", show_default=False
    ),
]
ClaimsObjective = Annotated[
    str | None,
    typer.Option(
        "--objective",
        "-J",
        help="start-state, average-reward or stationary-value; the file's or the theorem's by default.",
        show_default=False,
    ),
]
Assume = Annotated[
    list[str] | None,
    typer.Option(help="undiscounted (gamma = 1, and every run ends) or ending.", show_default=False),
]


def _given(claims: str) -> Script | str:
    from pgsym.claims.catalogue import theorem, theorem_names
    from pgsym.cli.check import read_claims

    if claims in theorem_names() or re.fullmatch(r"[a-z]+(-[a-z]+)+", claims):
        theorem(claims)  # its complaint names the nearest
        return claims
    return read_claims(claims)


@app.command()
def prove(
    claims: Claims,
    objective: ClaimsObjective = None,
    assume: Assume = None,
    refute: Annotated[bool, typer.Option(help="Look for the smallest MDP that refutes what has no proof.")] = True,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Write the proof as .tex, .md, .html, .pdf or .claims.")
    ] = None,
    notation: options.NotationName = None,
    check: Annotated[bool, typer.Option("--check", help="Let Coq check the proofs, where Coq is installed.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Prove claims for every finite MDP, of any number of states and actions; refute and correct false ones.

    A proof comes line by line, with what it needs of an MDP; a false claim with the smallest MDP that shows it, in
    states and actions, and with what is missing.  Exit status 1 when a claim is not proved, or Coq refuses its proof;
    2 when `--check` finds no Coq, or no theorem of Coq can be written.

    Example: `pgsym prove "J' - J = sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)"`
    """
    from pgsym.prover import prove as proved
    from pgsym.reports.terminal import console, highlighted, working

    use_notation(notation)
    if out is not None:
        # It loads what derivations are made of.
        from pgsym.reports.files import require_format, write_derivation

        require_format(out)
    given = _given(claims)
    with working("proving"):
        found = proved(given, objective=objective, hypotheses=assume or (), refute=refute)
    answers = []
    if not as_json:
        console().print(highlighted(str(found)), soft_wrap=True)
    if out is not None and found.proved:
        print(f"wrote {write_derivation(found.derivation(), out)}", file=sys.stderr)
    if check and found.proved:
        from pgsym.certificates import Answer, certify_every_mdp

        with working("Coq is checking"):
            answers = [certify_every_mdp(link).check() for link in found.links or (found,)]
    if as_json:
        print_json({**found.to_json(), **({"check": [answer.to_json() for answer in answers]} if check else {})})
    for answer in answers if not as_json else ():
        console().print(str(answer), soft_wrap=True)
    missing = any(answer.answer is Answer.MISSING for answer in answers)
    accepted = found.proved and all(answer.accepted for answer in answers)
    raise typer.Exit(2 if missing else 0 if accepted else 1)


@app.command()
def refute(
    claims: Claims,
    objective: ClaimsObjective = None,
    assume: Assume = None,
    max_states: Annotated[
        int, typer.Option(min=1, max=5, help="States of an MDP at most, a terminal one counted.")
    ] = 3,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Keep the MDP as a model file, e.g. model.yaml, or its picture: .svg, .png or .pdf.",
            show_default=False,
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Find the smallest MDP for which a claim is false, with both sides there, and what is true instead.

    Smallest in states and actions first, then in outcomes and rewards, then in numbers.  A claim that is proved for
    every finite MDP has none.  Exit status 1 when nothing is refuted.

    Example: `pgsym refute "grad J = sum[s] eta(s) * grad r_pi(s)" -o model.yaml`
    """
    from pgsym.prover import refute as refuted
    from pgsym.reports.terminal import console, highlighted, working

    given = _given(claims)
    if out is not None:
        from pgsym.model.drawing import svg
        from pgsym.model.files.atomic import require_place, write_atomically, write_figure
        from pgsym.model.formats import save

        require_place(out)
    with working("looking for a counterexample"):
        found = refuted(given, objective=objective, hypotheses=assume or (), max_states=max_states)
    each = found.links or (found,)
    examples = [v.counterexample for v in each if v.counterexample is not None]
    if as_json:
        print_json(found.to_json())
    else:
        for v in each:
            needs = f"\n  where {'; '.join(v.hypotheses)}" if v.hypotheses else ""
            nothing = f"{v.standing}: {v.claim}{needs}\n  nothing to refute"
            console().print(highlighted(nothing if v.proved else str(v)), soft_wrap=True)
    if out is not None and examples:
        if len(examples) > 1:
            raise SchemaError(
                f"found {len(examples)} false claims; a file holds the counterexample of one. Give one claim",
                where="--out",
            )
        if out.suffix == ".svg":
            write_atomically(out, svg(examples[0].problem.mdp))
        elif out.suffix in (".png", ".pdf"):
            write_figure(out, examples[0].problem.mdp.plot())
        else:
            save(examples[0].problem, out)
        print(f"wrote {out}", file=sys.stderr)
    raise typer.Exit(0 if examples else 1)


@app.command()
def conjecture(
    quantities: Annotated[
        str, typer.Option(help='Names of the vocabulary, e.g. "eta,V,Q,grad pi,grad J".', show_default=False)
    ],
    size: Annotated[int, typer.Option(min=1, max=5, help="Factors of a product at most.")] = 3,
    objective: Annotated[
        str, typer.Option("--objective", "-J", help="start-state, average-reward or stationary-value.")
    ] = "start-state",
    as_json: options.AsJson = False,
) -> None:
    """Find identities between products of some quantities that hold for every finite MDP, each with its proof.

    Example: `pgsym conjecture --quantities "eta,V,Q,pi,grad pi,grad J"`
    """
    from rich.text import Text

    from pgsym.prover import conjecture as conjectured
    from pgsym.reports.terminal import console, working

    with working("writing out products"):
        found = conjectured(quantities.split(","), size=size, objective=objective)
    if as_json:
        print_json(found.to_json())
    else:
        for link in found.links:
            needs = f"    ({'; '.join(link.hypotheses)})" if link.hypotheses else ""
            console().print(Text.assemble(str(link.claim), (needs, "dim")), soft_wrap=True)
