"""Moving a live page, and what Python computes at the same point."""

import itertools
import json
import re

import sympy as sp

from pgsym.algebra import DualField, FloatField
from pgsym.exact.quantities import Quantities
from pgsym.model import Problem
from pgsym.model.structure import Structure
from pgsym.reports.live import live
from pgsym.reports.live.controls import with_free_gamma

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; font-src data:"
MOVE = """
async (values) => {
  const fields = document.querySelectorAll(".pgsym-live input[type=number]");
  values.forEach((value, k) => {
    fields[k].value = value;
    fields[k].dispatchEvent(new Event("input", { bubbles: true }));
  });
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}
"""
NUMBERS = "(cells) => cells.map((cell) => Number(cell.dataset.value))"

CONTRAST = """
(root) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const pixel = (colour, under) => {
    canvas.globalCompositeOperation = "source-over";
    canvas.fillStyle = `rgb(${under.join(" ")})`;
    canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
  const ground = (element) => {
    const chain = [];
    for (let e = element; e; e = e.parentElement) chain.unshift(getComputedStyle(e).backgroundColor);
    return chain.reduce((under, colour) => pixel(colour, under), [255, 255, 255]);
  };
  const found = [];
  for (const element of document.querySelectorAll(`${root} *`)) {
    if (["SCRIPT", "STYLE", "style", "title", "desc"].includes(element.tagName)) continue;
    if (![...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGElement;
    const disc = drawn && element.closest(".n, .c")?.querySelector("circle");
    const under = disc ? pixel(getComputedStyle(disc).fill, ground(element)) : ground(element);
    const ink = pixel(drawn ? style.fill : style.color, under);
    const [dark, bright] = [light(ink), light(under)].sort((a, b) => a - b);
    found.push([(bright + 0.05) / (dark + 0.05), element.textContent.trim()]);
  }
  return found;
}
"""


def document(live: object) -> str:
    """A page with a live part, under the policy that reports have."""
    return "\n".join([
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>live</title>',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<style>:root { color-scheme: light dark; } body { margin: 1rem; background: #fff; }",
        "@media (prefers-color-scheme: dark) { body { background: #1e1e1e; } }",
        f"{live.style}</style></head><body>{live.html}<script>{live.script}</script></body></html>",
    ])  # fmt: skip


class Driver:
    """A problem, its live part, and the page that shows it once `open` was called."""

    def __init__(self, mdp, policy, objective, theta=None, symbols=None):
        problem = Problem(mdp, policy, objective, theta)
        self.objective = problem.objective
        self.live = live(problem, symbols)
        self.mdp, _ = with_free_gamma(mdp, policy, self.objective)
        self.policy = policy
        self.structure = Structure(self.mdp, policy)
        data = re.search(r'<script type="application/json">(.*?)</script>', self.live.html)
        self.inputs = json.loads(data[1])["inputs"]
        self.start = {control["name"]: control["start"] for control in self.inputs}
        self.page = None

    def open(self, visit, **options):
        opened = visit(document(self.live), **options)
        self.page = opened.page
        self.settle()
        return opened

    def move(self, values):
        self.page.evaluate(MOVE, list(values))

    def settle(self):
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def texts(self, selector):
        return self.page.eval_on_selector_all(
            f".pgsym-live :is({selector})", "(found) => found.map((e) => e.textContent)"
        )

    def style(self, selector, name):
        script = "(found, name) => found.map((e) => parseFloat(e.style[name]))"
        return self.page.eval_on_selector_all(selector, script, name)

    def read(self, selector):
        return self.page.eval_on_selector_all(f".pgsym-live :is({selector})", NUMBERS)

    def expected(self, point):
        """Quantities in floats at {name: value}: solved by SuperLU, differentiated with dual numbers."""
        params = self.policy.params
        symbols = {sp.Symbol(name): value for name, value in point.items()}
        field = FloatField({p: point[p.name] for p in params} | symbols)
        q = Quantities(self.mdp, self.policy, self.objective, field, self.structure)
        dual = Quantities(self.mdp, self.policy, self.objective, DualField(field, params), self.structure)
        return q, dual

    def theorem(self, point):
        """J, and the left side and the sum by parameter, as the table shows them."""
        q, dual = self.expected(point)
        return [q.J, *itertools.chain(*zip(dual.gradient.values(), dual.theorem_gradient.values(), strict=True))]

    def values(self, point):
        """The table of values, row by row."""
        q, _ = self.expected(point)
        found = []
        for s in q.baseline:
            found.append(q.baseline[s])
            found += [q.weight[s]] if s in q.weight else []
            for a in q.pi.get(s, ()):
                found += [q.pi[s][a], q.Q[s, a]]
        return found
