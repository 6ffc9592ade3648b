"""The editor of a model: what its page asks, in a notebook (`Problem.edit`) and in the playground.

The page (``editor.js``) holds a document as in a model file, with all names as text; ``names`` in it says which name
each text stands for, where that is not text.  Every change is read here; an answer is plain values, with the picture.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

from pgsym.display.figure import colours
from pgsym.errors import PgsymError, PolicyError, optional
from pgsym.expression.exact import to_expr
from pgsym.expression.naming import labels
from pgsym.model.drawing.geometry import PETAL, geometry, is_simple
from pgsym.model.drawing.svg import write
from pgsym.model.files.document import dumps, from_document, loads, plain_name, to_document
from pgsym.model.files.schema import read_document
from pgsym.model.layout import Layout, apart, layout
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.outcomes import Outcome
from pgsym.model.policies import tabular
from pgsym.model.problem import Problem

Answer = dict[str, Any]
Places = Mapping[str, tuple[float, float]]


def told(act: Callable[..., Answer], given: Mapping[str, Any]) -> Answer:
    """The answer of a function, with "notes", or the error that it raised.

    >>> told(formula, {"text": ""})
    {'error': 'found no text; a number or a formula is required. Write one', 'where': None}
    """
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            found = act(**given)
            return found | {"notes": [str(warning.message) for warning in heard]}
    except PgsymError as error:
        return _complaint(error)


def _complaint(error: PgsymError) -> Answer:
    return {"error": error.message, "where": None if error.where is None else str(error.where)}


def formula(text: str) -> Answer:
    """Nothing, where it is a number or a formula."""
    to_expr(text)
    return {}


def read(text: str) -> Answer:
    """The model of a YAML text, to edit."""
    return opened(loads(text))


def opened(problem: Problem) -> Answer:
    """Its document with names as text, and its picture; a policy that is the default is left out.

    >>> found = opened(Problem.of("short-corridor"))
    >>> found["document"]["transitions"][0], found["picture"]["places"]["s1"]
    (['s1', 'R', 's2', 1, -1], (0.0, 0.0))
    """
    mdp, document = problem.mdp, to_document(problem)
    names = [*mdp.states, *(a for _, a in mdp.pairs)]
    spelt = labels(names)
    texts = {json.dumps(plain_name(name, "names")): spelt[name] for name in names}

    def text(name: Any) -> str:
        return texts[json.dumps(name)]

    def table(rows: Any) -> dict[str, dict[str, Any]]:
        if isinstance(rows, dict):
            rows = [[s, a, value] for s, row in rows.items() for a, value in row.items()]
        found: dict[str, dict[str, Any]] = {}
        for s, a, value in rows:
            found.setdefault(text(s), {})[text(a)] = value
        return found

    document["states"] = [*map(text, document["states"])]
    document["terminal"] = [*map(text, document.get("terminal", ()))]
    document["transitions"] = [[*map(text, row[:3]), *row[3:]] for row in document["transitions"]]
    start = document.get("start", {})
    document["start"] = {text(s): p for s, p in (start.items() if isinstance(start, dict) else start)}
    policy = document["policy"]
    policy |= {kind: table(policy[kind]) for kind in ("logits", "probabilities") if kind in policy}
    if problem.policy == tabular(mdp) and not any(problem.theta.values()):
        del document["policy"]
    document["names"] = {t: json.loads(name) for name, t in texts.items() if json.loads(name) != t}
    return {"document": document, "picture": _picture(document, mdp), "objectives": [*map(str, Objective)]}


def problem_of(document: Answer) -> Problem:
    """The problem that a page's document describes.

    >>> problem = Problem.of("gridworld")
    >>> problem_of(opened(problem)["document"]) == problem
    True
    """
    return from_document(_renamed(document))


def _renamed(document: Answer) -> Answer:
    """A model file's document: with names that need not be text."""
    found = dict(document)
    names = found.pop("names", {})
    if not names:
        return found

    def name(text: str) -> Any:
        return names.get(text, text)

    found |= {key: [*map(name, document[key])] for key in ("states", "terminal")}
    found["transitions"] = [[*map(name, row[:3]), *row[3:]] for row in document["transitions"]]
    found["start"] = [[name(s), p] for s, p in document["start"].items()]
    if "policy" in document:
        found["policy"] = dict(document["policy"])
        for kind in {"logits", "probabilities"} & document["policy"].keys():
            rows = document["policy"][kind].items()
            found["policy"][kind] = [[name(s), name(a), value] for s, row in rows for a, value in row.items()]
    return found


def show(document: Answer, places: Places | None = None) -> Answer:
    """What `shown` says of it."""
    return shown(document, places)[1]


def shown(document: Answer, places: Places | None = None) -> tuple[Problem | None, Answer]:
    """The problem of a document, if it is one, and the answer: its model file or what is wrong where; the picture.

    "fields" names the fields that an error is about: ``gamma``, ``transitions[2].p``, ``start.s1``, ``policy.s1.R``.

    >>> document = opened(Problem.of("short-corridor"))["document"]
    >>> document["transitions"][0][3] = "1/2"
    >>> problem, found = shown(document)
    >>> problem, found["fields"], found["error"]
    (None, ['transitions[0].p'], 'outgoing probabilities sum to 1/2; must be exactly 1. Add the missing 1/2.')
    """
    try:
        problem = problem_of(document)
        return problem, {"yaml": dumps(problem), "picture": _picture(document, problem.mdp, places)}
    except PgsymError as error:
        found = _complaint(error) | {"fields": _fields(error, document)}
    try:
        return None, found | {"picture": _picture(document, _sketch(document), places)}
    except PgsymError:  # it is the error that is told already: not even a table of outcomes
        return None, found


def _texts(document: Answer) -> Callable[[Any], str]:
    """The text of a name in the document."""
    texts = {json.dumps(name): text for text, name in document.get("names", {}).items()}

    def text(name: Any) -> str:
        plain = plain_name(name, "names")
        return texts.get(json.dumps(plain), str(plain))

    return text


def _fields(error: PgsymError, document: Answer) -> list[str]:
    """The fields of the page that an error is about."""
    text = _texts(document)
    if error.where is None:
        return []
    if (whole := text(error.where)) in document["states"]:
        return [f"states.{whole}"]
    key, *rest = map(text, error.where if isinstance(error.where, tuple) else (error.where,))
    if isinstance(error, PolicyError) or key in ("logits", "probabilities"):
        return [".".join(["policy", *(rest if key in ("logits", "probabilities") else [key, *rest])])]
    if key == "start":
        return [f"start.{s}" for s in rest or document["start"]]
    if rows := [f"transitions[{i}].p" for i, row in enumerate(document["transitions"]) if row[:2] == [key, *rest]]:
        return rows
    return [key]


def _sketch(document: Answer) -> MDP:
    """What is drawn of a model that is not one yet: nothing is asked of its numbers."""
    found = read_document(_renamed(document))
    table: dict[Any, dict[Any, tuple[Outcome, ...]]] = {}
    for s, a, t, p, r in found.transitions:
        if s in found.terminal or s not in found.states or t not in found.states:
            continue
        row = table.setdefault(s, {})
        row[a] = (*row.get(a, ()), Outcome(t, to_expr(p), to_expr(r)))
    start = dict(found.start if isinstance(found.start, list) else (found.start or {}).items())
    mdp = MDP.__new__(MDP)
    vars(mdp).update(
        states=tuple(found.states), terminal=frozenset(found.terminal), gamma=to_expr(found.gamma), assumptions={},
        start={s: to_expr(p) for s, p in start.items() if s in found.states}, _table=table,
    )  # fmt: skip
    return mdp


def _picture(document: Answer, mdp: MDP, places: Places | None = None) -> Answer | None:
    """The picture, and where its states and actions stand; none where actions are too many to be drawn.

    Places are in units of the layout, kept one unit apart; the rest is in pixels.
    """
    if not mdp.states or is_simple(mdp):
        return None
    text, at = _texts(document), layout(mdp)
    if places is not None:
        at = Layout(apart({s: places.get(text(s), place) for s, place in at.positions.items()}), at.grid)
    picture = geometry(mdp, positions=at)
    return {
        "svg": write(picture),
        "unit": picture.unit,
        "places": {text(s): place for s, place in at.positions.items()},
        "states": {text(d.state): [d.x, d.y, d.radius, d.tooltip] for d in picture.discs},
        "actions": [[text(p.state), text(p.action), p.x, p.y, PETAL, p.tooltip] for p in picture.petals],
    }


EDITING: dict[str, Callable[..., Answer]] = {f.__name__: f for f in (formula, read, show)}


def editor(problem: Problem) -> Any:
    """A widget with the picture of a problem, to be edited; its `problem` is what it shows, see `Problem.edit`."""
    base: Any = optional("anywidget", "edit", "editors").AnyWidget
    import traitlets  # anywidget requires it

    class ModelEditor(base):
        """The editor of a model; `problem` is the last one that it showed without an error."""

        _esm = files("pgsym.model").joinpath("editor.js").read_text(encoding="utf-8")
        _css = colours(".pgsym-editor") + files("pgsym.model").joinpath("editor.css").read_text(encoding="utf-8")
        opened: Any = traitlets.Dict().tag(sync=True)

        def __init__(self, problem: Problem) -> None:
            self.problem = problem
            super().__init__(opened=opened(problem))
            self.on_msg(self._asked)

        def _asked(self, _: Any, content: Mapping[str, Any], buffers: Any) -> None:
            """Answer {"id", "request"}; what is shown is kept."""
            given = dict(content["request"])
            asked = given.pop("ask")
            found = told(self._show if asked == "show" else EDITING[asked], given)
            self.send({"id": content["id"], "answer": found})

        def _show(self, document: Answer, places: Places | None = None) -> Answer:
            problem, found = shown(document, places)
            self.opened = self.opened | {"document": document, "picture": found.get("picture")}
            if problem is not None and problem != self.problem:
                self.problem = problem
            return found

    return ModelEditor(problem)
