"""The live part of a report's page: a section of HTML, its style and its script.

Nothing is loaded from anywhere: the page may forbid everything but inline style and script.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import sympy as sp

from pgsym.model.drawing import is_drawable
from pgsym.model.drawing.geometry import geometry
from pgsym.model.problem import Problem
from pgsym.reports.live.controls import conditions, controls, with_free_gamma
from pgsym.reports.live.formulas import formulas
from pgsym.reports.live.javascript import javascript
from pgsym.reports.live.markup import markup
from pgsym.reports.live.outputs import Outputs


@dataclass(frozen=True)
class Live:
    """What a page needs to be alive.

    Attributes
    ----------
    html
        A ``<div>`` for the body.
    style
        Rules for the style sheet, all of them below ``.pgsym-live``.
    script
        JavaScript for a ``<script>`` behind the ``<div>``.
    """

    html: str
    style: str
    script: str


def live(
    problem: Problem,
    symbols: Mapping[sp.Symbol | str, Any] | None = None,
) -> Live:
    """The live part of a problem's page: sliders for theta, gamma and the symbols, and all that follows them.

    Parameters
    ----------
    problem
        The sliders stand at its theta at first; at 0 where it has none.
    symbols
        Where the sliders of symbols stand at first; by default at a point of the model's domain.

    Raises
    ------
    TooLargeError
        The formulas take more than `code.OPERATIONS` operations.
    HypothesisError
        The objective is not defined on this model.
    MissingExtraError
        latex2mathml is not installed.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> problem = zoo("short-corridor")
    >>> part = live(problem)
    >>> part.html.count('type="range"'), "function compute(x, y)" in part.script
    (2, True)
    """
    mdp, policy, objective = problem.mdp, problem.policy, problem.objective
    free, gamma = with_free_gamma(mdp, policy, objective)
    own = {gamma: mdp.gamma} if gamma is not None and mdp.gamma.is_Rational else {}
    found = controls(free, policy, objective, gamma, problem.theta, {**own, **(symbols or {})})
    computed = formulas(free, policy, objective, [control.symbol for control in found])
    picture = geometry(free) if is_drawable(free) else None
    outputs = Outputs(computed, conditions(free, policy, objective))
    body = markup(objective, found, computed, outputs, picture)
    data = {"inputs": [control.data() for control in found], **outputs.data(picture)}
    data["outputs"] = len(outputs.codes)
    # "<" in a name would end the script element
    block = json.dumps(data).replace("<", r"\u003c")
    html = f'<div class="pgsym-live">\n{body}\n<script type="application/json">{block}</script>\n</div>'
    assets = files("pgsym.reports.live") / "static"
    style, *scripts = ((assets / name).read_text(encoding="utf-8") for name in ("live.css", "plots.js", "page.js"))
    return Live(html, style, _script([*scripts, javascript(outputs.codes, "compute")]))


def _script(parts: list[str]) -> str:
    """One strict scope."""
    call = (
        'const root = document.querySelector(".pgsym-live");\n'
        'start(root, JSON.parse(root.querySelector("script").textContent), compute);'
    )
    code = "\n".join(parts)
    return f'(() => {{\n"use strict";\n{code}\n{call}\n}})();\n'
