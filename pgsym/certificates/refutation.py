"""The certificate of a refutation: a point at which both sides of a claim are different rational numbers."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Mapping

import sympy as sp

from pgsym.certificates.instance import CertifiedModel
from pgsym.certificates.point import Point, policy_lemmas, rational_odds
from pgsym.certificates.sections import IMPORTS, WIDTH, boxed, legend, model_section, policy_section
from pgsym.certificates.terms import Fixed, number
from pgsym.certificates.translate import Translation
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.language import tree as t
from pgsym.claims.verdict import Coordinate, Witness
from pgsym.claims.witness import find_witness
from pgsym.errors import AlgebraError, CertificateError
from pgsym.expression.linear import common_denominators
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure

Found = tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]


def refutation(problem: Problem, claim: t.Claim) -> Found:
    """The file, its legend, and the theorem that it proves.

    Raises
    ------
    CertificateError
        The claim holds what certificates do not know, or no rational point refutes it.
    """
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
    left, right = translation.fixed(claim.left, env), translation.fixed(claim.right, env)
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
    return "\n\n".join(part for part in parts if part) + "\n", tuple(at.names.legend), ("refuted_claim",)


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
    except AlgebraError as error:
        raise CertificateError(
            f"no point was found that refutes it ({error.message})", where=str(setting.claim)
        ) from None


def _agree(side: Fixed, value: sp.Expr) -> None:
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
    param = translation.param
    if param is not None and f"dpi_{point.at.params[param]}" in point.needed:
        steps.append(f"derivatives_{point.at.params[param]}")
    for family in point.needed:
        if family.startswith("d") and not family.startswith(("dpi_", "drbar_")):
            steps.append(f"cbv beta iota delta [{family}_number]")
    return "Ltac point_numbers := cbv beta; " + "; ".join([*steps, "policy_numbers"]) + "."


def _derivatives(point: Point, translation: Translation) -> str:
    parts = []
    for name, moving in translation.derivatives:
        assert translation.param is not None
        proof = "\n    ".join(line if line.endswith((".", "}")) else f"{line}." for line in moving.proof)
        parts.append(
            f"Lemma {name} : Derive (fun t => {moving.text}) {point.names[translation.param]} = "
            f"{number(moving.derivative)}.\nProof.\n  apply is_derive_unique. evar_last.\n  {{ {proof} }}\n"
            "  point_numbers. lra.\nQed."
        )
    listed = ", ".join(f"?{name}" for name, _ in translation.derivatives)
    step = f"rewrite {listed}; " if listed else ""
    return "\n\n".join([*parts, f"Ltac claim_numbers := {step}point_numbers."])


def _conclusion(left: Fixed, right: Fixed) -> str:
    sides = []
    for label, side in (("left", left), ("right", right)):
        sides.append(
            f"Definition {label} : R :=\n{wrapped(side.text)}.\n\n"
            f"Theorem {label}_side : {label} = {number(side.value)}.\n"
            f"Proof. unfold {label}. claim_numbers. lra. Qed."
        )
    return "\n\n".join([
        *sides,
        "Theorem refuted_claim : left <> right.\nProof. rewrite left_side, right_side. lra. Qed.",
    ])  # fmt: skip


def wrapped(text: str) -> str:
    """A long term on several lines; blanks are where Coq may be broken.

    >>> wrapped("a + b")
    '  a + b'
    """
    return textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False,
                         break_on_hyphens=False)  # fmt: skip


def _header(
    at: CertifiedModel,
    name: str,
    claim: t.Claim,
    witness: Witness,
    coordinate: Coordinate,
    left: Fixed,
    right: Fixed,
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
