"""Every command with every kind of wrong input: a message on stderr, exit status 2, and nothing done."""

import json

import pytest
import typer

from pgsym.cli import app

CODE = "__import__('os').system('touch canary')"

KINDS = {
    "missing file": {"model", "file", "function"},
    "not a model": {"model", "file"},
    "unknown value": {"objective", "method", "level", "estimator", "methods", "discount", "name", "layout"},
    "malformed theta": {"theta"},
    "out of range": {"gamma", "samples", "horizon", "steps", "timeout", "error_bits", "workers"},
    "unwritable": {"out", "output", "plot", "pdf"},
    "unknown option": {"as_json"},
}
"""Kinds of wrong input, and the parameters of a command that make it possible."""

MISSING, BROKEN, NOWHERE, OUT = "missing.yaml", "broken.yaml", "no/such/folder/result", "result"
"""Placeholders below: a file that does not exist, one that holds no model, and places to write to."""


def common(*command, after=(), out=()):
    """The rows of a command that takes MODEL with --objective, --theta and --gamma; `after` follows MODEL."""

    def call(model="two-state", *options):
        return [*command, model, *after, *options, *out]

    return {
        "missing file": (call(MISSING), "cannot be read (No such file or directory)"),
        "not a model": (call(BROKEN), "a model is a mapping"),
        "unknown value": (call("two-state", "-J", "rewards"), "'rewards'"),
        "malformed theta": (call("two-state", "--theta", f"x={CODE}"), "error: "),
        "out of range": (call("two-state", "--gamma", "2"), "gamma: found 2; a discount factor lies in [0, 1]"),
        "unknown option": (call("two-state", "--nonsense"), "No such option"),
    }


TABLE = {
    "solve": common("solve")
    | {"unwritable": (["solve", "two-state", "--out", BROKEN], "broken.yaml: cannot be made (File exists)")},
    "floats": {
        "missing file": (["floats", "missing.npz"], "missing.npz: is no file of arrays (FileNotFoundError); data, "),
        "not a model": (["floats", BROKEN], "a model is a mapping"),
        "unknown value": (["floats", "two-state", "-J", "rewards"], "'rewards'"),
        "unwritable": (["floats", "two-state", "-o", f"{NOWHERE}.npz"], "cannot be written"),
        "unknown option": (["floats", "two-state", "--nonsense"], "No such option"),
    },
    "optimal": common("optimal")
    | {
        "unknown value": (["optimal", "two-state", "--over", "magic"], "'magic' is no symbol of the model"),
        "unwritable": (["optimal", "recycling-robot", "--plot", f"{NOWHERE}.svg"], "cannot be written"),
    },
    "sharpen": common("sharpen", after=["J <= c"])
    | {"unknown value": (["sharpen", "two-state", "J <= c", "--for", "k"], "the constant k is not in it")},
    "verify": common("verify"),
    "estimate": common("estimate")
    | {
        "out of range": (["estimate", "short-corridor", "--horizon", "0"], "found 0"),
        "beyond all range": (["estimate", "short-corridor", "--horizon", "1" + 30 * "0"], "at most 10000000 steps"),
        "too many directions": (["estimate", "short-corridor", "--directions", "1" + 30 * "0"], "entries of all"),
    },
    "moments": common("moments")
    | {
        "unknown value": (["moments", "short-corridor", "magic"], "found 'magic'"),
        "out of range": (["moments", "short-corridor", "--horizon", "0"], "found 0"),
        "unwritable": (["moments", "short-corridor", "-n", "0", "--plot", f"{NOWHERE}.svg"], "cannot be written"),
    },
    "compare": common("compare", after=["reinforce"])
    | {
        "unknown value": (["compare", "short-corridor", "magic"], "found 'magic'"),
        "out of range": (["compare", "short-corridor", "reinforce", "--horizon", "0"], "found 0"),
        "unwritable": (
            ["compare", "short-corridor", "reinforce", "-n", "0", "--over", "T", "--plot", f"{NOWHERE}.svg"],
            "cannot be written",
        ),
    },
    "estimators": {
        "unknown value": (["estimators", "magic"], "found 'magic'"),
        "unknown option": (["estimators", "--nonsense"], "No such option"),
    },
    "prove": {
        "missing file": (["prove", "missing.claims"], "cannot be read (No such file or directory)"),
        "unknown notation": (["prove", "J = J", "--notation", "magic"], "found the notation magic"),
        "unknown value": (["prove", "J = J", "--assume", "magic"], "found 'magic'"),
        "unknown option": (["prove", "--nonsense"], "No such option"),
        "unwritable": (["prove", "J = J", "-o", f"{NOWHERE}.tex"], "cannot be written"),
    },
    "refute": {
        "missing file": (["refute", "missing.claims"], "cannot be read (No such file or directory)"),
        "unknown value": (["refute", "J = J", "--assume", "magic"], "found 'magic'"),
        "out of range": (["refute", "J = J", "--max-states", "0"], "max-states"),
        "unwritable": (["refute", "J = 1", "-o", f"{NOWHERE}.yaml"], "cannot be written"),
        "unknown option": (["refute", "--nonsense"], "No such option"),
    },
    "conjecture": {
        "unknown value": (["conjecture", "--quantities", "etta"], "found 'etta'; the nearest is 'eta'"),
        "unknown option": (["conjecture", "--nonsense"], "No such option"),
    },
    "check": common("check", after=["J = J"])
    | {
        "broken notation": (["check", "two-state", "J = J", "--notation", BROKEN], "broken.yaml:1: found - not; a row"),
        "claim before the model": (["check", "J = J", "two-state"], "found 'J = J', a claim, where MODEL stands"),
        "no model": (["check", "J = J"], "found 'J = J', a claim, where MODEL stands; MODEL comes first"),
        "no claim": (["check", "two-state"], 'found two-state without claims; a claim, a file or a note is required. '),
        "nothing to watch": (["check", "two-state", "J = J", "--watch"], "found --watch with a claim"),
        "unknown value": (["check", "two-state", "J = J", "--method", "magic"], "found 'magic'"),
        "out of range": (["check", "two-state", "J = J", "--error-bits", "0"], "error-bits"),
        "unwritable": (["check", "two-state", "J = J", "-o", f"{NOWHERE}.tex"], "cannot be written"),
    },
    "derive": common("derive")
    | {
        "unknown value": (["derive", "short-corridor", "--level", "magic"], "'magic'"),
        "unknown notation": (["derive", "short-corridor", "--notation", "magic"], "found the notation magic"),
        "no proof": (["derive", "two-state", "--claim", "J = 2 * J"], "a derivation needs a proof"),
        "unwritable": (["derive", "short-corridor", "--level", "general", "-o", f"{NOWHERE}.tex"], "cannot be written"),
    },
    "certify": common("certify")
    | {
        "out of range": (["certify", "two-state", "--timeout", "0"], "timeout"),
        "unwritable": (["certify", "short-corridor", "-o", "no/such/folder/result.v"], "cannot be written"),
    },
    "ascend": common("ascend")
    | {
        "unknown value": (["ascend", "short-corridor", "--methods", "magic"], "'magic'"),
        "out of range": (["ascend", "short-corridor", "--methods", "exact", "--steps", "0"], "found 0"),
        "unwritable": (
            ["ascend", "short-corridor", "--methods", "exact", "--steps", "1", "--plot", f"{NOWHERE}.svg"],
            "cannot be written",
        ),
    },
    "convert": common("convert", out=[f"{OUT}.json"])
    | {
        "unknown value": (["convert", "short-corridor", f"{OUT}.drn", "--mdp-only", "--discount", "magic"], "'magic'"),
        "unwritable": (["convert", "short-corridor", f"{NOWHERE}.json"], "cannot be written"),
    },
    "report": common("report", out=["-o", OUT])
    | {
        "out of range": (["report", "short-corridor", "-o", OUT, "--samples", "0"], "found 0"),
        "unwritable": (["report", "short-corridor", "-o", BROKEN], "cannot be"),
    },
    "theorems": {
        "missing file": (["theorems", "all", MISSING], "cannot be read (No such file or directory)"),
        "not a model": (["theorems", "all", BROKEN], "a model is a mapping"),
        "unknown value": (["theorems", "magic"], "'magic'"),
        "malformed theta": (["theorems", "all", "two-state", "--theta", f"x={CODE}"], "error: "),
        "out of range": (["theorems", "all", "two-state", "--gamma", "2"], "a discount factor lies in [0, 1]"),
        "unknown option": (["theorems", "--nonsense"], "No such option"),
    },
    "audit": {
        "missing file": (["audit", "missing.py:f"], "missing.py is no file"),
        "not a model": (["audit", "estimator.py:f", BROKEN], "a model is a mapping"),
        "unknown value": (["audit", "estimator.py:f", "two-state", "--layout", "magic"], "'magic'"),
        "malformed theta": (["audit", "estimator.py:f", "two-state", "--theta", f"x={CODE}"], "error: "),
        "out of range": (["audit", "estimator.py:f", "two-state", "--gamma", "2"], "a discount factor lies in [0, 1]"),
        "beyond all range": (["audit", "rloo", "two-state", "--horizon", "1" + 30 * "0"], "at most 10000000"),
        "malformed behaviour": (["audit", "rloo", "two-state", "--behaviour", "x"], "must read name=value"),
        "truth of a number": (["audit", "rloo", "two-state", "--truth", "J"], "a vector with a coordinate for each"),
        "part of a group": (["audit", "rloo", "tokens", "--group-size", "3", "--batch-size", "4"], "whole groups"),
        "unknown option": (["audit", "estimator.py:f", "--nonsense"], "No such option"),
    },
    "zoo": {
        "unknown value": (["zoo", "magic"], "no model is called 'magic'"),
        "unknown option": (["zoo", "--nonsense"], "No such option"),
    },
    "doctor": {"unknown option": (["doctor", "--nonsense"], "No such option")},
    "playground": {
        "unwritable": (["playground", "-o", BROKEN], "broken.yaml: cannot be made (File exists)"),
        "unknown option": (["playground", "--nonsense"], "No such option"),
    },
    "study run": {
        "missing file": (["study", "run", MISSING], "cannot be read (No such file or directory)"),
        "not a model": (["study", "run", BROKEN], "a study is a mapping of keys"),
        "out of range": (["study", "run", "study.yaml", "--workers", "-1"], "found -1"),
        "unwritable": (["study", "run", "study.yaml", "--out", f"{NOWHERE}.sqlite"], "cannot be opened"),
        "unknown option": (["study", "run", "study.yaml", "--nonsense"], "No such option"),
    },
    "study show": {
        "missing file": (["study", "show", MISSING], "does not exist"),
        "not a model": (["study", "show", BROKEN], "is no study file"),
        "unknown option": (["study", "show", BROKEN, "--nonsense"], "No such option"),
    },
    "study plot": {
        "missing file": (["study", "plot", MISSING, "-o", f"{OUT}.svg"], "does not exist"),
        "not a model": (["study", "plot", BROKEN, "-o", f"{OUT}.svg"], "is no study file"),
        "unwritable": (["study", "plot", BROKEN, "-o", f"{NOWHERE}.svg"], "cannot be written"),
        "unknown option": (["study", "plot", BROKEN, "--nonsense"], "No such option"),
    },
}  # fmt: skip
"""By command and kind: the arguments, and a part of the message."""


def commands(group=None, name=""):
    """{name: click command} of all that can be run."""
    group = group or typer.main.get_command(app)
    found = {}
    for part, command in group.commands.items():
        if hasattr(command, "commands"):
            found |= commands(command, f"{name}{part} ")
        else:
            found[name + part] = command
    return found


def needed(command):
    """The kinds of wrong input that its parameters make possible."""
    own = {p.name for p in command.params}
    return {kind for kind, names in KINDS.items() if names & own} | {"unknown option"}


def test_every_command_has_its_rows():
    assert TABLE.keys() == commands().keys()


@pytest.mark.parametrize("name", commands())
def test_command_has_every_kind_that_its_parameters_allow(name):
    assert needed(commands()[name]) <= TABLE[name].keys()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a broken model, an estimator that must not run, and a small study."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / BROKEN).write_text("- not\n- a model\n", encoding="utf-8")
    (tmp_path / "estimator.py").write_text("def f(theta, batch):\n    open('canary', 'w')\n", encoding="utf-8")
    study = "{models: short-corridor, estimators: reinforce, n: 10, seeds: 2, horizon: 3}"
    (tmp_path / "study.yaml").write_text(study, encoding="utf-8")
    return tmp_path


def files(place):
    """What stands in the folder, but for what Python keeps of an imported module."""
    return sorted(path for path in place.iterdir() if path.name != "__pycache__")


CASES = [pytest.param(n, k, id=f"{n}-{k}") for n, rows in TABLE.items() for k in rows]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_wrong_input_is_refused(name, kind, place, run):
    before = files(place)
    arguments, message = TABLE[name][kind]
    status, out, err = run(*arguments)
    assert status == 2, err
    assert message in " ".join(err.split()).replace("│ ", "")
    assert "Traceback" not in err
    assert out == ""
    assert files(place) == before


SPEAKS_JSON = [
    n for n, c in commands().items() if "as_json" in {p.name for p in c.params} and "missing file" in TABLE[n]
]


@pytest.mark.parametrize("name", SPEAKS_JSON)
def test_json_says_it_in_json(name, place, run):
    status, out, err = run(*TABLE[name]["missing file"][0], "--json")
    assert status == 2
    assert json.loads(out)["error"]["message"]
    assert err == ""


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["audit", "rloo", "tokens", "--gamma", "1/2"],
         "MODEL: found --gamma with tokens, whose problems are fixed; it changes a MODEL. Name one"),
        (["check", "note.md", "--set", "p=1/2"],
         "check: found --set without a model; it changes one. Write pgsym check MODEL NOTE"),
        (["check", "two-state", "J = J", "--read", "d: eta"],
         "check: found --read with a claim; it says what a letter of a note means. Give a note"),
        (["solve", "two-state", "--keep-policy"],
         "solve: found --keep-policy without --latex; it is about formulas. Give both"),
        (["theorems", "flow", "--theta", "t=0"],
         "theorems: found --theta without a model; it changes one. Write NAME MODEL"),
        (["solve", "two-state", "--theta", "theta_x=0,theta_x=1"],
         "--theta: found theta_x twice; once is required. Leave one out"),
    ],
)  # fmt: skip
def test_option_that_would_be_ignored_is_refused(command, message, run):
    status, out, err = run(*command)
    assert (status, out, err) == (2, "", f"error: {message}\n")


def test_json_and_latex_are_not_asked_for_together(run):
    status, out, _ = run("solve", "two-state", "--json", "--latex")
    message = "solve: found --json with --latex; one of them is printed. Leave one out"
    assert (status, json.loads(out)["error"]["message"]) == (2, message)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["check", "two-state", "J = J", "--notation", "{}"], "or a file with a table is required. Choose one"),
        (["audit", "{}.py:f", "two-state"], "is no file; the estimator is imported from there. Check the path"),
        (["solve", "two-state", "--out", "{}"], "cannot be made (File name too long). Choose another folder"),
        (["certify", "two-state", "-o", "{}.v"], "cannot be written (File name too long). Choose another place"),
        (["report", "two-state", "-o", "{}.html"], "cannot be written (File name too long). Choose another place"),
        (["study", "show", "{}"], "does not exist; a study file is needed. Make one with pgsym study run"),
    ],
)
def test_name_that_no_file_can_have_is_one_message(command, message, run):
    status, out, err = run(*(part.format("x" * 5000) for part in command))
    assert (status, out) == (2, "")
    assert err.endswith(f"{message}\n")


def test_arguments_that_are_no_text_are_shown_escaped(run):
    """Bytes that are not UTF-8 reach Python as halves of characters."""
    status, out, err = run("zoo", "caf\udce9", "--json")
    assert status == 2
    assert "caf" in json.loads(out.replace("\\u", "\\\\u"))["error"]["message"]
    assert err == ""


TWICE = {
    ("--theta", "theta_x=0", "--theta", "theta_y=1"): "found --theta 2 times; it is given once. Join them with a comma",
    ("--gamma", "1/2", "--gamma", "1/3"): "found --gamma 2 times; it is given once. Leave one out",
    (
        "-J",
        "average-reward",
        "--objective",
        "start-state",
    ): "found --objective 2 times; it is given once. Leave one out",
    ("--theta", "theta_x=0,theta_x=1"): "--theta: found theta_x twice; once is required. Leave one out",
}


@pytest.mark.parametrize(("options", "message"), TWICE.items())
def test_no_value_is_lost_where_an_option_or_a_name_is_given_twice(options, message, run):
    """The parser would take the last one, and solve with the model's value of theta_x."""
    status, out, err = run("solve", "two-state", *options)
    assert (status, out) == (2, "")
    assert message in " ".join(err.split())


def test_flags_and_options_of_several_values_may_be_given_again(run):
    status, _, err = run("solve", "two-state", "--json", "--json")
    assert status == 0, err
    status, _, err = run("moments", "short-corridor", "gae", "--let", "lambda=1/2", "--let", "v(s)=0", "-n", "10")
    assert status == 0, err


def test_step_size_of_one_label_is_given_once(run):
    status, _, err = run("ascend", "short-corridor", "--step-size", "exact=1/2,exact=1/3")
    assert status == 2
    assert "--step-size: found exact twice; once is required. Leave one out" in err


def test_letter_of_a_note_has_one_meaning(run):
    status, _, err = run("check", "two-state", "$J = J$", "--read", "d: eta", "--read", "d: mu")
    assert status == 2
    assert "read: found two meanings of d; it has one. Leave one out" in err
