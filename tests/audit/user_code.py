"""Estimators as users write them, on the public `Batch` alone: none shares a line with `pgsym.auditing.recipes`.

Each function takes (theta, batch).  Loops over steps are plain Python where that is how the code is usually written.
"""

import numpy as np


def flat_rows(batch):
    """Index arrays of the steps of each row, in order, without padding."""
    if batch.layout == "flat":
        return [np.arange(len(batch.states))]
    width = batch.states.shape[1]
    return [np.flatnonzero(row) + i * width for i, row in enumerate(batch.mask)]


def columns(batch):
    """The fields as flat arrays."""
    names = ("states", "actions", "rewards", "next_states", "terminated", "truncated", "log_probs")
    names += ("behaviour_probs", "values", "next_values", "mask", "steps", "episode")
    found = {name: getattr(batch, name).reshape(-1) for name in names}
    found["scores"] = batch.scores.reshape(-1, batch.scores.shape[-1])
    return found


def gae(batch, lam, *, terminal=None, last=None, next_values=None, rewards=None, drop=None):
    """Advantages by the textbook loop, over every row; keywords replace what a mistake replaces."""
    f = columns(batch)
    done = f["terminated"] | f["truncated"]
    terminal = f["terminated"] if terminal is None else terminal
    last = done if last is None else last
    next_values = f["next_values"] if next_values is None else next_values
    rewards = f["rewards"] if rewards is None else rewards
    out = np.zeros(len(rewards))
    for row in flat_rows(batch):
        running = 0.0
        for i in row[::-1]:
            delta = rewards[i] + batch.gamma * (1 - terminal[i]) * next_values[i] - f["values"][i]
            if drop is not None and drop[i]:
                delta = 0.0
            running = delta + batch.gamma * lam * (1 - last[i]) * running
            out[i] = running
    return out


def returns(batch, rewards=None):
    """Discounted returns of each episode, from each step on."""
    f = columns(batch)
    rewards = f["rewards"] if rewards is None else rewards
    done = f["terminated"] | f["truncated"]
    out = np.zeros(len(rewards))
    for row in flat_rows(batch):
        running = 0.0
        for i in row[::-1]:
            running = rewards[i] + batch.gamma * (1 - done[i]) * running
            out[i] = running
    return out


def whole_returns(theta, batch):
    """The return [n] and the sum of scores [n, k] of each episode."""
    f = columns(batch)
    G, Z = np.zeros(batch.episodes), np.zeros((batch.episodes, len(theta)))
    keep = f["mask"]
    np.add.at(G, f["episode"][keep], (batch.gamma ** f["steps"] * f["rewards"])[keep])
    np.add.at(Z, f["episode"][keep], f["scores"][keep])
    return G, Z


def combine(batch, weights, *, discount=True):
    """sum_t gamma^t z_t weight_t over the batch, per episode."""
    f = columns(batch)
    w = weights * f["mask"]
    if discount:
        w = w * batch.gamma ** f["steps"]
    return (w[:, None] * f["scores"]).sum(0) / batch.episodes


def next_in_buffer(batch, name="values"):
    """What stands one row further on, the true next value after the last row."""
    f = columns(batch)
    out = f["next_values"].copy()
    for row in flat_rows(batch):
        out[row[:-1]] = f[name][row[1:]]
    return out


# -- correct ---------------------------------------------------------------------------------------------------


def reinforce(theta, batch):
    G, Z = whole_returns(theta, batch)
    return G[:, None] * Z


def reward_to_go(theta, batch):
    return combine(batch, returns(batch))


def with_baseline(theta, batch):
    return combine(batch, returns(batch) - columns(batch)["values"])


def own_baseline(theta, batch):
    """Some function of the state that is nobody's value."""
    return combine(batch, returns(batch) - np.cos(columns(batch)["states"] + 1.0))


def leave_one_out(theta, batch):
    """REINFORCE minus the mean return of the other episodes."""
    G, Z = whole_returns(theta, batch)
    others = (G.sum() - G) / (batch.episodes - 1)
    return (G - others)[:, None] * Z


def actor_critic(theta, batch):
    return combine(batch, gae(batch, 0.0))


def gae_95(theta, batch):
    return combine(batch, gae(batch, 0.95))


def gae_70(theta, batch):
    """A lambda that no list has."""
    return combine(batch, gae(batch, 0.7))


HORIZON = [reinforce, reward_to_go, with_baseline, own_baseline, leave_one_out]
BOOTSTRAP = [actor_critic, gae_95, gae_70]


# -- mistaken --------------------------------------------------------------------------------------------------


def truncation_as_termination(theta, batch):
    f = columns(batch)
    return combine(batch, gae(batch, 0.95, terminal=f["terminated"] | f["truncated"]))


def done_of_next_row(theta, batch):
    f = columns(batch)
    done = f["terminated"] | f["truncated"]
    flag = done.copy()
    for row in flat_rows(batch):
        flag[row[:-1]] = done[row[1:]]
    return combine(batch, gae(batch, 0.95, terminal=flag, last=flag, next_values=next_in_buffer(batch)))


def done_of_previous_row(theta, batch):
    f = columns(batch)
    done = f["terminated"] | f["truncated"]
    flag = np.zeros_like(done)
    for row in flat_rows(batch):
        flag[row[1:]] = done[row[:-1]]
    return combine(batch, gae(batch, 0.95, terminal=flag, last=flag, next_values=next_in_buffer(batch)))


def value_of_next_episode(theta, batch):
    return combine(batch, gae(batch, 0.95, next_values=next_in_buffer(batch)))


def sum_into_next_episode(theta, batch):
    return combine(batch, gae(batch, 0.95, last=columns(batch)["terminated"], next_values=next_in_buffer(batch)))


def truncated_delta_dropped(theta, batch):
    return combine(batch, gae(batch, 0.95, drop=columns(batch)["truncated"]))


def bootstrap_from_current(theta, batch):
    return combine(batch, gae(batch, 0.95, next_values=columns(batch)["values"]))


def missing_gamma_t(theta, batch):
    return combine(batch, returns(batch), discount=False)


def mean_over_steps(theta, batch):
    return combine(batch, returns(batch)) * batch.episodes / batch.mask.sum()


def batch_mean(theta, batch):
    f = columns(batch)
    A = returns(batch)
    return combine(batch, A - A[f["mask"]].mean())


def normalised(theta, batch):
    f = columns(batch)
    A = returns(batch)
    x = A[f["mask"]]
    return combine(batch, (A - x.mean()) / (x.std() + 1e-8))


def ppo_style(theta, batch):
    """Normalised advantages, no gamma^t, mean over steps."""
    f = columns(batch)
    A = gae(batch, 0.95)
    x = A[f["mask"]]
    return combine(batch, (A - x.mean()) / (x.std() + 1e-8), discount=False) * batch.episodes / batch.mask.sum()


def grad_pi(theta, batch):
    return combine(batch, returns(batch) * np.exp(columns(batch)["log_probs"]))


def reward_of_next_step(theta, batch):
    f = columns(batch)
    shifted = np.zeros(len(f["rewards"]))
    for row in flat_rows(batch):
        shifted[row[:-1]] = f["rewards"][row[1:]]
    return combine(batch, returns(batch, shifted))


def reward_of_previous_step(theta, batch):
    f = columns(batch)
    shifted = np.zeros(len(f["rewards"]))
    for row in flat_rows(batch):
        shifted[row[1:]] = f["rewards"][row[:-1]]
    return combine(batch, returns(batch, shifted))


def wrong_sign(theta, batch):
    return -combine(batch, returns(batch))


# -- off-policy ------------------------------------------------------------------------------------------------


def per_decision(batch, ratio):
    """sum_t gamma^t z_t sum_{u >= t} gamma^{u-t} rho_{0:u} r_u, with `ratio` [n] for rho of one step."""
    f = columns(batch)
    weighted, product = np.zeros(len(ratio)), 1.0
    for row in flat_rows(batch):
        for i in row:
            product = ratio[i] if f["steps"][i] == 0 else product * ratio[i]
            weighted[i] = product * f["rewards"][i]
    return combine(batch, returns(batch, weighted))


def importance_sampling(theta, batch):
    f = columns(batch)
    return per_decision(batch, np.exp(f["log_probs"]) / f["behaviour_probs"])


def ratio_missing(theta, batch):
    return reward_to_go(theta, batch)


def ratio_inverted(theta, batch):
    f = columns(batch)
    return per_decision(batch, f["behaviour_probs"] / np.exp(f["log_probs"]))


def ratio_of_one_step(theta, batch):
    f = columns(batch)
    return combine(batch, returns(batch) * np.exp(f["log_probs"]) / f["behaviour_probs"])
