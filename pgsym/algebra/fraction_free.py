r"""Without fractions: sums of products over one denominator, and small linear systems over a ring of polynomials.

With the pivots p_0, p_1, ... and p_{-1} = 1, step k makes of every row below

    a_{ij} <- (p_k a_{ij} - a_{ik} a_{kj}) / p_{k-1},

a minor of the matrix, so that the division is exact and no greatest common divisor is needed.  A row without an entry
in the pivot's column would only be multiplied by p_k / p_{k-1}; it waits, with the last pivot that changed it.

Reference: E. H. Bareiss, Sylvester's identity and multistep integer-preserving Gaussian elimination (1968).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgsym.algebra.coprime import CoprimeBase, Factors
from pgsym.algebra.field import LazyVector, triangular
from pgsym.algebra.fraction import ONE, RationalFunction, reduced
from pgsym.algebra.polynomial import Polynomial, Ring
from pgsym.errors import SingularMatrixError

Terms = Sequence[tuple[int, Any, Any]]
"""(j, a, b): a sum of a b x_j."""
PolynomialRow = dict[int, Polynomial]
"""Nonzero entries by column."""


def dot(base: CoprimeBase, left: Sequence[Any], right: Sequence[Any]) -> RationalFunction | None:
    """sum_i left_i right_i, reduced once; None where the products' denominators differ by more than numbers."""
    factors: Factors | None = None
    scale, terms = ONE, []
    for a, b in zip(left, right, strict=True):
        found = a.factors or b.factors
        if (a.factors and b.factors) or (factors is not None and factors != found):
            return None
        factors, own = found, a.scale * b.scale
        scale = scale if own == scale else scale.lcm(own)
        terms.append((a.numerator, b.numerator, own))
    multiply, numerator = base.ring.multiply, base.ring.zero
    for x, y, own in terms:
        if own != scale:
            x, y = (x, y * (scale // own)) if len(y) < len(x) else (x * (scale // own), y)
        numerator = numerator + multiply(x, y)
    return reduced(base, numerator, scale, factors or ())


def cleared_row(base: CoprimeBase, terms: Terms, i: int, n: int) -> PolynomialRow | None:
    """The equation x_i = sum a b x_j as row i of a matrix of polynomials; None where denominators differ.

    With x_n = 1: what stands alone is the right side.
    """
    factors: Factors = ()
    scale, multiply = ONE, base.ring.multiply
    for _, a, b in terms:
        if (found := a.factors) and b.factors:
            return None
        found = found or b.factors
        if found and found is not factors:
            if factors and found != factors:
                return None
            factors = found
        if (own := a.scale * b.scale) != scale:
            scale = scale.lcm(own)
    below = base.expand(base.live(factors))
    row: PolynomialRow = {i: below * scale}
    for j, a, b in terms:
        product = multiply(a.numerator, b.numerator)
        if (own := a.scale * b.scale) != scale:
            product = product * (scale // own)
        if factors and not (a.factors or b.factors):
            product = multiply(product, below)
        if j == n:
            row[n] = row[n] + product if n in row else product
        else:
            row[j] = row[j] - product if j in row else -product
    return row


def solve_cleared(base: CoprimeBase, rows: Sequence[PolynomialRow], last: int) -> LazyVector:
    """The x with sum_j a_ij x_j = a_in for n rows; `last` is found without the others."""
    n, zero = len(rows), base.ring.zero
    found = triangular_form(base.ring, rows, last)
    elements = [{j: RationalFunction(base, e) for j, e in found[i].items()} for i in range(n)]
    start = [row.get(n, RationalFunction(base, zero)) for row in elements]
    terms = [[(j, e) for j, e in row.items() if j not in (i, n)] for i, row in enumerate(elements)]
    return triangular(start, terms.__getitem__, [row[i] for i, row in enumerate(elements)])


def triangular_form(ring: Ring, rows: Sequence[PolynomialRow], last: int) -> dict[int, PolynomialRow]:
    """{pivot's column: row} for n equations in n unknowns, the right sides in column n.

    Each row holds unknowns that are pivots of later rows; the unknown `last` comes last where its pivot is not 0.

    >>> ring = Ring(1)
    >>> (x,) = ring.generators
    >>> triangular_form(ring, [{0: x, 1: ring.one, 2: ring.one}, {0: ring.one, 1: x, 2: x}], 1)
    {0: {0: x, 1: 1, 2: 1}, 1: {1: x^2 + (-1), 2: x^2 + (-1)}}
    """
    n, multiply, level = len(rows), ring.multiply, ring.one
    waiting = {i: ({j: e for j, e in row.items() if not e.is_zero()}, ring.one) for i, row in enumerate(rows)}
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
