"""Correct estimators whose audits must not alarm, each on random problems that are hard for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pgsym.model import MDP, Problem, tabular, token_tree

HORIZON = 4


class Setting(NamedTuple):
    """What an audit is given."""

    problem: Problem
    estimator: Callable[[Any, Any], Any]
    options: dict[str, Any]


def random_problem(rng: np.random.Generator) -> Problem:
    """2-5 states, 2-3 actions, 1-3 outcomes each, ends or not; tabular softmax at a random theta."""
    S, ending = int(rng.integers(2, 6)), bool(rng.integers(2))
    targets = [*range(S), *(["end"] if ending else [])]
    rows = []
    for s in range(S):
        for a in range(int(rng.integers(2, 4))):
            weights = rng.integers(1, 6, int(rng.integers(1, 4)))
            for w in weights.tolist():
                t = targets[int(rng.integers(len(targets)))]
                rows.append((s, a, t, f"{w}/{weights.sum()}", int(rng.integers(-3, 4))))
        if ending:
            rows.append((s, "stop", "end", 1, int(rng.integers(-3, 4))))
    gamma = ["1/2", "9/10", "99/100"][int(rng.integers(3))]
    mdp = MDP.from_transitions(rows, start=0, terminal=["end"] if ending else [], gamma=gamma, states=targets)
    policy = tabular(mdp)
    return Problem(mdp, policy, theta=_normal(rng, len(policy.params)))


def random_tokens(rng: np.random.Generator) -> Problem:
    """1-2 prompts, sequences of at most 2 of 2-3 tokens, rewards 0 and 1 or any; a random theta."""
    prompts, vocabulary = "qr"[: int(rng.integers(1, 3))], "abx"[: int(rng.integers(2, 4))]
    binary, paid = bool(rng.integers(2)), rng.integers(-3, 4, 100).tolist()

    def reward(prompt: str, tokens: tuple[str, ...]) -> int:
        x = paid[hash_of(prompt + "".join(tokens))]
        return int(x > 0) if binary else x

    problem = token_tree(prompts, vocabulary, 2, reward, eos="x" if "x" in vocabulary else None)
    return problem.replace(theta=_normal(rng, len(problem.policy.params)))


def hash_of(word: str) -> int:
    """A number below 100 that is the same in every process."""
    return sum((i + 1) * ord(c) for i, c in enumerate(word)) % 100


def _normal(rng: np.random.Generator, n: int) -> list[float]:
    return [round(x, 3) for x in rng.normal(size=n).tolist()]


# -- estimators --------------------------------------------------------------------------------------------


def returns(batch: Any) -> Any:
    out, running = np.zeros(batch.rewards.shape), np.zeros(len(batch.rewards))
    for t in range(batch.rewards.shape[1] - 1, -1, -1):
        running = batch.mask[:, t] * batch.rewards[:, t] + batch.gamma * running
        out[:, t] = running
    return out


def combine(batch: Any, weight: Any) -> Any:
    w = batch.gamma**batch.steps * weight * batch.mask
    return np.einsum("bt,btk->k", w, batch.scores) / batch.episodes


def baseline_of_time(theta: Any, batch: Any) -> Any:
    return combine(batch, returns(batch) - 3 * np.cos(1.0 + 2.0 * batch.states + batch.steps))


def leave_one_out(theta: Any, batch: Any) -> Any:
    """Of the return from each step on; a control variate of the audit has that of whole returns."""
    G = returns(batch)
    return combine(batch, G - (G.sum(0) - G) / (batch.episodes - 1))


def baseline_of_the_past(theta: Any, batch: Any) -> Any:
    """The baseline is ten times the reward of the step before."""
    before = np.where(batch.steps > 0, np.roll(batch.rewards, 1, axis=1), 0.0)
    return combine(batch, returns(batch) - 10 * before)


def half_of_the_batch(theta: Any, batch: Any) -> Any:
    """The gradient from every other episode, doubled."""
    keep = np.arange(batch.episodes) % 2 == 0
    return 2 * combine(batch, returns(batch) * keep[:, None])


def ratio(batch: Any) -> Any:
    """pi/b of each step, 1 in padding."""
    return np.where(batch.mask, np.exp(batch.log_probs) / batch.behaviour_probs, 1.0)


def whole_ratio(theta: Any, batch: Any) -> Any:
    """REINFORCE, weighted by the ratio of the whole episode."""
    return combine(batch, returns(batch) * ratio(batch).prod(1, keepdims=True))


def ratio_leave_one_out(theta: Any, batch: Any) -> Any:
    """Weighted returns, minus the weighted ones of the other episodes times the own ratio."""
    rho = ratio(batch).prod(1)
    G = rho * (batch.gamma**batch.steps * batch.rewards * batch.mask).sum(1)
    others = (G.sum() - G) / (batch.episodes - 1)
    return ((G - rho * others)[:, None] * (batch.scores * batch.mask[..., None]).sum(1)).mean(0)


def masked(keep: float, seed: int) -> Callable[[Any, Any], Any]:
    """Each coordinate is kept with a small probability, and divided by it."""
    rng = np.random.default_rng(seed)

    def estimator(theta: Any, batch: Any) -> Any:
        return combine(batch, returns(batch)) * (rng.random(len(theta)) < keep) / keep

    return estimator


def rloo(theta: Any, batch: Any) -> Any:
    """Leave-one-out within the group, and a baseline of state and time beside it."""
    R = batch.sequence_rewards.reshape(-1, batch.group_size)
    A = (R - (R.sum(1, keepdims=True) - R) / (batch.group_size - 1)).reshape(-1, 1)
    return combine(batch, A - 2 * np.cos(1.0 + 2.0 * batch.states + batch.steps))


def token_ratios(theta: Any, batch: Any) -> Any:
    """RLOO on stale data: each sequence is weighted by its ratio, and so is what it is compared with."""
    rho = ratio(batch).prod(1).reshape(-1, batch.group_size)
    R = rho * batch.sequence_rewards.reshape(-1, batch.group_size)
    A = R - rho * (R.sum(1, keepdims=True) - R) / (batch.group_size - 1)
    return np.einsum("bt,btk->k", A.reshape(-1, 1) * batch.mask, batch.scores) / batch.episodes


# -- kinds -------------------------------------------------------------------------------------------------


def plainly(estimator: Any) -> Any:
    return lambda rng: Setting(random_problem(rng), estimator, {"horizon": HORIZON})


def off_policy(estimator: Any, horizon: int) -> Any:
    def setting(rng: np.random.Generator) -> Setting:
        problem = random_problem(rng)
        away = float(rng.choice([0.2, 0.5, 1.0]))
        behaviour = [float(v) + away * x for v, x in zip(problem.theta.values(), rng.normal(size=99), strict=False)]
        return Setting(problem, estimator, {"horizon": horizon, "behaviour": behaviour})

    return setting


def dropping(rng: np.random.Generator) -> Setting:
    keep = float(rng.choice([1 / 2, 1 / 8, 1 / 32]))
    return Setting(random_problem(rng), masked(keep, int(rng.integers(2**31))), {"horizon": HORIZON})


def grouped(estimator: Any, away: float = 0.0) -> Any:
    def setting(rng: np.random.Generator) -> Setting:
        problem = random_tokens(rng)
        options = {"horizon": 2, "group_size": 4}
        if away:
            behaviour = [float(v) + away * x for v, x in zip(problem.theta.values(), rng.normal(size=99), strict=False)]
            options["behaviour"] = behaviour
        return Setting(problem, estimator, options)

    return setting


KINDS: dict[str, Callable[[np.random.Generator], Setting]] = {
    "baseline b(s, t)": plainly(baseline_of_time),
    "leave-one-out": plainly(leave_one_out),
    "baseline of the past": plainly(baseline_of_the_past),
    "half of the batch": plainly(half_of_the_batch),
    "ratio of the episode, T = 10": off_policy(whole_ratio, 10),
    "ratio of the episode, T = 30": off_policy(whole_ratio, 30),
    "ratio, leave-one-out, T = 10": off_policy(ratio_leave_one_out, 10),
    "random coordinates": dropping,
    "RLOO on token trees": grouped(rloo),
    "RLOO, stale data": grouped(token_ratios, 1.0),
}
"""By name, what draws an estimator with a problem that is hard for it."""
