"""`pgsym floats`: a model of objects and a file of arrays, the table, the JSON, and the file that it writes."""

import json

import numpy as np
import pytest

import pgsym


def test_file_of_arrays_and_model_of_objects_agree(run, tmp_path):
    pgsym.FloatMDP.of(pgsym.zoo("two-state").mdp).save(tmp_path / "m.npz")
    found = []
    for model in (str(tmp_path / "m.npz"), "two-state"):
        status, out, _ = run("floats", model, "-o", str(tmp_path / "solved.npz"), "--json")
        assert status == 0
        found.append(json.loads(out))
    assert found[0] == found[1]
    J = pgsym.solve(pgsym.zoo("two-state").replace(objective="start-state")).at([0, 0]).J
    assert found[0]["J"] == pytest.approx(float(J), abs=found[0]["errors"]["J"])
    with np.load(tmp_path / "solved.npz") as arrays:
        assert arrays["grad"].tolist() == found[0]["grad"]


def test_table_shows_bounds(run):
    status, out, err = run("floats", "two-state", "-J", "average-reward")
    assert status == 0
    assert "2 states, 4 pairs" in out
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["J", "h", "Q", "mu", "grad"]
    assert err == "assumed: logits = 0\n"
