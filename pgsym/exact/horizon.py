"""The truth about a truncated run: J and grad J of the first T steps, in float64.

The backward recursion V_t = r_pi + gamma P_pi V_{t+1} is differentiated step by step, for all parameters at
once; `problem.unroll(T)` gives the same numbers in closed form on small models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from pgsym.algebra import DualField
from pgsym.errors import StructureError
from pgsym.exact.fields import field_at
from pgsym.exact.quantities import Quantities
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Truncated:
    """J and grad J of E[sum_{t<T} gamma^t r_t].

    Attributes
    ----------
    J : float
        In reward units.
    grad : array, shape (k,)
        In the order of ``policy.params``.
    T : int
        Number of steps.
    """

    J: float
    grad: Floats
    T: int


class FloatChain:
    """The induced chain and its derivatives as float64 arrays and sparse matrices.

    Attributes
    ----------
    P_pi : sparse, shape (S, S)
        Non-terminal states only; what is missing from a row has terminated.
    r_sa : array, shape (N,)
        Expected reward of each state-action pair.
    P_sa : sparse, shape (N, S)
    choose : sparse, shape (S, N)
        pi(a|s): sums over the actions of a state.
    d_choose : sparse, shape (N, k)
        d pi(a|s) / d theta, one row for each pair.
    of_state : sparse, shape (S, N)
        1 where the pair belongs to the state.
    """

    def __init__(self, problem: Problem) -> None:
        mdp, policy = problem.mdp, problem.policy
        theta = {p: float(value) for p, value in problem.point.items()}
        dual = DualField(field_at(problem.replace(theta=theta)), policy.params)
        q = Quantities(mdp, policy, Objective.START_STATE, dual)
        state = {s: i for i, s in enumerate(mdp.nonterminal)}
        column = {p: i for i, p in enumerate(policy.params)}
        pairs = list(mdp.pairs)
        owner = np.array([state[s] for s, _ in pairs])
        shape = (len(state), len(pairs))
        self.of_state = sparse.csr_array((np.ones(len(pairs)), (owner, np.arange(len(pairs)))), shape=shape)
        chosen = np.array([dual.value(q.pi[s][a]) for s, a in pairs])
        self.choose = sparse.csr_array((chosen, (owner, np.arange(len(pairs)))), shape=shape)
        moves = [
            (i, state[t], float(dual.value(p)))
            for i, pair in enumerate(pairs)
            for t, p in q.P[pair].items()
            if t in state
        ]
        self.P_sa = _sparse(moves, (len(pairs), len(state)))
        self.r_sa = np.array([float(dual.value(q.r[pair])) for pair in pairs])
        slopes = [
            (i, column[p], float(e)) for i, (s, a) in enumerate(pairs) for p, e in dual.gradient(q.pi[s][a]).items()
        ]
        self.d_choose = _sparse(slopes, (len(pairs), len(column)))
        self.P_pi = sparse.csr_array(self.choose @ self.P_sa)
        self.r_pi: Floats = self.choose @ self.r_sa
        self.gamma = float(mdp.gamma)
        self.mu0 = np.array([float(mdp.start.get(s, 0)) for s in mdp.nonterminal])

    def steps(self, T: int, last: Floats | None = None) -> tuple[float, Floats]:
        """E[sum_{t<T} gamma^t r_t + gamma^T last(s_T)] and its gradient [k], with `last` [S] held fixed."""
        V = np.zeros(len(self.mu0)) if last is None else last
        dV: Floats = np.zeros((len(V), self.d_choose.shape[1]))
        for _ in range(T):
            Q = self.r_sa + self.gamma * (self.P_sa @ V)
            dV = self.gamma * (self.P_pi @ dV)
            dV += (self.of_state @ sparse.diags_array(Q) @ self.d_choose).toarray()
            V = self.choose @ Q
        return float(self.mu0 @ V), self.mu0 @ dV


def truncated(problem: Problem, T: int) -> Truncated:
    """J and grad J of the first T steps from the start distribution, at the problem's theta.

    Parameters
    ----------
    T
        Number of steps, at least 1.

    Notes
    -----
    Time O(T (nnz(P) k + nnz(d pi))), memory O(S k), for S states and k parameters.
    """
    if T < 1:
        raise StructureError(f"horizon {T}; at least one step is required. Give T >= 1", where="truncated")
    return Truncated(*FloatChain(problem).steps(T), T)


def _sparse(entries: list[tuple[int, int, float]], shape: tuple[int, int]) -> sparse.csr_array:
    rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
    return sparse.csr_array((np.array(values, float), (np.array(rows, int), np.array(columns, int))), shape=shape)
