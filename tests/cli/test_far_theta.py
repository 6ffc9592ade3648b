"""theta where floats end: one message, or exact numbers with the floats left out; never a traceback."""

import json

import pytest

FAR = (
    "error: theta[theta]: found 100000000000000000...000000000000000000; |theta| is at most 1000000 where exp(theta) "
    "is computed. Choose a value nearer to 0\n"
)
ENDLESS = (
    "error: theta[theta] = 1000: gamma^t P(still running) is 1 after 100000 steps; a rollout must end. "
    "Give horizon=T, or choose theta nearer to 0\n"
)


@pytest.mark.parametrize("command", ["solve", "verify", "estimate", "moments", "ascend", "check", "report"])
def test_theta_that_has_no_exponential(run, tmp_path, command):
    after = {"check": ["J = J"], "report": ["-o", tmp_path / "out"]}.get(command, [])
    assert run(command, "short-corridor", *after, "--theta", "theta=1e400") == (2, "", FAR)


@pytest.mark.parametrize("command", ["verify", "estimate", "ascend"])
def test_a_rollout_that_floats_do_not_end(run, command):
    status, _, err = run(command, "short-corridor", "--theta", "theta=1000")
    assert (status, err) == (2, ENDLESS)


def test_solve_is_exact_where_floats_end(run):
    status, out, err = run("solve", "short-corridor", "--theta", "theta=1000", "--json")
    assert (status, err) == (0, "")
    data = json.loads(out)
    assert data["J"]["exact"] == "(-4 - 6*exp(1000) - 2*exp(2000))*exp(-1000)"
    assert data["J"]["float"] is None
    assert data["V"]["s3"]["float"] == -3
    assert "beyond floats" in run("solve", "short-corridor", "--theta", "theta=1000")[1]


def test_solve_in_floats_where_exact_numbers_end(run):
    """exp(1/10) and exp(123456789/10^9) are both powers of exp(10^-9) only."""
    data = json.loads(run("solve", "two-state", "--theta", "theta_x=0.1,theta_y=0.123456789", "--json")[1])
    assert data["J"]["exact"] is None
    assert data["J"]["float"] == pytest.approx(5.59331474397141)


def test_moments_are_exact_where_floats_end(run):
    status, out, err = run("moments", "short-corridor", "--theta", "theta=1000")
    assert status == 0
    assert err == (
        "not sampled: E[tau]: in floats a system of 3 equations has no unique solution; a number below about 1e-13 is "
        "lost beside 1. Choose theta nearer to 0, or compute exactly\n"
    )
    assert "covariance trace beyond floats" in out
