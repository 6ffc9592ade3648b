r"""The natural gradient without forming F: (F + damping I)^-1 g, or F^+ g.

With Z the scores, W the weights w(s) pi(a|s) and A the advantages, :math:`F = Z^\top W Z` and
:math:`g = Z^\top W A`, so :math:`F^+ g` is the shortest x that fits A by Z x best in the weights W (Kakade 2002,
Theorem 1).  Fitting by a singular value decomposition of :math:`\sqrt W Z` never squares its condition number.
F is block-diagonal over parameters that share no state (tabular policies: a block for each state), and its
pseudo-inverse with it, so each block is fitted by itself.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from pgsym.ascent.policy_arrays import Floats


def natural_direction(score: sparse.csr_array, weight: Floats, advantage: Floats, damping: float = 0.0) -> Floats:
    """(F + damping I)^-1 g; for ``damping = 0``, F^+ g.

    Parameters
    ----------
    score
        Z, sparse, shape (N, k).
    weight
        W's diagonal, shape (N,), not negative.
    advantage
        A, shape (N,).

    Notes
    -----
    Without damping, a singular value of a block counts as zero below ``max(N, k) eps`` times the block's largest,
    which is the rounding error of the decomposition (as in `numpy.linalg.matrix_rank`).

    Examples
    --------
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
