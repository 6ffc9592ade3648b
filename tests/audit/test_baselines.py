"""Estimators of the auditor's own as yardsticks of the variance."""

import numpy as np
import pytest

import pgsym
from pgsym.auditing import audit
from pgsym.errors import SamplingError
from pgsym.model import MDP, Problem, sigmoid

TEXT = "sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - 1/3)"


@pytest.fixture(scope="module")
def problem():
    rows = [("s", "go", "end", 1, 1), ("s", "no", "s", 1, 0)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"], gamma="1/2")
    return Problem(mdp, sigmoid(mdp, {"s": "t"}))


def reward_to_go(theta, batch):
    discounted = batch.gamma**batch.steps * batch.rewards
    returns = np.cumsum(discounted[:, ::-1], axis=1)[:, ::-1]
    return (returns[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@pytest.mark.parametrize("mode", ["exact", "sample"])
def test_variance_is_that_of_the_exact_law_of_the_text(problem, mode):
    plain = audit(problem, reward_to_go, horizon=3, mode=mode, max_samples=20_000)
    found = audit(problem, reward_to_go, horizon=3, mode=mode, max_samples=20_000, baselines=[TEXT])
    law = pgsym.moments(problem, TEXT, horizon=3).at()
    assert found.best.spread.name == TEXT
    assert found.best.spread.trace == pytest.approx(float(law.covariance_trace) / found.batch_size)
    assert found.variance_ratio > plain.variance_ratio
    assert TEXT in str(found)


def test_biased_ones_and_those_without_a_law_are_refused(problem):
    with pytest.raises(SamplingError) as biased:
        audit(problem, reward_to_go, horizon=3, baselines=["reward-to-go-undiscounted"])
    assert str(biased.value) == (
        "reward-to-go-undiscounted: its mean is not the target of 3 steps; an estimator to compare with is unbiased. "
        "Leave it out, or choose another target"
    )
    with pytest.raises(SamplingError) as off:
        audit(problem, reward_to_go, horizon=3, behaviour={"t": 1}, baselines=["reinforce"])
    assert str(off.value) == (
        "baselines: estimators to compare with are taken with their exact law; data of theta and the start-state "
        "objective are required. Leave them out"
    )
