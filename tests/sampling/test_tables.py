import numpy as np
import pytest
import sympy as sp

from pgsym.errors import SamplingError
from pgsym.model import MDP, Problem, tabular
from pgsym.sampling import build_tables


def test_terminal_states_share_one_absorbing_index(dag):
    tables = build_tables(dag)
    assert tables.states == ("s0", "u", "v")
    assert (tables.S, tables.N, tables.O, tables.k) == (3, 6, 9, 3)
    assert tables.outcome_next.tolist() == [1, 2, 2, 3, 2, 3, 3, 3, 3]


def test_rewards_of_outcomes_are_not_averaged(edges):
    tables = build_tables(edges)
    assert tables.outcome_pair.tolist() == [0, 0, 0, 1]
    assert tables.outcome_reward.tolist() == [4.0, 0.0, -1.0, 1.0]
    assert tables.outcome_p.tolist() == [0.25, 0.25, 0.5, 1.0]
    np.testing.assert_allclose(tables.pi, [2 / 3, 1 / 3], rtol=1e-15)


def test_start_mass_in_terminal_states_is_absorbed():
    mdp = MDP.from_transitions([("s", "a", "t", 1, 1)], start={"s": "1/4", "t": "3/4"}, terminal=["t"])
    assert build_tables(Problem(mdp, tabular(mdp), theta=[0])).start.tolist() == [0.25, 0.75]


def test_theta_by_symbol_name_or_order(corridor):
    (theta,) = corridor.policy.params
    for point in ({theta: sp.log(2)}, {"theta": float(sp.log(2))}, [np.log(2)]):
        np.testing.assert_allclose(build_tables(corridor.at(point)).pi[:2], [2 / 3, 1 / 3])


def test_tables_raise_on_a_symbol_left():
    mdp = MDP.from_transitions(
        [("s", "a", "s", "p", "c"), ("s", "a", "t", "1 - p", 0)],
        terminal=["t"],
        gamma="gamma",
        symbols={"p": "0 < p < 1", "gamma": "0 < gamma < 1"},
    )
    with pytest.raises(SamplingError, match=r"^mdp: c, gamma, p has no value; .*Give it: problem\.at\(.*--set$"):
        build_tables(Problem(mdp, tabular(mdp), theta=[0]))


def test_by_state_raises_on_a_missing_state(dag):
    tables = build_tables(dag)
    with pytest.raises(SamplingError, match=r"^critic: no value for state 'u'; every non-terminal state needs one"):
        tables.by_state({"s0": 1, "v": 2}, where="critic")


def test_by_state_raises_on_an_unknown_state(dag):
    tables = build_tables(dag)
    with pytest.raises(SamplingError, match=r"^critic: state 's00' is unknown; the nearest is 's0'\. Rename or"):
        tables.by_state({"s0": 1, "u": 2, "v": 3, "s00": 4}, where="critic")


def test_by_state_raises_on_a_wrong_length(dag):
    tables = build_tables(dag)
    with pytest.raises(SamplingError, match=r"^critic: 2 values; the model has 3 non-terminal states"):
        tables.by_state([1, 2], where="critic")


@pytest.mark.parametrize("reward", ["1e200", "-1/10^31"])
def test_rewards_beyond_single_precision_are_refused(reward):
    """They were drawn as inf, or as 0 and called consistent with an exact gradient that is not."""
    mdp = MDP.from_transitions([("s", "a", "end", 1, reward), ("s", "b", "end", 1, 0)], start="s", terminal=["end"])
    with pytest.raises(SamplingError, match=r"^mdp: the largest reward is .*; runs are drawn in single precision"):
        build_tables(Problem(mdp))
    quiet = MDP.from_transitions([("s", "a", "end", 1, 0)], start="s", terminal=["end"])
    assert build_tables(Problem(quiet)).outcome_reward.tolist() == [0]
