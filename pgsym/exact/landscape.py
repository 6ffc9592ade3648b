r"""J, its gradient and its natural gradient in float64, at one theta after another, with one factorization for each.

With :math:`V = (I - \gamma P_\pi)^{-1} r_\pi` and :math:`\eta^\top = \mu_0^\top (I - \gamma P_\pi)^{-1}`,
differentiating the linear system in adjoint order gives :math:`dJ = \eta^\top (dr_\pi + \gamma\, dP_\pi V)`; for the
average reward, :math:`d\bar r = \mu^\top (dr_\pi + dP_\pi h)`.  `pgsym.solve` differentiates forwards, but for floats,
and tests compare the two.

The natural gradient needs no F: with Z the scores, W the weights w(s) pi(a|s) and A the advantages,
:math:`F = Z^\top W Z` and :math:`g = Z^\top W A`, so :math:`F^+ g` is the shortest x that fits A by Z x best in the
weights W (Kakade 2002, Theorem 1).  A singular value decomposition of :math:`\sqrt W Z` never squares its condition
number.  F is block-diagonal over parameters that share no state, and its pseudo-inverse with it, so each block is
fitted by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from pgsym.algebra.floating import sparse_lu
from pgsym.errors import SingularMatrixError
from pgsym.exact.elimination_plan import EliminationPlan
from pgsym.exact.float_chain import FloatChain, Floats, PolicyPoint
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure


@dataclass(frozen=True)
class LocalValues:
    """One point of the landscape."""

    J: float
    """The objective, in reward units."""
    gradient: Floats
    """[k] grad J, in the order of ``policy.params``."""
    weight: Floats
    """[N] w(s) pi(a|s) of each pair, w = eta or mu: how often the pair is met."""
    advantage: Floats
    """[N] A(s,a), so that grad J = sum w(s) pi(a|s) grad log pi(a|s) A(s,a)."""
    policy: PolicyPoint

    def natural_gradient(self, damping: float = 0.0) -> Floats:
        """(F + damping I)^-1 grad J, or F^+ grad J without damping, shape (k,), with F not normalised."""
        return natural_direction(self.policy.score, self.weight, self.advantage, damping)


class Landscape(FloatChain):
    """theta -> J(theta) and its derivatives, for one problem whose objective is defined and whose symbols have values.

    >>> place = Landscape(Problem.of("short-corridor")).at(np.zeros(1))
    >>> round(place.J, 12), place.gradient.round(12).tolist()
    (-12.0, [2.0])
    """

    def __init__(self, problem: Problem) -> None:
        self.objective = problem.objective
        self.objective.require_rollouts()
        structure = Structure(problem.mdp, problem.policy)
        if self.objective is Objective.START_STATE:
            states = EliminationPlan.of(structure).live
        else:
            states = problem.mdp.nonterminal
        super().__init__(problem, structure, states)
        structure.require(self.objective)
        if self.objective is not Objective.START_STATE:
            self.pinned = states.index(structure.recurrent_classes[0][-1])

    def at(self, theta: ArrayLike) -> LocalValues:
        """J, its gradient and what the natural gradient needs, at `theta` of shape (k,).

        SingularMatrixError where a probability has rounded to 0, and without it the value is not defined.
        """
        policy = self.policy_at(np.asarray(theta, float))
        choose = self.by_state(policy.pi)
        P_pi, r_pi = sparse.csr_array(choose @ self.P), choose @ self.r
        if self.objective is Objective.START_STATE:
            J, weight, advantage = self._discounted(P_pi, r_pi)
        else:
            J, weight, advantage = self._long_run(P_pi, r_pi)
        # Since sum_a grad pi(a|s) = 0, a state's value may be subtracted, which keeps digits.
        gradient = policy.slope.T @ (weight[self.owner] * advantage)
        if not (np.isfinite(J) and np.isfinite(gradient).all()):
            raise _singular()
        return LocalValues(J, gradient, weight[self.owner] * policy.pi, advantage, policy)

    def _discounted(self, P_pi: sparse.csr_array, r_pi: Floats) -> tuple[float, Floats, Floats]:
        """J, eta and A."""
        if not self.S:  # nothing is ever earned
            return 0.0, np.zeros(0), np.zeros(0)
        lu = _factor(sparse.eye_array(self.S) - self.gamma * P_pi)
        V, eta = lu.solve(r_pi), lu.solve(self.mu0, trans="T")
        return float(self.mu0 @ V), eta, self.r + self.gamma * (self.P @ V) - V[self.owner]

    def _long_run(self, P_pi: sparse.csr_array, r_pi: Floats) -> tuple[float, Floats, Floats]:
        """J, mu and the differential advantage, both over 1 - gamma for the stationary value.

        The last recurrent state is pinned: expected visits between two returns to it give mu, and expected
        rewards until it is reached give h up to a constant, which no advantage sees.
        """
        rest = np.delete(np.arange(self.S), self.pinned)
        mu, h = np.zeros(self.S), np.zeros(self.S)
        mu[self.pinned] = 1.0
        lu = _factor(sparse.eye_array(self.S - 1) - P_pi[rest][:, rest]) if self.S > 1 else None
        if lu is not None:
            mu[rest] = lu.solve(P_pi[[self.pinned]].toarray()[0, rest], trans="T")
        mu /= mu.sum()
        rbar = float(mu @ r_pi)
        if lu is not None:
            h[rest] = lu.solve((r_pi - rbar)[rest])
        advantage = self.r - rbar + self.P @ h - h[self.owner]
        # sum_s mu(s) V(s) = rbar / (1 - gamma), since mu P_pi = mu.
        scale = 1 / (1 - self.gamma) if self.objective is Objective.STATIONARY_VALUE else 1.0
        return scale * rbar, mu, scale * advantage


def _factor(matrix: sparse.sparray) -> Any:
    try:
        return sparse_lu(matrix, where="theta")
    except SingularMatrixError:
        raise _singular() from None


def _singular() -> SingularMatrixError:
    return SingularMatrixError(
        "J is not a float at this theta; probabilities that have rounded to 0 leave no end, or no single recurrent "
        "class. Take smaller steps",
        where="theta",
    )


def natural_direction(score: sparse.csr_array, weight: Floats, advantage: Floats, damping: float = 0.0) -> Floats:
    """(F + damping I)^-1 g; for ``damping = 0``, F^+ g; from Z (N, k), W's diagonal (N,) and A (N,).

    Without damping, a singular value of a block counts as zero below ``max(N, k) eps`` times the block's largest,
    which is the rounding error of the decomposition (as in `numpy.linalg.matrix_rank`).

    >>> Z = sparse.csr_array([[0.5, -0.5], [-0.5, 0.5]])
    >>> natural_direction(Z, np.array([0.5, 0.5]), np.array([2.0, -2.0])).round(12).tolist()
    [2.0, -2.0]
    """
    k = score.shape[1]
    used = sparse.csr_array(score)
    used.eliminate_zeros()
    pattern = sparse.csr_array((np.ones(used.nnz), used.indices, used.indptr), shape=used.shape)
    _, block = connected_components(sparse.csr_array(pattern.T @ pattern), directed=False)
    order = np.argsort(block, kind="stable")
    root = np.sqrt(weight)
    Z, target = sparse.csc_array(sparse.diags_array(root) @ used)[:, order], root * advantage
    found = np.zeros(k)
    bounds = np.append(np.searchsorted(block[order], np.arange(block.max(initial=-1) + 1)), k)
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        low, high = Z.indptr[first], Z.indptr[last]
        rows, row = np.unique(Z.indices[low:high], return_inverse=True)
        B = np.zeros((len(rows), last - first))
        B[row, np.repeat(np.arange(last - first), np.diff(Z.indptr[first : last + 1]))] = Z.data[low:high]
        found[order[first:last]] = _fitted(B, target[rows], damping)
    return found


def _fitted(B: Floats, target: Floats, damping: float) -> Floats:
    """The shortest x that makes |B x - target|^2 + damping |x|^2 least."""
    if not B.size:
        return np.zeros(B.shape[1])
    U, s, Vt = np.linalg.svd(B, full_matrices=False)
    kept = s > (0.0 if damping > 0 else max(B.shape) * np.finfo(float).eps * s[0])
    return Vt[kept].T @ (s[kept] / (s[kept] ** 2 + damping) * (U.T[kept] @ target))
