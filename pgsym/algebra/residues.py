r"""LU over Z/p in a known order: sparse rows first, and one dense block for what has filled up.

The pattern of L and U follows from the pivots alone, so it is found once for all primes and all points; each
row is then reduced in a plain array.  With the last m pivots taken together,

    A = [L11  0] [U11 U12]
        [L21  I] [ 0    T],

T is inverted by FLINT.  The block is chosen such that it costs less than going on with single entries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from flint import nmod, nmod_mat

from pgsym.algebra.ordering import Ordering

UPDATE, CUBE, SQUARE = 130.0, 2.5, 400.0
"""Measured, in nanoseconds: one sparse multiply-subtract; the inverse of T per m^3, and its entries per m^2."""


class Schedule:
    """An ordering, renumbered by steps."""

    def __init__(self, ordering: Ordering) -> None:
        self.pattern = ordering.pattern
        self.rows = [i for i, _ in ordering.pivots]
        self.columns = [j for _, j in ordering.pivots]
        n = self.size = len(self.rows)
        step_of_row, self.step_of_column = [0] * n, [0] * n
        for k, (i, j) in enumerate(ordering.pivots):
            step_of_row[i] = k
            self.step_of_column[j] = k
        self.sparse = _dense_from(ordering)
        """The number of steps before the dense block."""
        self.left: list[list[int]] = [[] for _ in range(n)]
        """By row: the steps below `sparse` that reduce it, in order."""
        for k in range(self.sparse):
            for i in ordering.below[k]:
                self.left[step_of_row[i]].append(k)
        # by step below `sparse`: the later columns of its row
        self.right = [[self.step_of_column[j] for j in ordering.beside[k]] for k in range(self.sparse)]

    @classmethod
    def of(cls, ordering: Ordering) -> Schedule:
        """The schedule of an ordering; it is kept with it."""
        if ordering not in _SCHEDULES:
            _SCHEDULES[ordering] = cls(ordering)
        return _SCHEDULES[ordering]


_SCHEDULES: WeakKeyDictionary[Ordering, Schedule] = WeakKeyDictionary()


def _dense_from(ordering: Ordering) -> int:
    """The step from which on a dense inverse is cheaper than single entries."""
    n = len(ordering.pivots)
    best, found, after = 0.0, n, 0.0
    for k in range(n - 1, -1, -1):
        after += UPDATE * len(ordering.below[k]) * len(ordering.beside[k])
        m = n - k
        gain = after - CUBE * m**3 - SQUARE * m**2
        if gain > best:
            best, found = gain, k
    return found


class ResidueLU:
    """A matrix over Z/p, factored by the schedule of its pattern; a `Factorization`.

    It is not `usable` where another pivot is needed at this point, or a row has an entry that the ordering lacks.

    >>> from pgsym.algebra.ordering import order
    >>> rows = [{0: nmod(2, 101), 1: nmod(1, 101)}, {0: nmod(1, 101), 1: nmod(3, 101)}]
    >>> lu = ResidueLU(rows, Schedule.of(order([row.keys() for row in rows])), 101)
    >>> x = lu.solve([nmod(1, 101), nmod(0, 101)])
    >>> 2 * x[0] + x[1], x[0] + 3 * x[1]
    (1, 0)
    """

    def __init__(self, rows: Sequence[Mapping[int, nmod]], schedule: Schedule, prime: int) -> None:
        self._schedule = schedule
        self._prime = prime
        self._inverse: nmod_mat | None = None
        self.usable = self._factor(rows)

    def _factor(self, rows: Sequence[Mapping[int, nmod]]) -> bool:
        schedule, prime = self._schedule, self._prime
        zero, one = nmod(0, prime), nmod(1, prime)
        n, sparse, step = schedule.size, schedule.sparse, schedule.step_of_column
        self._factors: list[list[nmod]] = []
        self._upper: list[list[nmod]] = []
        self._inverses: list[nmod] = []
        upper, inverses, right = self._upper, self._inverses, schedule.right
        work = [zero] * n
        block: list[nmod] = []
        for s in range(n):
            row, known = rows[schedule.rows[s]], schedule.pattern[schedule.rows[s]]
            if not row.keys() <= known and any(row[j] for j in row.keys() - known):
                return False
            for j, e in row.items():
                work[step[j]] = e
            factors = []
            for k in schedule.left[s]:
                factor = work[k] * inverses[k]
                work[k] = zero
                factors.append(factor)
                for c, e in zip(right[k], upper[k], strict=True):
                    work[c] = work[c] - factor * e
            self._factors.append(factors)
            if s >= sparse:
                block += work[sparse:]
                work[sparse:] = [zero] * (n - sparse)
                continue
            if not work[s]:
                return False
            inverses.append(one / work[s])
            work[s] = zero
            upper.append([work[c] for c in right[s]])
            for c in right[s]:
                work[c] = zero
        if n > sparse:
            try:
                self._inverse = nmod_mat(n - sparse, n - sparse, block, prime).inv()
            except ZeroDivisionError:
                return False
        return True

    def solve(self, b: Sequence[Any]) -> list[nmod]:
        plan, sparse = self._schedule, self._schedule.sparse
        y: list[nmod] = []
        for s, factors in enumerate(self._factors):
            total = b[plan.rows[s]]
            for k, factor in zip(plan.left[s], factors, strict=True):
                total = total - factor * y[k]
            y.append(total)
        y[sparse:] = self._times_inverse(y[sparse:], transposed=False)
        for s in range(sparse - 1, -1, -1):
            total = y[s]
            for c, e in zip(plan.right[s], self._upper[s], strict=True):
                total = total - e * y[c]
            y[s] = total * self._inverses[s]
        return [y[k] for k in plan.step_of_column]

    def solve_transposed(self, c: Sequence[Any]) -> list[nmod]:
        plan, sparse = self._schedule, self._schedule.sparse
        z = [c[j] for j in plan.columns]
        for s in range(sparse):
            value = z[s] = z[s] * self._inverses[s]
            if value:
                for k, e in zip(plan.right[s], self._upper[s], strict=True):
                    z[k] = z[k] - e * value
        z[sparse:] = self._times_inverse(z[sparse:], transposed=True)
        for s in range(len(z) - 1, -1, -1):
            value = z[s]
            if value:
                for k, factor in zip(plan.left[s], self._factors[s], strict=True):
                    z[k] = z[k] - factor * value
        found = list(z)
        for s, i in enumerate(plan.rows):
            found[i] = z[s]
        return found

    def _times_inverse(self, vector: list[nmod], *, transposed: bool) -> list[nmod]:
        if self._inverse is None:
            return []
        m = len(vector)
        if transposed:
            product = nmod_mat(1, m, vector, self._prime) * self._inverse
        else:
            product = self._inverse * nmod_mat(m, 1, vector, self._prime)
        entries: list[nmod] = product.entries()
        return entries
