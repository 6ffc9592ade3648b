"""The families of the exact benchmark: a model for pgsym, and the same problem as a linear system for its peers.

The odds x_i = exp(theta_i) are plain symbols in the linear system, so no peer meets an exponential; it then
wants J = X[target] with A X = b, and dJ/dtheta_i = x_i dJ/dx_i.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.expression.evaluate import Expressions, evaluate, softmax
from pgsym.expression.linear import Linear
from pgsym.model import MDP, Objective, Policy, sigmoid, softmax_policy


class Odds(Expressions):
    """Expressions with a symbol x_theta in the place of exp(theta)."""

    def exp(self, form: Linear) -> sp.Expr:
        return sp.Mul(*(sp.Symbol(f"x_{theta.name}") ** int(c) for theta, c in form.coefficients))

    def softmax(self, forms: Any) -> list[sp.Expr]:
        return [sp.cancel(p) for p in softmax(self, forms)]


@dataclass(frozen=True)
class Instance:
    """One problem: a model, a policy, an objective."""

    mdp: MDP
    policy: Policy
    objective: Objective

    @cached_property
    def odds(self) -> tuple[sp.Symbol, ...]:
        """x_i, in the order of the parameters."""
        return tuple(sp.Symbol(f"x_{theta.name}") for theta in self.policy.params)

    @cached_property
    def generators(self) -> tuple[sp.Symbol, ...]:
        """The odds, then the symbols of the dynamics."""
        return (*self.odds, *sorted(self.mdp.symbols, key=lambda s: s.name))

    @cached_property
    def states(self) -> tuple[Any, ...]:
        return self.mdp.nonterminal

    @cached_property
    def chain(self) -> list[dict[Any, sp.Expr]]:
        """P_pi(s'|s), a row for each non-terminal state."""
        return [self._average(s, lambda o: {o.state: o.p}) for s in self.states]

    @cached_property
    def rewards(self) -> list[sp.Expr]:
        """r_pi(s)."""
        return [self._average(s, lambda o: {None: o.p * o.r}).get(None, sp.Integer(0)) for s in self.states]

    @cached_property
    def target(self) -> int:
        """The unknown that is J: the start state's value, or rbar in the place of the last differential value."""
        if self.objective is Objective.AVERAGE_REWARD:
            return len(self.states) - 1
        (start,) = self.mdp.start
        return self.states.index(start)

    @cached_property
    def rows(self) -> list[dict[int, sp.Expr]]:
        """A: I - gamma P_pi; for the average reward I - P_pi with ones in the last column."""
        index = {s: i for i, s in enumerate(self.states)}
        average = self.objective is Objective.AVERAGE_REWARD
        discount = sp.Integer(1) if average else self.mdp.gamma
        rows = []
        for i, transitions in enumerate(self.chain):
            row = {index[t]: -discount * p for t, p in transitions.items() if t in index}
            row[i] = row.get(i, sp.Integer(0)) + 1
            if average:
                row[self.target] = sp.Integer(1)
            rows.append({j: e for j, p in row.items() if (e := sp.cancel(p)) != 0})
        return rows

    def point(self) -> dict[sp.Symbol, Fraction]:
        """Random rational values in (0, 1) for all generators."""
        rng = random.Random(0)
        return {g: Fraction(rng.randint(1, 96), 97) for g in self.generators}

    def _average(self, s: Any, part: Callable[[Any], dict[Any, sp.Expr]]) -> dict[Any, sp.Expr]:
        total: dict[Any, sp.Expr] = {}
        for a, weight in zip(self.policy.actions(s), self.policy.row(s, Odds()), strict=True):
            for outcome in self.mdp.outcomes(s, a):
                for key, value in part(outcome).items():
                    total[key] = total.get(key, sp.Integer(0)) + weight * evaluate(value, Odds())
        return {key: e for key, value in total.items() if (e := sp.cancel(value)) != 0}


def random_walk(n: int) -> Instance:
    """States 1..n between two ends, one shared sigmoid for a step to the right, reward 1 at the right end."""
    rows = [(s, "right", s + 1, 1, int(s == n)) for s in range(1, n + 1)]
    rows += [(s, "left", s - 1, 1, 0) for s in range(1, n + 1)]
    mdp = MDP.from_transitions(rows, start=(n + 1) // 2, terminal=[0, n + 1])
    return Instance(mdp, softmax_policy(mdp, {s: {"right": "t"} for s in mdp.nonterminal}), Objective.START_STATE)


def tabular_chain(n: int) -> Instance:
    """A corridor of n states, a parameter in each: go on or step back, -1 a step, symbolic gamma."""
    rows = [(s, "on", s + 1, 1, -1) for s in range(n)] + [(s, "back", max(s - 1, 0), 1, -1) for s in range(n)]
    mdp = MDP.from_transitions(rows, start=0, terminal=[n], gamma="gamma", symbols={"gamma": "0 < gamma < 1"})
    return Instance(mdp, sigmoid(mdp), Objective.START_STATE)


def gridworld(k: int) -> Instance:
    """k x k cells, corner to corner; slips sideways with probability p; three parameters shared by all cells."""
    steps = {"north": (0, 1), "south": (0, -1), "east": (1, 0), "west": (-1, 0)}
    sideways = {"north": ("east", "west"), "south": ("east", "west"), "east": ("north", "south")}
    sideways["west"] = sideways["east"]
    goal = (k - 1, k - 1)

    def moved(cell: tuple[int, int], step: str) -> tuple[int, int]:
        x, y = cell[0] + steps[step][0], cell[1] + steps[step][1]
        return (x, y) if 0 <= x < k and 0 <= y < k else cell

    rows = []
    for cell in ((x, y) for x in range(k) for y in range(k) if (x, y) != goal):
        for action in steps:
            outcomes = [(moved(cell, action), "1 - p"), *((moved(cell, side), "p/2") for side in sideways[action])]
            rows += [(cell, action, target, p, int(target == goal)) for target, p in outcomes]
    symbols = {"gamma": "0 < gamma < 1", "p": "0 < p < 1"}
    mdp = MDP.from_transitions(rows, start={(0, 0): 1}, terminal=[goal], gamma="gamma", symbols=symbols)
    logits = {s: {"north": "u", "south": "v", "east": "w"} for s in mdp.nonterminal}
    return Instance(mdp, softmax_policy(mdp, logits), Objective.START_STATE)


def garnet(n: int) -> Instance:
    """A random chain: two actions with three successors each, one shared sigmoid, average reward."""
    rng = random.Random(0)
    rows: list[tuple[Any, ...]] = []
    for s in range(n):
        for action in ("a", "b"):
            # The ring s -> s + 1 keeps every draw irreducible.
            targets = [(s + 1) % n, *rng.sample([t for t in range(n) if t != (s + 1) % n], 2)]
            weights = [rng.randint(1, 9) for _ in targets]
            reward = rng.randint(0, 9)
            rows += [
                (s, action, t, sp.Rational(w, sum(weights)), reward) for t, w in zip(targets, weights, strict=True)
            ]
    mdp = MDP.from_transitions(rows)
    return Instance(mdp, softmax_policy(mdp, {s: {"a": "t"} for s in range(n)}), Objective.AVERAGE_REWARD)


@dataclass(frozen=True)
class Family:
    """A family, its full sizes and the sizes of a quick run."""

    title: str
    make: Callable[[int], Instance]
    sizes: tuple[int, ...]
    quick: tuple[int, ...]


FAMILIES = {
    "walk": Family("random walk on n states, one shared sigmoid", random_walk, (11, 101, 401, 1001), (11,)),
    "tabular": Family("tabular softmax on a chain of n states, symbolic gamma", tabular_chain, (4, 6, 8, 9, 11), (4,)),
    "grid": Family("k x k gridworld, symbolic slip and gamma, three shared parameters", gridworld, (2, 3), (2,)),
    "garnet": Family("Garnet on n states, one parameter, average reward", garnet, (10, 40, 60, 100), (10,)),
}
