"""The chain in float64 at one theta after another, and the truth about a truncated run: J and grad J of T steps.

The backward recursion V_t = r_pi + gamma P_pi V_{t+1} is differentiated step by step, for all parameters at
once; `problem.unroll(T)` gives the same numbers in closed form on small models.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from pgsym.algebra.floating import sparse_of
from pgsym.errors import StructureError
from pgsym.exact.elimination_plan import Constants, EliminationPlan
from pgsym.exact.fields import float_field
from pgsym.exact.policy_arrays import Floats, PolicyPoint, policy_arrays
from pgsym.model.mdp import State
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure


class Truncated(NamedTuple):
    """Of E[sum_{t<T} gamma^t r_t]."""

    J: float
    """In reward units."""
    grad: Floats
    """[k] in the order of ``policy.params``."""


class FloatChain:
    """P, r, gamma and mu0 as arrays over S states that act and their N pairs (s, a), and the policy at any theta.

    Attributes
    ----------
    owner : array, shape (N,)
        The state of each pair.
    P : sparse, shape (N, S)
        What is missing from a row has terminated.
    r : array, shape (N,)
        Expected reward of each pair.
    policy_at : function
        theta of shape (k,) -> `PolicyPoint`.
    """

    def __init__(
        self, problem: Problem, structure: Structure | None = None, states: Sequence[State] | None = None
    ) -> None:
        mdp, policy = problem.mdp, problem.policy
        if mdp.symbols:
            names = ", ".join(sorted(s.name for s in mdp.symbols))
            raise StructureError(
                f"no value for {names}; floats need every symbol. Give them: problem.at(NAME=VALUE), or --set",
                where="symbols",
            )
        plan = EliminationPlan.of(structure or Structure(mdp, policy))
        constants = Constants(plan, float_field(policy, dict.fromkeys(policy.params, 0.0), {}))
        index = {s: i for i, s in enumerate(mdp.nonterminal if states is None else states)}
        self.problem = problem
        self.S, self.k = len(index), len(policy.params)
        self.pairs = tuple((s, a) for s, a in mdp.pairs if s in index)
        self.policy_at = policy_arrays(policy, self.pairs)
        self.owner = np.array([index[s] for s, _ in self.pairs], int)
        moves = [
            (n, index[t], float(p))
            for n, pair in enumerate(self.pairs)
            for t, p in constants.P[pair].items()
            if t in index
        ]
        self.P = sparse_of(moves, (len(self.pairs), self.S))
        self.r = np.array([float(constants.r[pair]) for pair in self.pairs])
        self.gamma = float(constants.gamma)
        self.mu0 = np.array([float(constants.mu0.get(s, 0.0)) for s in index])

    def by_state(self, values: Floats) -> sparse.csr_array:
        """Values of the pairs as a sparse matrix (S, N): times a vector, it sums over the actions of each state."""
        return sparse.csr_array((values, (self.owner, np.arange(len(self.pairs)))), shape=(self.S, len(self.pairs)))

    def steps(self, T: int, last: Floats | None = None) -> Truncated:
        """E[sum_{t<T} gamma^t r_t + gamma^T last(s_T)] and its gradient at the problem's theta; `last` [S] is fixed."""
        place: PolicyPoint = self.policy_at(np.array([float(value) for value in self.problem.point.values()]))
        choose = self.by_state(place.pi)
        P_pi = sparse.csr_array(choose @ self.P)
        V = np.zeros(self.S) if last is None else last
        dV: Floats = np.zeros((self.S, self.k))
        for _ in range(T):
            Q = self.r + self.gamma * (self.P @ V)
            dV = self.gamma * (P_pi @ dV) + (self.by_state(Q) @ place.slope).toarray()
            V = choose @ Q
        return Truncated(float(self.mu0 @ V), self.mu0 @ dV)


def truncated(problem: Problem, T: int) -> Truncated:
    """J and grad J of the first T steps from the start distribution, at the problem's theta; T is at least 1.

    Time O(T (nnz(P) k + nnz(d pi))), memory O(S k), for S states and k parameters.
    """
    if T < 1:
        raise StructureError(f"horizon {T}; at least one step is required. Give T >= 1", where="truncated")
    return FloatChain(problem).steps(T)
