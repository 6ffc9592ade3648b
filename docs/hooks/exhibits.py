"""The gallery's rooms: each model of the zoo by its picture, each entry of the catalogue by its formula, reports."""

from __future__ import annotations

import tempfile
from functools import cache
from html import escape

import theory

import pgsym
from pgsym.claims.catalogue.registry import topics
from pgsym.model.drawing import is_drawable
from pgsym.model.zoo.registry import zoo_entries
from pgsym.reports.live.widget import FAMILY, font_face

REPORTS = {
    "short-corridor": (pgsym.zoo("short-corridor"), "the theorem holds; the best softmax policy is irrational"),
    "sign-flip": (
        pgsym.zoo("sign-flip", gamma="1/2").replace(objective="stationary-value"),
        "what many notes call the theorem is false",
    ),
}
"""Reports that go with the site, and what they show."""


LETTERS = "".join(map(chr, [*range(0x20, 0x7F), *range(0x391, 0x3FF)])) + "∂∇∑∏∈≤≥≠≈≔∞−·×∼∣⊤𝔼′″⟨⟩∥√"
"""What formulas of the site may hold; they look the same on every machine."""


def models() -> str:
    """A card for each model."""
    cards = []
    for entry in zoo_entries():
        if is_drawable(pgsym.zoo(entry.name).mdp):
            picture = f'<img src="../{_picture(entry.name)}" alt="{entry.name} as a graph" loading="lazy">'
            told = f"<code>{entry.name}</code> {escape(entry.description)}"
            cards.append(f"<figure>{picture}<figcaption>{told}</figcaption></figure>")
    return "\n".join(['<div class="wall">', *cards, "</div>"])


def theorems() -> str:
    """A card for each entry: its formula, and whether it is true."""
    parts = []
    for title, found in topics().items():
        parts += [f"### {title}", "", '<div class="wall formulas">']
        for t in found:
            kind, sign = ("proved", "✓") if t.holds else ("refuted", "✗")
            link = f'<a href="../theorems/{t.name}/">{escape(t.title)}</a>'
            told = f'<span class="answer {kind}">{sign}</span> {link}'
            parts.append(f"<figure>{theory.formulas(t, 'statement')}<figcaption>{told}</figcaption></figure>")
        parts += ["</div>", ""]
    return "\n".join(parts)


def reports() -> str:
    """Each report in a window of its own."""
    parts = []
    for name, (_, told) in REPORTS.items():
        window = f'<iframe src="../{_page(name)}" title="The report of {name}" loading="lazy"></iframe>'
        link = f'<a href="../{_page(name)}"><code>pgsym report {name}</code></a>: {told}.'
        parts.append(f'<figure class="report">{window}<figcaption>{link}</figcaption></figure>')
    return "\n".join(parts)


@cache
def files() -> dict[str, str]:
    """What the cards show, by its place in the site."""
    problems = {entry.name: pgsym.zoo(entry.name) for entry in zoo_entries()}
    found = {_picture(name): pgsym.svg(p.mdp) for name, p in problems.items() if is_drawable(p.mdp)}
    found["math.css"] = f"{font_face(LETTERS)}\nmath {{ font-family: '{FAMILY}', math; }}\n"
    for name, (problem, _) in REPORTS.items():
        with tempfile.TemporaryDirectory() as folder:
            page, _ = pgsym.report(problem, folder, samples=5_000, steps=40, seeds=2)
            found[_page(name)] = page.read_text(encoding="utf-8")
    return found


def _picture(name: str) -> str:
    return f"pictures/zoo/{name}.svg"


def _page(name: str) -> str:
    return f"reports/{name}.html"
