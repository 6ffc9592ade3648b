"""The generic model: every number a symbol, a point of the domain at hand, every other model a case of it."""

import time

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import points

import pgsym
from pgsym.errors import SchemaError
from pgsym.exact import solve
from pgsym.model import MDP, generic_mdp, tabular
from pgsym.model.validate import witness
from pgsym.model.zoo import zoo
from pgsym.model.zoo.constructed import generic_problem


def rows_of(mdp):
    return [[o.p for o in mdp.outcomes(s, a)] for s, a in mdp.pairs] + [list(mdp.start.values())]


@pytest.mark.parametrize(("states", "actions", "terminal"), [(1, 1, False), (1, 2, True), (3, 2, False), (2, 3, True)])
def test_every_number_is_a_symbol_of_its_own(states, actions, terminal):
    mdp = generic_mdp(states, actions, terminal=terminal)
    targets = states + terminal
    assert len(mdp.states) == targets
    assert len(mdp.pairs) == states * actions
    free = states * actions * (targets - 1) + (states - 1)
    rewards = states * actions * targets
    assert len(mdp.symbols) == free + rewards + 1
    assert len(mdp.assumptions) == free + 1
    for row in rows_of(mdp):
        assert sp.expand(sum(row)) == 1
    assert mdp.terminal == ({"end"} if terminal else set())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_witness_is_inside_the_domain(seed):
    mdp = generic_mdp(4, 3)
    point = witness(mdp, seed)
    assert point.keys() == mdp.symbols
    for row in rows_of(mdp):
        values = [p.xreplace(point) for p in row]
        assert sum(values) == 1
        assert min(values) > 0
    assert 0 < point[sp.Symbol("gamma")] < 1
    assert not mdp.subs(point).symbols


def test_thirty_states_and_four_actions_take_seconds():
    """3600 probabilities and as many rewards; measured at 1.6 s to build and 0.7 s for a point."""
    begin = time.process_time()
    mdp = generic_mdp(30, 4)
    point = witness(mdp)
    assert time.process_time() - begin < 20
    assert all(sum(p.xreplace(point) for p in row) == 1 for row in rows_of(mdp)[:3])
    assert max(value.q for value in point.values()) < 1000


@given(st.data())
@settings(max_examples=10)
def test_every_model_of_the_size_is_a_case(data):
    """Substituting a model's numbers into the generic closed form gives its own, zeros included."""
    generic = generic_mdp(2, 1)
    weights = data.draw(st.lists(st.integers(0, 3), min_size=6, max_size=6))
    case, rows = {sp.Symbol("gamma"): sp.Rational(2, 3)}, []
    for i in (1, 2):
        one, two = weights[2 * i - 2 : 2 * i]
        share = sp.Rational(one, one + two) if one + two else sp.Integer(1)
        case[sp.Symbol(f"p_{i}_1_1")] = share
        for j, p in ((1, share), (2, 1 - share)):
            case[sp.Symbol(f"r_{i}_1_{j}")] = sp.Integer(weights[4] - j)
            rows.append((i, 1, j, p, weights[4] - j))
    start = case[sp.Symbol("m_1")] = sp.Rational(weights[5], 3)
    mdp = MDP.from_transitions(rows, start={1: start, 2: 1 - start}, gamma="2/3", states=[1, 2])
    policy = tabular(mdp)
    point = data.draw(points(policy))
    assert sp.cancel(solve(generic).J.xreplace(case)) == solve(pgsym.Problem(mdp, policy)).at(point).J


def test_names_in_the_package_and_the_zoo():
    assert pgsym.generic_mdp is generic_mdp
    assert generic_problem("3x2").mdp == generic_mdp(3, 2) == zoo("generic", states=3, actions=2).mdp
    assert generic_problem("3x2").name == "generic:3x2"
    assert generic_problem("2x1+end").mdp == zoo("generic", actions=1, terminal=True).mdp


@pytest.mark.parametrize("text", ["", "3", "3x", "0x2", "x2", "3x2x1", "3 x 2", "-1x2", "3x2+stop", "99999x1"])
def test_a_text_that_is_no_size_raises(text):
    with pytest.raises(SchemaError, match=r"^model: found generic:.*; a size is required\. Write generic:3x2 for 3"):
        generic_problem(text)


@pytest.mark.parametrize(("states", "actions", "where"), [(0, 1, "states"), (2, True, "actions"), (2.0, 1, "states")])
def test_a_size_that_is_no_whole_number_raises(states, actions, where):
    with pytest.raises(SchemaError, match=f"^{where}: found .*; a whole number of at least 1 is required"):
        generic_mdp(states, actions)
