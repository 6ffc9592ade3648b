"""J and its gradient in float64, against the exact solution at the same points."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, points, policies

import pgsym
from pgsym.errors import (
    PolicyError,
    ProbabilityRangeError,
    SingularMatrixError,
    StructureError,
    UndefinedQuantityError,
    ZeroProbabilityError,
)
from pgsym.exact.landscape import Landscape
from pgsym.model import MDP, direct_policy, mixture, sigmoid, tabular

# Models of a handful of states with rewards up to 3: a few hundred roundings of numbers up to about 100.
ROUNDING = 1e-11


def both(mdp, policy, objective, theta):
    """(J, gradient) in floats and exactly."""
    place = Landscape(pgsym.Problem(mdp, policy, objective)).at(np.array([float(theta[p]) for p in policy.params]))
    exact = pgsym.solve(pgsym.Problem(mdp, policy, objective)).at(theta)
    return (place.J, place.gradient), (float(exact.J), np.array([float(exact.grad[p]) for p in policy.params]))


@settings(max_examples=25)
@given(st.data())
def test_start_state_is_the_exact_value(data):
    mdp = data.draw(episodic_mdps())
    policy = data.draw(policies(mdp))
    found, exact = both(mdp, policy, "start-state", data.draw(points(policy)))
    np.testing.assert_allclose(found[0], exact[0], rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_allclose(found[1], exact[1], rtol=ROUNDING, atol=ROUNDING)


@settings(max_examples=25)
@given(st.data(), st.sampled_from(["average-reward", "stationary-value", "start-state"]))
def test_long_run_is_the_exact_value(data, objective):
    mdp = data.draw(continuing_mdps())
    policy = data.draw(policies(mdp))
    found, exact = both(mdp, policy, objective, data.draw(points(policy)))
    np.testing.assert_allclose(found[0], exact[0], rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_allclose(found[1], exact[1], rtol=ROUNDING, atol=ROUNDING)


@pytest.mark.parametrize("epsilon", ["1/10", "1"])
def test_mixture_is_the_exact_value(epsilon):
    corridor = pgsym.zoo("short-corridor")
    policy = mixture(corridor.policy, epsilon)
    found, exact = both(corridor.mdp, policy, "start-state", {corridor.policy.params[0]: sp.log(3)})
    np.testing.assert_allclose(found[0], exact[0], rtol=ROUNDING)
    np.testing.assert_allclose(found[1], exact[1], rtol=ROUNDING, atol=ROUNDING)


def test_direct_policy_is_the_exact_value():
    corridor = pgsym.zoo("short-corridor")
    policy = direct_policy(corridor.mdp, {s: {"R": "p", "L": "1 - p"} for s in corridor.mdp.nonterminal}, ["p"])
    found, exact = both(corridor.mdp, policy, "start-state", {policy.params[0]: sp.Rational(1, 3)})
    np.testing.assert_allclose(found[0], exact[0], rtol=ROUNDING)
    np.testing.assert_allclose(found[1], exact[1], rtol=ROUNDING)


def test_cliff_is_the_exact_value():
    """37 states, 148 parameters, |J| about 65,000 at theta = 0: twelve digits."""
    cliff = pgsym.zoo("cliff")
    theta = dict.fromkeys(cliff.policy.params, 0)
    found, exact = both(cliff.mdp, cliff.policy, "start-state", theta)
    assert exact[0] == float(sp.Rational("-72214311616775012/1104614417995"))
    np.testing.assert_allclose(found[0], exact[0], rtol=1e-12)
    np.testing.assert_allclose(found[1], exact[1], rtol=1e-11, atol=1e-12 * np.abs(exact[1]).max())


def test_unreachable_and_rewardless_states_do_not_matter():
    mdp = MDP.from_transitions(
        [
            ("s", "go", "idle", 1, 2),
            ("s", "no", "s", 1, 0),
            ("idle", "wait", "idle", 1, 0),
            ("lost", "a", "lost", 1, 5),
        ],
        start="s",
    )
    place = Landscape(pgsym.Problem(mdp, tabular(mdp))).at(np.zeros(4))
    assert place.J == 2
    assert place.gradient[2:].tolist() == [0, 0]


def test_score_survives_where_pi_rounds_to_zero():
    """At theta = 800 the second action's probability is 0.0 and its score still -1."""
    mdp = MDP.from_transitions([("s", a, "end", 1, r) for a, r in (("go", 1), ("no", 0))], start="s", terminal=["end"])
    place = Landscape(pgsym.Problem(mdp, sigmoid(mdp, {"s": "t"}))).at(np.array([800.0]))
    assert place.policy.pi.tolist() == [1.0, 0.0]
    assert place.policy.score.toarray().tolist() == [[0.0], [-1.0]]
    assert place.natural_gradient().tolist() == [0.0]


# -- refusals --------------------------------------------------------------------------------------------


def test_landscape_refuses_a_symbol_without_value():
    robot = pgsym.zoo("recycling-robot")
    with pytest.raises(
        StructureError, match=r"^symbols: no value for alpha, beta, r_search, r_wait; floats need every"
    ):
        Landscape(robot.replace(objective="start-state"))


def test_landscape_refuses_a_symbol_of_the_policy():
    corridor = pgsym.zoo("short-corridor")
    with pytest.raises(
        PolicyError, match=r"^policy: epsilon has no value; floats need every symbol\. Build the policy"
    ):
        Landscape(pgsym.Problem(corridor.mdp, mixture(corridor.policy, "epsilon")))


def test_landscape_refuses_an_inapplicable_objective():
    corridor = pgsym.zoo("short-corridor")
    with pytest.raises(UndefinedQuantityError, match=r"^mu: 1 terminal state \('T'\); a stationary distribution needs"):
        Landscape(corridor.replace(objective="average-reward"))


def test_landscape_refuses_probabilities_out_of_range():
    mdp = MDP.from_transitions([("s", a, "end", 1, 1) for a in ("go", "no")], start="s", terminal=["end"])
    landscape = Landscape(pgsym.Problem(mdp, direct_policy(mdp, {"s": {"go": "p", "no": "1 - p"}}, ["p"])))
    with pytest.raises(
        ProbabilityRangeError, match=r"^\('s', 'go'\): pi\(a\|s\) = 1\.5 at this theta; must lie in \[0"
    ):
        landscape.at(np.array([1.5]))
    with pytest.raises(ZeroProbabilityError, match=r"^\('s', 'no'\): pi\(a\|s\) = 0 at this theta although its"):
        landscape.at(np.array([1.0])).natural_gradient()


def test_landscape_refuses_a_pole():
    mdp = MDP.from_transitions([("s", a, "end", 1, 1) for a in ("go", "no")], start="s", terminal=["end"])
    landscape = Landscape(pgsym.Problem(mdp, direct_policy(mdp, {"s": {"go": "1/p", "no": "1 - 1/p"}}, ["p"])))
    with pytest.raises(PolicyError, match=r"^s: pi\(\.\|s\) has a pole at this theta; every probability must be a"):
        landscape.at(np.array([0.0]))


def test_landscape_refuses_a_saturated_policy():
    """With pi(R) = 0.0 the corridor has no end."""
    corridor = pgsym.zoo("short-corridor")
    landscape = Landscape(corridor)
    with pytest.raises(SingularMatrixError, match=r"^theta: J is not a float at this theta; probabilities that have"):
        landscape.at(np.array([-800.0]))
    with pytest.raises(PolicyError, match=r"^theta: a logit is not finite; theta must be finite\. Take smaller steps$"):
        landscape.at(np.array([np.inf]))


@pytest.mark.parametrize("policy", [tabular, lambda mdp: mixture(tabular(mdp), "1/10")])
def test_where_nothing_is_earned_and_no_run_ends_all_is_zero(policy):
    """At gamma = 1 no state has a value to be solved for."""
    mdp = MDP.from_transitions([("s", a, "s", 1, 0) for a in "lr"], start="s")
    place = Landscape(pgsym.Problem(mdp, policy(mdp))).at(np.array([0.3, -0.2]))
    assert (place.J, place.gradient.tolist(), place.natural_gradient().tolist()) == (0.0, [0.0, 0.0], [0.0, 0.0])
