"""`certify`: a proof about one model, as a file that Coq's kernel checks."""

from __future__ import annotations

import random
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import sympy as sp

from pgsym.certificates.closed import CoqForms, closed_section
from pgsym.certificates.headers import WIDTH, boxed, inequality_header, legend, theorem_header
from pgsym.certificates.inequality import InequalityTheorems
from pgsym.certificates.instance import CertifiedModel
from pgsym.certificates.kernel import Check, check
from pgsym.certificates.point import Point, policy_lemmas, rational_odds
from pgsym.certificates.sections import IMPORTS, model_section, policy_section
from pgsym.certificates.signs import refusal
from pgsym.certificates.solution import solution_section
from pgsym.certificates.terms import Written, ended, number
from pgsym.certificates.translate import Translation
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.counterexample import Coordinate, Witness
from pgsym.claims.decide import Decision
from pgsym.claims.language import parse
from pgsym.claims.language.relation import EQUAL, RELATIONS, UNEQUAL
from pgsym.claims.language.statement import Claim
from pgsym.claims.verify import policy_gradient_theorem
from pgsym.claims.witness import find_witness
from pgsym.errors import CertificateError, HypothesisError
from pgsym.exact import solve
from pgsym.expression.linear import common_denominators
from pgsym.limits import CERTIFICATE_SECONDS, CLOSED_FORM_TERMS
from pgsym.model.files.atomic import write_atomically
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.structure import Structure

COVERED = (Objective.START_STATE, Objective.AVERAGE_REWARD, Objective.STATIONARY_VALUE)
"""Objectives whose J, weights and values Coq's library knows."""


@dataclass(frozen=True)
class Certificate:
    """A Coq file about one model."""

    text: str = field(repr=False)
    kind: str
    """``theorem``: the policy gradient theorem holds; ``refutation``: a claim fails at a point."""
    statement: str
    """What is proved, in the claim language."""
    legend: tuple[tuple[str, str], ...] = field(repr=False)
    """Identifiers of the file, and what they stand for."""
    theorems: tuple[str, ...] = field(repr=False)
    """The theorems that the file is about."""

    def check(self, timeout: float = CERTIFICATE_SECONDS, work: Path | None = None) -> Check:
        """What Coq's kernel says within `timeout` seconds; ``not installed`` where there is no Coq.

        The compiled library is kept in `work`, by default in the user's cache folder; CertificateError where Coq does
        not accept the library itself: it is too old, or lacks Coquelicot.
        """
        return check(self.text, timeout, work)

    def write(self, path: Path | str) -> Path:
        """Write the file; `check` needs none, and ``coqc`` reads it under the name `coq_name`."""
        path = Path(path)
        if path.suffix != ".v":
            raise CertificateError(
                f"found {path.name!r}; Coq's files end in .v. Name it {path.stem or 'certificate'}.v", where="output"
            )
        return write_atomically(path, self.text)


def coq_name(path: Path) -> str:
    """The file's name as ``coqc`` accepts it: a module's name is an identifier.

    >>> coq_name(Path("two-state.v")), coq_name(Path("2x2.v"))
    ('two_state.v', '_2x2.v')
    """
    stem = re.sub(r"\W", "_", path.stem, flags=re.ASCII)
    return f"{'' if stem.isidentifier() else '_'}{stem}.v"


def certify(problem: ProblemLike, claim: Claim | str | None = None, *, closed_forms: bool | None = None) -> Certificate:
    """A Coq file that proves the policy gradient theorem for a model, or that refutes a claim about it.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`; its policy is softmax with linear logits.  A point that refutes a claim is looked for at
        its theta first, which serves if every exp(theta_i/q_i) is rational there.
    claim
        A tree, or the text of one relation; the policy gradient theorem by default.  For a false one the certificate
        has a point at which both sides are proved to be different rational numbers.
    closed_forms
        Whether pgsym's closed forms of J and its derivatives are proved too; by default where they are small.

    Returns
    -------
    Certificate
        The text of a Coq file; ``.check()`` runs Coq on it.

    Raises
    ------
    CertificateError
        No certificate is written for such a policy, claim or size; the message says what is.
    HypothesisError
        The objective is not defined on this model.

    See Also
    --------
    verify : The verdict without Coq.

    References
    ----------
    Boldo, Lelay & Melquiond, Coquelicot: a user-friendly library of real analysis for Coq, 2015.

    Examples
    --------
    >>> found = certify("sign-flip")
    >>> found.kind, found.statement
    ('refutation', 'grad J != sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)')
    """
    problem = Problem.of(problem)
    objective = problem.objective
    if objective not in COVERED:
        raise CertificateError(
            f"found {objective}; certificates are written for {', '.join(COVERED)}. Choose one of them",
            where="objective",
        )
    usual = policy_gradient_theorem(objective)
    found = _parsed(claim) if isinstance(claim, str) else claim
    if (found is None or found == usual) and objective is not Objective.STATIONARY_VALUE:
        return _theorem(problem, usual, closed_forms)
    found = usual if found is None else found
    verdict = Decision(problem).decide(found)
    if verdict.reason:
        raise HypothesisError(f"{verdict.reason}", where=str(found))
    if RELATIONS[found.relation].larger is not None and verdict.proved:
        return _inequality(problem, found)
    if found.relation != EQUAL or verdict.proved:
        raise CertificateError(
            f"found {verdict.status}; certificates are written for the policy gradient theorem of the start-state and "
            "average-reward objectives, for inequalities that are true, and for equalities that are false. "
            "See the verdict with pgsym check",
            where=str(found),
        )
    return _refutation(problem, found)


def _parsed(text: str) -> Claim:
    claims = parse(text).claims
    if len(claims) != 1:
        raise CertificateError(f"found {len(claims)} relations; a certificate is about one. Give one", where="claim")
    return claims[0]


def _theorem(problem: Problem, claim: Claim, closed_forms: bool | None) -> Certificate:
    at = CertifiedModel(problem.mdp, problem.policy, problem.objective)
    closed = closed_section(at, closed_forms)
    sections = list(filter(None, [model_section(at), policy_section(at), solution_section(at), closed]))
    return _proved(at, claim, theorem_header(at, problem.name or "of this file", closed is not None), sections, r"\S+")


def _inequality(problem: Problem, claim: Claim) -> Certificate:
    mdp, policy, objective = problem.mdp, problem.policy, problem.objective
    at = CertifiedModel(mdp, policy, objective)
    if objective is Objective.STATIONARY_VALUE:
        raise refusal(f"the {objective} objective")
    forms = CoqForms(at, solve(problem, budget=CLOSED_FORM_TERMS))
    if not forms.shown:
        raise refusal("a denominator that is not seen to be positive")
    found = InequalityTheorems(at, BoundClaim(claim, mdp, policy, objective, Structure(mdp, policy)), forms)
    sections = [model_section(at), policy_section(at), solution_section(at), found.section()]
    header = inequality_header(at, problem.name or "of this file", claim, found.positive)
    return _proved(at, claim, header, sections, r"claim_\d+")


def _proved(at: CertifiedModel, claim: Claim, header: str, sections: list[str], names: str) -> Certificate:
    """A file about its theorems with such names."""
    body = "\n\n".join(sections)
    theorems = tuple(re.findall(rf"^Theorem ({names})", body, re.MULTILINE))
    end = f"Definition all_of_it := ({', '.join(theorems)}).\n\nEnd Model.\n\nPrint Assumptions all_of_it.\n"
    text = "\n\n".join([header, IMPORTS, body, end])
    return Certificate(text, "theorem", str(claim), tuple(at.names.legend), theorems)


def _refutation(problem: Problem, claim: Claim) -> Certificate:
    mdp, policy, objective = problem.mdp, problem.policy, problem.objective
    setting = BoundClaim(claim, mdp, policy, objective, Structure(mdp, policy))
    witness = _witness(setting, problem.exact_point)
    at = CertifiedModel(mdp.subs(witness.symbols) if witness.symbols else mdp, policy, objective)
    point = Point(at, witness.theta)
    coordinate = witness.differing[0]
    if len(coordinate.parameters) > 1:
        raise CertificateError("the claim is about a matrix; refutations are written for numbers and gradients. "
                               "Decide it with pgsym check", where=str(claim))  # fmt: skip
    param = coordinate.parameters[0] if coordinate.parameters else None
    translation = Translation(point, setting.scope, param, witness.values, setting.functions)
    env = dict(coordinate.places)
    left, right = translation.at_point(claim.left, env), translation.at_point(claim.right, env)
    _agree(left, witness.left[coordinate])
    _agree(right, witness.right[coordinate])
    parts = [
        _header(at, problem.name, claim, witness, coordinate, left, right),
        IMPORTS,
        model_section(at),
        policy_section(at),
        "(* -- 3. The point " + "-" * 82 + " *)\n",
        policy_lemmas(point),
        "(* -- 4. What the equations force there " + "-" * 61 + " *)\n",
        point.text(),
        _numbers(point, translation),
        "(* -- 5. The claim there " + "-" * 76 + " *)\n",
        _derivatives(point, translation),
        _conclusion(left, right),
        "End Model.\n\nPrint Assumptions refuted_claim.",
    ]
    text, statement = "\n\n".join(filter(None, parts)) + "\n", str(claim).replace(EQUAL, UNEQUAL)
    return Certificate(text, "refutation", statement, tuple(at.names.legend), ("refuted_claim",))


def _witness(setting: BoundClaim, theta: Mapping[sp.Symbol, sp.Expr] | None) -> Witness:
    """A point at which all is rational; at `theta` if it serves."""
    q, _ = common_denominators(setting.policy.forms())
    if theta is not None:
        try:
            for p in setting.policy.params:
                rational_odds(theta[p], q.get(p, 1))
        except CertificateError:
            theta = None
    try:
        return find_witness(setting, random.Random(0), theta)
    except HypothesisError as error:
        raise CertificateError(
            f"no point was found that refutes it ({error.message})", where=str(setting.claim)
        ) from None


def _agree(side: Written, value: sp.Expr) -> None:
    """Both evaluations, pgsym's and the certificate's, give one number."""
    if sp.Rational(side.value.numerator, side.value.denominator) != value:
        raise CertificateError(f"found {side.value} where pgsym has {value}; both must be equal. Report this",
                               where=side.text)  # fmt: skip


def _numbers(point: Point, translation: Translation) -> str:
    """The tactic that puts numbers for all values."""
    steps = [f"cbv delta [{f}]; cbv beta" for f in translation.families if f == "J"]
    steps += ["action_values" for f in translation.families if f == "Q"]
    steps += [point.numbers(f) for f in translation.families if f not in ("rbar", "J", "Q")]
    if "rbar" in translation.families:
        steps.append("rewrite ?rbar_point")
    steps += [f"derivatives_{family.removeprefix('dpi_')}" for family in point.needed if family.startswith("dpi_")]
    for family in point.needed:
        if family.startswith("d") and not family.startswith(("dpi_", "drbar_")):
            steps.append(f"cbv beta iota delta [{family}_number]")
    return "Ltac point_numbers := cbv beta; " + "; ".join([*steps, "policy_numbers"]) + "."


def _derivatives(point: Point, translation: Translation) -> str:
    parts = []
    for name, moving in translation.derivatives:
        assert translation.param is not None
        proof = "\n    ".join(map(ended, moving.proof))
        parts.append(
            f"Lemma {name} : Derive (fun t => {moving.text}) {point.names[translation.param]} = "
            f"{number(moving.derivative)}.\nProof.\n  apply is_derive_unique. evar_last.\n  {{ {proof} }}\n"
            "  point_numbers. lra.\nQed."
        )
    listed = ", ".join(f"?{name}" for name, _ in translation.derivatives)
    step = f"rewrite {listed}; " if listed else ""
    return "\n\n".join([*parts, f"Ltac claim_numbers := {step}point_numbers."])


def _conclusion(left: Written, right: Written) -> str:
    sides = [
        f"Definition {label} : R :=\n{_wrapped(side.text)}.\n\n"
        f"Theorem {label}_side : {label} = {number(side.value)}.\n"
        f"Proof. unfold {label}. claim_numbers. lra. Qed."
        for label, side in (("left", left), ("right", right))
    ]
    refuted = "Theorem refuted_claim : left <> right.\nProof. rewrite left_side, right_side. lra. Qed."
    return "\n\n".join([*sides, refuted])


def _wrapped(text: str) -> str:
    """A long term on several lines; blanks are where Coq may be broken."""
    return textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False,
                         break_on_hyphens=False)  # fmt: skip


def _header(
    at: CertifiedModel, name: str, claim: Claim, witness: Witness, coordinate: Coordinate, left: Written, right: Written
) -> str:
    point = ", ".join(f"{s} = {v}" for s, v in {**witness.theta, **witness.symbols, **witness.values}.items())
    return boxed([
        f"A counterexample, for Coq's kernel to check: the claim {claim} ({at.objective}) is false for the model "
        f"{name or 'of this file'}.",
        r"\[ " + claim.latex() + r" \qquad \text{(false)} \]",
        f"At {point or 'this model'}, {coordinate}: the left side is {left.value}, the right side is {right.value} "
        "(theorems left_side, right_side and refuted_claim).",
        "No value is asserted. The policy is the softmax of its logits at the point; V, eta, mu and h are the only "
        "solutions of Bellman's, the balance, the stationarity and Poisson's equations of this model (MDP.v, "
        "AverageReward.v), and the numbers below are proved to solve them. Derivatives are derivatives of real "
        "functions of the parameter; those of V, eta, mu and h are the only solutions of the differentiated equations "
        "(PolicyGradient.v, Refutation.v).",
        "Nothing is assumed: the model has no symbols here, all its numbers are below.",
        *legend(at),
    ])  # fmt: skip
