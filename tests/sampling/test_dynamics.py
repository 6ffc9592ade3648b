import numpy as np
import pytest

from pgsym.errors import SamplingError
from pgsym.model import MDP, Problem, tabular
from pgsym.sampling import build_tables, dynamics


def line(gamma=1, stay="1/2", rewards=(1, 1)):
    rows = [("s", "a", "s", stay, rewards[0]), ("s", "a", "t", f"1 - {stay}", rewards[1])]
    mdp = MDP.from_transitions(rows, start="s", terminal=["t"], gamma=gamma)
    return build_tables(Problem(mdp, tabular(mdp), theta=[0]))


def test_default_horizon_leaves_out_the_stated_share():
    # Alive at t with probability 2^-t: the share from T on is 2^-T, and 2^-14 < 1e-4 < 2^-13.
    assert dynamics.default_horizon(line()) == 14
    # gamma^t 2^-t = 4^-t.
    assert dynamics.default_horizon(line(gamma="1/2")) == 7


def test_default_horizon_of_a_discounted_chain():
    mdp = MDP.from_transitions([("s", "a", "s", 1, 1)], start="s", gamma="9/10")
    # 0.9^T <= 1e-4 first at T = 88.
    assert dynamics.default_horizon(build_tables(Problem(mdp, tabular(mdp), theta=[0]))) == 88


def test_default_horizon_of_gamma_0_is_one_step():
    assert dynamics.default_horizon(line(gamma=0)) == 1


def test_default_horizon_ends_where_nothing_is_earned_any_more():
    mdp = MDP.from_transitions([("s", "a", "sink", 1, 5), ("sink", "a", "sink", 1, 0)], start="s")
    assert dynamics.default_horizon(build_tables(Problem(mdp, tabular(mdp), theta=[0, 0]))) == 1


def test_default_horizon_raises_on_an_endless_run():
    mdp = MDP.from_transitions([("s", "a", "s", 1, 1)], start="s")
    with pytest.raises(
        SamplingError, match=r"^horizon: gamma\^t P\(still running\) is 1 after 100000 steps; .*Give horizon=T"
    ):
        dynamics.default_horizon(build_tables(Problem(mdp, tabular(mdp), theta=[0])))


def test_truncated_values_are_those_of_the_corridor(corridor):
    tables = build_tables(corridor.at([0]))
    np.testing.assert_allclose(dynamics.truncated_values(tables, 2000), [-12, -10, -6, 0], rtol=1e-12)
    assert dynamics.truncated_values(tables, 2).tolist() == [-2.0, -2.0, -1.5, 0.0]


def test_stationary_distribution_of_a_periodic_chain():
    mdp = MDP.from_transitions([("s", "a", "t", 1, 3), ("t", "a", "s", 1, 1)], start="s", gamma="1/2")
    tables = build_tables(Problem(mdp, tabular(mdp), theta=[0, 0]))
    mu = dynamics.stationary(tables)
    np.testing.assert_allclose(mu, [0.5, 0.5, 0], atol=1e-12)
    h = dynamics.differential_values(tables, 2.0)
    # h(s) - h(t) = 3 - 2 + h(t) - h(s) ... = 1/2 + 1/2.
    np.testing.assert_allclose(h[0] - h[1], 1.0, atol=1e-12)
    assert dynamics.reward_memory(tables, 2.0) is None
    assert dynamics.burn_in(tables, mu) is None


def test_mean_occupancy_averages_the_periodic_chain():
    mdp = MDP.from_transitions([("s", "a", "t", 1, 3), ("t", "a", "s", 1, 1)], start="s", gamma="1/2")
    tables = build_tables(Problem(mdp, tabular(mdp), theta=[0, 0]))
    assert dynamics.mean_occupancy(tables, 1, 2).tolist() == [0.5, 0.5, 0.0]
    assert dynamics.mean_occupancy(tables, 0, 1).tolist() == [1.0, 0.0, 0.0]


def test_memory_of_independent_states_is_two_rewards(kakade):
    # Both rows of P_pi are mu, so h = r_pi - rbar: the reward of (s, a) and that of the next state decide Q.
    tables = build_tables(kakade)
    assert dynamics.reward_memory(tables, 0.72) == 2
    assert dynamics.burn_in(tables, dynamics.stationary(tables)) == 1
