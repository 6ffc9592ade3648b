"""`Problem.edit`: the model as tables in a notebook, with errors at the fields they are about.

`read` is all that happens to what somebody types; the widget, which needs anywidget, only carries it there and back.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pgsym.errors import PgsymError, optional
from pgsym.expression.assumptions import remaining_assumptions
from pgsym.expression.exact import to_expr
from pgsym.expression.naming import labels
from pgsym.model.drawing import is_drawable, svg
from pgsym.model.mdp import MDP
from pgsym.model.problem import Problem

OUTCOME = ("state", "action", "next state", "probability", "reward")
STATE = ("state", "start", "terminal")


class Complaint(NamedTuple):
    """What is wrong with a field: its table (outcomes, states or gamma), its row and column."""

    table: str
    row: int
    column: int
    message: str


def table_of(problem: Problem) -> dict[str, Any]:
    """What the editor shows of a problem, as text: states with their start probability, outcomes, gamma.

    >>> table_of(Problem.of("short-corridor"))["outcomes"][:2]
    [['s1', 'R', 's2', '1', '-1'], ['s1', 'L', 's1', '1', '-1']]
    """
    mdp = problem.mdp
    states, actions = labels(mdp.states), labels(dict.fromkeys(a for _, a in mdp.pairs))
    return {
        "states": [[states[s], str(mdp.start.get(s, "")), "x" if s in mdp.terminal else ""] for s in mdp.states],
        "outcomes": [[states[s], actions[a], states[t], str(p), str(r)] for s, a, t, p, r in mdp.rows],
        "gamma": str(mdp.gamma),
    }


def read(table: Mapping[str, Any], before: Problem) -> tuple[Problem | None, list[Complaint]]:
    """The problem that a table describes, or what is wrong with it.

    States and actions of before stay the objects they are; the policy stays where it still fits, and is tabular softmax
    otherwise.

    >>> problem = Problem.of("short-corridor")
    >>> table = table_of(problem)
    >>> table["outcomes"][0][3] = "1/2"
    >>> read(table, problem)[1][0].message
    'outgoing probabilities sum to 1/2; must be exactly 1. Add the missing 1/2.'
    """
    mdp, found = before.mdp, []
    objects = {text: s for s, text in labels(mdp.states).items()}
    acts = {text: a for a, text in labels(dict.fromkeys(a for _, a in mdp.pairs)).items()}

    def formula(text: str, table: str, row: int, column: int) -> Any:
        try:
            return to_expr(text)
        except PgsymError as error:
            found.append(Complaint(table, row, column, error.message))
            return None

    states = {text: objects.get(text, text) for text, *_ in table["states"]}
    rows = [
        (
            objects.get(s, s),
            acts.get(a, a),
            objects.get(t, t),
            *(formula(text, "outcomes", i, k) for k, text in ((3, p), (4, r))),
        )
        for i, (s, a, t, p, r) in enumerate(table["outcomes"])
    ]
    start = {states[s]: formula(p, "states", i, 1) for i, (s, p, _) in enumerate(table["states"]) if p.strip()}
    gamma = formula(table["gamma"], "gamma", 0, 0)
    for i, row in enumerate(table["outcomes"]):
        found += [Complaint("outcomes", i, k, f"the {OUTCOME[k]} needs a name") for k in range(3) if not row[k].strip()]
        found += [
            Complaint("outcomes", i, k, f"state {row[k]!r} is unknown. Add it to the states")
            for k in (0, 2)
            if row[k].strip() and row[k] not in states
        ]
    if len(states) < len(table["states"]):
        found.append(Complaint("states", len(table["states"]) - 1, 0, "a state is there twice. Rename one"))
    if found:
        return None, found
    used = {s.name for e in (gamma, *start.values(), *(e for row in rows for e in row[3:])) for s in e.free_symbols}
    terminal = [states[s] for s, _, end in table["states"] if end]
    try:
        with warnings.catch_warnings():
            # A symbol that is being typed has no assumption yet.
            warnings.simplefilter("ignore")
            changed = MDP.from_transitions(
                rows, start=start, terminal=terminal, gamma=gamma, states=[*states.values()],
                symbols=remaining_assumptions(mdp.assumptions, used),
            )  # fmt: skip
            if changed == mdp:
                return before, []
            if (changed.states, changed.pairs) == (mdp.states, mdp.pairs):
                return before.replace(mdp=changed), []
            return Problem(changed, objective=before.objective, name=before.name), []
    except PgsymError as error:
        return None, _placed(error, rows, list(states.values()))


def _placed(error: PgsymError, rows: list[tuple[Any, ...]], states: list[Any]) -> list[Complaint]:
    """An error of the whole model at the fields that it names: a pair's probabilities, a state, gamma."""
    pairs = [Complaint("outcomes", i, 3, error.message) for i, row in enumerate(rows) if row[:2] == error.where]
    at_states = [Complaint("states", i, 0, error.message) for i, s in enumerate(states) if s == error.where]
    return pairs or at_states or [Complaint("gamma" if error.where == "gamma" else "", 0, 0, str(error))]


def editor(problem: Problem) -> Any:
    """A widget with the problem's tables; its `problem` is what they describe, see `Problem.edit`."""
    return _widget()(problem)


def _widget() -> Callable[[Problem], Any]:
    base: Any = optional("anywidget", "edit", "editors").AnyWidget
    import traitlets  # anywidget requires it

    class ModelEditor(base):
        """The tables of a model; `problem` is the last one that they described without an error."""

        _esm = Path(__file__).with_suffix(".js")
        table: Any = traitlets.Dict().tag(sync=True)
        complaints: Any = traitlets.List().tag(sync=True)
        picture: Any = traitlets.Unicode().tag(sync=True)

        def __init__(self, problem: Problem) -> None:
            self.problem = problem
            super().__init__(table=table_of(problem), picture=_picture(problem))
            self.observe(self._changed, "table")

        def _changed(self, change: Mapping[str, Any]) -> None:
            found, complaints = read(change["new"], self.problem)
            self.complaints = [complaint._asdict() for complaint in complaints]
            if found is not None:
                self.problem, self.picture = found, _picture(found)

    return ModelEditor


def _picture(problem: Problem) -> str:
    return svg(problem.mdp) if is_drawable(problem.mdp) else ""
