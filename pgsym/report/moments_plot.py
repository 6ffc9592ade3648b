"""Bias, variance and mean square error of an estimator against one number of it, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pgsym.errors import MissingExtraError, SchemaError
from pgsym.exact.moments import EstimatorLaw, Sweep

LABELS = {
    "lambda": "λ of GAE",
    "gamma": "discount that the estimator uses",
    "baseline": "constant baseline",
    "T": "steps of a run",
}


def figure(law: EstimatorLaw, sweeps: Sequence[Sweep]) -> Any:
    """One panel for each sweep: squared bias, covariance trace and their sum, on a logarithmic axis.

    A bias of 0 has no place on that axis and is left out.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    made = _figure_class()(figsize=(4 * len(sweeps), 3.6), layout="constrained")
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
    made.suptitle(f"{law.description}; bias against {law.target}", fontsize="medium")
    return made


def save(law: EstimatorLaw, sweeps: Sequence[Sweep], path: Path) -> None:
    """The figure as a file, in the format of the name's ending."""
    require_format(path)
    figure(law, sweeps).savefig(path)


def require_format(path: Path) -> None:
    """Refuse a file that could not be written, before anything is computed for it.

    Raises
    ------
    SchemaError
        The name's ending is no format that matplotlib writes.
    MissingExtraError
        matplotlib is not installed.
    """
    known = _figure_class()().canvas.get_supported_filetypes()
    if path.suffix.removeprefix(".") not in known:
        raise SchemaError(
            f"found {str(path)!r}; a name must end in one of {', '.join(f'.{name}' for name in sorted(known))}. "
            "Use .svg",
            where="plot",
        )


def _figure_class() -> Any:
    """A figure outside pyplot: it needs no display and stays in no global list."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError(
            "matplotlib is not installed; a plot needs it. Run pip install 'pgsym[plot]'", where="plot"
        ) from None
    return Figure
