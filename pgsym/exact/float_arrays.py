r"""A model and a tabular softmax policy as arrays of float64, for up to millions of states: no object per outcome.

:math:`V = M^{-1} r_\pi` and :math:`\eta = M^{-\top} \mu_0` with :math:`M = I - \gamma P_\pi`, by sparse LU or beyond
its fill by BiCGSTAB, both refined until their errors are certified: M is an M-matrix, so :math:`M w \ge \delta > 0`
for some :math:`w > 0` gives :math:`\|M^{-1}\|_\infty \le \max w / \delta`.  For gamma < 1, w = 1 serves; for
gamma = 1, w is the expected number of steps.  Residuals are computed in float64, so bounds hold up to their rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.linalg import bicgstab

from pgsym.algebra.floating import sparse_lu
from pgsym.errors import (
    DiscountError,
    ImproperPolicyError,
    NotStochasticError,
    PolicyError,
    SchemaError,
    SingularMatrixError,
)
from pgsym.trust import Level, Trust

Floats = NDArray[np.float64]

DIRECT = 50_000
"""Up to so many states LU is faster, on planar models at least."""
WANTED = 1e-10
"""Certified relative error of V and eta, in the norms of the largest entry and of the sum."""
ROUNDS = 30
"""Of refinement, each for three digits or more."""


@dataclass(frozen=True)
class ArrayValues:
    """The quantities of a `FloatArrays` at its logits."""

    J: float
    V: Floats
    """[S]"""
    Q: Floats
    """[S, A]; 0 where the action is not available."""
    eta: Floats
    """[S] Expected discounted visits; 0 in terminal states."""
    pi: Floats
    """[S, A]"""
    grad: Floats
    """[S, A] dJ / d logits."""
    condition: float
    """A bound of the largest row sum of (I - gamma P_pi)^-1."""
    error_V: float
    """The largest error of V is at most this."""
    error_eta: float
    """The sum of the errors of eta is at most this."""

    trust = Trust(Level.FLOAT)

    @property
    def error_J(self) -> float:
        return self.error_V  # mu0 sums to 1


class FloatArrays:
    """P [S A, S] sparse, with row s A + a for (s, a); r [S, A]; mu0 [S]; gamma.

    A row of zeros is an action that is not available; a state without actions is terminal.

    >>> import numpy as np
    >>> P = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])  # go, wait; the second state is terminal
    >>> found = FloatArrays(P, [[1, 0], [0, 0]], start=[1, 0], gamma=0.9).at(np.zeros((2, 2)))
    >>> round(found.J, 12), found.grad[0].round(12).tolist(), found.error_J < 1e-9
    (0.909090909091, [0.082644628099, -0.082644628099], True)
    """

    def __init__(self, P: Any, r: ArrayLike, *, start: ArrayLike, gamma: float = 1.0) -> None:
        self.P = sparse.csr_array(P, dtype=float)
        self.r, self.mu0, self.gamma = np.asarray(r, float), np.asarray(start, float), float(gamma)
        self.S = self.P.shape[1]
        if self.r.ndim != 2 or self.r.shape[0] != self.S or self.P.shape[0] != self.r.size:
            raise SchemaError(
                f"found P of shape {self.P.shape} and r of {self.r.shape}; (S A, S) and (S, A) are required. Reshape",
                where="P",
            )
        if self.mu0.shape != (self.S,):
            raise SchemaError(f"found shape {self.mu0.shape}; ({self.S},) is required. Reshape it", where="start")
        if not 0 <= self.gamma <= 1:
            raise DiscountError(f"found {gamma}; must lie in [0, 1]. Correct it", where="gamma")
        if not np.isfinite(self.r).all():
            raise SchemaError("a reward is not finite; rewards are numbers. Correct it", where="r")
        self.P.eliminate_zeros()
        sums = np.asarray(self.P.sum(axis=1), float)
        self.available = (np.diff(self.P.indptr) > 0).reshape(self.r.shape)
        _require_distributions(self.P.data, sums[self.available.ravel()], "P")
        _require_distributions(self.mu0, self.mu0.sum(keepdims=True), "start")
        if self.gamma == 1:
            self._require_ends()

    def _require_ends(self) -> None:
        """From every state some actions lead to a terminal one."""
        coo = self.P.tocoo()
        state, last = coo.row // self.r.shape[1], self.S  # one more node, which leads back to all terminal states
        ends = np.flatnonzero(~self.available.any(axis=1))
        edges = (np.append(coo.col, np.full(len(ends), last)), np.append(state, ends))
        back = sparse.csr_array((np.ones(len(edges[0])), edges), shape=(last + 1, last + 1))
        found = breadth_first_order(back, last, return_predecessors=False)
        if len(found) <= self.S:
            missing = np.setdiff1d(np.arange(self.S), found)
            raise ImproperPolicyError(
                f"gamma = 1 and {len(missing)} states never end (state {missing[0]}); every state must end with "
                "probability 1. Set gamma < 1, or leave them out",
                where="P",
            )

    def at(self, logits: ArrayLike) -> ArrayValues:
        """J, V, Q, eta and all derivatives of J at logits [S, A], with one factorization or two iterations.

        SingularMatrixError where the errors cannot be brought below `WANTED`.
        """
        S, pi = self.S, self._pi(np.asarray(logits, float))
        rows = np.arange(0, pi.size + 1, pi.shape[1])
        P_pi = sparse.csr_array((pi.ravel(), np.arange(pi.size), rows), shape=(S, pi.size)) @ self.P
        M = sparse.csr_array(sparse.eye_array(S) - self.gamma * P_pi)
        transposed = M.T.tocsr()
        if self.S <= DIRECT:
            lu = sparse_lu(M, where="logits")
            forwards, backwards = lu.solve, lambda b: lu.solve(b, trans="T")
        else:
            forwards, backwards = _krylov(M), _krylov(transposed)
        condition = 1 / (1 - self.gamma) if self.gamma < 1 else self._steps(M, forwards)
        V, error_V = _refined(M, (pi * self.r).sum(axis=1), forwards, _largest, condition)
        eta, error_eta = _refined(transposed, self.mu0, backwards, _total, condition)
        eta = np.where(self.available.any(axis=1), eta, 0.0)
        Q = np.where(self.available, self.r + self.gamma * (self.P @ V).reshape(self.r.shape), 0.0)
        # dJ = eta (dr_pi + gamma dP_pi V); a state's value may be subtracted, since its dpi sum to 0.
        grad = eta[:, None] * pi * (Q - V[:, None])
        return ArrayValues(float(self.mu0 @ V), V, Q, eta, pi, grad, condition, error_V, error_eta)

    def _pi(self, logits: Floats) -> Floats:
        if logits.shape != self.r.shape:
            raise SchemaError(f"found shape {logits.shape}; {self.r.shape} is required. Reshape it", where="logits")
        if not np.isfinite(logits[self.available]).all():
            raise PolicyError("a logit is not finite; logits must be finite. Take smaller steps", where="logits")
        masked = np.where(self.available, logits, -np.inf)
        highest = masked.max(axis=1, keepdims=True)
        weights = np.exp(masked - np.where(np.isfinite(highest), highest, 0.0))
        total = weights.sum(axis=1, keepdims=True)
        pi: Floats = weights / np.where(total > 0, total, 1.0)
        return pi

    def _steps(self, M: Any, solve: Callable[[Floats], Floats]) -> float:
        """The bound of M^-1 by w = the expected number of steps, found in whatever way and checked here."""
        w = np.zeros(self.S)
        for _ in range(ROUNDS):
            w = w + solve(1 - M @ w)
            least = float((M @ w).min())
            if least >= 0.5 and w.min() > 0:
                return float(w.max()) / least
        raise _uncertified(float("inf"))


def _require_distributions(entries: Floats, sums: Any, where: str) -> None:
    wrong = np.abs(sums - 1).max(initial=0.0)
    if not (np.isfinite(entries).all() and (entries >= 0).all() and wrong <= 1e-9):
        raise NotStochasticError(
            f"rows are off 1 by up to {wrong:.3g}, or have negative entries; each must be a distribution to within "
            "1e-9. Correct them, or divide them by their sums",
            where=where,
        )


def _krylov(M: Any) -> Callable[[Floats], Floats]:
    """An approximate solution of M x = b, which `_refined` improves."""
    return lambda b: bicgstab(M, b, rtol=1e-6, maxiter=5000)[0]


def _refined(
    M: Any, b: Floats, solve: Callable[[Floats], Floats], norm: Callable[[Floats], float], condition: float
) -> tuple[Floats, float]:
    """x with M x = b, and the bound of its error in the norm."""
    x = np.zeros(len(b))
    best, error = x, float("inf")
    for _ in range(ROUNDS):
        x = x + solve(b - M @ x)
        bound = condition * norm(b - M @ x)
        if bound < error:
            best, error = x, bound
        if error <= WANTED * norm(best):
            break
    if not error <= WANTED * norm(best):
        raise _uncertified(error)
    return best, error


def _largest(x: Floats) -> float:
    return float(np.abs(x).max())


def _total(x: Floats) -> float:
    return float(np.abs(x).sum())


def _uncertified(error: float) -> SingularMatrixError:
    return SingularMatrixError(
        f"the best bound of an error is {error:.3g}; {WANTED:g} of the solution is required. Take a smaller gamma, or "
        "logits nearer to 0",
        where="logits",
    )
