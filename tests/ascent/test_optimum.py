"""The best policy of any kind, against published and exact values."""

import numpy as np
import pytest
from skips import needs

import pgsym
from pgsym.ascent.ascend import best_in_floats, best_value
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


def test_large_models_have_their_optimum_in_floats(monkeypatch):
    p = pgsym.zoo("garnet", states=30, actions=3)
    mdp = p.mdp.replace(gamma="19/20")
    problem = pgsym.Problem(mdp, p.policy, "start-state")
    exact = best_value(problem)
    found = best_in_floats(problem)
    assert abs(found - exact) < 1e-9
    monkeypatch.setitem(best_value.__globals__, "OPTIMUM_STATES", 3)
    ascent = pgsym.ascend(problem, methods="exact", steps=1)
    assert (ascent.best, ascent.best_exact) == (found, False)
    assert str(ascent).splitlines()[-1].endswith(", in floats")
    values = np.zeros(len(mdp.states))  # value iteration of its own
    index = {s: k for k, s in enumerate(mdp.states)}
    for _ in range(800):
        Q = {}
        for s, a, t, q, r in mdp.rows:
            Q.setdefault(s, {}).setdefault(a, 0.0)
            Q[s][a] += float(q) * (float(r) + 0.95 * values[index[t]])
        values = np.array([max(Q[s].values()) for s in mdp.states])
    assert abs(found - sum(float(w) * values[index[s]] for s, w in mdp.start.items())) < 1e-9


def test_no_optimum_of_a_large_model_without_a_discount(monkeypatch):
    corridor = pgsym.zoo("short-corridor")
    monkeypatch.setitem(best_value.__globals__, "OPTIMUM_STATES", 3)
    assert best(corridor.mdp, corridor.policy) is best_in_floats(corridor) is None


def test_no_path_exceeds_the_optimum():
    p = pgsym.zoo("garnet", states=20, actions=3)
    found = pgsym.ascend(p, methods="natural", steps=60, step_size=1)
    assert found.best is not None
    assert (np.diff(found.paths[0].J) > 0).all()
    assert 0 < found.best - found.paths[0].J[-1] < 1e-2
