r"""Walker's alias method in exact integers: one 32-bit word draws one outcome.

A distribution is first rounded to multiples of 2**-32 (largest remainders, so that it sums to 1 exactly);
the table then realises these multiples without any further error.  Each probability is off by less than
2**-32, hence the total variation distance of one draw is below L/2**33 for L outcomes, and that of T draws
below T L/2**33: about 2e-6 for T = 1000 and L = 20, far under what any number of samples within reach sees.

A word's top bits choose a column, its low ``bits`` bits keep the column or pass to the column's alias.

References
----------
A. J. Walker (1977), An efficient method for generating discrete random variables with general
distributions; M. D. Vose (1991) for the linear-time construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORD = 32
"""Bits of a random word: the resolution of every probability."""


@dataclass(frozen=True)
class AliasTable:
    """R distributions over outcomes, in rows of ``width`` columns.

    Examples
    --------
    >>> table = build_alias([np.array([0.25, 0.75])])
    >>> table.probabilities(0)
    [0.25, 0.75]
    """

    width: int
    """Columns of a row, a power of two."""
    bits: int
    """Low bits of a word that are compared with the threshold; ``width * 2**bits == 2**32``."""
    threshold: NDArray[np.uint32]
    """[R * width] the column is kept when the low bits are below it."""
    outcome: NDArray[np.int32]
    """[2 * R * width] the outcome when passing on (even) or keeping (odd), numbered within its row."""

    @property
    def rows(self) -> int:
        return len(self.threshold) // self.width

    def probabilities(self, row: int) -> list[float]:
        """What the table really draws from, exactly: multiples of 2**-32."""
        keep = self.threshold.reshape(self.rows, self.width)[row].astype(np.int64)
        outcomes = self.outcome.reshape(self.rows, self.width, 2)[row]
        counts = np.zeros(int(outcomes.max()) + 1, np.int64)
        np.add.at(counts, outcomes[:, 1], keep)
        np.add.at(counts, outcomes[:, 0], (1 << self.bits) - keep)
        return [int(count) / 2.0**WORD for count in counts]


def round_to_words(p: NDArray[np.float64]) -> NDArray[np.int64]:
    """Non-negative integers with sum 2**32, nearest to ``2**32 p``, by largest remainders.

    >>> round_to_words(np.array([1.0, 2.0]) / 3).tolist()
    [1431655765, 2863311531]
    """
    scaled = p / p.sum() * 2.0**WORD
    counts = np.floor(scaled).astype(np.int64)
    missing = 2**WORD - int(counts.sum())
    counts[np.argsort(counts - scaled, kind="stable")[:missing]] += 1
    return counts


def build_alias(rows: Sequence[NDArray[np.float64]]) -> AliasTable:
    """An alias table for distributions given as arrays of probabilities, of any lengths."""
    longest = max(len(row) for row in rows)
    column_bits = max(1, (longest - 1).bit_length())
    width, bits = 1 << column_bits, WORD - column_bits
    threshold = np.zeros((len(rows), width), np.uint32)
    outcome = np.zeros((len(rows), width, 2), np.int32)
    for r, p in enumerate(rows):
        threshold[r], outcome[r] = _alias_row(round_to_words(p), width, 1 << bits)
    return AliasTable(width, bits, threshold.reshape(-1), outcome.reshape(-1))


def _alias_row(counts: NDArray[np.int64], width: int, capacity: int) -> tuple[list[int], list[tuple[int, int]]]:
    """Fill `width` columns of `capacity` words each with at most two outcomes a column."""
    rest = [int(c) for c in counts] + [0] * (width - len(counts))
    keep, passed = [0] * width, list(range(width))
    small = [i for i in range(width) if rest[i] < capacity]
    large = [i for i in range(width) if rest[i] >= capacity]
    while small and large:
        i, j = small.pop(), large[-1]
        keep[i], passed[i] = rest[i], j
        rest[j] -= capacity - rest[i]
        if rest[j] < capacity:
            small.append(large.pop())
    # Columns left over are exactly full: the integers sum to width * capacity.  They pass to themselves.
    last = len(counts) - 1
    kept = [i if i <= last else passed[i] for i in range(width)]
    return keep, [(passed[i], kept[i]) for i in range(width)]
