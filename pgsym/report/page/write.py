"""`report`: a folder with the page and the document of one problem."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sympy as sp

from pgsym.claims.derivation.mathml import mathml
from pgsym.errors import SchemaError
from pgsym.model.files.atomic import write_atomically
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policies import tabular
from pgsym.model.policy import Policy
from pgsym.model.problem import Problem
from pgsym.report.page import html, latex
from pgsym.report.page.document import Builder
from pgsym.report.page.settings import Settings

PAGE, PAPER = "index.html", "report.tex"
"""The files of a report."""


def report(
    model: Problem | MDP,
    folder: str | os.PathLike[str],
    *,
    policy: Policy | None = None,
    objective: Objective | str | None = None,
    theta: Mapping[sp.Symbol | str, Any] | None = None,
    progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> list[Path]:
    """Write ``index.html`` and ``report.tex`` about a model: everything pgsym knows, each line with its trust.

    Nothing is written before everything is computed, and each file appears whole or not at all: after Ctrl-C or an
    error the old report is still there.

    Parameters
    ----------
    model
        A problem (`pgsym.zoo`, `pgsym.load`), or an MDP.
    folder
        Made if it is not there.
    policy, objective, theta
        In place of the problem's; of an MDP, tabular softmax, ``start-state`` and 0.
    progress
        Called with (done, all) in hundredths of the work.
    settings
        The fields of `pgsym.report.page.settings.Settings`: samples, steps, seeds, batch, seed, horizon.

    Returns
    -------
    The paths of the page and of the document.

    Raises
    ------
    HypothesisError
        The objective is not defined on this model.
    MissingExtraError
        latex2mathml is not installed.
    SchemaError
        The folder cannot be made or written to, or a setting is out of range.
    """
    problem = _problem(model, policy, objective, theta)
    chosen = Settings(**settings)
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SchemaError(f"cannot be made ({error.strerror}). Choose another folder", where=str(place)) from None
    mathml("0")  # without latex2mathml there is no page: that is said before the work
    version = importlib.metadata.version("pgsym")
    document = Builder(problem, chosen, version).document(progress or (lambda done, n: None))
    files = {PAGE: html.page(document, version), PAPER: latex.text(document)}
    return [write_atomically(place / name, text) for name, text in files.items()]


def _problem(
    model: Problem | MDP, policy: Policy | None, objective: Objective | str | None, theta: Mapping[Any, Any] | None
) -> Problem:
    given = model if isinstance(model, Problem) else None
    mdp = given.mdp if given else model
    if not isinstance(mdp, MDP):
        raise SchemaError(
            f"found {mdp!r}; an MDP or a problem is required. Give pgsym.zoo(NAME) or pgsym.load(FILE)", where="model"
        )
    chosen = policy or (given.policy if given else tabular(mdp))
    goal = objective or (given.objective if given else Objective.START_STATE)
    # A problem's theta belongs to its own policy.
    known = given.theta if given and policy is None else dict.fromkeys(chosen.params, sp.Integer(0))
    point = chosen.point(
        {p.name: v for p, v in known.items()} | {getattr(p, "name", p): v for p, v in (theta or {}).items()}
    )
    return Problem(
        mdp, chosen, Objective.parse(goal), point, given.name if given else "", given.source if given else ""
    )
