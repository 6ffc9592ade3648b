"""Small MDPs, simplest first: of few states and actions, then of few outcomes and rewards, then of small numbers.

>>> [str(size) for size in sizes(2, 2)]
['1 state and 1 action', '1 state and 2 actions', '2 states, one of them terminal, and 1 action', \
'2 states and 1 action', '2 states, one of them terminal, and 2 actions', '2 states and 2 actions']
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, product
from typing import Any

import sympy as sp

from pgsym.expression.complaint import counted
from pgsym.model.mdp import MDP
from pgsym.model.zoo.constructed import END, generic_mdp

STATES, ACTIONS = "xyzuvw", "abcdef"

WORDS = ("no", "one", "two", "three", "four", "five", "six")


@dataclass(frozen=True)
class ModelSize:
    """How many states, terminal ones counted, and actions; `end`: one of the states is terminal."""

    states: int
    actions: int
    end: bool = False

    @property
    def acting(self) -> int:
        """The states with actions."""
        return self.states - self.end

    def in_words(self) -> str:
        """As prose.

        >>> ModelSize(1, 2).in_words()
        'one state and two actions'
        """
        words = str(self)
        for number in (self.states, self.actions):
            words = words.replace(f"{number} ", f"{WORDS[number]} ")
        return words

    def __str__(self) -> str:
        end = ", one of them terminal," if self.end else ""
        return f"{counted(self.states, 'state')}{end} and {counted(self.actions, 'action')}"

    def generic(self, rewards: int = 1) -> MDP:
        """Every MDP of the size."""
        return generic_mdp(self.acting, self.actions, terminal=self.end, rewards=rewards)


def sizes(states: int, actions: int) -> list[ModelSize]:
    """All sizes up to this one; what is smaller in states or actions, and not larger in the other, stands before."""
    found = [ModelSize(n, m, end) for n in range(1, states + 1) for m in range(1, actions + 1) for end in (True, False)]
    return sorted((s for s in found if s.acting), key=lambda s: (s.states * s.actions, s.states, s.acting))


@dataclass(frozen=True)
class Pattern:
    """Where an MDP has outcomes and rewards."""

    size: ModelSize
    rows: tuple[tuple[int, ...], ...]
    """For each state and action, the numbers of the states to which its outcomes lead; the last may be the end."""
    rewarded: tuple[tuple[int, int], ...]
    """The outcomes with a reward, each as the number of its row and its place there."""
    starts: int = 1
    """The first so many states are starts."""

    def mdp(self, gamma: Any, rewards: Sequence[Any], weights: Sequence[Any]) -> MDP:
        """With numbers: a reward for each of `rewarded`, and probabilities in the ratio of the weights.

        >>> Pattern(ModelSize(1, 2), ((0,), (0,)), ((1, 0),)).mdp("1/2", [1], [1]).rows
        (('x', 'a', 'x', 1, 0), ('x', 'b', 'x', 1, 1))
        """
        names = [*STATES[: self.size.acting], *([END] if self.size.end else [])]
        paid = dict(zip(self.rewarded, rewards, strict=True))
        transitions = []
        for k, row in enumerate(self.rows):
            s, a = divmod(k, self.size.actions)
            total = sum(weights[: len(row)])
            transitions += [
                (STATES[s], ACTIONS[a], names[y], sp.Rational(weights[j], total), paid.get((k, j), 0))
                for j, y in enumerate(row)
            ]
        start = {names[s]: sp.Rational(weights[s], sum(weights[: self.starts])) for s in range(self.starts)}
        return MDP.from_transitions(
            transitions, start=start, terminal=[END] if self.size.end else [], gamma=gamma, states=names
        )

    def at_random(self, rng: random.Random, gamma: Any = None) -> MDP:
        """With numbers from a large set: what fails anywhere on the pattern fails there, but for an accident."""
        draw = lambda: rng.randint(1, 997)  # noqa: E731
        discount = sp.Rational(draw(), 1000) if gamma is None else gamma
        most = max(self.starts, *map(len, self.rows))
        return self.mdp(discount, [rng.choice((1, -1)) * draw() for _ in self.rewarded], [draw() for _ in range(most)])

    def numbered(self, gamma: Any = None) -> Iterator[MDP]:
        """With the smallest numbers first."""
        most = max(self.starts, *map(len, self.rows))
        values = sorted(product((1, -1, 2, -2), repeat=min(len(self.rewarded), 4)), key=lambda v: sum(map(abs, v)))
        for chosen in values[:24]:
            rewards = [*chosen, *(1 for _ in self.rewarded[4:])]
            for weights in ([1] * most, list(range(1, most + 1))):
                for discount in ("1/2", "1/4", "2/3") if gamma is None else (gamma,):
                    yield self.mdp(discount, rewards, weights)


def patterns(size: ModelSize, cost: int, rewards: int = 1) -> Iterator[Pattern]:
    """Those with so many outcomes and starts beyond the least, and rewards, together; the actions in one order.

    `rewards` is how many outcomes of a row may lead to one state.

    >>> [p.rewarded for p in patterns(ModelSize(1, 2), 1)]
    [((1, 0),)]
    """
    pairs, targets = size.acting * size.actions, range(size.states)
    choose = combinations if rewards == 1 else combinations_with_replacement
    for beyond in range(cost + 1):
        for starts in range(1, min(size.acting, beyond + 1) + 1):
            for more in _compositions(beyond - starts + 1, pairs, size.states * rewards - 1):
                for rows in product(*(list(choose(targets, 1 + n)) for n in more)):
                    if not all(row.count(y) <= rewards for row in rows for y in row):
                        continue
                    places = [(k, j) for k, row in enumerate(rows) for j in range(len(row))]
                    for rewarded in combinations(places, cost - beyond):
                        if _in_order(size, rows, rewarded):
                            yield Pattern(size, rows, rewarded, starts)


def largest_cost(size: ModelSize, rewards: int = 1) -> int:
    """Of any pattern."""
    outcomes = size.acting * size.actions * size.states * rewards
    return 2 * outcomes - size.acting * size.actions + size.acting - 1


def _compositions(total: int, parts: int, most: int) -> Iterator[tuple[int, ...]]:
    """Ways to write a number as a sum of so many from 0 to `most`."""
    if parts == 0:
        if total == 0:
            yield ()
        return
    for first in range(min(total, most) + 1):
        for rest in _compositions(total - first, parts - 1, most):
            yield (first, *rest)


def _in_order(size: ModelSize, rows: tuple[tuple[int, ...], ...], rewarded: tuple[tuple[int, int], ...]) -> bool:
    """Whether the actions of each state stand in one order: their names mean nothing."""
    kinds = [(row, [(k, j) in rewarded for j in range(len(row))]) for k, row in enumerate(rows)]
    return all(kinds[k] <= kinds[k + 1] for k in range(len(rows) - 1) if (k + 1) % size.actions)
