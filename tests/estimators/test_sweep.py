"""Bias and variance along one number of an estimator, against laws at single values."""

import numpy as np
import pytest
from named import gae, reinforce, reward_to_go, trace

from pgsym.errors import HypothesisError, StructureError
from pgsym.estimators.moments import moments
from pgsym.estimators.sweep import applicable, sweep
from pgsym.model import Problem
from pgsym.model.zoo import zoo


@pytest.fixture(scope="module")
def corridor():
    return zoo("short-corridor")


def test_each_number_is_that_of_a_single_law(corridor):
    mdp, policy, theta = corridor.mdp, corridor.policy, corridor.theta
    critic = {"s1": -10, "s2": -8, "s3": -3}
    law = moments(Problem(mdp, policy), gae("1/2", critic)).at(theta)
    assert applicable(law) == ["lambda", "gamma", "T"]
    found = sweep(law, "lambda", ["1/4", "1"])
    for i, lam in enumerate(("1/4", "1")):
        one = moments(Problem(mdp, policy), gae(lam, critic)).at(theta)
        assert found.variance[i] == pytest.approx(float(one.covariance_trace))
        assert found.bias[i] == pytest.approx(abs(float(one.bias[one.params[0]])), abs=1e-12)
    found = sweep(law, "T", [5])
    one = moments(Problem(mdp, policy), gae("1/2", critic, horizon=5)).at(theta)
    assert found.mse[0] == pytest.approx(float(one.mse))
    found = sweep(law, "gamma", ["9/10"])
    one = moments(Problem(mdp.replace(gamma="9/10"), policy), gae("1/2", critic)).at(theta)
    assert found.bias[0] == pytest.approx(abs(float(one.mean[one.params[0]]) - 2))


def test_baseline_sweep_is_the_law_with_that_baseline(corridor):
    for kind in (reinforce, reward_to_go):
        law = moments(corridor, kind(-3)).at()
        found = sweep(law, "b(s)", [0, -3, -12])
        expected = [float(moments(corridor, kind(b)).at().covariance_trace) for b in (0, -3, -12)]
        assert found.variance.tolist() == pytest.approx(expected)
        assert sweep(law, "b(s)").variance.min() == pytest.approx(float(law.optimal_constant_baseline.trace))


def test_a_number_of_a_text_is_swept_around_its_value(corridor):
    text = "sum[t] grad log pi(a_t|s_t) * (G_t - c * V(s_t))"
    law = moments(corridor, text, let={"c": 3}).at()
    assert applicable(law) == ["c", "gamma", "T"]
    found = sweep(law, "c")
    assert (found.values.min(), found.values.max()) == (0, 6)
    expected = [float(moments(corridor, text, let={"c": c}).at().covariance_trace) for c in (0, 3, 6)]
    assert found.variance[[0, 10, 20]].tolist() == pytest.approx(expected)
    for given, ends in (("-3", (-6, 0)), ("E[tau] sum[t<1] r_t", (0, 1)), ("J", (0, 1))):
        other = sweep(moments(corridor, text, let={"c": given}).at(), "c")
        assert (other.values.min(), other.values.max()) == ends


def test_sweep_as_plain_data():
    two = zoo("two-state")
    law = moments(two, reward_to_go(horizon=20)).at([0.0, 0.0])
    data = sweep(law, "T", [1, 2]).to_json()
    assert data["number"] == "T"
    assert len(data["mse"]) == 2


def test_trace_has_no_lambda_and_no_gamma():
    two = zoo("two-state")
    law = moments(two.replace(objective="average-reward"), trace("1/2", 10)).at([0.0, 0.0])
    assert applicable(law) == ["beta", "gamma", "T"]
    assert np.isfinite(sweep(law, "T", [1, 4]).variance).all()
    with pytest.raises(StructureError, match="the estimator has no lambda; it has beta, gamma, T"):
        sweep(law, "lambda")


def test_sweep_raises_without_a_point(corridor):
    with pytest.raises(StructureError, match="the law is a closed form"):
        sweep(moments(corridor, "reinforce"), "T")


def test_sweep_raises_where_no_value_has_moments():
    """At gamma = 1 the unending run has no moments."""
    two = zoo("two-state")
    law = moments(two, reward_to_go()).at([0.0, 0.0])
    assert len(sweep(law, "gamma", ["1/2", 1]).values) == 1
    with pytest.raises(HypothesisError, match="for no gamma has the estimator moments"):
        sweep(law, "gamma", [1])
