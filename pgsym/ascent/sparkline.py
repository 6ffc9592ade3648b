"""A curve in one line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pgsym.ascent.policy_arrays import Floats

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-:=+*#"
WIDTH = 32


def sparkline(
    values: Sequence[float] | Floats, low: float, high: float, *, width: int = WIDTH, ascii: bool = False
) -> str:
    """`values` at `width` places, each a character between `low` and `high`; a blank where there is none.

    >>> sparkline([0, 1, 2, 3], 0, 3), sparkline([0, 1, float("nan"), 3], 0, 3, ascii=True)
    ('▁▃▆█', '_- #')
    """
    levels = ASCII if ascii else BLOCKS
    picked = [values[round(i)] for i in np.linspace(0, len(values) - 1, min(width, len(values)))]
    scale = (len(levels) - 1) / (high - low) if high > low else 0.0
    return "".join(" " if not math.isfinite(v) else levels[round((v - low) * scale)] for v in picked)
