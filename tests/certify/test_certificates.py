"""Certificates that the kernel accepts, and mutants that it refuses."""

import re

import pytest

import pgsym
from pgsym.certify import Answer, Certificate, certify
from pgsym.certify.kernel import AXIOMS, LIBRARY, assumptions, library
from pgsym.errors import CertificateError, ClaimError, HypothesisError
from pgsym.model.generic import generic_problem
from pgsym.model.mdp import MDP


def of(name: str, objective: str | None = None, claim: str | None = None, **options: object) -> Certificate:
    problem = generic_problem(name.removeprefix("generic:")) if name.startswith("generic:") else pgsym.zoo(name)
    if "gamma" in options:
        problem = pgsym.zoo(name, gamma=options["gamma"])
    return certify(problem.mdp, problem.policy, objective or problem.objective, claim, theta=problem.theta, name=name)


ACCEPTED = [("two-state", None), ("short-corridor", None), ("kakade", None)]
MORE = [
    ("two-state", "average-reward"),
    ("sign-flip", "average-reward"),
    ("sign-flip", "start-state"),
    ("parallel-outcomes", None),
    ("machine-replacement", None),
    ("machine-replacement", "start-state"),
    ("baxter-bartlett", None),
    ("random-walk-shared", None),
    ("two-classes", None),
    ("nota-thomas", None),
    ("generic:2x2", None),
    ("generic:2x2", "average-reward"),
    ("generic:2x2+end", None),
    ("generic:3x2", None),
]


@pytest.mark.parametrize(("name", "objective"), ACCEPTED)
def test_kernel_accepts_theorem(kernel, name, objective) -> None:
    answer = kernel(of(name, objective))
    assert answer.answer is Answer.ACCEPTED, answer


@pytest.mark.slow
@pytest.mark.parametrize(("name", "objective"), MORE)
def test_kernel_accepts_theorem_of_more_models(kernel, name, objective) -> None:
    answer = kernel(of(name, objective))
    assert answer.answer is Answer.ACCEPTED, answer


@pytest.mark.slow
def test_kernel_accepts_closed_forms_with_symbolic_discount(kernel) -> None:
    certificate = of("two-state", gamma="gamma")
    assert "closed_form_J" in certificate.theorems
    assert kernel(certificate).accepted


def test_kernel_accepts_counterexample_to_the_lecture_note(kernel) -> None:
    certificate = of("two-state", "stationary-value")
    assert certificate.kind == "refutation"
    assert certificate.statement == "grad J != sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)"
    # J = 95/83 at this point; d J / d theta_x is 10120/6889, and the note's sum 9988/71961
    assert "Theorem left_side : left = (10120/6889)." in certificate.text
    assert "Theorem right_side : right = (9988/71961)." in certificate.text
    answer = kernel(certificate)
    assert answer.answer is Answer.ACCEPTED, answer


REFUTED = [
    ("short-corridor", None, "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * A(s,a) * pi(a|s)"),
    ("kakade", None, "for all b(s,a): grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * (Q(s,a) - b(s,a))"),
    ("two-state", "average-reward", "sum[s] grad mu(s) * h(s) = grad J"),
    ("two-state", None, "grad J = E[s~d, a~pi] grad log pi(a|s) * Q(s,a)"),
    ("two-state", None, "V(s) = r_pi(s) + gamma^2 * sum[s'] P_pi(s,s') * V(s')"),
    ("two-state", None, "grad (1/J) = - grad J / J"),
    ("two-state", None, "let b(s) = eta(s)^2; grad sum[s] b(s) = sum[s] eta(s) * grad eta(s)"),
    ("generic:2x2", None, "grad V(s) = sum[a] grad pi(a|s) * Q(s,a)"),
    ("machine-replacement", "stationary-value", None),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "objective", "claim"), REFUTED)
def test_kernel_accepts_counterexamples(kernel, name, objective, claim) -> None:
    answer = kernel(of(name, objective, claim))
    assert answer.answer is Answer.ACCEPTED, answer


# -- mutants: one change in what is stated, or in the model, and the kernel refuses ---------------------------

# (what is changed, pattern, replacement); each pattern occurs in the certificate of two-state
MUTANTS = {
    "sign of a reward": (r"a_y_b => \(-1\)", "a_y_b => 1"),
    "one probability": (r"s_x, a_x_a, s_x => 3/4", "s_x, a_x_a, s_x => 2/3"),
    "a probability below 0": (r"=> 3/4\n  \| s_x, a_x_a, s_y => 1/4", "=> 5/4\n  | s_x, a_x_a, s_y => -1/4"),
    "two probabilities": (r"=> 3/4\n  \| s_x, a_x_a, s_y => 1/4", "=> 2/3\n  | s_x, a_x_a, s_y => 1/3"),
    "discount of the model": (r"discount : R := 9/10", "discount : R := 4/5"),
    "no discount": (r"discount : R := 9/10", "discount : R := 1"),
    "power of gamma": (r"\(9/10\) \* \(\(3/4\) \* V s_x", "(9/10) ^ 2 * ((3/4) * V s_x"),
    "weight eta of another state": (r"\(eta s_x \*\n", "(eta s_y *\n"),
    "sign in the gradient": (r"pi s_x a_x_b \* \(0 - \(", "pi s_x a_x_b * (0 + ("),
    "Q of another action": (r"\)\) \* Q s_x a_x_b\)", ")) * Q s_x a_x_a)"),
    "closed form of J": (r"(Definition closed_J [^\n]*:=\n  )", r"\g<1>1 + "),
    "closed form of the gradient": (r"(Definition closed_gradient_theta_y [^\n]*:=\n  )", r"\g<1>2 * "),
    "slope of a logit": (r"(dlogit_theta_x \(s a : nat\) : R :=\n  match s, a with\n  \| s_x, a_x_a => )1", r"\g<1>2"),
    "logits": (r"\| s_x, a_x_a => theta_x\n", "| s_x, a_x_a => theta_y\n"),
    "start": (r"(Definition start [^|]*\| )s_x", r"\g<1>s_y"),
    "a cheat": (r"End Model\.", "Axiom cheat : False. Theorem all_of_it2 : 1 = 2. Proof. destruct cheat. Qed.\n"
                "End Model.\nPrint Assumptions all_of_it2."),
    "an admitted lemma": (r"(Lemma V_Bellman [^.]*\.[^.]*)\nProof\..*?Qed\.", r"\1\nProof. Admitted."),
}  # fmt: skip
QUICK = ("sign of a reward", "one probability", "power of gamma", "weight eta of another state", "a cheat",
         "closed form of the gradient")  # fmt: skip


def mutated(name: str) -> str:
    text = of("two-state").text
    pattern, replacement = MUTANTS[name]
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.DOTALL)
    assert count == 1, f"nothing to change for {name}"
    return changed


@pytest.mark.parametrize("name", QUICK)
def test_kernel_rejects_mutant(kernel, name) -> None:
    assert kernel(mutated(name)).answer is Answer.REFUSED


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(MUTANTS) - set(QUICK)))
def test_kernel_rejects_more_mutants(kernel, name) -> None:
    assert kernel(mutated(name)).answer is Answer.REFUSED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"left = \(10120/6889\)", "left = (10120/6888)"),
        (r"s_x => \(1655/867\)", "s_x => (1655/866)"),
        (r"Definition theta_x_0 : R := 1 \* ln 2", "Definition theta_x_0 : R := 1 * ln 3"),
        (r"s_x => \(440/6889\)", "s_x => (441/6889)"),
    ],
)
def test_kernel_rejects_mutated_counterexample(kernel, pattern, replacement) -> None:
    changed, count = re.subn(pattern, replacement, of("two-state", "stationary-value").text, count=1)
    assert count == 1
    assert kernel(changed).answer is Answer.REFUSED


def test_refusal_names_the_axiom(kernel) -> None:
    answer = kernel(mutated("a cheat"))
    assert str(answer) == "refused: it rests on cheat, which is no axiom of the reals"


def test_kernel_refuses_a_file_without_theorems(kernel) -> None:
    assert kernel("Definition nothing := 0.\n").reason == "the file prints the assumptions of no theorem"


def test_kernel_times_out(kernel) -> None:
    kernel("Definition first := 0.\n")  # the library is compiled
    answer = kernel(of("two-state"), timeout=0.05)
    assert answer.answer is Answer.TIMED_OUT
    assert answer.reason == "no answer within 0.05 s"


# -- the library ----------------------------------------------------------------------------------------------

GENERAL = ("policy_gradient", "policy_gradient_average", "performance_difference", "baseline_invariance",
           "log_derivative", "softmax_is_derive", "value_solves_Bellman", "occupancy_solves_Balance",
           "Bellman_unique", "Balance_unique", "stationary_solves", "stationary_unique", "differential_unique",
           "value_is_derive", "occupancy_is_derive", "stationary_is_derive", "differential_is_derive")  # fmt: skip


def test_library_rests_on_axioms_of_the_reals_only(kernel, tmp_path) -> None:
    imports = f"From Pgsym Require Import {' '.join(LIBRARY)}.\n"
    answer = kernel(imports + "".join(f"Print Assumptions {name}.\n" for name in GENERAL))
    assert answer.accepted, answer


def test_assumptions_are_read_from_what_coq_prints() -> None:
    printed = "Closed under the global context\nAxioms:\nMine.cheat : False\nlong_one\n  : forall x : nat,\n    x = 1\n"
    assert assumptions(printed) == [frozenset(), frozenset({"Mine.cheat", "long_one"})]
    assert "Classical_Prop.classic" in AXIOMS


# -- without Coq ----------------------------------------------------------------------------------------------


def test_missing_coq_is_an_answer(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PGSYM_COQC", "no-such-coqc")
    answer = of("two-state").check(work=tmp_path)
    assert answer.answer is Answer.MISSING
    assert str(answer) == "not installed: coqc is not on the path; install Coq 8.16 or later with Coquelicot"
    with pytest.raises(CertificateError, match=r"^coq: coqc is not on the path; Coq 8\.16 or later is required"):
        library(tmp_path)


def test_certificate_reads_well() -> None:
    certificate = of("short-corridor")
    text = certificate.text
    assert text.startswith("(* The policy gradient theorem (start-state) for the model short-corridor")
    assert r"\nabla J(\theta) = \sum_s \eta(s) \sum_a \nabla \pi(a \mid s)\, Q(s,a)" in text
    assert "Nothing is assumed of the model: all its numbers are below." in text
    assert "every state ends the run or may move to one with a lower number" in " ".join(text.split())
    assert max(map(len, text.split("Section Closed")[0].splitlines())) < 200
    assert ("s_s1", "state s1") in certificate.legend
    assert certificate.statement == "grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)"


def test_certificate_states_what_it_assumes() -> None:
    words = " ".join(of("generic:2x2").text.split("*)")[0].split())
    assert "assumed is only that the discount factor lies in its range and every probability is nonnegative" in words


AWKWARD = [("Σ *)", 'go "now"', "(* T", 1, 1), ("Σ *)", "go-now", "Σ *)", 1, 0), ("s 1", "R", "(* T", 1, 0),
           ("s_1", "R", "(* T", 1, 0)]  # fmt: skip


def awkward() -> MDP:
    return MDP.from_transitions(AWKWARD, start="Σ *)", terminal=["(* T"])


def test_names_of_any_spelling_are_safe() -> None:
    text = certify(awkward(), name='"(*quoted*)"').text
    before = text.split("From Coq")[0]
    assert before.count("(*") == before.count("*)") == 1
    assert '"' not in text


@pytest.mark.slow
def test_kernel_accepts_names_of_any_spelling(kernel) -> None:
    assert kernel(certify(awkward(), name='"(*quoted*)"')).accepted


def test_write_wants_a_name_that_coq_accepts(tmp_path) -> None:
    certificate = of("two-state")
    assert certificate.write(tmp_path / "certificate.v").read_text(encoding="utf-8") == certificate.text
    message = r"^output: found 'two-state.v'; Coq reads files named by an identifier and .v. Name it certificate.v$"
    with pytest.raises(CertificateError, match=message):
        certificate.write(tmp_path / "two-state.v")


def test_certify_raises_on_true_claim() -> None:
    message = r"^V\(s\) == sum\[a\] pi\(a\|s\) \* Q\(s,a\): the claim is proved; certificates are written for"
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
        certify(problem.mdp, mixed)


def test_certify_raises_on_large_model() -> None:
    problem = pgsym.zoo("garnet", states=12)
    with pytest.raises(CertificateError, match=r"^certify: the model has 288 entries P\(s'\|s,a\); certificates are"):
        certify(problem.mdp, problem.policy)
