"""Models of growing size on which the policy gradient theorem is decided."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import networkx as nx
import sympy as sp

from pgsym.model import MDP

SLIP = Fraction(1, 3)
"""Probability of each of the three directions in which a step on ice can go."""


@dataclass(frozen=True)
class Family:
    """Models by size; the policy is tabular softmax, so every state-action pair has a parameter."""

    title: str
    make: Callable[[int], MDP]
    sizes: tuple[int, ...]
    quick: tuple[int, ...]
    needs: str = ""
    """A package that has to be installed."""


def any_start(mdp: MDP) -> MDP:
    """The model with a start distribution of free symbols m_0, m_1, ..."""
    *first, last = mdp.states
    weights = {s: sp.Symbol(f"m_{i}") for i, s in enumerate(first)}
    graph = mdp.to_graph()
    graph.graph["symbols"] = {**mdp.assumptions, **{m.name: f"0 < {m.name} < 1" for m in weights.values()}}
    nx.set_node_attributes(graph, {**weights, last: 1 - sp.Add(*weights.values())}, "start")
    return MDP(graph)


def taxi(_: int) -> MDP:
    """Taxi with a symbolic discount, from anywhere."""
    return any_start(MDP.from_gymnasium("Taxi-v4").replace(gamma="gamma"))


def grid(k: int) -> MDP:
    """k x k slippery squares; -1 for each step until the far corner, symbolic discount, uniform start."""
    moves = ((0, -1), (1, 0), (0, 1), (-1, 0))
    goal = (k - 1, k - 1)
    squares = [(i, j) for i in range(k) for j in range(k) if (i, j) != goal]
    rows = []
    for i, j in squares:
        for a, name in enumerate("ldru"):
            for d in (a - 1, a, (a + 1) % 4):
                square = tuple(min(max(x + dx, 0), k - 1) for x, dx in zip((i, j), moves[d], strict=True))
                rows.append(((i, j), name, square, SLIP, -1))
    start = dict.fromkeys(squares, Fraction(1, len(squares)))
    return MDP.from_transitions(rows, start=start, terminal=[goal], gamma="gamma")


def garnet(n: int, actions: int = 4, branching: int = 3) -> MDP:
    """n states with random next states, probabilities and rewards (Archibald et al. 1995): elimination fills up."""
    rng = random.Random(n)
    rows = []
    for s in range(n):
        for a in range(actions):
            weights = [rng.randint(1, 9) for _ in range(branching)]
            targets = rng.sample(range(n), branching)
            for t, w in zip(targets, weights, strict=True):
                rows.append((s, f"a{a}", t, Fraction(w, sum(weights)), rng.randint(-5, 5)))
    return MDP.from_transitions(rows, start=0, gamma="gamma")


def generic(n: int, actions: int = 4) -> MDP:
    """Every MDP of n states: all probabilities, rewards and start probabilities are symbols, and so is gamma."""
    probabilities = [f"p_{s}_{a}_{t}" for s in range(n) for a in range(actions) for t in range(n - 1)]
    starts = [f"m_{t}" for t in range(n - 1)]
    rows = []
    for s in range(n):
        for a in range(actions):
            free = [sp.Symbol(f"p_{s}_{a}_{t}") for t in range(n - 1)]
            for t, p in enumerate([*free, 1 - sp.Add(*free)]):
                rows.append((f"s{s}", f"a{a}", f"s{t}", p, sp.Symbol(f"r_{s}_{a}_{t}")))
    free = [sp.Symbol(name) for name in starts]
    start = {f"s{t}": p for t, p in enumerate([*free, 1 - sp.Add(*free)])}
    between = dict.fromkeys([*probabilities, *starts], "0 < x < 1")
    symbols = {name: text.replace("x", name) for name, text in between.items()}
    return MDP.from_transitions(rows, start=start, gamma="gamma", symbols={**symbols, "gamma": "0 < gamma < 1"})


FAMILIES = {
    "taxi": Family("Taxi, symbolic gamma, arbitrary start distribution", taxi, (500,), (), needs="gymnasium"),
    "grid": Family("k x k slippery grid, symbolic gamma", grid, (10, 20, 30, 50, 70, 100), (5, 10)),
    "garnet": Family("random MDP, 4 actions with 3 outcomes, symbolic gamma", garnet, (30, 100, 300, 1000), (20,)),
    "generic": Family("every MDP of n states and 4 actions: P, r, mu0, gamma symbolic", generic, (5, 10, 20, 30), (3,)),
}
