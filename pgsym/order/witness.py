"""A search for points where a polynomial is negative: floats propose, exact rationals decide.

At u = exp(v), log sum_{c > 0} c u^m - log sum_{c < 0} |c| u^m is negative where the polynomial is, zero where that is,
and does not overflow.  Newton's method lowers it from many v at once; corners and asymptotes are large v.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from pgsym.order.kinds import Extent
from pgsym.order.polynomials import Polynomial, terms
from pgsym.order.question import SignQuestion

LARGEST = 60.0
"""Of |log u|: beyond, only leading terms matter."""

STEPS = 60
"""Of Newton's method."""

PATTERNS = 8
"""Signs of variables on lines that are tried."""


class Imbalance:
    """The difference of logarithms, its gradient and its Hessian, for many v at once; `flips` is 1 where u < 0."""

    def __init__(self, p: Polynomial, flips: Sequence[int]) -> None:
        import numpy as np

        found = {
            m: -c if sum(e for e, flip in zip(m, flips, strict=True) if flip) % 2 else c for m, c in terms(p).items()
        }
        self.sides = [[(m, abs(c)) for m, c in found.items() if (c > 0) is above] for above in (True, False)]
        self.sides = [side or [((0,) * len(flips), 0)] for side in self.sides]
        self.exponents = [np.array([m for m, _ in side], dtype=float) for side in self.sides]
        self.sizes = [np.array([_log(c) for _, c in side]) for side in self.sides]

    def __call__(self, v: Any) -> tuple[Any, Any, Any]:
        import numpy as np

        parts = []
        for exponents, sizes in zip(self.exponents, self.sizes, strict=True):
            logs = sizes + np.einsum("sn,tn->st", v, exponents)
            top = logs.max(axis=1, keepdims=True)
            weights = np.exp(logs - top)
            total = weights.sum(axis=1, keepdims=True)
            weights /= total
            mean = weights @ exponents
            second = exponents.T @ (weights[:, :, None] * exponents)
            parts.append((top[:, 0] + np.log(total[:, 0]), mean, second - mean[:, :, None] * mean[:, None, :]))
        (f, slope, bend), (g, slope2, bend2) = parts
        return f - g, slope - slope2, bend - bend2


def _log(c: int) -> float:
    shift = max(c.bit_length() - 60, 0)
    return math.log(max(float(c >> shift), 1e-300)) + shift * math.log(2.0)


def lowered(p: Polynomial, assumptions: Sequence[Polynomial], flips: Sequence[int], count: int) -> tuple[Any, Any]:
    """Points v, and their imbalances, lowest first, from `count` random points and v = 0."""
    import numpy as np

    n = len(flips)
    goal, given = Imbalance(p, flips), [Imbalance(g, flips) for g in assumptions]

    def height(v: Any) -> tuple[Any, Any, Any]:
        total, slope, bend = goal(v)
        for g in given:
            inside, direction, curve = g(v)
            weight = np.where(inside < 0, 4.0, 0.0)
            total, slope = total - weight * inside, slope - weight[:, None] * direction
            bend = bend - weight[:, None, None] * curve
        return total, slope, bend

    rng = np.random.default_rng(n)
    v = rng.normal(size=(count + 1, n)) * np.resize([0.7, 2.0, 6.0], count + 1)[:, None]
    v[0] = 0
    damping = np.ones(count + 1)
    found, slope, bend = height(v)
    for _ in range(STEPS):
        curvature, axes = np.linalg.eigh(bend)
        along = np.einsum("sji,sj->si", axes, slope) / np.maximum(np.abs(curvature), 1e-6)
        step = -np.einsum("sij,sj->si", axes, along)
        step *= (damping * np.minimum(1, 3 / np.maximum(np.linalg.norm(step, axis=1), 1e-300)))[:, None]
        tried = np.clip(v + step, -LARGEST, LARGEST)
        new = height(tried)
        better = new[0] < found
        damping = np.where(better, np.minimum(1, damping * 3), damping / 4)
        v[better] = tried[better]
        for old, fresh in zip((found, slope, bend), new, strict=True):
            old[better] = fresh[better]
        if np.all(damping < 1e-6):
            break
    order = np.argsort(found, kind="stable")
    return v[order], found[order]


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
    """Rational points: simple ones, then those where p is small."""
    n = len(extents)
    ones = [Fraction(1)] * n
    yield ones
    yield from _on_faces(ones, extents)
    count = max(8, min(64, 1_000_000 // (len(p) * n * n + 1)))
    patterns = product(*((0, 1) if extent is Extent.LINE else (0,) for extent in extents))
    for _, flips in zip(range(PATTERNS), patterns, strict=False):
        points, _ = lowered(p, assumptions, flips, count)
        for v in points[:6]:
            for share in (16, 8, 4, 2):  # what is negative far out is often so nearer by, where numbers are short
                if max(abs(v)) > share:
                    yield from _near(v / share, flips, extents, (1,))
            yield from _near(v, flips, extents, (1, 2, 3, 6, 12))


def _near(v: Any, flips: Any, extents: Sequence[Extent], digits: Sequence[int]) -> Iterator[list[Fraction]]:
    """Rational points near exp(v), with few digits first, and with zeros where these belong to the domain."""
    for d in digits:
        u = [_rational(float(log), 10**d) * (-1 if flip else 1) for log, flip in zip(v, flips, strict=True)]
        yield u
    yield from _on_faces(u, extents)


def _on_faces(u: list[Fraction], extents: Sequence[Extent]) -> Iterator[list[Fraction]]:
    zeros = [k for k, extent in enumerate(extents) if extent is not Extent.OPEN]
    for k in zeros:
        yield [*u[:k], Fraction(0), *u[k + 1 :]]
    if len(zeros) > 1:
        yield [Fraction(0) if k in zeros else value for k, value in enumerate(u)]


def _rational(log: float, denominator: int) -> Fraction:
    """A positive rational near exp(log); small ones keep their relative precision."""
    size = Fraction(math.exp(abs(log))).limit_denominator(denominator)
    return size if log >= 0 else 1 / size
