r"""Streaming mean and covariance in float64: merge (n, mean, M2) of any two sets of samples; or exactly.

Floating-point addition is not associative, so a running merge depends on who finishes first.  In `ExactMoments` the
raw sums

.. math:: n = \sum_b n_b, \qquad A = \sum_b n_b m_b, \qquad B = \sum_b (M_b + n_b\, m_b m_b^\top)

over parts (n_b, mean m_b, centred second moments M_b) are kept as integers: every finite double is an integer
multiple of 2**-1074, and a product of two of them one of 2**-2148.  Only the answers, :math:`m = A/n` and
:math:`M = B - A A^\top/n`, are rounded: once, to the nearest double.

References
----------
Chan, Golub & LeVeque (1983), Algorithms for computing the sample variance.
Kulisch (2013), Computer Arithmetic and Validity: the long accumulator.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from pgsym.errors import SamplingError
from pgsym.sampling.tables import Floats

FULL = 256
"""Parameters up to which the whole covariance is kept; above, its diagonal."""


@dataclass(frozen=True)
class Moments:
    """Count, mean and centred second moments of d-dimensional samples.

    >>> x = np.array([[1.0], [2.0], [6.0]])
    >>> both = Moments.of(x[:2]).merge(Moments.of(x[2:]))
    >>> both.n, both.mean.tolist(), both.covariance.tolist()
    (3, [3.0], [[7.0]])
    """

    n: int
    mean: Floats
    """[d]"""
    M2: Floats
    """[d, d] sum of (x - mean)(x - mean)^T, or [d] its diagonal."""

    @classmethod
    def of(cls, samples: Floats, *, full: bool = True) -> Moments:
        centred = samples - samples.mean(0)
        return cls(len(samples), samples.mean(0), centred.T @ centred if full else (centred**2).sum(0))

    def merge(self, other: Moments) -> Moments:
        n = self.n + other.n
        step = other.mean - self.mean
        spread = np.outer(step, step) if self.M2.ndim == 2 else step**2
        return Moments(n, self.mean + step * (other.n / n), self.M2 + other.M2 + spread * (self.n * other.n / n))

    @property
    def covariance(self) -> Floats:
        """[d, d] or [d], of one sample, unbiased."""
        return self.M2 / (self.n - 1)


UNIT = 1074
"""Every finite double is an integer multiple of 2**-UNIT."""


def to_units(x: float) -> int:
    """x as an integer multiple of 2**-UNIT, exactly.

    >>> to_units(1.5) == 3 << 1073, to_units(5e-324)
    (True, 1)
    """
    numerator, denominator = x.as_integer_ratio()
    return numerator << (UNIT + 1 - denominator.bit_length())


class ExactMoments:
    """The exact sum of moments; equal whatever the order in which parts are added.

    >>> x = np.array([[0.1], [0.2], [0.7]])
    >>> parts = [Moments.of(x[:1]), Moments.of(x[1:])]
    >>> one, other = ExactMoments.of(parts), ExactMoments.of(parts[::-1])
    >>> one.rounded().mean.tolist() == other.rounded().mean.tolist(), one.rounded().n
    (True, 3)
    """

    def __init__(self) -> None:
        self.n = 0
        self.first: list[int] = []
        """[d] A in units of 2**-UNIT."""
        self.second: list[int] = []
        """B in units of 2**(-2 UNIT): the diagonal, or the lower triangle row by row."""
        self.full = True
        """Whether `second` is a triangle."""

    @classmethod
    def of(cls, parts: Iterable[Moments]) -> ExactMoments:
        total = cls()
        for part in parts:
            total.add(part)
        return total

    def add(self, part: Moments) -> None:
        if not (np.isfinite(part.mean).all() and np.isfinite(part.M2).all()):
            raise SamplingError("a moment is not finite; an exact sum needs finite numbers. Look at the rewards")
        if not self.n:
            self.full = part.M2.ndim == 2
            self.first = [0] * len(part.mean)
            self.second = [0] * len(self._pairs())
        if len(part.mean) != len(self.first) or (part.M2.ndim == 2) != self.full:
            raise SamplingError(
                f"found {len(part.mean)} coordinates; the sum so far has {len(self.first)}. Merge moments of one kind"
            )
        mean = [to_units(x) for x in part.mean.tolist()]
        M2 = part.M2.tolist()
        self.n += part.n
        for i, m in enumerate(mean):
            self.first[i] += part.n * m
        for place, (i, j) in enumerate(self._pairs()):
            centred = to_units(M2[i][j] if self.full else M2[i]) << UNIT
            self.second[place] += centred + part.n * mean[i] * mean[j]

    def rounded(self) -> Moments:
        """Count, mean and centred second moments, each correctly rounded."""
        n, A = self.n, self.first
        mean = np.array([a / (n << UNIT) for a in A])
        d = len(A)
        M2: Floats = np.zeros((d, d) if self.full else d)
        for place, (i, j) in enumerate(self._pairs()):
            value = (n * self.second[place] - A[i] * A[j]) / (n << 2 * UNIT)
            if self.full:
                M2[i, j] = M2[j, i] = value
            else:
                M2[i] = value
        return Moments(n, mean, M2)

    def _pairs(self) -> list[tuple[int, int]]:
        d = len(self.first)
        return [(i, j) for i in range(d) for j in range(i + 1)] if self.full else [(i, i) for i in range(d)]
