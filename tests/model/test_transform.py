"""Discount as random termination: the same values and visits, in a model without discount."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, points, policies

from pgsym.errors import DiscountError
from pgsym.exact import solve
from pgsym.exact.fields import exact_field
from pgsym.exact.quantities import Quantities
from pgsym.model import MDP, Objective, Problem, generic_mdp, tabular, terminating
from pgsym.model.reductions import fresh
from pgsym.model.zoo import zoo


@given(st.data())
@settings(max_examples=20)
def test_values_and_visits_stay(data):
    mdp = data.draw(st.one_of(continuing_mdps(), episodic_mdps(gamma="1/2")))
    policy = data.draw(policies(mdp))
    point = data.draw(points(policy))
    before, after = (solve(Problem(m, policy)).at(point) for m in (mdp, terminating(mdp)))
    assert after.J == before.J
    for s in mdp.nonterminal:
        assert (after.V[s], after.eta[s]) == (before.V[s], before.eta[s])
    for pair in mdp.pairs:
        assert after.Q[pair] == before.Q[pair]
        assert after.A[pair] == before.A[pair]
    assert list(after.grad.values()) == list(before.grad.values())


@given(st.data())
@settings(max_examples=10)
def test_expected_length_is_the_sum_of_eta(data):
    mdp = data.draw(st.one_of(continuing_mdps(), episodic_mdps(gamma="1/2")))
    policy = data.draw(policies(mdp))
    point = data.draw(points(policy))
    ending = terminating(mdp)
    q = Quantities(ending, policy, Objective.START_STATE, exact_field(ending, policy, point))
    eta = solve(Problem(mdp, policy)).at(point).eta
    assert q.field.to_sympy(q.expected_steps) == sum(eta[s] for s in mdp.nonterminal)


def test_outcomes_by_hand():
    """gamma = 3/4: to T with 3/4 and to the new end with 1/4, the reward paid on both ways."""
    mdp = MDP.from_transitions([("s", "a", "end", 1, 2)], start="s", terminal=["end"], gamma="3/4")
    ending = terminating(mdp)
    assert ending.outcomes("s", "a") == (("end", sp.Rational(3, 4), 2), ("end_2", sp.Rational(1, 4), 2))
    assert ending.gamma == 1
    assert ending.terminal == {"end", "end_2"}
    assert ending.start == mdp.start


def test_the_new_end_is_told_apart_from_every_name():
    rows = [("end", "a", "end_2", 1, 0), ("end_2", "a", 3, 1, 0), (3, "a", "end", 1, 0)]
    assert fresh(MDP.from_transitions(rows)) == "end_3"
    assert fresh(MDP.from_transitions(rows), "3") == "3_2"


def test_symbolic_discount_becomes_a_probability_with_an_assumption():
    """A discount needs no declaration, a probability does."""
    model = zoo("two-state", gamma="gamma")
    assert terminating(model.mdp).assumptions == {"gamma": "0 <= gamma < 1"}
    declared = MDP.from_transitions([("s", "a", "s", 1, 1)], gamma="1 - q", symbols={"q": "0 < q < 1/2"})
    assert terminating(declared).assumptions == {"q": "0 < q < 1/2"}
    found = solve(Problem(terminating(model.mdp), model.policy))
    assert sp.cancel(found.J - solve(model).J) == 0


def test_the_generic_model_can_be_transformed():
    ending = terminating(generic_mdp(2, 2, terminal=True))
    assert ending.states == (1, 2, "end", "end_2")
    assert len(ending.outcomes(1, 1)) == 6


def test_discount_zero_ends_after_one_step():
    mdp = MDP.from_transitions([("s", "a", "s", 1, 7)], start="s", gamma=0)
    ending = terminating(mdp)
    assert ending.outcomes("s", "a") == (("end", 1, 7),)
    assert solve(Problem(ending, tabular(ending))).J == 7


def test_a_model_without_discount_raises():
    with pytest.raises(DiscountError, match=r"^terminating: gamma = 1; a run ends with probability 1 - gamma"):
        terminating(MDP.from_transitions([("s", "a", "s", 1, 1)]))
