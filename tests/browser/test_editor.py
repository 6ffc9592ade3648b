"""The editor in a notebook by mouse and by key: its module on a page, its messages to the widget's own Python."""

import json
from importlib.resources import files

import pytest
from skips import needs

import pgsym
from pgsym.display.figure import colours

SOURCE, STYLE = (files("pgsym.model").joinpath(f"editor.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
PAGE = f"""<!DOCTYPE html><html lang="en"><title>editor</title><style>{colours(".pgsym-editor")}{STYLE}</style><body>
<script type="module">
{SOURCE.replace("export default", "const widget =").replace("export function", "function")}
globalThis.start = (opened) => {{
  const listeners = {{}};
  const el = document.createElement("div"); // a notebook shows it after it was made
  widget.render({{ el, model: {{
    get: (name) => ({{ opened }})[name],
    on: (name, listener) => {{ listeners[name] = listener; }},
    send: async (content) => listeners["msg:custom"](await globalThis.python(content)),
  }} }});
  document.body.append(el);
}};
</script></body></html>"""


@pytest.fixture
def edited(visit):
    """A function that shows the editor of a problem: its page and its widget."""
    needs("anywidget")

    def opened(problem, **options):
        widget, sent = problem.edit(), []
        widget.send = lambda content: sent.append(json.loads(json.dumps(content)))

        def python(content):
            widget._handle_custom_msg(content, [])
            return sent.pop()

        found = visit(PAGE, **options)
        found.page.expose_function("python", python)
        found.page.evaluate("(opened) => start(opened)", json.loads(json.dumps(widget.opened)))
        settle(found.page)
        return found, widget

    return opened


def settle(page):
    page.wait_for_selector(".pgsym-editor:not([data-pending])")


def middle(page, selector):
    found = page.locator(selector).last.bounding_box()
    return found["x"] + found["width"] / 2, found["y"] + found["height"] / 2


def drag(page, start, end):
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def write(page, label, text):
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Tab")
    return field


def test_a_model_is_drawn_by_mouse(edited):
    opened, widget = edited(pgsym.zoo("two-state"))
    page, before = opened.page, widget.problem
    assert page.evaluate("getComputedStyle(document.querySelector('.pgsym-mdp .t')).fill") == "none"  # Python's style
    box = page.locator(".picture").bounding_box()
    page.mouse.dblclick(box["x"] + 30, box["y"] + 20)
    settle(page)
    assert widget.problem is before  # a state without an action is no model yet
    assert page.locator(".model-error").inner_text() == (
        "s1: 0 actions; a state that is not terminal needs at least one. Add a transition or mark it terminal"
    )
    assert page.locator("[data-state=s1].wrong").count() == 1
    page.get_by_role("button", name="Connect").click()
    drag(page, middle(page, "[data-state=s1] .body"), middle(page, "[data-state=x] .body"))
    settle(page)
    assert page.locator(".model-error").inner_text() == ""
    assert widget.problem.mdp.rows[-1] == ("s1", "a1", "x", 1, 0)
    page.get_by_role("button", name="Connect").click()
    drag(page, middle(page, "[data-from=s1][data-action=a1] circle"), middle(page, "[data-state=y] .body"))
    settle(page)
    assert [str(p) for *_, p, _ in widget.problem.mdp.rows[-2:]] == ["1/2", "1/2"]
    place = middle(page, "[data-state=s1] .body")
    drag(page, place, (place[0] + 60, place[1] + 40))
    settle(page)
    here = middle(page, "[data-state=s1] .body")
    drawn = page.locator(".pgsym-mdp > .n:has(text:text-is('s1')) > circle").first.bounding_box()
    assert here == pytest.approx((drawn["x"] + drawn["width"] / 2, drawn["y"] + drawn["height"] / 2), abs=1)
    page.get_by_role("button", name="Delete").click()
    settle(page)
    assert widget.problem == before
    for _ in range(3):  # the deletion, the move and the second outcome
        page.get_by_role("button", name="Undo").click()
    settle(page)
    assert len(widget.problem.mdp.rows) == len(before.mdp.rows) + 1
    assert opened.wrong == []


def test_a_model_is_written_by_key_and_bad_input_changes_nothing(edited):
    opened, widget = edited(pgsym.zoo("short-corridor"))
    page, before = opened.page, widget.problem
    page.locator("[data-state=s1]").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "name of state s1"
    field = write(page, "reward, outcome 2 of s1", "-1 +")
    page.wait_for_selector("[data-field='transitions[1].r'][aria-invalid=true]")
    beside = field.locator("xpath=following-sibling::*[@role='alert']")
    assert beside.inner_text().startswith("found the end; a number, a name or ( is required there.")
    assert widget.problem is before
    assert widget.opened["document"]["transitions"][1] == ["s1", "L", "s1", 1, -1]
    write(page, "reward, outcome 2 of s1", "__import__('os')")
    page.wait_for_selector("[role=alert]:has-text('__import__')")
    assert widget.problem is before
    write(page, "reward, outcome 2 of s1", "-2")
    settle(page)
    # s1 is visited 6 times, and half of these steps now cost 1 more than before
    assert pgsym.solve(widget.problem).at().J == -12 - 3
    write(page, "probability, outcome 1 of s1", "1/3")
    settle(page)
    assert page.locator("[data-field='transitions[0].p'] + .error").inner_text() == (
        "outgoing probabilities sum to 1/3; must be exactly 1. Add the missing 2/3."
    )
    assert pgsym.solve(widget.problem).at().J == -12 - 3
    page.get_by_role("button", name="Undo").click()
    write(page, "discount gamma", "3/2")
    settle(page)
    assert page.locator("[data-field=gamma] + .error").inner_text() == (
        "found 3/2; a discount factor lies in [0, 1]. Choose one there"
    )
    write(page, "discount gamma", "1/2")
    settle(page)
    assert widget.problem.mdp.gamma == pgsym.zoo("two-state").mdp.gamma.func(1) / 2
    for key in ("c", "Tab", "Enter"):
        if key == "c":
            page.locator("[data-state=s1]").focus()
        page.keyboard.press(key)
    settle(page)
    assert ("s1", "a1", "s2", 1, 0) in widget.problem.mdp.rows
    page.locator("[data-state=s3]").focus()
    left = middle(page, "[data-state=s3] .body")[0]
    page.keyboard.press("ArrowRight")
    settle(page)
    assert page.evaluate("document.activeElement.dataset.state") == "s3"
    assert middle(page, "[data-state=s3] .body")[0] != left
    page.keyboard.press("Delete")
    settle(page)
    assert "s3" not in widget.problem.mdp.states
    assert opened.wrong == []


def test_a_file_is_read_and_names_that_are_not_text_stay(edited):
    opened, widget = edited(pgsym.zoo("gridworld"))
    page, before = opened.page, widget.problem
    assert before == pgsym.zoo("gridworld")
    page.get_by_text("Model file").click()
    text = page.locator("textarea").input_value()
    assert pgsym.model.files.document.loads(text) == before
    page.locator("textarea").fill("{states: [s}")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_selector("details .error:not(:empty)")
    assert widget.problem is before
    page.locator("textarea").fill(
        "{states: [s, end], terminal: [end], transitions: [[s, go, end, 1, 7]], start: {s: 1}}"
    )
    page.get_by_role("button", name="Apply").click()
    page.wait_for_selector("[data-state=s]")
    settle(page)
    assert pgsym.solve(widget.problem).J == 7
    assert opened.wrong == []


def test_everything_has_a_name_and_a_narrow_page_has_room(edited):
    opened, _ = edited(pgsym.zoo("short-corridor"), width=390)
    page = opened.page
    page.locator("[data-state=s1]").focus()
    page.keyboard.press("Enter")
    unnamed = page.evaluate("""
      () => [...document.querySelectorAll("input, select, textarea, button, svg, [role=button], [role=group]")]
        .filter((e) => !(e.labels?.length || e.getAttribute("aria-label") || e.textContent.trim()))
        .map((e) => e.outerHTML)
    """)
    assert unnamed == []
    assert page.get_attribute("[data-state=s1]", "aria-label") == "state s1, start, actions R, L"
    assert page.get_attribute("[data-state=T]", "aria-label") == "state T, terminal"
    assert "starts in s1" in page.get_attribute(".picture svg", "aria-label")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert opened.wrong == []
