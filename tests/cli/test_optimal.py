"""`pgsym optimal`: the table, the regions, the picture and the JSON."""

import json

from skips import needs


def test_table(run):
    status, out, _ = run("optimal", "machine-replacement")
    assert status == 0
    assert out.splitlines()[0] == "average-reward: J* = 51/8"
    assert out.splitlines()[4].split() == ["2", "-95/32", "replace", "operate:", "-171/32,", "replace:", "-95/32"]


def test_regions_of_the_discount(run):
    status, out, _ = run("optimal", "machine-replacement", "-J", "start-state", "--gamma", "gamma", "--json")
    found = json.loads(out)
    assert (status, found["symbol"]) == (0, "gamma")
    assert [r["actions"].get("2") for r in found["regions"]] == [["operate"], ["operate", "replace"], ["replace"], None]
    assert found["regions"][1]["low"]["exact"] == "59/40 - 3*sqrt(209)/40"


def test_other_symbols_get_numbers(run):
    values = ["--set", "alpha=1/2,r_wait=1,r_search=2", "--over", "beta"]
    status, out, _ = run("optimal", "recycling-robot", *values)
    assert status == 0
    assert "beta = 87/109" in out
    status, _, err = run("optimal", "recycling-robot", "--over", "beta")
    assert (status, "found the symbols alpha, beta, r_search, r_wait" in err) == (2, True)


def test_plot(run, tmp_path):
    needs("matplotlib")
    path = tmp_path / "regions.svg"
    assert run("optimal", "machine-replacement", "-J", "start-state", "--gamma", "g", "--plot", str(path))[0] == 0
    assert path.read_text(encoding="utf-8").startswith("<?xml")
    status, _, err = run("optimal", "short-corridor", "--plot", str(path))
    assert (status, "found a model without symbols; a plot is over a symbol. Leave --plot out" in err) == (2, True)
