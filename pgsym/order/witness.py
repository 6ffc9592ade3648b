"""A search for points where a polynomial is negative: floats propose, exact rationals decide.

For u = exp(v) the terms are exp(log |c| + m . v), so sum c u^m / sum |c| u^m in [-1, 1] is stable from 0 to infinity.
Its least value is looked for from random v; corners and asymptotes of the domain are large v.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.optimize import minimize

from pgsym.order.kinds import Extent
from pgsym.order.polynomials import Polynomial, terms
from pgsym.order.question import SignQuestion

STARTS = 300
"""Random points; the best of them are improved."""

IMPROVED = 6
"""How many."""

LARGEST = 60.0
"""Of |log u|: beyond, only leading terms matter."""


class Balance:
    """sum c u^m / sum |c| u^m in logs = log |u|."""

    def __init__(self, p: Polynomial) -> None:
        found = terms(p)
        self.exponents = np.array(list(found), dtype=float)
        self.sizes = np.array([_log(abs(c)) for c in found.values()])
        self.signs = np.array([1.0 if c > 0 else -1.0 for c in found.values()])
        self.odd = np.array([[e % 2 for e in m] for m in found], dtype=float)

    def __call__(self, logs: Any, flips: Any) -> tuple[Any, Any]:
        """The value and its gradient in logs; `flips` is 1 where u is negative."""
        signs = self.signs * (1 - 2 * ((self.odd @ flips) % 2))
        sizes = self.sizes + self.exponents @ logs
        weights = np.exp(sizes - sizes.max())
        weights /= weights.sum()
        total = float(weights @ signs)
        return total, (weights * (signs - total)) @ self.exponents


def _log(c: int) -> float:
    shift = max(c.bit_length() - 60, 0)
    return float(np.log(float(c >> shift)) + shift * np.log(2.0))


def find(
    p: Polynomial, assumptions: Sequence[Polynomial], extents: Sequence[Extent], question: SignQuestion, deadline: float
) -> tuple[Fraction, ...] | None:
    """A witness against the question, looked for where p is small and the assumptions are not negative."""
    for u in candidates(p, assumptions, extents):
        x = question.domain.image(u)
        if question.refuted_at(x):
            return x
        if time.monotonic() > deadline:
            break
    return None


def candidates(p: Polynomial, assumptions: Sequence[Polynomial], extents: Sequence[Extent]) -> Iterator[list[Fraction]]:
    """Rational points, the most promising last of each round."""
    n = len(extents)
    rng = np.random.default_rng(n)
    balance, given = Balance(p), [Balance(g) for g in assumptions if not g.is_zero()]
    lines = np.array([side is Extent.LINE for side in extents])

    def height(logs: Any, flips: Any) -> tuple[float, Any]:
        total, slope = balance(logs, flips)
        for g in given:
            outside, direction = g(logs, flips)
            if outside < 0:
                total, slope = total - 4 * outside, slope - 4 * direction
        return total, slope

    ones = [Fraction(1)] * n
    yield ones
    yield from _on_faces(ones, extents)
    starts = []
    for k in range(STARTS):
        logs = rng.normal(size=n) * (0.7, 2.0, 6.0)[k % 3]
        flips = lines * (rng.random(n) < 0.5)
        starts.append((height(logs, flips)[0], k, logs, flips))
    starts.sort(key=lambda start: start[:2])
    for _, _, logs, flips in starts[:IMPROVED]:
        yield from _near(logs, flips, extents, (1, 4))
    for _, _, logs, flips in starts[:IMPROVED]:
        found = minimize(height, logs, (flips,), jac=True, bounds=[(-LARGEST, LARGEST)] * n)
        yield from _near(found.x, flips, extents, (1, 2, 3, 6, 12))


def _near(logs: Any, flips: Any, extents: Sequence[Extent], digits: Sequence[int]) -> Iterator[list[Fraction]]:
    """Rational points near exp(logs), with few digits first, and with zeros where these belong to the domain."""
    for d in digits:
        u = [_rational(float(v), 10**d) * (-1 if flip else 1) for v, flip in zip(logs, flips, strict=True)]
        yield u
    yield from _on_faces(u, extents)


def _on_faces(u: list[Fraction], extents: Sequence[Extent]) -> Iterator[list[Fraction]]:
    zeros = [k for k, side in enumerate(extents) if side is not Extent.OPEN]
    for k in zeros:
        yield [*u[:k], Fraction(0), *u[k + 1 :]]
    if len(zeros) > 1:
        yield [Fraction(0) if k in zeros else v for k, v in enumerate(u)]


def _rational(log: float, denominator: int) -> Fraction:
    """A positive rational near exp(logs); small ones keep their relative precision."""
    size = Fraction(float(np.exp(abs(log)))).limit_denominator(denominator)
    return size if log >= 0 else 1 / size
