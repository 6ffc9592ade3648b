"""Verdicts on the policy gradient theorem: proofs, refutations and what they rest on."""

import math
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, policies

import pgsym
from pgsym.claims import Status, decide
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.compiler import Meaning
from pgsym.claims.decide import Decision
from pgsym.claims.difference import size, trial_bits
from pgsym.claims.evaluation import Evaluation, Tower
from pgsym.claims.language import parse
from pgsym.claims.language.scope import Scope
from pgsym.claims.verify import policy_gradient_theorem
from pgsym.errors import TooLargeError
from pgsym.model import MDP, Objective, sigmoid, tabular
from pgsym.model.structure import Structure

OBJECTIVES = st.sampled_from([Objective.START_STATE, Objective.AVERAGE_REWARD])


# -- the theorem -----------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=12)
def test_theorem_is_proved_by_both_methods(data):
    episodic = data.draw(st.booleans())
    mdp = data.draw(episodic_mdps(max_states=3) if episodic else continuing_mdps(max_states=3))
    policy = data.draw(policies(mdp))
    objective = Objective.START_STATE if episodic else data.draw(OBJECTIVES)
    for method in ("normal form", "identity test"):
        verdict = pgsym.verify(pgsym.Problem(mdp, policy, objective), method=method)
        assert verdict.proved
        assert verdict.method == method
        assert verdict.error_bits is None if method == "normal form" else verdict.error_bits >= 100


def test_tree_and_solution_compute_the_same_sum():
    model = pgsym.zoo("two-state")
    for objective in Objective:
        solution = pgsym.solve(model.replace(objective=objective))
        world = Evaluation(
            model.mdp, model.policy, objective, Tower(solution.field), Structure(model.mdp, model.policy), functions={}
        )
        found = Meaning(world, Scope(())).compile(policy_gradient_theorem(objective).right)({})
        for p, e in solution.quantities.theorem_gradient.items():
            assert solution.field.is_zero(found[p] - e)


def test_generic_mdp_proves_the_theorem_for_every_mdp_of_its_size():
    model = pgsym.zoo("generic")
    verdict = pgsym.verify(pgsym.Problem(model.mdp, tabular(model.mdp)), method="identity test")
    assert verdict.proved
    assert verdict.error_bits >= 100


def test_unrolled_model_is_proved():
    model = pgsym.zoo("two-state")
    unrolled = model.mdp.unroll(3)
    assert pgsym.verify(pgsym.Problem(unrolled, model.policy.pullback(unrolled, lambda s: s[0]))).proved


# -- refutations -----------------------------------------------------------------------------------------


def test_stationary_value_is_refuted_with_the_known_numbers():
    model = pgsym.zoo("two-state")
    verdict = pgsym.verify(model.replace(objective="stationary-value"))
    assert verdict.status is Status.REFUTED
    assert list(verdict.witness.left.values()) == [sp.Rational(10120, 6889), sp.Rational(52875, 13778)]
    assert list(verdict.witness.right.values()) == [sp.Rational(9988, 71961), sp.Rational(36225, 95948)]
    scaled, gap = verdict.corollaries
    assert scaled.status is Status.REFUTED
    assert gap.status is Status.PROVED


def test_sign_of_the_false_theorem_changes_at_four_sevenths():
    """The note's sum points the wrong way for gamma < 4/7, vanishes at 4/7, and is right above."""
    signs = []
    for gamma in ("1/2", "4/7", "9/10"):
        model = pgsym.zoo("sign-flip", gamma=gamma)
        point = pgsym.solve(model.replace(objective="stationary-value")).at(model.theta)
        (g,), (claimed,) = point.grad.values(), point.theorem_gradient.values()
        signs.append(sp.sign(claimed / g))
    assert signs == [-1, 0, 1]


MUTANTS = {
    "sign": "grad J = -sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)",
    "gamma power": "grad J = gamma * sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)",
    "normalised weight": "grad J = sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)",
    "wrong weight": "grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)",
    "value for action value": "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * V(s)",
    "dropped weight": "grad J = sum[s,a] grad pi(a|s) * Q(s,a)",
    "score without pi": "grad J = sum[s] eta(s) * sum[a] grad log pi(a|s) * Q(s,a)",
    "reward for action value": "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * r(s,a)",
}


@pytest.mark.parametrize("method", ["normal form", "identity test"])
@pytest.mark.parametrize("name", MUTANTS)
def test_theorem_rejects_mutant(name, method):
    model = pgsym.zoo("two-state")
    verdict = decide(model.replace(objective="start-state"), MUTANTS[name], method=method)
    assert verdict.status is Status.REFUTED
    assert verdict.witness.differing


def test_advantage_form_is_proved():
    model = pgsym.zoo("short-corridor")
    assert decide(
        model.replace(objective="start-state"), "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * A(s,a)"
    ).proved


def test_scalar_claims_are_decided():
    """mu.V = rbar / (1 - gamma), and mu.V = rbar is false."""
    model = pgsym.zoo("two-state")
    claims = ("sum[s] mu(s) * V(s) = rbar / (1 - gamma)", "sum[s] mu(s) * V(s) = rbar")
    true, false = (decide(model.replace(objective="stationary-value"), claim) for claim in claims)
    assert true.proved
    assert false.refuted
    assert str(false.factor) == "1 / (1 - gamma)"


def test_witness_lies_in_the_domain():
    model = pgsym.zoo("recycling-robot")
    witness = decide(model.replace(objective="start-state"), MUTANTS["sign"], method="identity test").witness
    mdp = model.mdp.subs(witness.symbols)
    assert not mdp.symbols
    assert all(0 <= o.p <= 1 for s, a in mdp.pairs for o in mdp.outcomes(s, a))


# -- inapplicable ----------------------------------------------------------------------------------------


def test_two_recurrent_classes_are_inapplicable():
    mdp = MDP.from_transitions(
        [("s", "a", "g", 1, 0), ("s", "b", "h", 1, 0), ("g", "c", "g", 1, 1), ("h", "c", "h", 1, 0)], start="s"
    )
    verdict = pgsym.verify(pgsym.Problem(mdp, objective="average-reward"))
    assert verdict.status is Status.INAPPLICABLE
    assert "2 recurrent classes ('g'; 'h')" in verdict.reason


# -- the error bound -------------------------------------------------------------------------------------


def test_error_bound_of_a_trial_adds_point_and_prime():
    assert trial_bits(0, 63.0, 64) == pytest.approx(math.log2(2**63 / 46), abs=0.1)
    assert trial_bits(2**20, 0.0, 64) == pytest.approx(63 - 20, abs=0.1)
    assert trial_bits(2**20, 0.0, 32) == pytest.approx(31 - 20, abs=0.1)


@pytest.mark.parametrize("length", [7, 8, 9])
@pytest.mark.parametrize("roots", [range(1, 6), range(0, 60, 3), [1] * 4])
def test_error_bound_of_a_trial_holds_where_every_prime_and_point_is_counted(length, roots):
    """Of 6 prod_p p prod(x - r), over all primes of that length and all x != 0; p runs over some of the primes."""
    primes = list(sp.primerange(2 ** (length - 1), 2**length))
    factors = [6, *primes[::4]]
    missed = sum(
        Fraction(sum(not math.prod([*factors, *(x - r for r in roots)]) % p for x in range(1, p)), p - 1)
        for p in primes
    ) / len(primes)
    bits = math.log2(math.prod(factors) * math.prod(1 + r for r in roots))
    assert 0 < missed <= 2 ** -trial_bits(len(roots), bits, length)
    assert missed > 2 ** -trial_bits(0, 0, length)  # a bound that forgets both would be wrong


@pytest.mark.parametrize("bits", [32, 64])
def test_primes_of_either_length_give_the_error_that_was_asked_for(bits, monkeypatch):
    lengths = []
    drawn = BoundClaim.at_random

    def seen(self, *args):
        found = drawn(self, *args)
        lengths.append(found.tower.field(0).prime.bit_length())
        return found

    monkeypatch.setattr(BoundClaim, "at_random", seen)
    decision = Decision(pgsym.zoo("generic"), method="identity test", prime_bits=bits)
    verdict = decision.decide(policy_gradient_theorem(Objective.START_STATE))
    assert verdict.proved
    assert verdict.error_bits >= 100
    assert set(lengths) == {bits}
    assert len(lengths) == {32: 4, 64: 2}[bits]
    false = parse("grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a) + 1/3 * grad J").claims[0]
    assert decision.decide(false).refuted


def test_degree_beyond_the_primes_is_refused():
    decision = Decision(pgsym.zoo("generic"), method="identity test", prime_bits=8)
    with pytest.raises(TooLargeError, match="random primes of 8 bits cannot tell it from 0"):
        decision.decide(parse("sum[s] V(s)^40 = J^40").claims[0])


def test_size_of_the_theorem_is_linear_in_the_states():
    degrees = []
    for n in (6, 12, 24):
        rows = [(k, a, (k + (a == "r")) % n, 1, int(a == "r")) for k in range(n) for a in ("r", "l")]
        mdp = MDP.from_transitions(rows, start=0, gamma="1/2")
        policy = sigmoid(mdp)
        claim = policy_gradient_theorem(Objective.START_STATE)
        degrees.append(size(BoundClaim(claim, mdp, policy, Objective.START_STATE, Structure(mdp, policy)))[0])
    assert 2 * 24 <= degrees[2] <= 10 * 24
    assert degrees[2] - degrees[1] == 2 * (degrees[1] - degrees[0])


# -- what is printed -------------------------------------------------------------------------------------


def test_text_of_the_theorem():
    assert str(policy_gradient_theorem(Objective.START_STATE)) == (
        "grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)"
    )


def test_latex_of_the_theorem():
    assert policy_gradient_theorem(Objective.AVERAGE_REWARD).latex() == (
        r"\nabla J = \sum_{s} \mu(s) \, \sum_{a} \nabla \pi(a \mid s) \, Q(s, a)"
    )


def test_verdict_prints_ground_and_witness():
    model = pgsym.zoo("two-state")
    text = str(pgsym.verify(model.replace(objective="stationary-value")))
    assert text.startswith("refuted: grad J == sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)\n  by normal form\n  at ")
    assert "left 10120/6889, right 9988/71961" in text
