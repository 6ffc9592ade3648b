"""`pgsym report`: what it writes, and what it says to wrong input."""

import json

import pytest

QUICK = ("two-state", "--gamma", "gamma")
"""Nothing is sampled where gamma has no value."""


def test_report_writes_two_files(run, tmp_path):
    status, out, err = run("report", *QUICK, "-o", tmp_path / "r")
    assert (status, out) == (0, "")
    assert err == f"wrote {tmp_path / 'r' / 'index.html'}\nwrote {tmp_path / 'r' / 'report.tex'}\n"
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == ["index.html", "report.tex"]


def test_report_json_lists_the_files(run, tmp_path):
    status, out, _ = run("report", *QUICK, "-o", tmp_path, "--json")
    data = json.loads(out)
    assert (status, data["objective"]) == (0, "start-state")
    assert data["files"] == [str(tmp_path / "index.html"), str(tmp_path / "report.tex")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope"], "error: zoo: no model is called 'nope'; the models are"),
        (["short-corridor", "--samples", "1"], "error: samples: found 1; a whole number of at least 2 is required."),
        (["short-corridor", "--steps", "0"], "error: steps: found 0; a whole number of at least 1 is required."),
        (["short-corridor", "--seed", "-1"], "error: seed: found -1; must lie in 0 ... 2**64 - 1."),
        (["short-corridor", "-J", "average-reward"], "error: mu: 1 terminal state ('T'); a stationary distribution"),
        (["short-corridor", "--theta", "phi=1"], "error: "),
        (["short-corridor", "--steps", "many"], "Invalid value for '--steps'"),
    ],
)
def test_report_rejects(run, tmp_path, arguments, message):
    status, out, err = run("report", *arguments, "-o", tmp_path / "r")
    assert (status, out) == (2, "")
    assert message in err
    assert not (tmp_path / "r" / "index.html").exists()


def test_report_needs_a_folder(run):
    status, _, err = run("report", "short-corridor")
    assert status == 2
    assert "--out" in err


def test_help_teaches(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    status, out, _ = run("report", "--help")
    assert status == 0
    for word in ("offline", "Ctrl-C", "pgsym report short-corridor -o corridor", "--samples", "--horizon"):
        assert word in out
