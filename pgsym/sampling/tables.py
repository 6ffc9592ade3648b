"""An MDP under a policy at one theta, as float64 arrays: what every sampler starts from.

States are numbered in the order of ``mdp.nonterminal``; one more index, ``S``, stands for all terminal
states and absorbs.  Successors are sparse, and rewards are those of single outcomes, r(s,a,s'): averaging
them to r(s,a) would change the variance of every estimator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pgsym.errors import SamplingError
from pgsym.expression.complaint import nearest, short
from pgsym.model.mdp import State
from pgsym.model.problem import Problem
from pgsym.sampling.policy import direct_value, policy_tables

REWARD = 1e30
"""The largest reward lies below, and above its inverse: a return, in float32, has neither overflow nor underflow."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Tables:
    """S non-terminal states, N pairs (s, a), O outcomes (s, a, s'), k parameters.

    >>> from pgsym.model import MDP
    >>> mdp = MDP.from_transitions([("s", "a", "end", 1, 2), ("s", "b", "s", 1, 0)], start="s", terminal=["end"])
    >>> tables = build_tables(Problem(mdp))
    >>> tables.S, tables.N, tables.O, tables.k
    (1, 2, 2, 2)
    >>> tables.outcome_next.tolist(), tables.outcome_reward.tolist()
    ([1, 0], [2.0, 0.0])
    """

    problem: Problem
    """What they are of."""
    states: tuple[State, ...]
    """The non-terminal states, by index."""
    terminal: frozenset[State]
    """The terminal states, which are one index together."""
    params: tuple[sp.Symbol, ...]
    """theta's coordinates, by index."""
    theta: Floats
    """[k]"""
    gamma: float
    """Discount factor."""
    start: Floats
    """[S+1] mu0; all zero when the model gives no start distribution."""
    pair_state: Ints
    """[N] the state of each pair; ascending."""
    pi: Floats
    """[N] pi(a|s)."""
    score_index: Ints
    """[N, m] the parameters on which log pi(a|s) depends, padded with 0."""
    score_value: Floats
    """[N, m] d log pi(a|s) / d theta, padded with 0."""
    outcome_pair: Ints
    """[O] the pair of each outcome; ascending."""
    outcome_next: Ints
    """[O] next state; S for every terminal one."""
    outcome_p: Floats
    """[O] P(s'|s,a) of each outcome, positive."""
    outcome_reward: Floats
    """[O] r(s,a,s')."""

    @property
    def S(self) -> int:
        """The number of non-terminal states is the index of the absorbing one."""
        return len(self.states)

    @property
    def N(self) -> int:
        """Number of pairs (s, a)."""
        return len(self.pi)

    @property
    def O(self) -> int:  # noqa: E743
        """Number of outcomes."""
        return len(self.outcome_p)

    @property
    def k(self) -> int:
        """Number of parameters."""
        return len(self.params)

    @property
    def joint(self) -> Floats:
        """[O] pi(a|s) P(s'|s,a): the probability of each outcome given its state."""
        return self.pi[self.outcome_pair] * self.outcome_p

    @property
    def outcome_state(self) -> Ints:
        """[O] the state of each outcome."""
        return self.pair_state[self.outcome_pair]

    def scores(self) -> Floats:
        """[N, k] grad log pi(a|s), dense."""
        dense = np.zeros((self.N, self.k))
        np.add.at(dense, (np.arange(self.N)[:, None], self.score_index), self.score_value)
        return dense

    def by_outcome(self) -> Tables:
        """The same with a pair (s, a) for each of its outcomes."""
        pairs = self.outcome_pair
        return replace(
            self,
            pair_state=self.pair_state[pairs],
            pi=self.pi[pairs],
            score_index=self.score_index[pairs],
            score_value=self.score_value[pairs],
            outcome_pair=np.arange(self.O, dtype=np.int32),
        )

    def along(self, directions: Floats) -> Tables:
        """The same tables with D chosen directions v [D, k] for parameters: the scores become v . grad log pi.

        Every estimator is linear in the scores, so its g along a direction is v . g.
        """
        if directions.ndim != 2 or directions.shape[1] != self.k or not len(directions):
            raise SamplingError(
                f"shape {directions.shape}; must be (D, {self.k}), one row a direction. Give one column a parameter",
                where="directions",
            )
        D, chunk = len(directions), max(1, 2**20 // self.score_index.shape[1])
        # Rows in chunks: [N, m, D] would not fit for many pairs.
        value = np.vstack(
            [
                np.einsum("nm,nmd->nd", self.score_value[i : i + chunk], directions.T[self.score_index[i : i + chunk]])
                for i in range(0, self.N, chunk)
            ]
        )
        index = np.broadcast_to(np.arange(D, dtype=np.int32), (self.N, D))
        params = tuple(sp.Symbol(f"direction_{d + 1}") for d in range(D))
        return replace(self, params=params, theta=directions @ self.theta, score_index=index, score_value=value)

    def by_state(self, values: Mapping[State, Any] | Sequence[Any], *, where: str) -> Floats:
        """[S+1] a function of the state given by name or in order; 0 in the absorbing state, whatever is given."""
        if isinstance(values, Mapping):
            known = {*self.states, *self.terminal}
            unknown = [s for s in values if s not in known]
            if unknown:
                help = nearest(unknown[0], self.states, "those that act are")
                raise SamplingError(
                    f"state {short(repr(unknown[0]))} is unknown; {help}. Rename or remove it", where=where
                )
            missing = [s for s in self.states if s not in values]
            if missing:
                raise SamplingError(
                    f"no value for state {missing[0]!r}; every non-terminal state needs one. Add it", where=where
                )
            values = [values[s] for s in self.states]
        found = [direct_value(v) if isinstance(v, sp.Expr) else float(v) for v in values]
        if len(found) != self.S:
            raise SamplingError(
                f"{len(found)} values; the model has {self.S} non-terminal states. Give one for each, in order",
                where=where,
            )
        return np.array([*found, 0.0])


def build_tables(problem: Problem) -> Tables:
    """Numbers for sampling a problem at its theta; floats or SymPy numbers."""
    mdp, policy = problem.mdp, problem.policy
    if mdp.symbols:
        names = ", ".join(sorted(symbol.name for symbol in mdp.symbols))
        raise SamplingError(
            f"{names} has no value; sampling needs numbers. Give it: problem.at(NAME=VALUE), or --set",
            where="mdp",
        )
    point = {x: direct_value(v) for x, v in problem.point.items()}
    states = mdp.nonterminal
    number = {s: i for i, s in enumerate(states)}
    acting = policy_tables(policy, point)
    start = np.zeros(len(states) + 1)
    for s, p in mdp.start.items():
        start[number.get(s, len(states))] += direct_value(p)
    outcomes = [
        (n, number.get(o.state, len(states)), direct_value(o.p), direct_value(o.r))
        for n, (s, a) in enumerate(mdp.pairs)
        for o in mdp.outcomes(s, a)
        if o.p != 0
    ]
    pair, successor, p, r = zip(*outcomes, strict=True)
    largest = max(map(abs, r))
    if largest and not 1 / REWARD < largest < REWARD:
        raise SamplingError(
            f"the largest reward is {largest:.3g}; runs are drawn in single precision, which holds those between "
            f"{1 / REWARD:.0e} and {REWARD:.0e}. Give rewards in another unit",
            where="mdp",
        )
    return Tables(
        problem=problem,
        states=states,
        terminal=mdp.terminal,
        params=policy.params,
        theta=np.array([point[x] for x in policy.params], np.float64),
        gamma=direct_value(mdp.gamma),
        start=start,
        pair_state=np.array([number[s] for s, _ in mdp.pairs], np.int32),
        pi=acting.pi,
        score_index=acting.score_index,
        score_value=acting.score_value,
        outcome_pair=np.array(pair, np.int32),
        outcome_next=np.array(successor, np.int32),
        outcome_p=np.array(p, np.float64),
        outcome_reward=np.array(r, np.float64),
    )
