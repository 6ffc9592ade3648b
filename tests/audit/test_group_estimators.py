"""Estimators of language-model training: by name, by closed form, and as people write them."""

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
from audit.test_groups import by_product, grpo, rloo

from pgsym.auditing import (
    GROUP_ESTIMATORS,
    AuditError,
    assert_unbiased,
    audit,
    binary_scale,
    mean_advantages,
    token_suite,
)
from pgsym.errors import SamplingError
from pgsym.estimators.groups import P
from pgsym.exact import solve
from pgsym.model import token_tree

CASES = {case.name: case for case in token_suite()}


@pytest.mark.parametrize(
    ("G", "published"),
    [(2, 1), (3, sp.sqrt(2)), (4, sp.sqrt(3) + (3 - 2 * sp.sqrt(3)) * P * (1 - P))],
)
def test_scale_of_grpo_for_binary_rewards(G, published):
    assert sp.expand(binary_scale("grpo-sum", G) - published) == 0


@pytest.mark.parametrize("G", [2, 3, 7])
def test_scales_without_a_deviation(G):
    assert binary_scale("rloo", G) == binary_scale("reinforce", G) == 1
    assert binary_scale("dr-grpo", G) == 1 - sp.Rational(1, G)


def by_counting(G, ddof, p):
    """E[A | own reward 1] - E[A | own reward 0], one sequence's advantage over all rewards of the others."""
    found = 0.0
    for own in (1, 0):
        for ones in range(G):
            rewards = np.array([own] + [1] * ones + [0] * (G - 1 - ones))
            spread = rewards.std(ddof=ddof)
            advantage = (own - rewards.mean()) / spread if spread else 0.0
            found += (2 * own - 1) * math.comb(G - 1, ones) * p**ones * (1 - p) ** (G - 1 - ones) * advantage
    return found


@pytest.mark.parametrize("G", [2, 5, 8])
@pytest.mark.parametrize("p", [0.03, 0.5, 0.8])
def test_closed_form_agrees_with_counting(G, p):
    for name, ddof in (("grpo", 0), ("grpo-sample-std", 1)):
        one, zero = mean_advantages(name, G)
        assert float((one - zero).subs(P, p)) == pytest.approx(by_counting(G, ddof, p), rel=1e-12)


def test_objective_is_two_arcsin_only_in_the_limit():
    """Its slope is 1/sqrt(p (1 - p)): at p = 1/2 that is 2, which groups approach from below."""
    scales = [float(binary_scale("grpo-sum", G).subs(P, sp.Rational(1, 2))) for G in (2, 4, 8, 16, 32)]
    assert scales == sorted(scales)
    assert 0.9 < scales[-1] / 2 < 1
    assert scales[0] == 1


BINARY = {"q x", "q a b", "q a x", "q b a", "r b a", "r a b"}
"""What the suite's two prompts are rewarded for."""


def slope(reward):
    """(J, its gradient) of the two prompts with other rewards, exactly."""
    theta = {p.name: v for p, v in CASES["two-prompts"].problem.theta.items()}
    found = solve(token_tree(["q", "r"], "abx", 2, reward, eos="x").at(theta=theta)).at()
    return found.J, np.array([float(found.grad[p]) for p in found.grad])


@pytest.mark.parametrize("name", ["reinforce", "rloo", "grpo", "grpo-sample-std", "grpo-no-std", "grpo-sum", "dr-grpo"])
def test_mean_is_put_together_from_the_mean_advantages(name):
    """c_1(p) grad E[w r] + c_0(p) grad E[w (1 - r)] for each prompt, from the gradients of other token trees."""
    own = GROUP_ESTIMATORS[name].loss.average == "own steps"
    one, zero = mean_advantages(name, 4)
    found = np.zeros(18)
    for prompt in "qr":

        def reward(wanted, weighted, prompt=prompt):
            def pay(q, tokens):
                hit = (" ".join((q, *tokens)) in BINARY) == wanted
                return sp.Rational(int(hit and q == prompt), len(tokens) if weighted else 1)

            return pay

        p = 2 * slope(reward(True, False))[0]
        for c, wanted in ((one, True), (zero, False)):
            found += float(c.subs(P, p)) * slope(reward(wanted, own))[1]
    exact = audit(CASES["two-prompts"].problem, name, horizon=2, group_size=4, mode="exact", explain=False)
    np.testing.assert_allclose(exact.mean, found, atol=1e-12)


@pytest.mark.parametrize(("name", "written"), [("grpo", grpo), ("rloo", rloo)])
@pytest.mark.parametrize("case", CASES.values(), ids=lambda case: case.name)
def test_name_and_code_have_the_same_law(name, written, case):
    mean, covariance, _ = by_product(case.problem, written, 2, 3)
    found = audit(case.problem, name, horizon=2, group_size=3, mode="exact", explain=False)
    np.testing.assert_allclose(found.mean, mean, atol=1e-7)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-7)


# -- as people write them ---------------------------------------------------------------------------------------------


def advantages(batch, *, ddof=None, eps=0.0):
    rewards = batch.sequence_rewards.reshape(-1, batch.group_size)
    found = rewards - rewards.mean(1, keepdims=True)
    if ddof is not None:
        found = found / (rewards.std(1, ddof=ddof, keepdims=True) + eps)
    return found.reshape(-1, 1)


def total(batch, weights):
    return ((weights * batch.mask)[..., None] * batch.scores).sum((0, 1))


def grpo_with_sample_deviation(theta, batch):
    own = batch.mask.sum(1, keepdims=True)
    return total(batch, advantages(batch, ddof=1, eps=1e-4) / own) / batch.episodes


def grpo_without_deviation(theta, batch):
    return total(batch, advantages(batch) / batch.mask.sum(1, keepdims=True)) / batch.episodes


def dr_grpo_by_a_constant(theta, batch):
    return total(batch, advantages(batch)) / (batch.episodes * batch.horizon)


def token_mean_of_the_batch(theta, batch):
    return total(batch, advantages(batch, ddof=0, eps=1e-6)) / batch.mask.sum()


def token_mean_of_the_group(theta, batch):
    others = advantages(batch) * batch.group_size / (batch.group_size - 1)
    tokens = np.bincount(batch.group, batch.mask.sum(1))
    return total(batch, others / tokens[batch.group][:, None]) / len(tokens)


def leave_one_out_by_length(theta, batch):
    others = advantages(batch) * batch.group_size / (batch.group_size - 1)
    return total(batch, others / batch.mask.sum(1, keepdims=True)) / batch.episodes


def end_masked(theta, batch):
    others = advantages(batch) * batch.group_size / (batch.group_size - 1)
    return total(batch, others * ~batch.terminated) / batch.episodes


def deviation_of_the_batch(theta, batch):
    """As in trl with scale_rewards="batch"."""
    return total(batch, advantages(batch) / (batch.sequence_rewards.std(ddof=1) + 1e-4)) / batch.episodes


def mean_of_the_batch(theta, batch):
    return total(batch, (batch.sequence_rewards - batch.sequence_rewards.mean())[:, None]) / batch.episodes


NAMED = [
    (grpo, "group-mean-baseline + std-normalised + length-normalised"),
    (grpo_with_sample_deviation, "group-mean-baseline + std-normalised + length-normalised"),
    (grpo_without_deviation, "group-mean-baseline + length-normalised"),
    (dr_grpo_by_a_constant, "group-mean-baseline + mean-over-steps"),
    (token_mean_of_the_batch, "group-mean-baseline + mean-over-steps + std-normalised"),
    (token_mean_of_the_group, "mean-over-group-steps"),
    (leave_one_out_by_length, "length-normalised"),
    (end_masked, "last-step-dropped"),
    (deviation_of_the_batch, "group-mean-baseline + std-normalised"),
    (mean_of_the_batch, "batch-mean-baseline"),
]


@pytest.mark.parametrize(("estimator", "key"), NAMED, ids=lambda v: getattr(v, "__name__", None))
@pytest.mark.parametrize("name", ["end-of-sequence", "two-prompts"])
def test_mistake_is_named(estimator, key, name):
    case = CASES[name]
    found = audit(case.problem, estimator, **case.options, alpha=1e-6, delta=0.01, seed=1)
    assert found.verdict.value == "biased", str(found)
    assert found.diagnosis.keys == frozenset(key.split(" + ")), str(found)
    assert found.diagnosis.reproduced
    assert not found.diagnosis.others


def test_suite_names_the_three_causes_and_the_two_parts():
    with pytest.raises(AuditError) as raised:
        assert_unbiased(grpo, cases=token_suite(), alpha=1e-6)
    message = str(raised.value)
    assert message.startswith(
        "grpo: biased on 4 of 4 problems\nproblem          verdict  relative bias  at most  scale"
    )
    assert "diagnosis: group-mean-baseline + std-normalised + length-normalised, in REINFORCE" in message
    for cause in ("the own episode included", "the standard deviation of the returns", "1/|o|"):
        assert cause in message
    with pytest.raises(AuditError, match=r"^grpo: biased on 4 of 4 problems") as raised:
        assert_unbiased("grpo", cases=token_suite(), mode="exact")
    parts = re.findall(r"Up to here: (.*) times as long as the true gradient, (.*) across it", str(raised.value))
    assert "These lengths are those on token-rewards" in str(raised.value)
    case = CASES["token-rewards"]
    exact = [audit(case.problem, name, **case.options, mode="exact") for name in ("dr-grpo", "grpo-sum", "grpo")]
    assert parts == [(f"{found.factor:.2f}", f"{found.across:.2f}") for found in exact]
    assert all(found.unbiased for found in assert_unbiased(rloo, cases=token_suite()).values())


def test_clipped_surrogate_of_the_first_epoch_is_grpo():
    """The ratio is 1: neither the minimum nor the clip acts on the gradient."""
    case = CASES["two-prompts"]

    @jax.jit
    def surrogate(theta, batch):
        rewards = batch.sequence_rewards.reshape(-1, batch.group_size)
        spread = rewards.std(1, keepdims=True)
        A = ((rewards - rewards.mean(1, keepdims=True)) / (spread + 1e-8)).reshape(-1, 1)

        def objective(theta):
            ratio = jnp.exp(batch.policy.log_prob(theta, batch.states, batch.actions) - batch.log_probs)
            least = jnp.minimum(ratio * A, jnp.clip(ratio, 0.8, 1.2) * A) * batch.mask
            return (least.sum(1) / batch.mask.sum(1)).mean()

        return jax.grad(objective)(theta)

    options = {"horizon": 2, "group_size": 2, "mode": "exact", "explain": False}
    clipped = audit(case.problem, surrogate, framework="jax", **options)
    np.testing.assert_allclose(clipped.mean, audit(case.problem, "grpo", **options).mean, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: audit("short-corridor", "grop"), r"^estimator: found 'grop'; the nearest is 'grpo'\. Check the name$"),
        (
            lambda: binary_scale("dapo", 4),
            r"^estimator: dapo divides by lengths, so that its mean is no multiple of gr",
        ),
        (lambda: binary_scale("rloo", 1), r"^group_size: found 1; rloo compares sequences\. Give at least two$"),
    ],
)
def test_wrong_name_or_size_raises(call, message):
    with pytest.raises(SamplingError, match=message):
        call()
