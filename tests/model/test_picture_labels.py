"""Labels never touch: boxes of the letters as they are drawn, against one another, arrowheads, states and actions."""

import random
import re
import subprocess
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import matplotlib
import pytest
import sympy as sp
from PIL import ImageFont
from skips import NEEDS_TEX

import pgsym
from pgsym.model import MDP
from pgsym.model.drawing.captions import LABEL_SIZE, NAME_SIZE
from pgsym.model.drawing.geometry import LABELS, PETAL, geometry
from pgsym.model.drawing.plot import plot
from pgsym.model.drawing.svg import svg
from pgsym.model.drawing.tikz import CENTIMETRES, tikz

SVG = "{http://www.w3.org/2000/svg}"
FONTS = Path(matplotlib.get_data_path()) / "fonts/ttf"
NORMAL, BOLD = (ImageFont.truetype(FONTS / f"DejaVuSans{kind}.ttf", 100) for kind in ("", "-Bold"))
MODELS = 200
SAMPLE = 24
ZOO = [(name, with_policy) for name in pgsym.zoo_names() for with_policy in (False, True)]


def random_model(seed):
    """2 to 9 states, long and short names, numbers and symbols."""
    rng = random.Random(seed)
    n = rng.randint(2, 9)
    words = ["high", "low", "broken", "waiting", "busy", "idle", "off", "on", "lost"]
    states = rng.choice([list(range(n)), [f"s{i}" for i in range(n)], words[:n]])
    actions = rng.choice([["a", "b", "c"], ["search", "wait", "recharge"], ["left", "right", "stay"]])
    p, r = sp.symbols("alpha_s r_search") if rng.random() < 0.4 else (None, None)
    rows = []
    for s in states:
        for a in actions[: rng.randint(1, 3)]:
            targets = rng.sample(states, rng.randint(1, min(3, n)))
            weights = [rng.randint(1, 9) for _ in targets]
            shares = [sp.Rational(w, sum(weights)) for w in weights]
            if p is not None and len(targets) == 2:
                shares = [p, 1 - p]
            rewards = [r if r is not None and rng.random() < 0.3 else rng.randint(-2, 2) for _ in targets]
            rows += [(s, a, *outcome) for outcome in zip(targets, shares, rewards, strict=True)]
    start = {states[0]: "1/3", states[-1]: "2/3"} if rng.random() < 0.5 else states[0]
    symbols = {"alpha_s": "0 < alpha_s < 1"} if any(row[3].free_symbols for row in rows) else {}
    return MDP.from_transitions(rows, gamma="1/2", states=states, start=start, symbols=symbols)


def written(text):
    """What an SVG draws: boxes of texts by kind, arrowheads as triangles, circles."""
    texts, heads, circles = [], [], []

    def walk(element, groups):
        kind = element.get("class") or ""
        hidden = kind.startswith("l ") and groups and groups[-1].startswith("a ")  # waits for the pointer
        if element.tag == f"{SVG}text" and not hidden:
            own = re.search(r"font-size:([.\d]+)", element.get("style") or "")
            inside = groups[-1] if groups else ""
            size = float(own[1]) if own else NAME_SIZE if inside.split()[:1] == ["n"] else LABEL_SIZE
            width = length(element, size)
            x, y = float(element.get("x")), float(element.get("y"))
            left = x if kind == "k" else x - width / 2
            texts.append((kind[:1], (left, y - 0.73 * size, left + width, y + 0.21 * size)))
        elif element.tag == f"{SVG}circle":
            circles.append(tuple(float(element.get(name)) for name in ("cx", "cy", "r")))
        elif element.tag == f"{SVG}path" and kind == "h":
            numbers = list(map(float, re.findall(r"-?[.\d]+", element.get("d"))))
            heads.append(list(zip(numbers[::2], numbers[1::2], strict=True)))
        for child in element:
            walk(child, [*groups, kind] if element.tag == f"{SVG}g" else groups)

    walk(ET.fromstring(text), [])
    return texts, heads, circles


def length(element, size):
    """Width of a text in DejaVu Sans, which is wider than what most systems take."""
    found = NORMAL.getlength(element.text or "") * size / 100
    for piece in element:
        style = (piece.get("class") or "").split()
        small = 0.72 if "x" in style else 1.0
        found += (BOLD if "b" in style else NORMAL).getlength(piece.text or "") * small * size / 100
        found += NORMAL.getlength(piece.tail or "") * size / 100
    return found


def overlap(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def near(box, circle):
    x, y, r = circle
    return max(box[0] - x, 0, x - box[2]) ** 2 + max(box[1] - y, 0, y - box[3]) ** 2 < r**2


def corners(box):
    return [(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])]


def meet(first, second):
    """Whether two convex polygons overlap: no side of either has all of the other beyond it."""
    for polygon, other in ((first, second), (second, first)):
        for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
            own, across = ([(y1 - y0) * x - (x1 - x0) * y for x, y in points] for points in (polygon, other))
            if max(own) <= min(across) or max(across) <= min(own):
                return False
    return True


def touching(text):
    """Pairs of what touches, by what they are."""
    texts, heads, circles = written(text)
    found = [(a, b) for (a, x), (b, y) in combinations(texts, 2) if overlap(x, y)]
    labels = [box for kind, box in texts if kind in {"l", "p"}]
    found += [("label", "arrowhead") for box in labels for head in heads if meet(corners(box), head)]
    return found + [("label", "circle") for box in labels for circle in circles if near(box, circle)]


@pytest.mark.parametrize(("name", "with_policy"), ZOO)
def test_labels_of_the_zoo_touch_nothing(name, with_policy):
    problem = pgsym.zoo(name)
    assert touching(svg(problem.mdp, policy=problem.policy if with_policy else None)) == []


@pytest.mark.parametrize("seed", range(SAMPLE))
def test_labels_of_random_models_touch_nothing(seed):
    assert touching(svg(random_model(seed))) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SAMPLE, MODELS))
def test_labels_of_more_random_models_touch_nothing(seed):
    assert touching(svg(random_model(seed))) == []


def test_touching_rejects_a_label_that_is_moved():
    text = svg(pgsym.zoo("two-state").mdp)
    places = re.findall(r'<text class="l[^>]*" x="([-.\d]+)" y="([-.\d]+)">', text)
    (x, y), (u, v) = places[:2]
    assert touching(text.replace(f'x="{x}" y="{y}"', f'x="{u}" y="{v}"'))
    disc = re.search(r'<circle cx="([-.\d]+)" cy="([-.\d]+)"', text)
    assert ("label", "circle") in touching(text.replace(f'x="{x}" y="{y}"', f'x="{disc[1]}" y="{disc[2]}"'))
    tip = re.search(r'class="h" d="M([-.\d]+),([-.\d]+)', text)
    assert ("label", "arrowhead") in touching(text.replace(f'x="{x}" y="{y}"', f'x="{tip[1]}" y="{tip[2]}"'))


def test_a_picture_whose_labels_find_no_place_waits_for_the_pointer(monkeypatch):
    mdp = pgsym.zoo("two-state").mdp
    assert not geometry(mdp).quiet
    # No room at all: every label is as wide as the picture.
    monkeypatch.setattr("pgsym.model.drawing.geometry._size", lambda text: (2000.0, 2000.0))
    picture = geometry(mdp)
    assert picture.quiet
    assert sum(arrow.label is not None for arrow in picture.arrows) < LABELS


SMALL = [("two-state", False), ("machine-replacement", True), ("recycling-robot", False), ("student", False)]


def discs(picture):
    return [(d.x, d.y, d.radius) for d in picture.discs] + [(p.x, p.y, PETAL) for p in picture.petals]


@pytest.mark.parametrize(("name", "with_policy"), SMALL)
def test_labels_of_figures_touch_nothing(name, with_policy):
    problem = pgsym.zoo(name)
    picture = geometry(problem.mdp, policy=problem.policy if with_policy else None)
    figure = plot(problem.mdp, picture)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    back = axes.transData.inverted()
    texts = [t for t in axes.texts if t.get_text()]
    boxes = [sorted_box(back.transform(t.get_window_extent())) for t in texts]
    assert [pair for pair in combinations(boxes, 2) if overlap(*pair)] == []
    formulas = [box for box, t in zip(boxes, texts, strict=True) if t.get_parse_math()]
    assert formulas
    assert [(b, c) for b in formulas for c in discs(picture) if near(b, c)] == []


def sorted_box(ends):
    (x0, y0), (x1, y1) = ends
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


TELL = r"""\makeatletter
\tikzset{outcome/.append style={append after command={\pgfextra{%
  \pgfpointanchor{\tikzlastnode}{south west}\edef\corner{\the\pgf@x,\the\pgf@y}%
  \pgfpointanchor{\tikzlastnode}{north east}\typeout{BOX \corner,\the\pgf@x,\the\pgf@y}}}}}
\makeatother
"""


@NEEDS_TEX
@pytest.mark.parametrize(("name", "with_policy"), SMALL)
def test_labels_of_tikz_touch_nothing(name, with_policy, tmp_path):
    problem = pgsym.zoo(name)
    picture = geometry(problem.mdp, policy=problem.policy if with_policy else None)
    text = tikz(problem.mdp, picture)
    place = text.index("\n", text.index(r"text opacity=1, inner sep=.6pt}]")) + 1
    (tmp_path / "graph.tex").write_text(text[:place] + TELL + text[place:], encoding="utf-8")
    run = subprocess.run(["pdflatex", "-interaction=nonstopmode", "graph.tex"], cwd=tmp_path, capture_output=True,
                         check=True)  # fmt: skip
    unit = 28.45274 * CENTIMETRES  # points of a pixel
    found = re.findall(r"^BOX (.*)$", run.stdout.decode("utf-8", "replace"), re.MULTILINE)
    numbers = [[float(part.removesuffix("pt")) / unit for part in line.split(",")] for line in found]
    boxes = [(x0, -y1, x1, -y0) for x0, y0, x1, y1 in numbers]
    assert len(boxes) == text.count(r"\node[outcome")
    assert [pair for pair in combinations(boxes, 2) if overlap(*pair)] == []
    assert [(b, c) for b in boxes for c in discs(picture) if near(b, c)] == []


def test_figure_shows_names_with_dollars_as_they_are():
    mdp = MDP.from_transitions([("$a^{$", "$", "end", 1, 1)], start="$a^{$", terminal=["end"])
    figure = mdp.plot()
    assert ["$a^{$", "end", "$"] == [text.get_text() for text in figure.axes[0].texts][:3]
    figure.canvas.draw()
