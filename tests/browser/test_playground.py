"""The playground in Chromium: pgsym in WebAssembly says what it says here, and a model is drawn by mouse and by key."""

import base64
import functools
import http.server
import json
import shutil
import threading

import pytest
from skips import NO_PYODIDE, demand

import pgsym
from pgsym.claims.catalogue import catalogue
from pgsym.errors import PlaygroundError
from pgsym.playground.build import write_playground

LIMIT = 35_000_000
PATIENCE = 120_000
"""Milliseconds that a busy machine may take to start Python."""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of a playground that is served, and its folder."""
    demand(shutil.which("npm") and shutil.which("node"), NO_PYODIDE)
    folder = tmp_path_factory.mktemp("playground")
    try:
        write_playground(folder)
    except PlaygroundError as error:
        demand("fetching" not in str(error), f"{NO_PYODIDE}: {error}")
        raise
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", folder
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def play(browser, site):
    """An open playground, and what should not happen."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.wrong = []
    page.on("console", lambda message: page.wrong.append(message.text))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("request", lambda request: request.url.startswith((site[0], "data:,")) or page.wrong.append(request.url))
    page.set_default_timeout(PATIENCE)
    page.goto(site[0])
    page.wait_for_selector("html[data-ready]")
    yield page
    context.close()


def start_from(page, name):
    page.select_option("#zoo", name)
    settle(page)


def settle(page):
    """Until pgsym has read what the page shows."""
    page.wait_for_selector("#cancel", state="hidden")
    page.wait_for_selector("#editor:not([data-pending])")
    page.wait_for_selector("#cancel", state="hidden")


def document(page):
    return page.input_value("textarea")


def decide(page, claim):
    """The status of the verdict, newest first."""
    before = page.locator("#verdicts > li").count()
    page.fill("#claim", claim)
    page.click("#ask button")
    page.locator("#verdicts > li").nth(before).wait_for()
    return page.locator("#verdicts > li").first.get_attribute("data-status")


def test_folder_is_small(site):
    assert sum(path.stat().st_size for path in site[1].rglob("*") if path.is_file()) <= LIMIT


def test_first_verdict_has_a_witness(play):
    assert decide(play, "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)") == "proved"
    assert decide(play, "J = 2") == "refuted"
    assert "at theta = 0\n    value: left -12, right 2" in play.inner_text("#verdicts > li pre >> nth=0")
    assert decide(play, "J = 2 *") == "error"
    assert play.wrong == []


@pytest.mark.parametrize("name", ["short-corridor", "two-state", "sign-flip"])
def test_catalogue_has_the_verdicts_of_here(play, name):
    start_from(play, name)
    play.evaluate("document.querySelector('#verdicts').replaceChildren()")
    play.click("#all")
    count = len(catalogue())
    play.locator("#verdicts > li").nth(count - 1).wait_for()
    found = play.eval_on_selector_all(
        "#verdicts > li", "(all) => Object.fromEntries(all.map((e) => [e.dataset.asked, e.dataset.status]))"
    )
    assert found == {t.name: str(t.decide(pgsym.zoo(name)).status) for t in catalogue()}
    assert play.wrong == []


def test_model_is_drawn_by_mouse(play):
    play.select_option("#zoo", "")
    settle(play)
    box = play.locator(".picture").bounding_box()
    play.mouse.dblclick(box["x"] + 30, box["y"] + 20)
    settle(play)
    states = play.locator("[data-state]").evaluate_all("(all) => all.map((e) => e.dataset.state)")
    assert states == ["s1", "end", "s2"]

    def middle(selector):
        found = play.locator(selector).last.bounding_box()
        return found["x"] + found["width"] / 2, found["y"] + found["height"] / 2

    def drag(start, end):
        play.mouse.move(*start)
        play.mouse.down()
        play.mouse.move(*end, steps=4)
        play.mouse.up()
        settle(play)

    play.click("text=Connect")
    drag(middle("[data-state=s2] circle"), middle("[data-state=end] circle"))
    play.click("text=Connect")
    drag(middle("[data-from=s1][data-action=go] circle"), middle("[data-state=s2] circle"))
    place = middle("[data-state=s2] circle")
    drag(place, (place[0] + 40, place[1]))
    assert play.inner_text(".model-error") == ""
    assert "- [s1, go, end, 1/2, 1]\n- [s1, go, s2, 1/2, 0]\n" in document(play).replace("- [s2, a1, end, 1, 0]\n", "")
    assert decide(play, "J = 1/2") == "proved"
    for _ in range(3):
        play.click("text=Undo")
    settle(play)
    play.click("[data-state=s2]")
    play.click("text=Delete")
    settle(play)
    assert decide(play, "J = 1") == "proved"
    assert play.wrong == []


def test_model_is_written_by_key(play):
    play.select_option("#zoo", "")
    settle(play)
    play.focus("[data-state=s1]")
    play.keyboard.press("Enter")
    assert play.evaluate("document.activeElement.getAttribute('aria-label')") == "name of state s1"
    for what, text in (("reward", "b"), ("probability", "p +")):
        play.focus(f"[aria-label='{what}, outcome 1 of s1']")
        play.keyboard.press("Control+A")
        play.keyboard.type(text)
        play.keyboard.press("Enter")
        settle(play)
    play.wait_for_selector("[aria-label='probability, outcome 1 of s1'][aria-invalid=true]")
    assert "found the end" in play.inner_text("[data-field='transitions[0].p'] + .error")
    assert "- [s1, go, end, 1, b]" in document(play)
    assert decide(play, "J = b") == "proved"
    assert play.wrong == []


def test_names_are_completed(play):
    play.fill("#claim", "")
    play.focus("#claim")
    play.keyboard.type("et")
    assert play.get_attribute("#claim", "aria-expanded") == "true"
    play.keyboard.press("ArrowDown")
    play.keyboard.press("Enter")
    assert play.input_value("#claim") == "eta("
    assert play.get_attribute("#claim", "aria-expanded") == "false"


def test_everything_has_a_name(play):
    start_from(play, "short-corridor")
    play.click("[data-state=s1]")
    unnamed = play.evaluate("""
      () => [...document.querySelectorAll(
          "input, select, textarea, button, svg[role], [role=button], [role=listbox], section")]
        .filter((e) => !(e.labels?.length || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")
          || e.textContent.trim()))
        .map((e) => e.outerHTML)
    """)
    assert unnamed == []
    assert play.get_attribute("[data-state=s1]", "aria-label") == "state s1, start, actions R, L"
    assert play.get_attribute("[data-state=T]", "aria-label") == "state T, terminal"
    assert play.get_attribute("#status", "role") == "status"
    play.set_viewport_size({"width": 390, "height": 844})
    assert play.evaluate("document.scrollingElement.scrollWidth") <= 390
    play.set_viewport_size({"width": 1280, "height": 900})


def test_link_opens_again_and_a_hostile_one_does_no_harm(browser, site, play):
    start_from(play, "two-state")
    play.fill("#claim", "J = 3")
    play.click("#share")
    play.wait_for_selector("#status:has-text('in the address')")
    link = play.evaluate("location.hash")
    mark = "<img src=x onerror=\"document.title='harmed'\">"
    model = json.dumps(
        {"states": [mark, "e"], "terminal": ["e"], "transitions": [[mark, mark, "e", 1, 1]], "start": {mark: 1}}
    )
    hostile = base64.urlsafe_b64encode(json.dumps([model, mark + " = J"]).encode()).decode().rstrip("=")
    for fragment in (hostile, "%00%ff", link[1:]):
        play.goto("about:blank")
        play.goto(f"{site[0]}#{fragment}")
        play.wait_for_selector("html[data-ready]")
        settle(play)
        if fragment == hostile:
            play.click("#ask button")
            play.wait_for_selector("#verdicts > li[data-status=error]")
            play.click("#solve")
            play.wait_for_selector("#solution > *")
            assert play.locator("img, script:not([src])").count() == 0
        assert play.title() == "pgsym playground"
    assert play.input_value("#claim") == "J = 3"
    assert "name: two-state" in document(play)
    assert play.wrong == []


def test_cancel_starts_python_anew(play):
    start_from(play, "gridworld")
    play.click("#all")
    play.click("#cancel")
    play.wait_for_selector("#status:has-text('ready')")
    assert decide(play, "J = J") == "proved"
