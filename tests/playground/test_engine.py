"""What the page asks of pgsym, asked here: models as documents, verdicts as those of the verbs, mistakes told."""

import json

import pytest

import pgsym
from pgsym.claims.catalogue import theorem
from pgsym.model.editor import problem_of
from pgsym.model.zoo import zoo, zoo_names
from pgsym.playground.engine import answer


def ask(verb, **given):
    return json.loads(answer(json.dumps({"ask": verb, **given})))


@pytest.mark.parametrize("name", zoo_names())
def test_every_model_opens_as_the_same_problem(name):
    found = ask("model", name=name)
    assert problem_of(found["document"]) == zoo(name)
    read = ask("read", text=ask("show", document=found["document"])["yaml"])
    assert read["document"] == found["document"]


@pytest.mark.parametrize("claim", ["J = 2 * rbar", "J = sum[s] mu0(s) * V(s)", "V(s) <= 10"])
def test_verdict_is_that_of_decide(claim):
    (found,) = ask("decide", document=ask("model", name="two-state")["document"], claim=claim)["verdicts"]
    expected = pgsym.decide("two-state", claim)
    assert (found["status"], found["text"]) == (str(expected.status), expected.text())
    assert "<math" in found["html"]


def test_latex_is_read_and_says_where_its_reading_matters():
    document = ask("model", name="short-corridor")["document"]
    claim = r"\nabla J = \sum_s \eta(s) \sum_a \nabla\pi(a|s) Q(s,a)"
    (found,) = ask("decide", document=document, claim=claim)["verdicts"]
    assert found["status"] == "depends on the reading"
    (found,) = ask("decide", document=document, claim=r"V(s) = \sum_a \pi(a|s) Q(s,a)")["verdicts"]
    assert found["status"] == "proved"
    assert ask("decide", document=document, claim=r"\alpha")["error"].startswith("found no relation between two sides")


def test_theorem_by_name():
    document = ask("model", name="short-corridor")["document"]
    for name in ("policy-gradient", "bandit-gradient", "flow"):
        (found,) = ask("theorem", document=document, name=name)["verdicts"]
        assert found["status"] == str(theorem(name).decide("short-corridor").status)


def test_closed_forms_and_derivation():
    document = ask("model", name="short-corridor")["document"]
    assert "Expected discounted visits" in ask("solve", document=document)["html"]
    assert "All relations are proved" in ask("derive", document=document)["html"]
    large = ask("model", name="cliff")["document"]
    assert "start-state, at 0 for all 148 parameters" in ask("solve", document=large)["text"]
    average = {**document, "objective": "average-reward"}
    assert "terminal" in ask("derive", document=average)["error"]


def test_mistakes_are_told_with_their_place():
    document = ask("model", name="short-corridor")["document"]
    document["transitions"][2][3] = "1/2"
    found = ask("show", document=document)
    assert found["error"] == "outgoing probabilities sum to 1/2; must be exactly 1. Add the missing 1/2."
    assert found["where"] == "('s2', 'R')"
    document["transitions"][2][3] = "1 +"
    found = ask("show", document=document)
    assert found["where"] == "transitions[2].p"
    assert ask("read", text="!!python/object/apply:os.system [touch canary]")["error"]
    assert ask("decide", document=document, claim="J =")["error"]
    assert ask("formula", text="__import__('os')")["error"]


def test_names_in_markup_are_escaped():
    document = {"states": ["<img src=x>", "e"], "terminal": ["e"], "transitions": [["<img src=x>", "<b>", "e", 1, 1]]}
    document["start"] = {"<img src=x>": 1}
    assert "<img" not in ask("solve", document=document)["html"]
    assert "<img" not in ask("show", document=document)["picture"]["svg"]
    (found,) = ask("decide", document=document, claim="J = 2")["verdicts"]
    assert "<img" not in found["html"]
