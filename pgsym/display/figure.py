"""Pictures: every colour of them, and of pages and terminals; matplotlib figures outside pyplot, which keeps no list.

Colours carry no meaning alone: a word or a place says the same.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgsym.errors import SchemaError, optional

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
    base = optional("matplotlib.figure", "plot", "plots").Figure
    figure: Figure = _shown(base)(figsize=(width, height), layout="constrained")
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


@cache
def _shown(base: Any) -> Any:
    class Figure(base):
        """A figure that a notebook shows without pyplot."""

        def _repr_svg_(self) -> str:
            page = io.StringIO()
            self.savefig(page, format="svg")
            return page.getvalue()

    return Figure


@dataclass(frozen=True)
class Palette:
    """The colours of one scheme, as ``#rrggbb``."""

    paper: str
    ink: str
    soft: str
    """Quiet text."""
    line: str
    panel: str
    accent: str
    """Links."""
    good: str
    bad: str
    warn: str
    state: str
    """Filling of states in a picture, and of terminal ones."""
    end: str
    grid: str
    series: tuple[str, ...]
    """Actions and curves by number, and text on them."""
    on_series: str

    def css(self) -> str:
        """The colours of a page as custom properties.

        >>> LIGHT.css().split()[:2]
        ['--paper:', '#ffffff;']
        """
        names = ("paper", "ink", "soft", "line", "panel", "accent", "good", "bad", "warn")
        return " ".join(f"--{name}: {getattr(self, name)};" for name in names)


# Dark enough for white text on them; the lighter twins carry dark text.
LIGHT = Palette(
    paper="#ffffff",
    ink="#1a1a1a",
    soft="#565656",
    line="#d4d4d4",
    panel="#f5f6f8",
    accent="#1f5fa8",
    good="#1d6b34",
    bad="#b3261e",
    warn="#7a5600",
    state="#e8f0fc",
    end="#dcdcdc",
    grid="#dadada",
    series=("#1f5fa8", "#b34a10", "#23713a", "#8336a3", "#7a6000", "#0f7272", "#a8275a", "#555555"),
    on_series="#ffffff",
)

DARK = Palette(
    paper="#1e1e1e",
    ink="#ececec",
    soft="#b4b4b4",
    line="#4a4a4a",
    panel="#292b2f",
    accent="#8cc0ff",
    good="#86d79a",
    bad="#ffa198",
    warn="#e6cf6a",
    state="#24344d",
    end="#4a4a4a",
    grid="#444444",
    series=("#8cc0ff", "#ffb07a", "#86d79a", "#dba6f0", "#e6cf6a", "#7adada", "#ff9cc0", "#c4c4c4"),
    on_series="#111111",
)


def colours(selector: str) -> str:
    """Style that gives an element the custom properties of `Palette.css`, dark ones where the reader prefers that."""
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {selector} {{ {DARK.css()} }} }}"
    return f"\n{selector} {{ color-scheme: light dark; {LIGHT.css()} }}\n{dark}\n"


_GOOD, _BAD, _WARN = "bold green", "bold red", "bold yellow"
ANSWERS = {
    "proved": _GOOD,
    "unbiased": _GOOD,
    "refuted": _BAD,
    "biased": _BAD,
    "biased, below delta": _BAD,
    "inapplicable": _WARN,
    "undecided": _WARN,
}
"""How a terminal shows the word of an answer."""


def latex_colours(prefix: str, numbers: list[int]) -> list[str]:
    r"""TikZ's definitions of the series with these numbers.

    >>> print(*latex_colours("action", [0]))
    \definecolor{action0}{HTML}{1F5FA8}
    """
    hexes = {k: LIGHT.series[k % len(LIGHT.series)][1:].upper() for k in numbers}
    return [rf"\definecolor{{{prefix}{k}}}{{HTML}}{{{colour}}}" for k, colour in hexes.items()]
