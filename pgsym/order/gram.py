"""Sums of squares: p = z^T Q z with a positive definite Q and monomials z, of any degree.

A variable that is not negative is the square of one that is real, which splits Q into blocks by parity.  Newton's
method in floats moves Q away from the boundary of the semidefinite matrices; rounded, its entries are made to add up to
the coefficients exactly.  A polynomial with a zero inside of the domain mostly has no such Q.

References: P. A. Parrilo, Semidefinite programming relaxations for semialgebraic problems (2003); H. Peyrl and P. A.
Parrilo, Computing sum of squares decompositions with rational coefficients (2008), for rounding.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, product
from math import prod
from typing import Any

from pgsym.order.certificates import SumOfSquares
from pgsym.order.checker import check, squared
from pgsym.order.kinds import Extent
from pgsym.order.polynomials import Exponents, Polynomial

BASIS = 60
"""Monomials in z, at most."""

CANDIDATES = 20_000
"""Monomials that are looked at for it."""

FREE = 600
"""Entries of Q that may be chosen, at most."""

STEPS = 60
"""Of Newton's method."""

BITS = 30
"""Of an entry of Q after rounding."""


def sum_of_squares(
    p: Polynomial, extents: tuple[Extent, ...], closed: Extent, deadline: float, strict: bool = False
) -> SumOfSquares | None:
    """A certificate that p >= 0, or > 0 if strict.

    >>> from pgsym.order.polynomials import context
    >>> x, y = context(2).gens()
    >>> lines = (Extent.LINE, Extent.LINE)
    >>> print(sum_of_squares(x**4 - x**3 * y - x * y + y**4 + 1, lines, Extent.OPEN, float("inf")).explain())
    a sum of 6 squares with positive weights
    """
    coefficients = squared(p, extents)
    blocks = _blocks(coefficients, extents)
    if not blocks:
        return None
    groups: dict[Exponents, list[tuple[int, int, int]]] = {}
    for k, block in enumerate(blocks):
        for i, a in enumerate(block):
            for j, b in enumerate(block[: i + 1]):
                groups.setdefault(tuple(map(sum, zip(a, b, strict=True))), []).append((k, i, j))
    if not coefficients.keys() <= groups.keys() or sum(len(g) - 1 for g in groups.values()) > FREE:
        return None
    size = max(map(abs, coefficients.values()))
    target = [(Fraction(coefficients.get(m, 0), size), group) for m, group in groups.items()]
    found = _interior([len(block) for block in blocks], target, deadline)
    if found is None:
        return None
    exact = [[[Fraction(0)] * len(block) for _ in block] for block in blocks]
    for total, group in target:
        parts = [Fraction(round(float(found[k][i, j]) * 2**BITS), 2**BITS) for k, i, j in group]
        over = total - sum(part * (1 + (i != j)) for part, (_, i, j) in zip(parts, group, strict=True))
        each = over / sum(1 + (i != j) for _, i, j in group)
        for part, (k, i, j) in zip(parts, group, strict=True):
            exact[k][i][j] = exact[k][j][i] = (part + each) * size
    certificate = SumOfSquares(tuple(
        (tuple(block), tuple(map(tuple, q))) for block, q in zip(blocks, exact, strict=True)
    ))  # fmt: skip
    return certificate if check(certificate, p, extents, strict, (), closed) else None


def _blocks(coefficients: dict[Exponents, int], extents: Sequence[Extent]) -> list[list[Exponents]]:
    """Monomials whose products can make up the polynomial, by their parity in what is a square."""
    support = list(coefficients)
    if not support:
        return []
    highs, lows = ([f(m[k] for m in support) for k in range(len(extents))] for f in (max, min))
    ranges = [range((low + 1) // 2, high // 2 + 1) for low, high in zip(lows, highs, strict=True)]
    if prod(map(len, ranges)) > CANDIDATES:
        return []
    low, high = min(map(sum, support)), max(map(sum, support))
    basis = {m for m in product(*ranges) if low <= 2 * sum(m) <= high}
    while True:  # the square of a monomial stands in p, or cancels with another product
        if len(basis) > 4 * BASIS:
            return []
        met = {tuple(map(sum, zip(a, b, strict=True))) for a in basis for b in basis if a < b}
        kept = {m for m in basis if (double := tuple(2 * e for e in m)) in coefficients or double in met}
        if kept == basis:
            break
        basis = kept
    if len(basis) > BASIS:
        return []
    signs = [k for k, side in enumerate(extents) if side is not Extent.LINE]
    found: dict[Exponents, list[Exponents]] = {}
    for m in sorted(basis):
        found.setdefault(tuple(m[k] % 2 for k in signs), []).append(m)
    return list(found.values())


def _interior(
    sizes: Sequence[int], target: Sequence[tuple[Fraction, list[tuple[int, int, int]]]], deadline: float
) -> list[Any] | None:
    """Positive definite blocks whose entries add up to the targets: the least t with Q + t I >= 0, while t >= 0."""
    import numpy as np

    n, starts = sum(sizes), np.cumsum([0, *sizes])
    start, moves = np.zeros((n, n)), []
    for total, group in target:
        places = [(starts[k] + i, starts[k] + j) for k, i, j in group]
        each = float(total) / sum(1 + (i != j) for i, j in places)
        for i, j in places:
            start[i, j] = start[j, i] = each
        (i, j), *others = places
        for k, m in others:
            move = np.zeros((n, n))
            move[k, m] = move[m, k] = 1.0 / (1 + (k != m))
            move[i, j] = move[j, i] = -1.0 / (1 + (i != j))
            moves.append(move)
    directions = np.array([*moves, np.eye(n)])
    shift = max(0.0, -np.linalg.eigvalsh(start)[0]) + 1.0
    x = np.zeros(len(directions))
    x[-1], weight = shift, 1.0 / shift
    for _ in range(STEPS):
        if time.monotonic() > deadline:
            return None
        matrix = start + np.einsum("k,kij->ij", x, directions)
        inverse = np.linalg.inv(matrix)
        turned = inverse @ directions @ inverse
        slope = -np.einsum("ij,kij->k", inverse, directions)
        slope[-1] += weight
        bend = turned.reshape(len(directions), -1) @ directions.reshape(len(directions), -1).T
        step = -np.linalg.lstsq(bend, slope, rcond=None)[0]
        decrement = float(np.sqrt(max(-slope @ step, 0.0)))
        x = x + step / (1 + decrement)
        if decrement < 0.5:
            gram = start + np.einsum("k,kij->ij", x, directions) - x[-1] * np.eye(n)
            if x[-1] < 0 and np.linalg.eigvalsh(gram)[0] > 0:
                return [gram[a:b, a:b] for a, b in pairwise(starts)]
            weight *= 4
            if weight * shift > 1e9:
                return None
    return None
