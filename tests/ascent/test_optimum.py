"""The best policy of any kind, against published and exact values."""

import numpy as np
import pytest
from skips import needs

import pgsym
from pgsym.ascent.ascend import best_value
from pgsym.model import MDP, tabular


def best(mdp, policy, objective="start-state"):
    return best_value(pgsym.Problem(mdp, policy, objective))


def test_frozen_lake_is_14_17ths():
    needs("gymnasium")
    lake = MDP.from_gymnasium("FrozenLake-v1")
    assert best(lake, tabular(lake)) == 14 / 17


@pytest.mark.parametrize(("name", "J"), [("short-corridor", -3), ("nota-thomas", 9 / 4), ("random-walk", 1)])
def test_start_state_optimum(name, J):
    p = pgsym.zoo(name)
    assert best(p.mdp, p.policy, p.objective) == J


@pytest.mark.parametrize(("objective", "J"), [("average-reward", 2), ("stationary-value", 4), ("start-state", 3)])
def test_three_objectives_of_stay_or_move(objective, J):
    """Staying in state 2 pays 2 for ever: rbar = 2, 2/(1 - 1/2) = 4; from state 1 it costs one step: 1/2 * 4 + 1."""
    rows = [(1, "stay", 1, 1, 1), (1, "move", 2, 1, 1), (2, "stay", 2, 1, 2), (2, "move", 1, 1, 0)]
    mdp = MDP.from_transitions(rows, start=1, gamma="1/2")
    assert best(mdp, tabular(mdp), objective) == J


def test_no_optimum_where_a_loop_earns():
    mdp = MDP.from_transitions([("s", "more", "s", 1, 1), ("s", "go", "end", 1, 0)], start="s", terminal=["end"])
    assert best(mdp, tabular(mdp)) is None


def test_no_optimum_of_a_large_model(monkeypatch):
    corridor = pgsym.zoo("short-corridor")
    monkeypatch.setitem(best_value.__globals__, "OPTIMUM_STATES", 3)
    assert best(corridor.mdp, corridor.policy) is None


def test_no_path_exceeds_the_optimum():
    p = pgsym.zoo("garnet", states=20, actions=3)
    found = pgsym.ascend(p, methods="natural", steps=60, step_size=1)
    assert found.best is not None
    assert (np.diff(found.paths[0].J) > 0).all()
    assert 0 < found.best - found.paths[0].J[-1] < 1e-2
