"""The live page in a real browser: its numbers are Python's, and everyone can use it."""

import random
import re
from functools import cache

import pytest
from browser.driver import CONTRAST, Driver

from pgsym.model import MDP, sigmoid, tabular
from pgsym.model.policies import direct_policy, mixture
from pgsym.model.zoo import zoo


def symbolic():
    """A corridor of two states with one parameter for both, a slip probability p, a reward b and gamma."""
    rows = [
        ("u", "on", "v", "p", "-1"), ("u", "on", "u", "1 - p", 0), ("u", "back", "u", 1, "b"),
        ("v", "on", "end", "p", 1), ("v", "on", "u", "1 - p", "b"), ("v", "back", "u", 1, 0),
    ]  # fmt: skip
    mdp = MDP.from_transitions(
        rows, start={"u": "2/3", "v": "1/3"}, terminal=["end"], gamma="gamma", symbols={"p": "0 < p < 1", "b": "real"}
    )
    return Driver(mdp, sigmoid(mdp, {"u": "theta", "v": "theta/2"}), "start-state")


def directly():
    """Probabilities as parameters, and a mixture over them."""
    rows = [(s, a, t, 1, r) for s, a, t, r in [("x", "a", "y", 1), ("x", "b", "x", 0), ("y", "a", "x", 2)]]
    rows.append(("y", "b", "y", 1, -1))
    mdp = MDP.from_transitions(rows, start="x", gamma="9/10")
    table = {s: {"a": p, "b": f"1 - {p}"} for s, p in (("x", "u"), ("y", "v"))}
    return Driver(mdp, mixture(direct_policy(mdp, table, ["u", "v"]), "epsilon"), "stationary-value")


def from_zoo(name, objective=None):
    problem = zoo(name)
    return Driver(problem.mdp, problem.policy, objective or problem.objective, theta=problem.theta)


PROBLEMS = {
    "short corridor": lambda: from_zoo("short-corridor"),
    "two states": lambda: from_zoo("two-state", "start-state"),
    "two states, average reward": lambda: from_zoo("two-state", "average-reward"),
    "two states, stationary value": lambda: from_zoo("two-state", "stationary-value"),
    "symbols": symbolic,
    "direct": directly,
    "recycling robot": lambda: from_zoo("recycling-robot"),
    "many parameters": lambda: from_zoo("cliff"),
}


@cache
def made(name):
    """The problem's live part, compiled once."""
    return PROBLEMS[name]()


def random_point(driver, rng):
    """Values for all sliders, inside the model's domain."""
    return {
        c["name"]: rng.uniform(0.1, 0.9) if c["max"] <= 1 and c["min"] >= 0 else rng.uniform(-2, 2)
        for c in driver.inputs
    }


def close(found, expected):
    """To 1e-9 of the numbers, or of the largest among them where sums cancel."""
    assert len(found) == len(expected)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12 * max(map(abs, expected)))


@pytest.mark.parametrize("name", PROBLEMS)
def test_numbers_are_those_of_python(name, visit):
    driver = made(name)
    opened = driver.open(visit)
    rng = random.Random(name)
    for _ in range(2 if name == "many parameters" else 6):
        point = random_point(driver, rng)
        driver.move(point.values())
        close(driver.read(".values [data-out]"), driver.values(point))
        assert driver.page.text_content(".outside") == ""
        if driver.objective.value != "stationary-value":
            close(driver.read(".theorem [data-out]"), driver.theorem(point))
            assert set(driver.texts(".theorem td.is")) == {"="}
    assert opened.wrong == []


def test_theorem_of_the_notes_is_shown_false_and_the_true_one_true(visit):
    driver = made("two states, stationary value")
    driver.open(visit)
    assert driver.texts(".theorem td.is") == ["≠", "=", "≠", "="]
    left, claimed, true = driver.read(".theorem tr:first-child td[data-out]")
    # DESIGN: grad J = 10120/6889, line 2 of the note 9988/71961
    assert (left, claimed, true) == pytest.approx((10120 / 6889, 9988 / 71961, 10120 / 6889))


def test_start_is_the_given_point_and_reset_returns_to_it(visit):
    driver = made("short corridor")
    page = driver.open(visit).page
    assert driver.texts(".J output") == ["−12"]
    driver.move([1.5, 0.25])
    assert driver.texts(".J output") != ["−12"]
    page.click(".points button")
    driver.settle()
    assert driver.texts(".J output") == ["−12"]
    assert [page.input_value(f"#live-{k}") for k in (0, 1)] == ["0", "1"]


def test_sliders_follow_the_keyboard(visit):
    driver = made("short corridor")
    page = driver.open(visit).page
    page.focus("#live-0")
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.type") == "number"
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    driver.settle()
    step = driver.inputs[0]["step"]
    point = {"theta": 30 * step, "gamma": 1 - driver.inputs[1]["step"]}
    assert page.input_value("input[type=number] >> nth=0") == f"{30 * step:g}"
    close(driver.read(".theorem [data-out]"), driver.theorem(point))
    assert page.get_attribute("#live-0", "aria-valuetext") == f"{30 * step:g}"


def test_outside_the_model_every_number_is_undefined(visit):
    driver = made("two states, stationary value")
    page = driver.open(visit).page
    for gamma, complaint in (("1", "γ < 1"), ("-0.1", "0 ≤ γ")):
        driver.move([0, 0, gamma])
        assert set(driver.texts(".values [data-out], .theorem [data-out]")) == {"undefined"}
        assert page.text_content(".outside") == f"Outside the model: {complaint} does not hold."
    driver.move([0, "", 0.5])
    assert set(driver.texts(".values [data-out]")) == {"undefined"}
    driver.move([0, 0, 0.5])
    assert "undefined" not in driver.texts(".values [data-out]")


def test_probabilities_outside_their_range_are_said_to_be(visit):
    driver = made("symbols")
    names = list(driver.start)
    assert names == ["theta", "gamma", "b", "p"]
    page = driver.open(visit).page
    driver.move([0, 0.5, 1, 1.25])
    assert "p < 1" in page.text_content(".outside")
    assert "0 ≤ 1 − p" in page.text_content(".outside")


def test_terms_add_up_to_the_sum(visit):
    driver = made("two states")
    page = driver.open(visit).page
    for k, theta in enumerate(driver.policy.params):
        page.select_option(".terms select", str(k))
        rows = page.eval_on_selector_all(
            ".terms tbody tr",
            "(rows) => rows.map((row) => [...row.querySelectorAll('td')].map((c) => +c.dataset.value))",
        )
        for weight, slope, q, product in rows:
            assert product == pytest.approx(weight * slope * q)
        assert len(rows) == 2
        expected = driver.expected(driver.start)[1].theorem_gradient[theta]
        assert sum(row[3] for row in rows) == pytest.approx(expected)
        assert driver.read(".terms .total") == pytest.approx([expected])


def test_equal_problems_give_equal_pages():
    assert PROBLEMS["two states"]().live == made("two states").live


# -- pictures --------------------------------------------------------------------------------------------


def test_graph_follows_policy_and_occupancy(visit):
    driver = made("two states")
    driver.open(visit, reduced_motion="reduce")
    point = {"theta_x": 1.25, "theta_y": -0.75, "gamma": 0.6}
    driver.move(point.values())
    q, _ = driver.expected(point)
    widths = driver.style(".graph g.a .w", "strokeWidth")
    assert widths == pytest.approx([0.8 + 5.2 * q.pi[s][a] for s, a in driver.mdp.pairs], rel=1e-4)
    moves = driver.style(".graph g.a .t", "strokeWidth")
    outcomes = [q.pi[s][a] * float(o.p) for s, a in driver.mdp.pairs for o in driver.mdp.outcomes(s, a)]
    assert moves == pytest.approx([0.8 + 5.2 * part for part in outcomes], rel=1e-4)
    shares = driver.page.eval_on_selector_all(".graph g.n", "(n) => n.map((e) => +e.style.getPropertyValue('--share'))")
    assert shares == pytest.approx([q.d[s] for s in driver.mdp.states])
    before = driver.page.eval_on_selector(".graph g.n circle", "(c) => getComputedStyle(c).fill")
    driver.move([-3, -0.75, 0.6])
    assert driver.page.eval_on_selector(".graph g.n circle", "(c) => getComputedStyle(c).fill") != before


def test_vector_field_points_along_the_gradient(visit):
    driver = made("two states")
    page = driver.open(visit).page
    paths = page.eval_on_selector_all(".plots .arrows path", "(all) => all.map((p) => p.getAttribute('d'))")
    assert len(paths) == 13**2
    lines = [list(map(float, re.findall(r"-?[\d.]+", d)[:4])) for d in paths]
    left, right, bottom, top = 58, 382 - 12, 370 - 34, 24
    for x0, y0, x1, y1 in (lines[k] for k in (20, 84, 150)):
        middle, height = (x0 + x1) / 2, (y0 + y1) / 2
        point = {
            **driver.start,
            "theta_x": -4 + 8 * (middle - left) / (right - left),
            "theta_y": -4 + 8 * (bottom - height) / (bottom - top),
        }
        gx, gy = driver.expected(point)[1].gradient.values()
        size = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        # coordinates are written with one digit after the point
        assert ((x1 - x0) / size, (y0 - y1) / size) == pytest.approx(
            (gx / (gx**2 + gy**2) ** 0.5, gy / (gx**2 + gy**2) ** 0.5), abs=0.1
        )
    assert page.get_attribute(".plots > svg", "aria-label").startswith(
        "Arrows of grad J over θ_x and θ_y; at θ_x = 0.69"
    )


def test_field_takes_any_two_parameters_and_moves_to_where_one_points(visit):
    driver = made("recycling robot")
    page = driver.open(visit).page
    page.select_option(".axes select >> nth=0", "2")
    page.select_option(".axes select >> nth=1", "2")
    driver.settle()
    values = [page.input_value(f".axes select >> nth={k}") for k in (0, 1)]
    assert values == ["3", "2"]
    box = page.locator(".plots > svg").bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    driver.settle()
    moved = [float(page.input_value(f"input[type=number] >> nth={k}")) for k in range(5)]
    assert [k for k, value in enumerate(moved) if value] == [2, 3]
    point = {**driver.start, "theta_low_search": moved[2], "theta_low_wait": moved[3]}
    close(driver.read(".theorem [data-out]"), driver.theorem(point))


def test_one_parameter_is_drawn_as_curves_with_the_tangent(visit):
    driver = made("short corridor")
    page = driver.open(visit).page
    assert page.locator(".plots .curve").count() == 2
    assert page.locator(".plots .dot").count() > 10
    label = page.get_attribute(".plots .upper", "aria-label")
    assert label == "J against θ; at θ = 0, J = −12 and the tangent with the theorem's slope 2"
    page.locator("#live-0").fill("2")
    driver.settle()
    assert "at θ = 2" in page.get_attribute(".plots .lower", "aria-label")


# -- for everyone ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["short corridor", "recycling robot"])
def test_text_has_contrast(name, scheme, visit):
    driver = made(name)
    driver.open(visit, color_scheme=scheme, reduced_motion="reduce")
    # a state that holds nearly all visits is shaded most
    driver.move([-3, *list(driver.start.values())[1:]])
    found = driver.page.evaluate(CONTRAST, ".pgsym-live")
    assert len(found) > 50
    assert [(ratio, text) for ratio, text in found if ratio < 4.5] == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["short corridor", "recycling robot", "many parameters"])
def test_page_is_no_wider_than_the_window(name, width, visit):
    driver = made(name)
    opened = driver.open(visit, width=width)
    assert driver.page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert opened.wrong == []


def test_many_parameters_are_shown_some_at_a_time(visit):
    driver = made("many parameters")
    page = driver.open(visit).page
    assert page.locator("input[type=range]:visible").count() == 8 + 1
    page.select_option(".pages select", "18")
    assert page.locator("input[type=range]:visible").count() == 4 + 1
    assert page.locator("label[for=live-144]").is_visible()


def test_everything_has_a_name_and_live_numbers_are_polite(visit):
    page = made("two states").open(visit).page
    unnamed = page.evaluate("""
      () => [...document.querySelectorAll(".pgsym-live :is(input, select, button, svg[role], [role=region])")]
        .filter((e) => !(e.labels?.length || e.getAttribute("aria-label") || e.textContent.trim()))
        .map((e) => e.outerHTML)
    """)
    assert unnamed == []
    assert page.locator("[aria-live=polite] [data-out]").count() == 4


def test_boxes_that_scroll_can_be_reached_by_key(visit):
    page = made("many parameters").open(visit, width=390).page
    boxes = page.eval_on_selector_all(
        ".pane",
        "(all) => all.map((e) => [e.tabIndex, e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight])",
    )
    assert len(boxes) == 4
    assert all((index == 0) == scrolls for index, scrolls in boxes)
    assert [0, True] in boxes


def test_print_hides_controls_and_shows_all_rows(visit):
    page = made("recycling robot").open(visit, width=794).page
    page.emulate_media(media="print")
    assert not page.locator("input[type=range]").first.is_visible()
    assert not page.locator(".points").is_visible()
    assert set(page.eval_on_selector_all(".pane", "(all) => all.map((e) => getComputedStyle(e).overflowY)")) == {
        "visible"
    }
    assert page.locator("input[type=number]").first.is_visible()


def test_print_of_a_dark_page_is_light(visit):
    page = made("short corridor").open(visit, color_scheme="dark", reduced_motion="reduce").page
    page.emulate_media(media="print", color_scheme="dark")
    assert [(ratio, text) for ratio, text in page.evaluate(CONTRAST, ".pgsym-live") if ratio < 4.5] == []
    ink = "(e) => getComputedStyle(e).fill"
    assert page.eval_on_selector(".graph .n text", ink) == "rgb(26, 26, 26)"


def test_nothing_moves_by_itself_where_less_motion_is_wanted(visit):
    durations = {}
    for motion in ("reduce", "no-preference"):
        page = made("short corridor").open(visit, reduced_motion=motion).page
        durations[motion] = page.eval_on_selector(".graph .w", "(e) => getComputedStyle(e).transitionDuration")
    assert durations["reduce"] == "0s"
    assert durations["no-preference"].startswith("0.12s")


def test_names_cannot_break_out_of_the_page(visit):
    name = "</script><img src=x onerror=alert(1)>&\"'"
    mdp = MDP.from_transitions([(name, a, "end", 1, r) for a, r in ((name, 1), ("b", 0))], start=name, terminal=["end"])
    driver = Driver(mdp, sigmoid(mdp, {name: "theta"}), "start-state")
    opened = driver.open(visit)
    assert opened.wrong == []
    assert opened.page.locator("img").count() == 0
    assert driver.texts(".values tbody th")[0] == name


# -- models at the edges ---------------------------------------------------------------------------------


def test_policy_without_parameters_has_values_and_no_gradient(visit):
    mdp = MDP.from_transitions([("s", "go", "s", "1/2", 1), ("s", "go", "end", "1/2", 0)], start="s", terminal=["end"])
    driver = Driver(mdp, direct_policy(mdp, {}, []), "start-state")
    opened = driver.open(visit)
    assert driver.inputs[0]["name"] == "gamma"
    driver.move([0.5])
    assert driver.texts(".J output") == ["0.666667"]
    assert opened.wrong == []


def test_average_reward_has_no_discount_to_move():
    mdp = MDP.from_transitions(
        [("s", "go", "t", 1, "b"), ("s", "stay", "s", 1, 0), ("t", "go", "s", 1, 1)], gamma="gamma"
    )
    assert [c["name"] for c in Driver(mdp, sigmoid(mdp), "average-reward").inputs] == ["theta_s", "b"]


def test_discount_stays_where_another_would_be_another_model():
    rows = [("s", "go", "end", 1, 1), ("s", "wait", "s", 1, 0), ("lost", "go", "lost", 1, 0), ("s", "no", "lost", 1, 0)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"])
    assert list(Driver(mdp, tabular(mdp), "start-state").start) == [p.name for p in tabular(mdp).params]


def test_large_graph_shows_connections(visit):
    chain = [(k, a, k + d, 1, -1) for k in range(70) for a, d in (("one", 1), ("two", 2))]
    mdp = MDP.from_transitions(chain, start=0, terminal=[70, 71], gamma="1/2")
    driver = Driver(mdp, sigmoid(mdp, dict.fromkeys(range(70), "theta")), "start-state")
    opened = driver.open(visit)
    driver.move([1.0, 0.5])
    expected = driver.expected({"theta": 1.0, "gamma": 0.5})[0].P_pi
    widths = driver.style(".graph g.a .t", "strokeWidth")
    assert widths[:2] == pytest.approx([0.8 + 5.2 * expected[0][k] for k in (1, 2)], rel=1e-4)
    assert opened.wrong == []
