"""The region of a bias, drawn with matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pgsym.display.figure import new_figure

if TYPE_CHECKING:
    from pgsym.auditing.result import AuditResult
    from pgsym.auditing.sequential import Region
    from pgsym.display.figure import Figure

SHOWN = 24
"""Coordinates that are drawn; those of the largest bias where there are more."""
CORNERS = 200
"""Points of an ellipse."""


def plot(result: AuditResult) -> Figure:
    """Left, the joint interval of each coordinate's bias; right, for two coordinates, the ellipse that they come from.

    Everything is relative to the norm of the true gradient, as delta is.  The biases that are tolerated lie in the
    grey disc, whose shadow on each axis is the grey band.
    """
    flat = len(result.params) == 2 and result.region is not None
    shown = np.sort(np.argsort(-np.abs(result.bias), kind="stable")[:SHOWN])
    figure = new_figure(9.0 if flat else 7.0, max(1.8 + 0.3 * len(shown), 3.6 if flat else 0.0))
    axes = figure.subplots(1, 2 if flat else 1, squeeze=False)[0]
    _intervals(axes[0], result, shown)
    if flat and result.region is not None:
        _ellipse(axes[1], result, result.region)
    figure.suptitle(result.headline, fontsize="small", wrap=True)
    return figure


def _intervals(axes: Any, result: AuditResult, shown: Any) -> None:
    rows, bias = np.arange(len(shown)), result.bias[shown] / result.scale
    reach = np.abs(result.intervals[shown].T / result.scale - bias)
    axes.axvspan(-result.delta, result.delta, color="0.9", label=f"tolerated, delta = {result.delta:g}")
    axes.axvline(0, color="0.5", linewidth=0.8)
    axes.errorbar(bias, rows, xerr=reach, fmt="o", markersize=4, capsize=3, label="bias, joint intervals")
    if result.diagnosis is not None and result.diagnosis.predicted is not None:
        predicted = (result.diagnosis.predicted - result.truth)[shown] / result.scale
        axes.plot(predicted, rows, "D", fillstyle="none", color="C3", label=result.diagnosis.key)
    axes.set_yticks(rows, [result.params[i] for i in shown])
    axes.invert_yaxis()
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel("bias relative to |gradient|")
    axes.legend(fontsize="small")


def _ellipse(axes: Any, result: AuditResult, region: Region) -> None:
    spread, directions = region.axes
    turn = np.linspace(0, 2 * np.pi, CORNERS)
    circle = np.stack([np.cos(turn), np.sin(turn)])
    edge = region.centre[:, None] + directions @ (np.sqrt(region.squared_radius * spread)[:, None] * circle)
    axes.fill(*(result.delta * circle), color="0.9")
    axes.plot(*(edge / result.scale))
    axes.plot(*(region.centre / result.scale), "o", color="C0", markersize=4)
    axes.plot(0, 0, "+", color="0.3", markersize=10)
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xlabel(f"bias of {result.params[0]}")
    axes.set_ylabel(f"bias of {result.params[1]}")
