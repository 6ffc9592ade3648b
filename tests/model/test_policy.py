"""Policies: distributions for every theta, shared parameters, and every misfit with the MDP refused."""

import re

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st
from strategies import continuing_mdps, points, policies

from pgsym.errors import (
    FormulaError,
    NameCollisionError,
    NotStochasticError,
    PolicyError,
    ProbabilityRangeError,
)
from pgsym.expression.evaluate import Expressions
from pgsym.expression.linear import Linear
from pgsym.model import MDP, direct_policy, mixture, sigmoid, softmax_policy, tabular

t, u, p = sp.symbols("t u p")


@pytest.fixture
def mdp():
    rows = [("s", "a", "s", 1, 1), ("s", "b", "u", 1, 0), ("u", "a", "s", 1, 2), ("u", "b", "u", 1, 0)]
    return MDP.from_transitions(rows, start="s", gamma="1/2")


@pytest.fixture
def slippery():
    rows = [("s", "a", "s", "p", 1), ("s", "a", "T", "1 - p", 1), ("s", "b", "T", 1, 0)]
    return MDP.from_transitions(rows, start="s", terminal=["T"], symbols={"p": "0 < p < 1"})


# -- kinds -----------------------------------------------------------------------------------------------


def test_tabular_has_one_logit_for_each_pair(mdp):
    policy = tabular(mdp)
    assert [str(x) for x in policy.params] == ["theta_s_a", "theta_s_b", "theta_u_a", "theta_u_b"]
    assert policy("a", "s") == sp.exp(policy.params[0]) / (sp.exp(policy.params[0]) + sp.exp(policy.params[1]))


def test_generated_names_stay_apart():
    rows = [("s 1", "a", "s_1", 1, 0), ("s_1", "a", "s 1", 1, 0), ("s-1", "a", "s-1", 1, 0)]
    policy = tabular(MDP.from_transitions(rows, gamma="1/2"))
    assert len({x.name for x in policy.params}) == 3
    numbers = tabular(MDP.from_transitions([(1, "a", "1", 1, 0), ("1", "a", 1, 1, 0)], gamma="1/2"))
    assert len({x.name for x in numbers.params}) == 2


def test_sigmoid_chooses_the_first_action_with_probability_1_over_1_plus_exp(mdp):
    policy = sigmoid(mdp, {"s": "t", "u": "2*t - 1/2"})
    assert policy.params == (t,)
    assert sp.simplify(policy("a", "s") - 1 / (1 + sp.exp(-t))) == 0
    assert policy.logits["u"]["a"] == Linear.from_sympy(2 * t - sp.Rational(1, 2))
    assert [str(x) for x in sigmoid(mdp, "w").params] == ["w_s", "w_u"]


@given(st.data())
def test_rows_sum_to_one_for_every_theta(data):
    mdp = data.draw(continuing_mdps())
    policy = data.draw(policies(mdp))
    for epsilon in (None, "1/10", "eps"):
        soft = policy if epsilon is None else mixture(policy, epsilon)
        for s in soft.states:
            assert sp.cancel(sum(soft.row(s, Expressions()))) == 1
    theta = data.draw(points(policy))
    for s, row in policy.at(theta).items():
        assert tuple(row) == mdp.actions(s)
        assert sum(row.values()) == 1
        assert all(0 < value < 1 or len(row) == 1 for value in row.values())


def test_direct_policy_keeps_its_formulas(mdp):
    policy = direct_policy(mdp, {"s": {"a": "p", "b": "1 - p"}, "u": {"a": 1}}, ["p"])
    assert policy.at({"p": "1/3"}) == {"s": {"a": sp.Rational(1, 3), "b": sp.Rational(2, 3)}, "u": {"a": 1, "b": 0}}
    assert list(policy.expressions()) == [p, 1 - p, 1, 0]


def test_direct_policy_may_hold_exponentials(mdp):
    odds = "exp(t)/(1 + exp(t))"
    policy = direct_policy(mdp, {s: {"a": odds, "b": "1/(1 + exp(t))"} for s in "su"}, ["t"])
    assert policy.at({t: "log(2)"})["s"]["a"] == sp.Rational(2, 3)
    assert set(policy.forms()) == {Linear.from_sympy(t)}


def test_mixture_is_epsilon_soft(mdp):
    policy = mixture(sigmoid(mdp, {"s": "t"}, default="uniform"), "1/10")
    assert policy.at({t: "log(3)"})["s"] == {"a": sp.Rational(29, 40), "b": sp.Rational(11, 40)}
    assert policy.params == (t,)


def test_at_is_exact_where_the_odds_are_algebraic(mdp):
    policy = sigmoid(mdp, {"s": "t", "u": "t"})
    assert policy.at({t: "log(2)/2"})["s"]["a"] == 2 - sp.sqrt(2)


def test_pullback_shares_parameters(mdp):
    unrolled = mdp.unroll(3)
    for policy in (
        tabular(mdp),
        mixture(tabular(mdp), "1/5"),
        direct_policy(mdp, {s: {"a": "p", "b": "1-p"} for s in "su"}, ["p"]),
    ):
        pulled = policy.pullback(unrolled, lambda state: state[0])
        assert pulled.params == policy.params
        assert set(pulled.states) == set(unrolled.nonterminal)
        assert pulled("a", ("s", 0)) == policy("a", "s")


# -- points ----------------------------------------------------------------------------------------------


def test_a_point_has_the_order_of_the_parameters_however_it_is_given(mdp):
    policy = tabular(mdp)
    names = [p.name for p in policy.params]
    given = {name: k for k, name in enumerate(reversed(names))}
    assert list(policy.point(given)) == list(policy.params)
    assert {p.name: v for p, v in policy.point(given).items()} == given


def test_point_reads_names_symbols_and_sequences(mdp):
    policy = sigmoid(mdp, {"s": "t", "u": "u"})
    expected = {t: sp.log(2), u: sp.Rational(1, 10)}
    assert policy.point({"t": "log(2)", u: 0.1}) == policy.point(["log(2)", "0.1"]) == expected


@pytest.mark.parametrize(
    ("theta", "message"),
    [
        ({"t": 0}, "theta: no value for u; every parameter needs one. Add it"),
        ({"t": 0, "u": 0, "v": 0}, "theta: 'v' is not a parameter; the policy has t, u. Check the name"),
        ([0], "theta: 1 values; the policy has 2 parameters. Give one for each"),
        ({"t": "x", "u": 0}, "theta[t]: found x; a real number is required"),
        ({"t": float("nan"), "u": 0}, "theta[t]: found nan; a number must be finite"),
        ({"t": sp.I, "u": 0}, "theta[t]: found I; a real number is required"),
        ({"t": "log(-1)", "u": 0}, "theta[t]: found log(-1); the logarithm of a positive number is required"),
    ],
)
def test_point_raises_on(mdp, theta, message):
    policy = sigmoid(mdp, {"s": "t", "u": "u"})
    with pytest.raises((PolicyError, FormulaError), match=re.escape(message)):
        policy.point(theta)


# -- misfits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("logits", "kind", "message"),
    [
        (
            {"x": {"a": "t"}},
            PolicyError,
            "policy: state 'x' is unknown; a policy acts in non-terminal states. Remove it",
        ),
        ({"s": {"z": "t"}}, PolicyError, "s: action 'z' is not available; it has 'a', 'b'. Check its name"),
        ({"s": {"a": "t^2"}}, FormulaError, "('logits', 's', 'a'): t**2 is not a rational multiple of one parameter"),
        ({"s": {"a": "t*u"}}, FormulaError, "a logit must be linear in theta with rational coefficients"),
        ({"s": {"a": "log(2)*t"}}, FormulaError, "a logit must be linear in theta with rational coefficients"),
        ({"s": {"a": "exp(t)"}}, FormulaError, "Give a rational policy directly as probabilities"),
        ({"s": {"a": "2t"}}, FormulaError, "('logits', 's', 'a'): found 't' without an operator"),
        ({"s": {"a": None}}, FormulaError, "('logits', 's', 'a'): found None; a number or a formula is required"),
    ],
)
def test_softmax_policy_raises_on(mdp, logits, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        softmax_policy(mdp, logits)


def test_policy_raises_on_terminal_states(slippery):
    with pytest.raises(PolicyError, match="state 'T' is terminal; a policy acts in non-terminal states"):
        softmax_policy(slippery, {"T": {"a": "t"}})


def test_softmax_policy_raises_on_a_parameter_that_is_not_listed(mdp):
    with pytest.raises(PolicyError, match="logits: logits use u, which params does not list"):
        softmax_policy(mdp, {"s": {"a": "t + u"}}, params=["t"], default="uniform")


PLACE = "('probabilities', 's'): probabilities"


@pytest.mark.parametrize(
    ("row", "kind", "message"),
    [
        ({"a": "1/2", "b": "2/5"}, NotStochasticError, f"{PLACE} sum to 9/10; must be exactly 1. Add the missing 1/10"),
        ({"a": "p", "b": "p"}, NotStochasticError, f"{PLACE} sum to 2*p; must be exactly 1"),
        ({"a": "3/2", "b": "-1/2"}, ProbabilityRangeError, "probabilities include 3/2, -1/2; each lies in [0, 1]"),
        ({"a": "p"}, NotStochasticError, "probabilities sum to p; must be exactly 1"),
        ({"a": "sqrt(2)/2", "b": "1 - sqrt(2)/2"}, FormulaError, "a probability is a rational function of symbols"),
        ({"a": float("nan"), "b": 1}, FormulaError, "('probabilities', 's', 'a'): found nan"),
    ],
)  # fmt: skip
def test_direct_policy_raises_on(mdp, row, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        direct_policy(mdp, {"s": row, "u": {"a": 1}}, ["p"])


FORGOTTEN = (
    "; every state that can be reached and has a choice needs them. Add them, or say default='uniform' (in a file"
)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda mdp, **options: softmax_policy(mdp, {"s": {"a": "t"}}, **options), "logits"),
        (lambda mdp, **options: softmax_policy(mdp, {"s": {"a": "t"}, "u": {}}, **options), "logits"),
        (lambda mdp, **options: sigmoid(mdp, {"s": "t"}, **options), "logits"),
        (lambda mdp, **options: direct_policy(mdp, {"s": {"a": 1}}, [], **options), "probabilities"),
    ],
)
def test_a_forgotten_state_is_refused_unless_the_default_says_so(mdp, make, what):
    with pytest.raises(PolicyError, match=re.escape(f"policy: found no {what} for 'u'{FORGOTTEN}")):
        make(mdp)
    policy = make(mdp, default="uniform")
    assert [policy(a, "u") for a in "ab"] == [sp.Rational(1, 2)] * 2
    with pytest.raises(PolicyError, match=re.escape("policy: found default = 'unifrom'; only 'uniform' is known.")):
        make(mdp, default="unifrom")


def test_what_the_start_cannot_reach_and_what_has_no_choice_may_be_left_out():
    rows = [("s", a, "u", 1, 0) for a in "ab"] + [("u", "a", "s", 1, 0)] + [("v", a, "s", 1, 0) for a in "ab"]
    mdp = MDP.from_transitions(rows, start="s", gamma="1/2")
    assert softmax_policy(mdp, {"s": {"a": "t"}})("b", "v") == sp.Rational(1, 2)
    assert direct_policy(mdp, {"s": {"b": 1}}, [])("a", "u") == 1
    with pytest.raises(PolicyError, match="found no logits for 'v'; every state"):
        softmax_policy(MDP.from_transitions(rows, gamma="1/2"), {"s": {"a": "t"}})


def test_sigmoid_raises_on_an_unknown_state(mdp):
    with pytest.raises(PolicyError, match="policy: state 'x' is unknown; a policy acts in non-terminal states"):
        sigmoid(mdp, {"x": "t"})


def test_sigmoid_raises_on_three_actions():
    mdp = MDP.from_transitions([("s", a, "s", 1, 0) for a in "abc"], gamma="1/2")
    with pytest.raises(
        PolicyError, match=re.escape("s: 3 actions; a sigmoid policy chooses between two. Use tabular()")
    ):
        sigmoid(mdp)


COLLISION = (
    "policy: p names both a policy parameter and a symbol of the dynamics; d/dtheta would silently differentiate P."
)


@pytest.mark.parametrize("symbol", [p, sp.Symbol("p", positive=True), "p"])
def test_parameter_named_like_a_symbol_of_the_dynamics_raises(slippery, symbol):
    with pytest.raises(NameCollisionError, match=re.escape(COLLISION)):
        softmax_policy(slippery, {"s": {"a": "0"}}, params=[symbol])
    with pytest.raises(NameCollisionError, match=re.escape(COLLISION)):
        direct_policy(slippery, {"s": {"a": "p", "b": "1 - p"}}, [symbol])


def test_parameter_listed_twice_raises(mdp):
    with pytest.raises(NameCollisionError, match="policy: parameter t is listed twice; names must be distinct"):
        softmax_policy(mdp, {"s": {"a": "t"}}, params=["t", "t"], default="uniform")


def test_parameter_that_looks_like_a_symbol_of_the_dynamics_raises(slippery):
    with pytest.raises(NameCollisionError, match=r"the names 'p' and '\\u0440' look alike"):
        softmax_policy(slippery, {"s": {"a": "\u0440"}})


@pytest.mark.parametrize("name", ["E", "S", "I", "pi", "gamma", "lambda", "N"])
def test_parameter_may_have_any_name(mdp, name):
    policy = softmax_policy(mdp, {"s": {"a": name}}, default="uniform")
    assert policy.params == (sp.Symbol(name),)
    assert policy.at({name: "log(2)"})["s"]["a"] == sp.Rational(2, 3)


@pytest.mark.parametrize("epsilon", ["11/10", -1, "-1/2"])
def test_mixture_raises_outside_the_unit_interval(mdp, epsilon):
    with pytest.raises(PolicyError, match=re.escape("; a mixture weight lies in [0, 1]")):
        mixture(tabular(mdp), epsilon)


def test_mixture_raises_where_the_weight_is_a_parameter(mdp):
    base = sigmoid(mdp, {"s": "t"}, default="uniform")
    with pytest.raises(
        NameCollisionError, match="epsilon: t names both a policy parameter and a symbol of the mixture"
    ):
        mixture(base, 1 - sp.Symbol("t", positive=True))


def test_direct_policy_raises_on_a_symbol_that_is_no_parameter(mdp, slippery):
    message = (
        "probabilities: probabilities use q, which neither params nor the model has; J would not be differentiated by "
        "it. Add it to params"
    )
    with pytest.raises(PolicyError, match=re.escape(message)):
        direct_policy(mdp, {s: {"a": "q", "b": "1 - q"} for s in "su"}, ["p"])
    assert direct_policy(slippery, {"s": {"a": "p", "b": "1 - p"}}, []).params == ()
