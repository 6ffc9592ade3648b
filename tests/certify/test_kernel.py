"""What Coq's kernel accepts: library, theorems of the zoo, counterexamples; and when it has nothing to say."""

import stat
from pathlib import Path

import pytest
from certificate_models import ENDLESS, SHORT, SYMBOLIC, TRANSIENT, nasty, of
from skips import NEEDS_UNIX

import pgsym
from pgsym.certificates import Answer, certify
from pgsym.certificates.kernel import AXIOMS, LIBRARY, assumptions, library
from pgsym.errors import CertificateError, MissingCoqError
from pgsym.model.mdp import MDP

# -- the library ----------------------------------------------------------------------------------------------

GENERAL = ("policy_gradient", "policy_gradient_baseline", "policy_gradient_log", "policy_gradient_average",
           "performance_difference", "performance_difference_advantage", "baseline_invariance", "log_derivative",
           "softmax_pos", "softmax_is_derive", "value_solves_Bellman", "occupancy_solves_Balance",
           "Bellman_unique", "Balance_unique", "stationary_solves", "stationary_unique", "differential_solves",
           "differential_unique", "value_is_derive", "occupancy_is_derive", "stationary_is_derive",
           "differential_is_derive", "by_certificate", "resolvent_exists", "discounted_resolvent_exists",
           "resolvent_is_derive", "distribution_is_derive", "deviation_is_derive")  # fmt: skip


def test_library_rests_on_axioms_of_the_reals_only(kernel) -> None:
    # one term that holds all of them: what it rests on, they rest on together
    pairs = "".join(f", @{name}" for name in GENERAL)
    answer = kernel(
        f"From Pgsym Require Import {' '.join(LIBRARY)}.\nDefinition all_of_it := (tt{pairs}).\n"
        "Print Assumptions all_of_it.\n"
    )
    assert answer.accepted, answer


def test_assumptions_are_read_from_what_coq_prints() -> None:
    printed = (
        "Closed under the global context\nAxioms:\nMine.cheat : False\nlong_one\n  : forall x : nat,\n    x = 1\n"
        "loop is assumed to be guarded.\n"
    )
    assert assumptions(printed) == [frozenset(), frozenset({"Mine.cheat", "long_one", "loop"})]
    assert "Classical_Prop.classic" in AXIOMS


# -- the theorem ----------------------------------------------------------------------------------------------

ACCEPTED = [
    ("two-state", None),
    ("two-state", "average-reward"),
    ("short-corridor", None),
    ("kakade", None),
    ("parallel-outcomes", None),
    ("nota-thomas", None),
]
MORE = [
    ("sign-flip", "average-reward"),
    ("sign-flip", "start-state"),
    ("machine-replacement", None),
    ("machine-replacement", "start-state"),
    ("baxter-bartlett", None),
    ("random-walk-shared", None),
    ("two-classes", None),
    ("recycling-robot", None),
    ("student", None),
    ("generic:2x2", None),
    ("generic:2x2", "average-reward"),
    ("generic:2x2+end", None),
    ("generic:3x2", None),
    ("generic:3x2", "average-reward"),
]


@pytest.mark.parametrize(("name", "objective"), [*ACCEPTED, *(pytest.param(*m, marks=pytest.mark.slow) for m in MORE)])
def test_kernel_accepts_theorem(kernel, name, objective) -> None:
    certificate = of(name, objective)
    answer = kernel(certificate)
    assert answer.answer is Answer.ACCEPTED, answer


@pytest.mark.slow
def test_kernel_accepts_closed_forms_with_symbolic_discount(kernel) -> None:
    certificate = of("two-state", gamma="gamma")
    assert "closed_form_J" in certificate.theorems
    assert kernel(certificate).accepted


def test_kernel_accepts_names_of_any_spelling(kernel) -> None:
    answer = kernel(certify(pgsym.Problem(*nasty("9/10"), name='"(*quoted*)"')))
    assert answer.accepted, answer


@pytest.mark.slow
def test_kernel_accepts_counterexample_with_names_of_any_spelling(kernel) -> None:
    answer = kernel(
        certify(pgsym.Problem(*nasty("9/10")), "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * V(s) + grad J * J")
    )
    assert answer.accepted, answer


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:symbol")
@pytest.mark.parametrize(
    ("rows", "options", "logits", "objective", "claim"),
    [
        (SYMBOLIC, {"start": {"s": "m", "u": "1-m"}, "terminal": ["e"]}, {"s": {"go": "E/2+t/3", "wait": "-t"}},
         "start-state", None),
        (ENDLESS, {"start": "s", "terminal": ["e"]}, {"s": {"go": "t", "idle": "u"}}, "start-state", None),
        (TRANSIENT, {"symbols": {"v": "v > 0"}}, {"t": {"a": "theta"}}, "average-reward", None),
        (SHORT, {"start": "s", "terminal": ["e"], "gamma": "g1*g2"}, {"s": {"go": "t + 1"}}, "start-state", None),
        (SHORT, {"start": "s", "terminal": ["e"], "gamma": "g"}, {"s": {"go": "t/2 + 1/3", "stay": "-2*t"}},
         "start-state", None),
        (SHORT, {"start": "s", "terminal": ["e"], "gamma": 0}, {"s": {"go": "t"}}, "start-state", None),
        (SHORT, {"start": "s", "terminal": ["e"]}, {"s": {"go": 0}}, "start-state", None),
        (SHORT, {"start": "s", "terminal": ["e"], "gamma": "g"}, {"s": {"go": "t"}}, "start-state",
         'grad J = gamma * grad V("s")'),
    ],
    ids=["symbols at gamma 1", "endless", "transient", "logit with constant", "logits with fractions", "gamma 0",
         "no parameter", "refuted"],
)  # fmt: skip
def test_kernel_accepts_odd_models(kernel, rows, options, logits, objective, claim) -> None:
    mdp = MDP.from_transitions(rows, **options)
    answer = kernel(certify(pgsym.Problem(mdp, pgsym.softmax_policy(mdp, logits), objective), claim))
    assert answer.accepted, answer


# -- counterexamples ------------------------------------------------------------------------------------------


def test_kernel_accepts_counterexample_to_the_lecture_note(kernel) -> None:
    certificate = of("two-state", "stationary-value")
    assert certificate.kind == "refutation"
    assert certificate.statement == "grad J != sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)"
    # J = 95/83 at this point; d J / d theta_x is 10120/6889, and the note's sum 9988/71961
    assert "Theorem left_side : left = (10120/6889)." in certificate.text
    assert "Theorem right_side : right = (9988/71961)." in certificate.text
    answer = kernel(certificate)
    assert answer.answer is Answer.ACCEPTED, answer


def test_kernel_accepts_counterexample_with_steps_that_end(kernel) -> None:
    """Both evaluations, pgsym's and the certificate's, count what happens after the end in one way."""
    claim = "for all s, a: E[s'~P, a'~pi] (1 + r(s',a') + Q(s',a')) = 1 + E[s'~P] V(s')"
    answer = kernel(of("short-corridor", None, claim))
    assert answer.answer is Answer.ACCEPTED, answer


REFUTED = [
    ("random-walk", None, "for all s: sum[s'] P_pi(s,s') * sum[a] pi(a|s') * (1 + r(s',a)) = 1"),
    ("short-corridor", None, "for all s: grad sum[s'] P_pi(s,s') * (1 + r_pi(s')) = 0"),
    ("short-corridor", None, "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * A(s,a) * pi(a|s)"),
    ("kakade", None, "for all b(s,a): grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * (Q(s,a) - b(s,a))"),
    ("two-state", "average-reward", "sum[s] grad mu(s) * h(s) = grad J"),
    ("two-state", None, "grad J = E[s~d, a~pi] grad log pi(a|s) * Q(s,a)"),
    ("two-state", None, "V(s) = r_pi(s) + gamma^2 * sum[s'] P_pi(s,s') * V(s')"),
    ("two-state", None, "grad (1/J) = - grad J / J"),
    ("two-state", None, "let b(s) = eta(s)^2; grad sum[s] b(s) = sum[s] eta(s) * grad eta(s)"),
    ("generic:2x2", None, "grad V(s) = sum[a] grad pi(a|s) * Q(s,a)"),
    ("machine-replacement", "stationary-value", None),
    ("sign-flip", "stationary-value", None),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "objective", "claim"), REFUTED)
def test_kernel_accepts_counterexamples(kernel, name, objective, claim) -> None:
    answer = kernel(of(name, objective, claim))
    assert answer.answer is Answer.ACCEPTED, answer


# -- without an answer ----------------------------------------------------------------------------------------


def test_kernel_refuses_a_file_without_theorems(kernel) -> None:
    assert kernel("Definition nothing := 0.\n").reason == "the file prints the assumptions of no theorem"


def test_kernel_times_out(kernel) -> None:
    kernel("Definition first := 0.\n")  # now the library is compiled
    answer = kernel(of("two-state"), timeout=0.05)
    assert str(answer) == "timed out: no answer within 0.05 s; give it more with --timeout"
    assert answer.trust is None


def fake(folder, monkeypatch, script: str) -> None:
    """A coqc that does what the script says."""
    program = folder / "coqc"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PGSYM_COQC", str(program))


def test_missing_coq_is_an_answer(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("PGSYM_COQC", "no-such-coqc")
    answer = of("two-state").check(work=tmp_path)
    assert answer.answer is Answer.MISSING
    assert str(answer) == (
        "not installed: coqc is not on the path; Coq 8.16 or later with Coquelicot is required. Install both"
    )
    with pytest.raises(MissingCoqError, match=r"^coq: coqc is not on the path; Coq 8\.16 or later"):
        library(tmp_path)


def test_missing_coquelicot_is_an_answer(monkeypatch, tmp_path) -> None:
    fake(
        tmp_path,
        monkeypatch,
        "echo 'Error: Cannot find a physical path bound to logical path\nCoquelicot.' >&2; exit 1",
    )
    answer = of("two-state").check(work=tmp_path)
    assert str(answer) == (
        "not installed: coqc does not find Coquelicot; Coq 8.16 or later with Coquelicot is required. Install it"
    )


def test_coq_that_does_not_accept_the_library_is_an_error(monkeypatch, tmp_path) -> None:
    fake(tmp_path, monkeypatch, "echo 'Error: The reference Rplus was not found.' >&2; exit 1")
    message = r"^coq: Coq does not accept Sums\.v: The reference Rplus was not found\.; the library needs Coq 8\.16"
    with pytest.raises(CertificateError, match=message):
        of("two-state").check(work=tmp_path)


def test_library_that_takes_too_long_is_an_answer(monkeypatch, tmp_path) -> None:
    fake(tmp_path, monkeypatch, 'case "$1" in --version) echo 8;; *) exec sleep 30;; esac')
    answer = of("two-state").check(work=tmp_path, timeout=0.2)
    assert str(answer) == "timed out: Coq did not compile pgsym's library within 0.2 s a file; give it more"
    assert not [p for p in tmp_path.iterdir() if p.name.startswith("pgsym-coq")]


def test_relative_folder_is_that_of_the_caller(monkeypatch, tmp_path) -> None:
    fake(tmp_path, monkeypatch, "echo 8")  # Coq runs in a folder of its own
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGSYM_COQC", "./coqc")
    assert library(Path("here")).parent == tmp_path / "here"


@NEEDS_UNIX
def test_folder_that_cannot_be_written_is_an_error(monkeypatch, tmp_path) -> None:
    fake(tmp_path, monkeypatch, "echo 8")
    (tmp_path / "file").write_text("", encoding="utf-8")
    message = (
        r"^coq: .* cannot be written \(.*\); the compiled library is kept there\. Name another folder with --work$"
    )
    with pytest.raises(CertificateError, match=message):
        of("two-state").check(work=tmp_path / "file")
