"""Objectives with a penalty of divergence or entropy: against finite differences of sums over all episodes."""

import math

import numpy as np
import pytest

from pgsym.auditing import Rollouts, audit, standard_suite, token_suite
from pgsym.auditing.problem_arrays import build_arrays
from pgsym.auditing.targets import AuditTarget, penalised_gradient
from pgsym.errors import SamplingError

CASES = {case.name: case for case in (*standard_suite(), *token_suite())}


def row(problem, theta):
    """pi(a|s) by state, in floats."""
    point = dict(zip(problem.policy.params, theta, strict=True))
    return {s: {a: float(p) for a, p in found.items()} for s, found in problem.policy.at(point).items()}


def value(problem, theta, horizon, reference, beta, alpha):
    """E[sum_{t<T} gamma^t (r_t - beta KL + alpha H)], walking through every episode."""
    mdp, gamma = problem.mdp, float(problem.mdp.gamma)
    pi, ref = row(problem, theta), row(problem, reference)

    def ahead(s, t):
        if t == horizon or s in mdp.terminal:
            return 0.0
        divergence = sum(p * math.log(p / ref[s][a]) for a, p in pi[s].items())
        entropy = -sum(p * math.log(p) for p in pi[s].values())
        earned = sum(
            pi[s][a] * float(o.p) * (float(o.r) + gamma * ahead(o.state, t + 1))
            for a in mdp.actions(s)
            for o in mdp.outcomes(s, a)
        )
        return earned - beta * divergence + alpha * entropy

    return sum(float(p) * ahead(s, 0) for s, p in mdp.start.items())


@pytest.mark.parametrize("name", ["discounted", "random-rewards", "aliased", "end-of-sequence"])
@pytest.mark.parametrize(("beta", "alpha"), [(0.3, 0.0), (0.0, 0.2), (0.3, 0.2)])
def test_gradient_is_that_of_finite_differences(name, beta, alpha):
    case = CASES[name]
    problem = case.problem
    here = np.array([float(v) for v in problem.point.values()])
    reference = here / 2 + 0.25
    options = {"kl_to": list(reference), "beta": beta} if beta else {}
    arrays = build_arrays(problem, entropy=alpha, **options)
    found = penalised_gradient(arrays, 3, AuditTarget.TRUNCATED)
    for direction in np.random.default_rng(0).standard_normal((2, len(here))):
        up, down = (value(problem, here + h * direction, 3, reference, beta, alpha) for h in (1e-5, -1e-5))
        assert found @ direction == pytest.approx((up - down) / 2e-5, abs=1e-8)


def in_the_reward(theta, batch):
    """REINFORCE whose reward has the log-ratio: k1."""
    ratio = (batch.log_probs - batch.reference_log_probs) * batch.mask
    returns = batch.sequence_rewards - 0.1 * ratio.sum(1)
    return ((returns[:, None] * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


def in_the_loss(theta, batch):
    """The same k1 differentiated: its mean is that of no penalty."""
    weights = (batch.sequence_rewards[:, None] - 0.1) * batch.mask
    return (weights[..., None] * batch.scores).sum((0, 1)) / batch.episodes


def rloo(theta, batch):
    """No penalty; less the mean of the others, which is a group's mean times a constant and no mistake."""
    groups = batch.sequence_rewards.reshape(-1, batch.group_size)
    A = (groups - groups.mean(1, keepdims=True)) * batch.group_size / (batch.group_size - 1)
    return ((A.reshape(-1, 1) * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


def without_the_own_mean(theta, batch):
    return rloo(theta, batch) * (batch.group_size - 1) / batch.group_size


def grpo(batch, rewards):
    groups = rewards.reshape(-1, batch.group_size)
    A = (groups - groups.mean(1, keepdims=True)) / (groups.std(1, keepdims=True) + 1e-8)
    return A.reshape(-1, 1) / batch.mask.sum(1, keepdims=True)


def total(batch, weights):
    return ((weights * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


def grpo_with_divergence_in_the_reward(theta, batch):
    d = (batch.log_probs - batch.reference_log_probs) * batch.mask
    return total(batch, grpo(batch, batch.sequence_rewards - 0.1 * d.sum(1)))


def grpo_with_divergence_in_the_loss(theta, batch):
    """As in trl: k3 of each token, in the mean over the sequence."""
    d = (batch.log_probs - batch.reference_log_probs) * batch.mask
    slope = 0.1 * (1 - np.exp(-d)) / batch.mask.sum(1, keepdims=True)
    return total(batch, grpo(batch, batch.sequence_rewards) - slope)


def rloo_with_k2_in_the_loss(theta, batch):
    return rloo(theta, batch) - total(batch, 0.1 * (batch.log_probs - batch.reference_log_probs) * batch.mask)


GRPO = ["group-mean-baseline", "std-normalised", "length-normalised"]


@pytest.mark.parametrize(
    ("estimator", "mode", "keys"),
    [
        (rloo, "exact", ["penalty-missing"]),
        (rloo, "sample", ["penalty-missing"]),
        (without_the_own_mean, "exact", ["penalty-missing", "group-mean-baseline"]),
        (in_the_loss, "sample", ["penalty-in-loss"]),
        (rloo_with_k2_in_the_loss, "exact", ["penalty-in-loss"]),
        (grpo_with_divergence_in_the_reward, "exact", GRPO),
        (grpo_with_divergence_in_the_loss, "exact", ["penalty-in-loss", *GRPO]),
    ],
    ids=lambda v: getattr(v, "__name__", None),
)
def test_what_is_done_with_the_penalty_is_named(estimator, mode, keys):
    problem, given = CASES["end-of-sequence"].problem, {"kl_to": {"temperature": 2}, "beta": "1/10"}
    given |= {"delta": 1e-3, "alpha": 1e-6, "seed": 1} if mode == "sample" else {}
    found = audit(problem, estimator, horizon=2, group_size=4 if mode == "exact" else 2, mode=mode, **given)
    assert [m.key for m in found.diagnosis.mistakes] == keys, str(found)
    assert found.diagnosis.reproduced


@pytest.mark.parametrize(("estimator", "unbiased"), [(in_the_reward, True), (in_the_loss, False)])
def test_where_the_divergence_stands_matters(estimator, unbiased):
    problem = CASES["end-of-sequence"].problem
    uniform = {p.name: 0 for p in problem.policy.params}
    found = audit(problem, estimator, horizon=2, batch_size=1, mode="exact", kl_to=uniform, beta="1/10", explain=False)
    assert found.unbiased == unbiased
    assert "estimator of grad (J_T - 0.1 KL(pi || kl_to))" in found.headline


def test_no_reference_no_field():
    problem = CASES["end-of-sequence"].problem
    assert Rollouts(problem, horizon=2).batch(seed=1).reference_log_probs is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta": "1/10"}, r"^beta: beta is given without kl_to; a penalty needs both\. Give kl_to$"),
        ({"kl_to": [0] * 9}, r"^kl_to: kl_to is given without beta; a penalty needs both\. Give beta$"),
        ({"entropy": "x"}, r"^entropy: found x; a number is required\. Correct it$"),
        ({"entropy": 1, "truth": "grad J"}, r"^truth: found kl_to or entropy too; one target is possible\. Leave one"),
        ({"entropy": 1, "target": "bootstrap"}, r"^target: kl_to and entropy are a penalty of the first T steps from"),
    ],
)
def test_what_is_no_penalty_is_refused(options, message):
    with pytest.raises(SamplingError, match=message):
        audit(CASES["end-of-sequence"].problem, in_the_reward, horizon=2, mode="exact", **options)


def test_a_reference_that_never_takes_an_action_is_refused():
    problem = CASES["equal-lengths"].problem
    table = {s: {"a": 1} for s in problem.mdp.nonterminal}
    with pytest.raises(SamplingError, match=r"^kl_to: a probability is 0, of the policy or of what it is compared"):
        audit(problem, in_the_reward, horizon=2, mode="exact", kl_to=table, beta=1)
