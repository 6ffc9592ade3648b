"""`pgsym convert`: formats by ending, the options that reduce a problem, and wrong input."""

import json

import pytest

import pgsym
from pgsym.model.reductions import plain


@pytest.mark.parametrize("ending", ["yaml", "json", "graphml", "node-link.json"])
def test_convert_carries_everything(run, tmp_path, ending):
    out = tmp_path / f"m.{ending}"
    status, printed, err = run("convert", "short-corridor", out)
    assert (status, err) == (0, "")
    assert printed.startswith(f"wrote {out} (")
    assert pgsym.load(out) == pgsym.zoo("short-corridor")


def test_convert_there_and_back(run, tmp_path):
    run("convert", "two-state", tmp_path / "m.graphml")
    run("convert", tmp_path / "m.graphml", tmp_path / "m.node-link.json")
    run("convert", tmp_path / "m.node-link.json", tmp_path / "m.yaml")
    assert pgsym.load(tmp_path / "m.yaml") == pgsym.zoo("two-state")


def test_convert_to_drn_with_options(run, tmp_path):
    out = tmp_path / "m.drn"
    assert run("convert", "short-corridor", out, "--mdp-only")[0] == 0
    assert pgsym.load(out) == plain(pgsym.zoo("short-corridor").mdp)
    assert run("convert", "two-state", out, "--mdp-only", "--discount", "exit", "--average")[0] == 0
    assert "@type: MDP" in out.read_text(encoding="utf-8")
    assert run("convert", "short-corridor", out, "--chain")[0] == 0
    text = out.read_text(encoding="utf-8")
    assert "@type: DTMC" in text
    assert "x_theta/(x_theta + 1)" in text


def test_convert_replaces_parts_and_prints_json(run, tmp_path):
    out = tmp_path / "m.json"
    status, printed, _ = run("convert", "two-state", out, "--gamma", "1/2", "-J", "average-reward", "--json")
    assert status == 0
    assert json.loads(printed) == {"model": "two-state", "wrote": str(out), "format": "model file, JSON"}
    found = pgsym.load(out)
    assert (str(found.mdp.gamma), found.objective) == ("1/2", pgsym.Objective.AVERAGE_REWARD)


def test_other_commands_read_every_format(run, tmp_path):
    out = tmp_path / "corridor.drn"
    run("convert", "short-corridor", out, "--chain")
    status, printed, _ = run("solve", out, "--json")
    assert status == 0
    found = json.loads(printed)
    assert (found["model"], found["J"]["closed_form"]) == ("corridor", "-2*(x_theta + 1)*(x_theta + 2)/x_theta")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["short-corridor", "m.txt"], "error: m.txt: the ending '.txt' cannot be written; the endings are .yaml,"),
        (["short-corridor", "m.prism"], "error: m.prism: the ending '.prism' cannot be written; the endings are"),
        (
            ["short-corridor", "m.drn"],
            "error: policy: found Softmax(3 states, 1 parameter); a DRN file has no policy.",
        ),
        (["two-state", "m.drn", "--mdp-only"], "error: gamma: found 9/10; a DRN file has no discount factor. Use the"),
        (["two-state", "m.drn", "--discount", "tax"], "error: discount: found 'tax'; 'exit' or None is required."),
        (["parallel-outcomes", "m.drn", "--mdp-only"], "error: ('s', 'a'): found the rewards 4, 0, -1; a DRN file has"),
        (["no-such", "m.yaml"], "error: zoo: no model is called 'no-such'; the models are"),
        (["short-corridor", "none/m.yaml"], "error: none/m.yaml: cannot be written (No such file or directory)."),
        (["wrong.drn", "m.yaml"], "error: wrong.drn: the section @model is missing;"),
        (["wrong.graphml", "m.yaml"], "error: wrong.graphml: not XML ("),
        (["wrong.json", "m.yaml"], "error: wrong.json: nodes[0]: the key 'id' is missing;"),
        (["short-corridor"], "Missing argument"),
    ],
)
def test_convert_refuses_wrong_input(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    for name, text in (("wrong.drn", ""), ("wrong.graphml", ""), ("wrong.json", '{"nodes": [1], "edges": []}')):
        (tmp_path / name).write_text(text, encoding="utf-8")
    status, out, err = run("convert", *arguments)
    assert status == 2
    assert out == ""
    assert message in err
    assert {path.name for path in tmp_path.iterdir()} == {"wrong.drn", "wrong.graphml", "wrong.json"}
