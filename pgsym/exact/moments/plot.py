"""Bias, variance and mean square error of an estimator against one number of it, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pgsym.display.figure import new_figure

if TYPE_CHECKING:
    from pgsym.display.figure import Figure
    from pgsym.exact.moments.sweep import Sweep

LABELS = {
    "lambda": "λ of GAE",
    "gamma": "discount that the estimator uses",
    "baseline": "constant baseline",
    "T": "steps of a run",
}


def plot(title: str, sweeps: Sequence[Sweep]) -> Figure:
    """One panel for each sweep: squared bias, covariance trace and their sum, on a logarithmic axis.

    A bias of 0 has no place on that axis and is left out.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    made = new_figure(4.0 * len(sweeps), 3.6)
    for axes, one in zip(made.subplots(1, len(sweeps), squeeze=False)[0], sweeps, strict=True):
        lines = (("|bias|²", one.bias**2, "--"), ("variance (trace)", one.variance, "-"), ("MSE", one.mse, ":"))
        for label, values, style in lines:
            shown = np.where(values > np.finfo(float).eps * one.variance.max(initial=0.0), values, np.nan)
            axes.plot(one.values, shown, style, label=label)
        axes.set_yscale("log")
        if one.number == "T":
            axes.set_xscale("log")
        axes.set_xlabel(LABELS[one.number])
    made.axes[0].legend()
    made.suptitle(title, fontsize="medium")
    return made
