"""The editor's Python: what a page's document says is a problem, or is told at the fields that are wrong."""

import copy

import pytest
from skips import needs

import pgsym
from pgsym.errors import SchemaError
from pgsym.model.editor import opened, problem_of, shown, told


@pytest.fixture
def problem():
    rows = [((0, 1), "go", (0, 2), "1 - p", "R"), ((0, 1), "go", (0, 1), "p", 0), ((0, 2), "go", (0, 1), 1, 1)]
    mdp = pgsym.MDP.from_transitions(rows, start=(0, 1), gamma="gamma", symbols={"R": "real", "p": "0 < p < 1"})
    return pgsym.Problem(mdp, name="mine")


def document(problem):
    return copy.deepcopy(opened(problem)["document"])


@pytest.mark.parametrize("name", pgsym.zoo_names())
def test_a_document_that_nobody_changed_is_the_problem(name):
    found = opened(pgsym.zoo(name))
    assert all(isinstance(s, str) for s in found["document"]["states"])
    assert problem_of(found["document"]) == pgsym.zoo(name)
    if found["picture"] is not None:
        assert [*found["picture"]["places"]] == found["document"]["states"]


def test_a_changed_formula_keeps_names_and_assumptions(problem):
    changed = document(problem)
    changed["transitions"][0][4] = "R/2"
    found, said = shown(changed)
    assert found.mdp.states == problem.mdp.states  # tuples, not their text
    assert found.policy == problem.policy
    assert found.mdp.assumptions["p"] == "0 < p < 1"
    assert [str(r) for *_, r in found.mdp.rows] == ["R/2", "0", "1"]
    assert pgsym.model.files.document.loads(said["yaml"]) == found


@pytest.mark.parametrize(
    ("change", "where", "says"),
    [
        (lambda d: d["transitions"][2].__setitem__(3, "1/2"), ["transitions[2].p"], "Add the missing 1/2"),
        (lambda d: d["transitions"][0].__setitem__(4, "1 -"), ["transitions[0].r"], "found the end"),
        (lambda d: d["transitions"][2].__setitem__(2, "nowhere"), ["transitions[2]"], "unknown"),
        (lambda d: d.__setitem__("gamma", "3/2"), ["gamma"], "a discount factor lies in [0, 1]"),
        (lambda d: d["states"].append("alone"), ["states.alone"], "mark it terminal"),
        (lambda d: d["terminal"].append("(0, 1)"), ["states.(0, 1)"], "nothing happens after a terminal state"),
        (lambda d: d["start"].__setitem__("(0, 1)", "1/2"), ["start.(0, 1)"], "initial probabilities sum to 1/2"),
        (lambda d: d["symbols"].__setitem__("q", "real"), ["symbols[q]"], "has no symbol 'q'"),
        (
            lambda d: d.__setitem__("policy", {"params": ["a"], "logits": {"(0, 2)": {"go": "a*a"}}}),
            ["policy.(0, 2).go"],
            "not a rational multiple",
        ),
    ],
)
def test_a_mistake_is_told_at_its_fields_and_the_model_is_drawn(problem, change, where, says):
    changed = document(problem)
    change(changed)
    found, said = shown(changed)
    assert found is None
    assert said["fields"] == where
    assert says in said["error"]
    assert ("picture" in said) == (says != "found the end")


def test_what_is_assumed_and_what_is_no_formula_is_told():
    rows = [["s", "a", "s", "p", 0], ["s", "a", "e", "1 - p", 1]]
    given = {"states": ["s", "e"], "terminal": ["e"], "transitions": rows, "start": {"s": 1}}
    (note,) = told(lambda document: shown(document)[1], {"document": given})["notes"]
    assert note == "symbol p has no declared assumption; taken so that every probability lies in [0, 1]"
    assert (
        told(lambda document: shown(document)[1], {"document": given | {"symbols": {"p": "0 < p < 1"}}})["notes"] == []
    )


def test_states_stand_where_they_are_put_and_never_on_one_another(problem):
    changed = document(problem)
    places = shown(changed, {"(0, 1)": [0, 0], "(0, 2)": [3, 1]})[1]["picture"]["places"]
    assert places == {"(0, 1)": (0, 0), "(0, 2)": (3, 1)}
    (x, y), (u, v) = shown(changed, {"(0, 1)": [0, 0], "(0, 2)": [0, 0]})[1]["picture"]["places"].values()
    assert (x - u) ** 2 + (y - v) ** 2 == pytest.approx(1)


def test_a_large_model_has_fields_only():
    rows = [(i, "a", (i + 1) % 70, 1, 0) for i in range(70)]
    large = pgsym.Problem(pgsym.MDP.from_transitions(rows, start=0, gamma="1/2"))
    assert opened(large)["picture"] is None


def test_a_name_that_no_file_holds_is_refused():
    mdp = pgsym.MDP.from_transitions([(frozenset("s"), "a", frozenset("s"), 1, 0)], gamma="1/2")
    needs("anywidget")
    with pytest.raises(SchemaError, match="is of type frozenset; a model file holds text"):
        pgsym.Problem(mdp).edit()
