"""`pgsym refute`: the model that it keeps, what it says where there is nothing to refute."""

import json

import pgsym

FALSE = "grad J = sum[s] eta(s) * grad r_pi(s)"


def test_counterexample_is_kept(run, tmp_path):
    path = tmp_path / "model.yaml"
    status, out, err = run("refute", FALSE, "-o", str(path))
    assert status == 0
    assert "two states, one of them terminal, and two actions suffice; no smaller MDP does it" in out
    assert f"wrote {path}" in err
    assert pgsym.decide(str(path), FALSE).refuted


def test_nothing_to_refute(run):
    status, out, _ = run("refute", "J = sum[s] eta(s) * r_pi(s)")
    assert status == 1
    assert out.splitlines() == [
        "proved for every finite MDP: J == sum[s] eta(s) * r_pi(s)",
        "  where gamma < 1, or every run ends",
        "  nothing to refute",
    ]


def test_one_file_holds_one_model(run, tmp_path):
    status, _, err = run("refute", "J = 1\n\nJ = 2", "-o", str(tmp_path / "model.yaml"))
    assert status == 2
    assert "--out: found 2 false claims; a file holds the counterexample of one. Give one claim" in err
    assert not list(tmp_path.iterdir())


def test_json(run):
    _, out, _ = run("refute", FALSE, "--json")
    data = json.loads(out)
    assert data["standing"] == "refuted"
    assert data["counterexample"]["transitions"] == [["x", "a", "x", "1", "1"], ["x", "b", "end", "1", "0"]]
    assert data["corrected"]["standing"] == "proved for every finite MDP"


def test_picture_of_the_counterexample(run, tmp_path):
    out = tmp_path / "model.svg"
    status, _, err = run("refute", "J = 0", "-o", str(out))
    assert status == 0
    assert err == f"wrote {out}\n"
    drawn = out.read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert drawn == pgsym.refute("J = 0").counterexample.problem.mdp._repr_svg_()
