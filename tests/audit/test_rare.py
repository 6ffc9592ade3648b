"""Outcomes that a sample may not have seen do not make an alarm, and frequent ones are not explained away."""

import numpy as np
import pytest

from pgsym.auditing import AuditTarget, BiasVerdict, audit
from pgsym.auditing.problem_arrays import build_arrays
from pgsym.auditing.sequential import Rare, Region, detectable
from pgsym.model import MDP, Problem, tabular
from pgsym.sampling.moments import Moments


def gateway(p):
    """A bandit behind a gate that opens with probability p; before it, a choice that matters."""
    rows = [("gate", a, t, q, r) for a, r in (("l", 1), ("r", 0)) for t, q in (("inner", p), ("end", f"1-{p}"))]
    rows += [("inner", "good", "end", 1, 3), ("inner", "bad", "end", 1, 0)]
    mdp = MDP.from_transitions(rows, start="gate", terminal=["end"])
    return mdp, tabular(mdp)


def leave_one_out(theta, batch):
    """Correct; what controls leave of it is tiny, so that only the rare state's unseen share would remain."""
    G = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    others = (G.sum() - G) / (batch.episodes - 1)
    return ((G - others)[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)


OPTIONS = {"horizon": 2, "delta": 0.001, "max_samples": 8_192, "explain": False}


def test_state_that_was_never_reached_is_no_bias():
    mdp, policy = gateway("1/1000000")
    assert audit(Problem(mdp, policy), leave_one_out, **OPTIONS).verdict is not BiasVerdict.BIASED


def test_without_the_allowance_it_would_be_called_biased(monkeypatch):
    """The mutant: a region from the sample's covariance alone."""
    monkeypatch.setattr(Rare, "variance", lambda self, gap, batches: np.zeros((len(gap),) * 2))
    mdp, policy = gateway("1/1000000")
    found = audit(Problem(mdp, policy), leave_one_out, **OPTIONS).verdict
    assert found in (BiasVerdict.BIASED, BiasVerdict.BELOW_DELTA)


def test_bias_in_a_common_state_is_found_beside_a_rare_one():
    mdp, policy = gateway("1/1000000")
    found = audit(Problem(mdp, policy), lambda theta, batch: 0.9 * leave_one_out(theta, batch), **OPTIONS)
    assert found.verdict is BiasVerdict.BIASED


def test_allowance_ends_when_every_outcome_is_expected_often_enough():
    mdp, policy = gateway("1/1000")
    rare = Rare.of(build_arrays(Problem(mdp, policy, theta=[0, 0, 0, 0])), 2, 32, AuditTarget.TRUNCATED)
    gap = np.full(4, 1e-4)
    assert rare.batches == pytest.approx(100 / (32 * 0.0005))
    assert rare.variance(gap, int(rare.batches) - 1).any()
    assert not rare.variance(gap, int(rare.batches) + 1).any()


def test_gap_that_rare_outcomes_explain_counts_as_often_as_they_are_expected():
    """T^2 of a coordinate that is never seen is at most the expected number of batches that hold it."""
    mdp, policy = gateway("1/1000")
    rare, m = Rare.of(build_arrays(Problem(mdp, policy, theta=[0, 0, 0, 0])), 2, 1, AuditTarget.TRUNCATED), 2_000
    gap = np.array([0, 0, 1e-5, -1e-5])
    region = Region(Moments(m, gap, np.zeros((4, 4))), 0.01, 0.0, rare.variance(gap, m))
    assert region.statistic(np.zeros(4)) <= m * 0.0005


def test_detectable_bias_takes_the_allowance_into_account():
    region = Region(Moments(1_000, np.zeros(1), np.full((1, 1), 999.0)), 0.01, 0.0)
    plain = detectable(region, np.ones(1), 0.9)
    assert detectable(region, np.ones(1), 0.9, lambda gap: np.zeros((1, 1))) == pytest.approx(plain)
    # The standard deviation of a batch is 1; with as much again it is sqrt 2.
    assert detectable(region, np.ones(1), 0.9, lambda gap: np.ones((1, 1))) == pytest.approx(plain * 2**0.5, rel=0.02)
    assert detectable(region, np.ones(1), 0.9, lambda gap: 1e3 * np.outer(gap, gap)) == np.inf
