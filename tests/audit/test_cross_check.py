"""Exact against sampled gradients: consistent when they should be, rejected when they should not."""

from dataclasses import replace

import numpy as np
import pytest

import pgsym
from pgsym.auditing.cross_check import POWER
from pgsym.errors import SamplingError
from pgsym.estimators.sample_size import noncentrality
from pgsym.model import MDP, tabular

FALSE_ALARM = 1e-6
"""Of each test in this file; seeds are fixed."""


def check(name, objective=None, **options):
    model = pgsym.zoo(name)
    return pgsym.cross_check(
        model.replace(objective=objective or model.objective),
        false_alarm=FALSE_ALARM,
        **{"n": 40_000, "seed": 3, **options},
    )


@pytest.mark.parametrize("estimator", ["reinforce", "reward-to-go"])
@pytest.mark.parametrize("name", ["short-corridor", "random-walk", "nota-thomas", "parallel-outcomes", "student"])
def test_sampled_gradients_agree_with_exact_ones(name, estimator):
    found = check(name, estimator=estimator)
    assert found.consistent, found.summary


@pytest.mark.parametrize(
    ("name", "objective"),
    [("kakade", "average-reward"), ("two-state", "average-reward"), ("two-state", "stationary-value")],
)
def test_long_runs_agree_with_exact_gradients(name, objective):
    found = check(name, objective, n=5_000)
    assert found.consistent, found.summary


def test_truncated_rollout_is_tested_against_the_truncated_truth():
    """Four steps of the corridor: grad J_4 is far from grad J, and only the former is consistent."""
    found = check("short-corridor", horizon=4)
    assert found.consistent, found.summary
    assert found.truncation > 0.5
    assert not replace(found, truth=found.gradient).consistent


def test_cross_check_rejects_a_bias_of_the_stated_size():
    """The mutant: a truth that is off by twice the detectable relative bias."""
    found = check("short-corridor")
    mutant = replace(found, truth=found.truth * (1 + 2 * found.detectable))
    assert not mutant.consistent
    assert "INCONSISTENT" in mutant.summary


def test_cross_check_rejects_a_wrong_sign_and_a_wrong_discount():
    found = check("nota-thomas")
    assert not replace(found, truth=-found.truth).consistent
    model = pgsym.zoo("nota-thomas", gamma="3/5")
    other = pgsym.solve(model.replace(objective="start-state")).at({p: float(v) for p, v in model.theta.items()})
    wrong = np.array([float(e) for e in other.grad.values()])
    assert not replace(found, truth=wrong).consistent


def test_detectable_bias_has_the_stated_power():
    """Power of the chi-square test at the stated noncentrality, by simulation: 0.9 within 5 standard errors."""
    rng = np.random.default_rng(0)
    level, rank, runs = 0.01, 3, 20_000
    shift = np.sqrt(noncentrality(rank, level, POWER))
    draws = rng.normal(size=(runs, rank))
    draws[:, 0] += shift
    critical = 11.344866730144373  # chi-square with 3 degrees of freedom, upper 1 per cent
    found = float(np.mean((draws**2).sum(axis=1) > critical))
    assert abs(found - POWER) < 5 * np.sqrt(POWER * (1 - POWER) / runs)


def test_redundant_parameters_do_not_break_the_joint_test():
    """Tabular softmax: the scores of a state sum to zero, so the covariance is singular."""
    model = pgsym.zoo("two-state")
    policy = tabular(model.mdp)
    found = pgsym.cross_check(
        pgsym.Problem(model.mdp, policy, theta=dict.fromkeys(policy.params, 0)), n=20_000, false_alarm=FALSE_ALARM
    )
    assert found.consistent
    assert found.estimate.distance(found.truth.tolist()).rank == 2


def test_gradient_of_an_inevitable_reward_is_zero_with_variance():
    """J = 1 whatever the policy does; only the cut at T steps leaves a trace of it."""
    found = check("parallel-outcomes")
    assert abs(found.gradient[0]) < 1e-15  # float64 rounding of an exact 0
    assert found.truncation < 1e-3
    assert found.estimate.variance[0] > 0.5
    assert found.consistent


def test_false_alarm_rate_out_of_range_raises():
    mdp = MDP.from_transitions([("s", "a", "end", 1, 1)], start="s", terminal=["end"])
    with pytest.raises(SamplingError, match=r"false_alarm: found 2; a false-alarm rate lies in \(0, 1\)"):
        pgsym.cross_check(mdp, false_alarm=2)


def test_json_and_rows_name_every_parameter():
    found = check("two-state", "start-state", n=1_000)
    assert set(found.to_json()["grad"]) == {"theta_x", "theta_y"}
    assert [row[0] for row in found.rows()] == ["theta_x", "theta_y"]


@pytest.mark.parametrize(
    ("estimator", "right"),
    [
        ("sum[t] gamma^t * grad log pi(a_t|s_t) * (r_t + gamma*V(s_{t+1}))", True),
        ("sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] gamma^(u-t) * r_u", True),
        ("sum[t] gamma^t * grad log pi(a_t|s_t) * sum[u>=t] (gamma/2)^(u-t) * r_u", False),
        ("sum[t] gamma^t * grad log pi(a_t|s_t) * r_t", False),
    ],
)
def test_text_of_ones_own_is_tested_against_the_gradient(estimator, right):
    """Samples of what is written are always right; what is asked is whether they estimate grad J."""
    found = pgsym.cross_check("short-corridor", estimator, n=20_000, false_alarm=FALSE_ALARM)
    assert found.consistent == right, found.summary
