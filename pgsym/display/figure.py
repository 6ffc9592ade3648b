"""Matplotlib figures outside pyplot: no display is needed, no global list keeps them, and a notebook shows them."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgsym.errors import MissingExtraError, SchemaError

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure as Figure


def new_figure(width: float = 7.0, height: float = 4.2) -> Figure:
    """An empty figure of that size in inches.

    >>> figure = new_figure(3, 2)
    >>> axes = figure.subplots()
    >>> figure._repr_svg_().startswith("<?xml")
    True
    """
    figure: Figure = _figure_class()(figsize=(width, height), layout="constrained")
    return figure


def require_format(path: Path) -> None:
    """Refuse a file that could not be written, before anything is computed for it."""
    known = new_figure().canvas.get_supported_filetypes()
    if path.suffix.removeprefix(".") not in known:
        raise SchemaError(
            f"found {str(path)!r}; a name must end in one of {', '.join(f'.{name}' for name in sorted(known))}. "
            "Use .svg",
            where="plot",
        )


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError(
            "matplotlib is not installed; a plot needs it. Run pip install 'pgsym[plot]'", where="plot"
        ) from None
    return _shown(Figure)


@cache
def _shown(base: Any) -> Any:
    class Figure(base):
        """A figure that a notebook shows without pyplot."""

        def _repr_svg_(self) -> str:
            page = io.StringIO()
            self.savefig(page, format="svg")
            return page.getvalue()

    return Figure
