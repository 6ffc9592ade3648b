"""Verdicts: both methods, what a refutation shows, what is inapplicable, and what every construct of a claim means."""

import math
import random
import re

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from second_reading.identities import STATEMENTS
from second_reading.mutations import KINDS, some_mutant
from second_reading.random_models import MODELS, random_problem
from second_reading.soundness import judge

import pgsym
from pgsym.claims import Status, decide, parse
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.difference import residues, size
from pgsym.errors import AlgebraError, ClaimError, HypothesisError, StructureError, TooLargeError
from pgsym.expression.linear import common_denominators
from pgsym.expression.naming import in_order
from pgsym.model import MDP, Objective, Problem, generic_mdp, mixture, sigmoid, tabular
from pgsym.model.structure import Structure

METHODS = ("normal form", "identity test")
CLAIMS = tuple(parse(text).claims[0] for text in STATEMENTS)
SMALL = tuple(claim for claim in CLAIMS if "limit" not in str(claim))


def on(text, name="two-state", objective=None, theta=None, **options):
    """The verdict on a model of the zoo."""
    model = pgsym.zoo(name)
    return decide(model.replace(objective=objective or model.objective).at(theta), text, **options)


def refusal(text, name="two-state", **options):
    with pytest.raises(ClaimError) as caught:
        on(text, name, **options)
    return str(caught.value)


# -- two methods -----------------------------------------------------------------------------------------


@given(st.integers(0, 2**32))
@settings(max_examples=60)
def test_methods_agree_with_each_other_and_with_a_second_reading(seed):
    rng = random.Random(seed)
    problem, claim = random_problem(rng), rng.choice(SMALL)
    mutant = some_mutant(claim, rng.choice(list(KINDS)), rng)
    for stated in (claim, *([mutant.claim] if mutant else [])):
        found = [judge(problem, stated, rng, method=method, points=1) for method in METHODS]
        assert found[0].status == found[1].status, str(stated)
        assert not found[0].complaints, str(found[0])
        assert not found[1].complaints, str(found[1])


@given(st.integers(0, 2**32))
@settings(max_examples=40)
def test_degree_bound_covers_the_difference(seed):
    """The numerator that is evaluated has no higher degree than the bound; derivatives add directions."""
    rng = random.Random(seed)
    problem, claim = random_problem(rng), rng.choice(SMALL)
    mutant = some_mutant(claim, rng.choice(list(KINDS)), rng)
    claim = mutant.claim if mutant else claim
    try:
        setting = BoundClaim(
            claim, problem.mdp, problem.policy, problem.objective, Structure(problem.mdp, problem.policy)
        )
        degree, _ = size(setting)
        meaning = setting.closed(budget=2000, seconds=0.5)
        found = dict(residues(meaning, setting))
    except (HypothesisError, StructureError, ClaimError, TooLargeError):
        return
    field = meaning.tower.field(0)
    sums = {}
    for (place, parameters), e in found.items():
        along = parameters if isinstance(parameters, tuple) else (parameters,) if parameters is not None else ()
        if setting.needs_coordinates:  # tested coordinate by coordinate, without directions
            place, along = (place, parameters), ()
        direction = sp.Mul(*(sp.Symbol(f"d{k}_{p}") for k, p in enumerate(along)))
        sums[place] = sums.get(place, 0) + direction * field.to_sympy(e)
    for e in sums.values():
        assert _numerator_degree(e, problem) <= degree


def _numerator_degree(e, problem):
    """The total degree in x_i = exp(theta_i / q_i), the symbols, the logarithms and the directions."""
    denominators, constant = common_denominators(problem.policy.forms())

    def power(exponential):
        k, theta = exponential.args[0].as_coeff_Mul()
        base = sp.Symbol(f"x_{theta}", positive=True)
        return base ** (k * (constant if theta == 1 else denominators[theta]))

    # exp(k) and exp(k theta) are powers of one generator each
    e = e.replace(lambda x: isinstance(x, sp.log), lambda x: sp.Symbol(f"L_{x}"))
    numerator = sp.fraction(sp.together(e.replace(lambda x: isinstance(x, sp.exp), power)))[0]
    return sp.Poly(sp.expand(numerator), *numerator.free_symbols, sp.Dummy()).total_degree() if numerator != 0 else 0


def test_method_has_one_of_three_names():
    with pytest.raises(AlgebraError, match="method: found 'guess'; must be one of auto, normal form, identity test"):
        on("J = 0", method="guess")


def test_error_bound_is_that_asked_for():
    proof = "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)"
    assert on(proof, method="normal form").error_bits is None
    assert on(proof, method="identity test").error_bits >= 100
    assert on(proof, method="identity test", error_bits=300).error_bits >= 300


def test_chain_is_decided_relation_by_relation():
    verdict = on("rbar = J = sum[s] mu(s) * r_pi(s) = 2 * rbar", objective="average-reward")
    assert verdict.refuted
    assert [v.status for v in verdict.links] == ["proved", "proved", "refuted"]
    assert str(verdict.claim) == "rbar == J == sum[s] mu(s) * r_pi(s) == 2 * rbar"
    assert verdict.witness == verdict.links[2].witness


# -- what the claim declares -----------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_any_baseline_of_the_state_is_allowed_and_none_of_the_action(method):
    theorem = "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * (Q(s,a) - {})"
    assert on("for all b(s): " + theorem.format("b(s)"), method=method).proved
    verdict = on("for all b(s,a): " + theorem.format("b(s,a)"), method=method)
    assert verdict.refuted
    assert {str(s) for s in verdict.witness.values} == {"b(x,a)", "b(x,b)", "b(y,a)", "b(y,b)"}


@pytest.mark.parametrize("method", METHODS)
def test_functions_of_the_state_vanish_in_terminal_states(method):
    """Potential shaping on an episodic model: the potential at the end would have to be paid back."""
    shaped = "for all v(s): let c(s,a) = r(s,a) + gamma * sum[s'] P(s'|s,a) * v(s') - v(s); "
    assert on(shaped + "V[r=c](s) = V(s) - v(s)", "short-corridor", method=method).proved
    assert on('for all v(s): v("T") = 0', "short-corridor", method=method).proved
    assert on('for all v(s): v("s1") = 0', "short-corridor", method=method).refuted


@pytest.mark.parametrize("method", METHODS)
def test_arbitrary_number_is_no_parameter(method):
    assert on("for all k: grad (k * J) = k * grad J", method=method).proved
    verdict = on("for all k: k * J = J", method=method)
    (value,) = verdict.witness.values.values()
    assert 0 < value < 1


@pytest.mark.parametrize("method", METHODS)
def test_second_policy_is_arbitrary_and_grad_does_not_see_it(method):
    assert on("J' - J = sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)", method=method).proved
    assert on("grad J' = 0", method=method).proved
    verdict = on("J' - J = sum[s] eta(s) * sum[a] pi'(a|s) * A(s,a)", method=method)
    assert verdict.refuted
    assert {str(s) for s in verdict.witness.values} == {"pi'(a|x)", "pi'(a|y)"}
    assert all(0 < p < 1 for p in verdict.witness.values.values())


@pytest.mark.parametrize("method", METHODS)
def test_second_world_can_be_the_terminating_model(method):
    prefix = "with M' = terminating: "
    for claim in ("V'(s) = V(s)", "grad J' = grad J", "eta'(s) = eta(s)", "grad pi'(a|s) = grad pi(a|s)"):
        assert on(prefix + claim, method=method).proved
    for claim in ("E[tau~pi'] G = J'", "grad E[tau~pi' | s_0=s] G_0 = grad V(s)", "E[tau~pi'] grad (G^2) = 0"):
        assert on(prefix + claim, method=method).proved  # returns have the discount of their own model
    assert on("V'(s) = V(s)", method=method).refuted
    assert on(prefix + "V(s) = V(s)", "short-corridor", method=method).proved  # which cannot be made to end


OVERRIDES = [
    ("for all c(s,a): J[r=c] = sum[s] eta(s) * sum[a] pi(a|s) * c(s,a)", "[r=c]"),
    ("for all c(s): V[r=c](s) = c(s) + gamma * sum[s'] P_pi(s,s') * V[r=c](s')", "[r=c](s)"),
    ("for all w(s): sum[s] eta[mu0=w](s) * r_pi(s) = sum[s] w(s) * V(s)", "[mu0=w]"),
    ("for all k: V[gamma=k](s) = r_pi(s) + k * sum[s'] P_pi(s,s') * V[gamma=k](s')", "[gamma=k](s)"),
    ("V[r=V](s) = V(s) + gamma * sum[s'] P_pi(s,s') * V[r=V](s')", "[r=V]"),
    ("J[gamma=gamma^2] = sum[s] mu0(s) * V[gamma=gamma^2](s)", "[gamma=gamma^2]"),
    ("for all c(s,a): for all k: J[r=c, gamma=k] = sum[s] eta[gamma=k](s) * sum[a] pi(a|s) * c(s,a)", "[gamma=k]"),
    ("let c(s,a) = r(s,a) - log pi(a|s); V[r=c](s) = sum[a] pi(a|s) * Q[r=c](s,a)", "[r=c]"),
]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("claim", "override"), OVERRIDES, ids=[claim for claim, _ in OVERRIDES])
def test_override_is_what_it_says_and_is_missed_where_it_is_dropped(claim, override, method):
    assert on(claim, method=method).proved
    kept = override[override.index("]") + 1 :]
    assert on(claim.replace(override, kept, 1), method=method).refuted


def test_average_reward_has_differential_values_and_discounted_ones_on_request():
    objective = "average-reward"
    assert on("Q(s,a) = r(s,a) - rbar + sum[s'] P(s'|s,a) * h(s')", objective=objective).proved
    assert on(
        "for all k: Q[gamma=k](s,a) = r(s,a) + k * sum[s'] P(s'|s,a) * V[gamma=k](s')", objective=objective
    ).proved
    assert "V is not defined for the average-reward objective" in on("V(s) = h(s)", objective=objective).reason


# -- limits ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claim",
    [
        "for all s: limit[gamma->1] (1 - gamma) * V(s) = rbar",
        "for all s: limit[gamma->1] (1 - gamma) * V'(s) = rbar'",
        "limit[gamma->1] (V(s) - rbar / (1 - gamma)) = h(s)",
        "limit[gamma->1] d(s) = mu(s)",
        "limit[gamma->1] grad ((1 - gamma) * J) = grad rbar",
        "with M' = terminating: limit[gamma->1] (V'(s) - V(s)) = 0",
    ],
)
@pytest.mark.parametrize("gamma", ["9/10", "g"])
def test_limit_is_proved(claim, gamma):
    model = pgsym.zoo("two-state", gamma=gamma)
    assert decide(model.replace(objective="start-state"), claim).proved


def test_limit_is_refuted_with_both_values():
    verdict = on("for all s: limit[gamma->1] (1 - gamma) * V(s) = 2 * rbar")
    assert verdict.refuted
    w = verdict.witness
    assert all(left == right / 2 for left, right in zip(w.left.values(), w.right.values(), strict=True))


def test_limit_has_to_be_finite_and_is_taken_of_closed_forms():
    assert on("limit[gamma->1] V(s) = h(s)").reason == (
        "limit[gamma->1]: V(s) grows without bound as gamma -> 1; a finite limit is required"
    )
    message = "this limit is taken of closed forms only; decide with the normal form\n    limit[gamma->1] J = 0\n    ^"
    assert refusal("limit[gamma->1] J = 0", method="identity test") == message


# -- other relations -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("claim", "status"),
    [
        ("grad J propto J * grad J", Status.PROVED),
        ("grad J propto sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)", Status.PROVED),
        ("F propto 3 * F", Status.PROVED),
        ("0 propto grad J", Status.PROVED),
        ("grad J propto 0", Status.REFUTED),
        ("grad J propto grad rbar", Status.REFUTED),
        ("V(s) propto 1", Status.REFUTED),
        ("eta(s) propto d(s)", Status.PROVED),
        ("F propto outer(grad J, grad J)", Status.REFUTED),
        ("grad J != 0", Status.PROVED),
        ("grad J != 2 * grad J - grad J", Status.REFUTED),
    ],
)
def test_relation(claim, status, method):
    verdict = on(claim, method=method)
    assert verdict.status is status
    assert (verdict.witness is not None) is (("propto" in claim) is (status is Status.REFUTED))


# -- repairs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("claim", "name", "factor"),
    [
        ("sum[s] mu(s) * V(s) = rbar", "two-state", "1 / (1 - gamma)"),
        ("rbar = sum[s] mu(s) * V(s)", "two-state", "1 - gamma"),
        ("grad J = sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)", "two-state", "1 / (1 - gamma)"),
        ("sum[s] gamma * eta(s) = sum[s] eta(s)", "two-state", "gamma"),
        ("sum[s] eta(s) = sum[s] gamma * eta(s)", "two-state", "1 / gamma"),
        ("J = -J", "two-state", "-1"),
        ("grad (J * J) = J * grad J", "two-state", "2"),
        ("J * grad J = grad (J * J)", "two-state", "1/2"),
        ("grad J = sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)", "short-corridor", "E[T]"),
        ("sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a) = grad J", "short-corridor", "1 / E[T]"),
        ("V(s) = 0", "two-state", None),
        ("grad J = grad rbar", "two-state", None),
        ("for all b(s): sum[s] b(s) * eta(s) = sum[s] b(s) * mu(s)", "two-state", None),
    ],
)
def test_repairing_factor(claim, name, factor, method):
    verdict = on(claim, name, method=method)
    assert verdict.refuted
    assert (None if verdict.factor is None else str(verdict.factor)) == factor
    if factor:
        assert on(str(verdict.repaired.statement), name, method=method).proved


def test_number_of_states_is_tried_as_a_factor():
    """On three states |S| is neither 2 nor 1/2."""
    mdp = MDP.from_transitions([(s, a, (s + 1) % 3, 1, s) for s in range(3) for a in "lr"], start=0, gamma="1/2")
    assert str(decide(mdp, "sum[s] 1 = 1").factor) == "|S|"
    assert str(decide(mdp, "1 = sum[s] 1").factor) == "1 / |S|"


def test_ratio_that_is_free_of_theta_is_found_in_closed_form():
    assert on("J = J + J / 3", method="normal form").factor == sp.Rational(3, 4)
    model = pgsym.zoo("two-state", gamma="g")
    g = sp.Symbol("g")
    verdict = decide(model.replace(objective="start-state"), "sum[s] eta(s) = sum[s] d(s) * gamma^2")
    assert sp.cancel(verdict.factor - 1 / (g**2 * (1 - g))) == 0


# -- witnesses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_witness_is_the_given_point_where_the_claim_fails_there(method):
    model = pgsym.zoo("two-state")
    assert on("J = rbar", theta=model.theta, method=method).witness.theta == model.theta


def test_witness_is_another_point_where_the_claim_holds_at_the_given_one():
    theta = dict.fromkeys(pgsym.zoo("two-state").theta, sp.Integer(0))
    verdict = on('pi("a"|"x") = 1/2', theta=theta)
    assert verdict.witness.theta != theta
    (left,), (right,) = verdict.witness.left.values(), verdict.witness.right.values()
    assert left != right == sp.Rational(1, 2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["recycling-robot", "generic"])
def test_witness_lies_in_the_domain_of_the_symbols(name, method):
    model = pgsym.zoo(name)
    witness = decide(model.replace(objective="start-state"), "grad J = 0", method=method).witness
    assert set(witness.symbols) == set(model.mdp.symbols)
    mdp = model.mdp.subs(witness.symbols)  # checks every assumption
    assert all(0 < o.p <= 1 for s, a in mdp.pairs for o in mdp.outcomes(s, a))
    assert 0 <= mdp.gamma < 1


def test_witness_shows_its_first_differences_and_counts_the_rest():
    mdp = MDP.from_transitions([(s, a, (s + 1) % 9, 1, s) for s in range(9) for a in "lr"], start=0, gamma="1/2")
    text = str(decide(mdp, "V(s) = 17"))
    assert "value at s = 7: left " in text
    assert "and 1 more: to_json(), and --json on the command line, have all of them" in text
    assert len(decide(mdp, "V(s) = 17").to_json()["witness"]["left"]) == 9


# -- what is inapplicable --------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("claim", "name", "objective", "reason"),
    [
        ("mu(s) = 0", "two-classes", "start-state", "2 recurrent classes"),
        ("mu(s) = 0", "short-corridor", "start-state", "1 terminal state"),
        ("V(s) = 0", "two-state", "average-reward", "V is not defined for the average-reward objective"),
        ("eta(s) = 0", "two-state", "average-reward", "eta is not defined for the average-reward objective"),
        ("E[T] = 1", "two-state", "start-state", "E[T] needs every run to end"),
        ("with M' = terminating: J' = J", "short-corridor", "start-state", "gamma = 1; a run ends with probability"),
    ],
)
def test_failed_hypothesis_is_named(claim, name, objective, reason, method):
    verdict = on(claim, name, objective, method=method)
    assert verdict.status is Status.INAPPLICABLE
    assert reason in verdict.reason
    assert reason in str(verdict)


@pytest.mark.parametrize("method", METHODS)
def test_singular_matrix_has_no_inverse(method):
    """Tabular softmax has one parameter too many in every state."""
    mdp = pgsym.zoo("two-state").mdp
    verdict = decide(pgsym.Problem(mdp, tabular(mdp)), "dot(inv(F), grad J) = 0", method=method)
    assert verdict.status is Status.INAPPLICABLE
    assert "singular" in verdict.reason or "a determinant is zero at 50 random points" in verdict.reason


# -- gamma = 1 -------------------------------------------------------------------------------------------

ENDLESS = [(0, a, t, "1/2", r) for a, r in (("l", 1), ("r", 2)) for t in (0, 1)] + [(1, "l", 0, 1, 3)]


@pytest.mark.parametrize("method", METHODS)
def test_undiscounted_run_without_end_has_no_values_but_a_stationary_distribution(method):
    """An index never runs over no states at all: then false claims would be proved, and true ones refuted."""
    mdp = MDP.from_transitions(ENDLESS, start=0, gamma=1)
    for claim in ("V(s) = 17", "V(s) = sum[a] pi(a|s) * Q(s,a)", "sum[s] eta(s) = 0", "d(s) = 5"):
        verdict = decide(mdp, claim, method=method)
        assert verdict.status is Status.INAPPLICABLE
        assert "gamma = 1 and 2 reachable states can run for ever" in verdict.reason
    assert decide(mdp, "sum[s] mu(s) = 1", method=method).proved
    assert decide(mdp, "sum[s] mu(s) * r_pi(s) = rbar", method=method).proved
    assert decide(
        mdp, "for all k: V[gamma=k](s) = r_pi(s) + k * sum[s'] P_pi(s,s') * V[gamma=k](s')", method=method
    ).proved


@pytest.mark.parametrize("method", METHODS)
def test_undiscounted_run_without_reward_has_values_but_no_visits(method):
    mdp = MDP.from_transitions([(s, a, 1 - s, 1, 0) for s in (0, 1) for a in "lr"], start=0, gamma=1)
    assert decide(mdp, "V(s) = 0", method=method).proved
    verdict = decide(mdp, "eta(s) = 5", method=method)
    assert verdict.status is Status.INAPPLICABLE
    assert "gamma = 1 and no run ever ends, so the visits are infinite in every state" in verdict.reason


@pytest.mark.parametrize("method", METHODS)
def test_undiscounted_index_runs_over_the_states_in_which_all_is_finite(method):
    """A state that the start does not reach and that earns for ever has no value; all else is defined there."""
    rows = [("u", a, "u", 1, 1) for a in "lr"] + [(0, a, "end", 1, r) for a, r in (("l", 1), ("r", 2))]
    mdp = MDP.from_transitions(rows, start=0, terminal=["end"], gamma=1)
    assert decide(mdp, "V(s) = sum[a] pi(a|s) * Q(s,a)", method=method).proved
    assert decide(mdp, "|S| = sum[s] sum[a] pi(a|s)", method=method).proved
    assert decide(mdp, "|S| = 1 + sum[s] eta(s)", method=method).proved
    assert decide(mdp, 'V("u") = 0', method=method).status is Status.INAPPLICABLE


# -- what makes no sense for a model ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "message", "caret"),
    [
        ("J / (gamma - gamma) = 0", "found a division by an expression that is identically zero", "/"),
        ("1 = (J - J)^-2", "found a division by an expression that is identically zero", "(J"),
        ("zz = J", "zz is not a symbol of the model; it has theta_x, theta_y. Declare an arbitrary number with for "
         "all", "zz"),
        ("thetax = J", "thetax is not a symbol of the model; it has theta_x, theta_y. Did you mean theta_x?", "thetax"),
        ('pi("a"|s) = 1', "an action by name needs its state by name", "pi"),
        ("limit[gamma->1] log d(s) = 0", "this logarithm has no value here; log pi(a|s) has one, with products and "
         "ratios of probabilities, and outside of limits and estimators what has a closed form that is positive",
         "log"),
    ],
)  # fmt: skip
def test_claim_that_the_model_gives_no_sense_is_refused(claim, message, caret):
    first, shown, arrow = refusal(claim).split("\n")
    assert first == message
    assert shown[arrow.index("^") :].startswith(caret) or caret == "(J"


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ('V("z") = J', "state z: 0 of that name; the model has x, y. Check the name"),
        ('pi("c"|"x") = J', "action in 'x' c: 0 of that name; the model has a, b. Check the name"),
        ("for all theta_x: theta_x = J", "for all theta_x: theta_x is a symbol of the model; an arbitrary number needs "
         "a name of its own. Rename it"),
        ("for all k(a): J = J", "for all k: an arbitrary function is one of (s), (s,a), (s,s') or of nothing; found "
         "k(a). Declare it so"),
    ],
)  # fmt: skip
def test_name_that_the_model_does_not_have_is_refused(claim, message):
    assert refusal(claim) == message


def test_division_by_zero_is_refused_by_the_identity_test_too():
    message = "found a division by an expression that is zero at 50 random points in a row, so identically"
    assert message in refusal("J / (gamma - gamma) = 0", method="identity test")


@pytest.mark.parametrize("method", METHODS)
def test_pole_in_one_state_is_no_refutation_in_another(method):
    """d = (1 - gamma)/eta is false in the reached states, and divides by zero in the other."""
    rows = [(s, a, 0, 1, s) for s in (0, 1) for a in "lr"]
    mdp = MDP.from_transitions(rows, start=0, gamma="1/2")
    with pytest.raises(ClaimError, match="found a division by an expression that is"):
        decide(mdp, "d(s) = (1 - gamma) / eta(s)", method=method)


@pytest.mark.parametrize("method", METHODS)
def test_zero_fits_every_shape_wherever_it_stands(method):
    for claim in (
        "0 = 0 * grad J",
        "grad J + 0 * grad J = grad J + 0",
        "grad J * 0 + 0 = grad J - grad J",
        "F - F = 0",
    ):
        assert on(claim, method=method).proved
    assert on("0 * V(s) = 0", objective="average-reward", method=method).status is Status.INAPPLICABLE


# -- names of a model ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_state_one_and_state_named_one_differ(method):
    rows = [(1, "go", "1", 1, 5), ("1", "go", 1, 1, 7)]
    mdp = MDP.from_transitions(rows, start=1, gamma="1/2")
    assert decide(mdp, "r_pi(1) = 5", method=method).proved
    assert decide(mdp, 'r_pi("1") = 7', method=method).proved


def test_parameter_outside_an_exponential_is_a_generator_of_its_own():
    """theta and exp(theta) are algebraically independent, and grad knows both."""
    model = pgsym.zoo("two-state")
    assert on("grad (theta_x * J) = theta_x * grad J + J * grad theta_x").proved
    assert on('log pi("a"|"x") - log pi("b"|"x") = theta_x').proved
    assert on('grad logit("x","a") = grad theta_x').proved
    assert on("theta_x * J = theta_y * J", theta=model.theta).refuted


def test_symbol_with_the_name_of_a_quantity_is_written_in_quotes():
    mdp = MDP.from_transitions([("s", a, "s", 1, "r") for a in "lr"], start="s", gamma="V", symbols={"V": "0 < V < 1"})
    assert decide(mdp, 'J = "r" / (1 - "V")').proved
    assert decide(mdp, 'gamma = "V"').proved


@pytest.mark.parametrize("method", METHODS)
def test_symbols_of_the_model_have_their_values_at_the_witness(method):
    """The witness is a point of the model's symbols; the claim's own mention of them means the same point."""
    rows = [("s", "l", "s", "p", "r"), ("s", "l", "end", "1 - p", 1), ("s", "r", "end", 1, 0)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"], gamma="1/2", symbols={"p": "0 < p < 1"})
    assert decide(mdp, 'P("s"|"s","l") = p', method=method).proved
    verdict = decide(mdp, 'p * "r" = P("end"|"s","l")', method=method)
    p, r = (verdict.witness.symbols[sp.Symbol(name)] for name in "pr")
    assert list(verdict.witness.left.values()) == [p * r]
    assert list(verdict.witness.right.values()) == [1 - p]


@pytest.mark.parametrize("method", METHODS)
def test_weight_of_a_mixture_is_a_symbol_with_a_value_at_the_witness(method):
    mdp = pgsym.zoo("two-state").mdp
    soft = mixture(sigmoid(mdp), "epsilon")
    assert decide(pgsym.Problem(mdp, soft), "grad (epsilon * J) = epsilon * grad J", method=method).proved
    verdict = decide(pgsym.Problem(mdp, soft), "epsilon * J = J", method=method)
    assert 0 < verdict.witness.values[sp.Symbol("epsilon")] < 1
    assert all(e.is_Rational for e in (*verdict.witness.left.values(), *verdict.witness.right.values()))


def test_claim_about_every_model_of_a_size():
    mdp = generic_mdp(3, 2)
    policy = sigmoid(mdp)
    for claim in (
        "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)",
        "grad J != sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)",
    ):
        assert decide(pgsym.Problem(mdp, policy), claim, method="identity test").proved


def test_verdict_survives_as_plain_data():
    verdict = on("sum[s] mu(s) * V(s) = rbar")
    data = verdict.to_json()
    assert data["status"] == "refuted"
    assert data["claim"] == "sum[s] mu(s) * V(s) == rbar"
    assert data["witness"]["left"] == {str(c): str(e) for c, e in verdict.witness.left.items()}
    assert re.fullmatch(r"normal form|identity test.*", data["ground"])
    assert math.isfinite(on("J = J", method="identity test").error_bits)


def test_every_kind_of_model_has_a_problem_for_each_objective():
    """The generator of the property tests covers what it names."""
    rng = random.Random(0)
    assert {random_problem(rng, kind).name for kind in MODELS} == set(MODELS)
    assert isinstance(random_problem(rng), Problem)
    assert {random_problem(rng).objective for _ in range(50)} == set(Objective)


def test_witness_lists_its_symbols_in_order():
    """The texts that are made of it are the same on every run, whatever the hashes of names are."""
    witness = decide("generic:2x2", "V(s) = 0").witness
    assert list(witness.symbols) == in_order(witness.symbols)
    assert len(witness.symbols) > 5
