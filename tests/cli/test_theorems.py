"""`pgsym theorems`: the list, one entry, verdicts on a model, exit status."""

import json

import pytest

from pgsym.claims.catalogue import Findings, Theorem, catalogue, theorem, theorem_names
from pgsym.claims.verdict import Status, Verdict
from pgsym.reports.theorems import summary


def test_list_names_every_entry(run):
    status, out, _ = run("theorems")
    assert status == 0
    assert all(t.name in out for t in catalogue())
    assert "Natural gradients" in out


def test_list_as_json(run):
    data = json.loads(run("theorems", "--json")[1])
    assert [entry["name"] for entry in data] == [t.name for t in catalogue()]
    assert {entry["holds"] for entry in data} == {True, False}


def test_one_entry_shows_statement_reference_and_latex(run):
    status, out, _ = run("theorems", "policy-gradient-episodic")
    assert status == 0
    assert "sum[s] eta(s) = E[T]" in out
    assert r"\mathbb{E}[T]" in out
    assert "Sutton" in out
    assert "pgsym theorems policy-gradient-episodic short-corridor" in out
    assert "every finite MDP (kernel-checked), where gamma = 1; every run ends" in out


def test_one_entry_as_json(run):
    data = json.loads(run("theorems", "no-discount-weight-jacobian", "--json")[1])
    assert data["holds"] is False
    assert data["gamma"] == "1/2"
    assert data["defect"].startswith("let c(s) =")


def test_theorem_is_proved_on_a_model(run):
    status, out, _ = run("theorems", "policy-gradient", "short-corridor")
    assert status == 0
    assert "proved: grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)" in out


def test_false_statement_is_refuted_with_numbers_and_what_is_missing(run):
    status, out, _ = run("theorems", "note-line-2", "two-state")
    assert status == 0
    assert "d/dtheta_x: left 10120/6889, right 9988/71961" in out
    assert "what is missing" in out
    assert "proved: grad J - sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a) ==" in out


def test_inapplicable_theorem_names_the_hypothesis(run):
    status, out, _ = run("theorems", "policy-gradient-normalised", "short-corridor")
    assert status == 0
    assert "inapplicable: gamma: found 1; the statement is about gamma < 1. Set a discount factor" in out


def test_gamma_option_changes_what_applies(run):
    status, out, _ = run("theorems", "no-discount-weight-jacobian", "random-walk", "--gamma", "1/2")
    assert status == 0
    assert "refuted: grad u == transpose(grad u)" in out


def test_all_on_a_model(run):
    status, out, _ = run("theorems", "all", "two-state")
    assert status == 0
    assert "all as the catalogue says" in out
    assert "true with the factor 1 / (1 - gamma) on the" in out
    counted = out.split("\n")[-2]
    assert counted.startswith("72 proved; 21 refuted; 21 inapplicable")


def test_all_shows_what_holds_by_accident(run):
    status, out, _ = run("theorems", "all", "parallel-outcomes")
    assert status == 0
    assert "6 false in general but true here" in out


def test_all_as_json(run):
    data = json.loads(run("theorems", "all", "kakade", "--json")[1])
    assert data["model"] == "kakade"
    by_name = {found["name"]: found for found in data["theorems"]}
    assert by_name["schweitzer"]["status"] == "proved"
    assert by_name["policy-gradient"]["status"] == "inapplicable"
    assert by_name["semi-gradient"]["defect"]["status"] == "inapplicable"


def test_verdict_against_the_catalogue_has_status_1(run, monkeypatch):
    """No model contradicts a theorem, so the verdict is put in."""

    def refuted(self, decision, claims):
        return tuple(Verdict(Status.REFUTED, claim, "normal form") for claim in claims), ""

    monkeypatch.setattr(Theorem, "_findings", refuted)
    assert run("theorems", "flow", "two-state")[0] == 1
    status, out, _ = run("theorems", "all", "two-state")
    assert status == 1
    assert "against the catalogue: policy-gradient, " in out


def test_summary_of_nothing_wrong():
    entry = theorem("flow")
    assert summary([Findings(entry, tuple(Verdict(Status.PROVED, c) for c in entry.claims))]) == (
        "1 proved; 0 refuted; 0 inapplicable; all as the catalogue says"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["polcy-gradient"], "error: theorems: none is called 'polcy-gradient'; the nearest is 'policy-gradient'. "
                             "Check the name\n"),
        (["all"], "error: theorems: found all without a model; the catalogue is decided on one. Write all MODEL\n"),
        (["flow", "two-sate"], "error: zoo: no model is called 'two-sate'; the nearest is 'two-state'. "
                               "Check the name\n"),
    ],
)  # fmt: skip
def test_wrong_input_is_one_message(run, arguments, message):
    status, out, err = run("theorems", *arguments)
    assert (status, out) == (2, "")
    assert err == message


def test_markdown_has_every_entry(run):
    page = run("theorems", "--markdown")[1]
    assert [line.removeprefix("### ") for line in page.splitlines() if line.startswith("### ")] == list(theorem_names())
    assert theorem("baxter-bartlett").statement in page
