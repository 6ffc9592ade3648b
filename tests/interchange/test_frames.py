"""Results as pandas frames, and what is said where pandas is missing."""

import sys

import pytest
import sympy as sp
from skips import needs

import pgsym
from pgsym.errors import MissingExtraError
from pgsym.estimators.moments import moments
from pgsym.study import Store
from pgsym.study.result import StudyResult
from pgsym.study.schema import read_study
from pgsym.study.settings import resolve

CORRIDOR = pgsym.zoo("short-corridor")


def test_solution_has_a_row_for_every_scalar():
    needs("pandas")
    solution = pgsym.solve(CORRIDOR).at(CORRIDOR.theta)
    frame = solution.frame()
    assert set(frame["quantity"]) == {"J", "grad", "eta", "d", "V", "Q", "A"}
    (q,) = frame[(frame["quantity"] == "Q") & (frame["state"] == "s1") & (frame["action"] == "R")]["value"]
    assert q == solution.Q["s1", "R"]
    assert frame[frame["quantity"] == "V"].shape == (4, 5)
    assert solution.Q.frame().columns.tolist() == ["state", "action", "Q"]
    assert solution.grad.frame().values.tolist() == [["theta", sp.Integer(2)]]


def test_floats_stay_numbers():
    needs("pandas")
    frame = pgsym.solve(CORRIDOR).at({"theta": 0.0}).V.frame()
    assert frame["V"].astype(float).tolist() == pytest.approx([-12, -10, -6, 0])


def test_law():
    needs("pandas")
    law = moments(CORRIDOR, "reinforce").at()
    assert law.frame().values.tolist() == [["theta", 2, 1959, 2, 0]]


def test_estimate_has_the_numbers_that_it_prints():
    needs("pandas")
    found = pgsym.estimate(CORRIDOR.at({"theta": 0.0}), n=200, seed=1, horizon=10)
    frame = found.frame()
    assert frame["quantity"].tolist() == ["J", "dJ/dtheta"]
    assert frame["estimate"].tolist() == [found.J, *found.mean]
    low, high = found.intervals()[0]
    assert (frame["low"][1], frame["high"][1]) == (low, high)


def test_missing_pandas_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        MissingExtraError, match=r"^pandas: it is not installed; frames need it\. Install pgsym\[pandas\]$"
    ):
        pgsym.solve(CORRIDOR).V.frame()


def test_study_has_a_row_for_each_cell(tmp_path):
    needs("pandas")
    study = resolve(read_study({"name": "small", "models": "two-state", "estimators": ["reward-to-go"], "n": [10, 20]}))
    with Store.create(tmp_path / "small.sqlite", study):
        frame = StudyResult(tmp_path / "small.sqlite").frame()
        assert frame.empty
        assert {"model", "estimator", "n", "bias", "exact_bias", "trace", "exact_trace"} <= set(frame.columns)
