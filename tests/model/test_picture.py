"""Pictures: complete, escaped, deterministic, and true to their geometry."""

import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from functools import cache
from itertools import combinations

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from paper import Paper, compiled
from skips import NEEDS_TEX

from pgsym.errors import StructureError
from pgsym.expression.naming import labels
from pgsym.model import MDP, sigmoid
from pgsym.model.drawing.captions import LABEL_SIZE, pieces_width, symbols_of_actions, text_width
from pgsym.model.drawing.geometry import MAX_STATES, PETAL, geometry
from pgsym.model.drawing.svg import svg
from pgsym.model.drawing.tikz import tikz
from pgsym.model.layout import layout

picture_of = cache(geometry)  # models compare by identity

SVG = "{http://www.w3.org/2000/svg}"


def corridor():
    rows = [
        ("s1", "R", "s2"),
        ("s1", "L", "s1"),
        ("s2", "R", "s1"),
        ("s2", "L", "s3"),
        ("s3", "R", "T"),
        ("s3", "L", "s2"),
    ]
    return MDP.from_transitions([(*row, 1, -1) for row in rows], start="s1", terminal=["T"])


def two_state():
    return MDP.from_transitions(
        [
            ("x", "a", "x", "3/4", 1), ("x", "a", "y", "1/4", 1), ("x", "b", "x", "1/4", 0), ("x", "b", "y", "3/4", 0),
            ("y", "a", "x", "1/2", 2), ("y", "a", "y", "1/2", 2),
            ("y", "b", "x", "1/5", -1), ("y", "b", "y", "4/5", -1),
        ],
        gamma="9/10",
        start={"x": "1/3", "y": "2/3"},
    )  # fmt: skip


def parallel_edges():
    return MDP.from_transitions(
        [
            ("s1", "go", "s2", "1/2", 1), ("s1", "go", "s2", "1/4", -1), ("s1", "go", "s3", "1/4", 0),
            ("s2", "go", "s3", "p", "r"), ("s2", "go", "s1", "1-p", 0), ("s3", "go", "s1", 1, 5),
        ],
        gamma="gamma",
        symbols={"p": "0 < p < 1"},
    )  # fmt: skip


def walk():
    names = ["TL", "A", "B", "C", "D", "E", "TR"]
    rows = [
        (names[i], a, names[i + d], 1, int((i, d) == (5, 1)))
        for i in range(1, 6)
        for a, d in (("left", -1), ("right", 1))
    ]
    return MDP.from_transitions(rows, start="C", terminal=["TL", "TR"])


MOVES = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


def grid(k, *, integers=False, slip=False):
    """k x k cells; with slip, each of the action's and the two sideways moves has probability 1/3."""
    name = (lambda i, j: i * k + j) if integers else (lambda i, j: (i, j))
    rows = []
    for i in range(k):
        for j in range(k):
            for a, (di, dj) in MOVES.items():
                ways = [(di, dj), (dj, di), (-dj, -di)] if slip else [(di, dj)]
                for x, y in ways:
                    t = name(min(max(i + x, 0), k - 1), min(max(j + y, 0), k - 1))
                    rows.append((name(i, j), a, t, sp.Rational(1, len(ways)), -1))
    end = name(k - 1, k - 1)
    states = [name(i, j) for i in range(k) for j in range(k)]
    return MDP.from_transitions([r for r in rows if r[0] != end], start=name(0, 0), terminal=[end], states=states)


def garnet(n, branching=2, actions=2):
    """Deterministic pseudo-random successors, all reachable from their predecessor."""
    rows = []
    for s in range(n):
        for a in range(actions):
            targets = [(s + 1) % n] + [(s * 7 + a * 5 + k * 11 + 3) % n for k in range(1, branching)]
            rows += [(s, a, t, sp.Rational(1, branching), (s + a) % 3) for t in targets]
    return MDP.from_transitions(rows, start=0, gamma="1/2")


MODELS = {
    "corridor": corridor(),
    "two": two_state(),
    "parallel": parallel_edges(),
    "walk": walk(),
    "grid": grid(4),
    "frozen": grid(4, integers=True, slip=True),
    "garnet": garnet(9),
}
every_model = pytest.mark.parametrize("mdp", MODELS.values(), ids=MODELS)


def texts(root):
    return ["".join(e.itertext()) for e in root.iter(f"{SVG}text")]


def titles(root):
    return [e.text or "" for e in root.iter(f"{SVG}title")]


# -- SVG -------------------------------------------------------------------------------------------------------


@every_model
def test_svg_is_well_formed_and_complete(mdp):
    root = ET.fromstring(svg(mdp))
    assert root.get("role") == "img"
    assert root.get("aria-label").startswith("Markov decision process with")
    shown, tips = texts(root), titles(root)
    for s in mdp.states:
        assert str(s) in shown
        kind = "terminal state" if s in mdp.terminal else "state"
        assert any(tip.split(", start")[0] == f"{kind} {s}" for tip in tips)
    for s, a in mdp.pairs:
        assert any(tip.startswith(f"state {s}, action {a}: ") for tip in tips)
    assert sum(e.get("class") == "i" for e in root.iter(f"{SVG}circle")) == len(mdp.terminal)
    assert not list(root.iter(f"{SVG}script"))


@every_model
def test_svg_is_deterministic(mdp):
    assert svg(mdp) == svg(mdp)


def test_svg_does_not_depend_on_the_hash_seed():
    source = (
        "from pgsym.model import MDP; from pgsym.model.drawing.svg import svg; import hashlib;"
        "n = [f's{i}' for i in range(11)];"
        "steps = {'a': (1, 4), 'b': (2, 4)};"
        "rows = [(n[i], a, n[(i * k + 1) % 11], '1/2', 0) for i in range(11) for a in 'ab' for k in steps[a]];"
        "print(hashlib.sha256(svg(MDP.from_transitions(rows, gamma='1/2')).encode()).hexdigest())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", source],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(seen) == 1


HOSTILE = ['<script>alert("1")</script>', '"quoted"', "a & b", "it's", "]]>", "<!--", "\x00\x1b", "%{}$#_^~\\", "状 é"]


def hostile():
    rows = [(s, f"{s} act", t, 1, 0) for s, t in zip(HOSTILE, HOSTILE[1:] + HOSTILE[:1], strict=True)]
    return MDP.from_transitions(rows, start=HOSTILE[0], gamma="1/2")


def test_svg_escapes_every_name():
    text = svg(hostile())
    root = ET.fromstring(text)
    assert "<script" not in text
    assert not list(root.iter(f"{SVG}script"))
    tips = " ".join(titles(root))
    for name in HOSTILE:
        if name.isprintable():
            assert name in tips


def test_svg_labels_are_the_exact_probabilities_and_rewards():
    shown = texts(ET.fromstring(svg(two_state())))
    for label in (
        "3/4, r = 1",
        "1/4, r = 1",
        "1/4",
        "3/4",
        "1/2, r = 2",
        "1/5, r = −1",
        "4/5, r = −1",
        "γ = 9/10",
        "1/3",
    ):
        assert label in shown
    assert shown.count("1/2, r = 2") == 2


def test_svg_shows_parallel_outcomes_and_symbols():
    shown = texts(ET.fromstring(svg(parallel_edges())))
    assert {"1/2, r = 1", "1/4, r = −1", "1/4", "p, r", "1 − p", "r = 5"} <= set(shown)


def test_svg_says_a_common_reward_once():
    shown = texts(ET.fromstring(svg(corridor())))
    assert "every reward is −1" in shown
    assert not any("r =" in text for text in shown)


def test_svg_crowded_picture_says_equal_probabilities_once():
    root = ET.fromstring(svg(MODELS["frozen"]))
    assert any("equally likely where no probability is shown" in text for text in texts(root))
    assert "1/3" not in texts(root)
    # In a corner two of the three moves stay: one arrow, with their exact sum.
    assert "2/3" in texts(root)
    assert any("to 0 with probability 2/3, reward −1" in tip for tip in titles(root))


def test_svg_shows_a_policy():
    mdp = corridor()
    policy = sigmoid(mdp, dict.fromkeys(("s1", "s2", "s3"), "t"))
    tips = titles(ET.fromstring(svg(mdp, policy=policy)))
    assert any(tip.startswith("state s1, action R (chosen with probability e^t/(1 + e^t))") for tip in tips)
    half = {s: {"R": "1/3", "L": "2/3"} for s in ("s1", "s2", "s3")}
    assert texts(ET.fromstring(svg(mdp, policy=half))).count("2/3") == 3


def test_notebook_picture():
    assert corridor()._repr_svg_() == svg(corridor())
    assert garnet(MAX_STATES + 1)._repr_svg_() is None


# -- geometry --------------------------------------------------------------------------------------------------


def crossing(disc, x, y):
    return math.hypot(x - disc.x, y - disc.y) - disc.radius


@every_model
def test_arrows_start_on_petals_and_end_on_borders(mdp):
    picture = picture_of(mdp)
    discs = {d.state: d for d in picture.discs}
    petals = {(p.state, p.action): p for p in picture.petals}
    assert len(picture.arrows) >= len(mdp.pairs)
    for arrow in picture.arrows:
        petal, disc = petals[arrow.state, arrow.action], discs[arrow.target]
        assert arrow.curve.start == pytest.approx((petal.x, petal.y), abs=0.1)
        assert abs(crossing(disc, *arrow.curve.tip)) < 1e-6
        # The last control point is outside, on the same ray: the arrow meets the border at a right angle.
        assert crossing(disc, *arrow.curve.second) > 5


@every_model
def test_written_arrowheads_touch_the_borders(mdp):
    picture = picture_of(mdp)
    root = ET.fromstring(svg(mdp))
    heads = [e.get("d") for e in root.iter(f"{SVG}path") if e.get("class") == "h"]
    tips = [tuple(map(float, re.match(r"M([-\d.]+),([-\d.]+)", d).groups())) for d in heads]
    assert len(tips) == len(picture.arrows) + len(picture.marks)
    for tip in tips:
        assert min(abs(crossing(d, *tip)) for d in picture.discs) < 0.02


@every_model
def test_states_and_petals_do_not_overlap(mdp):
    picture = picture_of(mdp)
    circles = [(d.x, d.y, d.radius) for d in picture.discs] + [(p.x, p.y, PETAL) for p in picture.petals]
    for (x, y, r), (u, v, q) in combinations(circles, 2):
        assert math.hypot(x - u, y - v) > r + q


@every_model
def test_everything_is_inside_the_box(mdp):
    picture = picture_of(mdp)
    left, top, width, height = picture.box
    points = [(d.x + sx * d.radius, d.y + sy * d.radius) for d in picture.discs for sx in (-1, 1) for sy in (-1, 1)]
    points += [a.curve.at(k / 20) for a in picture.arrows for k in range(21)]
    written = [a.label for a in picture.arrows if a.label] + [m.label for m in picture.marks if m.label]
    points += [(t.x + s * pieces_width(t.parts, LABEL_SIZE) / 2, t.y) for t in written for s in (-1, 1)]
    points += [
        (t.x + text_width(t.text, LABEL_SIZE), t.y) for t in (*picture.captions, *(k[0] for k in picture.legend))
    ]
    for x, y in points:
        assert left <= x <= left + width
        assert top <= y <= top + height


@pytest.mark.parametrize("n", range(2, 41))
def test_no_two_states_overlap_at_any_size(n):
    positions = layout(garnet(n)).positions
    assert len(positions) == n
    assert min(math.dist(p, q) for p, q in combinations(positions.values(), 2)) > 1 - 1e-6


@st.composite
def models(draw):
    n = draw(st.integers(2, 9))
    rows = []
    for s in range(n):
        for a in range(draw(st.integers(1, 3))):
            targets = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=3, unique=True))
            rows += [(s, a, t, sp.Rational(1, len(targets)), draw(st.integers(-1, 1))) for t in targets]
    return MDP.from_transitions(rows, gamma="1/2", states=range(n))


@settings(max_examples=20)
@given(models())
def test_random_models_are_drawn(mdp):
    ET.fromstring(svg(mdp))
    picture = geometry(mdp)
    circles = [(d.x, d.y, d.radius) for d in picture.discs] + [(p.x, p.y, PETAL) for p in picture.petals]
    for (x, y, r), (u, v, q) in combinations(circles, 2):
        assert math.hypot(x - u, y - v) > r + q
    for arrow in picture.arrows:
        disc = next(d for d in picture.discs if d.state == arrow.target)
        assert abs(crossing(disc, *arrow.curve.tip)) < 1e-6


# -- layouts ---------------------------------------------------------------------------------------------------


def test_layout_of_a_path_is_a_line():
    positions = layout(walk()).positions
    assert [positions[s] for s in ("TL", "A", "B", "C", "D", "E", "TR")] == [(float(i), 0.0) for i in range(7)]


def test_layout_of_a_long_path_is_folded():
    mdp = MDP.from_transitions([(i, "go", i + 1, 1, 0) for i in range(30)], terminal=[30], states=range(31))
    positions = layout(mdp).positions
    assert {y for _, y in positions.values()} == {0.0, 1.0, 2.0}
    assert all(math.dist(positions[i], positions[i + 1]) == 1 for i in range(30))


@pytest.mark.parametrize("integers", [False, True])
def test_layout_of_a_gridworld_is_its_grid(integers):
    found = layout(grid(5, integers=integers))
    assert found.grid
    for s, (x, y) in found.positions.items():
        assert (y, x) == (divmod(s, 5) if integers else s)


def test_layout_of_a_cliff_keeps_its_rows():
    rows = []
    for s in range(47):
        i, j = divmod(s, 12)
        for a, (di, dj) in MOVES.items():
            t = 12 * min(max(i + di, 0), 3) + min(max(j + dj, 0), 11)
            rows.append((s, a, 36 if 37 <= t <= 46 else t, 1, -1))
    mdp = MDP.from_transitions(rows, start=36, terminal=[47], states=range(48))
    assert layout(mdp).positions[36] == (0.0, 3.0)


def test_layout_of_an_unrolled_model_runs_to_the_right():
    positions = layout(two_state().unroll(3)).positions
    assert [positions["x", t][0] for t in range(4)] == [0, 1, 2, 3]


def test_layout_of_separate_parts_side_by_side():
    rows = [(p + str(i), "go", p + str((i + 1) % 4), 1, 0) for p in "ab" for i in range(4)]
    positions = layout(MDP.from_transitions(rows, gamma="1/2")).positions
    assert max(positions[f"a{i}"][0] for i in range(4)) < min(positions[f"b{i}"][0] for i in range(4))


def test_given_positions_are_kept():
    given_positions = {"s1": (0, 0), "s2": (0, 2), "s3": (4, 2), "T": (4, 0)}
    positions = layout(corridor(), given_positions).positions
    assert positions == {"s1": (0, 0), "s2": (0, -1), "s3": (2, -1), "T": (2, 0)}
    assert "s3" in texts(ET.fromstring(svg(corridor(), positions=given_positions)))


def test_positions_raise_on_missing_state():
    with pytest.raises(
        StructureError, match=r"^positions: no position for 's3'; every state needs one\. Add 2 of them$"
    ):
        svg(corridor(), positions={"s1": (0, 0), "s2": (1, 0)})


def test_positions_raise_on_coinciding_states():
    with pytest.raises(StructureError, match=r"^positions: 's1' and 's2' stand on one place; move one of them$"):
        svg(corridor(), positions={"s1": (0, 0), "s2": (0, 0), "s3": (1, 0), "T": (2, 0)})


# -- names -----------------------------------------------------------------------------------------------------


def test_actions_have_distinct_symbols():
    names = ["left", "LEFT", "search", "stay", "stand", "", "a", "a1", 0, "0", None, "right"]
    symbols = symbols_of_actions(names)
    assert len(set(symbols.values())) == len(names)
    assert all(1 <= len(symbol) <= 3 for symbol in symbols.values())
    assert symbols["right"] == "→"


def test_states_1_and_text_1_are_told_apart():
    assert len(set(labels([1, "1", (0, 1), "(0, 1)"]).values())) == 4


def test_long_names_are_shortened_in_circles_only():
    name = "a state with a very long name"
    root = ET.fromstring(svg(MDP.from_transitions([(name, "go", "end", 1, 0)], terminal=["end"])))
    assert any(text.endswith("…") and name.startswith(text[:-1]) for text in texts(root))
    assert f"state {name}" in titles(root)


# -- large models ----------------------------------------------------------------------------------------------


def test_many_actions_in_one_state_have_room():
    picture = geometry(MDP.from_transitions([("s", a, "end", 1, a) for a in range(30)], terminal=["end"]))
    for p, q in combinations(picture.petals, 2):
        assert math.dist((p.x, p.y), (q.x, q.y)) > 2 * PETAL


def test_large_models_are_drawn_without_labels():
    mdp = garnet(100)
    root = ET.fromstring(svg(mdp))
    assert sum(1 for _ in root.iter(f"{SVG}circle")) == 100
    assert texts(root) == ["100 states; arrows join a state to each possible next state"]
    picture = geometry(mdp)
    for a, b in combinations(picture.discs, 2):
        assert math.hypot(a.x - b.x, a.y - b.y) > a.radius + b.radius


def test_dense_models_are_drawn_without_labels():
    assert not geometry(garnet(30, branching=12)).petals


def test_picture_raises_on_too_large_a_model():
    message = (
        r"^picture: 401 states with \d+ connections; at most 400 states and 4000 connections can be drawn\. Draw a"
    )
    with pytest.raises(StructureError, match=message):
        svg(garnet(MAX_STATES + 1))


# -- TikZ ------------------------------------------------------------------------------------------------------


def balanced(tex):
    depth = 0
    for token in re.findall(r"\\.|[{}]", tex):
        depth += (token == "{") - (token == "}")
        assert depth >= 0
    return depth == 0


@pytest.mark.parametrize("mdp", [*MODELS.values(), hostile(), garnet(70)], ids=[*MODELS, "hostile", "large"])
def test_tikz_is_balanced_and_complete(mdp):
    text = tikz(mdp)
    assert balanced(text)
    assert text.count(r"\begin{") == text.count(r"\end{")
    assert text.count(".. controls") == len(geometry(mdp).arrows)
    nodes = len(re.findall(r"\\node\[(state|terminal)", text))
    assert nodes == len(mdp.states)


@NEEDS_TEX
@pytest.mark.parametrize("mdp", [two_state(), hostile(), corridor()], ids=["two", "hostile", "corridor"])
def test_tikz_compiles(mdp, tmp_path):
    assert compiled(tikz(mdp), tmp_path) == Paper(1, ())
