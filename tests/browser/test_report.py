"""The whole report of the short corridor in a browser: nothing is loaded, and a slider shows the theorem at work."""

import math

import pytest
from browser.driver import CONTRAST, Driver

from pgsym.model.zoo import zoo
from pgsym.reports.page import report


@pytest.fixture(scope="module")
def corridor(browser, tmp_path_factory):
    """The page's text."""
    folder = tmp_path_factory.mktemp("report")
    report(zoo("short-corridor"), folder, samples=100, steps=2, seeds=1, batch=4)
    return (folder / "index.html").read_text(encoding="utf-8")


def test_moving_a_slider_shows_the_theorem_at_work(corridor, visit):
    opened = visit(corridor)
    page = opened.page
    problem = zoo("short-corridor")
    driver = Driver(problem.mdp, problem.policy, problem.objective, theta=problem.theta)
    driver.page = page
    seen = set()
    page.focus("#live-0")
    for steps in (10, 15, 20):
        for _ in range(steps):
            page.keyboard.press("ArrowRight")
        driver.settle()
        theta = float(page.input_value("#live-0"))
        J, left, right = driver.read(".theorem [data-out]")
        expected = driver.theorem({"theta": theta, "gamma": 1.0})
        assert [J, left, right] == pytest.approx(expected, rel=1e-9)
        assert driver.texts(".theorem td.is") == ["="]
        seen.add(round(left, 6))
    assert len(seen) == 3
    assert opened.wrong == []


def test_buttons_move_the_sliders_to_marked_points(corridor, visit):
    page = visit(corridor).page
    page.click("text=local optimum")
    assert float(page.input_value("[type=number]")) == pytest.approx(math.log(2) / 2, abs=1e-3)  # J = -2 (3 + 2 sqrt 2)
    page.click("text=given theta")
    assert [page.input_value(f"#live-{k}") for k in (0, 1)] == ["0", "1"]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_report_fits_the_window_and_can_be_read(corridor, width, scheme, visit):
    opened = visit(corridor, width=width, color_scheme=scheme)
    assert opened.page.evaluate("document.scrollingElement.scrollWidth") <= width
    found = opened.page.evaluate(CONTRAST, "body")
    assert len(found) > 200
    assert [(ratio, text) for ratio, text in found if ratio < 4.5] == []
    assert opened.wrong == []


def test_formulas_stretch_with_the_font_of_the_page_alone(corridor, visit):
    page = visit(corridor).page
    assert page.evaluate("""
      async () => {
        const style = document.createElement("style");
        style.textContent = "math.alone { font-family: 'pgsym math'; }";
        document.head.append(style);
        const fence = '<mo stretchy="true">(</mo>';
        const fraction = "<mfrac><mi>J</mi><mfrac><mi>J</mi><mi>J</mi></mfrac></mfrac>";
        document.body.insertAdjacentHTML("beforeend",
          `<math class="alone" display="block"><mrow>${fence}<mi>J</mi></mrow><mrow>${fence}${fraction}</mrow></math>`);
        await document.fonts.load("16px 'pgsym math'");
        const fences = [...document.querySelectorAll("math.alone mo")];
        const [low, high] = fences.map((mo) => mo.getBoundingClientRect().height);
        return document.fonts.check("16px 'pgsym math'", "J(") && high > 1.8 * low;
      }
    """)
