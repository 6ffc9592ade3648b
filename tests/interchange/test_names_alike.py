"""Names that read alike leave pgsym and come back as what they were, or are refused; nothing is merged."""

import json

import pytest
import sympy as sp
from skips import needs

from pgsym.errors import ClaimError, StructureError
from pgsym.exact import solve
from pgsym.expression.naming import labels
from pgsym.model import MDP, Problem, direct_policy, mixture, tabular
from pgsym.model.files import drn, graphml, node_link
from pgsym.model.formats import load, save
from pgsym.model.objective import Objective
from pgsym.reports.values import solution_json

STATES = [1, "1", "'1'", (0, 1), "(0, 1)", "[0, 1]", "x,y", "x", "-1", -1]
ACTIONS = [1, "1", "a|b"]


def ring(states=STATES, actions=ACTIONS):
    n = len(states)
    rows = [(s, a, states[(k + j + 1) % n], 1, 3 * k + j) for k, s in enumerate(states) for j, a in enumerate(actions)]
    return MDP.from_transitions(rows, start=dict.fromkeys(states, f"1/{n}"), gamma="1/2", states=states)


def direct(mdp):
    rows = {s: dict(zip(mdp.actions(s), [f"t/{k + 2}", f"1/{k + 3}"], strict=False)) for k, s in enumerate(STATES)}
    return direct_policy(mdp, {s: {**row, "a|b": f"1 - {' - '.join(row.values())}"} for s, row in rows.items()}, ["t"])


POLICIES = {"tabular": tabular, "direct": direct, "mixture": lambda mdp: mixture(tabular(mdp), "eps")}


@pytest.mark.parametrize("suffix", ["json", "yaml", "graphml", "node-link.json"])
@pytest.mark.parametrize("policy", POLICIES)
def test_files_keep_names_and_their_types(tmp_path, suffix, policy):
    mdp = ring()
    chosen = POLICIES[policy](mdp)
    problem = Problem(mdp, chosen, Objective.START_STATE, dict.fromkeys(chosen.params, sp.Rational(1, 4)))
    path = tmp_path / f"m.{suffix}"
    save(problem, path)
    found = load(path)
    assert [(type(s), s) for s in found.mdp.states] == [(type(s), s) for s in STATES]
    assert [[(type(a), a) for a in found.mdp.actions(s)] for s in STATES] == [[(type(a), a) for a in ACTIONS]] * 10
    assert found.mdp == mdp
    assert found.policy == chosen


@pytest.mark.parametrize("format", [graphml, node_link])
def test_graphs_keep_names(format):
    mdp = ring()
    policy = tabular(mdp)
    problem = Problem(mdp, policy, Objective.START_STATE, dict.fromkeys(policy.params, sp.S.Zero))
    assert format.loads(format.dumps(problem)) == problem


def test_drn_keeps_names():
    mdp = MDP.from_transitions([(s, a, "end", 1, 1) for s in STATES for a in ACTIONS], start=1, terminal=["end"])
    found = drn.loads(drn.dumps(mdp))
    assert [(type(s), s) for s in found.states] == [(type(s), s) for s in mdp.states]
    assert found == mdp


def test_stormvogel_refuses_names_that_read_alike():
    needs("stormvogel")
    from pgsym.model.files import storm

    rows = [(s, "a", "end", 1, 1) for s in (1, "1")]
    with pytest.raises(StructureError, match=r"states: two names are written alike; names are text there\. Rename one"):
        storm.to_stormvogel(MDP.from_transitions(rows, start=1, terminal=["end"]))


def test_report_has_an_entry_for_each_state_and_action():
    mdp = ring()
    policy = tabular(mdp)
    problem = Problem(mdp, policy, Objective.START_STATE, dict.fromkeys(policy.params, sp.S.Zero))
    data = solution_json(problem, ["V", "Q"])
    json.dumps(data)
    assert len(data["V"]) == len(STATES)
    assert sum(map(len, data["Q"].values())) == len(STATES) * len(ACTIONS)
    exact = solve(Problem(mdp, policy)).at(problem.theta)
    assert [entry["exact"] for entry in data["V"].values()] == [str(exact.V[s]) for s in STATES]


def test_labels_are_distinct_text():
    found = labels(STATES)
    assert list(found) == STATES
    assert len(set(found.values())) == len(STATES)
    assert [found[1], found["1"], found["'1'"]] == ["1", "'1'", "'1' (2)"]
    assert labels(["2", "x"]) == {"2": "2", "x": "x"}


def test_option_means_the_state_of_its_type_and_name():
    from pgsym.cli.let import read_let

    found = read_let(["v(1)=2", 'v("1")=3', "v('1')=4"], ring())
    assert found == {"v(s)": {1: 2, "1": 3, "'1'": 4}}
    with pytest.raises(ClaimError) as caught:
        read_let(["v(y)=2"], ring())
    assert str(caught.value).startswith("state y: 0 of that name; the model has ")
