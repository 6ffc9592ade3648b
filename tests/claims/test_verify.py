"""Verdicts on the policy gradient theorem: proofs, refutations and what they rest on."""

import math
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, policies

import pgsym
from pgsym.algebra.size import SizeField
from pgsym.claims.decide import Decision, trial_bits
from pgsym.claims.meaning import Meaning
from pgsym.claims.theorem import policy_gradient_sum, policy_gradient_theorem
from pgsym.claims.tree import Add, Equal, Grad, Mul, Number, Quantity, Sub, Sum
from pgsym.claims.verdict import Status
from pgsym.exact.quantities import Quantities
from pgsym.model import MDP, Objective, sigmoid, tabular

OBJECTIVES = st.sampled_from([Objective.START_STATE, Objective.AVERAGE_REWARD])

V, Q, J = Quantity("V", ("s",)), Quantity("Q", ("s", "a")), Quantity("J")


# -- the theorem -----------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=12)
def test_theorem_is_proved_by_both_methods(data):
    episodic = data.draw(st.booleans())
    mdp = data.draw(episodic_mdps(max_states=3) if episodic else continuing_mdps(max_states=3))
    policy = data.draw(policies(mdp))
    objective = Objective.START_STATE if episodic else data.draw(OBJECTIVES)
    for method in ("normal form", "identity test"):
        verdict = pgsym.verify(mdp, policy, objective, method=method)
        assert verdict.proved
        assert verdict.method == method
        assert verdict.error_bits is None if method == "normal form" else verdict.error_bits >= 100


def test_tree_and_solution_compute_the_same_sum():
    model = pgsym.zoo("two-state")
    for objective in Objective:
        solution = pgsym.solve(model.mdp, model.policy, objective)
        found = Meaning(solution.quantities).value(policy_gradient_theorem(objective).right, {})
        for p, e in solution.quantities.theorem_gradient.items():
            assert solution.field.is_zero(found[p] - e)


def test_generic_mdp_proves_the_theorem_for_every_mdp_of_its_size():
    model = pgsym.zoo("generic")
    verdict = pgsym.verify(model.mdp, tabular(model.mdp), method="identity test")
    assert verdict.proved
    assert verdict.error_bits >= 100


def test_unrolled_model_is_proved():
    model = pgsym.zoo("two-state")
    unrolled = model.mdp.unroll(3)
    assert pgsym.verify(unrolled, model.policy.pullback(unrolled, lambda s: s[0])).proved


# -- refutations -----------------------------------------------------------------------------------------


def test_stationary_value_is_refuted_with_the_known_numbers():
    model = pgsym.zoo("two-state")
    verdict = pgsym.verify(model.mdp, model.policy, "stationary-value", theta=model.theta)
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
        point = pgsym.solve(model.mdp, model.policy, "stationary-value").at(model.theta)
        (g,), (claimed,) = point.grad.values(), point.theorem_gradient.values()
        signs.append(sp.sign(claimed / g))
    assert signs == [-1, 0, 1]


MUTANTS = {
    "sign": Equal(Grad(J), Number(Fraction(-1)) * policy_gradient_sum("eta")),
    "gamma power": Equal(Grad(J), Quantity("gamma") * policy_gradient_sum("eta")),
    "normalised weight": Equal(Grad(J), policy_gradient_sum("d")),
    "wrong weight": Equal(Grad(J), policy_gradient_sum("mu")),
    "value for action value": Equal(
        Grad(J), Sum("s", Quantity("eta", ("s",)) * Sum("a", Grad(Quantity("pi", ("a", "s"))) * V))
    ),
    "dropped weight": Equal(Grad(J), Sum("s", Sum("a", Grad(Quantity("pi", ("a", "s"))) * Q))),
    "score without pi": Equal(
        Grad(J),
        Sum("s", Quantity("eta", ("s",)) * Sum("a", Grad(Quantity("pi", ("a", "s"))) / Quantity("pi", ("a", "s")) * Q)),
    ),
    "reward for action value": Equal(
        Grad(J),
        Sum("s", Quantity("eta", ("s",)) * Sum("a", Grad(Quantity("pi", ("a", "s"))) * Quantity("r", ("s", "a")))),
    ),
}


@pytest.mark.parametrize("method", ["normal form", "identity test"])
@pytest.mark.parametrize("name", MUTANTS)
def test_theorem_rejects_mutant(name, method):
    model = pgsym.zoo("two-state")
    decision = Decision(model.mdp, model.policy, Objective.START_STATE, method=method)
    verdict = decision.decide(MUTANTS[name])
    assert verdict.status is Status.REFUTED
    assert verdict.witness.left != verdict.witness.right


def test_advantage_form_is_proved():
    advantage = Sum(
        "s",
        Quantity("eta", ("s",)) * Sum("a", Grad(Quantity("pi", ("a", "s"))) * Quantity("A", ("s", "a"))),
    )
    model = pgsym.zoo("short-corridor")
    assert Decision(model.mdp, model.policy, Objective.START_STATE).decide(Equal(Grad(J), advantage)).proved


def test_scalar_claims_are_decided():
    """mu.V = rbar / (1 - gamma), and mu.V = rbar is false."""
    model = pgsym.zoo("two-state")
    decision = Decision(model.mdp, model.policy, Objective.STATIONARY_VALUE)
    value = Sum("s", Quantity("mu", ("s",)) * V)
    assert decision.decide(Equal(value, Quantity("rbar") / (Number(Fraction(1)) - Quantity("gamma")))).proved
    assert decision.decide(Equal(value, Quantity("rbar"))).status is Status.REFUTED


def test_witness_lies_in_the_domain():
    model = pgsym.zoo("recycling-robot")
    decision = Decision(model.mdp, model.policy, Objective.START_STATE, method="identity test")
    witness = decision.decide(MUTANTS["sign"]).witness
    mdp = model.mdp.subs(witness.symbols)
    assert not mdp.symbols
    assert all(0 <= o.p <= 1 for s, a in mdp.pairs for o in mdp.outcomes(s, a))


# -- inapplicable ----------------------------------------------------------------------------------------


def test_two_recurrent_classes_are_inapplicable():
    mdp = MDP.from_transitions(
        [("s", "a", "g", 1, 0), ("s", "b", "h", 1, 0), ("g", "c", "g", 1, 1), ("h", "c", "h", 1, 0)], start="s"
    )
    verdict = pgsym.verify(mdp, objective="average-reward")
    assert verdict.status is Status.INAPPLICABLE
    assert "2 recurrent classes ('g'; 'h')" in verdict.reason


# -- the error bound -------------------------------------------------------------------------------------


def test_error_bound_of_a_trial_adds_point_and_prime():
    assert trial_bits(0, 61.0) == pytest.approx(math.log2(2**62 / 86 / 1) - 1, abs=0.1)
    assert trial_bits(2**20, 0.0) == pytest.approx(61 - 20 - 1)


@given(st.data())
@settings(max_examples=25)
def test_size_bounds_the_true_degree(data):
    """Over the rational functions themselves: no numerator is of higher degree than the size field says."""
    mdp = data.draw(st.one_of(continuing_mdps(max_states=3, gamma="gamma"), episodic_mdps(max_states=3)))
    policy = tabular(mdp)
    sized = Quantities(mdp, policy, Objective.START_STATE, SizeField(dict.fromkeys(policy.params, 1)))
    closed = pgsym.solve(mdp, policy)
    odds = {sp.exp(p): sp.Symbol(f"x{i}") for i, p in enumerate(policy.params)}

    def degree(expr):
        numerator = sp.fraction(sp.cancel(expr.subs(odds)))[0]
        return sp.Poly(numerator, *numerator.free_symbols).total_degree() if numerator.free_symbols else 0

    assert degree(closed.J) <= sized.J.degree
    for s in mdp.nonterminal:
        assert degree(closed.V[s]) <= sized.V[s].degree
        assert degree(closed.eta[s]) <= sized.eta[s].degree
    direction = sum(sp.Symbol(f"v{i}") * closed.grad[p] for i, p in enumerate(policy.params))
    assert degree(direction) <= sized.J.derivative().degree


def test_size_of_the_theorem_is_linear_in_the_states():
    """By hand, for concrete rewards and gamma: det^2 times every softmax denominator squared, 5 S + 2 at most."""
    for n in (6, 12, 24):
        rows = [(k, a, (k + (a == "r")) % n, 1, int(a == "r")) for k in range(n) for a in ("r", "l")]
        mdp = MDP.from_transitions(rows, start=0, gamma="1/2")
        degree, _ = Decision(mdp, sigmoid(mdp), Objective.START_STATE).size(
            policy_gradient_theorem(Objective.START_STATE)
        )
        assert 2 * n <= degree <= 5 * n + 2


# -- the tree --------------------------------------------------------------------------------------------


def test_text_of_the_theorem():
    assert str(policy_gradient_theorem(Objective.START_STATE)) == (
        "grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)"
    )


def test_text_keeps_the_grouping():
    x, y, z = (Quantity(n) for n in ("J", "rbar", "gamma"))
    assert str(Sub(x, Add(y, z))) == "J - (rbar + gamma)"
    assert str(Mul(Add(x, y), z)) == "(J + rbar) * gamma"
    assert str(Mul(Sum("s", V), x)) == "(sum[s] V(s)) * J"
    assert str(Grad(Mul(x, y))) == "grad (J * rbar)"


def test_latex_of_the_theorem():
    assert policy_gradient_theorem(Objective.AVERAGE_REWARD).latex() == (
        r"\nabla J = \sum_{s} \mu(s) \, \sum_{a} \nabla \pi(a \mid s) \, Q(s, a)"
    )


def test_verdict_prints_ground_and_witness():
    model = pgsym.zoo("two-state")
    text = str(pgsym.verify(model.mdp, model.policy, "stationary-value", theta=model.theta))
    assert text.startswith("refuted: grad J == sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)\n  by normal form\n  at ")
    assert "left 10120/6889, right 9988/71961" in text
