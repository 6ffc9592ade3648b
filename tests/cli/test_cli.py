"""The command line in a subprocess-free run: output, exit status, and every kind of wrong input."""

import json
import re

import pytest
import yaml


@pytest.fixture
def model(tmp_path):
    """Writes a model file from a document."""

    def write(document, name="model.json"):
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return path

    return write


BROKEN = {
    "states": ["s", "T"],
    "terminal": ["T"],
    "transitions": [["s", "a", "T", "1/2", 1], ["s", "a", "s", "2/5", 0]],
    "start": {"s": 1},
    "gamma": 1,
}


# -- solve -----------------------------------------------------------------------------------------------


def test_solve_json_has_the_documented_schema(run):
    status, out, _ = run("solve", "short-corridor", "--json")
    data = json.loads(out)
    assert status == 0
    assert data["J"]["exact"] == "-12"
    assert data["J"]["float"] == -12.0
    assert "exp(theta)" in data["J"]["closed_form"]
    assert data["grad"]["theta"]["exact"] == "2"
    assert data["V"]["s1"]["exact"] == "-12"
    assert data["Q"]["s1"]["R"]["exact"] == "-11"
    assert data["eta"]["s2"]["float"] == 4.0
    assert "mu" not in data


def test_solve_of_the_average_reward_has_h_and_mu(run):
    data = json.loads(run("solve", "kakade", "--json")[1])
    assert data["objective"] == "average-reward"
    assert data["mu"]["i"]["exact"] == "4/5"
    assert data["h"]["i"]["exact"] == "2/25"
    assert "V" not in data


def test_solve_table_shows_the_numbers(run):
    status, out, _ = run("solve", "short-corridor", "--theta", "theta=log(2)/2")
    assert status == 0
    assert "-6 - 4*sqrt(2)" in out


def test_gamma_option_replaces_the_discount(run):
    data = json.loads(run("solve", "short-corridor", "--gamma", "gamma", "--json")[1])
    assert data["gamma"] == "gamma"
    assert data["J"]["float"] is None
    assert "gamma" in data["J"]["exact"]


def test_solve_of_a_symbolic_model_keeps_the_policy_and_names_the_denominator(run):
    status, out, err = run("solve", "recycling-robot")
    assert (status, err) == (0, "")
    flat = " ".join(out.split())
    assert (
        "alpha, beta, r_search, r_wait have no value, so there are no floats; --set alpha=1/2,beta=... gives them one"
        in flat
    )
    assert 'let Delta = 10 - 9 * pi("wait"|"low") + 9 * pi("search"|"high")' in flat
    assert 'J = V("high")' in flat
    assert (
        'eta("low") = 90 * pi("search"|"high") * (1 - alpha) / Delta = 90*(alpha - 1)/(9*alpha + 6*beta - 23)' in flat
    )
    assert 'Q("high","wait") = r_wait + 9/10 * V("high")' in flat
    assert "characters]" not in out
    assert "float " not in out


def test_what_solve_prints_of_a_symbolic_model_is_proved(run):
    out = run("solve", "recycling-robot")[1]
    lines = " ".join(out.split())
    (delta,) = re.findall(r"let Delta = (.*?) J J =", lines)
    for name, after in (('V("low")', " = 10*(9*alpha*beta"), ('eta("high")', " = 20*(3*beta")):
        formula = lines[lines.index(f"{name} = ") :].partition(after)[0]
        status, out, _ = run("check", "recycling-robot", f"let Delta = {delta}; {formula}")
        assert status == 0, out
        assert "proved" in out


def test_solve_of_a_symbolic_model_with_values_is_a_table_of_numbers(run):
    status, out, _ = run("solve", "recycling-robot", "--set", "alpha=1/2,beta=1/3,r_search=2,r_wait=1")
    assert status == 0
    assert "no value" not in out
    assert "350/33          10.60606061" in out


def test_solve_cuts_long_formulas_at_their_head_and_says_where_the_rest_is(run):
    out = run("solve", "two-state")[1]
    assert "10*(200*exp(theta_x)*exp(theta_y) + 11*exp(theta_x) + ...  1655/867" in out
    assert out.rstrip().endswith("... ends the head of a longer formula; all of it: --json, --latex, --out FOLDER")
    assert "trust" not in out


def test_solve_latex_is_an_align_body(run):
    status, out, _ = run("solve", "short-corridor", "--latex")
    assert status == 0
    assert out.startswith(r"\begin{align")
    assert r"e^{\theta}" in out


def test_solve_latex_keeps_the_policy_on_request(run):
    out = run("solve", "two-state", "--latex", "--keep-policy")[1]
    assert r"\pi(" in out
    assert r"e^{" not in out


def test_solve_out_writes_three_files(run, tmp_path):
    status, _, err = run("solve", "two-state", "--out", tmp_path / "two")
    assert status == 0
    assert sorted(p.name for p in (tmp_path / "two").iterdir()) == ["graph.svg", "graph.tex", "solution.tex"]
    assert "wrote" in err
    assert r"\documentclass" in (tmp_path / "two" / "solution.tex").read_text(encoding="utf-8")


# -- verify and estimate ---------------------------------------------------------------------------------


def test_verify_proves_and_checks(run):
    status, out, _ = run("verify", "short-corridor", "-n", 20_000)
    assert status == 0
    assert "proved: grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)" in out
    assert "verdict: proved; sampled gradient consistent" in " ".join(out.split())


def test_verify_says_where_it_samples(run):
    _, out, _ = run("verify", "two-state", "--theta", "theta_x=1/2", "-n", 2_000)
    assert "\nat theta_x = 1/2, theta_y = -log(3)\n" in out


@pytest.mark.parametrize("command", ["verify", "estimate", "moments"])
def test_sampling_shows_how_far_it_is_on_a_terminal_only(run, monkeypatch, command):
    _, _, error = run(command, "short-corridor", "-n", 20_000)
    assert error == ""
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes this for a terminal
    _, _, error = run(command, "short-corridor", "-n", 20_000)
    assert "sampling" in error


def test_verify_refutes_with_exact_numbers(run):
    status, out, _ = run("verify", "two-state", "--objective", "stationary-value", "-n", 2_000)
    assert status == 1
    assert "d/dtheta_x: left 10120/6889, right 9988/71961" in out
    assert "d/dtheta_y: left 52875/13778, right 36225/95948" in out
    assert "verdict: refuted" in out


def test_verify_of_a_model_with_symbols_is_not_sampled(run):
    status, out, error = run("verify", "generic:2x2")
    assert status == 0
    assert "identity test, error at most 2^-" in out
    assert "without value; sampling needs numbers" in error


def test_verify_json(run):
    status, out, _ = run("verify", "two-state", "-J", "stationary-value", "-n", 2_000, "--json")
    data = json.loads(out)
    assert status == 1
    assert data["verdict"]["status"] == "refuted"
    assert data["verdict"]["witness"]["left"]["d/dtheta_x"] == "10120/6889"
    assert data["cross_check"]["n"] == 2_000
    assert data["holds"] is False


def test_verify_of_an_inapplicable_theorem_says_why(run, model):
    document = {
        "states": ["s", "g", "h"],
        "transitions": [["s", "a", "g", 1, 0], ["s", "b", "h", 1, 0], ["g", "c", "g", 1, 1], ["h", "c", "h", 1, 0]],
        "objective": "average-reward",
    }
    status, out, _ = run("verify", model(document))
    assert status == 1
    assert "2 recurrent classes ('g'; 'h')" in " ".join(out.split())


def test_estimate_json(run):
    data = json.loads(run("estimate", "short-corridor", "-n", 2_000, "reinforce", "--json")[1])
    assert data["n"] == 2_000
    assert data["estimator"] == "reinforce"
    assert data["trust"] == {"level": "sampled", "false_alarm": 0.05}
    assert set(data["grad"]) == {"theta"}


# -- zoo -------------------------------------------------------------------------------------------------


def test_zoo_lists_names_with_sources(run):
    status, out, _ = run("zoo")
    assert status == 0
    assert "short-corridor" in out
    assert "Sutton" in out


def test_zoo_model_is_a_model_file_that_solves(run, model):
    text = run("zoo", "two-state")[1]
    assert yaml.safe_load(text)["gamma"]
    path = model(text, "mine.yaml")
    assert json.loads(run("solve", path, "--json")[1])["J"] == json.loads(run("solve", "two-state", "--json")[1])["J"]


# -- wrong input -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["solve", "verify", "estimate"])
def test_broken_model_is_one_message(run, model, command):
    status, out, err = run(command, model(BROKEN))
    assert status == 2
    assert out == ""
    assert "('s', 'a'): outgoing probabilities sum to 9/10; must be exactly 1. Add the missing 1/10" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["solve", "verify", "estimate"])
def test_broken_model_as_json(run, model, command):
    status, out, _ = run(command, model(BROKEN), "--json")
    error = json.loads(out)["error"]
    assert status == 2
    assert error["type"] == "NotStochasticError"
    assert "sum to 9/10" in error["message"]
    assert "'s', 'a'" in error["where"]


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        (["solve", "short-coridor"], "SchemaError", "short-corridor"),
        (["solve", "missing.yaml"], "SchemaError", "missing.yaml"),
        (["solve", "two-state", "--objective", "reward"], "SchemaError", "the nearest is 'average-reward'. Correct it"),
        (["solve", "two-state", "--theta", "theta_x"], "SchemaError", "must read name=value"),
        (["solve", "two-state", "--theta", "z=1"], "PolicyError", "'z' is not a parameter"),
        (["solve", "two-state", "--theta", "theta_x=__import__('os')"], "FormulaError", "theta[theta_x]"),
        (["solve", "two-state", "--gamma", "3/2"], "DiscountError", "3/2"),
        (["solve", "two-state", "--gamma", "9**9**9**9"], "FormulaError", "gamma"),
        (["solve", "short-corridor", "--objective", "average-reward"], "UndefinedQuantityError", "terminal"),
        (["solve", "gym:Nope-v0"], "StructureError", "Nope-v0"),
        (["solve", "generic:2y1"], "SchemaError", "generic:3x2 for 3 states and 2 actions"),
        (["estimate", "short-corridor", "-n", "1"], "SamplingError", "at least 2"),
        (["estimate", "short-corridor", "reinfroce"], "SchemaError", "reinforce"),
        (["estimate", "short-corridor", "--horizon", "0"], "SamplingError", "0"),
        (["estimate", "recycling-robot"], "SamplingError", "alpha"),
        (["zoo", "nope"], "SchemaError", "nope"),
        (["solve"], "UsageError", "MODEL"),
        (["solve", "two-state", "--nope"], "UsageError", "--nope"),
    ],
)
def test_wrong_input_is_an_error_object(run, arguments, kind, text):
    status, out, err = run(*arguments, "--json")
    error = json.loads(out)["error"]
    assert status == 2
    assert error["type"] == kind
    assert text.lower() in error["message"].lower()
    assert "Traceback" not in err


def test_help_teaches(run):
    for command in ("solve", "verify", "estimate", "zoo"):
        status, out, _ = run(command, "--help")
        assert status == 0
        assert "Example" in out
