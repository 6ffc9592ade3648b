"""What a user's estimator is given: episodes are drawn, arranged, and cut into batches of arrays.

    estimator(theta, batch) -> gradient

`theta` has shape [k], the gradient shape [k] (the batch's estimate) or [batch.episodes, k] (one row an episode).
Arrays have shape [B, T] (layout ``episodes``), [R, L] (``vector``) or [n] (``flat``).  In the last two, episodes follow
one another as in vector environments with automatic reset: ``states[i + 1]`` may be the start of the next episode,
while ``next_states[i]`` is where the step really led.

Episodes as outcome numbers: a NumPy sampler, and how vector environments lay episodes out.

An array of outcome numbers says everything: states, actions, rewards and next states are looked up in `ProblemArrays`.
One random number a step picks the outcome by bisection in the cumulative probabilities of its state.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pgsym.auditing.frameworks import DifferentiablePolicy, Framework
from pgsym.auditing.problem_arrays import Floats, Ints, ProblemArrays


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
    streams: Streams, batch_size: int, layout: str, framework: Framework, policy: DifferentiablePolicy
) -> Iterator[Batch]:
    """Batches of `batch_size` episodes each from arranged episodes, as arrays of the wanted framework."""
    if framework.name == "jax":
        make_traceable()
    arrays, count = streams.arrays, streams.episodes // batch_size
    rows = len(streams.outcome) // count
    first = np.repeat(np.arange(count) * batch_size, rows)[:, None]
    found = {
        "states": streams.state,
        "actions": arrays.pair_action[streams.pair],
        "rewards": streams.reward,
        "next_states": streams.next_state,
        "terminated": streams.terminated,
        "truncated": streams.truncated,
        "log_probs": np.log(arrays.pi[streams.pair]),
        "behaviour_probs": arrays.b[streams.pair],
        "values": arrays.values[streams.state],
        "next_values": arrays.values[streams.next_state],
        "mask": streams.mask,
        "steps": streams.step,
        "episode": np.where(streams.mask, streams.episode - first, -1),
        "scores": arrays.scores[streams.pair],
    }
    for i in range(count):
        taken = {name: x[i * rows : (i + 1) * rows] for name, x in found.items()}
        if layout == "flat":
            keep = taken["mask"][0]
            taken = {name: x[0][keep] for name, x in taken.items()}
        yield Batch(
            **{name: framework.put(x) for name, x in taken.items()},
            episodes=batch_size,
            horizon=streams.horizon,
            gamma=arrays.gamma,
            mean_reward=arrays.centre,
            layout=layout,
            policy=policy,
        )


SETTINGS = ("episodes", "horizon", "gamma", "mean_reward", "layout", "policy")
"""Fields that are no arrays."""


@cache
def make_traceable() -> None:
    """Let `jax.jit` take a batch as an argument: its arrays are traced, the rest is static."""
    import jax

    traced = [f.name for f in fields(Batch) if f.name not in SETTINGS]
    jax.tree_util.register_dataclass(Batch, data_fields=traced, meta_fields=list(SETTINGS))


Bools = NDArray[np.bool_]

LAYOUTS = ("episodes", "vector", "flat")
"""One episode a row, padded; several episodes a row, reset automatically; one stream without padding."""


@dataclass(frozen=True)
class Streams:
    """Rows of steps, in which episodes follow one another; padding only at the end of a row.

    Examples
    --------
    >>> from pgsym.model import MDP, Problem, tabular
    >>> from pgsym.auditing.problem_arrays import build_arrays
    >>> mdp = MDP.from_transitions([("s", "go", "end", "1/2", 1), ("s", "go", "s", "1/2", 0)], start="s",
    ...     terminal=["end"])
    >>> arrays = build_arrays(Problem(mdp))
    >>> two = arrange(arrays, np.array([[1, 0, 2], [1, 1, 1]]), 2)
    >>> two.outcome.tolist(), two.step.tolist(), two.episode.tolist()
    ([[1, 0, 1, 1, 1, 2]], [[0, 1, 0, 1, 2, 0]], [[0, 0, 1, 1, 1, -1]])
    >>> two.terminated.tolist()[0], two.truncated.tolist()[0]
    ([False, True, False, False, False, False], [False, False, False, False, True, False])
    """

    arrays: ProblemArrays
    outcome: Ints
    """[R, L] outcome numbers; O in the padding."""
    step: Ints
    """[R, L] steps since the episode began; 0 in the padding."""
    episode: Ints
    """[R, L] number of the episode; -1 in the padding."""
    episodes: int
    """Number of episodes."""
    horizon: int
    """T: an episode that is still running after T steps is truncated."""

    @cached_property
    def mask(self) -> Bools:
        """[R, L] where a step was taken."""
        return self.outcome < self.arrays.O

    @cached_property
    def pair(self) -> Ints:
        """[R, L]"""
        return self.arrays.outcome_pair[self.outcome]

    @cached_property
    def state(self) -> Ints:
        """[R, L]"""
        return self.arrays.outcome_state[self.outcome]

    @cached_property
    def next_state(self) -> Ints:
        """[R, L] where the step really led, before any reset."""
        return self.arrays.outcome_next[self.outcome]

    @cached_property
    def reward(self) -> Floats:
        """[R, L]"""
        return self.arrays.outcome_reward[self.outcome]

    @cached_property
    def terminated(self) -> Bools:
        """[R, L] the step led to a terminal state."""
        return self.mask & (self.next_state == self.arrays.S)

    @cached_property
    def truncated(self) -> Bools:
        """[R, L] the time limit cut the episode after this step, which did not end it."""
        return self.mask & (self.step == self.horizon - 1) & ~self.terminated

    @property
    def done(self) -> Bools:
        """[R, L] the last step of an episode."""
        return self.terminated | self.truncated


def arrange(arrays: ProblemArrays, outcome: Ints, per_row: int) -> Streams:
    """Episodes [n, T] as rows of `per_row` episodes each, one after another."""
    n, T = outcome.shape
    flat = outcome.reshape(n // per_row, per_row * T)
    step = np.broadcast_to(np.tile(np.arange(T), per_row), flat.shape)
    number = np.repeat(np.arange(n), T).reshape(flat.shape)
    padding = flat == arrays.O
    if per_row > 1:
        order = np.argsort(padding, axis=1, kind="stable")
        flat, step, number, padding = (np.take_along_axis(x, order, axis=1) for x in (flat, step, number, padding))
    return Streams(arrays, flat, np.where(padding, 0, step), np.where(padding, -1, number), n, T)


class Sampler:
    """Episodes of at most T steps; chunk c of a seed is the same whatever else is sampled."""

    def __init__(self, arrays: ProblemArrays, horizon: int, seed: int) -> None:
        self.arrays, self.horizon, self.seed = arrays, horizon, seed
        self._cumulative = cumulative(arrays)
        self._start = np.cumsum(arrays.start)
        self._start[-1] = max(self._start[-1], 1.0)

    def chunk(self, number: int, n: int) -> Ints:
        """[n, T] outcome numbers."""
        source = np.random.SeedSequence(self.seed, spawn_key=(number,))
        rng = np.random.Generator(np.random.Philox(source))
        out = np.full((self.horizon, n), self.arrays.O, np.int64)
        state = np.searchsorted(self._start, rng.random(n), side="right")
        for t in range(self.horizon):
            if (state == self.arrays.S).all():
                break
            out[t] = np.searchsorted(self._cumulative, state + rng.random(n), side="right")
            state = self.arrays.outcome_next[out[t]]
        return np.ascontiguousarray(out.T)


def cumulative(arrays: ProblemArrays) -> Floats:
    """[O+1] ascending: the state's number plus the cumulative probability of its outcomes."""
    state = arrays.outcome_state[:-1]
    total = np.cumsum(arrays.outcome_p)
    before = np.concatenate([[0.0], total])[np.searchsorted(state, np.arange(arrays.S + 1))]
    within = np.minimum(total - before[state], 1.0)
    last = np.append(state[1:] != state[:-1], True)
    return np.append(state + np.where(last, 1.0, within), arrays.S + 1.0)


def visits(arrays: ProblemArrays, horizon: int) -> Floats:
    """[O] expected times that an episode of at most T steps takes each outcome."""
    d, seen = arrays.start.copy(), np.zeros(arrays.O)
    for _ in range(horizon):
        taken = d[arrays.outcome_state[:-1]] * arrays.outcome_p
        seen += taken
        d = np.asarray(np.bincount(arrays.outcome_next[:-1], taken, arrays.S + 1), np.float64)
        d[arrays.S] = 0.0
    return seen
