"""Plots of an estimator's law as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pgsym.display.figure import require_format
from pgsym.exact.moments import EstimatorLaw, Sweep
from pgsym.exact.moments.sweep import plot_sweeps
from pgsym.model.files.atomic import write_figure


def save(law: EstimatorLaw, sweeps: Sequence[Sweep], path: Path) -> None:
    """The figure as a file, in the format of the name's ending."""
    require_format(path)
    write_figure(path, plot_sweeps(f"{law.description}; bias against {law.target}", sweeps))
