"""Every estimator by its name, and a text of one's own, through every entry point."""

import json

import pytest

import pgsym
from pgsym.estimators.estimator import find_estimator
from pgsym.estimators.named import ESTIMATORS

LET = {"gae": {"lambda": "1/2"}, "n-step": {"n": "2"}}
TEXT = "sum[t] grad log pi(a_t|s_t) * (G_t - b(s_t))"
OWN = {TEXT: {"b(s)": "-3"}}
ALL = [*ESTIMATORS, TEXT]


def let_options(estimator):
    given = {**LET, **OWN}.get(estimator, {})
    return [word for head, value in given.items() for word in ("--let", f"{head}={value}")]


@pytest.mark.parametrize("estimator", ALL)
def test_estimator_means_one_law_everywhere(run, estimator):
    given = {**LET, **OWN}.get(estimator)
    it = find_estimator(estimator, given, horizon=20)
    law = pgsym.moments("short-corridor", estimator, let=given, horizon=20)
    assert law.estimator == it
    command = ("moments", "short-corridor", estimator, *let_options(estimator), "--horizon", "20")
    status, out, err = run(*command, "-n", "0", "--json")
    assert status == 0, err
    data = json.loads(out)
    assert data["description"] == it.description
    assert data["covariance_trace"]["float"] == pytest.approx(float(law.at({"theta": 0.0}).covariance_trace))


@pytest.mark.parametrize("estimator", [e for e in ALL if e != "eligibility-trace"])
def test_estimator_is_drawn(run, estimator):
    given = {**LET, **OWN}.get(estimator)
    sampled = pgsym.estimate("short-corridor", estimator, let=given, n=64, horizon=20)
    options = (*let_options(estimator), "--horizon", "20")
    status, out, err = run("estimate", "short-corridor", estimator, *options, "-n", "64", "--json")
    assert status == 0, err
    assert json.loads(out)["grad"]["theta"]["mean"] == pytest.approx(sampled.mean[0])


@pytest.mark.parametrize("estimator", [e for e in ALL if e != "eligibility-trace"])
def test_estimator_is_checked_and_climbed_with(run, estimator):
    options = (*let_options(estimator), "--horizon", "20")
    status, _, err = run("verify", "short-corridor", estimator, *options, "-n", "64")
    assert status in (0, 1), err
    status, _, err = run("ascend", "short-corridor", "--methods", f"exact, {estimator}", *options, "--steps", "1")
    assert status == 0, err


def test_list_shows_estimators_as_text(run):
    status, out, _ = run("estimators", "--json")
    assert status == 0
    listed = [(one["name"], one["text"]) for one in json.loads(out)]
    assert listed[: len(ESTIMATORS)] == [(k, d.text) for k, d in ESTIMATORS.items()]
    status, out, _ = run("estimators", "gae-undiscounted")
    assert status == 0
    assert "sum[t] grad log pi(a_t|s_t) * sum[u>=t]" in out
    assert r"LaTeX: \sum_{t \ge 0} \nabla \log" in out
    status, out, _ = run("estimators", "let b(s) = V(s); sum[t] grad log pi(a_t|s_t) * (G_t - b(s_t))")
    assert status == 0
    assert out.split("\n")[0] == "sum[t] grad log pi(a_t|s_t) * (G_t - b(s_t))"
    assert r"LaTeX: \sum_{t \ge 0} \nabla \log" in out
    status, _, err = run("estimators", "sum[t] G_t")
    assert status == 2
    assert "found a scalar; an estimator of grad J is a vector" in err
    status, _, err = run("estimators", "gea")
    assert status == 2
    assert "estimators: found 'gea'; the nearest is 'gae'. Choose one of them" in err


def test_list_shows_losses_of_sequences(run):
    status, out, _ = run("estimators", "gspo")
    assert status == 0
    assert out.splitlines()[1].startswith("mean[i] min(rho_i^(1/|o_i|) A_i, clip(rho_i^(1/|o_i|), 0.9997, 1.0004) A_i)")
    assert "arXiv 2507.18071" in out
    listed = json.loads(run("estimators", "--json")[1])
    assert {"gae", "grpo", "k3-in-loss"} <= {one["name"] for one in listed}
    assert len({one["name"] for one in listed}) == len(listed)


def test_methods_share_one_let_and_texts_keep_their_commas(run):
    text = "sum[t] dot(vec(theta), grad log pi(a_t|s_t)) * grad log pi(a_t|s_t) * (Q(s_t,a_t) - b(s_t))"
    given = ("--let", "lambda=1", "--let", "b(s)=V(s)", "--steps", "1", "--horizon", "10", "--seeds", "1")
    status, out, err = run("ascend", "two-state", "--methods", f"exact, {text}, gae", *given, "--json")
    assert status == 0, err
    found = pgsym.ascend(
        "two-state", methods=["exact", text, "gae"], let={"lambda": 1, "b(s)": "V(s)"}, steps=1, horizon=10
    )
    assert [path.label for path in found.paths] == ["exact", text, "gae"]
    assert json.loads(out)["paths"] == found.to_json()["paths"]


@pytest.mark.parametrize("command", ["moments", "estimate", "verify", "ascend", "compare"])
def test_help_says_how_names_are_replaced(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert "--let" in out
    assert "NAME=VALUE" in out
    assert "--lambda" not in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["exact,reward-to-go", "--let", "lambda=1/2"], "let lambda: no estimator has such a name. Rename it or leave"),
        (["exact,gae"], "lambda: gae needs it. Give it with let"),
    ],
)
def test_ascend_refuses_names(run, options, message):
    status, _, err = run("ascend", "short-corridor", "--methods", *options)
    assert status == 2
    assert message in err
