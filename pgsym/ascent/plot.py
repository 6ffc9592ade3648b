"""J along the paths, drawn with matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pgsym.display.figure import new_figure, require_format
from pgsym.model.files.atomic import write_figure

if TYPE_CHECKING:
    from pgsym.ascent.result import Ascent
    from pgsym.display.figure import Axes, Figure


def plot(ascent: Ascent, ax: Axes | None = None) -> Figure:
    """J against steps: thin lines for single seeds, a thick one for their mean, the best value dashed.

    Parameters
    ----------
    ax
        Where to draw; a figure of its own by default.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    figure = new_figure() if ax is None else ax.get_figure(root=True)
    assert figure is not None
    if ax is None:
        ax = figure.subplots()
    steps = np.arange(ascent.steps + 1)
    for number, label in enumerate(ascent.labels):
        J, colour = ascent.J(label), f"C{number}"
        running = np.isfinite(J).all(axis=0)
        if len(J) > 1:
            ax.plot(steps, J.T, color=colour, linewidth=0.6, alpha=0.45)
        ax.plot(steps[running], J[:, running].mean(axis=0), color=colour, linewidth=1.8, label=label)
        for path in ascent[label]:
            if path.stopped:
                ax.plot(path.last, path.J[path.last], marker="x", color=colour)
    if ascent.best is not None:
        ax.axhline(ascent.best, color="0.3", linestyle="--", linewidth=1, label="best policy of any kind")
    ax.set_xlabel("step")
    ax.set_ylabel(f"J ({ascent.objective})")
    ax.legend()
    return figure


def save(ascent: Ascent, path: Path) -> None:
    """The plot as a file, in the format of the name's ending."""
    require_format(path)
    write_figure(path, plot(ascent))
