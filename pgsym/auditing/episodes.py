"""Episodes inside an audit: drawn as arrays of outcome numbers, and arranged in rows.

States, actions, rewards and next states are looked up in `ProblemArrays`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pgsym.auditing.problem_arrays import Floats, Ints, ProblemArrays

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Streams:
    """R rows of L steps, in which episodes follow one another; padding only at the end of a row.  Arrays are [R, L].

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
    """Outcome numbers; O in the padding."""
    step: Ints
    """Steps since the episode began; 0 in the padding."""
    episode: Ints
    """Number of the episode; -1 in the padding."""
    episodes: int
    horizon: int
    """T: an episode that is still running after T steps is truncated."""
    group_size: int = 1
    """Consecutive episodes that share their start state."""

    @cached_property
    def mask(self) -> Bools:
        """Where a step was taken."""
        return self.outcome < self.arrays.O

    @cached_property
    def pair(self) -> Ints:
        return self.arrays.outcome_pair[self.outcome]

    @cached_property
    def state(self) -> Ints:
        return self.arrays.outcome_state[self.outcome]

    @cached_property
    def next_state(self) -> Ints:
        """Where the step really led, before any reset."""
        return self.arrays.outcome_next[self.outcome]

    @cached_property
    def reward(self) -> Floats:
        return self.arrays.outcome_reward[self.outcome]

    @cached_property
    def terminated(self) -> Bools:
        """The step led to a terminal state."""
        return self.mask & (self.next_state == self.arrays.S)

    @cached_property
    def truncated(self) -> Bools:
        """The time limit cut the episode after this step, which did not end it."""
        return self.mask & (self.step == self.horizon - 1) & ~self.terminated

    @property
    def done(self) -> Bools:
        return self.terminated | self.truncated

    def per_episode(self, x: Floats | Bools) -> Floats:
        """[n] the sum over the steps of each episode."""
        return np.asarray(np.bincount(self.episode[self.mask], x[self.mask], self.episodes), np.float64)

    def per_batch(self, weight: Floats, place: Ints, places: int, batch_size: int) -> Floats:
        """[D, places] weights [R, L], 0 in the padding, summed by place over batches of consecutive episodes."""
        D = self.episodes // batch_size
        index = np.where(self.mask, self.episode // batch_size, 0) * places + place
        found = np.bincount(index.reshape(-1), weight.reshape(-1), D * places)
        return np.asarray(found, np.float64).reshape(D, places)

    def divisor(self, average: str, batch_size: int, part: int = 1) -> Any:
        """What the weights of an average (see `Recipe.average`) are divided by, so that those of a batch add up.

        `part` is the size of a micro-batch.
        """
        sizes = {"own steps": 1, "group's steps": self.group_size, "part's steps": part, "steps": batch_size}
        if average not in sizes:
            return batch_size * (self.horizon if average == "slots" else 1)
        n = sizes[average]
        taken = np.repeat(self.per_episode(self.mask).reshape(-1, n).sum(1), n)
        return batch_size // n * np.maximum(taken, 1.0)[self.episode]


def arrange(arrays: ProblemArrays, outcome: Ints, per_row: int, group_size: int = 1) -> Streams:
    """Episodes [n, T] as rows of `per_row` episodes each, one after another."""
    n, T = outcome.shape
    flat = outcome.reshape(n // per_row, per_row * T)
    step = np.broadcast_to(np.tile(np.arange(T), per_row), flat.shape)
    number = np.repeat(np.arange(n), T).reshape(flat.shape)
    padding = flat == arrays.O
    if per_row > 1:
        order = np.argsort(padding, axis=1, kind="stable")
        flat, step, number, padding = (np.take_along_axis(x, order, axis=1) for x in (flat, step, number, padding))
    return Streams(arrays, flat, np.where(padding, 0, step), np.where(padding, -1, number), n, T, group_size)


class Sampler:
    """Episodes of at most T steps, one random number a step; chunk c of a seed is the same whatever else is sampled.

    Each `group_size` consecutive ones have one start state in common, and are independent given that.
    """

    def __init__(self, arrays: ProblemArrays, horizon: int, seed: int, group_size: int = 1) -> None:
        self.arrays, self.horizon, self.seed, self.group_size = arrays, horizon, seed, group_size
        self._cumulative = cumulative(arrays)
        self._start, self._shares = (_up_to_one(p) for p in (arrays.start, arrays.shares))

    def chunk(self, number: int, n: int) -> Ints:
        """[n, T] outcome numbers."""
        source = np.random.SeedSequence(self.seed, spawn_key=(number,))
        rng = np.random.Generator(np.random.Philox(source))
        out = np.full((self.horizon, n), self.arrays.O, np.int64)
        starts = np.searchsorted(self._start, rng.random(n // self.group_size), side="right")
        made = np.searchsorted(self._shares, rng.random(n), side="right") if len(self._shares) > 1 else 0
        place = self.arrays.place(made, np.repeat(starts, self.group_size))
        for t in range(self.horizon):
            if (place == len(self.arrays.start_place) - 1).all():
                break
            out[t] = np.searchsorted(self._cumulative, place + rng.random(n), side="right")
            place = self.arrays.outcome_next_place[out[t]]
        return np.ascontiguousarray(out.T)


def _up_to_one(p: Floats) -> Floats:
    """Cumulative probabilities."""
    found = np.cumsum(p)
    found[-1] = max(found[-1], 1.0)
    return found


def cumulative(arrays: ProblemArrays) -> Floats:
    """[O+1] ascending: the place's number plus the cumulative probability of its outcomes."""
    place, last_place = arrays.outcome_place[:-1], len(arrays.start_place) - 1
    total = np.cumsum(arrays.outcome_p)
    before = np.concatenate([[0.0], total])[np.searchsorted(place, np.arange(last_place + 1))]
    within = np.minimum(total - before[place], 1.0)
    last = np.append(place[1:] != place[:-1], True)
    return np.append(place + np.where(last, 1.0, within), last_place + 1.0)


def flows(arrays: ProblemArrays, horizon: int, factor: Floats | float = 1.0) -> Iterator[Floats]:
    """[O] step by step, how often an episode takes each outcome, times the product of its factors [O] up to there."""
    d = arrays.start_place
    for _ in range(horizon):
        taken = d[arrays.outcome_place[:-1]] * arrays.outcome_p * factor
        yield taken
        d = np.asarray(np.bincount(arrays.outcome_next_place[:-1], taken, len(d)), np.float64)
        d[-1] = 0.0


def visits(arrays: ProblemArrays, horizon: int) -> Floats:
    """[O] expected times that an episode of at most T steps takes each outcome."""
    return sum(flows(arrays, horizon), np.zeros(arrays.O))
