"""`StudyResult`: what stands in the file of a study."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgsym.display.figure import new_figure
from pgsym.display.result import TableResult, data_frame, finite
from pgsym.errors import StudyError
from pgsym.estimators.estimator import Estimator
from pgsym.model.files.atomic import write_figure
from pgsym.study.store import Store
from pgsym.trust import Level, Trust

if TYPE_CHECKING:
    from pgsym.display.figure import Figure


COLUMNS = ("model", "estimator", "n", "runs", "bias", "exact", "noise", "variance", "exact", "trace", "exact")
"""Heads of the table; each ``exact`` belongs to the column before it, but for the noise between."""

_VALUES = ("bias", "exact_bias", "noise", "variance", "exact_variance", "trace", "exact_trace")


class StudyResult(TableResult):
    """The results of a study, read from its SQLite file, a `Store`; made by `run_study`.

    The file is opened for as long as it takes to read, and may still be growing.
    """

    LEFT = (0, 1)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        with Store.read(self.path) as store:
            self.name, self.fingerprint = store.study.name, store.study.fingerprint
            self.done, self.planned = store.trajectories()
            self.finished = store.finished
            self.digest = store.digest() if store.finished else None
            """SHA-256 of every number."""
            self._rows = store.rows("SELECT * FROM result")
            self._columns = [row["name"] for row in store.rows("PRAGMA table_info(result)")]
            labels, settings = point_labels(store), store.rows("SELECT setting FROM cell ORDER BY cell")
            self._places = [(labels[row["setting"]], row["setting"]) for row in settings]
            """Of each cell: the model and the point as text, and the number of its setting."""
            query = "SELECT DISTINCT missing FROM exact WHERE missing IS NOT NULL ORDER BY missing"
            self.missing = tuple(row["missing"] for row in store.rows(query))
            """Why some exact law is not there."""

    @property
    def assumption(self) -> str:
        return ""  # a study's file says all of it

    @property
    def trust(self) -> Trust:
        """Sampled, without a test."""
        return Trust(Level.SAMPLED)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """A row for each cell, by column of the view ``result``; none before the study is finished."""
        return [row | {key: json.loads(row[key]) for key in ("theta", "estimator")} for row in self._rows]

    def to_json(self) -> dict[str, Any]:
        return finite({
            "name": self.name,
            "fingerprint": self.fingerprint,
            "trajectories": {"done": self.done, "planned": self.planned},
            "finished": self.finished,
            "digest": self.digest,
            "trust": self.trust.to_json(),
            "results": self.rows,
        })  # fmt: skip

    def frame(self) -> Any:
        """A pandas frame of the view ``result``: a row for each cell, empty before the study is finished."""
        return data_frame(self._columns, [tuple(row.values()) for row in self._rows])

    def cells(self) -> list[tuple[str, ...]]:
        """A row for each cell; each ``exact`` belongs to the column before it."""
        rows = zip(self._places, self._rows, strict=False)
        return [COLUMNS, *((label, *_cells(row)) for (label, _), row in rows)]

    @property
    def above(self) -> list[str]:
        return [f"{self.name}: {self.done} of {self.planned} trajectories"]

    @property
    def below(self) -> list[str]:
        """Which exact laws are missing and why, and the digest."""
        if not self.finished:
            return ["not finished; run it again to go on"]
        return [*(f"no exact law: {reason}" for reason in self.missing), f"digest {self.digest}"]

    def plot(self) -> Figure:
        """Bias and variance against n, a row of two pictures for each model and point.

        Left, |mean - grad J| of each cell's pooled mean, with the exact bias as a line and, thin, the root mean square
        that sampling noise alone would give.  Right, the total variance of a batch mean over the runs, with the exact
        tr Cov / n as a line; bars are twice its standard error for normal means.  StudyError before it is finished.
        """
        if not self.finished:
            raise StudyError(
                f"{self.done} of {self.planned} trajectories are drawn; a plot needs the finished study. "
                "Run it again to go on",
                where=str(self.path),
            )
        found: dict[str, dict[int, list[dict[str, Any]]]] = {}
        for (label, setting), row in zip(self._places, self._rows, strict=True):
            found.setdefault(label, {}).setdefault(setting, []).append(row)
        figure = new_figure(9.0, 3.4 * len(found))
        axes = figure.subplots(len(found), 2, squeeze=False)
        for (left, right), (label, settings) in zip(axes, found.items(), strict=True):
            for number, rows in enumerate(settings.values()):
                _draw(left, right, rows, f"C{number}")
            _describe(left, right, label, [row for rows in settings.values() for row in rows])
        return figure

    def __repr__(self) -> str:
        return f"StudyResult({str(self.path)!r}, {self.done} of {self.planned} trajectories)"


FORMATS = (".pdf", ".png", ".svg")


def save(found: StudyResult, path: Path) -> None:
    """The plot as a file, in the format of the name's ending."""
    if path.suffix.lower() not in FORMATS:
        raise StudyError(f"found {path.suffix!r}; a plot's ending is one of {', '.join(FORMATS)}", where=str(path))
    write_figure(path, found.plot())


def _draw(left: Any, right: Any, rows: list[dict[str, Any]], colour: str) -> None:
    rows = sorted(rows, key=lambda row: row["n"])
    n = [row["n"] for row in rows]
    label = estimator_label(rows[0]["estimator"])
    known = [row["bias"] is not None for row in rows]
    if all(known):
        left.plot(n, [row["bias"] for row in rows], "o", color=colour, markersize=4)
        if rows[0]["exact_bias"]:
            left.plot(n, [row["exact_bias"] for row in rows], color=colour, linewidth=1.4)
    left.plot(n, [row["noise"] for row in rows], ":", color=colour, linewidth=0.8)
    if all(row["variance"] is not None for row in rows):
        heights = [row["variance"] for row in rows]
        # A sum of squares of R - 1 degrees of freedom, or more where the gradient has several coordinates.
        bars = [2 * v * (2 / (row["runs"] - 1)) ** 0.5 for v, row in zip(heights, rows, strict=True)]
        below = [min(b, 0.9 * v) for b, v in zip(bars, heights, strict=True)]
        right.errorbar(n, heights, yerr=(below, bars), fmt="o", color=colour, markersize=4, linewidth=0.8)
    if rows[0]["exact_variance"] is not None:
        right.plot(n, [row["exact_variance"] for row in rows], color=colour, linewidth=1.4, label=label)
    else:
        right.plot([], [], "o", color=colour, label=label)


def _describe(left: Any, right: Any, title: str, rows: list[dict[str, Any]]) -> None:
    """Scales, titles and legends, and what is not drawn."""
    for axis, what in ((left, "bias: |mean - grad J|"), (right, "variance of the batch mean")):
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel("trajectories n")
        axis.set_ylabel(what)
    # An exact bias far below the noise, such as that of truncation, would stretch the axis for nothing.
    bottom = min(min(row["noise"], row["bias"] or row["noise"]) for row in rows) / 2
    left.set_ylim(bottom=bottom)
    below = {
        f"{estimator_label(row['estimator'])} {row['exact_bias']:.1g}"
        for row in rows
        if row["exact_bias"] is not None and row["exact_bias"] < bottom
    }
    if below:
        note = "exact bias below the picture:\n" + "\n".join(sorted(below))
        left.text(0.02, 0.03, note, transform=left.transAxes, fontsize=7, color="0.3")
    left.set_title(title, loc="left", fontsize=10)
    meanings = {"o": "sampled, all runs together", "-": "exact bias", ":": "root mean square of noise alone"}
    for style, meaning in meanings.items():
        left.plot([], [], style, color="0.3", markersize=4, linewidth=1, label=meaning)
    left.legend(fontsize=8)
    right.legend(fontsize=8)


def _cells(row: dict[str, Any]) -> list[str]:
    """Of one cell, from the second column on."""
    return [estimator_label(row["estimator"]), str(row["n"]), str(row["runs"]), *(_number(row[k]) for k in _VALUES)]


def estimator_label(text: str) -> str:
    """An estimator with what its names stand for.

    >>> from pgsym.estimators.estimator import find_estimator
    >>> estimator_label(json.dumps(find_estimator("gae", {"lambda": "9/10"}).to_json()))
    'gae, lambda = 9/10'
    """
    return Estimator.from_json(json.loads(text)).description


def point_labels(store: Store) -> dict[int, str]:
    """By setting: the model, with the point where the study has several of one model.

    >>> _assignments({"a": "log(2)", "b": "0"})
    'a=log(2), b=0'
    """
    rows = store.rows("SELECT setting, name, model, theta FROM setting JOIN model USING (model) ORDER BY setting")
    points: dict[int, set[str]] = {}
    for row in rows:
        points.setdefault(row["model"], set()).add(row["theta"])
    return {
        row["setting"]: f"{row['name']} at {_assignments(json.loads(row['theta']))}"
        if len(points[row["model"]]) > 1
        else str(row["name"])
        for row in rows
    }


def _assignments(theta: dict[str, str]) -> str:
    shown = [f"{name}={value}" for name, value in theta.items()]
    return ", ".join(shown if len(shown) <= 4 else [*shown[:3], "..."])


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}"
