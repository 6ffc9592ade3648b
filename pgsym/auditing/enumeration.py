"""Every episode, and every batch, with its exact probability: an exact mean where no formula gives one."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import sympy as sp

from pgsym.auditing.batch import Rollouts
from pgsym.auditing.episodes import Streams
from pgsym.auditing.problem_arrays import Floats, Ints, ProblemArrays
from pgsym.errors import TooLargeError

MAX_BATCHES = 50_000
"""Most batches of an enumeration."""


@dataclass(frozen=True)
class AllEpisodes:
    """Every episode of at most T steps that has positive probability.

    >>> from pgsym.model import MDP, Problem, sigmoid
    >>> from pgsym.auditing.problem_arrays import build_arrays
    >>> mdp = MDP.from_transitions([("s", "go", "end", 1, 1), ("s", "no", "s", 1, 0)], start="s", terminal=["end"],
    ...     gamma="1/2")
    >>> found = all_episodes(build_arrays(Problem(mdp, sigmoid(mdp, {"s": "t"}))), 2)
    >>> found.outcome.tolist(), [str(p) for p in found.p]
    ([[0, 2], [1, 0], [1, 1]], ['1/2', '1/4', '1/4'])
    """

    arrays: ProblemArrays
    outcome: Ints
    """[M, T]"""
    p: tuple[Fraction | float, ...]
    """[M] their probabilities: fractions where the policy's and the model's are rational."""

    @cached_property
    def weights(self) -> Floats:
        return np.array([float(p) for p in self.p])

    @cached_property
    def by_start(self) -> dict[int, list[int]]:
        """The numbers of the episodes from each start state."""
        found: dict[int, list[int]] = {}
        for i, s in enumerate(self.arrays.outcome_state[self.outcome[:, 0]].tolist()):
            found.setdefault(s, []).append(i)
        return found

    def count(self, groups: int, size: int, *, ordered: bool) -> int:
        """Number of batches of so many groups, or of multisets of multisets."""
        ways = [len(ids) for ids in self.by_start.values()]
        if ordered:
            return int(sum(n**size for n in ways) ** groups)
        return math.comb(sum(math.comb(n + size - 1, size) for n in ways) + groups - 1, groups)


@dataclass(frozen=True)
class AllBatches:
    """Every batch with its probability, or one of those that differ only in the order of episodes and groups."""

    streams: Streams
    weights: Floats
    ordered: bool

    def __len__(self) -> int:
        return len(self.weights)


def every_batch(rollouts: Rollouts, episodes: AllEpisodes) -> AllBatches:
    """In order where there are few, as an estimator may depend on it; else multisets; TooLargeError beyond those.

    >>> from pgsym.model import token_tree
    >>> rollouts = Rollouts(token_tree("q", "abcdefg", 1, {"q a"}), horizon=1, batch_size=8, group_size=8)
    >>> found = every_batch(rollouts, all_episodes(rollouts.arrays, 1))
    >>> len(found), found.ordered, 7**8
    (3003, False, 5764801)
    """
    G, M = rollouts.group_size, rollouts.batch_size // rollouts.group_size
    ordered = rollouts.per_row > 1 or episodes.count(M, G, ordered=True) <= MAX_BATCHES
    count = episodes.count(M, G, ordered=ordered)
    if count > MAX_BATCHES:
        order = "" if ordered else ", whatever their order"
        raise TooLargeError(
            f"{len(episodes.p)} episodes make {count} batches of {M * G}{order}; an enumeration takes at most "
            f"{MAX_BATCHES}. Use a shorter horizon, a smaller batch_size, or mode='sample'",
            where="enumeration",
        )
    groups: list[tuple[tuple[int, ...], Fraction | float]] = []
    for ids in episodes.by_start.values():
        start = sum(episodes.p[i] for i in ids)
        given = {i: episodes.p[i] / start for i in ids}
        groups += [(chosen, start * p) for chosen, p in _draws(given, G, ordered)]
    batches = list(_draws(dict(enumerate(p for _, p in groups)), M, ordered))
    chosen = np.array([[i for g in batch for i in groups[g][0]] for batch, _ in batches])
    weights = np.array([float(p) for _, p in batches])
    return AllBatches(rollouts.streams(episodes.outcome[chosen.reshape(-1)]), weights, ordered)


def _draws(
    chance: dict[int, Fraction | float], n: int, ordered: bool
) -> Iterator[tuple[tuple[int, ...], Fraction | float]]:
    """(what n independent draws give, its probability): every order, or one for all orders."""
    for drawn in itertools.product(chance, repeat=n) if ordered else itertools.combinations_with_replacement(chance, n):
        orders = 1 if ordered else math.factorial(n) // math.prod(map(math.factorial, Counter(drawn).values()))
        yield drawn, orders * math.prod(chance[i] for i in drawn)


def all_episodes(arrays: ProblemArrays, horizon: int, limit: int = MAX_BATCHES) -> AllEpisodes:
    """The episodes of a problem; TooLargeError where there are more than `limit`."""
    chances, exact = _chances(arrays)
    shares = [Fraction(1)] if len(arrays.shares) == 1 else arrays.shares.tolist()
    begun = _start(arrays, exact)
    start = {c * arrays.S + s: w * p for c, w in enumerate(shares) for s, p in enumerate(begun) if p}
    leaving: dict[int, list[int]] = {}
    for o, s in enumerate(arrays.outcome_place[:-1].tolist()):
        if chances[o]:
            leaving.setdefault(s, []).append(o)
    done: list[tuple[tuple[int, ...], Fraction | float]] = []
    if arrays.start[arrays.S]:
        done.append(((), 1 - sum(start.values())))
    running: list[tuple[tuple[int, ...], int, Fraction | float]] = [((), s, p) for s, p in start.items()]
    for t in range(horizon):
        following = []
        for path, s, p in running:
            for o in leaving.get(s, ()):
                nxt, q = int(arrays.outcome_next_place[o]), p * chances[o]
                if nxt == len(arrays.start_place) - 1 or t + 1 == horizon:
                    done.append(((*path, o), q))
                else:
                    following.append(((*path, o), nxt, q))
        running = following
        if len(running) + len(done) > limit:
            raise TooLargeError(
                f"more than {limit} episodes of {horizon} steps; an enumeration needs fewer. "
                "Use a shorter horizon, or mode='sample'",
                where="enumeration",
            )
    outcome = np.full((len(done), horizon), arrays.O, np.int64)
    for i, (path, _) in enumerate(done):
        outcome[i, : len(path)] = path
    return AllEpisodes(arrays, outcome, tuple(p for _, p in done))


def _chances(arrays: ProblemArrays) -> tuple[list[Fraction | float], bool]:
    """[O] the probability of each outcome given its state: exact if the policy's are rational."""
    moves = [o.p for s, a in arrays.mdp.pairs for o in arrays.mdp.outcomes(s, a) if o.p != 0]
    chosen = arrays.policy.at(dict(arrays.theta)) if arrays.on_policy else {}
    flat = [chosen[s][a] for s, a in arrays.mdp.pairs] if chosen else []
    if chosen and all(isinstance(p, sp.Rational) for p in [*moves, *flat]):
        exact = [Fraction(int(p.p), int(p.q)) for p in flat]
        pairs = arrays.outcome_pair[:-1].tolist()
        return [exact[n] * Fraction(int(p.p), int(p.q)) for n, p in zip(pairs, moves, strict=True)], True
    return list(map(float, arrays.outcome_p)), False


def _start(arrays: ProblemArrays, exact: bool) -> list[Fraction | float]:
    """[S] where episodes start; what is missing to 1 starts in a terminal state: an empty episode."""
    given = [arrays.mdp.start.get(s, sp.Integer(0)) for s in arrays.tables.states]
    rational = exact and all(isinstance(p, sp.Rational) for p in given)
    if rational and np.allclose(arrays.start[:-1], list(map(float, given))):
        return [Fraction(int(p.p), int(p.q)) for p in given]
    return list(map(float, arrays.start[:-1]))
