"""`pgsym check`, `derive`, `verify`, `certify`: statements decided, derived and proved on a model."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pgsym.cli import options
from pgsym.cli.app import app, command, load_estimator, load_problem, print_json, refuse_unused, use_notation
from pgsym.errors import ClaimError, SchemaError

if TYPE_CHECKING:
    from pgsym.claims.derivation import Derivation
    from pgsym.claims.script import Script
    from pgsym.model.problem import Problem


@app.command()
def check(
    model: Annotated[
        str, typer.Argument(help="A MODEL as for `pgsym solve`; of a note it can be left away.", show_default=False)
    ],
    claims: Annotated[
        str | None,
        typer.Argument(
            help="A file of claims, one claim as text: 'grad J = ...', a formula in TeX, or a note: .md, .tex, .rst, "
            ".html, .ipynb, - .",
            show_default=False,
        ),
    ] = None,
    objective: options.ObjectiveName = None,
    theta: options.Theta = None,
    gamma: options.Gamma = None,
    values: options.Values = None,
    trusted: options.Trusted = False,
    method: Annotated[str, typer.Option(help="auto, normal form or identity test.")] = "auto",
    error_bits: Annotated[
        int, typer.Option(min=1, max=10_000, help="An identity test errs with probability at most 2^-BITS.")
    ] = 100,
    seed: options.Seed = 0,
    read: Annotated[
        list[str] | None,
        typer.Option(
            help='What a letter of a note means, e.g. "d: eta". Can be given several times.', show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Typeset the text with its verdicts: .tex, .html, .md, .pdf or .claims."),
    ] = None,
    notation: options.NotationName = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Decide a note again whenever its file changes; print what is new.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Decide the claims of a file, one claim, or a note on MODEL: a verdict for each line, the defect of false ones.

    A verdict holds for all parameters of the policy; `--theta` is where both sides of a false line are shown.
    With `-o` the text is typeset, and what is wrong with its false lines stands at the end.  A note is written again
    with its verdicts: to `-o`, else beside the note as NAME.audited.md.  Exit status 1 when a line is false, is
    undecided or does not apply to MODEL.

    Example: `pgsym check two-state "sum[s] mu(s) * V(s) = rbar / (1 - gamma)" --objective stationary-value`
    """
    from pgsym.cli.note import check_note, is_note

    use_notation(notation)
    if claims is None and not is_note(model):
        load_problem(model, objective, theta, gamma, values, trusted)
        raise SchemaError(
            f'found {model} without claims; a claim, a file or a note is required. Write pgsym check {model} "J = J"',
            where="check",
        )
    if claims is None:
        without = "without a model; it changes one. Write pgsym check MODEL NOTE"
        refuse_unused(without, "check", theta=theta, gamma=gamma, values=values, trusted=trusted)
    problem = None if claims is None else load_problem(model, objective, theta, gamma, values, trusted)
    if is_note(claims or model):
        check_note(claims or model, problem, objective=objective, read_as=read or [], method=method,
                   error_bits=error_bits, seed=seed, out=out, as_json=as_json, watched=watch)  # fmt: skip
    refuse_unused("with a claim; a note in a file is watched. Give a note", "check", watch=watch)
    refuse_unused("with a claim; it says what a letter of a note means. Give a note", "check", read=read)
    assert problem is not None
    assert claims is not None
    from pgsym.reports.terminal import audit_text, console, working

    if out is not None:
        from pgsym.reports.files import require_format, write_derivation

        require_format(out)
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
    from pgsym.cli.note import NOTES

    exists = os.path.exists(claims)
    looks_like_a_file = Path(claims).suffix in (".claims", ".txt", *NOTES) and not any(c in claims for c in "=\n")
    if exists and Path(claims).suffix in NOTES:
        raise SchemaError(
            f"found a note; claims are required. Run pgsym check {claims}, which reads notes", where=claims
        )
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
    claim: Annotated[
        str | None,
        typer.Option(
            "-c", "--claim", help="Derive this instead: a claim as text, or the name of a theorem.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Write .tex, .md, .html, .pdf or .claims; the terminal shows text if absent."),
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write a PDF too; needs a TeX engine.")] = None,
    notation: options.NotationName = None,
    seed: options.Seed = 0,
) -> None:
    """Derive the policy gradient theorem, or a claim, for MODEL; every line is decided before it is printed.

    The proof in symbols, the same lines in MODEL's states and numbers, closed forms, and the verdict on each
    relation.  The proof of a claim is found (see prove).  Exit status 1 when a line is not proved.

    Example: `pgsym derive short-corridor -o derivation.tex --pdf derivation.pdf`
    """
    from pgsym.claims.derivation import derive as derived
    from pgsym.model.files.atomic import require_place
    from pgsym.reports.files import require_format, typeset, write_derivation
    from pgsym.reports.terminal import console, working

    use_notation(notation)
    if out is not None:
        require_format(out)
    if pdf is not None:
        require_place(pdf)
    with working("deciding every line of the derivation"):
        found = derived(problem, level=level, seed=seed) if claim is None else _proof_of(claim, problem, level)
    if out is not None:
        print(f"wrote {write_derivation(found, out)}", file=sys.stderr)
    if pdf is not None:
        with working("typesetting"):
            typeset(found.document(), pdf)
        print(f"wrote {pdf}", file=sys.stderr)
    if out is None and pdf is None:
        console().print(found.text(), soft_wrap=True, markup=False, end="")
    raise typer.Exit(0 if found.audit is not None and found.audit.holds else 1)


def _proof_of(claim: str, problem: Problem, level: str) -> Derivation:
    """A proof that is found, on a model."""
    from pgsym.claims.catalogue import theorem_names
    from pgsym.prover import prove

    given = claim if claim in theorem_names() else read_claims(claim)
    own = None if given == claim else problem.objective
    return prove(given, objective=own, refute=False).derivation(problem, level=level)


@command
def verify(
    problem: Problem,
    *,
    estimator: options.EstimatorText = "reward-to-go",
    samples: Annotated[
        int, typer.Option("-n", "--samples", help="Trajectories to sample; 0 for the verdict alone.")
    ] = options.DEFAULT_SAMPLES,
    seed: options.Seed = 0,
    horizon: options.Horizon = None,
    let: options.Let = None,
    as_json: options.AsJson = False,
) -> None:
    """Decide the policy gradient theorem on MODEL, and check sampled gradients against the exact one.

    Prints the verdict, the exact and the sampled gradient with z-scores, and one closing line.  Exit status 1
    when the theorem is refuted or the samples are inconsistent.

    Example: `pgsym verify two-state --objective stationary-value`
    """
    from pgsym.claims import verify as decide
    from pgsym.expression.complaint import short
    from pgsym.reports.terminal import console, cross_check_table, highlighted, sampling, working

    chosen = load_estimator(estimator, problem.mdp, let)
    with working("deciding the theorem"):
        verdict = decide(problem)
    if not as_json:
        console().print(f"[bold]{problem.name}[/] ({problem.objective}, {problem.mdp})")
        console().print(highlighted(verdict.text()))
    check = None
    free = ", ".join(sorted(s.name for s in problem.mdp.symbols))
    if verdict.reason == "" and not free and samples:
        with sampling() as progress:
            # It loads JAX, which takes a second of its own.
            from pgsym.auditing import cross_check

            check = cross_check(problem, chosen, n=samples, seed=seed, horizon=horizon, progress=progress)
    holds = verdict.proved and (check is None or check.consistent)
    if as_json:
        place = {p.name: str(problem.theta[p]) for p in problem.policy.params}
        sampled = check.to_json() if check else None
        print_json({"theta": place, "verdict": verdict.to_json(), "cross_check": sampled, "holds": holds})
    else:
        if check is not None:
            console().print(cross_check_table(check, problem.theta))
        elif free and samples:
            print(f"not sampled: {short(free)} without value; sampling needs numbers", file=sys.stderr)
        console().print(f"[bold]verdict: {verdict.status}" + (f"; {check.summary}" if check else "") + "[/]")
    raise typer.Exit(0 if holds else 1)


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
    as_json: options.AsJson = False,
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
