"""Sparse LU over the elements of any field, written once.

`order` has chosen the pivots from the pattern; here the numbers follow.  A pivot that turns out to be zero
is replaced by another entry of its row.  Back-substitution is lazy: ``x[i]`` costs only what it depends on.

>>> from fractions import Fraction
>>> lu = eliminate([{0: Fraction(2), 1: Fraction(1)}, {0: Fraction(1), 1: Fraction(3)}], lambda e: e == 0)
>>> x = lu.solve([Fraction(1), Fraction(0)])
>>> x[0], x[1]
(Fraction(3, 5), Fraction(-1, 5))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pgsym.algebra.field import Factorization, LazyVector, Row, triangular
from pgsym.algebra.ordering import Ordering, order
from pgsym.errors import AlgebraError, SingularMatrixError


@dataclass(eq=False, repr=False)
class SparseLU:
    """A factorization recorded pivot by pivot, (row, column); a `Factorization` over the field of its elements."""

    pivots: list[tuple[int, int]]
    _multipliers: list[list[tuple[int, Any]]]
    _upper: list[dict[int, Any]]
    _is_zero: Callable[[Any], bool]

    def __post_init__(self) -> None:
        self._step_of_row = [0] * len(self.pivots)
        self._step_of_column = [0] * len(self.pivots)
        for k, (i, j) in enumerate(self.pivots):
            self._step_of_row[i] = k
            self._step_of_column[j] = k

    def solve(self, b: Sequence[Any]) -> LazyVector:
        """x with A x = b, shape (n,); the forward pass runs now, the backward pass on demand."""
        y = list(b)
        self._require_length(y)
        for (i, _), multipliers in zip(self.pivots, self._multipliers, strict=True):
            if multipliers and not self._is_zero(y[i]):
                for t, factor in multipliers:
                    y[t] = y[t] - factor * y[i]
        at = self._step_of_column
        start = [y[self.pivots[k][0]] for k in at]
        pivots = [self._upper[k][j] for j, k in enumerate(at)]

        def right(j: int) -> list[tuple[int, Any]]:
            return [(k, e) for k, e in self._upper[at[j]].items() if k != j]

        return triangular(start, right, pivots)

    def solve_transposed(self, c: Sequence[Any]) -> LazyVector:
        """y with A^T y = c, shape (n,): U^T z = c now, L^T y = z on demand."""
        rest = list(c)
        self._require_length(rest)
        z = list(rest)
        for (i, j), upper in zip(self.pivots, self._upper, strict=True):
            z[i] = rest[j]
            if self._is_zero(rest[j]):
                continue
            z[i] = z[i] / upper[j]
            for k, element in upper.items():
                if k != j:
                    rest[k] = rest[k] - element * z[i]
        return triangular(z, lambda i: self._multipliers[self._step_of_row[i]], None)

    def _require_length(self, vector: list[Any]) -> None:
        if len(vector) != len(self.pivots):
            raise AlgebraError(
                f"found {len(vector)} entries for {len(self.pivots)} equations; one each is required. "
                "Give a right-hand side as long as the matrix",
                where="right-hand side",
            )


@dataclass
class RowScaled:
    """The factorization of A from that of S A, S diagonal."""

    _inner: Factorization
    _scales: Sequence[Any]

    def solve(self, b: Sequence[Any]) -> Sequence[Any]:
        """x with S A x = S b."""
        return self._inner.solve([s * e for s, e in zip(self._scales, b, strict=True)])

    def solve_transposed(self, c: Sequence[Any]) -> LazyVector:
        """y = S z, where (S A)^T z = c."""
        z = self._inner.solve_transposed(c)
        return LazyVector(len(z), lambda i: self._scales[i] * z[i])


def eliminate(
    rows: Sequence[Row],
    is_zero: Callable[[Any], bool],
    last: Sequence[int] = (),
    ordering: Ordering | None = None,
    inverse: Callable[[Any], Any] | None = None,
) -> SparseLU:
    """LU of a square sparse matrix, as `Field.factor`.

    Where the field has ``inverse(e) = 1/e``, a pivot is inverted once for its whole column.
    """
    work = [{j: e for j, e in row.items() if not is_zero(e)} for row in rows]
    n = len(work)
    columns: list[set[int]] = [set() for _ in range(n)]
    for i, row in enumerate(work):
        for j in row:
            columns[j].add(i)
    plan = list((ordering or order([row.keys() for row in work], last)).pivots)
    late = set(last)
    planned = {j: k for k, (_, j) in enumerate(plan)}
    pivots: list[tuple[int, int]] = []
    multipliers: list[list[tuple[int, Any]]] = []
    upper: list[dict[int, Any]] = []
    for step in range(n):
        i, j = plan[step]
        row = work[i]
        if j not in row:
            if not row:
                raise SingularMatrixError(
                    f"every entry is zero after {step} of {n} eliminations; the system must have a unique solution. "
                    "Check that its equations are independent",
                    where=f"row {i}",
                )
            found = min(row, key=lambda k: (k in late, len(columns[k]), k))
            other = planned[found]
            plan[other] = (plan[other][0], j)
            planned[j], planned[found] = other, step
            j = found
        below = columns[j]
        below.discard(i)
        pivot = row[j]
        beside = [(k, e) for k, e in row.items() if k != j]
        for k, _ in beside:
            columns[k].discard(i)
        factors: list[tuple[int, Any]] = []
        inverted = inverse(pivot) if inverse is not None and len(below) > 1 else None
        for t in sorted(below):
            target = work[t]
            entry = target.pop(j)
            factor = entry / pivot if inverted is None else entry * inverted
            factors.append((t, factor))
            for k, e in beside:
                old = target.get(k)
                if old is None:
                    target[k] = -(factor * e)
                    columns[k].add(t)
                else:
                    new = old - factor * e
                    if is_zero(new):
                        del target[k]
                        columns[k].discard(t)
                    else:
                        target[k] = new
        pivots.append((i, j))
        multipliers.append(factors)
        upper.append(row)
    return SparseLU(pivots, multipliers, upper, is_zero)
