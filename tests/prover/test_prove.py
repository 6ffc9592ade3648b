"""`prove` on the catalogue and on the lecture note; its certificates, and damage to them."""

from dataclasses import replace
from pathlib import Path

import pytest

import pgsym
from pgsym.claims.language import parse
from pgsym.claims.script import Script
from pgsym.errors import ClaimError, SchemaError
from pgsym.prover import prove
from pgsym.prover.checker import adds_up
from pgsym.prover.reading import Reading
from pgsym.prover.rewriting import normal_form
from pgsym.prover.verdict import Standing

NOTE = Path(__file__).parents[2] / "examples" / "lecture_note" / "note.claims"
NOT_PROVED = {
    "discount-as-termination",
    "vanishing-discount",
    "vanishing-discount-gradient",
    "policy-gradient-multichain",
    "natural-gradient-sigmoid",
    "optimal-constant-baseline",
    "optimal-constant-baseline-to-go",
    "dice",  # a division by sg(pi(a|s))
}
PGT = "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)"


@pytest.mark.parametrize("name", pgsym.theorem_names())
def test_catalogue(name):
    entry = pgsym.theorem(name)
    assert prove(name, refute=False).proved == (entry.holds and name not in NOT_PROVED)


def test_certificate_is_multiplied_out():
    claim = parse("grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * A(s,a)").claims[0]
    reading = Reading(claim)
    difference = reading.difference()
    left, steps = normal_form(difference, reading.equations.table())
    assert not left
    assert adds_up(difference, steps)
    (step,) = steps
    damaged = [
        [],
        [step, step],
        [replace(step, coefficient=2 * step.coefficient)],
        [replace(step, multiplier=step.multiplier[1:])],
        [replace(step, equation=reading.equations.table()[0])],
    ]
    assert not any(adds_up(difference, wrong) for wrong in damaged)


def test_hypotheses_are_minimal():
    assert prove(PGT).hypotheses == ("gamma < 1, or every run ends",)
    assert prove("sum[s] eta(s) = 1 / (1 - gamma)").hypotheses == ("gamma < 1", "no state is terminal")
    assert prove("sum[s] eta(s) = E[T]", hypotheses=["undiscounted"]).hypotheses == ("gamma = 1", "every run ends")
    assert prove("E[tau] grad log P(tau) * G = grad J").hypotheses == ("every run ends", "pi(a|s) > 0")
    assert prove("sum[a] pi(a|s) * grad log pi(a|s) = 0").hypotheses == ("pi(a|s) > 0",)


@pytest.mark.parametrize(
    ("claim", "hypotheses"),
    [
        ("E[tau~pi'] prod[t] pi(a_t|s_t) / pi'(a_t|s_t) = 1", ("every run ends", "pi'(a|s) > 0")),
        ("sum[a] pi(a|s) * (log pi(a|s) - log pi(a|s)) = 0", ("pi(a|s) > 0",)),
        ("gamma * V(s) / gamma = V(s)", ("gamma < 1, or every run ends", "gamma > 0")),
        ("J * (1 - gamma) / (1 - gamma) = J", ("gamma < 1",)),
        ("J / (1 + gamma) - J / (1 + gamma) = 0", ("gamma < 1, or every run ends",)),
        ("J / (1 - 2 * gamma) * (1 - 2 * gamma) = J", ("gamma < 1, or every run ends", "1 - 2 * gamma is not 0")),
        ("for all k: (k / k)^2 = 1", ("k is not 0",)),
        ("0 * mu(s) = 0", ("there is one recurrent class, and no state is terminal",)),
        ("mu(s)^0 = 1", ("there is one recurrent class, and no state is terminal",)),
        ("V(s) - V(s) = 0", ("gamma < 1, or every run ends",)),
        ("inv(F) - inv(F) = 0",
         ("gamma < 1, or every run ends", "pi(a|s) > 0", "the Fisher matrix is invertible")),
    ],
)  # fmt: skip
def test_what_cancels_has_to_be_defined_too(claim, hypotheses):
    """Where one of these fails some part of the claim has no value, such as mu with two recurrent classes."""
    found = prove(claim, refute=False)
    assert found.proved
    assert found.hypotheses == hypotheses
    found.derivation()


def test_lecture_note():
    """Line 2 leaves out sum_s grad mu(s) V(s), and the factor 1/(1 - gamma)."""
    found = prove(Script.load(NOTE))
    standings = [v.standing for v in found.links]
    assert [k for k, s in enumerate(standings, 1) if s is Standing.REFUTED] == [2, 5, 6]
    assert standings.count(Standing.PROVED) == len(standings) - 3
    second = found.links[1]
    assert str(second.counterexample.size) == "1 state and 2 actions"
    assert str(second.missing) == "sum[s] grad mu(s) * V(s) + gamma * sum[s] mu(s) * grad V(s)"
    assert str(second.correction.right) == (
        "1 / (1 - gamma) * sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a) + sum[s] grad mu(s) * V(s)"
    )
    for link in found.links:
        if link.standing is Standing.REFUTED:
            assert link.counterexample is not None
            assert prove(link.correction, objective=link.objective).proved
    assert found.standing is Standing.REFUTED


def test_proportion_is_proved_with_its_factor():
    found = prove("grad J propto sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)", refute=False)
    assert found.proved
    assert str(found.claim.right) == "1 / (1 - gamma) * sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)"
    assert found.reason == "so grad J propto sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)"
    assert not prove("grad J propto sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)", refute=False).proved


def test_open_and_not_read():
    found = prove("for all s: limit[gamma->1] ((1 - gamma) * V(s)) = rbar", objective="stationary-value")
    assert found.standing is not Standing.PROVED
    assert "found a limit, which is not read here" in found.reason
    unread = prove("V[gamma=1+gamma](s) = 0", refute=False)
    assert unread.standing is Standing.OUTSIDE
    assert "found the discount (gamma + 1); it has to lie between 0 and 1" in unread.reason


def test_rewards_under_sg_are_rewards():
    assert prove("E[tau] sum[t] gamma^t * sg(r_t)^2 = E[tau] sum[t] gamma^t * r_t^2", refute=False).proved
    assert not prove("E[tau] sum[t] gamma^t * sg(r_t)^2 = E[tau] sum[t] gamma^t * r(s_t,a_t)^2", refute=False).proved


def test_product_over_time_is_of_ratios_at_its_own_step():
    """Importance sampling up to t changes the policy of the runs; a ratio at another place does not."""
    claim = (
        "for all s, a: E[tau~pi'] sum[t] gamma^t * (prod[u<t] {} / pi'(a_u|s_u)) * r_t"
        " = E[tau] sum[t] gamma^t * sum[a'] pi'(a'|s_t) * r(s_t,a')"
    )
    assert prove(claim.format("pi(a_u|s_u)"), refute=False).proved
    elsewhere = prove(claim.format("pi(a|s)"), refute=False)
    assert elsewhere.standing is Standing.OUTSIDE
    assert "found a product over time of other than ratios of policies" in elsewhere.reason


def test_wrong_input():
    with pytest.raises(SchemaError) as caught:
        prove(PGT, hypotheses=["discounted"])
    assert str(caught.value) == "hypotheses: found 'discounted'; must be one of undiscounted, ending. Choose one"
    with pytest.raises(ClaimError) as empty:
        prove("# nothing")
    assert str(empty.value).startswith("claims: found no relation; a claim has ")


def test_an_objective_that_nobody_chose_is_told_where_another_makes_it_true():
    text = "grad rbar = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)"
    found = prove(text)
    assert found.standing is Standing.REFUTED
    assert found.reason == (
        "this is for the objective start-state; for average-reward it is proved for every finite MDP"
    )
    assert prove(text, objective="average-reward").proved
    assert prove(text, objective="start-state").reason == ""


def test_open_without_a_search_says_so():
    assert "  no counterexample was looked for; no proof was found" in str(prove("J = 2 * J", refute=False))
