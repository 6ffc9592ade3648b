"""The two MDPs of the sampling benchmark: a dense Garnet with S = 10, A = 2, and Taxi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import pgsym
from pgsym.model import MDP, tabular
from pgsym.sampling import Tables, build_tables
from pgsym.sampling.dynamics import truncated_values

STEPS = 100
"""Steps of a trajectory."""


@dataclass(frozen=True)
class Problem:
    """An MDP with a policy and what its samplers must find."""

    title: str
    tables: Tables
    env: Any
    """gymnasium id, or None: then the loop steps a table of the same form."""

    @property
    def value(self) -> float:
        """Expected discounted return of `STEPS` steps, by iteration."""
        return float(self.tables.start @ truncated_values(self.tables, STEPS))


def garnet() -> Problem:
    """Ten successors for every (s, a), weights and rewards at random."""
    rng = np.random.default_rng(0)
    rows = []
    for s in range(10):
        for a in range(2):
            weights = rng.integers(1, 100, 10)
            rewards = rng.integers(-20, 21, 10)
            rows += [
                (s, a, t, f"{w}/{weights.sum()}", f"{r}/10")
                for t, (w, r) in enumerate(zip(weights, rewards, strict=True))
            ]
    mdp = MDP.from_transitions(rows, start=dict.fromkeys(range(10), "1/10"), gamma="9/10")
    policy = tabular(mdp)
    theta = [round(x, 2) for x in rng.normal(size=20).tolist()]
    return Problem("Garnet, S = 10, A = 2, 10 successors", build_tables(pgsym.Problem(mdp, policy, theta=theta)), None)


def taxi() -> Problem:
    """500 states, 6 actions, deterministic; tabular softmax."""
    mdp = MDP.from_gymnasium("Taxi-v4", gamma="9/10")
    policy = tabular(mdp)
    theta = [round(x, 2) for x in np.random.default_rng(1).normal(size=len(policy.params)).tolist()]
    return Problem("Taxi, S = 500, A = 6", build_tables(pgsym.Problem(mdp, policy, theta=theta)), "Taxi-v4")


PROBLEMS = (garnet, taxi)
