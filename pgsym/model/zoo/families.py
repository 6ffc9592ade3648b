"""Families for benchmarks and proofs: random models, and the model of which all others are cases."""

from __future__ import annotations

import random
from typing import Any

import sympy as sp

from pgsym.errors import SchemaError
from pgsym.model.generic import generic_mdp
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policies import softmax_policy, tabular
from pgsym.model.policy import Policy
from pgsym.model.problem import Problem
from pgsym.model.zoo.registry import Outcomes, count, entry, problem

# Probabilities are multiples of 1/GRID, rewards of 1/10: random, yet short.
GRID = 100


@entry(
    "garnet",
    "a random MDP: each action leads to `branching` states; policy tabular, or shared (one parameter)",
    "T. W. Archibald, K. I. M. McKinnon, L. C. Thomas, On the generation of Markov decision processes, "
    "J. Operational Research Society 46 (1995); the grid of rational numbers is ours",
)
def garnet(
    states: int = 5,
    actions: int = 2,
    branching: int = 2,
    seed: int = 0,
    gamma: Any = "9/10",
    policy: str = "tabular",
) -> Problem:
    """The same seed gives the same model on every machine and Python.

    Next states are drawn without repetition; probabilities are the gaps between random cuts of [0, 1]; the
    reward of (s, a) is uniform on 0, 1/10, ..., 1.
    """
    count(states, 1, "states")
    count(actions, 1, "actions")
    count(branching, 1, "branching")
    if branching > min(states, GRID):
        raise SchemaError(
            f"found {branching}; at most {min(states, GRID)} next states are possible. Lower it", where="branching"
        )
    # Only random() has the same sequence in every version of Python.
    rng = random.Random(count(seed, 0, "seed"))
    rows: Outcomes = []
    for s in range(states):
        for a in range(actions):
            targets = _choose(rng, list(range(states)), branching)
            cuts = [0, *sorted(_choose(rng, list(range(1, GRID)), branching - 1)), GRID]
            reward = sp.Rational(int(rng.random() * 11), 10)
            rows += [
                (s, a, t, sp.Rational(high - low, GRID), reward)
                for t, low, high in zip(targets, cuts, cuts[1:], strict=False)
            ]
    mdp = MDP.from_transitions(rows, start=0, gamma=gamma, states=range(states))
    return problem(mdp, _policy(mdp, policy), Objective.START_STATE)


def _choose(rng: random.Random, items: list[int], k: int) -> list[int]:
    """k of the items, without repetition, in random order."""
    return [items.pop(int(rng.random() * len(items))) for _ in range(k)]


def _policy(mdp: MDP, name: str) -> Policy:
    if name == "tabular":
        return tabular(mdp)
    if name == "shared":
        return softmax_policy(mdp, {s: {mdp.actions(s)[0]: "theta"} for s in mdp.nonterminal})
    raise SchemaError(f"found {name!r}; the policy is tabular or shared. Give one of these", where="policy")


@entry(
    "generic",
    "every probability, reward and start probability a symbol, and gamma; what is proved here holds for all "
    "MDPs of the size",
    "constructed for pgsym",
)
def generic(states: int = 2, actions: int = 2, terminal: bool = False) -> Problem:
    """P(j|i,a) = p_i_a_j, r(i,a,j) = r_i_a_j, mu0(i) = m_i, numbered from 1; see `generic_mdp`."""
    mdp = generic_mdp(states, actions, terminal=terminal)
    return problem(mdp, tabular(mdp), Objective.START_STATE)
