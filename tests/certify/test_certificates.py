"""Certificates as text: what they say, what they assume, how they name things, and what is not written."""

import re

import pytest
import sympy as sp
from certificate_models import ENDLESS, SHORT, TRANSIENT, nasty, of

import pgsym
from pgsym.certificates import certify
from pgsym.errors import CertificateError, ClaimError, HypothesisError
from pgsym.expression.grammar import parse
from pgsym.model.mdp import MDP


def test_certificate_reads_well() -> None:
    certificate = of("short-corridor")
    text = certificate.text
    assert text.startswith("(* The policy gradient theorem (start-state) for the model short-corridor")
    assert r"\nabla J = \sum_{s} \eta(s) \, \sum_{a} \nabla \pi(a \mid s) \, Q(s, a)" in text
    assert "Nothing is assumed of the model: all its numbers are below." in text
    assert "every state ends the run or may move to one with a lower number" in " ".join(text.split())
    assert max(map(len, text.split("Section Closed")[0].splitlines())) < 200
    assert ("s_s1", "state s1") in certificate.legend
    assert certificate.statement == "grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)"


@pytest.mark.parametrize(
    ("name", "objective"), [("two-state", None), ("two-state", "average-reward"), ("two-state", "stationary-value")]
)
def test_axioms_are_printed_of_every_theorem(name, objective) -> None:
    certificate = of(name, objective)
    stated = re.findall(r"^Theorem (\S+)", certificate.text, re.MULTILINE)
    if certificate.kind == "refutation":  # the last theorem uses the others
        assert stated == ["left_side", "right_side", "refuted_claim"]
        assert certificate.text.endswith("Print Assumptions refuted_claim.\n")
    else:
        assert set(stated) == set(certificate.theorems)
        printed = ", ".join(certificate.theorems)
        assert f"Definition all_of_it := ({printed}).\n" in certificate.text
        assert certificate.text.endswith("Print Assumptions all_of_it.\n")


def test_certificate_states_what_it_assumes() -> None:
    words = " ".join(of("generic:2x2").text.split("*)")[0].split())
    assert "assumed is only that the discount factor lies in its range; every probability is nonnegative." in words


@pytest.mark.parametrize(
    ("name", "objective"),
    [("two-state", None), ("two-state", "average-reward"), ("recycling-robot", None), ("generic:2x2", None),
     ("generic:2x2", "average-reward")],
)  # fmt: skip
def test_closed_forms_of_two_states_are_always_proved(name, objective) -> None:
    theorems = of(name, objective).theorems
    assert "closed_form_J" in theorems
    assert sum(t.startswith("closed_form_gradient") for t in theorems) >= 2


def test_closed_forms_are_those_of_the_solution() -> None:
    problem = pgsym.zoo("two-state")
    solution = pgsym.solve(problem)
    x, y = problem.policy.params
    generators = {sp.Symbol(f"x_{p.name}"): sp.exp(p) for p in (x, y)}
    text = of("two-state").text
    for found, expected in (("J", solution.J), ("gradient_theta_x", solution.grad[x])):
        written = re.search(rf"Definition closed_{found} [^\n]*:=\n  (.*)\.\n", text)
        assert written is not None
        read = parse(written[1]).subs(generators)
        assert sp.simplify(read - expected) == 0


def test_closed_forms_are_left_out_on_request() -> None:
    problem = pgsym.zoo("two-state")
    assert "closed_form_J" not in certify(problem.replace(objective="start-state"), closed_forms=False).theorems


def test_names_of_any_spelling_are_safe() -> None:
    text = certify(pgsym.Problem(*nasty(), name='"(*quoted*)"')).text
    before = text.split("From Coq")[0]
    assert before.count("(*") == before.count("*)") == 1
    assert '"' not in text
    assert re.search(r"^ +a_one_u72b6u6001_star +action ''状态 \* \)'' in state one$", before, re.MULTILINE)
    given = re.findall(r"^(?:Lemma|Theorem|Definition|Hypothesis|Notation) (\S+)", text, re.MULTILINE)
    assert len(given) == len(set(given))


def test_header_says_what_is_left_out_and_assumed() -> None:
    mdp = MDP.from_transitions(ENDLESS, start="s", terminal=["e"])
    words = " ".join(certify(pgsym.Problem(mdp, pgsym.softmax_policy(mdp, {"s": {"go": "t"}}))).text.split())
    assert "Left out, since the start does not reach them and runs from them do not end: x." in words
    assert "Taken as terminal, since nothing is earned after them: z." in words
    mdp = MDP.from_transitions(TRANSIENT, symbols={"v": "v > 0"})
    words = " ".join(certify(pgsym.Problem(mdp, objective="average-reward")).text.split())
    assert "assumed is only that every probability is nonnegative; no divisor is 0." in words


def test_refutation_needs_rational_probabilities() -> None:
    mdp = MDP.from_transitions(SHORT, start="s", terminal=["e"], gamma="1/2")
    with pytest.raises(CertificateError, match=r"^policy: a logit has a constant, so that"):
        certify(pgsym.Problem(mdp, pgsym.softmax_policy(mdp, {"s": {"go": "t + 1"}})), "J = 1")


def test_write_wants_a_name_that_coq_accepts(tmp_path) -> None:
    certificate = of("two-state")
    assert certificate.write(tmp_path / "certificate.v").read_text(encoding="utf-8") == certificate.text
    assert certificate.write(tmp_path / "two-state.v").read_text(encoding="utf-8") == certificate.text
    message = r"^output: found 'two-state.txt'; Coq's files end in .v. Name it two-state.v$"
    with pytest.raises(CertificateError, match=message):
        certificate.write(tmp_path / "two-state.txt")


def test_certify_raises_on_true_claim() -> None:
    message = r"^V\(s\) == sum\[a\] pi\(a\|s\) \* Q\(s,a\): found proved; certificates are written for"
    with pytest.raises(CertificateError, match=message):
        of("two-state", claim="V(s) = sum[a] pi(a|s) * Q(s,a)")


def test_certify_raises_on_what_it_does_not_know() -> None:
    with pytest.raises(CertificateError, match=r"^claim: found a quantity of another policy, reward or discount"):
        of("two-state", claim="J = J[gamma=1/2]")
    with pytest.raises(CertificateError, match=r"^claim: found 2 relations; a certificate is about one\. Give one$"):
        of("two-state", claim="J = 1 = 2")
    with pytest.raises(ClaimError):
        of("two-state", claim="grad J = J")
    with pytest.raises(HypothesisError):
        of("short-corridor", "average-reward")


def test_certify_raises_on_other_policies() -> None:
    problem = pgsym.zoo("two-state")
    mixed = pgsym.mixture(problem.policy, "1/10")
    message = r"^policy: found a Mixture policy; certificates are written for softmax policies with linear logits\."
    with pytest.raises(CertificateError, match=message):
        certify(pgsym.Problem(problem.mdp, mixed))


def test_certify_raises_on_large_model() -> None:
    problem = pgsym.zoo("garnet", states=12)
    with pytest.raises(CertificateError, match=r"^certify: the model has 288 entries P\(s'\|s,a\); certificates are"):
        certify(problem.replace(objective="start-state"))


@pytest.mark.parametrize(
    ("claim", "left", "right"),
    [
        ('r("1","x") = r(1,"x")', "2", "1"),
        ('r("x","1") = r(1,"1")', "5", "6"),
        ('for all b(s): b("1") + r("x","x") = b(1) + 3', None, None),
    ],
)
def test_literals_are_looked_up_by_type_and_place(claim, left, right) -> None:
    """States 1, "1" and "x", actions "x" and "1": a text alone says neither which state it is, nor that it is one."""
    rewards = {(1, "x"): 1, ("1", "x"): 2, ("x", "x"): 3, ("1", "1"): 4, ("x", "1"): 5, (1, "1"): 6}
    mdp = pgsym.MDP.from_transitions([(s, a, 1, 1, r) for (s, a), r in rewards.items()], start=1, gamma="1/2")
    text = certify(mdp, claim).text
    assert "Theorem refuted_claim" in text
    if left is not None:
        assert f"Theorem left_side : left = {left}." in text
        assert f"Theorem right_side : right = {right}." in text
