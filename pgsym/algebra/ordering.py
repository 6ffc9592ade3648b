"""The symbolic phase of sparse elimination: which pivot when, found from the pattern alone.

Markowitz's rule takes the pivot (i, j) with the least (r_i - 1)(c_j - 1), the number of entries that its
elimination touches.  Pivots on the diagonal are preferred: for I - gamma P_pi the rule is then minimum degree,
and the order serves every field and every value of the parameters.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from pgsym.errors import SingularMatrixError


@dataclass(frozen=True, eq=False)
class Ordering:
    """A pivot sequence and what it will cost."""

    pivots: tuple[tuple[int, int], ...]
    """(row, column), in the order of elimination."""
    updates: int
    """Multiply-subtract operations of the elimination, the sum of Markowitz counts."""
    pattern: list[frozenset[int]] = field(repr=False)
    """The columns of each row of the matrix."""
    below: list[list[int]] = field(repr=False)
    """By step: the rows that the pivot's column still has."""
    beside: list[list[int]] = field(repr=False)
    """By step: the columns that the pivot's row still has."""

    @property
    def fill(self) -> int:
        """Entries of L + U, the diagonal included."""
        return sum(len(rows) + len(columns) + 1 for rows, columns in zip(self.below, self.beside, strict=True))


DENSE_FROM, DENSE_SHARE = 32, 0.5
"""Once so many rows are left, and each has this share of the entries it can have, all are taken to be full."""


def order(pattern: Sequence[Collection[int]], last: Collection[int] = ()) -> Ordering:
    """A Markowitz order for the matrix whose row i has entries in the columns ``pattern[i]``; `last` come last.

    SingularMatrixError where a row has no entry left, whatever the values: the matrix is structurally singular.

    >>> order([{0, 1, 2}, {0, 1}, {0, 2}], last=[2]).pivots
    ((1, 1), (0, 0), (2, 2))
    >>> order([{1}, {0}]).pivots
    ((0, 1), (1, 0))
    """
    n = len(pattern)
    rows = [set(row) for row in pattern]
    columns: list[set[int]] = [set() for _ in range(n)]
    for i, row in enumerate(rows):
        for j in row:
            columns[j].add(i)
    late = [False] * n
    for j in last:
        late[j] = True
    column_of = list(range(n))  # the preferred column of each row, and back
    row_of = list(range(n))

    def key(i: int) -> tuple[bool, bool, int, int]:
        j = column_of[i]
        structural_zero = j not in rows[i]
        return late[j], structural_zero, (len(rows[i]) - 1) * (len(columns[j]) - 1), i

    heap = [key(i) for i in range(n)]
    heapq.heapify(heap)
    current = {entry[3]: entry for entry in heap}
    pivots: list[tuple[int, int]] = []
    all_below: list[list[int]] = []
    all_beside: list[list[int]] = []
    updates = 0
    while current:
        entry = heapq.heappop(heap)
        i = entry[3]
        if current.get(i) != entry:
            continue
        left = len(current)
        if left >= DENSE_FROM and not entry[0] and entry[2] > DENSE_SHARE * (left - 1) ** 2:
            break  # no row is shorter
        if not rows[i]:
            raise SingularMatrixError(
                f"0 of {n} entries are left after {len(pivots)} eliminations; the system must have a unique solution. "
                "Check that its equations are independent",
                where=f"row {i}",
            )
        j = column_of[i]
        touched = {i}
        if j not in rows[i]:
            j = min(rows[i], key=lambda k: (late[k], len(columns[k]), k))
            other, freed = row_of[j], column_of[i]
            column_of[i], row_of[j], column_of[other], row_of[freed] = j, i, freed, other
            touched.add(other)
        del current[i]
        pivots.append((i, j))
        below = columns[j] - {i}
        beside = rows[i] - {j}
        all_below.append(list(below))
        all_beside.append(list(beside))
        updates += len(below) * len(beside)
        for k in beside:
            columns[k] |= below
            columns[k].discard(i)
        for t in below:
            rows[t] |= beside
            rows[t].discard(j)
        touched |= below
        touched.update(row_of[k] for k in beside)
        for t in touched:
            if t in current:
                current[t] = key(t)
                heapq.heappush(heap, current[t])
    rest = [i for *_, i in sorted(current.values())]
    for k, i in enumerate(rest):
        pivots.append((i, column_of[i]))
        all_below.append(rest[k + 1 :])
        all_beside.append([column_of[t] for t in rest[k + 1 :]])
        updates += (len(rest) - k - 1) ** 2
    return Ordering(tuple(pivots), updates, [frozenset(row) for row in pattern], all_below, all_beside)
