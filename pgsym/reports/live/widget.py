"""The live part of a report's page: a section of HTML, its style and its script.

Nothing is loaded from anywhere.  A browser sets a letter of a formula as a mathematical italic (U+1D44E for a) and
stretches brackets with a font that has a MATH table.  matplotlib brings one, DejaVu Serif, of which a few kilobytes
come with the page; fonts of the reader's computer are finer, so a style sheet should name them first.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import sympy as sp

from pgsym.model.drawing import is_drawable
from pgsym.model.drawing.geometry import geometry
from pgsym.model.problem import Problem
from pgsym.reports.live.controls import conditions, controls, marked, with_free_gamma
from pgsym.reports.live.formulas import Outputs, formulas
from pgsym.reports.live.javascript import javascript
from pgsym.reports.live.markup import markup


@dataclass(frozen=True)
class Live:
    """What a page needs to be alive: a ``<div>``, rules below ``.pgsym-live``, and a script behind the ``<div>``."""

    html: str
    style: str
    script: str


def live(
    problem: Problem,
    symbols: Mapping[sp.Symbol | str, Any] | None = None,
    points: Mapping[str, Mapping[str, Any]] | None = None,
) -> Live:
    """The live part of a problem's page: sliders for theta, gamma and the symbols, and all that follows them.

    `symbols` says where the sliders of symbols stand at first; by default at a point of the model's domain.  `points`
    have a button each that moves the sliders there; what a point does not name goes back to where it stood.

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
    places = marked(found, policy, points or {})
    body = markup(objective, found, list(places), computed, outputs, picture)
    data = {"inputs": [control.data() for control in found], **outputs.data(picture)}
    data |= {"outputs": len(outputs.codes), "points": list(places.values())}
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


FAMILY = "pgsym math"
"""The name under which a style sheet finds the font."""
_DRAWN = "√‾−′"
"""What MathML draws although no text says it: roots, bars, minus for a hyphen, and primes."""


def font_face(text: str) -> str:
    """An ``@font-face`` rule with the characters of `text`; empty where ziamath or fonttools is not installed.

    The font is a subset of STIX Two Math, with the table that says where indices and fractions stand, as base64 in
    WOFF, which needs no compressor beyond zlib.

    >>> rule = font_face("J = 1")
    >>> rule[:40], 2_000 < len(rule) < 40_000
    ("@font-face { font-family: 'pgsym math'; ", True)
    """
    found = find_spec("ziamath")
    if found is None or found.origin is None or find_spec("fontTools") is None:
        return ""
    path = Path(found.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"
    if not path.is_file():
        return ""
    data = base64.b64encode(_subset(path, {*text, *_DRAWN, *map(italic, text)})).decode()
    return f"@font-face {{ font-family: '{FAMILY}'; src: url(data:font/woff;base64,{data}) format('woff'); }}"


def italic(letter: str) -> str:
    """The mathematical italic that MathML shows for a lone letter.

    >>> italic("a"), italic("h"), italic("J"), italic("θ"), italic("2")
    ('𝑎', 'ℎ', '𝐽', '𝜃', '2')
    """
    if letter == "h":  # Unicode had it before the others, as Planck's constant
        return "ℎ"
    for first, last, start in (("A", "Z", "𝐴"), ("a", "z", "𝑎"), ("Α", "Ω", "𝛢"), ("α", "ω", "𝛼")):
        if first <= letter <= last:
            return chr(ord(start) + ord(letter) - ord(first))
    return {"∂": "𝜕", "ϵ": "𝜖", "ϑ": "𝜗", "ϕ": "𝜙", "ϱ": "𝜚", "ϖ": "𝜛"}.get(letter, letter)


def _subset(path: Path, letters: set[str]) -> bytes:
    # matplotlib requires fonttools
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    font = TTFont(path)
    options = Options(layout_features=[], hinting=False, name_IDs=[], notdef_outline=True)
    options.drop_tables += ["FFTM"]
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(letters)))
    subsetter.subset(font)
    font.flavor = "woff"
    # a date of its own would make equal pages differ
    font.recalcTimestamp = False
    buffer = BytesIO()
    font.save(buffer)
    return buffer.getvalue()
