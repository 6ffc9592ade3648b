r"""Small linear systems over a ring of polynomials, by fraction-free elimination.

With the pivots p_0, p_1, ... and p_{-1} = 1, step k makes of every row below

    a_{ij} <- (p_k a_{ij} - a_{ik} a_{kj}) / p_{k-1},

a minor of the matrix, so that the division is exact and no greatest common divisor is needed.  A row without an entry
in the pivot's column would only be multiplied by p_k / p_{k-1}; it waits, with the last pivot that changed it.

Reference: E. H. Bareiss, Sylvester's identity and multistep integer-preserving Gaussian elimination (1968).
"""

from __future__ import annotations

from collections.abc import Sequence

from pgsym.algebra.polynomial import Polynomial, Ring
from pgsym.errors import SingularMatrixError

PolynomialRow = dict[int, Polynomial]
"""Nonzero entries by column."""


def triangular_form(ring: Ring, rows: Sequence[PolynomialRow], last: int) -> dict[int, PolynomialRow]:
    """{pivot's column: row} for n equations in n unknowns, the right sides in column n.

    Each row holds unknowns that are pivots of later rows; the unknown `last` comes last where its pivot is not 0.

    >>> ring = Ring(1)
    >>> (x,) = ring.generators
    >>> triangular_form(ring, [{0: x, 1: ring.one, 2: ring.one}, {0: ring.one, 1: x, 2: x}], 1)
    {0: {0: x, 1: 1, 2: 1}, 1: {1: x^2 + (-1), 2: x^2 + (-1)}}
    """
    n, multiply, level = len(rows), ring.multiply, ring.one
    waiting = {i: (row, ring.one) for i, row in enumerate(rows)}
    found: dict[int, PolynomialRow] = {}
    while waiting:
        i = min(waiting, key=lambda i: (i == last, len(waiting[i][0])))
        row, since = waiting.pop(i)
        j = i if i in row else min(row, key=lambda k: (k >= n, k == last), default=n)
        if j == n:
            raise SingularMatrixError(
                f"every entry is zero after {len(found)} of {n} eliminations; the system must have a unique solution. "
                "Check that its equations are independent",
                where=f"row {i}",
            )
        if since is not level:
            row = {k: multiply(e, level) // since for k, e in row.items()}
        pivot = row[j]
        beside = [(k, e) for k, e in row.items() if k != j]
        found[j] = row
        for t, (other, since) in waiting.items():
            entry = other.get(j)
            if entry is not None:
                changed = {k: multiply(pivot, e) for k, e in other.items() if k != j}
                for k, e in beside:
                    product = multiply(entry, e)
                    changed[k] = changed[k] - product if k in changed else -product
                waiting[t] = {k: e // since for k, e in changed.items() if not e.is_zero()}, pivot
        level = pivot
    return found
