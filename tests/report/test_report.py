"""Files are whole or untouched; the schema's three views agree."""

import pytest
import sympy as sp

import pgsym
from pgsym.model.files.atomic import write_atomically
from pgsym.reports.files import write_solution
from pgsym.reports.values import solution_json


def test_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = write_atomically(tmp_path / "a.tex", "old")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.tex"]


def test_closed_form_exact_and_float_agree():
    model = pgsym.zoo("two-state")
    data = solution_json(model)
    for name in ("J", "rbar"):
        entry = data[name]
        closed = sp.sympify(entry["closed_form"]).subs({p.name: v for p, v in model.theta.items()})
        assert sp.nsimplify(closed) == sp.Rational(entry["exact"])
        assert entry["float"] == pytest.approx(float(sp.Rational(entry["exact"])), rel=1e-12)


def test_hopeless_closed_forms_are_null_and_the_rest_is_exact():
    lake = pgsym.MDP.from_gymnasium("FrozenLake-v1")
    policy = pgsym.tabular(lake)
    problem = pgsym.Problem(
        lake, policy, pgsym.Objective.START_STATE, dict.fromkeys(policy.params, sp.Integer(0)), "lake"
    )
    data = solution_json(problem, ["J", "V"])
    assert data["J"] == {"closed_form": None, "exact": "483/34649", "float": pytest.approx(483 / 34649)}
    assert data["V"]["0"]["exact"] == "483/34649"


def test_states_one_and_text_one_have_keys_of_their_own():
    mdp = pgsym.MDP.from_transitions([(1, "a", "1", 1, 1), ("1", "a", (0, 1), 1, 2)], start=1, terminal=[(0, 1)])
    policy = pgsym.tabular(mdp)
    problem = pgsym.Problem(mdp, policy, pgsym.Objective.START_STATE, dict.fromkeys(policy.params, sp.Integer(0)))
    data = solution_json(problem, ["V", "Q"])
    assert {key: entry["exact"] for key, entry in data["V"].items()} == {"1": "3", "'1'": "2", "(0, 1)": "0"}
    assert data["Q"]["'1'"]["a"]["exact"] == "2"


def test_too_large_closed_forms_are_written_at_theta(tmp_path):
    lake = pgsym.MDP.from_gymnasium("FrozenLake-v1")
    policy = pgsym.tabular(lake)
    uniform = dict.fromkeys(policy.params, sp.Integer(0))
    problem = pgsym.Problem(lake, policy, pgsym.Objective.START_STATE, uniform, "lake")
    written = write_solution(problem, tmp_path)
    assert [p.name for p in written] == ["solution.tex", "graph.svg", "graph.tex"]
    text = written[0].read_text(encoding="utf-8")
    assert r"\frac{483}{34649}" in text
    assert "at theta" in text
