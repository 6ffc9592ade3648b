"""Claims for every finite MDP as theorems of Coq: what its kernel accepts, and what it refuses."""

import re
from functools import cache

import pytest

import pgsym
from pgsym.certificates import Answer, Certificate, certify_every_mdp
from pgsym.certificates.every_mdp_words import own_name
from pgsym.errors import CertificateError
from pgsym.prover import GeneralVerdict, prove
from pgsym.prover.kernel_checked import KERNEL_CHECKED

PGT = "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)"
ADVANTAGE = "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * A(s,a)"
DIFFERENCE = "J' - J = sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)"
STATIONARY = "sum[s] mu(s) * V(s) = rbar / (1 - gamma)"
SAMPLE = ("schweitzer", "policy-gradient-average-reward", "baxter-bartlett")


@cache
def of(claim: str) -> Certificate:
    return certify_every_mdp(claim)


def links(name: str) -> tuple[GeneralVerdict, ...]:
    verdict = prove(name, refute=False)
    return verdict.links or (verdict,)


# -- the statement is the claim ---------------------------------------------------------------------------------


def test_statement_is_the_claim():
    assert (
        "\nTheorem claim : is_derive (fun u => J u) theta "
        "(Σ s < states, eta theta s * Σ a < actions s, Derive (fun u => pi u s a) theta * Q theta s a).\n"
    ) in of(PGT).text
    for line in (
        "Definition V (theta : R) (s : nat) : R := Σ s' < states, N theta s s' * r_pi theta s'.",
        "Definition Q (theta : R) (s : nat) (a : nat) : R := r s a + gamma * Σ s' < states, P s a s' * V theta s'.",
        "Definition eta (theta : R) (s : nat) : R := Σ s' < states, mu0 s' * N theta s' s.",
        "Hypothesis N_resolvent : forall u, is_resolvent states (gamma) (P_pi u) (N u).",
    ):
        assert line in of(PGT).text


def test_hypotheses_are_those_that_the_proof_uses():
    assert "P_sum" not in of(PGT).text
    assert (
        "Hypothesis P_sum : "
        in certify_every_mdp(
            "grad rbar = (1 - gamma) * sum[s] grad mu(s) * V(s) + sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)",
            objective="stationary-value",
        ).text
    )
    assert "Hypothesis not_zero_0 : 1 - gamma <> 0." in of(STATIONARY).text
    assert "Hypothesis pi_positive : " in of("sum[a] pi(a|s) * grad log pi(a|s) = 0").text


def test_names_of_the_claim_mean_nothing_else_to_coq(kernel):
    claim = "for all sum(s): for all O(s): sum[s] (sum(s) + O(s)) * sum[a] grad pi(a|s) = 0".replace(
        "sum(s)", "prod(s)"
    )
    found = of(claim)
    assert dict(found.legend) == {"prod_own": "prod", "O_own": "O"}
    assert kernel(found).accepted
    assert own_name("b'") == "b__own"


def test_text_is_the_same_whatever_was_certified_before():
    texts = [certify_every_mdp("sum[s] mu0(s) * grad V(s) = grad J").text for _ in range(2)]
    assert texts[0] == texts[1]
    assert "Lemma gradient_0 : forall s, (s < states)%nat -> is_derive (fun u => V u s) theta" in texts[0]


# -- what is accepted -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [PGT, ADVANTAGE, DIFFERENCE, STATIONARY])
def test_kernel_accepts_claim(kernel, claim):
    answer = kernel(of(claim))
    assert answer.accepted, answer
    assert str(answer.trust) == "kernel-checked"


@pytest.mark.parametrize(
    "name", [n if n in SAMPLE else pytest.param(n, marks=pytest.mark.slow) for n in sorted(KERNEL_CHECKED)]
)
def test_kernel_accepts_recorded_theorem(kernel, name):
    for link in links(name):
        answer = kernel(certify_every_mdp(link))
        assert answer.accepted, (str(link.claim), answer)


def test_record_is_of_true_entries_that_are_written():
    assert len(KERNEL_CHECKED) >= 25
    for name in pgsym.theorem_names():
        if name in KERNEL_CHECKED:
            assert all(certify_every_mdp(link).theorems == ("claim",) for link in links(name))


# -- mutants ------------------------------------------------------------------------------------------------------

MUTANTS = {
    "mu0 for eta": (PGT, r"(Theorem claim .*?)eta theta s \*", r"\1mu0 s *"),
    "V for Q": (PGT, r"(Theorem claim .*?)Q theta s a", r"\1V theta s"),
    "no discount in Q": (PGT, r"(Definition Q .*?)gamma \* ", r"\1"),
    "another matrix than the resolvent": (PGT, r"is_resolvent states \(gamma\)", "is_resolvent states (gamma ^ 2)"),
    "rewards under the other policy": (DIFFERENCE, r"(Definition r_pi .*?)pi theta s a", r"\1pi' s a"),
    "a coefficient": (ADVANTAGE, r"_ \[\(Mul \(Fac 2 \[\]\)", "_ [(Mul (Fac 9 [])"),
    "a step less": (ADVANTAGE, r"_ \[\(Mul.*?\]%nat\n(.*?)refine \(conj _ I\)(.*?)\n  - apply.*?\n  - cbv",
                    r"_ []%nat\n\1refine I\2\n  cbv"),
    "probabilities that sum to theta": (ADVANTAGE, r"(Hypothesis pi_sum .*?) = 1\.", r"\1 = u."),
    "the step of another equation": (DIFFERENCE, r"exact \(pi'_sum (\w+) (\w+)\)", r"exact (dpi_sum \1 \2)"),
    "a factor of the claim": (STATIONARY, r"(Theorem claim .*?)\(1 - gamma\)", r"\1(1 - gamma ^ 2)"),
}  # fmt: skip
QUICK = ("mu0 for eta", "a coefficient", "a step less")


@pytest.mark.parametrize(
    "name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in sorted(MUTANTS)]
)
def test_kernel_rejects_mutant(kernel, name):
    claim, pattern, replacement = MUTANTS[name]
    text, count = re.subn(pattern, replacement, of(claim).text, count=1, flags=re.DOTALL)
    assert count == 1, f"{pattern} does not occur"
    answer = kernel(text, timeout=60.0)
    assert answer.answer is Answer.REFUSED, answer


def test_kernel_names_what_is_assumed(kernel):
    text = re.sub(r"(Theorem claim .*?)\nProof\..*?Qed\.", r"\1\nProof. Admitted.", of(PGT).text, flags=re.DOTALL)
    assert str(kernel(text)) == "refused: it rests on claim, which is no axiom of the reals"


# -- what is not written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("E[tau] G = J", "found RunExpect in E[tau] G == J; certificates for every MDP are written for sums"),
        ("grad grad J = grad grad J", "found a matrix over the parameters"),
        ("grad J = 2 * grad J", "claim: found open: grad J == 2 * grad J; a proof is required. Prove it first"),
        ("for all N: N * J = J * N", "found the number N, which means something else in Coq; another name is required"),
        ("J = J = J", "claim: found 2 relations; a certificate is about one. Take one of .links"),
    ],
)
def test_what_is_outside_says_so(claim, message):
    with pytest.raises(CertificateError, match=re.escape(message)):
        certify_every_mdp(claim)
