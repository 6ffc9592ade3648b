"""Closed forms against published values and independent routes."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, points, policies

import pgsym
from pgsym.errors import (
    DiscountError,
    ImproperPolicyError,
    NotUnichainError,
    SchemaError,
    SingularMatrixError,
    StructureError,
    TooLargeError,
    UndefinedQuantityError,
)
from pgsym.estimators.moments import moments
from pgsym.exact.float_chain import truncated
from pgsym.exact.policy_symbols import in_policy_symbols
from pgsym.model import MDP, Problem, direct_policy, sigmoid, tabular

t = sp.Symbol("t")


def solution_of(name, objective=None, **options):
    model = pgsym.zoo(name, **options)
    return model, pgsym.solve(model.replace(objective=objective or model.objective))


# -- published values ------------------------------------------------------------------------------------


def test_short_corridor_closed_form():
    """Sutton & Barto, Example 13.1: J = -2(x+1)(x+2)/x with x = exp(theta)."""
    _, solution = solution_of("short-corridor")
    (theta,) = solution.policy.params
    x = sp.exp(theta)
    assert sp.cancel(solution.J + 2 * (x + 1) * (x + 2) / x) == 0
    best = solution.at({theta: sp.log(2) / 2})
    assert best.J == -6 - 4 * sp.sqrt(2)
    assert best.grad[theta] == 0


def test_random_walk_values_are_sixths():
    """Sutton & Barto, Example 6.2."""
    model, solution = solution_of("random-walk")
    point = solution.at(dict.fromkeys(model.policy.params, 0))
    assert [point.V[s] for s in model.mdp.nonterminal] == [sp.Rational(k, 6) for k in range(1, 6)]


@pytest.mark.parametrize(
    ("env", "J"),
    [
        ("FrozenLake-v1", Fraction(483, 34649)),
        ("CliffWalking-v1", Fraction(-72214311616775012, 1104614417995)),
        ("Taxi-v4", Fraction(-48215329, 4980)),
    ],
)
def test_uniform_policy_on_gymnasium_tables(env, J):
    mdp = MDP.from_gymnasium(env)
    policy = tabular(mdp)
    assert pgsym.solve(pgsym.Problem(mdp, policy)).at(dict.fromkeys(policy.params, 0)).J == sp.Rational(
        J.numerator, J.denominator
    )


def test_two_state_stationary_value():
    """mu = (33, 50)/83; J = 95/83; grad J = (10120/6889, 52875/13778)."""
    model, solution = solution_of("two-state", "stationary-value")
    point = solution.at(model.theta)
    assert list(point.mu.values()) == [sp.Rational(33, 83), sp.Rational(50, 83)]
    assert point.J == sp.Rational(95, 83)
    assert list(point.grad.values()) == [sp.Rational(10120, 6889), sp.Rational(52875, 13778)]
    assert list(point.theorem_gradient.values()) == [sp.Rational(9988, 71961), sp.Rational(36225, 95948)]


# -- independent routes ----------------------------------------------------------------------------------


def enumerate_return(mdp, policy, point, T):
    """J of the first T steps by summing over all trajectories."""
    pi = policy.at(point)

    def value(s, steps):
        if s in mdp.terminal or steps == 0:
            return sp.Integer(0)
        return sum(
            pi[s][a] * o.p * (o.r + mdp.gamma * value(o.state, steps - 1))
            for a in mdp.actions(s)
            for o in mdp.outcomes(s, a)
        )

    return sum(p * value(s, T) for s, p in mdp.start.items())


@given(st.data())
@settings(max_examples=15)
def test_unrolled_model_equals_enumeration_of_trajectories(data):
    mdp = data.draw(continuing_mdps(max_states=3))
    policy = data.draw(policies(mdp))
    point = data.draw(points(policy))
    unrolled = mdp.unroll(3)
    lifted = policy.pullback(unrolled, lambda s: s[0])
    assert pgsym.solve(pgsym.Problem(unrolled, lifted)).at(point).J == enumerate_return(mdp, policy, point, 3)


@given(st.data())
@settings(max_examples=20)
def test_closed_form_at_a_point_equals_solution_at_the_point(data):
    """RationalField then substitution, against elimination over the rationals."""
    mdp = data.draw(st.one_of(continuing_mdps(max_states=3), episodic_mdps(max_states=3)))
    policy = data.draw(policies(mdp))
    point = data.draw(points(policy))
    solution = pgsym.solve(pgsym.Problem(mdp, policy))
    exact = solution.at(point)
    assert sp.nsimplify(solution.J.xreplace(point)) == exact.J
    for p in policy.params:
        assert sp.nsimplify(solution.grad[p].xreplace(point)) == exact.grad[p]
        assert exact.grad[p] == exact.theorem_gradient[p]


@given(st.data())
@settings(max_examples=20)
def test_floats_agree_with_exact_values(data):
    mdp = data.draw(st.one_of(continuing_mdps(), episodic_mdps()))
    policy = data.draw(policies(mdp))
    point = data.draw(points(policy))
    exact = pgsym.solve(pgsym.Problem(mdp, policy)).at(point)
    floats = pgsym.solve(pgsym.Problem(mdp, policy)).at({p: float(v) for p, v in point.items()})
    assert float(floats.J) == pytest.approx(float(exact.J), rel=1e-10, abs=1e-10)
    for p in policy.params:
        assert float(floats.grad[p]) == pytest.approx(float(exact.grad[p]), rel=1e-8, abs=1e-10)


@given(st.data())
@settings(max_examples=15)
def test_gradient_of_tabular_softmax_from_three_values_of_J(data):
    """J is a Moebius function of each odds x_sa alone: three values give its derivative without any calculus."""
    mdp = data.draw(st.one_of(continuing_mdps(max_states=3), episodic_mdps(max_states=3)))
    policy = tabular(mdp)
    point = data.draw(points(policy))
    solution = pgsym.solve(pgsym.Problem(mdp, policy))
    p = data.draw(st.sampled_from(policy.params))
    x0 = sp.exp(point[p])
    xs = [x0, x0 + 1, x0 + 3]
    f0, f1, f2 = (solution.at({**point, p: sp.log(x)}).J for x in xs)
    if f1 == f2:
        assert solution.at(point).grad[p] == 0
        return
    slope = (f1 - f0) * (f2 - f0) / (f2 - f1) * (xs[2] - xs[1]) / ((xs[1] - xs[0]) * (xs[2] - xs[0]))
    assert solution.at(point).grad[p] == slope * x0


@given(st.data())
@settings(max_examples=15)
def test_stationary_and_differential_values_satisfy_their_equations(data):
    mdp = data.draw(continuing_mdps())
    policy = data.draw(policies(mdp))
    point = pgsym.solve(pgsym.Problem(mdp, policy, "average-reward")).at(data.draw(points(policy)))
    P, mu = point.P_pi, sp.Matrix([point.mu[s] for s in mdp.states])
    h, r = sp.Matrix([point.h[s] for s in mdp.states]), sp.Matrix([point.r_pi[s] for s in mdp.states])
    assert mu.T * P == mu.T
    assert sum(mu) == 1
    assert r + P * h == h + point.rbar * sp.ones(len(h), 1)
    assert (mu.T * h)[0] == 0


@given(st.data())
@settings(max_examples=15)
def test_occupancy_balances_and_advantages_average_to_zero(data):
    mdp = data.draw(st.one_of(continuing_mdps(), episodic_mdps()))
    policy = data.draw(policies(mdp))
    theta = data.draw(points(policy))
    point = pgsym.solve(pgsym.Problem(mdp, policy)).at(theta)
    eta = sp.Matrix([point.eta[s] for s in mdp.nonterminal])
    P = point.P_pi[:, [mdp.states.index(s) for s in mdp.nonterminal]]
    start = sp.Matrix([mdp.start.get(s, 0) for s in mdp.nonterminal])
    assert eta.T == start.T + mdp.gamma * eta.T * P
    assert sum(point.d[s] for s in mdp.nonterminal) == 1
    pi = policy.at(theta)
    for s in mdp.nonterminal:
        assert sum(pi[s][a] * point.A[s, a] for a in mdp.actions(s)) == 0


def test_hessian_is_the_derivative_of_the_gradient():
    model, solution = solution_of("short-corridor")
    (theta,) = model.policy.params
    assert sp.cancel(solution.hessian[0, 0] - sp.diff(solution.J, theta, 2)) == 0
    point = {theta: sp.log(3)}
    assert solution.at(point).hessian[0, 0] == sp.nsimplify(solution.hessian[0, 0].xreplace(point))


def test_natural_gradient_of_kakade_two_states():
    """F = diag(16, 4)/125 and F^-1 grad J = (7/5, 8/5) at mu = (4/5, 1/5)."""
    model, solution = solution_of("kakade")
    stay = [sp.log(4), -sp.log(4)]
    point = solution.at(dict(zip(model.policy.params, stay, strict=True)))
    assert point.fisher == sp.diag(sp.Rational(16, 125), sp.Rational(4, 125))
    assert list(point.natural_gradient.values()) == [sp.Rational(7, 5), sp.Rational(8, 5)]


def test_natural_gradient_of_a_redundant_policy_raises():
    mdp = pgsym.zoo("kakade").mdp
    with pytest.raises(SingularMatrixError):
        _ = pgsym.solve(pgsym.Problem(mdp, tabular(mdp), "average-reward")).natural_gradient


def test_truncated_floats_equal_the_unrolled_model():
    model = pgsym.zoo("short-corridor")
    unrolled = model.mdp.unroll(6)
    lifted = model.policy.pullback(unrolled, lambda s: s[0])
    exact = pgsym.solve(pgsym.Problem(unrolled, lifted)).at({"theta": sp.log(2)})
    found = truncated(model.at({p: math.log(2) for p in model.policy.params}), 6)
    assert found.J == pytest.approx(float(exact.J), rel=1e-12)
    np.testing.assert_allclose(found.grad, [float(e) for e in exact.grad.values()], rtol=1e-12)


def test_policy_symbols_give_the_same_functions():
    _, solution = solution_of("two-state")
    kept = in_policy_symbols(solution)
    back = {
        symbol: solution.policy(a, s)
        for s in solution.mdp.nonterminal
        for a, symbol in zip(solution.mdp.actions(s), kept.policy.rows[s], strict=True)
        if symbol.is_Symbol
    }
    assert sp.cancel(kept.J.xreplace(back) - solution.J) == 0
    for p in solution.policy.params:
        assert sp.cancel(kept.grad[p].xreplace(back) - solution.grad[p]) == 0


def test_symbolic_dynamics_keep_the_answer_of_the_case():
    """x p/(x p + 1) with gradient x p/(x p + 1)^2."""
    mdp = MDP.from_transitions(
        [("s", "a", "T", "p", 1), ("s", "a", "s", "1-p", 0), ("s", "b", "T", 1, 0)],
        start="s",
        terminal=["T"],
        symbols={"p": "0 <= p <= 1"},
    )
    solution = pgsym.solve(pgsym.Problem(mdp, sigmoid(mdp, {"s": "t"})))
    xp = sp.exp(t) * sp.Symbol("p")
    assert sp.cancel(solution.J - xp / (xp + 1)) == 0
    assert sp.cancel(solution.grad[t] - xp / (xp + 1) ** 2) == 0


def test_transcendental_and_algebraic_points_stay_exact():
    _, solution = solution_of("short-corridor")
    x = sp.exp(sp.Rational(1, 9))
    assert sp.cancel(solution.at({"theta": sp.Rational(1, 9)}).J + 2 * (x + 1) * (x + 2) / x) == 0
    # x = sqrt 3: -2 (x + 1)(x + 2)/x = -2 (3 + 3 x + 2)/x = -6 - 10/x.
    assert solution.at({"theta": sp.log(3) / 2}).J == -6 - 10 * sp.sqrt(3) / 3


# -- gamma = 1 -------------------------------------------------------------------------------------------


def test_rewardless_sink_has_value_zero():
    mdp = MDP.from_transitions([("s", "a", "sink", 1, 5), ("sink", "stay", "sink", 1, 0)], start="s")
    solution = pgsym.solve(mdp)
    assert solution.J == 5
    assert solution.V["sink"] == 0


def test_model_that_earns_nothing_anywhere_has_value_zero():
    """No value is left to be solved for, with symbols or without, and with an action that is never taken."""
    for reward in (0, "R - R"):
        still = MDP.from_transitions([("s", "a", "s", 1, reward)], start="s")
        assert pgsym.solve(still).J == 0
        assert "objective start-state" in str(pgsym.derive(still))
    mdp = MDP.from_transitions([("s", "a", "s", 1, 0), ("s", "b", "end", 1, 1)], start="s", terminal=["end"])
    never = Problem(mdp, direct_policy(mdp, {"s": {"a": 1, "b": 0}}, []))
    assert pgsym.solve(never).J == 0
    assert pgsym.decide(never, "J = 0").proved


def test_unreachable_improper_state_does_not_matter():
    transitions = [("s", "a", "end", 1, 1), ("lost", "a", "lost", 1, -1)]
    solution = pgsym.solve(MDP.from_transitions(transitions, start="s", terminal=["end"]))
    assert solution.J == 1
    with pytest.raises(StructureError, match="V has no entry 'lost'"):
        _ = solution.V["lost"]


def test_periodic_chain_is_solved_not_iterated():
    mdp = MDP.from_transitions([("s", "go", "u", 1, 1), ("u", "go", "s", 1, 3)])
    solution = pgsym.solve(pgsym.Problem(mdp, objective="average-reward"))
    assert dict(solution.mu) == {"s": sp.Rational(1, 2), "u": sp.Rational(1, 2)}
    assert solution.J == 2


# -- hypotheses ------------------------------------------------------------------------------------------


def test_improper_policy_raises_naming_the_states():
    mdp = MDP.from_transitions([("s", "a", "u", 1, -1), ("u", "a", "s", 1, -1)], start="s")
    with pytest.raises(ImproperPolicyError, match=r"gamma = 1 and 2 reachable states can run for ever \('s', 'u'"):
        pgsym.solve(mdp)


def test_two_recurrent_classes_raise_naming_them():
    mdp = MDP.from_transitions(
        [("s", "a", "g", 1, 0), ("s", "b", "h", 1, 0), ("g", "c", "g", 1, 1), ("h", "c", "h", 1, 0)], start="s"
    )
    with pytest.raises(NotUnichainError, match=r"2 recurrent classes \('g'; 'h'\)"):
        pgsym.solve(pgsym.Problem(mdp, objective="average-reward"))


def test_stationary_value_without_discount_raises():
    mdp = MDP.from_transitions([("s", "a", "s", 1, 1)])
    with pytest.raises(DiscountError, match="gamma = 1; sum_s mu"):
        pgsym.solve(pgsym.Problem(mdp, objective="stationary-value"))


def test_average_reward_with_terminal_state_raises():
    mdp = MDP.from_transitions([("s", "a", "end", 1, 1)], terminal=["end"], start="s")
    with pytest.raises(UndefinedQuantityError, match=r"1 terminal state \('end'\)"):
        pgsym.solve(pgsym.Problem(mdp, objective="average-reward"))


def test_start_state_without_start_raises():
    mdp = MDP.from_transitions([("s", "a", "s", 1, 1)], gamma="1/2")
    with pytest.raises(StructureError, match="the model has no start distribution"):
        pgsym.solve(mdp)


def test_value_of_the_average_reward_objective_raises():
    model = pgsym.zoo("kakade")
    with pytest.raises(UndefinedQuantityError, match="V is not defined for the average-reward objective; it uses h"):
        _ = pgsym.solve(model.replace(objective="average-reward")).V


def test_hopeless_closed_form_stops_with_advice():
    mdp = MDP.from_gymnasium("FrozenLake-v1")
    with pytest.raises(TooLargeError, match=r"solution\.at\(theta\)"):
        _ = pgsym.solve(mdp, budget=5_000, seconds=20).J


def test_every_zoo_model_solves_at_its_point():
    for name, objective in itertools.product(pgsym.zoo_names(), [None]):
        model, solution = solution_of(name, objective)
        if not model.mdp.symbols:
            assert solution.at(model.theta).J.is_finite, name


def test_gradient_is_found_by_the_name_of_its_parameter() -> None:
    problem = pgsym.zoo("short-corridor")
    solution = pgsym.solve(problem.replace(objective="start-state"))
    (theta,) = problem.policy.params
    assert solution.grad[theta.name] == solution.grad[theta]
    with pytest.raises(
        StructureError, match=r"grad has no entry 'phi'; it has 1 entries, such as theta\. Check the name"
    ):
        solution.grad["phi"]


def test_a_value_that_is_given_twice_is_refused():
    """By its symbol and by its name: neither is meant more than the other."""
    problem = pgsym.zoo("two-state")
    for theta, values in (({"theta_x": 1}, {"theta_x": 2}), ({"theta_x": 1, sp.Symbol("theta_x"): 2}, {})):
        with pytest.raises(SchemaError, match=r"^at: found theta_x twice; one value is required\. Leave one out$"):
            problem.at(theta, **values)


def test_a_value_for_a_symbol_that_the_model_lacks_is_refused():
    robot = pgsym.zoo("recycling-robot")
    message = r"^at: 'alpah' is neither a parameter nor a symbol; the nearest is 'alpha'\. Check the name$"
    with pytest.raises(SchemaError, match=message):
        pgsym.solve(robot).at(robot.theta, alpah="1/2")
    corridor = pgsym.zoo("short-corridor")
    message = r"^at: 'gamma' is neither a parameter nor a symbol; there are theta\. Check the name$"
    with pytest.raises(SchemaError, match=message):
        pgsym.solve(corridor).at(corridor.theta, gamma="1/2")
    with pytest.raises(SchemaError, match=message):
        moments(corridor, "reinforce").at(gamma="1/2")
