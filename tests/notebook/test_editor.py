"""The editor of a model: what is typed becomes a problem, or complaints at its fields."""

import pytest
from skips import needs

import pgsym
from pgsym.model.editor import Complaint, read, table_of


@pytest.fixture
def problem():
    rows = [((0, 1), "go", (0, 2), "1 - p", "R"), ((0, 1), "go", (0, 1), "p", 0), ((0, 2), "go", (0, 1), 1, 1)]
    mdp = pgsym.MDP.from_transitions(rows, start=(0, 1), gamma="gamma", symbols={"R": "real", "p": "0 < p < 1"})
    return pgsym.Problem(mdp, name="mine")


def test_a_table_that_nobody_changed_is_the_problem(problem):
    for name in ("short-corridor", "two-state", "recycling-robot", "gridworld"):
        own = pgsym.zoo(name)
        assert read(table_of(own), own) == (own, [])
    assert read(table_of(problem), problem) == (problem, [])


def test_a_changed_formula_keeps_names_policy_and_assumptions(problem):
    table = table_of(problem)
    table["outcomes"][0][4] = "R/2"
    found, complaints = read(table, problem)
    assert complaints == []
    assert found.mdp.states == problem.mdp.states  # tuples, not their text
    assert found.policy is problem.policy
    assert found.mdp.assumptions["p"] == "0 < p < 1"
    assert [str(r) for *_, r in found.mdp.rows] == ["R/2", "0", "1"]


def test_a_new_action_makes_a_tabular_policy(problem):
    table = table_of(problem)
    table["outcomes"].append(["(0, 2)", "rest", "end", "1", "-1"])
    table["states"].append(["end", "", "x"])
    found, complaints = read(table, problem)
    assert complaints == []
    assert ((0, 2), "rest") in found.mdp.pairs
    assert found.mdp.terminal == {"end"}
    assert found.policy.params
    assert float(pgsym.solve(found).at(dict.fromkeys(found.policy.params, 0), R=1, p="1/2", gamma="1/2").J) > 0


def fields(complaints):
    return [(c.table, c.row, c.column) for c in complaints]


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        (lambda t: t["outcomes"][0].__setitem__(3, "1 -"), [("outcomes", 0, 3)], "found the end"),
        (lambda t: t["outcomes"][1].__setitem__(4, "__import__('os')"), [("outcomes", 1, 4)], ""),
        (lambda t: t["outcomes"][2].__setitem__(3, "1/2"), [("outcomes", 2, 3)], "Add the missing 1/2"),
        (lambda t: t["outcomes"][2].__setitem__(2, "nowhere"), [("outcomes", 2, 2)], "unknown. Add it to the states"),
        (lambda t: t["outcomes"][2].__setitem__(1, " "), [("outcomes", 2, 1)], "the action needs a name"),
        (lambda t: t.__setitem__("gamma", "3/2"), [("gamma", 0, 0)], "a discount factor lies in [0, 1]"),
        (lambda t: t["states"].append(["(0, 1)", "", ""]), [("states", 2, 0)], "twice"),
        (lambda t: t["states"].append(["alone", "", ""]), [("states", 2, 0)], "mark it terminal"),
        (lambda t: t["states"][0].__setitem__(1, "1/2"), [("", 0, 0)], "1/2"),
    ],
)
def test_a_mistake_is_told_at_its_field(problem, change, where, says):
    table = table_of(problem)
    change(table)
    found, complaints = read(table, problem)
    assert found is None
    assert fields(complaints) == where
    assert says in complaints[0].message
    assert all(isinstance(c, Complaint) for c in complaints)


def test_the_widget_carries_tables_there_and_complaints_back():
    needs("anywidget")
    corridor = pgsym.zoo("short-corridor")
    editor = corridor.edit()
    assert editor.picture.startswith("<svg")
    table = table_of(corridor)
    table["outcomes"][0][4] = "-"
    editor.table = table
    assert editor.problem is corridor
    assert [(c["table"], c["row"], c["column"]) for c in editor.complaints] == [("outcomes", 0, 4)]
    table = table_of(corridor)
    table["outcomes"][0][4] = "-2"
    editor.table = table
    assert editor.complaints == []
    # s1 is visited 6 times, and half of these steps now cost 1 more than before.
    assert pgsym.solve(editor.problem).at().J == -12 - 3
