"""Estimators as people write them, right and wrong, for the detection table of benchmarks/audit.py.

Each is a function of (theta, batch) on the public `Batch` alone, written without a look at pgsym's re-creations: in
loops, with cumsum, in place, by automatic differentiation, by parameter.  `right` marks the correct ones; `wrong` says
what is wrong, by the name that pgsym has for it, or `UNLISTED` where it has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.signal import lfilter

UNLISTED = "none of the known ones"
STATE = "state across calls"
"""Refused with this message instead of a verdict."""


class Written(NamedTuple):
    """An estimator, and what is the matter with it."""

    function: Callable[[Any, Any], Any]
    cause: str
    """Names, with + between; empty for a correct one."""
    tokens: bool
    """Audited on the token suite, else on the standard one."""
    options: dict[str, Any]


ESTIMATORS: list[Written] = []


def wrong(cause: str, *, tokens: bool = False, **options: Any) -> Any:
    """Mark the function that follows."""

    def mark(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        ESTIMATORS.append(Written(function, cause, tokens, options))
        return function

    return mark


def right(*, tokens: bool = False, **options: Any) -> Any:
    """Mark the function that follows."""
    return wrong("", tokens=tokens, **options)


CRITIC = {"target": "bootstrap"}
JAX = {"framework": "jax"}
OFF = {"off_policy": True}

# -- correct, on Markov decision processes -------------------------------------------------------------------


@right()
def reinforce_in_loops(theta, batch):
    grad = np.zeros(len(theta))
    for i in range(batch.episodes):
        G, z = 0.0, np.zeros(len(theta))
        for t in range(batch.horizon):
            if not batch.mask[i, t]:
                break
            G += batch.gamma**t * batch.rewards[i, t]
            z += batch.scores[i, t]
        grad += G * z
    return grad / batch.episodes


@right()
def reward_to_go_by_cumsum(theta, batch):
    r = np.where(batch.mask, batch.gamma**batch.steps * batch.rewards, 0.0)
    togo = r[:, ::-1].cumsum(1)[:, ::-1]
    return np.einsum("bt,btk->k", togo * batch.mask, batch.scores) / batch.episodes


@right()
def reward_to_go_by_matrix(theta, batch):
    T = batch.rewards.shape[1]
    t = np.arange(T)
    discount = np.triu(batch.gamma ** np.clip(t[None, :] - t[:, None], 0, None))
    G = (batch.rewards * batch.mask) @ discount.T
    w = batch.gamma**t * G * batch.mask
    return np.tensordot(w, batch.scores, axes=([0, 1], [0, 1])) / len(w)


@right()
def reward_to_go_in_place(theta, batch):
    batch.rewards *= batch.mask
    for t in range(batch.horizon - 2, -1, -1):
        batch.rewards[:, t] += batch.gamma * batch.rewards[:, t + 1]
    batch.rewards *= batch.gamma**batch.steps
    batch.scores[~batch.mask] = 0
    batch.scores *= batch.rewards[..., None]
    return batch.scores.sum(axis=(0, 1)) / batch.episodes


@right()
def reward_to_go_by_filter(theta, batch):
    r = np.where(batch.mask, batch.rewards, 0)
    G = lfilter([1], [1, -batch.gamma], r[:, ::-1], axis=1)[:, ::-1]
    weights = (batch.gamma**batch.steps) * G * batch.mask
    return (weights[:, :, None] * batch.scores).sum((0, 1)) / batch.episodes


@right()
def buffer_is_cleared(theta, batch):
    out = reward_to_go_by_cumsum(theta, batch)
    for buffer in (batch.rewards, batch.scores, batch.values, batch.mask, theta):
        buffer[...] = 0
    return out


@right()
def eligibility_trace(theta, batch):
    """The score of the past times the reward of today."""
    grad = np.zeros_like(theta)
    trace = np.zeros((batch.episodes, len(theta)))
    for t in range(batch.horizon):
        live = batch.mask[:, t]
        trace[live] += batch.scores[live, t]
        grad += (batch.gamma**t * batch.rewards[live, t, None] * trace[live]).sum(0)
    return grad / batch.episodes


@right()
def constant_baseline(theta, batch):
    r = np.where(batch.mask, batch.gamma**batch.steps * batch.rewards, 0)
    Z = (batch.scores * batch.mask[..., None]).sum(1)
    return (r.sum(1) - 1.5) @ Z / batch.episodes


@right()
def baseline_by_time(theta, batch):
    table = np.array([2.0, 1.0, 0.5, -0.5, 1.0, 3.0])
    togo = np.zeros(batch.rewards.shape)
    acc = 0
    for t in reversed(range(batch.horizon)):
        acc = batch.rewards[:, t] * batch.mask[:, t] + batch.gamma * acc
        togo[:, t] = acc - table[t]
    return ((batch.gamma**batch.steps * togo * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@right()
def critic_as_baseline(theta, batch):
    G = np.zeros_like(batch.rewards)
    G[:, -1] = np.where(batch.mask[:, -1], batch.rewards[:, -1], 0)
    for t in range(batch.horizon - 2, -1, -1):
        G[:, t] = np.where(batch.mask[:, t], batch.rewards[:, t], 0) + batch.gamma * G[:, t + 1]
    adv = np.where(batch.mask, G - batch.values, 0)
    return np.sum((batch.gamma**batch.steps * adv)[..., None] * batch.scores, axis=(0, 1)) / batch.episodes


@right()
def leave_one_out_of_returns(theta, batch):
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(-1)
    n = len(R)
    A = (R - R.mean()) * n / (n - 1)
    return (A[:, None] * np.where(batch.mask[..., None], batch.scores, 0).sum(1)).mean(0)


@right()
def leave_one_out_each_step(theta, batch):
    """At each step, the mean of the others' return from there on."""
    G, acc = np.zeros(batch.rewards.shape), np.zeros(batch.episodes)
    for t in reversed(range(batch.horizon)):
        acc = np.where(batch.mask[:, t], batch.rewards[:, t], 0) + batch.gamma * acc
        G[:, t] = acc
    others = (G.sum(0) - G) / (batch.episodes - 1)
    w = batch.gamma**batch.steps * (G - others) * batch.mask
    return (w[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@right()
def baseline_of_the_other_half(theta, batch):
    r = batch.rewards * batch.mask * batch.gamma**batch.steps
    R, Z = r.sum(1), (batch.scores * batch.mask[:, :, None]).sum(1)
    half = batch.episodes // 2
    first = (R[:half] - R[half:].mean()) @ Z[:half]
    second = (R[half:] - R[:half].mean()) @ Z[half:]
    return (first + second) / batch.episodes


@right()
def best_constant_of_the_other_half(theta, batch):
    """The baseline of least variance, coordinate by coordinate, fitted where it is not used."""
    R = (batch.rewards * batch.mask * batch.gamma**batch.steps).sum(1)[:, None]
    Z = (batch.scores * batch.mask[:, :, None]).sum(1)
    a, b = slice(0, None, 2), slice(1, None, 2)

    def fitted(rows):
        return (R[rows] * Z[rows] ** 2).sum(0) / ((Z[rows] ** 2).sum(0) + 1e-9)

    return np.concatenate([(R[a] - fitted(b)) * Z[a], (R[b] - fitted(a)) * Z[b]]).mean(0)


@right()
def one_row_an_episode(theta, batch):
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    return R[:, None] * (batch.scores * batch.mask[..., None]).sum(1)


@right()
def single_precision(theta, batch):
    r = (batch.gamma**batch.steps * batch.rewards * batch.mask).astype(np.float32)
    togo = np.flip(np.cumsum(np.flip(r, 1), 1), 1)
    w = (togo * batch.mask).astype(np.float32)
    return np.einsum("bt,btk->k", w, batch.scores.astype(np.float32)) / np.float32(batch.episodes)


@right()
def tuple_of_pieces(theta, batch):
    g = reward_to_go_by_matrix(theta, batch)
    return g[:1], g[1:]


@right()
def shuffled_minibatches(theta, batch):
    rng = np.random.default_rng(0)
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    Z = (batch.scores * batch.mask[..., None]).sum(1)
    parts = np.array_split(rng.permutation(batch.episodes), 4)
    return np.mean([(R[p, None] * Z[p]).mean(0) for p in parts], axis=0)


class RunningBaseline:
    """A mean of the returns of earlier batches: it knows nothing of this one."""

    def __init__(self):
        self.b = 0.0

    def __call__(self, theta, batch):
        R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
        g = ((R - self.b)[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)
        self.b = 0.9 * self.b + 0.1 * R.mean()
        return g


@right()
def running_baseline(theta, batch, agent=RunningBaseline()):  # noqa: B008
    return agent(theta, batch)


@right()
def subsampled_episodes(theta, batch, rng=np.random.default_rng(3)):  # noqa: B008
    """A random quarter of the episodes, weighted by four."""
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    keep = rng.random(batch.episodes) < 0.25
    return 4 * ((R * keep)[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)


@right(**CRITIC)
def actor_critic_one_step(theta, batch):
    target = batch.rewards + batch.gamma * np.where(batch.terminated, 0.0, batch.next_values)
    delta = np.where(batch.mask, target - batch.values, 0.0)
    return np.einsum("bt,bt,btk->k", batch.gamma**batch.steps, delta, batch.scores) / batch.episodes


@right(**CRITIC)
def gae_in_loops(theta, batch, lam=0.95):
    grad = np.zeros(len(theta))
    for i in range(batch.episodes):
        steps = int(batch.mask[i].sum())
        last = 0.0
        for t in range(steps - 1, -1, -1):
            nonterminal = 1.0 - batch.terminated[i, t]
            delta = batch.rewards[i, t] + batch.gamma * nonterminal * batch.next_values[i, t] - batch.values[i, t]
            last = delta + batch.gamma * lam * last
            grad += batch.gamma**t * last * batch.scores[i, t]
    return grad / batch.episodes


@right(layout="vector", **CRITIC)
def gae_with_resets(theta, batch, lam=0.9):
    rows, T = batch.rewards.shape
    adv, last = np.zeros((rows, T)), np.zeros(rows)
    for t in range(T - 1, -1, -1):
        boot = np.where(batch.terminated[:, t], 0.0, batch.next_values[:, t])
        delta = np.where(batch.mask[:, t], batch.rewards[:, t] + batch.gamma * boot - batch.values[:, t], 0.0)
        last = delta + batch.gamma * lam * (1 - batch.done[:, t]) * last
        adv[:, t] = last
    w = (batch.gamma**batch.steps * adv * batch.mask)[..., None]
    return (w * batch.scores).sum((0, 1)) / batch.episodes


@right(layout="flat", **CRITIC)
def gae_flat(theta, batch):
    n, lam = len(batch.rewards), 0.5
    adv = np.zeros(n + 1)
    for i in reversed(range(n)):
        v = 0 if batch.terminated[i] else batch.next_values[i]
        delta = batch.rewards[i] + batch.gamma * v - batch.values[i]
        adv[i] = delta + (0 if batch.done[i] else batch.gamma * lam * adv[i + 1])
    return (batch.gamma**batch.steps * adv[:-1]) @ batch.scores / batch.episodes


@right(layout="flat")
def reward_to_go_split_at_starts(theta, batch):
    grad, starts = 0, np.flatnonzero(batch.steps == 0)
    for r, z in zip(np.split(batch.rewards, starts[1:]), np.split(batch.scores, starts[1:]), strict=True):
        g = batch.gamma ** np.arange(len(r)) * r
        grad = grad + np.cumsum(g[::-1])[::-1] @ z
    return grad / len(starts)


@right(**CRITIC)
def two_step_returns(theta, batch):
    T = batch.horizon
    v = np.where(batch.terminated, 0, batch.next_values)
    r = np.where(batch.mask, batch.rewards, 0)
    adv = np.zeros_like(r)
    for t in range(T):
        more = batch.mask[:, t + 1] if t + 1 < T else np.zeros(batch.episodes, bool)
        one = r[:, t] + batch.gamma * v[:, t]
        two = one if t + 1 == T else r[:, t] + batch.gamma * (r[:, t + 1] + batch.gamma * v[:, t + 1])
        adv[:, t] = np.where(more, two, one) - batch.values[:, t]
    w = batch.gamma**batch.steps * adv * batch.mask
    return (w[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@right(**CRITIC)
def lambda_returns(theta, batch, lam=0.8):
    v = np.where(batch.terminated, 0.0, batch.next_values)
    G, out = np.zeros(batch.episodes), np.zeros(batch.rewards.shape)
    for t in range(batch.horizon - 1, -1, -1):
        live = batch.mask[:, t]
        tail = np.where(batch.done[:, t], v[:, t], (1 - lam) * v[:, t] + lam * G)
        G = np.where(live, batch.rewards[:, t] + batch.gamma * tail, 0.0)
        out[:, t] = np.where(live, G - batch.values[:, t], 0.0)
    return (out[..., None] * batch.gamma ** batch.steps[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@right(**CRITIC)
def returns_bootstrapped_at_the_limit(theta, batch):
    r = np.where(batch.mask, batch.rewards, 0.0)
    r = r + batch.gamma * np.where(batch.truncated, batch.next_values, 0.0)
    G = (batch.gamma**batch.steps * r)[:, ::-1].cumsum(1)[:, ::-1]
    return ((G * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


def _togo(batch):
    """[B, T] discounted to the start of the episode, in JAX."""
    r = jnp.where(batch.mask, batch.gamma**batch.steps * batch.rewards, 0.0)
    return jnp.cumsum(r[:, ::-1], axis=1)[:, ::-1]


@right(**JAX)
@jax.jit
def surrogate_loss(theta, batch):
    def loss(theta):
        logp = batch.policy.log_prob(theta, batch.states, batch.actions)
        return -jnp.sum(jnp.where(batch.mask, logp * _togo(batch), 0.0)) / batch.episodes

    return -jax.grad(loss)(theta)


@right(**JAX)
@jax.jit
def magic_box(theta, batch):
    def objective(theta):
        logp = jnp.where(batch.mask, batch.policy.log_prob(theta, batch.states, batch.actions), 0.0)
        past = jnp.cumsum(logp, axis=1)
        box = jnp.exp(past - jax.lax.stop_gradient(past))
        return jnp.sum(jnp.where(batch.mask, batch.gamma**batch.steps * box * batch.rewards, 0.0)) / batch.episodes

    return jax.grad(objective)(theta)


@right(**JAX)
@jax.jit
def ratio_of_the_first_epoch(theta, batch):
    def objective(theta):
        ratio = jnp.exp(batch.policy.log_prob(theta, batch.states, batch.actions) - batch.log_probs)
        return jnp.sum(jnp.where(batch.mask, ratio * (_togo(batch) - 1.0), 0.0)) / batch.episodes

    return jax.grad(objective)(theta)


@right(**OFF)
def ratio_of_the_whole_episode(theta, batch):
    rho = np.exp(np.where(batch.mask, batch.log_probs - np.log(batch.behaviour_probs), 0).sum(1))
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    return ((rho * R)[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)


@right(**OFF)
def per_decision_ratios(theta, batch):
    rho = np.cumprod(np.where(batch.mask, np.exp(batch.log_probs) / batch.behaviour_probs, 1.0), axis=1)
    r = np.where(batch.mask, batch.gamma**batch.steps * batch.rewards, 0) * rho
    z = np.cumsum(np.where(batch.mask[..., None], batch.scores, 0), axis=1)
    return np.einsum("bt,btk->k", r, z) / batch.episodes


@right(**OFF)
def per_decision_in_loops(theta, batch):
    g = np.zeros(len(theta))
    for i in range(batch.episodes):
        w = 1.0
        z = np.zeros(len(theta))
        for t in range(batch.horizon):
            if batch.mask[i, t]:
                w *= np.exp(batch.log_probs[i, t]) / batch.behaviour_probs[i, t]
                z += batch.scores[i, t]
                g += batch.gamma**t * w * batch.rewards[i, t] * z
    return g / batch.episodes


@right(**OFF)
def weighted_leave_one_out(theta, batch):
    rho = np.where(batch.mask, np.exp(batch.log_probs) / batch.behaviour_probs, 1.0).prod(1)
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    b = ((rho * R).sum() - rho * R) / (batch.episodes - 1)
    return ((rho * (R - b))[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)


# -- wrong, on Markov decision processes ----------------------------------------------------------------------


def discounted(x, gamma):
    out = np.zeros_like(x, dtype=float)
    running = 0.0
    for t in range(x.shape[1])[::-1]:
        running = x[:, t] + gamma * running
        out[:, t] = running
    return out


def textbook(batch):
    """Returns from each step on."""
    return discounted(np.where(batch.mask, batch.rewards, 0.0), batch.gamma)


def summed(batch, weights):
    """Weights times scores over a batch, gamma^t and all, per episode."""
    w = np.where(batch.mask, batch.gamma**batch.steps * weights, 0.0)
    return (w[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@wrong("batch-normalised")
def whitened_returns(theta, batch):
    G = textbook(batch)
    x = G[batch.mask]
    G = (G - x.mean()) / (x.std() + 1e-8)
    return summed(batch, G)


@wrong("batch-normalised")
def whitened_returns_of_the_sample(theta, batch):
    """As torch does it: ddof = 1, and 1e-5."""
    G = textbook(batch)
    x = G[batch.mask]
    return summed(batch, (G - x.mean()) / (x.std(ddof=1) + 1e-5))


@wrong("batch-normalised")
def whitened_whole_returns(theta, batch):
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    R = (R - R.mean()) / (R.std() + 1e-8)
    return (R[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)


@wrong("missing-gamma-t")
def loss_without_gamma_t(theta, batch):
    w = np.where(batch.mask, textbook(batch), 0.0)
    return np.einsum("bt,btk->k", w, batch.scores) / batch.episodes


@wrong("missing-gamma-t", **CRITIC)
def gae_without_gamma_t(theta, batch):
    v = np.where(batch.terminated, 0.0, batch.next_values)
    delta = np.where(batch.mask, batch.rewards + batch.gamma * v - batch.values, 0.0)
    adv = discounted(delta, batch.gamma * 0.95)
    return ((adv * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@wrong("mean-over-steps")
def mean_of_all_steps(theta, batch):
    w = batch.gamma**batch.steps * textbook(batch)
    return (w[batch.mask][:, None] * batch.scores[batch.mask]).mean(0)


@wrong("mean-over-steps + missing-gamma-t")
def loss_mean(theta, batch):
    G = textbook(batch)[batch.mask]
    return (G[:, None] * batch.scores[batch.mask]).mean(axis=0)


@wrong("mean-over-steps + missing-gamma-t + batch-normalised", **CRITIC)
def ppo_update(theta, batch):
    v = np.where(batch.terminated, 0.0, batch.next_values)
    delta = np.where(batch.mask, batch.rewards + batch.gamma * v - batch.values, 0.0)
    adv = discounted(delta, batch.gamma * 0.95)[batch.mask]
    adv = (adv - adv.mean()) / (adv.std() + 1e-8)
    return (adv[:, None] * batch.scores[batch.mask]).mean(0)


@wrong("missing-gamma-t + mean-over-steps", **CRITIC)
def a2c_update(theta, batch):
    v = np.where(batch.terminated, 0.0, batch.next_values)
    adv = (batch.rewards + batch.gamma * v - batch.values)[batch.mask]
    return np.mean(adv[:, None] * batch.scores[batch.mask], axis=0)


@wrong("mean-over-steps")
def mean_of_padded_rows(theta, batch):
    w = batch.gamma**batch.steps * textbook(batch) * batch.mask
    return np.mean(w[..., None] * np.where(batch.mask[..., None], batch.scores, 0), axis=(0, 1))


@wrong("length-normalised")
def mean_over_each_episode(theta, batch):
    w = np.where(batch.mask, batch.gamma**batch.steps * textbook(batch), 0.0)
    each = (w[..., None] * batch.scores).sum(1) / batch.mask.sum(1, keepdims=True)
    return each.mean(0)


@wrong("sign")
def gradient_of_the_loss(theta, batch):
    return -summed(batch, textbook(batch) - batch.values)


@wrong("padding-read")
def mask_forgotten_in_returns(theta, batch):
    return summed(batch, discounted(batch.rewards, batch.gamma))


@wrong("padding-read")
def mask_forgotten_in_scores(theta, batch):
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    return (R[:, None] * batch.scores.sum(1)).mean(0)


@wrong("padding-read", **CRITIC)
def terminated_forgotten(theta, batch):
    return summed(batch, batch.rewards + batch.gamma * batch.next_values - batch.values)


@wrong("truncation-as-termination", **CRITIC)
def done_is_done(theta, batch):
    """Old gym: one flag."""
    delta = batch.rewards + batch.gamma * np.where(batch.done, 0.0, batch.next_values) - batch.values
    return summed(batch, discounted(np.where(batch.mask, delta, 0.0), batch.gamma * 0.95))


@wrong("truncation-as-termination", **CRITIC)
def monte_carlo_for_the_critic(theta, batch):
    return summed(batch, textbook(batch) - batch.values)


@wrong("bootstrap-at-time-limit")
def critic_at_the_limit(theta, batch):
    boot = np.where(batch.terminated, 0.0, batch.next_values)
    delta = np.where(batch.mask, batch.rewards + batch.gamma * boot - batch.values, 0.0)
    return summed(batch, discounted(delta, batch.gamma * 0.97))


@wrong("next-episode-value", layout="vector", **CRITIC)
def next_value_by_shift(theta, batch):
    rows, T = batch.rewards.shape
    following = np.concatenate([batch.values[:, 1:], batch.next_values[:, -1:]], axis=1)
    inside = np.concatenate([batch.mask[:, 1:], np.zeros((rows, 1), bool)], axis=1)
    following = np.where(inside, following, batch.next_values)
    adv, last = np.zeros((rows, T)), np.zeros(rows)
    for t in range(T - 1, -1, -1):
        v = np.where(batch.terminated[:, t], 0.0, following[:, t])
        delta = np.where(batch.mask[:, t], batch.rewards[:, t] + batch.gamma * v - batch.values[:, t], 0.0)
        last = delta + batch.gamma * 0.95 * ~batch.done[:, t] * last
        adv[:, t] = last
    return summed(batch, adv)


@wrong("next-episode-sum", layout="vector", **CRITIC)
def sum_stops_at_terminated_only(theta, batch):
    rows, T = batch.rewards.shape
    adv, last = np.zeros((rows, T)), np.zeros(rows)
    for t in range(T - 1, -1, -1):
        alive = 1.0 - batch.terminated[:, t]
        v = np.where(batch.terminated[:, t], 0.0, batch.next_values[:, t])
        delta = np.where(batch.mask[:, t], batch.rewards[:, t] + batch.gamma * v - batch.values[:, t], 0.0)
        last = delta + batch.gamma * 0.95 * alive * last
        adv[:, t] = last
    return summed(batch, adv)


@wrong("next-episode-sum", layout="flat")
def returns_run_on(theta, batch):
    """Nothing is reset where an episode begins that the limit had cut before."""
    G, running = np.zeros(len(batch.rewards)), 0.0
    for i in range(len(G) - 1, -1, -1):
        running = batch.rewards[i] + batch.gamma * running * (not batch.terminated[i])
        G[i] = running
    return (batch.gamma**batch.steps * G) @ batch.scores / batch.episodes


@wrong("done-shifted", layout="flat", **CRITIC)
def flag_of_the_next_step(theta, batch):
    """dones[t + 1] as in a buffer of episode starts, which these are not."""
    n = len(batch.rewards)
    adv, last = np.zeros(n), 0.0
    for i in reversed(range(n)):
        if i == n - 1:
            live, v = 1.0 - batch.done[i], batch.next_values[i]
        else:
            live, v = 1.0 - batch.done[i + 1], batch.values[i + 1]
        last = batch.rewards[i] + batch.gamma * live * v - batch.values[i] + batch.gamma * 0.95 * live * last
        adv[i] = last
    return (batch.gamma**batch.steps * adv) @ batch.scores / batch.episodes


@wrong("current-value-at-truncation", **CRITIC)
def autoreset_observation(theta, batch):
    """At the time limit, the last observation before it stands for the next one."""
    v = np.where(batch.truncated, batch.values, batch.next_values)
    delta = batch.rewards + batch.gamma * np.where(batch.terminated, 0.0, v) - batch.values
    return summed(batch, discounted(np.where(batch.mask, delta, 0.0), batch.gamma * 0.95))


@wrong("bootstrap-from-current-state", **CRITIC)
def value_of_this_state(theta, batch):
    delta = batch.rewards + batch.gamma * (1.0 - batch.terminated) * batch.values - batch.values
    return summed(batch, np.where(batch.mask, delta, 0.0))


@wrong("truncated-delta-dropped", **CRITIC)
def last_transition_invalid(theta, batch):
    valid = batch.mask & ~batch.truncated
    v = np.where(batch.terminated, 0.0, batch.next_values)
    delta = np.where(valid, batch.rewards + batch.gamma * v - batch.values, 0.0)
    return summed(batch, discounted(delta, batch.gamma * 0.95))


@wrong("batch-mean-baseline")
def minus_the_mean_return(theta, batch):
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    return ((R - R.mean())[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)


@wrong("batch-mean-baseline")
def minus_the_mean_of_steps(theta, batch):
    G = textbook(batch)
    return summed(batch, G - G[batch.mask].mean())


@wrong("grad-pi")
def probability_for_its_logarithm(theta, batch):
    return summed(batch, textbook(batch) * np.exp(batch.log_probs))


@wrong("grad-pi", **JAX)
@jax.jit
def loss_of_probabilities(theta, batch):
    def objective(theta):
        p = jnp.exp(batch.policy.log_prob(theta, batch.states, batch.actions))
        return jnp.where(batch.mask, p * _togo(batch), 0.0).sum() / batch.episodes

    return jax.grad(objective)(theta)


@wrong("reward-off-by-one")
def reward_of_the_next_row(theta, batch):
    r = np.where(batch.mask, batch.rewards, 0.0)
    r = np.concatenate([r[:, 1:], np.zeros((len(r), 1))], axis=1)
    return summed(batch, discounted(r, batch.gamma))


@wrong("reward-off-by-one")
def reward_of_the_row_before(theta, batch):
    r = np.where(batch.mask, batch.rewards, 0.0)
    r[:, 1:], r[:, 0] = r[:, :-1].copy(), 0.0
    return summed(batch, discounted(np.where(batch.mask, r, 0.0), batch.gamma))


@wrong("last-step-dropped")
def loop_ends_early(theta, batch):
    g = np.zeros(len(theta))
    G = textbook(batch)
    for i in range(batch.episodes):
        for t in range(int(batch.mask[i].sum()) - 1):
            g += batch.gamma**t * G[i, t] * batch.scores[i, t]
    return g / batch.episodes


@wrong("gradient-through-advantage", **JAX)
@jax.jit
def critic_not_detached(theta, batch):
    def objective(theta):
        logp = batch.policy.log_prob(theta, batch.states, batch.actions)
        adv = _togo(batch) - batch.gamma**batch.steps * batch.policy.values(theta)[batch.states]
        return jnp.where(batch.mask, logp * adv, 0.0).sum() / batch.episodes

    return jax.grad(objective)(theta)


@wrong("gradient-clipped")
def clipped_to_norm(theta, batch):
    g = summed(batch, textbook(batch))
    norm = np.sqrt((g**2).sum())
    return g * min(1.0, 0.5 / (norm + 1e-6))


@wrong("gradient-clipped")
def clipped_by_value(theta, batch):
    return np.clip(summed(batch, textbook(batch)), -0.1, 0.1)


@wrong("scaled")
def rewards_in_tenths(theta, batch):
    batch.rewards *= 0.1
    return summed(batch, textbook(batch))


@wrong("scaled", **CRITIC)
def half_a_loss(theta, batch):
    v = np.where(batch.terminated, 0.0, batch.next_values)
    delta = np.where(batch.mask, batch.rewards + batch.gamma * v - batch.values, 0.0)
    return 0.5 * summed(batch, discounted(delta, batch.gamma * 0.9))


@wrong(UNLISTED)
def rewards_clipped(theta, batch):
    r = np.where(batch.mask, np.clip(batch.rewards, -1, 1), 0.0)
    return summed(batch, discounted(r, batch.gamma))


@wrong(UNLISTED)
def discounted_twice(theta, batch):
    r = np.where(batch.mask, batch.gamma**batch.steps * batch.rewards, 0.0)
    return summed(batch, r[:, ::-1].cumsum(1)[:, ::-1])


@wrong(UNLISTED)
def reward_of_the_step_alone(theta, batch):
    """As if each step were a bandit."""
    return summed(batch, batch.rewards)


@wrong(UNLISTED)
def positive_advantages_only(theta, batch):
    return summed(batch, np.maximum(textbook(batch) - batch.values, 0.0))


@wrong(UNLISTED)
def first_step_only(theta, batch):
    return summed(batch, textbook(batch) * (batch.steps == 0))


@wrong(UNLISTED)
def entropy_bonus(theta, batch):
    r = np.where(batch.mask, batch.rewards - 0.3 * batch.log_probs, 0.0)
    return summed(batch, discounted(r, batch.gamma))


@wrong(UNLISTED)
def weight_decay(theta, batch):
    return summed(batch, textbook(batch)) - 0.1 * theta


@wrong(UNLISTED)
def median_baseline(theta, batch):
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    return ((R - np.median(R))[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)


@wrong(UNLISTED)
def ranks_for_returns(theta, batch):
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    shaped = np.argsort(np.argsort(R)) / (len(R) - 1) - 0.5
    return (shaped[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)


@wrong(UNLISTED)
def soft_temperature(theta, batch):
    """Scores as of another temperature for small probabilities."""
    return summed(batch, textbook(batch) * (1 + 0.5 * np.exp(batch.log_probs)))


@wrong(STATE)
def mean_of_the_last_gradients(theta, batch, memory=[]):  # noqa: B006
    memory.append(summed(batch, textbook(batch)))
    del memory[:-8]
    return np.mean(memory, axis=0)


@wrong("importance-ratio-missing", **OFF)
def data_as_if_fresh(theta, batch):
    return summed(batch, textbook(batch))


@wrong("importance-ratio-inverted", **OFF)
def ratio_upside_down(theta, batch):
    rho = np.cumprod(np.where(batch.mask, batch.behaviour_probs / np.exp(batch.log_probs), 1.0), axis=1)
    r = np.where(batch.mask, batch.gamma**batch.steps * batch.rewards, 0) * rho
    z = np.cumsum(np.where(batch.mask[..., None], batch.scores, 0), axis=1)
    return np.einsum("bt,btk->k", r, z) / batch.episodes


@wrong("importance-ratio-of-one-step", **OFF)
def surrogate_of_stale_data(theta, batch):
    return summed(batch, textbook(batch) * np.exp(batch.log_probs) / batch.behaviour_probs)


@wrong("ratio-clipped", **OFF)
def ratio_of_the_episode_truncated(theta, batch):
    rho = np.where(batch.mask, np.exp(batch.log_probs) / batch.behaviour_probs, 1.0).prod(1)
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    return ((np.minimum(rho, 2.0) * R)[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)


@wrong("ratio-clipped", **OFF)
def ratios_of_steps_truncated(theta, batch):
    """V-trace's c and rho, both cut at 1."""
    rho = np.where(batch.mask, np.minimum(np.exp(batch.log_probs) / batch.behaviour_probs, 1.0), 1.0)
    run = np.cumprod(rho, axis=1)
    r = np.where(batch.mask, batch.gamma**batch.steps * batch.rewards, 0.0) * run
    return np.einsum("bt,btk->k", r, np.cumsum(np.where(batch.mask[..., None], batch.scores, 0), 1)) / batch.episodes


@wrong(UNLISTED, **OFF)
def self_normalised_ratios(theta, batch):
    rho = np.where(batch.mask, np.exp(batch.log_probs) / batch.behaviour_probs, 1.0).prod(1)
    R = (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    Z = (batch.scores * batch.mask[..., None]).sum(1)
    return (rho * R) @ Z / rho.sum()


# -- correct, on token trees ---------------------------------------------------------------------------------


def sequence_score(batch):
    return np.where(batch.mask[..., None], batch.scores, 0.0).sum(1)


@right(tokens=True)
def reinforce_on_sequences(theta, batch):
    return batch.sequence_rewards @ sequence_score(batch) / batch.episodes


@right(tokens=True)
def rloo_in_loops(theta, batch):
    G, grad = batch.group_size, np.zeros(len(theta))
    for first in range(0, batch.episodes, G):
        rewards = batch.sequence_rewards[first : first + G]
        for i in range(G):
            others = [rewards[j] for j in range(G) if j != i]
            for t in range(batch.horizon):
                if batch.mask[first + i, t]:
                    grad += (rewards[i] - np.mean(others)) * batch.scores[first + i, t]
    return grad / batch.episodes


@right(tokens=True)
def rloo_vectorised(theta, batch):
    r = batch.sequence_rewards.reshape(-1, batch.group_size)
    baseline = (r.sum(1, keepdims=True) - r) / (r.shape[1] - 1)
    return (r - baseline).reshape(-1) @ sequence_score(batch) / batch.episodes


@right(tokens=True)
def centred_with_bessel(theta, batch):
    r = batch.sequence_rewards.reshape(-1, batch.group_size)
    G = batch.group_size
    A = (r - r.mean(1, keepdims=True)) * (G / (G - 1))
    w = np.repeat(A.reshape(-1, 1), batch.horizon, axis=1) * batch.mask
    return np.tensordot(w, batch.scores, 2) / batch.episodes


@right(tokens=True)
def reward_to_go_of_tokens(theta, batch):
    r = np.where(batch.mask, batch.rewards, 0)
    togo = np.flip(np.flip(r, 1).cumsum(1), 1)
    return ((togo * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@right(tokens=True)
def fixed_baseline_of_prompts(theta, batch):
    table = np.array([0.4, -0.2, 0.7])
    b = table[batch.states[:, 0] % 3]
    return (batch.sequence_rewards - b) @ sequence_score(batch) / batch.episodes


@right(tokens=True)
def baseline_of_other_groups(theta, batch):
    means = batch.sequence_rewards.reshape(-1, batch.group_size).mean(1)
    others = (means.sum() - means) / (len(means) - 1)
    A = batch.sequence_rewards - np.repeat(others, batch.group_size)
    return (A[:, None] * sequence_score(batch)).sum(0) / batch.episodes


@right(tokens=True)
def others_weighted_by_length(theta, batch):
    """The baseline of least variance for long sequences, own one left out."""
    n = batch.mask.sum(1).reshape(-1, batch.group_size).astype(float)
    r = batch.sequence_rewards.reshape(-1, batch.group_size)
    nr = n * r
    b = (nr.sum(1, keepdims=True) - nr) / (n.sum(1, keepdims=True) - n)
    return (r - b).ravel() @ sequence_score(batch) / batch.episodes


@right(tokens=True)
def others_divided_by_the_group(theta, batch):
    """Divided by G instead of G - 1: a smaller baseline, and still none of the own reward."""
    r = batch.sequence_rewards.reshape(-1, batch.group_size)
    b = (r.sum(1, keepdims=True) - r) / batch.group_size
    return (r - b).ravel() @ sequence_score(batch) / batch.episodes


@right(tokens=True)
def every_other_group(theta, batch):
    r = batch.sequence_rewards.reshape(-1, batch.group_size)
    A = r - (r.sum(1, keepdims=True) - r) / (batch.group_size - 1)
    A[::2] = 0.0
    return 2 * (A.ravel() @ sequence_score(batch)) / batch.episodes


@right(tokens=True)
def pairs_within_groups(theta, batch):
    """All pairs: (r_i - r_j)(z_i - z_j)/2, in place of a baseline."""
    G = batch.group_size
    r = batch.sequence_rewards.reshape(-1, G)
    z = sequence_score(batch).reshape(-1, G, len(theta))
    dr, dz = r[:, :, None] - r[:, None, :], z[:, :, None] - z[:, None, :]
    return (dr[..., None] * dz).sum((1, 2)).mean(0) / (2 * G * (G - 1))


@right(tokens=True)
def rloo_of_token_returns(theta, batch):
    """Leave-one-out of the return from each token on."""
    r = np.where(batch.mask, batch.rewards, 0)
    togo = r[:, ::-1].cumsum(1)[:, ::-1].reshape(-1, batch.group_size, batch.horizon)
    A = (togo - (togo.sum(1, keepdims=True) - togo) / (batch.group_size - 1)).reshape(batch.mask.shape)
    return (np.where(batch.mask, A, 0)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@right(tokens=True, **JAX)
@jax.jit
def rloo_surrogate(theta, batch):
    r = batch.sequence_rewards.reshape(-1, batch.group_size)
    A = (r - (r.sum(1, keepdims=True) - r) / (batch.group_size - 1)).reshape(-1, 1)

    def loss(theta):
        logp = batch.policy.log_prob(theta, batch.states, batch.actions)
        return -(jnp.where(batch.mask, logp, 0.0) * A).sum(1).mean()

    return -jax.grad(loss)(theta)


@right(tokens=True, layout="flat")
def sequences_packed(theta, batch):
    """One stream of tokens with the number of the sequence beside it."""
    r = batch.sequence_rewards.reshape(-1, batch.group_size)
    A = (r - (r.sum(1, keepdims=True) - r) / (batch.group_size - 1)).ravel()
    return A[batch.episode] @ batch.scores / batch.episodes


@right(tokens=True, **OFF)
def rloo_of_stale_sequences(theta, batch):
    rho = np.exp(np.where(batch.mask, batch.log_probs - np.log(batch.behaviour_probs), 0.0).sum(1))
    r = batch.sequence_rewards.reshape(-1, batch.group_size)
    A = (r - (r.sum(1, keepdims=True) - r) / (batch.group_size - 1)).ravel()
    return (rho * A) @ sequence_score(batch) / batch.episodes


@right(tokens=True, **OFF)
def prefix_ratios(theta, batch):
    rho = np.cumprod(np.where(batch.mask, np.exp(batch.log_probs) / batch.behaviour_probs, 1.0), axis=1)
    r = np.where(batch.mask, batch.rewards, 0.0) * rho
    togo = r[:, ::-1].cumsum(1)[:, ::-1]
    return ((togo * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@right(tokens=True, **OFF)
def clip_that_never_acts(theta, batch):
    rho = np.minimum(np.where(batch.mask, np.exp(batch.log_probs) / batch.behaviour_probs, 1.0).prod(1), 1e3)
    return (rho * batch.sequence_rewards) @ sequence_score(batch) / batch.episodes


# -- wrong, on token trees -------------------------------------------------------------------------------------


def grouped(batch):
    return batch.sequence_rewards.reshape(-1, batch.group_size)


def own_length(batch, A):
    """1/|o| sum over the tokens, mean over sequences."""
    w = np.reshape(A, (-1, 1)) * batch.mask / batch.mask.sum(1, keepdims=True)
    return (w[..., None] * batch.scores).sum((0, 1)) / batch.episodes


GRPO = "group-mean-baseline + std-normalised + length-normalised"


@wrong(GRPO, tokens=True)
def grpo(theta, batch):
    r = grouped(batch)
    return own_length(batch, (r - r.mean(1, keepdims=True)) / (r.std(1, keepdims=True) + 1e-8))


@wrong(GRPO, tokens=True)
def grpo_as_in_trl(theta, batch):
    r = grouped(batch)
    return own_length(batch, (r - r.mean(1, keepdims=True)) / (r.std(1, ddof=1, keepdims=True) + 1e-4))


@wrong(GRPO, tokens=True)
def grpo_in_loops(theta, batch):
    grad = np.zeros(len(theta))
    for first in range(0, batch.episodes, batch.group_size):
        members = range(first, first + batch.group_size)
        rewards = np.array([batch.sequence_rewards[i] for i in members])
        for i in members:
            A = (batch.sequence_rewards[i] - rewards.mean()) / (rewards.std() + 1e-6)
            tokens = [batch.scores[i, t] for t in range(batch.horizon) if batch.mask[i, t]]
            grad += A * sum(tokens) / len(tokens)
    return grad / batch.episodes


@wrong(GRPO, tokens=True, **JAX)
@jax.jit
def grpo_loss(theta, batch):
    r = batch.sequence_rewards.reshape(-1, batch.group_size)
    A = ((r - r.mean(1, keepdims=True)) / (r.std(1, keepdims=True) + 1e-4)).reshape(-1, 1)

    def loss(theta):
        ratio = jnp.exp(batch.policy.log_prob(theta, batch.states, batch.actions) - batch.log_probs)
        per_token = jnp.minimum(ratio * A, jnp.clip(ratio, 0.8, 1.2) * A)
        return -((per_token * batch.mask).sum(1) / batch.mask.sum(1)).mean()

    return -jax.grad(loss)(theta)


@wrong("group-mean-baseline + length-normalised", tokens=True)
def grpo_without_std(theta, batch):
    r = grouped(batch)
    return own_length(batch, r - r.mean(1, keepdims=True))


@wrong("group-mean-baseline", tokens=True)
def dr_grpo(theta, batch):
    r = grouped(batch)
    return (r - r.mean(1, keepdims=True)).ravel() @ sequence_score(batch) / batch.episodes


@wrong("group-mean-baseline + mean-over-steps", tokens=True)
def dr_grpo_by_the_longest(theta, batch):
    r = grouped(batch)
    A = (r - r.mean(1, keepdims=True)).reshape(-1, 1) * batch.mask
    return (A[..., None] * batch.scores).sum((0, 1)) / (batch.episodes * batch.mask.shape[1])


@wrong("group-mean-baseline + std-normalised", tokens=True)
def sum_over_tokens_with_std(theta, batch):
    r = grouped(batch)
    A = (r - r.mean(1, keepdims=True)) / (r.std(1, keepdims=True) + 1e-6)
    return A.ravel() @ sequence_score(batch) / batch.episodes


@wrong("group-mean-baseline + std-normalised + mean-over-steps", tokens=True)
def dapo(theta, batch):
    r = grouped(batch)
    A = ((r - r.mean(1, keepdims=True)) / (r.std(1, keepdims=True) + 1e-8)).reshape(-1, 1)
    return ((A * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.mask.sum()


@wrong("mean-over-steps", tokens=True)
def token_mean_of_rloo(theta, batch):
    r = grouped(batch)
    A = ((r - r.mean(1, keepdims=True)) * batch.group_size / (batch.group_size - 1)).reshape(-1, 1)
    return ((A * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.mask.sum()


@wrong("mean-over-group-steps", tokens=True)
def token_mean_of_each_group(theta, batch):
    grads, G = [], batch.group_size
    for i in range(0, batch.episodes, G):
        r = batch.sequence_rewards[i : i + G]
        A = r - (r.sum() - r) / (G - 1)
        m = batch.mask[i : i + G]
        grads.append((A[:, None] * m).reshape(-1) @ batch.scores[i : i + G].reshape(-1, len(theta)) / m.sum())
    return np.mean(grads, axis=0)


@wrong("mean-over-micro-batch-steps", tokens=True)
def token_mean_of_each_micro_batch(theta, batch):
    """Gradient accumulation: two micro-batches, each with its own mean over tokens."""
    r = grouped(batch)
    A = ((r - r.mean(1, keepdims=True)) * batch.group_size / (batch.group_size - 1)).reshape(-1, 1) * batch.mask
    half, total = batch.episodes // 2, 0.0
    for part in (slice(0, half), slice(half, None)):
        total = total + (A[part, :, None] * batch.scores[part]).sum((0, 1)) / batch.mask[part].sum()
    return total / 2


@wrong("length-normalised", tokens=True)
def rloo_by_length(theta, batch):
    r = grouped(batch)
    return own_length(batch, r - (r.sum(1, keepdims=True) - r) / (batch.group_size - 1))


@wrong("length-normalised", tokens=True)
def reinforce_by_length(theta, batch):
    return own_length(batch, batch.sequence_rewards)


@wrong("last-step-dropped", tokens=True)
def end_of_sequence_masked(theta, batch):
    r = grouped(batch)
    A = (r - (r.sum(1, keepdims=True) - r) / (batch.group_size - 1)).reshape(-1, 1)
    return ((A * (batch.mask & ~batch.terminated))[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@wrong("last-step-dropped", tokens=True)
def shifted_labels(theta, batch):
    lengths = batch.mask.sum(1)
    keep = np.arange(batch.horizon)[None] < (lengths - 1)[:, None]
    w = batch.sequence_rewards[:, None] * keep
    return (w[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@wrong("group-mean-baseline + std-normalised", tokens=True)
def batch_std_and_group_mean(theta, batch):
    r = grouped(batch)
    A = (r - r.mean(1, keepdims=True)) / (batch.sequence_rewards.std(ddof=1) + 1e-4)
    return A.ravel() @ sequence_score(batch) / batch.episodes


@wrong("batch-normalised", tokens=True)
def reinforce_plus_plus(theta, batch):
    R = batch.sequence_rewards
    return ((R - R.mean()) / (R.std() + 1e-8)) @ sequence_score(batch) / batch.episodes


@wrong("batch-mean-baseline", tokens=True)
def minus_mean_of_all_prompts(theta, batch):
    return (batch.sequence_rewards - batch.sequence_rewards.mean()) @ sequence_score(batch) / batch.episodes


@wrong("padding-read", tokens=True)
def mask_forgotten(theta, batch):
    return (batch.sequence_rewards[:, None] * batch.scores.sum(1)).mean(0)


@wrong("sign", tokens=True)
def loss_of_rloo(theta, batch):
    return -rloo_vectorised(theta, batch)


@wrong("grad-pi", tokens=True)
def probabilities_of_tokens(theta, batch):
    w = batch.sequence_rewards[:, None] * np.exp(batch.log_probs) * batch.mask
    return (w[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@wrong("scaled", tokens=True)
def divided_by_the_group_again(theta, batch):
    return rloo_vectorised(theta, batch) / batch.group_size


@wrong("gradient-clipped", tokens=True)
def rloo_clipped_to_norm(theta, batch):
    g = rloo_vectorised(theta, batch)
    return g * np.minimum(1.0, 0.2 / (np.linalg.norm(g) + 1e-6))


@wrong("importance-ratio-missing", tokens=True, **OFF)
def stale_as_if_fresh(theta, batch):
    return rloo_vectorised(theta, batch)


@wrong("ratio-clipped", tokens=True, **OFF)
def truncated_importance_sampling(theta, batch):
    """min(rho, C) of each token, as where sampler and trainer differ."""
    r = grouped(batch)
    A = (r - (r.sum(1, keepdims=True) - r) / (batch.group_size - 1)).reshape(-1, 1)
    rho = np.minimum(np.exp(batch.log_probs) / batch.behaviour_probs, 1.5)
    return ((A * rho * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@wrong("ratio-clipped", tokens=True, **OFF)
def ppo_clip_of_stale_tokens(theta, batch):
    r = grouped(batch)
    A = (r - (r.sum(1, keepdims=True) - r) / (batch.group_size - 1)).reshape(-1, 1)
    rho = np.exp(batch.log_probs) / batch.behaviour_probs
    outside = ((A > 0) & (rho > 1.2)) | ((A < 0) & (rho < 0.8))
    return ((A * rho * ~outside * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@wrong("ratio-length-normalised", tokens=True, **OFF)
def geometric_mean_ratio(theta, batch):
    """The ratio of a sequence to the power 1/|o|, on every token of it."""
    log = np.where(batch.mask, batch.log_probs - np.log(batch.behaviour_probs), 0.0).sum(1)
    rho = np.exp(log / batch.mask.sum(1))
    r = grouped(batch)
    A = (r - (r.sum(1, keepdims=True) - r) / (batch.group_size - 1)).ravel()
    return (rho * A) @ sequence_score(batch) / batch.episodes


@wrong("importance-ratio-of-one-step", tokens=True, **OFF)
def ratio_of_each_token(theta, batch):
    r = grouped(batch)
    A = (r - (r.sum(1, keepdims=True) - r) / (batch.group_size - 1)).reshape(-1, 1)
    w = np.where(batch.mask, A * np.exp(batch.log_probs) / batch.behaviour_probs, 0.0)
    return (w[..., None] * batch.scores).sum((0, 1)) / batch.episodes


@wrong(UNLISTED, tokens=True)
def dynamic_sampling(theta, batch):
    """Groups whose rewards are all equal are dropped, and the mean is over what is left."""
    r = grouped(batch)
    kept = r.std(1) > 0
    A = r - (r.sum(1, keepdims=True) - r) / (batch.group_size - 1)
    return (A * kept[:, None]).ravel() @ sequence_score(batch) / max(1, kept.sum() * batch.group_size)


@wrong(UNLISTED, tokens=True)
def best_of_the_group(theta, batch):
    r = grouped(batch)
    best = (r == r.max(1, keepdims=True)) & (r > 0)
    return best.ravel() @ sequence_score(batch) / batch.episodes


@wrong(UNLISTED, tokens=True)
def positive_samples_only(theta, batch):
    r = grouped(batch)
    return np.maximum(r - r.mean(1, keepdims=True), 0.0).ravel() @ sequence_score(batch) / batch.episodes


@wrong(UNLISTED, tokens=True)
def group_median(theta, batch):
    r = grouped(batch)
    return (r - np.median(r, axis=1, keepdims=True)).ravel() @ sequence_score(batch) / batch.episodes


@wrong(UNLISTED, tokens=True)
def kl_in_the_reward(theta, batch):
    """To a uniform reference policy."""
    r = batch.sequence_rewards - 0.2 * batch.sequence_log_probs
    return r @ sequence_score(batch) / batch.episodes


@wrong(UNLISTED, tokens=True)
def length_penalty(theta, batch):
    return (batch.sequence_rewards - 0.3 * batch.mask.sum(1)) @ sequence_score(batch) / batch.episodes


@wrong(UNLISTED, tokens=True)
def square_root_of_length(theta, batch):
    w = batch.sequence_rewards / np.sqrt(batch.mask.sum(1))
    return w @ sequence_score(batch) / batch.episodes


@wrong(UNLISTED, tokens=True)
def max_of_the_group_as_baseline(theta, batch):
    r = grouped(batch)
    return (r - r.max(1, keepdims=True)).ravel() @ sequence_score(batch) / batch.episodes


@wrong(UNLISTED, tokens=True)
def first_tokens_only(theta, batch):
    return batch.sequence_rewards @ batch.scores[:, 0] / batch.episodes


@wrong(UNLISTED, tokens=True)
def sign_of_the_advantage(theta, batch):
    r = grouped(batch)
    return np.sign(r - r.mean(1, keepdims=True)).ravel() @ sequence_score(batch) / batch.episodes


@wrong(UNLISTED, tokens=True, **OFF)
def sequences_too_old_dropped(theta, batch):
    """Where the ratio is above 1.2, the sequence is left out."""
    rho = np.where(batch.mask, np.exp(batch.log_probs) / batch.behaviour_probs, 1.0).prod(1)
    return (np.where(rho > 1.2, 0.0, rho) * batch.sequence_rewards) @ sequence_score(batch) / batch.episodes
