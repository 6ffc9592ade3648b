"""The editor of a model by mouse and keyboard, with Python's part played by a table of answers."""

import json
from pathlib import Path

import pgsym
import pgsym.model.editor
from pgsym.model.editor import read, table_of

SOURCE = Path(pgsym.model.editor.__file__).with_suffix(".js").read_text(encoding="utf-8")
PAGE = """<!DOCTYPE html><html lang="en"><title>editor</title><body><div id="here"></div><script>
{source}
const state = {state};
const listeners = {{}};
globalThis.model = {{
  get: (name) => state[name],
  set: (name, value) => {{ state[name] = value; }},
  save_changes: () => {{ globalThis.sent = structuredClone(state.table); }},
  on: (name, listener) => {{ listeners[name] = listener; }},
}};
globalThis.answer = (complaints) => {{ state.complaints = complaints; listeners["change:complaints"](); }};
render({{ model, el: document.querySelector("#here") }});
</script></body></html>"""


def test_a_field_is_edited_and_complains(visit):
    problem = pgsym.zoo("short-corridor")
    state = {"table": table_of(problem), "complaints": [], "picture": pgsym.svg(problem.mdp)}
    source = SOURCE.replace("export default { render };", "")
    opened = visit(PAGE.format(source=source, state=json.dumps(state).replace("<", r"\u003c")))
    page = opened.page
    assert page.locator("svg").count() == 1
    field = page.get_by_label("probability, row 2", exact=True)
    field.fill("1/2")
    field.press("Tab")
    sent = page.evaluate("sent")
    assert sent["outcomes"][1] == ["s1", "L", "s1", "1/2", "-1"]
    found, complaints = read(sent, problem)
    assert found is None
    page.evaluate("(found) => answer(found)", [c._asdict() for c in complaints])
    assert field.get_attribute("aria-invalid") == "true"
    assert "Add the missing 1/2" in page.get_by_role("alert").inner_text()
    page.get_by_role("button", name="add to outcomes").click()
    page.get_by_label("state, row 7", exact=True).fill("s3")
    page.keyboard.press("Tab")
    assert page.evaluate("sent").get("outcomes")[6][0] == "s3"
    page.get_by_role("button", name="remove row 7 of outcomes").click()
    assert len(page.evaluate("sent")["outcomes"]) == 6
    assert opened.wrong == []
