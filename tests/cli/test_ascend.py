"""`pgsym ascend`."""

import json

import pytest
from skips import needs


def test_ascend_prints_a_table(run):
    status, out, err = run("ascend", "short-corridor", "--methods", "exact,natural", "--steps", 20)
    assert (status, err) == (0, "")
    assert "exact     0.1      -11.6569" in out
    assert "best policy of any kind: J = -3" in out
    assert "█" in out


def test_ascend_ascii_is_ascii(run):
    _, out, _ = run("ascend", "short-corridor", "--methods", "exact", "--steps", 20, "--ascii")
    assert out.isascii()
    assert "###" in out


def test_ascend_json_has_the_documented_schema(run):
    _, out, _ = run("ascend", "short-corridor", "--methods", "exact,reward-to-go", "--steps", 2, "--seeds", 2, "--json")
    data = json.loads(out)
    assert data["model"] == "short-corridor"
    assert [(p["label"], p["seed"]) for p in data["paths"]] == [
        ("exact", None),
        ("reward-to-go", 0),
        ("reward-to-go", 1),
    ]
    path = data["paths"][0]
    assert path["theta"][:2] == [[0.0], [0.2]]
    assert path["J"][0] == -12.0
    assert {"gradient_norm", "direction_norm", "cosine", "stopped"} < set(path)
    assert data["best"] == pytest.approx(-3)


def test_ascend_takes_step_sizes_by_method(run):
    _, out, _ = run(
        "ascend", "two-state", "--methods", "exact,natural", "--steps", 2, "--step-size", "exact=1,natural=.5"
    )
    assert [line.split()[:2] for line in out.splitlines()[1:3]] == [["exact", "1"], ["natural", "0.5"]]


def test_ascend_writes_a_plot(run, tmp_path):
    needs("matplotlib")
    path = tmp_path / "paths.png"
    _, _, err = run("ascend", "short-corridor", "--methods", "exact", "--steps", 2, "--plot", path)
    assert err == f"wrote {path}\n"
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--methods", "sarsa"], "error: methods: found 'sarsa'; must be one of exact, natural,"),
        (["--step-size", "0"], "error: step_size: found 0; must be positive."),
        (["--step-size", "fast"], "error: step_size: found 'fast'; must be a number. Write --step-size 0.1 or"),
        (["--step-size", "exact=1,exact=2"], "error: --step-size: found exact twice; once is required. Leave one out"),
        (["--step-size", "natural=1", "--methods", "exact"], "error: step_size: no method is called 'natural'"),
        (["--objective", "average-reward"], "error: mu: 1 terminal state ('T')"),
        (["--plot", "paths.xyz"], "error: plot: found 'paths.xyz'; a name must end in one of"),
    ],
)
def test_ascend_refuses(run, options, message):
    status, out, err = run("ascend", "short-corridor", *options)
    assert (status, out) == (2, "")
    assert err.startswith(message)
