"""No false claim is proved: mutants of the catalogue that find a proof hold on every MDP of a size too."""

import random
from importlib import util
from pathlib import Path

import pytest
from second_reading.mutations import HARMLESS, mutants

import pgsym
from pgsym.prover import prove
from pgsym.prover.equations import CONTINUING
from pgsym.prover.verdict import Standing

SAMPLE = 300
"""Mutants in an ordinary run; all of them behind the marker."""


SCRIPT = Path(__file__).parent.parent.parent / "benchmarks" / "prover_mutants.py"
SPEC = util.spec_from_file_location("prover_mutants", SCRIPT)
campaign = util.module_from_spec(SPEC)
SPEC.loader.exec_module(campaign)


def test_no_mutant_is_proved_that_models_refute():
    cases = random.Random(1).sample(list(campaign.all_mutants()), SAMPLE)
    answers = [campaign.judge(*case) for case in cases]
    assert answers.count("proved") > SAMPLE / 20
    assert "WRONG" not in answers


@pytest.mark.slow
def test_no_mutant_at_all_is_proved_that_models_refute():
    assert all(campaign.judge(*case) != "WRONG" for case in campaign.all_mutants())


WITHOUT_AN_END = [
    "gamma * sum[s] eta(s) * sum[s'] P_pi(s,s') * sum[s''] P_pi(s',s'')"
    " = sum[s] (eta(s) - mu0(s)) * sum[s''] P_pi(s,s'')",
    "gamma * sum[s] eta(s) * sum[s'] P_pi(s,s') * mu0(s') = sum[s] (eta(s) - mu0(s)) * mu0(s)",
    "sum[s] eta(s) = 1 / (1 - gamma)",
]
"""True where no state is terminal, and not where a run can end, or begin where it ends."""


@pytest.mark.parametrize("text", WITHOUT_AN_END)
def test_hypothesis_that_no_state_is_terminal_is_found(text):
    assert CONTINUING in prove(text, refute=False).hypotheses


def test_what_vanishes_at_an_end_needs_no_such_hypothesis():
    for after in ("V(s')", "b(s')", "sum[s''] P_pi(s',s'') * b(s'')", "r_pi(s')", "sum[a] grad pi(a|s') * Q(s',a)"):
        here = after.replace("s'", "s#").replace("s#'", "s1").replace("s#", "s")
        text = f"for all b(s): gamma * sum[s] eta(s) * sum[s'] P_pi(s,s') * {after} = sum[s] (eta(s) - mu0(s)) * {here}"
        found = prove(text, refute=False)
        assert found.proved, text
        assert CONTINUING not in found.hypotheses


NAMED_AS_TENSORS = [
    "for all one(s): sum[s] eta(s) * one(s) = sum[s] eta(s)",
    "for all id(s,s1), b(s): sum[s'] id(s,s') * b(s') = b(s)",
    "for all ddb(s,s1): ddb(s,s') = ddb(s',s)",
    "for all iF(s,s1): iF(s,s') = iF(s',s)",
    "for all ipi(s,a): pi(a|s) * ipi(s,a) = 1",
    "for all dpi(s,a): sum[a] dpi(s,a) = 0",
    "for all ddpi(s,a): sum[a] ddpi(s,a) = 0",
    "for all r3(s,a,s1): sum[s'] P(s'|s,a) * r3(s,a,s') = r(s,a)",
    "for all lpi(s,a): grad sum[s] mu0(s) * sum[a] lpi(s,a) = grad J",
    "for all R(s,a,s1): R(s,a,s') = r(s,a,s')",
]
"""Arbitrary functions with the names of the prover's own tensors; none of the claims is true."""


@pytest.mark.parametrize("text", NAMED_AS_TENSORS)
def test_names_of_tensors_mean_nothing(text):
    found = prove(text, refute=False)
    assert found.standing is Standing.OPEN


@pytest.mark.parametrize(
    "text",
    [
        "E[a~pi'] A(s,a) = 0",
        "E[a~pi'] r(s,a) = r_pi(s)",
        "let f(s) = E[a~pi'] A(s,a); f(s) = 0",
        "E[s~eta'] r_pi(s) = J",
    ],
)
def test_policy_that_only_an_expectation_draws_from_is_a_second_one(text):
    assert prove(text, refute=False).standing is Standing.OPEN


@pytest.mark.parametrize("text", ["E[s~mu'] 1 = 1", "E[a~pi'] 1 = 1", "E[s~eta'] 1 = 1 / (1 - gamma)"])
def test_sums_of_a_second_policy_that_only_an_expectation_draws_from_are_known(text):
    assert prove(text, refute=False).proved


def test_harmless_mutants_are_proved():
    """A product the other way round, an expectation written out: what is true stays proved."""
    for name in ("policy-gradient", "advantage-form", "policy-hessian", "gae-bias", "performance-difference"):
        entry = pgsym.theorem(name)
        for claim in entry.claims:
            for mutant in mutants(claim, tuple(HARMLESS)):
                found = prove(mutant.claim, objective=entry.objective, refute=False)
                assert found.proved or "a logarithm of other than" in found.reason, mutant
