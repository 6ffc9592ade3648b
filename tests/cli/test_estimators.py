"""Every estimator by its name, through every entry point."""

import pytest

import pgsym
from pgsym.model.estimator import ESTIMATORS, EligibilityTrace, find_estimator
from pgsym.study.schema import read_study
from pgsym.study.settings import from_plain, resolve

OPTIONS = {"gae": {"lam": "1/2"}, "n-step": {"n": 2}}
WRITTEN = {"gae": ["--lambda", "1/2"], "n-step": ["--n-step", "2"]}
EPISODIC = [name for name in ESTIMATORS if name != EligibilityTrace.name]


@pytest.mark.parametrize("name", EPISODIC)
def test_name_means_one_estimator_everywhere(run, name):
    it = find_estimator(name, OPTIONS.get(name))
    assert pgsym.moments("short-corridor", it).estimator == it
    sampled = pgsym.estimate("short-corridor", it, n=64, horizon=20)
    assert sampled.estimator == name
    assert pgsym.cross_check("short-corridor", it, n=64, horizon=20).estimate.estimator == name
    study = read_study({"models": "short-corridor", "estimators": {"name": name, **OPTIONS.get(name, {})}, "n": 64})
    assert from_plain(resolve(study).settings[0].estimator) == it
    if name not in OPTIONS:
        assert pgsym.moments("short-corridor", name).estimator == it
        assert (pgsym.estimate("short-corridor", name, n=64, horizon=20).mean == sampled.mean).all()
    options = WRITTEN.get(name, [])
    for command in ("moments", "estimate", "verify"):
        status, out, err = run(command, "short-corridor", "--estimator", name, *options, "-n", "64", "--horizon", "20")
        assert status in (0, 1), err
        assert name in out or command == "verify"
    status, out, err = run("ascend", "short-corridor", "--methods", name, *options, "--steps", "1", "--horizon", "20")
    assert status == 0, err
    assert name in out


@pytest.mark.parametrize("objective", ["average-reward", "stationary-value"])
@pytest.mark.parametrize("name", ["reward-to-go", "advantage", "eligibility-trace"])
def test_long_run_is_drawn_by_name(name, objective):
    problem = pgsym.zoo("two-state").replace(objective=objective)
    found = pgsym.cross_check(problem, name, n=500)
    assert found.consistent
    assert pgsym.ascend(problem, methods=name, steps=1).paths[0].stopped == ""


def test_samples_of_a_long_run_are_not_compared_with_another_law(run):
    options = ("-J", "average-reward", "--estimator", "reward-to-go", "--horizon", "5", "-n", "64")
    status, _, err = run("moments", "two-state", *options)
    assert status == 0
    assert "not sampled: reward-to-go: the objective is average-reward, so samples would be of one long run;" in err


def test_estimators_with_a_critic_are_held_against_their_own_truncation():
    """Cut off after few steps, the true V stands for the rest: the mean is nearer to grad J than grad J_T is."""
    problem = pgsym.zoo("two-state").replace(objective="start-state")
    found = pgsym.cross_check(problem, "actor-critic", n=20_000, horizon=5)
    plain = pgsym.cross_check(problem, "reward-to-go", n=20_000, horizon=5)
    assert found.consistent
    assert plain.consistent
    assert (abs(found.truth - plain.truth) / found.estimate.standard_error).max() > 10


def test_suffix_leaves_out_the_discount_weight():
    assert find_estimator("gae-undiscounted", {"lam": 1}) == ESTIMATORS["gae"](1, discount_weight=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--methods", "exact,reward-to-go", "--lambda", "1/2"], "--lambda: none of the methods has such an option."),
        (["--methods", "exact,gae"], "--lambda: gae needs it. Give --lambda"),
    ],
)
def test_ascend_refuses_options(run, options, message):
    status, _, err = run("ascend", "short-corridor", *options)
    assert status == 2
    assert message in err
