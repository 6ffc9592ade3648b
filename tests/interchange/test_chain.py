"""The chain of a policy: the law of what happens next, rational in the odds."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, points, policies

from pgsym import induced_chain
from pgsym.errors import FormulaError
from pgsym.exact import solve
from pgsym.model import MDP, Problem, direct_policy, mixture, sigmoid, softmax_policy


@settings(max_examples=15)
@given(st.data())
def test_chain_has_the_values_of_the_policy(data):
    mdp = data.draw(st.one_of(episodic_mdps(max_states=3), continuing_mdps(max_states=3)))
    policy = data.draw(policies(mdp))
    theta = data.draw(points(policy))
    chain, meaning = induced_chain(Problem(mdp, policy))
    odds = {x.name: e.xreplace(theta) for x, e in meaning.items()}
    found = solve(Problem(chain.subs(odds), softmax_policy(chain, {}))).V
    expected = solve(Problem(mdp, policy)).at(theta).V
    assert {s: sp.radsimp(sp.cancel(found[s])) for s in mdp.states} == dict(expected)


LOOP = MDP.from_transitions(
    [("s", "a", "s", "p", "r"), ("s", "a", "end", "1 - p", 0), ("s", "b", "end", 1, 1)],
    start="s", terminal=["end"], symbols={"p": "0 < p < 1", "r": "r > 0"},
)  # fmt: skip


def test_fractional_coefficients_share_one_generator():
    policy = softmax_policy(LOOP, {"s": {"a": "t/2 + u", "b": "t/3"}})
    chain, meaning = induced_chain(Problem(LOOP, policy))
    t, u = sp.symbols("t u")
    assert meaning == {sp.Symbol("x_t"): sp.exp(t / 6), sp.Symbol("x_u"): sp.exp(u)}
    assert {str(s) for s in chain.symbols} == {"x_t", "x_u", "p", "r"}
    assert chain.assumptions["x_t"] == "x_t > 0"


def test_names_of_odds_are_free():
    policy = softmax_policy(LOOP, {"s": {"a": "t + x_t"}}, params=["t", "x_t"])
    assert set(induced_chain(Problem(LOOP, policy))[1]) == {sp.Symbol("x_t_2"), sp.Symbol("x_x_t")}


def test_a_mixture_and_its_weight():
    chain, _ = induced_chain(Problem(LOOP, mixture(sigmoid(LOOP, {"s": "t"}), "1/10")))
    x = sp.Symbol("x_t")
    (p,) = (o.p for o in chain.outcomes("s", "pi") if o.r == 1)
    assert sp.cancel(p - (sp.Rational(9, 10) / (1 + x) + sp.Rational(1, 20))) == 0


def test_what_is_never_chosen_takes_its_symbols_away():
    chain, meaning = induced_chain(Problem(LOOP, direct_policy(LOOP, {"s": {"a": 0, "b": 1}}, [])))
    assert (chain.symbols, chain.assumptions, meaning) == (frozenset(), {}, {})


def test_constants_in_logits_are_refused():
    with pytest.raises(FormulaError, match=r"^policy: found exp\(t \+ 1/2\); a chain's probabilities are rational\."):
        induced_chain(Problem(LOOP, softmax_policy(LOOP, {"s": {"a": "t + 1/2"}})))
