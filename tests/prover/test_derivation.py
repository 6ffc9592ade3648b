"""Proofs for readers: whole, true line by line by a second reading, without a line twice; damaged ones are refused."""

import random

import pytest
import sympy as sp
from second_reading.meaning import Outcome
from second_reading.random_models import BOTH, outcomes
from second_reading.soundness import second_reading

import pgsym
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.language import parse
from pgsym.errors import ClaimError, SchemaError
from pgsym.model import MDP, Objective, Problem, sigmoid, tabular
from pgsym.model.structure import Structure
from pgsym.prover import combination, prove
from pgsym.prover import derivation as written
from pgsym.prover.equations import CONTINUING, INVERTIBLE, UNICHAIN
from pgsym.prover.run_tensors import ENDING

TRUE = [name for name in pgsym.theorem_names() if pgsym.theorem(name).holds]
SAMPLE = 3
"""Lines of each proof that are evaluated once more in an ordinary run; all of them behind the marker."""

PGT = "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)"
PDL = "J' - J = sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)"


def random_problem(rng, link, runs):
    """A model with numbers that meets the hypotheses: it ends where it may, soon where runs are written out."""
    endless = {CONTINUING, UNICHAIN} & set(link.hypotheses)
    ends = ["end"] * (not endless)
    later = {"x": ["y", "end"], "y": ["end"]} if runs else {s: ["x", "y", *ends] for s in "xy"}
    rows = [row for s in "xy" for a in BOTH for row in outcomes(rng, s, a, later[s])]
    gamma = 1 if ENDING in link.hypotheses else sp.Rational(rng.randint(1, 8), 9)
    mdp = MDP.from_transitions(rows, start={"x": "1/3", "y": "2/3"}, gamma=gamma, terminal=ends)
    logits = {s: f"theta_{s}" for s in "xy"}
    return Problem(mdp, sigmoid(mdp, logits) if INVERTIBLE in link.hypotheses else tabular(mdp), link.objective)


def chain(text, **options):
    """The terms of a proof, and its reasons."""
    statement = prove(text, **options).derivation().chains[-1].statement
    return list(map(str, statement.terms)), list(statement.reasons)


@pytest.mark.parametrize("name", TRUE)
def test_proofs_of_the_catalogue(name):
    """Each begins and ends with the sides of its claim; lines hold by an evaluation that shares nothing."""
    judge(name, SAMPLE)


@pytest.mark.slow
@pytest.mark.parametrize("name", TRUE)
def test_proofs_of_the_catalogue_line_by_line(name):
    judge(name, 1000)


def judge(name, most):
    rng = random.Random(name)
    found = prove(name, refute=False)
    for link in (v for v in found.links or [found] if v.proved):
        proof = link.derivation()
        statement = proof.chains[-1].statement
        assert (statement.terms[0], statement.terms[-1]) == (link.claim.left, link.claim.right)
        assert all(x != y for x, y in zip(statement.terms, statement.terms[1:], strict=False))
        inner = statement.terms[1:-1]
        assert len(set(inner)) == len(inner)
        assert all(statement.reasons)
        problem = random_problem(rng, link, "[tau" in proof.text())
        for claim in rng.sample(proof.claims, min(most, len(proof.claims))):
            setting = BoundClaim(
                claim, problem.mdp, problem.policy, link.objective, Structure(problem.mdp, problem.policy)
            )
            assert second_reading(setting, rng, 1)[0] is Outcome.EQUAL, str(claim)


def test_policy_gradient_reads_like_a_textbook():
    assert chain(PGT) == (
        [
            "grad J",
            "sum[s] mu0(s) * grad V(s)",
            "sum[s] eta(s) * (grad V(s) - gamma * sum[s'] P_pi(s,s') * grad V(s'))",
            "sum[s] eta(s) * (grad V(s) - sum[a] pi(a|s) * grad Q(s,a))",
            "sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)",
        ],
        [
            "definition of `J`, differentiated",
            "balance of visits (times `grad V(s)`, summed over `s`)",
            "Bellman's equation, differentiated (times `eta(s) * pi(a|s)`, summed over `s`, `a`)",
            "`V` is the mean of `Q`, differentiated (times `eta(s)`, summed over `s`)",
        ],
    )


def test_performance_difference():
    terms, _ = chain(PDL)
    assert terms == [
        "J' - J",
        "sum[s] mu0(s) * (V'(s) - V(s))",
        "sum[s] eta'(s) * (V'(s) - V(s) - gamma * sum[s'] P_pi'(s,s') * (V'(s') - V(s')))",
        "sum[s] eta'(s) * (V'(s) - V(s) - sum[a] pi'(a|s) * (Q'(s,a) - Q(s,a)))",
        "sum[s] eta'(s) * (sum[a] pi'(a|s) * Q(s,a) - V(s))",
        "sum[s] eta'(s) * sum[a] pi'(a|s) * (Q(s,a) - V(s))",
        "sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)",
    ]


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (PGT, 4),
        ("E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * G_t = grad J", 6),
        ("for all b(s): sum[s] eta(s) * sum[a] grad pi(a|s) * b(s) = 0", 1),
        ("sum[a] pi(a|s) * A(s,a) = 0", 3),
        ("V(s) + V(s) = 2 * V(s)", 1),
        ("J = J", 1),
    ],
)
def test_no_line_is_wasted(text, steps):
    assert len(chain(text)[1]) == steps


def test_equations_that_are_used_are_stated():
    proof = prove(PGT).derivation()
    assert [str(c.statement) for c in proof.chains[1:-1]] == [
        "grad J == sum[s] mu0(s) * grad V(s)",
        "eta(s) == mu0(s) + gamma * sum[s'] eta(s') * P_pi(s',s)",
        "grad Q(s,a) == gamma * sum[s'] P(s'|s,a) * grad V(s')",
        "grad V(s) == sum[a] grad pi(a|s) * Q(s,a) + sum[a] pi(a|s) * grad Q(s,a)",
    ]
    runs = prove("E[tau] sum[t] gamma^t * r_t = J").derivation()
    assert "let N(s,s') = E[tau | s_0=s] sum[t] gamma^t * 1[s_t=s'];" in runs.text()
    assert "V(s) = sum[s'] N(s,s') * r_pi(s')   # `V` sums rewards over visits" in runs.text()


def test_gradients_of_definitions_that_have_gradients_are_written():
    define = "let f(s) = grad V(s); let k(s) = sum[a] pi(a|s) * grad Q(s,a) + sum[a] grad pi(a|s) * Q(s,a)"
    terms, reasons = chain(f"{define}; grad f(s) = grad k(s)")
    assert terms[1] == "grad grad V(s)"
    assert reasons[:2] == ["definition of `f`", "`V` is the mean of `Q`, differentiated twice"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [(lines[0][0] | {k: 2 * c for k, c in lines[1][0].items()}, lines[0][1]), *lines[1:]],
        lambda lines: [*lines[:2], ({k: -c for k, c in lines[2][0].items()}, lines[2][1]), *lines[3:]],
        lambda lines: [*lines[:2], (dict(list(lines[2][0].items())[1:]), lines[2][1]), *lines[3:]],
    ],
)
def test_a_damaged_line_is_refused(monkeypatch, damage):
    right = written._in_order
    monkeypatch.setattr(written, "_in_order", lambda *args: damage(right(*args)))
    with pytest.raises(AssertionError, match="a line of the proof is refuted: "):
        prove(PGT).derivation()


@pytest.mark.parametrize("misled", [[], [0], [0, 1]])
def test_floats_that_mislead_cost_no_proof(monkeypatch, misled):
    monkeypatch.setattr(combination._Candidates, "_proposed", lambda self, difference: misled)
    terms, _ = chain("sum[a] pi(a|s) * A(s,a) = 0")
    assert terms[-1] == "0"


def test_a_wrong_equation_is_refused(monkeypatch):
    right = written.Proof._stated
    wrong = parse("V(s) = sum[a] pi(a|s) * A(s,a)").claims[0]

    def stated(self, equation):
        found = right(self, equation)
        return pgsym.claims.blocks.Chain(parse(str(wrong)), found.objective)

    monkeypatch.setattr(written.Proof, "_stated", stated)
    with pytest.raises(AssertionError, match="a line of the proof is refuted: V"):
        prove(PGT).derivation()


def test_formats():
    found = prove(PGT)
    assert str(found.derivation()).startswith("# A proof for every finite MDP\n")
    assert r"\nabla J &= \sum_{s} \mu_{0}(s) \, \nabla V(s)" in found.latex()
    assert found.derivation().html().startswith("<!DOCTYPE html>")
    assert "\\nabla J &= \\sum_{s}" in found._repr_markdown_()
    assert found.to_json()["proof"][0] == {
        "claim": "grad J == sum[s] mu0(s) * grad V(s)",
        "reason": "definition of `J`, differentiated",
    }


def test_on_a_model():
    proof = prove("E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * G_t = grad J").derivation("short-corridor")
    assert proof.audit.holds
    assert 'grad Q("s1","R") = grad V("s2")   # Bellman\'s equation, differentiated' in proof.text()
    assert prove("grad E[tau] sum[t] gamma^t * r_t = grad J").derivation("two-state").audit.holds
    assert "In this model" not in prove(PGT).derivation("two-state", level="general").text()
    assert "# For every finite MDP" not in prove(PGT).derivation("two-state", level="model").text()
    average = prove("grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)", objective="average-reward")
    assert average.derivation("two-state").objective is Objective.AVERAGE_REWARD
    with pytest.raises(SchemaError, match="found 'long'; must be one of general, model, both"):
        prove(PGT).derivation("two-state", level="long")


@pytest.mark.parametrize(
    "name", ["gae-bias", "state-baseline", "expected-length", "value-difference", "td-error-is-advantage"]
)
def test_text_is_read_again(name):
    text = prove(name).derivation().text()
    assert pgsym.Script.parse(text).check("short-corridor").holds


def test_no_proof_no_derivation():
    with pytest.raises(
        ClaimError, match=r"found a claim that is refuted; a derivation needs a proof\. See the verdict"
    ):
        prove("J = 2 * J").derivation()


def test_relations_one_after_the_other():
    found = prove("V(s) = sum[a] pi(a|s) * Q(s,a) = r_pi(s) + gamma * sum[s'] P_pi(s,s') * V(s')")
    headings = [b.text for b in found.derivation().blocks if isinstance(b, pgsym.claims.blocks.Heading)]
    assert headings[::4] == ["Relation 1", "Relation 2"]
    assert [step["claim"] for link in found.to_json()["links"] for step in link["proof"]] == [
        "V(s) == sum[a] pi(a|s) * Q(s,a)",
        "sum[a] pi(a|s) * Q(s,a) == r_pi(s) + gamma * sum[s'] P_pi(s,s') * V(s')",
    ]
