"""`pgsym solve --keep-policy` and `pgsym derive` where some states share their probabilities and others do not."""

import json
import re

import pytest

STATES = ["A", "B", "C", "D"]
GROUPS = {
    "two groups": {"A": "t", "B": "t", "C": "u", "D": "u"},
    "parametrised and uniform": {"A": "t", "B": "t"},
    "one group": dict.fromkeys(STATES, "t"),
}


@pytest.fixture
def model(tmp_path):
    """Writes a model: a ring in which l goes one on and r two."""

    def write(case):
        rows = [[s, a, STATES[(k + j) % 4], 1, k * j] for k, s in enumerate(STATES) for j, a in ((1, "l"), (2, "r"))]
        document = {
            "states": STATES,
            "transitions": rows,
            "start": {"A": 1},
            "gamma": "1/2",
            "policy": {"default": "uniform", "logits": {s: {"l": name} for s, name in GROUPS[case].items()}},
        }
        path = tmp_path / "model.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("case", GROUPS)
def test_every_line_of_the_derivation_is_proved(run, model, tmp_path, case):
    path, claims = model(case), tmp_path / "derivation.claims"
    status, _, err = run("derive", path, "-o", claims)
    assert (status, err) == (0, f"wrote {claims}\n")
    status, out, _ = run("check", path, claims)
    assert status == 0
    assert re.search(r"relations: \d+ proved$", out.rstrip())


def test_shared_rows_are_printed_under_a_name_of_their_own(run, model):
    status, out, _ = run("solve", model("two groups"), "--latex", "--keep-policy")
    assert status == 0
    names = set(re.findall(r"\\pi\([^)]*\)", out))
    assert names == {rf"\pi(\mathrm{{l}} \mid \mathrm{{{s}}})" for s in "AC"}
    slopes = [line.split("&=")[1] for line in out.splitlines() if r"\partial J" in line]
    assert len(slopes) == len(set(slopes)) == 2


def test_uniform_rows_are_printed_as_numbers(run, model):
    out = run("solve", model("parametrised and uniform"), "--latex", "--keep-policy")[1]
    assert set(re.findall(r"\\pi\([^)]*\)", out)) == {r"\pi(\mathrm{l} \mid \mathrm{A})"}
    out = run("solve", model("one group"), "--latex", "--keep-policy")[1]
    assert set(re.findall(r"\\pi\([^)]*\)", out)) == {r"\pi(\mathrm{l} \mid s)"}
