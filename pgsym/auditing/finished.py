"""What code does to a finished gradient: its sign, a constant factor, clipping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pgsym.auditing.mistake import Mistake
from pgsym.auditing.problem_arrays import Floats

SIGN = Mistake("sign", "the sign is wrong: the mean is that of -grad J", "A loss is minus the objective", ())
SCALED = Mistake(
    "scaled",
    "rewards or the gradient are multiplied by a constant",
    "Leave it to the step size, and audit with up_to_scale=True if the direction is what counts",
    (),
    intended=True,
)
CLIPPED = Mistake(
    "gradient-clipped",
    "the gradient of a batch is clipped, by its norm or its entries: large ones count less, whichever way they point",
    "Audit the gradient before it is clipped",
    (),
    intended=True,
)

SAME = 1e-4
"""Relative difference of two estimates that counts as rounding."""


@dataclass(frozen=True)
class Finish:
    """The last change of a gradient; `mistakes` has its name, or nothing where there is none."""

    mistakes: tuple[Mistake, ...]
    apply: Callable[[Floats], Floats]
    """Of gradients [D, k]."""


UNCHANGED = Finish((), lambda x: x)
NEGATED = Finish((SIGN,), lambda x: -x)


def scaled(c: float) -> Finish:
    """Times a constant."""
    what = f"rewards or the gradient are multiplied by a constant, which makes it {c:.4g} times as large"
    return Finish((replace(SCALED, what=what),), lambda x: c * x)


def clipped(most: float) -> Finish:
    """To a norm."""

    def apply(x: Floats) -> Floats:
        norm = np.linalg.norm(x, axis=1, keepdims=True)
        return x * np.divide(most, norm, out=np.ones_like(norm), where=norm > most)

    return Finish((CLIPPED,), apply)


def clipped_entries(most: float) -> Finish:
    """Entry by entry."""
    return Finish((CLIPPED,), lambda x: np.clip(x, -most, most))


def same(x: Floats, y: Floats) -> bool:
    """Whether two sets of estimates agree to rounding."""
    scale = float(np.sqrt((y**2).mean()))
    return bool(np.abs(x - y).max() <= SAME * scale)


def finish(x: Floats, given: Floats) -> Finish | None:
    """What makes `given` of the gradients x [D, k], batch by batch.

    >>> x = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 1.0]])
    >>> [finish(x, y).mistakes[0].key for y in (-x, x / 7, clipped(2.0).apply(x))]
    ['sign', 'scaled', 'gradient-clipped']
    >>> finish(x, x).mistakes, finish(x, x**2)
    ((), None)
    """
    if same(x, given):
        return UNCHANGED
    if same(-x, given):
        return NEGATED
    size = float((x * x).sum())
    if not size or not given.any():
        return None
    factor = float((given * x).sum()) / size
    tried = [clipped(float(np.linalg.norm(given, axis=1).max())), clipped_entries(float(np.abs(given).max()))]
    return next((one for one in [scaled(factor), *tried] if same(one.apply(x), given)), None)
