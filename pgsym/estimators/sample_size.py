"""How many samples: for a given accuracy, and for a test that finds a bias."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SPAN = 2.0**-26
"""Relative length outside the span of a covariance that is rounding: the root of the unit of float64."""


def for_accuracy(trace: float, bias: Floats, error: float) -> float:
    """The least n for which the mean of n samples has root mean square error at most `error`; inf if none has.

    The mean square error of the mean is trace / n + |bias|^2.

    >>> for_accuracy(733.0, np.zeros(1), 0.5)
    2932
    """
    room = error**2 - float(bias @ bias)
    if trace <= 0 and room >= 0:
        return 1
    return max(1, math.ceil(trace / room)) if room > 0 else math.inf


def noncentrality(rank: int, false_alarm: float, power: float) -> float:
    """The noncentrality at which a chi-square test of this level has this power.

    >>> round(noncentrality(1, 0.05, 0.9), 2)
    10.51
    """
    from scipy import optimize, stats

    critical = stats.chi2.isf(false_alarm, rank)

    def excess(value: float) -> float:
        return float(stats.ncx2.sf(critical, rank, value)) - power

    upper = 10.0
    while excess(upper) < 0:
        upper *= 2
    return float(optimize.brentq(excess, 1e-9, upper))


def for_bias_test(bias: Floats, covariance: Floats, false_alarm: float, power: float) -> float:
    """The n at which Hotelling's test of "no bias" finds this one; inf for no bias, 1 if one sample shows it.

    The statistic n (mean - truth)^T C^+ (mean - truth) has noncentrality n bias^T C^+ bias on the span of C; a bias
    that leaves the span is seen at once.
    """
    if not bias.any():
        return math.inf
    values, directions = np.linalg.eigh(covariance)
    kept = values > len(values) * np.finfo(float).eps * max(values.max(initial=0.0), 0.0)
    along = directions.T @ bias
    outside = float(np.linalg.norm(along[~kept]))
    if outside > SPAN * float(np.linalg.norm(bias)) or not kept.any():
        return 1
    strength = float((along[kept] ** 2 / values[kept]).sum())
    return max(1, math.ceil(noncentrality(int(kept.sum()), false_alarm, power) / strength))
