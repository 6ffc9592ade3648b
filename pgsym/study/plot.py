"""Bias and variance against n: exact lines, sampled points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgsym.display.figure import new_figure
from pgsym.errors import StudyError
from pgsym.model.files.atomic import write_figure
from pgsym.study.store import Store
from pgsym.study.summary import estimator_label, point_labels

if TYPE_CHECKING:
    from pgsym.display.figure import Figure

FORMATS = (".pdf", ".png", ".svg")


def plot(store: Store) -> Figure:
    """One row of two pictures for each model and point.

    Left, |mean - grad J| of each cell's pooled mean, with the exact bias as a line and, thin, the root mean square
    that sampling noise alone would give.  Right, the total variance of a batch mean over the runs, with the exact
    tr Cov / n as a line; bars are twice its standard error for normal means.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    StudyError
        The study is not finished.
    """
    if not store.finished:
        done, planned = store.trajectories()
        raise StudyError(
            f"{done} of {planned} trajectories are drawn; a plot needs the finished study. Run it again to go on",
            where=str(store.path),
        )
    labels = point_labels(store)
    rows = store.rows(
        "SELECT result.*, cell.setting, setting.model AS number FROM result JOIN cell USING (cell) "
        "JOIN setting USING (setting) ORDER BY cell"
    )
    titles = list(dict.fromkeys(labels[row["setting"]] for row in rows))
    figure = new_figure(9.0, 3.4 * len(titles))
    axes = figure.subplots(len(titles), 2, squeeze=False)
    for (left, right), title in zip(axes, titles, strict=True):
        shown = [row for row in rows if labels[row["setting"]] == title]
        for number, setting in enumerate(dict.fromkeys(row["setting"] for row in shown)):
            _draw(left, right, [row for row in shown if row["setting"] == setting], f"C{number}")
        for axis, what in ((left, "bias: |mean - grad J|"), (right, "variance of the batch mean")):
            axis.set_xscale("log")
            axis.set_yscale("log")
            axis.set_xlabel("trajectories n")
            axis.set_ylabel(what)
        # An exact bias far below the noise, such as that of truncation, would stretch the axis for nothing.
        bottom = min(min(row["noise"], row["bias"] or row["noise"]) for row in shown) / 2
        left.set_ylim(bottom=bottom)
        below = {
            f"{estimator_label(row['estimator'])} {row['exact_bias']:.1g}"
            for row in shown
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
    return figure


def save(store: Store, path: Path) -> None:
    """The plot as a file, in the format of the name's ending."""
    if path.suffix.lower() not in FORMATS:
        raise StudyError(f"found {path.suffix!r}; a plot's ending is one of {', '.join(FORMATS)}", where=str(path))
    write_figure(path, plot(store))


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
