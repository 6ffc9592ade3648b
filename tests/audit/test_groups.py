"""Groups of episodes that share a start state, and exact means over multisets of them, by other routes."""

import itertools
import math

import numpy as np
import pytest

from pgsym.auditing import Rollouts, audit, enumeration, token_suite
from pgsym.auditing.enumeration import all_episodes, every_batch
from pgsym.errors import SamplingError
from pgsym.model import token_tree

CASES = {case.name: case for case in token_suite()}


def grpo(theta, batch):
    """As it is written: rewards of a group, their mean and standard deviation, a mean over the own tokens."""
    rewards = batch.sequence_rewards.reshape(-1, batch.group_size)
    advantages = (rewards - rewards.mean(1, keepdims=True)) / (rewards.std(1, keepdims=True) + 1e-8)
    per_token = advantages.reshape(-1)[:, None] * batch.mask
    per_sequence = (per_token[..., None] * batch.scores).sum(1) / batch.mask.sum(1)[:, None]
    return per_sequence.mean(0)


def rloo(theta, batch):
    rewards = batch.sequence_rewards.reshape(-1, batch.group_size)
    others = (rewards.sum(1, keepdims=True) - rewards) / (batch.group_size - 1)
    weight = (rewards - others).reshape(-1)[:, None] * batch.mask
    return (weight[..., None] * batch.scores).sum((0, 1)) / batch.episodes


def by_product(problem, estimator, horizon, G):
    """Mean and covariance over every ordered group, each with the product of its probabilities."""
    rollouts = Rollouts(problem, horizon=horizon, batch_size=G, group_size=G)
    found = all_episodes(rollouts.arrays, horizon)
    starts = rollouts.arrays.start
    p, g = [], []
    for chosen in itertools.product(range(len(found.p)), repeat=G):
        prompts = {int(rollouts.arrays.outcome_state[found.outcome[i, 0]]) for i in chosen}
        if len(prompts) == 1:
            mu = starts[prompts.pop()]
            p.append(mu * math.prod(float(found.p[i]) / mu for i in chosen))
            g.append(rollouts.estimates(estimator, rollouts.streams(found.outcome[list(chosen)]))[0])
    p, g = np.array(p), np.array(g)
    return p @ g, (p[:, None] * (g - p @ g)).T @ (g - p @ g), len(p)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("estimator", [grpo, rloo], ids=lambda f: f.__name__)
def test_multisets_have_the_mean_and_covariance_of_all_orders(name, estimator, monkeypatch):
    case = CASES[name]
    mean, covariance, orders = by_product(case.problem, estimator, case.horizon, 3)
    monkeypatch.setattr(enumeration, "MAX_BATCHES", orders - 1)
    found = audit(case.problem, estimator, horizon=case.horizon, group_size=3, mode="exact", explain=False)
    assert found.multisets
    assert found.n < orders / 3
    assert "whatever their order, on which the estimate did not depend in a few" in found.headline
    np.testing.assert_allclose(found.mean, mean, atol=1e-12)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-12)
    assert found.unbiased == (estimator is rloo)


@pytest.mark.parametrize(("batch_size", "G"), [(3, 3), (4, 2), (3, 1)])
@pytest.mark.parametrize("most", [10, 10_000_000])
def test_probabilities_of_batches_sum_to_one(batch_size, G, most, monkeypatch):
    case = CASES["two-prompts"]
    rollouts = Rollouts(case.problem, horizon=2, batch_size=batch_size, group_size=G)
    episodes = all_episodes(rollouts.arrays, 2)
    monkeypatch.setattr(enumeration, "MAX_BATCHES", max(most, episodes.count(batch_size // G, G, ordered=False)))
    found = every_batch(rollouts, episodes)
    assert found.ordered == (most > 10)
    assert math.fsum(found.weights) == pytest.approx(1, abs=1e-14)
    first = found.streams.outcome[:, 0].reshape(-1, G)
    starts = rollouts.arrays.outcome_state[first]
    assert (starts == starts[:, :1]).all()


def first_of_the_group(theta, batch):
    """It depends on the order: the first sequence alone has its say."""
    return batch.sequence_rewards[0] * batch.scores[0, 0]


def test_estimator_that_depends_on_the_order_is_refused(monkeypatch):
    case = CASES["equal-lengths"]
    every_order = audit(case.problem, first_of_the_group, horizon=2, group_size=4, mode="exact", explain=False)
    assert not every_order.multisets
    monkeypatch.setattr(enumeration, "MAX_BATCHES", 100)
    message = r"^estimator: the estimate depends on the order of the episodes; there are too many batches to take each"
    with pytest.raises(SamplingError, match=message):
        audit(case.problem, first_of_the_group, horizon=2, group_size=4, mode="exact")


def test_enumeration_counts_what_it_enumerates():
    rollouts = Rollouts(CASES["two-prompts"].problem, horizon=2, batch_size=6, group_size=3)
    episodes = all_episodes(rollouts.arrays, 2)
    assert [len(ids) for ids in episodes.by_start.values()] == [7, 7]
    assert episodes.count(2, 3, ordered=True) == (2 * 7**3) ** 2
    assert episodes.count(2, 3, ordered=False) == math.comb(2 * math.comb(9, 3) + 1, 2)


@pytest.mark.parametrize("layout", ["episodes", "vector", "flat"])
def test_batch_of_groups(layout):
    case = CASES["two-prompts"]
    rollouts = Rollouts(case.problem, horizon=2, batch_size=12, layout=layout, group_size=3)
    prompts = set()
    for seed in range(8):
        batch = rollouts.batch(seed=seed)
        assert batch.group.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
        keep = batch.mask
        first = batch.states[keep & (batch.steps == 0)].reshape(4, 3)
        assert (first == first[:, :1]).all()
        prompts |= set(first[:, 0].tolist())
        for i in range(12):
            mine = keep & (batch.episode == i)
            assert batch.sequence_log_probs[i] == pytest.approx(batch.log_probs[mine].sum())
            assert batch.sequence_rewards[i] == pytest.approx(batch.rewards[mine].sum())
    assert prompts == {0, 1}


def test_group_size_one_draws_what_it_always_did():
    case = CASES["two-prompts"]
    one, three = (Rollouts(case.problem, horizon=2, batch_size=12, group_size=G) for G in (1, 3))
    plain = Rollouts(case.problem, horizon=2, batch_size=12)
    assert (one.batch(seed=3).states == plain.batch(seed=3).states).all()
    assert (one.batch(seed=3).states != three.batch(seed=3).states).any()


@pytest.mark.parametrize("size", [0, 5])
def test_group_size_that_divides_no_batch_raises(size):
    message = rf"^group_size: found {size} for a batch of 12 episodes; a batch holds whole groups\. Give a divisor of"
    with pytest.raises(SamplingError, match=message):
        Rollouts("short-corridor", horizon=2, batch_size=12, group_size=size)


def test_baselines_with_groups_of_several_prompts_raise():
    message = r"^baselines: estimators to compare with are taken with their exact law, that of independent episodes;"
    with pytest.raises(SamplingError, match=message):
        audit(CASES["two-prompts"].problem, rloo, horizon=2, group_size=4, baselines=["reinforce"])


@pytest.mark.parametrize("name", CASES)
def test_sample_agrees_with_the_enumeration(name):
    """A joint region of rate 1e-6 holds the exact bias, whatever the verdict; rloo is unbiased by both."""
    case = CASES[name]
    options = {"horizon": 2, "group_size": 4, "alpha": 1e-6, "explain": False}
    exact = audit(case.problem, grpo, mode="exact", **options)
    sample = audit(case.problem, grpo, batch_size=4, max_samples=60_000, seed=2, **options)
    assert sample.region.contains(exact.bias)
    assert not sample.unbiased
    assert audit(case.problem, rloo, batch_size=4, max_samples=60_000, seed=2, **options).unbiased


def test_seven_outcomes_in_groups_of_eight():
    p = token_tree("q", "abcdefg", 1, {"q a", "q b"})
    found = audit(p, grpo, horizon=1, group_size=8, mode="exact", explain=False)
    assert (found.n, found.multisets) == (3003, True)


def test_rare_outcomes_count_groups_where_prompts_are_drawn():
    """Of a group of 4 that shares one of two prompts, what another prompt does is seen in whole groups only."""
    two, one = (
        Rollouts(CASES[name].problem, horizon=2, batch_size=12, group_size=4)
        for name in ("two-prompts", "end-of-sequence")
    )
    assert (two.independent, one.independent) == (3, 12)
    assert Rollouts(CASES["two-prompts"].problem, horizon=2, batch_size=12).independent == 12
