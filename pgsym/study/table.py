"""A study's results as rows of text."""

from __future__ import annotations

import json
from typing import Any

from pgsym.study.store import Store

COLUMNS = ("model", "estimator", "n", "runs", "bias", "exact", "noise", "variance", "exact", "trace", "exact")
"""Heads of the table; each ``exact`` belongs to the column before it, but for the noise between."""

DEFAULTS = {"baseline": "0", "discount_weight": True, "bootstrap": True, "stationary": False}
"""Options that are not shown when they have these values."""


def estimator_label(text: str) -> str:
    """An estimator with the options that say something.

    >>> estimator_label('{"name": "gae", "lam": "9/10", "critic": "exact", "discount_weight": true}')
    'gae (lam 9/10, critic exact)'
    """
    options = json.loads(text)
    name = options.pop("name")
    said = [
        f"{key} {'by state' if isinstance(value, list) else str(value).lower()}"
        for key, value in options.items()
        if DEFAULTS.get(key) != value
    ]
    return f"{name} ({', '.join(said)})" if said else str(name)


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


def result_rows(store: Store) -> list[list[str]]:
    """One row of `COLUMNS` for each cell; empty before the study is finished."""
    labels = point_labels(store)
    found = store.rows("SELECT result.*, cell.setting FROM result JOIN cell USING (cell) ORDER BY cell")
    return [
        [
            labels[row["setting"]],
            estimator_label(row["estimator"]),
            str(row["n"]),
            str(row["runs"]),
            *(_number(row[key]) for key in ("bias", "exact_bias", "noise", "variance", "exact_variance")),
            *(_number(row[key]) for key in ("trace", "exact_trace")),
        ]
        for row in found
    ]


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.4g}"
