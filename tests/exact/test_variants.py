"""Other rewards, discounts and start weights on one chain: against rebuilt models and matrix inverses."""

import random
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, points, policies

from pgsym.algebra import DualField, FloatField
from pgsym.errors import DiscountError, ImproperPolicyError, NotUnichainError, StructureError, UndefinedQuantityError
from pgsym.exact.fields import exact_field, prime_field, rational_field
from pgsym.exact.quantities import Quantities
from pgsym.model import MDP, Objective, sigmoid, tabular
from pgsym.model.zoo import zoo

SHARED = {
    Objective.START_STATE: ["J", "V", "Q", "A", "eta", "d"],
    Objective.AVERAGE_REWARD: ["J", "Q", "A", "mu", "h", "rbar"],
    Objective.STATIONARY_VALUE: ["J", "V", "Q", "A", "eta", "d", "mu", "h", "rbar"],
}


def at(mdp, policy, point, objective=Objective.START_STATE):
    return Quantities(mdp, policy, objective, exact_field(mdp, policy, point))


def sympy_of(q, value):
    if isinstance(value, Fraction | int) or not hasattr(value, "items"):
        return q.field.to_sympy(value)
    return {key: q.field.to_sympy(e) for key, e in value.items()}


def with_rewards(mdp, reward):
    """The model whose outcomes of (s,a) all pay reward(s, a)."""
    graph = mdp.to_graph()
    for s, _, data in graph.edges(data=True):
        data["r"] = reward(s, data["action"])
    return MDP(graph)


def some_reward(s, a):
    return sp.Rational(len(str(a)) + 3 * hash_of(s) % 7 - 2, 5)


def hash_of(name):
    return sum(map(ord, str(name)))


def agree(q, expected, names):
    for name in names:
        assert sympy_of(q, getattr(q, name)) == sympy_of(expected, getattr(expected, name)), name


# -- rebuilt models --------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=25)
def test_new_rewards_equal_the_model_with_these_rewards(data):
    objective = data.draw(st.sampled_from(Objective))
    episodic = objective is Objective.START_STATE and data.draw(st.booleans())
    mdp = data.draw(episodic_mdps() if episodic else continuing_mdps())
    policy = data.draw(policies(mdp))
    point = data.draw(points(policy))
    q = at(mdp, policy, point, objective)
    rewards = {pair: q.field.convert(some_reward(*pair)) for pair in mdp.pairs}
    agree(q.varied(r=rewards), at(with_rewards(mdp, some_reward), policy, point, objective), SHARED[objective])


@given(st.data())
@settings(max_examples=25)
def test_new_discount_and_start_equal_the_model_with_these(data):
    objective = data.draw(st.sampled_from([Objective.START_STATE, Objective.STATIONARY_VALUE]))
    episodic = objective is Objective.START_STATE and data.draw(st.booleans())
    mdp = data.draw(episodic_mdps() if episodic else continuing_mdps())
    policy = data.draw(policies(mdp))
    point = data.draw(points(policy))
    q = at(mdp, policy, point, objective)
    gamma = data.draw(st.sampled_from(["0", "1/3", "1"] if episodic else ["0", "1/3"]))
    start = {mdp.nonterminal[-1]: sp.Rational(1, 4)}
    start[mdp.states[0]] = start.get(mdp.states[0], 0) + sp.Rational(3, 4)
    found = q.varied(gamma=q.field.convert(sp.Rational(gamma)), mu0={s: q.field.convert(p) for s, p in start.items()})
    expected = at(mdp.replace(gamma=gamma, start=start), policy, point, objective)
    agree(found, expected, SHARED[objective])
    assert found.undiscounted == expected.undiscounted == (gamma == "1")


@given(st.data())
@settings(max_examples=15)
def test_gradients_of_a_variant_equal_those_of_the_rebuilt_model(data):
    """Dual numbers over a prime field, alone and above the values found before: the rebuilt model's residues."""
    mdp = data.draw(continuing_mdps(max_states=3))
    policy = data.draw(policies(mdp))
    field = DualField(prime_field(mdp, policy, random.Random(1)), policy.params)
    values = Quantities(mdp, policy, Objective.START_STATE, field.base)
    lower = data.draw(st.sampled_from([None, values]))
    q = Quantities(mdp, policy, Objective.START_STATE, field, values.structure, lower=lower)
    rewards = {pair: field.convert(some_reward(*pair)) for pair in mdp.pairs}
    found = q.varied(r=rewards, gamma=field.convert(sp.Rational(1, 3)))
    rebuilt = with_rewards(mdp, some_reward).replace(gamma="1/3")
    expected = Quantities(rebuilt, policy, Objective.START_STATE, field)
    assert found.gradient == expected.gradient
    assert found.theorem_gradient == found.gradient


# -- matrices --------------------------------------------------------------------------------------------


def matrices(q):
    live = q.mdp.nonterminal
    P = sp.Matrix([[q.field.to_sympy(q.P_pi[s].get(t, q.field.zero)) for t in live] for s in live])
    return live, P


@given(st.data())
@settings(max_examples=15)
def test_weights_need_not_sum_to_one_nor_be_positive(data):
    mdp = data.draw(continuing_mdps())
    policy = data.draw(policies(mdp))
    q = at(mdp, policy, data.draw(points(policy)))
    weights = data.draw(st.lists(st.integers(-3, 3), min_size=len(mdp.states), max_size=len(mdp.states)))
    live, P = matrices(q)
    found = q.varied(mu0={s: q.field.number(Fraction(w)) for s, w in zip(live, weights, strict=True)}, gamma=0)
    assert list(sympy_of(q, found.eta).values()) == weights
    found = q.varied(mu0={s: q.field.number(Fraction(w)) for s, w in zip(live, weights, strict=True)})
    eta = sp.Matrix([weights]) * (sp.eye(len(live)) - mdp.gamma * P).inv()
    assert list(sympy_of(q, found.eta).values()) == list(eta)
    assert q.field.to_sympy(found.J) == sum(w * q.field.to_sympy(q.V[s]) for s, w in zip(live, weights, strict=True))
    if sum(weights):
        assert list(sympy_of(q, found.d).values()) == list(eta / sum(eta))


@given(st.data())
@settings(max_examples=15)
def test_a_function_of_the_state_is_a_reward(data):
    mdp = data.draw(episodic_mdps(gamma="1"))
    policy = data.draw(policies(mdp))
    q = at(mdp, policy, data.draw(points(policy)))
    live, P = matrices(q)
    c = {s: sp.Integer(hash_of(s) % 5 - 2) for s in live}
    found = q.varied(r={s: q.field.convert(e) for s, e in c.items()}, gamma=Fraction(1, 2))
    V = (sp.eye(len(live)) - P / 2).inv() * sp.Matrix(list(c.values()))
    assert [q.field.to_sympy(found.V[s]) for s in live] == list(V)
    for s, a in mdp.pairs:
        ahead = sum(q.field.to_sympy(p) * q.field.to_sympy(found.V[t]) for t, p in q.P[s, a].items())
        assert q.field.to_sympy(found.Q[s, a]) == c[s] + ahead / 2
        assert found.A[s, a] == found.Q[s, a] - found.V[s]


def test_state_rewards_on_states_that_look_like_pairs():
    """An unrolled model's states are tuples, like the pairs of another."""
    unrolled = zoo("two-state").mdp.unroll(2)
    policy = tabular(unrolled)
    q = at(unrolled, policy, dict.fromkeys(policy.params, sp.Integer(0)))
    steps = q.varied(r=dict.fromkeys(unrolled.nonterminal, q.field.one), gamma=1)
    assert q.field.to_sympy(steps.J) == 2


def test_floats_agree_with_exact_values():
    model = zoo("two-state")
    exact = at(model.mdp, model.policy, model.theta)
    floats = Quantities(model.mdp, model.policy, Objective.START_STATE, FloatField(model.theta))
    of = [q.varied(gamma=Fraction(1, 3), mu0={"y": q.field.number(Fraction(2))}) for q in (exact, floats)]
    assert of[1].J == pytest.approx(float(exact.field.to_sympy(of[0].J)), rel=1e-14)


# -- combinations ----------------------------------------------------------------------------------------


def test_variants_of_variants_keep_what_was_given_before():
    model = zoo("two-state")
    q = at(model.mdp, model.policy, model.theta)
    one, c = q.field.one, {s: q.field.number(Fraction(k)) for k, s in enumerate(model.mdp.states, 1)}
    at_once = q.varied(r=c, gamma=Fraction(1, 2), mu0={"y": one})
    nested = q.varied(gamma=Fraction(1, 2)).varied(r=c).varied(mu0={"y": one})
    agree(nested, at_once, ["J", "V", "Q", "A", "eta", "d"])
    assert q.varied() is q


def test_average_reward_has_values_at_a_discount_of_their_own():
    """Without one, V belongs to another objective; with one it does not depend on the objective."""
    model = zoo("two-state")
    q = at(model.mdp, model.policy, model.theta, Objective.AVERAGE_REWARD)
    discounted = at(model.mdp.replace(gamma="1/3"), model.policy, model.theta)
    found = q.varied(gamma=Fraction(1, 3))
    agree(found, discounted, ["V", "Q", "A", "eta", "d"])
    agree(found.varied(mu0=q.mu0), discounted, ["V", "Q", "A", "eta", "d"])
    assert found.J == q.rbar
    with pytest.raises(UndefinedQuantityError, match="V is not defined for the average-reward objective; it uses h"):
        _ = q.varied(mu0=q.mu0).V
    assert q.varied(mu0=q.mu0).Q["x", "a"] == q.Q["x", "a"]


def test_equal_discounts_share_one_factorization():
    model = zoo("two-state", gamma="gamma")
    field = rational_field(model.mdp, model.policy)
    q = Quantities(model.mdp, model.policy, Objective.START_STATE, field)
    assert q.varied(mu0={"y": field.one})._system is q._system
    assert q.varied(gamma=field.convert(sp.Symbol("gamma")))._system is q._system
    half = q.varied(gamma=Fraction(1, 2))
    assert half._system is not q._system
    assert q.varied(gamma=field.convert(sp.Rational(1, 2)), mu0={"x": field.one})._system is half._system
    assert q.varied(r=dict.fromkeys(model.mdp.states, field.one)).classes[0].mu is q.classes[0].mu


# -- discount 1 ------------------------------------------------------------------------------------------


def endless(reward=0, start="s"):
    """s can end or fall into a sink; the sink pays `reward` for ever."""
    rows = [("s", "stop", "end", 1, 5), ("s", "fall", "sink", 1, 0), ("sink", "stay", "sink", 1, reward)]
    mdp = MDP.from_transitions(rows, start=start, terminal=["end"], gamma="1/2")
    policy = tabular(mdp)
    return at(mdp, policy, dict.fromkeys(policy.params, sp.Integer(0)))


def test_discount_one_needs_every_run_to_end():
    with pytest.raises(ImproperPolicyError, match=r"gamma = 1 and 2 reachable states can run for ever \('s', 'sink'"):
        _ = endless(1).varied(gamma=1).V
    assert endless(1).varied(gamma=Fraction(9, 10)).V["sink"] == 10


def test_discount_one_finds_what_new_rewards_leave_endless():
    q = endless(1)
    zero, one = q.field.zero, q.field.one
    quiet = q.varied(r={"s": one, "sink": zero}, gamma=1)
    assert (quiet.V["s"], quiet.V["sink"], quiet.J) == (1, 0, 1)
    assert quiet.eta["s"] == 1
    with pytest.raises(UndefinedQuantityError, match="gamma = 1 and the run from 'sink' need not end, so eta"):
        _ = quiet.eta["sink"]
    with pytest.raises(ImproperPolicyError, match="recurrent class 'sink'"):
        _ = endless(0).varied(r={"s": one, "sink": one}, gamma=1).V


def test_d_names_the_start_from_which_the_run_need_not_end():
    mdp = MDP.from_transitions([("s", "stay", "s", 1, 0)], start="s")
    q = at(mdp, tabular(mdp), dict.fromkeys(tabular(mdp).params, sp.Integer(0)))
    with pytest.raises(UndefinedQuantityError, match="gamma = 1 and the run from 's' need not end, so eta"):
        _ = q.d
    ended = MDP.from_transitions([("s", "stop", "end", 1, 1)], start="end", terminal=["end"])
    q = at(ended, tabular(ended), dict.fromkeys(tabular(ended).params, sp.Integer(0)))
    with pytest.raises(UndefinedQuantityError, match="the start weight is 0 in every state that is not terminal"):
        _ = q.d


def test_discount_one_asks_only_what_the_new_weight_reaches():
    rows = [("s", "stop", "end", 1, 5), ("lost", "stay", "lost", 1, 1)]
    mdp = MDP.from_transitions(rows, start="lost", terminal=["end"])
    q = at(mdp, tabular(mdp), dict.fromkeys(tabular(mdp).params, sp.Integer(0)))
    with pytest.raises(ImproperPolicyError, match="1 reachable states can run for ever"):
        _ = q.V
    found = q.varied(mu0={"s": q.field.one, "lost": q.field.zero})
    assert (found.J, found.eta["s"]) == (5, 1)
    assert found.weighted == ("s",)
    with pytest.raises(UndefinedQuantityError, match="gamma = 1 and the run from 'lost' need not end"):
        _ = found.V["lost"]


def test_a_discount_that_is_not_the_number_one_is_solved_on_every_state():
    rows = [("s", "go", "s", 1, 1)]
    mdp = MDP.from_transitions(rows, start="s")
    policy = tabular(mdp)
    field = rational_field(mdp.replace(gamma="lambda"), policy)
    q = Quantities(mdp, policy, Objective.START_STATE, field)
    lam = sp.Symbol("lambda")
    assert sp.cancel(field.to_sympy(q.varied(gamma=field.convert(lam)).J) - 1 / (1 - lam)) == 0


def test_a_reward_with_a_zero_value_and_a_slope_is_paid():
    """c(sink) = pi(stop|s) - 1/2 at theta = 0: nothing is earned there, yet the value is infinite nearby."""
    rows = [("s", "stop", "end", 1, 5), ("s", "fall", "sink", 1, 0), ("sink", "stay", "sink", 1, 0)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"])
    policy = sigmoid(mdp, {"s": "t"})
    base = exact_field(mdp, policy, {sp.Symbol("t"): sp.Integer(0)})
    field = DualField(base, policy.params)
    q = Quantities(mdp, policy, Objective.START_STATE, base)
    above = Quantities(mdp, policy, Objective.START_STATE, field, q.structure, lower=q)
    assert base.to_sympy(q.varied(r={"s": base.one, "sink": base.zero}).J) == 1
    found = above.varied(r={"s": field.one, "sink": field.zero})
    assert [base.to_sympy(e) for e in (found.J.value, *found.gradient.values())] == [1, 0]
    with pytest.raises(ImproperPolicyError, match="recurrent class 'sink'"):
        _ = above.varied(r={"s": field.one, "sink": above.pi["s"]["stop"] - field.number(Fraction(1, 2))}).J


def test_stationary_value_without_discount_raises():
    model = zoo("two-state")
    q = at(model.mdp, model.policy, model.theta, Objective.STATIONARY_VALUE)
    with pytest.raises(DiscountError, match="gamma = 1; sum_s mu"):
        _ = q.varied(gamma=1).J


def test_stationary_value_of_two_classes_raises():
    model = zoo("two-classes")
    q = at(model.mdp, model.policy, model.theta, Objective.STATIONARY_VALUE)
    with pytest.raises(NotUnichainError, match="2 recurrent classes"):
        _ = q.varied(gamma=Fraction(1, 2)).J


# -- wrong data ------------------------------------------------------------------------------------------


def test_rewards_that_miss_a_state_raise():
    q = endless()
    with pytest.raises(StructureError, match=r"^r: no reward for 'sink' and 0 other states; a reward function"):
        _ = q.varied(r={"s": q.field.one}).V


def test_a_weight_of_an_unknown_state_raises():
    q = endless()
    with pytest.raises(StructureError, match=r"^mu0: state 'nowhere' is unknown; a start is a state. Check its name$"):
        _ = q.varied(mu0={"nowhere": q.field.one}).eta
