"""`Ascent`: what each path did, with the exact J at every point of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from pgsym.display.figure import new_figure
from pgsym.display.result import TableResult, data_frame, finite, tabular
from pgsym.errors import AscentError
from pgsym.exact.float_chain import Floats
from pgsym.exact.landscape import LocalValues
from pgsym.expression.notation import escape_text
from pgsym.model.objective import Objective
from pgsym.trust import Level, Trust

if TYPE_CHECKING:
    from pgsym.display.figure import Axes, Figure


@dataclass(frozen=True)
class Path:
    """One run of one method.  After a stop, rows are NaN."""

    label: str
    """The method's."""
    seed: int | None
    """Of the rollouts; None where nothing is sampled."""
    theta: Floats
    """[steps + 1, k] the points; row 0 is the start."""
    J: Floats
    """[steps + 1] the exact J at each point, in reward units."""
    gradient_norm: Floats
    """[steps + 1] |grad J|, exact, at each point."""
    direction_norm: Floats
    """[steps] length of the direction that each step was given."""
    cosine: Floats
    """[steps] of the angle between that direction and grad J; NaN where either is 0."""
    stopped: str = ""
    """Why the path ended early; empty if it did not."""

    @classmethod
    def empty(cls, label: str, seed: int | None, steps: int, k: int) -> Path:
        """A path of which nothing is known yet."""
        points, moves = np.full(steps + 1, np.nan), np.full(steps, np.nan)
        return cls(label, seed, np.full((steps + 1, k), np.nan), points, points.copy(), moves, moves.copy())

    def arrive(self, t: int, theta: Floats, place: LocalValues) -> None:
        """Record the point after t steps."""
        self.theta[t], self.J[t], self.gradient_norm[t] = theta, place.J, np.linalg.norm(place.gradient)

    def leave(self, t: int, place: LocalValues, direction: Floats) -> None:
        """Record the direction of step t, given at `place`."""
        length, slope = float(np.linalg.norm(direction)), self.gradient_norm[t]
        self.direction_norm[t] = length
        if length > 0 and slope > 0:
            self.cosine[t] = np.clip(direction @ place.gradient / (length * slope), -1, 1)

    @property
    def last(self) -> int:
        """The number of the last step that was taken."""
        return int(np.flatnonzero(np.isfinite(self.J))[-1])

    def to_json(self) -> dict[str, Any]:
        """Plain data; null for what a stopped path did not reach."""
        names = ("theta", "J", "gradient_norm", "direction_norm", "cosine")
        return {
            "label": self.label,
            "seed": self.seed,
            **{name: finite(getattr(self, name).tolist()) for name in names},
            "stopped": self.stopped,
        }


@dataclass(frozen=True)
class Ascent(TableResult):
    """Paths from one start; made by `ascend`.  Printing it gives a table; `plot` draws J along every path.

    See Also
    --------
    pgsym.ascend : Makes it.

    References
    ----------
    Kakade, A natural policy gradient (2001), for the natural gradient.

    Examples
    --------
    >>> from pgsym.ascent import ascend
    >>> ascend("short-corridor", methods="exact", steps=5).J("exact").shape
    (1, 6)
    """

    params: tuple[sp.Symbol, ...]
    """theta's coordinates."""
    objective: Objective
    """Of which J."""
    paths: tuple[Path, ...]
    """By method, then by seed."""
    steps: int
    """Of every path."""
    optimizer: dict[str, str]
    """The optimiser's name by label."""
    step_size: dict[str, float | None]
    """By label; None where the optimiser has its own."""
    batch: int
    """Rollouts of one sampled direction."""
    damping: float
    """Of the natural gradient."""
    best: float | None
    """J of the best policy of any kind; policies whose states share parameters need not reach it."""
    best_exact: bool
    """Whether it was found in rationals; else in floats."""
    seconds: float
    """Wall clock."""
    interrupted: bool = False
    """Stopped by Ctrl-C."""
    assumption: str = field(default="", compare=False)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The methods, in order."""
        return tuple(dict.fromkeys(path.label for path in self.paths))

    def __getitem__(self, label: str) -> tuple[Path, ...]:
        found = tuple(path for path in self.paths if path.label == label)
        if not found:
            raise AscentError(f"no path is called {label!r}; there are {', '.join(self.labels)}", where="paths")
        return found

    def J(self, label: str) -> Floats:
        """J of every path of a method, shape (seeds, steps + 1)."""
        return np.array([path.J for path in self[label]])

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest J on any path."""
        values = np.concatenate([path.J for path in self.paths])
        return float(np.nanmin(values)), float(np.nanmax(values))

    def rows(self, *, ascii: bool = False) -> list[tuple[str, ...]]:
        """(method, step size, J at the end, its range over the seeds, |grad J|, mean cosine, J along the way)."""
        return [self._row(label, ascii) for label in self.labels]

    def _row(self, label: str, ascii: bool) -> tuple[str, ...]:
        paths = self[label]
        ends = np.array([path.J[path.last] for path in paths])
        slopes = np.array([path.gradient_norm[path.last] for path in paths])
        cosines = np.concatenate([path.cosine[np.isfinite(path.cosine)] for path in paths])
        size = self.step_size[label]
        return (
            label + ("*" if any(path.stopped for path in paths) else ""),
            "own" if size is None else f"{size:g}",
            f"{ends.mean():.6g}",
            f"{ends.min():.6g} ... {ends.max():.6g}" if len(ends) > 1 else "",
            f"{slopes.mean():.2g}",
            f"{cosines.mean():.2f}" if cosines.size else "",
            sparkline(_middle(self.J(label)), *self.span, ascii=ascii),
        )

    HEADER = ("method", "step", "J at the end", "over seeds", "|grad J|", "cosine", "J along the way")

    LEFT = (0, len(HEADER) - 1)

    def cells(self) -> list[tuple[str, ...]]:
        return [self.HEADER, *self.rows()]

    def latex(self) -> str:
        """The table as a ``tabular``, without the small curves; the notes as paragraphs."""
        told = [self.assumption, tabular([row[:-1] for row in self.cells()]), *map(escape_text, self.below)]
        return "\n\n".join(filter(None, told))

    @property
    def below(self) -> list[str]:
        """What the table does not hold: the start, the settings, the best value, and why paths stopped."""
        first = self.paths[0]
        seeds = max(len(self[label]) for label in self.labels)
        names = ", ".join(dict.fromkeys(self.optimizer.values()))
        run = f"{self.objective}: {self.steps} steps of {names} from J = {first.J[0]:.6g}"
        if any(path.seed is not None for path in self.paths):
            run += f"; batches of {self.batch} rollouts, {seeds} seed{'s' if seeds > 1 else ''}"
        found = [run + (" (interrupted)" if self.interrupted else "")]
        if self.best is not None:
            found.append(f"best policy of any kind: J = {self.best:.6g}" + ("" if self.best_exact else ", in floats"))
        for path in self.paths:
            if path.stopped:
                which = path.label if path.seed is None else f"{path.label}, seed {path.seed}"
                found.append(f"* {which}, stopped after {path.last} of {self.steps} steps: {path.stopped}")
        return found

    def __repr__(self) -> str:
        ends = ", ".join(f"{row[0]}: J={row[2]}" for row in self.rows())
        return f"Ascent({self.objective}, {self.steps} steps, {ends})"

    def plot(self, ax: Axes | None = None) -> Figure:
        """J against steps: thin lines for single seeds, a thick one for their mean, the best value dashed."""
        figure = new_figure() if ax is None else ax.get_figure(root=True)
        assert figure is not None
        if ax is None:
            ax = figure.subplots()
        steps = np.arange(self.steps + 1)
        for number, label in enumerate(self.labels):
            J, colour = self.J(label), f"C{number}"
            running = np.isfinite(J).all(axis=0)
            if len(J) > 1:
                ax.plot(steps, J.T, color=colour, linewidth=0.6, alpha=0.45)
            ax.plot(steps[running], J[:, running].mean(axis=0), color=colour, linewidth=1.8, label=label)
            for path in self[label]:
                if path.stopped:
                    ax.plot(path.last, path.J[path.last], marker="x", color=colour)
        if self.best is not None:
            ax.axhline(self.best, color="0.3", linestyle="--", linewidth=1, label="best policy of any kind")
        ax.set_xlabel("step")
        ax.set_ylabel(f"J ({self.objective})")
        ax.legend()
        return figure

    @property
    def trust(self) -> Trust:
        return Trust(Level.FLOAT)

    def frame(self) -> Any:
        """A pandas frame with a row for each point of each path."""
        rows = [
            (path.label, path.seed, t, float(path.J[t]), float(path.gradient_norm[t]))
            for path in self.paths
            for t in range(path.last + 1)
        ]
        return data_frame(["method", "seed", "step", "J", "gradient_norm"], rows)

    def to_json(self) -> dict[str, Any]:
        settings = ("steps", "optimizer", "step_size", "batch", "damping", "best", "best_exact")
        return {
            "objective": str(self.objective),
            "trust": self.trust.to_json(),
            "params": [p.name for p in self.params],
            **{name: getattr(self, name) for name in settings},
            "paths": [path.to_json() for path in self.paths],
            "seconds": self.seconds,
            "interrupted": self.interrupted,
        }


def _middle(J: Floats) -> Floats:
    """The mean over the paths that are still running, shape (steps + 1,)."""
    running = np.isfinite(J)
    total = np.where(running, J, 0.0).sum(axis=0)
    return np.divide(total, running.sum(axis=0), out=np.full(J.shape[1], np.nan), where=running.any(axis=0))


BLOCKS = "▁▂▃▄▅▆▇█"
ASCII = "_.-:=+*#"
WIDTH = 32


def sparkline(values: Sequence[float] | Floats, low: float, high: float, *, ascii: bool = False) -> str:
    """`values` at `WIDTH` places, each a character between `low` and `high`; a blank where there is none.

    >>> sparkline([0, 1, 2, 3], 0, 3), sparkline([0, 1, float("nan"), 3], 0, 3, ascii=True)
    ('▁▃▆█', '_- #')
    """
    levels = ASCII if ascii else BLOCKS
    picked = [values[round(i)] for i in np.linspace(0, len(values) - 1, min(WIDTH, len(values)))]
    scale = (len(levels) - 1) / (high - low) if high > low else 0.0
    return "".join(" " if not math.isfinite(v) else levels[round((v - low) * scale)] for v in picked)
