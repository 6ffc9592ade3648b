r"""Linear systems of Markov chains in float64, with bounds of the errors: :math:`M = I - \gamma P`, and its transpose.

M is an M-matrix, so :math:`M w \ge \delta > 0` for some :math:`w > 0` bounds the row sums of :math:`M^{-1}` by
:math:`\max w / \delta`, whatever found w: the ones where gamma < 1, the expected number of steps where runs end.  A
solution x is then off by at most this times :math:`|b - M x|`, to which the rounding of M and of the residual is added.

Where the graph is small or narrow, elimination fills in little: sparse LU, minimum degree first.  Elsewhere BiCGSTAB in
float32, refined in float64, comes first: it needs few steps where the chain mixes fast or gamma is well below 1.  Where
it stalls, LU takes over, in float32 too where the discount alone keeps the inverse small.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import reverse_cuthill_mckee
from scipy.sparse.linalg import bicgstab, splu

from pgsym.errors import SingularMatrixError

Floats = NDArray[np.float64]

UNIT = 2.0**-53
"""Relative rounding error of one operation."""
DOT = 64 * UNIT
"""Of a pairwise sum of products, relative to the largest, where one factor sums to 1."""
SLACK = 1 + 1e-12
"""Covers the rounding of norms and of the few operations on bounds."""
DIRECT = 10**9
"""LU comes first where elimination within a band takes no more operations."""
WANTED = 1e-11
"""Relative error at which refinement stops."""
ACCEPTED = 1e-6
"""A larger relative error is refused."""
STEPS = (50, 400)
"""The least and the most of BiCGSTAB between two refinements."""
DROP = 1e-4
"""By how much they lower the residual; float32 stalls soon after."""
SINGLE = 2e4
"""Up to this bound of the inverse, factors in float32 gain digits with each refinement."""
GAIN = 8
"""A refinement that lowers the bound by less stalls, as long as nothing is certified."""


class Bounded(NamedTuple):
    """Numbers that are off by at most `error`, in the norm that goes with them."""

    value: Floats
    error: float


class MarkovSystem:
    """I - gamma P with certified solutions; each entry of P is a sum of `terms` rounded products of exact floats.

    >>> system = MarkovSystem(sparse.csr_array([[0.0, 0.5], [0.0, 0.0]]), 1)
    >>> x, error = system.solve(np.array([1.0, 2.0]))
    >>> x.tolist(), 0 < error < 1e-14
    ([2.0, 2.0], True)
    """

    def __init__(self, gamma_P: Any, terms: int) -> None:
        self.M = narrow(sparse.eye_array(gamma_P.shape[0], format="csr") - gamma_P)
        rows, columns = np.diff(self.M.indptr).max(), np.bincount(self.M.indices).max()
        self.rounding = float(max(rows, columns) + terms + 6) * UNIT
        """Of an entry of a residual, relative to the sum of its terms' sizes."""

    @cached_property
    def transposed(self) -> Any:
        """Of M, by rows."""
        return narrow(self.M.T.tocsr())

    @cached_property
    def direct(self) -> Callable[[Floats, Any], Floats]:
        """By factors without pivoting, since M is an M-matrix; found once, where they are needed."""
        single = not self.cheap and self._bound(np.ones(self.M.shape[0])) <= SINGLE
        kind = np.float32 if single else np.float64
        M = self.transposed.T.astype(kind, copy=False)  # by columns
        try:  # without wide panels, as the factors of a sparse chain have few equal rows
            lu: Any = splu(M, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, relax=4, panel_size=1)
        except (RuntimeError, MemoryError):
            raise _uncertified(float("inf")) from None
        return lambda b, trans: _scaled(lambda b: lu.solve(b, trans), b, kind)

    @cached_property
    def band(self) -> int:
        """How far from the diagonal entries lie in the order of Cuthill and McKee."""
        rank = np.empty(self.M.shape[0], np.int64)
        rank[reverse_cuthill_mckee(self.M)] = np.arange(len(rank))
        return int(abs(rank[self.M.indices] - np.repeat(rank, np.diff(self.M.indptr))).max())

    @cached_property
    def cheap(self) -> bool:
        """Elimination is cheap."""
        S = self.M.shape[0]
        return S**3 <= DIRECT or S * self.band**2 <= DIRECT

    @cached_property
    def weights(self) -> Floats:
        """Some w > 0 with M w > 0 beyond doubt."""
        ones = np.ones(self.M.shape[0])
        if self._bound(ones) < np.inf:
            return ones
        for solve in self._solvers(self.M, "N"):
            w = np.zeros_like(ones)
            for _ in range(5):
                step = solve(1 - self.M @ w)
                w = w + step
                if self._bound(w) <= 2 * w.max() or not step.any():  # M w is at least 1/2, or nothing is found
                    break
            if self._bound(w) < np.inf:
                return w
        raise _uncertified(np.inf)

    @cached_property
    def condition(self) -> float:
        """A bound of the largest row sum of M^-1."""
        return self._bound(self.weights)

    def _bound(self, w: Floats) -> float:
        """Of M^-1 by w; infinite where M w is not positive beyond doubt."""
        least = float((self.M @ w - self.rounding * self._sizes(self.M, w)).min())
        return float(w.max()) / least * SLACK if w.min() > 0 and least > 0 else float("inf")

    def solve(self, b: Floats, error: float = 0.0) -> Bounded:
        """M x = b, where b is off by at most `error` in each entry; the bound is that of the largest entry."""
        return self._refined(self.M, "N", b, error, lambda x: float(x.max(initial=0.0)))

    def solve_transposed(self, b: Floats, error: float = 0.0) -> Bounded:
        """M^T x = b, where the errors of b add up to at most `error`; the bound is that of the sum."""
        return self._refined(self.transposed, "T", b, error, lambda x: float(x.sum()))

    def _refined(self, A: Any, trans: str, b: Floats, error: float, norm: Callable[[Floats], float]) -> Bounded:
        if not b.any():
            return Bounded(np.zeros_like(b), self.condition * error)
        best = Bounded(np.zeros_like(b), self.condition * norm(abs(b)) * SLACK)
        for solve in self._solvers(A, trans):
            x, residual = best.value, b - A @ best.value
            while best.error > WANTED * norm(abs(best.value)):
                x = x + solve(residual)
                residual = b - A @ x
                left, rounded = norm(abs(residual)), self.rounding * norm(self._sizes(A, abs(x)) + abs(b))
                bound = self.condition * (left + rounded) * SLACK
                accepted = best.error <= ACCEPTED * norm(abs(best.value))
                gained = bound < best.error / (2 if accepted else GAIN)
                if bound < best.error:
                    best = Bounded(x, bound)
                if not gained or left < rounded:
                    break
            if best.error <= ACCEPTED * norm(abs(best.value)):
                return Bounded(best.value, best.error + self.condition * error * SLACK)
        raise _uncertified(best.error)

    @staticmethod
    def _sizes(A: Any, x: Floats) -> Floats:
        """(I + gamma P) x for x >= 0, which is at least |A| x."""
        sizes: Floats = 2 * x - A @ x
        return sizes

    def _solvers(self, A: Any, trans: str) -> list[Callable[[Floats], Floats]]:
        """Approximate solutions of A x = b, in the order in which they are tried."""
        single: Any = None if self.cheap or "direct" in vars(self) else A.astype(np.float32)

        def steps(b: Any) -> Any:
            most = int(np.clip(self.band // 3, *STEPS))  # three times that take as long as LU of a grid
            x, failed = bicgstab(single, b, rtol=DROP, maxiter=most)
            return x if not failed or most == STEPS[1] else 0 * b

        def krylov(b: Floats) -> Floats:
            with np.errstate(all="ignore"):
                return _scaled(steps, b, np.float32)

        def direct(b: Floats) -> Floats:
            return self.direct(b, trans)

        return [direct] if single is None else [krylov, direct]


def _scaled(solve: Callable[[Any], Any], b: Floats, kind: Any) -> Floats:
    """By a solver that takes `kind`, whose range may be smaller; zeros where it breaks down."""
    scale = float(abs(b).max()) or 1.0
    x = solve((b / scale).astype(kind)).astype(float) * scale
    return x if np.isfinite(x).all() else np.zeros_like(b)


def narrow(A: Any) -> Any:
    """With indices of 32 bits where they suffice, which halves what a product reads."""
    if A.nnz < 2**31:
        A.indices, A.indptr = A.indices.astype(np.int32, copy=False), A.indptr.astype(np.int32, copy=False)
    return A


def _uncertified(error: float) -> SingularMatrixError:
    return SingularMatrixError(
        f"the best bound of an error is {error:.3g}; {ACCEPTED:g} of the solution is required. Take a smaller gamma, "
        "or logits nearer to 0",
        where="logits",
    )
