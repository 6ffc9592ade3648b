"""What an inequality says is not negative, coordinate by coordinate.

A symmetric matrix has only real eigenvalues, so it is positive semidefinite exactly if no coefficient of its
characteristic polynomial has the wrong sign (Descartes): if for each k the sum of its principal minors of order k is
not negative; and positive definite if these sums are positive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import sympy as sp

from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.counterexample import Coordinate
from pgsym.claims.language.relation import RELATIONS
from pgsym.errors import HypothesisError


class Numbers(NamedTuple):
    """What is needed of a field."""

    number: Callable[[Fraction], Any]
    is_zero: Callable[[Any], bool]


SYMPY = Numbers(lambda value: sp.Rational(value.numerator, value.denominator), lambda value: bool(value == 0))
"""Numbers as expressions."""


def gaps(
    setting: BoundClaim, left: Mapping[Coordinate, Any], right: Mapping[Coordinate, Any], numbers: Any
) -> dict[Coordinate, Any]:
    """What is not negative, or for a strict inequality is positive, exactly if it holds.

    The sides have all coordinates; `numbers` is a field, or `Numbers`.  HypothesisError where a matrix is not
    symmetric.
    """
    larger, smaller = (right, left) if RELATIONS[setting.claim.relation].larger == "right" else (left, right)
    found = {c: larger[c] - smaller[c] for c in left}
    if setting.rank < 2:
        return found
    matrices: dict[Any, dict[tuple[sp.Symbol, ...], Any]] = {}
    for c, e in found.items():
        matrices.setdefault(c.places, {})[c.parameters] = e
    return {
        Coordinate(place, tuple(block), k): e
        for place, matrix in matrices.items()
        for block in _blocks(matrix, numbers.is_zero, place)
        for k, e in enumerate(minor_sums(matrix, block, numbers), 1)
    }


def _blocks(
    matrix: Mapping[tuple[sp.Symbol, ...], Any], is_zero: Callable[[Any], bool], place: Any
) -> Iterator[list[sp.Symbol]]:
    """Parameters that zeros separate: a matrix is as definite as its blocks on the diagonal are."""
    blocks = {p: [p] for p, q in matrix if p == q}
    for (p, q), e in matrix.items():
        if p != q and not is_zero(e - matrix[q, p]):
            raise HypothesisError(
                f"found a matrix whose entries ({p}, {q}) and ({q}, {p}) differ; an order of matrices is one of "
                "symmetric matrices. Compare m + transpose(m)",
                where=", ".join(f"{index} = {name}" for index, name in place) or "matrix",
            )
        if not is_zero(e) and blocks[p] is not blocks[q]:
            blocks[p].extend(blocks[q])
            blocks.update(dict.fromkeys(blocks[q], blocks[p]))
    yield from {id(block): block for block in blocks.values()}.values()


def minor_sums(matrix: Mapping[tuple[sp.Symbol, ...], Any], block: list[sp.Symbol], numbers: Any) -> Iterator[Any]:
    """The sums of the principal minors of order 1, 2, ... (Faddeev and Le Verrier).

    >>> a, b = sp.symbols("a b")
    >>> entries = dict(zip([(a, a), (a, b), (b, a), (b, b)], map(sp.Integer, (2, 1, 1, 3)), strict=True))
    >>> list(minor_sums(entries, [a, b], SYMPY))
    [5, 5]
    """
    zero, sign = numbers.number(Fraction(0)), 1
    power = {(p, p): numbers.number(Fraction(1)) for p in block}
    for k in range(1, len(block) + 1):
        power = {
            (p, q): sum((matrix[p, m] * power[m, q] for m in block if (m, q) in power), zero)
            for p in block
            for q in block
        }
        trace = sum((power[p, p] for p in block), zero) * numbers.number(Fraction(1, k))
        yield trace * numbers.number(Fraction(sign))
        for p in block:
            power[p, p] = power[p, p] - trace
        sign = -sign
