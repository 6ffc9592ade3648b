"""`pgsym moments`: numbers, JSON, plots, and wrong options."""

import json
import re
import sys

import pytest


def test_moments_prints_the_known_traces_beside_consistent_samples(run):
    status, out, _ = run("moments", "short-corridor", "reinforce", "-n", "16000")
    assert status == 0
    assert "covariance trace 1959   sampled" in out
    assert "best constant baseline -65/3: trace 1652/3" in out
    assert "consistent with the exact law" in out
    status, out, _ = run("moments", "short-corridor", "reward-to-go", "-n", "0")
    assert status == 0
    assert "covariance trace 733\n" in out


def test_moments_json_has_the_documented_schema(run):
    status, out, _ = run("moments", "short-corridor", "gae", "--let", "lambda=1/2", "-n", "0", "--json")
    data = json.loads(out)
    assert status == 0
    assert set(data["mean"]["theta"]) == {"closed_form", "exact", "float"}
    assert data["mean"]["theta"]["exact"] == "2"
    assert data["bias"]["theta"] == {"closed_form": "0", "exact": "0", "float": 0.0}
    assert data["variance"]["theta"]["float"] == data["covariance"][0][0]["float"] > 0
    assert data["covariance_trace"]["exact"] == data["covariance"][0][0]["exact"]
    assert data["sampled"] is None
    assert data["samples_to_find_the_bias"] is None


def test_moments_json_of_floats_and_of_symbols(run):
    options = ("-n", "0", "--json", "--let", "v(s1)=v")
    data = json.loads(run("moments", "short-corridor", "gae", "--let", "lambda", *options)[1])
    assert data["covariance_trace"]["float"] is None
    assert "lambda" in data["covariance_trace"]["exact"]
    data = json.loads(run("moments", "short-corridor", "--theta", "theta=sqrt(2)", "-n", "0", "--json")[1])
    assert data["covariance_trace"]["exact"] is None
    assert data["covariance_trace"]["float"] > 0


def test_moments_of_a_symbolic_model_shows_formulas_and_names_what_has_no_value(run):
    status, out, _ = run("moments", "recycling-robot", "--horizon", "1", "-n", "0")
    flat = " ".join(out.split())
    assert status == 0
    assert "alpha, beta, r_search, r_wait have no value, so there are no floats; --set alpha=1/2,beta=... " in flat
    assert "theta_high_search mean = r_search/4 - r_wait/4 bias = " in flat
    assert re.search(r"variance = \S", flat)
    assert re.search(r"covariance trace \S*r_search", flat)
    assert "mean square error 0" not in flat
    assert not re.search(r"(mean|bias|variance|trace|error) -( |$)", flat)
    assert "characters]" not in out
    assert "at theta, which is 0 for all 5 parameters; --json has closed forms for every theta" in flat


def test_moments_with_values_for_the_symbols_are_numbers(run):
    given = "alpha=1/2,beta=1/3,r_search=2,r_wait=1"
    status, out, _ = run("moments", "recycling-robot", "--horizon", "1", "-n", "0", "--set", given)
    assert status == 0
    assert "no value" not in out
    assert re.search(r"theta_high_search +1/4 +-?\d", out)


def test_moments_cuts_off_and_measures_the_bias_that_is_asked_for(run):
    options = ("moments", "short-corridor", "reward-to-go", "--horizon", "4", "-n", "0", "--json")
    data = json.loads(run(*options)[1])
    assert data["horizon"] == 4
    assert data["bias"]["theta"]["float"] != 0
    assert data["samples_to_find_the_bias"] > 1
    data = json.loads(run(*options, "--target", "truncated")[1])
    assert data["bias"]["theta"]["exact"] == "0"


def test_moments_of_the_eligibility_trace(run):
    options = ("moments", "two-state", "eligibility-trace", "--let", "beta=1/2", "--horizon", "10")
    status, out, _ = run(*options, "-J", "average-reward", "-n", "3200", "--json")
    data = json.loads(out)
    assert status == 0
    assert data["objective"] == "average-reward"
    assert data["sampled"]["consistent"]


def test_moments_says_what_the_sampler_does_not_draw(run):
    options = ("2 * grad J", "--horizon", "3")
    status, _, err = run("moments", "short-corridor", *options)
    assert status == 0
    assert "not sampled: " in err
    assert "found no part of a run; a sampler draws what varies. Add a score" in err


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_moments_draws_its_sweeps(run, tmp_path, ending):
    path = tmp_path / f"plot.{ending}"
    options = ("gae", "--let", "lambda=1/2", "--horizon", "5", "-n", "0", "--plot", str(path))
    status, _, err = run("moments", "short-corridor", *options)
    assert status == 0
    assert path.stat().st_size > 1000
    assert f"wrote {path}" in err


def test_moments_without_matplotlib_names_the_extra(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    status, _, err = run("moments", "short-corridor", "-n", "0", "--plot", str(tmp_path / "a.svg"))
    assert status == 2
    assert "matplotlib: it is not installed; plots need it. Install pgsym[plot]" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["grpo"], "estimator: found 'grpo', a loss of whole batches; an audit has its exact mean"),
        (["ppo"], "estimator: found 'ppo'; must be one of reinforce, reward-to-go"),
        (["gae"], "lambda: gae needs it. Give it with let"),
        (["eligibility-trace"], "eligibility-trace: found no horizon; T is the number of steps"),
        (["gae", "--let", "gama=1"], "let gama: gae has no such name; the nearest is 'lambda'. Rename it or leave it"),
        (["n-step", "--let", "n=x"], "n: found 'x'; a whole number of at least 1 is required. Give one"),
        (["--let", "b(s9)=1"], "state s9: 0 of that name; the model has s1, s2, s3, T. Check the name"),
        (["--let", "b(s1)=1", "--let", "b(s)=2"], "let b(s): found b twice there; once is required. Leave one out"),
        (["--let", "=2"], "--let: found '=2'; must read NAME=VALUE. Write --let 'b(s)=-3'"),
        (["sum[t] G_t"], "found a scalar; an estimator of grad J is a vector over the parameters"),
        (["--objective", "best"], "objective: found 'best'; must be one of"),
        (["--plot", "a.xyz"], "plot: found 'a.xyz'; a name must end in one of"),
    ],
)
def test_moments_refuses_wrong_options(run, options, message):
    status, _, err = run("moments", "short-corridor", "-n", "0", *options)
    assert status == 2
    assert message in err


def test_moments_of_an_unending_model_says_why(run):
    status, _, err = run("moments", "two-state", "-n", "0")
    assert status == 2
    assert "a run may stay in x, y for ever, where the sum over time does not converge" in err
