"""Plots of an estimator's law as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pgsym.display.figure import new_figure
from pgsym.errors import SchemaError
from pgsym.exact.moments import EstimatorLaw, Sweep
from pgsym.exact.moments.plot import plot
from pgsym.model.files.atomic import write_figure


def save(law: EstimatorLaw, sweeps: Sequence[Sweep], path: Path) -> None:
    """The figure as a file, in the format of the name's ending."""
    require_format(path)
    write_figure(path, plot(f"{law.description}; bias against {law.target}", sweeps))


def require_format(path: Path) -> None:
    """Refuse a file that could not be written, before anything is computed for it.

    Raises
    ------
    SchemaError
        The name's ending is no format that matplotlib writes.
    MissingExtraError
        matplotlib is not installed.
    """
    known = new_figure().canvas.get_supported_filetypes()
    if path.suffix.removeprefix(".") not in known:
        raise SchemaError(
            f"found {str(path)!r}; a name must end in one of {', '.join(f'.{name}' for name in sorted(known))}. "
            "Use .svg",
            where="plot",
        )
