"""rlax as it stands: the verdicts of docs/audit.md.  Needs the extra ``rlax``; skipped, visibly, without it.

False-alarm rate of one audit 1e-6 (conftest), fixed seeds.
"""

import warnings

import jax
import jax.numpy as jnp
import pytest
from skips import needs

from pgsym.auditing import BiasVerdict

with warnings.catch_warnings():
    # Deprecations inside its dependencies are not ours.
    warnings.simplefilter("ignore")
    rlax = needs("rlax")

pytestmark = pytest.mark.filterwarnings("ignore:Rlax softmax will be deprecated:PendingDeprecationWarning")

LAMBDA = 0.95


def surrogate(theta, batch, advantages, weights):
    """sum of w log pi A over the batch, per episode, differentiated."""

    def objective(theta):
        log_pi = batch.policy.log_prob(theta, batch.states, batch.actions)
        return (weights * log_pi * jax.lax.stop_gradient(advantages) * batch.mask).sum() / batch.episodes

    return jax.grad(objective)(theta)


def discounts(batch):
    """gamma where the row goes on: 0 after termination, and where the padding begins."""
    return batch.gamma * (1.0 - batch.terminated) * batch.mask


def successors(batch):
    """V of the next row, and of where the last step led."""
    return jnp.concatenate([batch.values[:, 1:], batch.next_values[:, -1:]], axis=1)


@jax.jit
def gae(theta, batch):
    values = jnp.concatenate([batch.values, batch.next_values[:, -1:]], axis=1)
    advantages = jax.vmap(rlax.truncated_generalized_advantage_estimation, (0, 0, None, 0))(
        batch.rewards, discounts(batch), LAMBDA, values
    )
    return surrogate(theta, batch, advantages, batch.gamma**batch.steps)


@jax.jit
def gae_cut_at_truncation(theta, batch):
    values = jnp.concatenate([batch.values, batch.next_values[:, -1:]], axis=1)
    cut = discounts(batch) * (1.0 - batch.truncated)
    advantages = jax.vmap(rlax.truncated_generalized_advantage_estimation, (0, 0, None, 0))(
        batch.rewards, cut, LAMBDA, values
    )
    return surrogate(theta, batch, advantages, batch.gamma**batch.steps)


@jax.jit
def lambda_returns(theta, batch):
    found = jax.vmap(rlax.lambda_returns, (0, 0, 0, None))(batch.rewards, discounts(batch), successors(batch), LAMBDA)
    return surrogate(theta, batch, found - batch.values, batch.gamma**batch.steps)


@jax.jit
def vtrace(theta, batch):
    rho = jnp.exp(batch.log_probs) / batch.behaviour_probs
    errors = jax.vmap(rlax.vtrace, (0, 0, 0, 0, 0, None))(
        batch.values, successors(batch), batch.rewards, discounts(batch), rho, LAMBDA
    )
    return surrogate(theta, batch, errors, batch.gamma**batch.steps)


def policy_gradient_loss(theta, batch, *, discounted):
    """rlax's loss on the steps of each row, with returns to the time limit as advantages."""

    def step(carry, row):
        reward, discount = row
        carry = reward + discount * carry
        return carry, carry

    def loss(theta):
        logits = batch.policy.logits(theta)[batch.states]
        rows = (batch.rewards.T, discounts(batch).T)
        _, returns = jax.lax.scan(step, jnp.zeros(len(batch.rewards)), rows, reverse=True)
        weights = batch.mask * (batch.gamma**batch.steps if discounted else 1.0)
        return jax.vmap(rlax.policy_gradient_loss)(logits, batch.actions, returns.T, weights).mean()

    return -jax.grad(loss)(theta)


@jax.jit
def loss_as_it_stands(theta, batch):
    return policy_gradient_loss(theta, batch, discounted=False)


@jax.jit
def loss_with_gamma_t(theta, batch):
    return policy_gradient_loss(theta, batch, discounted=True)


@pytest.mark.parametrize("name", ["terminal", "truncated", "discounted", "aliased"])
@pytest.mark.parametrize("estimator", [gae, lambda_returns, vtrace], ids=lambda f: f.__name__)
def test_advantages_are_unbiased_on_rows_of_one_episode(audited, estimator, name):
    found = audited(estimator, name, target="bootstrap", layout="episodes", framework="jax")
    assert found.verdict is BiasVerdict.UNBIASED, str(found)


@pytest.mark.parametrize("estimator", [gae, lambda_returns, vtrace], ids=lambda f: f.__name__)
def test_advantages_leak_over_an_automatic_reset(audited, estimator):
    """They know one discount only: where it is gamma at truncation, the next episode is part of the sum.

    Every episode of this problem has T steps, so that rows have no padding, as in a vector environment.
    """
    found = audited(estimator, "truncated", target="bootstrap", layout="vector", framework="jax", delta=0.01)
    assert found.diagnosis.key == "next-episode-sum", str(found)


def test_gae_with_discount_zero_at_truncation_treats_it_as_termination(audited):
    found = audited(
        gae_cut_at_truncation, "truncated", target="bootstrap", layout="vector", framework="jax", delta=0.01
    )
    assert found.diagnosis.key == "truncation-as-termination", str(found)


def test_policy_gradient_loss_is_a_mean_over_steps_without_gamma_t(audited):
    found = audited(loss_as_it_stands, "discounted", layout="episodes", framework="jax")
    assert found.diagnosis.keys == {"missing-gamma-t", "mean-over-steps"}, str(found)
    assert not audited(loss_as_it_stands, "discounted", layout="episodes", framework="jax", up_to_scale=True).unbiased


def test_policy_gradient_loss_weighted_by_gamma_t_is_unbiased_up_to_scale(audited):
    found = audited(loss_with_gamma_t, "discounted", layout="episodes", framework="jax", up_to_scale=True)
    assert found.verdict is BiasVerdict.UNBIASED, str(found)
    assert found.factor == pytest.approx(1 / found.horizon, rel=1e-3)


def test_vtrace_off_policy_is_biased(audited):
    """Truncated ratios estimate another policy's value, and the states stay those of the behaviour policy."""
    found = audited(vtrace, "discounted", target="bootstrap", layout="episodes", framework="jax", off_policy=True)
    assert found.verdict is BiasVerdict.BIASED
    assert found.relative_bias > 0.1
