"""Inequalities that Coq's kernel accepts as theorems, changed ones that it refuses, and what is not written."""

import re

import pytest
from certificate_models import of

import pgsym
from pgsym.certificates import Answer, Certificate, certify
from pgsym.errors import CertificateError
from pgsym.model.mdp import MDP

DISCOUNTED, AVERAGE = "start-state", "average-reward"
HOPS = [("s", "go", "e", 1, 1), ("s", "stay", "s", 1, "1/2"), ("s", "hop", "u", 1, 0), ("u", "back", "s", 1, "-1")]

CLAIMS = {
    "values": ("two-state", DISCOUNTED, "abs(V(s)) <= 20"),
    "action values": ("two-state", DISCOUNTED, "Q(s,a) < 20"),
    "advantages": ("two-state", DISCOUNTED, "abs(A(s,a)) < 40"),
    "squares of probabilities": ("two-state", DISCOUNTED, "sum[a] pi(a|s)^2 <= 1"),
    "product of probabilities": ("two-state", DISCOUNTED, "pi(a|s) * (1 - pi(a|s)) <= 1/4"),
    "objective": ("short-corridor", DISCOUNTED, "J < -11"),
    "nearly sharp, a completed square": ("short-corridor", DISCOUNTED, "-J >= 58/5"),
    "average reward": ("two-state", AVERAGE, "rbar <= 2"),
    "stationary distribution": ("two-state", AVERAGE, "mu(s) < 1"),
    "every discount": ("hops", DISCOUNTED, "abs(V(s)) <= 1/(1-gamma)"),
}
QUICK = ("values", "squares of probabilities", "nearly sharp, a completed square", "every discount")


def certificate(name: str) -> Certificate:
    model, objective, claim = CLAIMS[name]
    if model != "hops":
        return of(model, objective, claim)
    return certify(pgsym.Problem(MDP.from_transitions(HOPS, start="s", terminal=["e"], gamma="gamma")), claim)


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow, id=n) for n in CLAIMS])
def test_kernel_accepts_inequality(kernel, name) -> None:
    found = certificate(name)
    assert found.kind == "theorem"
    assert found.text.endswith("Print Assumptions all_of_it.\n")
    answer = kernel(found)
    assert answer.accepted, answer


def test_theorem_is_the_claim() -> None:
    text = certificate("values").text
    assert "Theorem claim_1 : Rabs (V_at theta_x theta_y s_x) <= 20." in text
    assert "Theorem claim_2 : Rabs (V_at theta_x theta_y s_y) <= 20." in text
    assert "Theorem claim_1 : (- J theta) >= (58/5)." in certificate("nearly sharp, a completed square").text


# claim, pattern, replacement, where Coq stops
MUTANTS = {
    "a bound that is too small": ("values", r"(claim_1 : Rabs [^\n]* <= )20", r"\g<1>2", "claim_1"),
    "the other relation": ("squares of probabilities", r"(claim_1 : [^\n]*) <= 1\.", r"\1 >= 1.", "claim_1"),
    "a coefficient of the statement": ("nearly sharp, a completed square", r">= \(58/5\)", ">= (59/5)", "claim_1"),
    "a reward": ("every discount", r"(reward [^.]*)=> 1/2", r"\1=> 3/2", "Q_a_s_stay"),
    "a coefficient of a square": ("nearly sharp, a completed square", r"(apply \(completed(?:_strictly)? \()",
                                  r"\g<1>1 + ", None),
}  # fmt: skip


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if k < 3 else pytest.mark.slow, id=n)
                                  for k, n in enumerate(MUTANTS)])  # fmt: skip
def test_kernel_refuses_changed_inequality(kernel, name) -> None:
    claim, pattern, replacement, place = MUTANTS[name]
    text, count = re.subn(pattern, replacement, certificate(claim).text, count=1, flags=re.DOTALL)
    assert count == 1, f"{pattern} does not occur"
    answer = kernel(text)
    assert answer.answer is Answer.REFUSED, answer
    assert place is None or answer.place == place, answer


@pytest.mark.parametrize(
    ("claim", "what"),
    [
        ("eta(s) >= 0", "eta"),
        ("abs(V(s)) + 1 <= 30", r"abs\(\.\.\) inside a side"),
        ("1 <= abs(J) + 5", "the largest of several values"),
    ],
)
def test_what_is_not_covered_is_named(claim, what) -> None:
    with pytest.raises(CertificateError, match=rf"^claim: found {what}; certificates of inequalities are written"):
        of("two-state", DISCOUNTED, claim)


def test_false_inequality_is_not_certified() -> None:
    with pytest.raises(CertificateError, match=r"^V\(s\) <= 1: found refuted; certificates are written for"):
        of("two-state", DISCOUNTED, "V(s) <= 1")
