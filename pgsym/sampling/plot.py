"""A sampled gradient beside the exact one, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from pgsym.display.figure import new_figure

if TYPE_CHECKING:
    from pgsym.display.figure import Figure
    from pgsym.sampling.result import Estimate

SHOWN = 24
"""Coordinates that are drawn; those with the widest intervals where there are more."""


def plot(found: Estimate, exact: Mapping[sp.Symbol, Any] | Sequence[Any] | None, level: float) -> Figure:
    """One row for each coordinate: a point with its interval, a diamond for the exact value."""
    intervals, mean = found.intervals(level), found.mean
    shown = np.sort(np.argsort(intervals[:, 0] - intervals[:, 1], kind="stable")[:SHOWN])
    rows = np.arange(len(shown))
    figure = new_figure(7.0, 1.4 + 0.3 * len(shown))
    axes = figure.subplots()
    reach = np.abs(intervals[shown].T - mean[shown])
    axes.errorbar(
        mean[shown], rows, xerr=reach, fmt="o", markersize=4, capsize=3, label=f"sampled, {level:.0%} jointly"
    )
    if exact is not None:
        axes.plot(found.gradient_of(exact)[shown], rows, "D", markersize=5, fillstyle="none", color="C3", label="exact")
    axes.set_yticks(rows, [f"dJ/d{found.params[i].name}" for i in shown])
    axes.invert_yaxis()
    axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    rest = f"; {len(mean) - len(shown)} more" if len(shown) < len(mean) else ""
    axes.set_xlabel(f"{found.estimator}, {found.n} trajectories{rest}")
    axes.legend()
    return figure
