"""Sampled moments against exact ones, at a named false-alarm rate; each mistake is rejected."""

from dataclasses import replace

import numpy as np
import pytest

from pgsym.auditing.law_check import LawCheck, check_law
from pgsym.errors import SamplingError
from pgsym.estimators.estimator import find_estimator
from pgsym.estimators.moments import moments
from pgsym.model import MDP, Problem, tabular
from pgsym.model.zoo import zoo

N = 32_000
CRITIC = {"lambda": 1, "v": {"s": 1, "t": 2}}


@pytest.fixture(scope="module")
def noisy():
    """Random rewards, a loop, gamma = 1/2."""
    mdp = MDP.from_transitions(
        [
            ("s", "a", "t", "1/2", 4),
            ("s", "a", "t", "1/2", 0),
            ("s", "b", "s", "1/2", -1),
            ("s", "b", "t", "1/2", 1),
            ("t", "a", "end", "1/2", 3),
            ("t", "a", "end", "1/2", -1),
            ("t", "b", "s", 1, 0),
        ],
        start="s",
        terminal=["end"],
        gamma="1/2",
    )
    policy = tabular(mdp)
    return mdp, policy, dict.fromkeys(policy.params, 0.0)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("reinforce", {}),
        ("reinforce", {"let": {"b": {"s": 2, "t": -1}}}),
        ("advantage", {}),
        ("reward-to-go-undiscounted", {"horizon": 3}),
        ("actor-critic", {"let": {"v": {"s": 1}}}),
        ("n-step", {"let": {"n": 2, "v": {"s": 1, "t": 2}}, "horizon": 4}),
        ("gae", {"let": {"lambda": "9/10", "v": {"s": 1, "t": 2}}, "horizon": 3}),
        ("gae", {"let": {"lambda": "9/10", "v": {"s": 1, "t": 2}}, "horizon": 3, "bootstrap": False}),
        ("sum[t] grad log pi(a_t|s_t) * G * G_t", {"horizon": 4}),
        ("sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - r_t * r_{t+1})", {}),
    ],
    ids=str,
)
def test_samples_agree_with_the_law(noisy, text, options):
    mdp, policy, theta = noisy
    found = check_law(moments(Problem(mdp, policy), find_estimator(text, **options)).at(theta), n=N)
    assert found.consistent, found.summary
    assert found.estimate.n == N
    assert "consistent with the exact law" in found.summary


def test_samples_agree_with_the_law_of_the_eligibility_trace():
    two = zoo("two-state")
    law = moments(
        two.replace(objective="average-reward"), find_estimator("eligibility-trace", {"beta": "1/2"}, horizon=20)
    ).at(dict.fromkeys(two.policy.params, 0.1))
    assert check_law(law, n=N).consistent


def averaged(mdp):
    mean = {(s, a): sum(p * r for _, p, r in mdp.outcomes(s, a)) for s, a in mdp.pairs}
    rows = [(s, a, t, p, mean[s, a]) for s, a in mdp.pairs for t, p, _ in mdp.outcomes(s, a)]
    return MDP.from_transitions(rows, start=mdp.start, terminal=mdp.terminal, gamma=mdp.gamma, states=mdp.states)


def test_samples_reject_averaged_rewards(noisy):
    """The means agree and the variances do not."""
    mdp, policy, theta = noisy
    right = check_law(moments(Problem(mdp, policy), "reward-to-go").at(theta), n=N)
    wrong = moments(Problem(averaged(mdp), policy), "reward-to-go").at(theta)
    assert [float(e) for e in wrong.mean.values()] == pytest.approx(right.truth.tolist(), rel=1e-3)
    mutant = replace(right, trace=float(wrong.covariance_trace))
    assert right.consistent
    assert not mutant.consistent
    assert "INCONSISTENT" in mutant.summary


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (find_estimator("reward-to-go"), find_estimator("reward-to-go-undiscounted")),
        tuple(find_estimator("gae", CRITIC, horizon=2, bootstrap=b) for b in (True, False)),
    ],
    ids=["w = 1 for gamma", "bootstrap dropped"],
)
def test_samples_reject_the_law_of_another_estimator(noisy, right, wrong):
    mdp, policy, theta = noisy
    found = check_law(moments(Problem(mdp, policy), right).at(theta), n=N)
    law = moments(Problem(mdp, policy), wrong).at(theta)
    mean = np.array([float(e) for e in law.mean.values()])
    mutant = replace(found, law=law, truth=mean, trace=float(law.covariance_trace))
    assert found.consistent
    assert not mutant.consistent


def test_check_raises_on_wrong_input(noisy):
    mdp, policy, theta = noisy
    law = moments(Problem(mdp, policy), "reward-to-go").at(theta)
    with pytest.raises(SamplingError, match=r"n: found 31; 16 runs of at least 2 samples are drawn"):
        check_law(law, n=31)
    with pytest.raises(SamplingError, match="theta: the law is a closed form"):
        check_law(moments(Problem(mdp, policy), "reward-to-go"))
    with pytest.raises(SamplingError, match="a false-alarm rate lies in"):
        check_law(law, false_alarm=0)


def test_no_spread_is_no_false_alarm():
    """One action: g = 0 always, and both tests pass without dividing by zero."""
    mdp = MDP.from_transitions([("s", "go", "end", 1, 1)], start="s", terminal=["end"])
    found = check_law(moments(Problem(mdp, tabular(mdp)), "reward-to-go").at([0.0]), n=64)
    assert isinstance(found, LawCheck)
    assert found.consistent
