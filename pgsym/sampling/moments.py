"""Streaming mean and covariance in float64: merge (n, mean, M2) of any two sets of samples.

References
----------
Chan, Golub & LeVeque (1983), Algorithms for computing the sample variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pgsym.sampling.tables import Floats

FULL = 256
"""Parameters up to which the whole covariance is kept; above, its diagonal."""


@dataclass(frozen=True)
class Moments:
    """Count, mean and centred second moments of d-dimensional samples.

    Examples
    --------
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
        """Moments of samples of shape [n, d]."""
        centred = samples - samples.mean(0)
        return cls(len(samples), samples.mean(0), centred.T @ centred if full else (centred**2).sum(0))

    def merge(self, other: Moments) -> Moments:
        """Moments of both sets together."""
        n = self.n + other.n
        step = other.mean - self.mean
        spread = np.outer(step, step) if self.M2.ndim == 2 else step**2
        return Moments(n, self.mean + step * (other.n / n), self.M2 + other.M2 + spread * (self.n * other.n / n))

    @property
    def covariance(self) -> Floats:
        """[d, d] or [d], of one sample, unbiased."""
        return self.M2 / (self.n - 1)
