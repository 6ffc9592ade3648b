"""No false claim is proved: mutants of the catalogue that find a proof hold on every MDP of a size too."""

import random
from functools import cache

import pytest
from second_reading.mutations import HARMLESS, mutants

import pgsym
from pgsym.claims.catalogue.hypotheses import HYPOTHESES
from pgsym.claims.verdict import Status
from pgsym.errors import HypothesisError, PgsymError
from pgsym.model import Problem, generic_mdp, tabular
from pgsym.prover import prove
from pgsym.prover.equations import CONTINUING, UNICHAIN
from pgsym.prover.general import ENDING

SAMPLE = 300
"""Mutants in an ordinary run; all of them behind the marker."""


def assumed(entry):
    return ["undiscounted"] if HYPOTHESES["undiscounted"] in entry.requires else []


@cache
def generic(terminal, undiscounted):
    mdp = generic_mdp(2, 2, terminal=terminal)
    return mdp.replace(gamma=1) if undiscounted else mdp


def contradicted(found):
    """Whether models disagree with a proof: a generic one, and where the proof allows it, one that ends."""
    needs = set(found.hypotheses)
    endless = needs & {CONTINUING, UNICHAIN}
    for terminal in [False] * (ENDING not in needs) + [True] * (not endless):
        mdp = generic(terminal, "gamma = 1" in needs)
        try:
            verdict = pgsym.decide(Problem(mdp, tabular(mdp), found.objective), found.claim)
        except HypothesisError:
            continue
        if verdict.status is Status.REFUTED:
            return True
    return False


def all_mutants():
    for name in pgsym.theorem_names():
        entry = pgsym.theorem(name)
        for claim in entry.claims:
            for mutant in mutants(claim):
                yield entry, mutant


def judge(cases):
    proved = wrong = 0
    for entry, mutant in cases:
        try:
            found = prove(mutant.claim, objective=entry.objective, hypotheses=assumed(entry), refute=False)
            if found.proved:
                proved += 1
                if contradicted(found):
                    wrong += 1
                    print("WRONG", entry.name, mutant.kind, found)
        except PgsymError as error:
            print(f"{entry.name}, {mutant.kind}: {error}")
    return proved, wrong


def test_no_mutant_is_proved_that_models_refute():
    cases = random.Random(1).sample(list(all_mutants()), SAMPLE)
    proved, wrong = judge(cases)
    assert proved > SAMPLE / 20
    assert wrong == 0


@pytest.mark.slow
def test_no_mutant_at_all_is_proved_that_models_refute():
    assert judge(all_mutants())[1] == 0


def test_harmless_mutants_are_proved():
    """A product the other way round, an expectation written out: what is true stays proved."""
    for name in ("policy-gradient", "advantage-form", "policy-hessian", "gae-bias", "performance-difference"):
        entry = pgsym.theorem(name)
        for claim in entry.claims:
            for mutant in mutants(claim, tuple(HARMLESS)):
                found = prove(mutant.claim, objective=entry.objective, refute=False)
                assert found.proved or "a logarithm of other than" in found.reason, mutant
