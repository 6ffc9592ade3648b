"""What a user's estimator is given: a batch of experience, as NumPy, JAX or PyTorch arrays.

    estimator(theta, batch) -> gradient

`theta` has shape [k], the gradient shape [k] (the batch's estimate) or [batch.episodes, k] (one row an episode).
Arrays have shape [B, T] (layout ``episodes``), [R, L] (``vector``) or [n] (``flat``).  In the last two, episodes follow
one another as in vector environments with automatic reset: ``states[i + 1]`` may be the start of the next episode,
while ``next_states[i]`` is where the step really led.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np

from pgsym.auditing.arrays import Framework
from pgsym.auditing.differentiable import DifferentiablePolicy
from pgsym.auditing.episodes import Streams


@dataclass(frozen=True)
class Batch:
    """Experience of one update.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> from pgsym.auditing.rollouts import Rollouts
    >>> p = zoo("short-corridor")
    >>> batch = Rollouts(p, horizon=3, batch_size=2, layout="flat").batch(seed=1)
    >>> batch.states, batch.next_states
    (array([0, 0, 1, 0, 0, 1]), array([0, 1, 2, 0, 1, 0]))
    >>> batch.truncated
    array([False, False,  True, False, False,  True])
    """

    states: Any
    """Numbers 0 ... S-1 in the order of ``mdp.nonterminal``; S in padding."""
    actions: Any
    """Numbers within the state, in the order of ``mdp.actions(s)``; 0 in padding."""
    rewards: Any
    """r(s,a,s'); 0 in padding."""
    next_states: Any
    """Where the step led, before any reset; S stands for every terminal state."""
    terminated: Any
    """The step led to a terminal state."""
    truncated: Any
    """The time limit cut the episode after this step."""
    log_probs: Any
    """log pi(a|s) at theta; 0 in padding."""
    behaviour_probs: Any
    """b(a|s), with which the action was drawn; 1 in padding."""
    values: Any
    """The critic at `states`; 0 in padding."""
    next_values: Any
    """The critic at `next_states`; 0 in terminal states."""
    mask: Any
    """False in padding."""
    steps: Any
    """Steps since the episode began; 0 in padding."""
    episode: Any
    """Number of the episode; -1 in padding."""
    scores: Any
    """[..., k] grad log pi(a|s); 0 in padding."""
    episodes: int
    """Number of episodes in the batch."""
    horizon: int
    """T, the time limit."""
    gamma: float
    """Discount factor; 1 for the average reward."""
    mean_reward: float
    """rbar for the average reward, to be subtracted from rewards; else 0."""
    layout: str
    policy: DifferentiablePolicy
    """log pi and the critic as functions of theta, for automatic differentiation."""

    @property
    def done(self) -> Any:
        """terminated | truncated."""
        return self.terminated | self.truncated


def make_batches(
    streams: Streams, batch_size: int, layout: str, arrays: Framework, policy: DifferentiablePolicy
) -> Iterator[Batch]:
    """Batches of `batch_size` episodes each from arranged episodes, as arrays of the wanted framework."""
    if arrays.name == "jax":
        make_traceable()
    world, count = streams.world, streams.episodes // batch_size
    rows = len(streams.outcome) // count
    first = np.repeat(np.arange(count) * batch_size, rows)[:, None]
    found = {
        "states": streams.state,
        "actions": world.pair_action[streams.pair],
        "rewards": streams.reward,
        "next_states": streams.next_state,
        "terminated": streams.terminated,
        "truncated": streams.truncated,
        "log_probs": np.log(world.pi[streams.pair]),
        "behaviour_probs": world.b[streams.pair],
        "values": world.values[streams.state],
        "next_values": world.values[streams.next_state],
        "mask": streams.mask,
        "steps": streams.step,
        "episode": np.where(streams.mask, streams.episode - first, -1),
        "scores": world.scores[streams.pair],
    }
    for i in range(count):
        taken = {name: x[i * rows : (i + 1) * rows] for name, x in found.items()}
        if layout == "flat":
            keep = taken["mask"][0]
            taken = {name: x[0][keep] for name, x in taken.items()}
        yield Batch(
            **{name: arrays.put(x) for name, x in taken.items()},
            episodes=batch_size,
            horizon=streams.horizon,
            gamma=world.gamma,
            mean_reward=world.centre,
            layout=layout,
            policy=policy,
        )


SETTINGS = ("episodes", "horizon", "gamma", "mean_reward", "layout", "policy")
"""Fields that are no arrays."""


@cache
def make_traceable() -> None:
    """Let `jax.jit` take a batch as an argument: its arrays are traced, the rest is static."""
    import jax

    arrays = [f.name for f in fields(Batch) if f.name not in SETTINGS]
    jax.tree_util.register_dataclass(Batch, data_fields=arrays, meta_fields=list(SETTINGS))
