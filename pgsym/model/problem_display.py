"""A problem as a few lines of text, and as HTML for a notebook: picture, transitions, policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgsym.display.result import html_table, html_text
from pgsym.expression.complaint import brief
from pgsym.expression.naming import conditional, spelt

if TYPE_CHECKING:
    from pgsym.model.problem import Problem

ROWS = 24
"""Rows of a table; of a larger model the first ones are shown."""

FEW = 12
"""With more parameters, theta is not spelt out."""


def text(problem: Problem) -> str:
    """Name, objective, model, policy and theta, a line for each."""
    facts = {
        "objective": str(problem.objective),
        "model": repr(problem.mdp),
        "policy": repr(problem.policy),
        "theta": point_text(problem.theta) if problem.theta or not problem.policy.params else "none",
    }
    head = problem.name + (f" ({problem.source})" if problem.source else "")
    return "\n".join(filter(None, [head, problem.assumption, *(f"{name}: {fact}" for name, fact in facts.items())]))


def point_text(point: Mapping[Any, Any]) -> str:
    """A point in one line.

    >>> point_text({"x": 0, "y": "log(2)"}), point_text(dict.fromkeys(range(100), 0)), point_text({})
    ('x = 0, y = log(2)', '0 for all 100 parameters', 'no parameters')
    """
    values = {str(value) for value in point.values()}
    if len(point) > 1 and len(values) == 1:
        return f"{values.pop()} for all {len(point)} parameters"
    shown = [f"{name} = {value}" for name, value in list(point.items())[:FEW]]
    left_out = len(point) - len(shown)
    return ", ".join([*shown, f"{left_out} more"] if left_out else shown) or "no parameters"


def page(problem: Problem) -> str:
    """The text, the picture where the model is small enough for one, and two tables."""
    from pgsym.model.drawing.geometry import is_drawable
    from pgsym.model.drawing.svg import svg

    mdp, policy = problem.mdp, problem.policy
    transitions = [
        (spelt(s), spelt(a), spelt(o.state), brief(o.p), brief(o.r)) for s, a in mdp.pairs for o in mdp.outcomes(s, a)
    ]
    chosen = [(s, a) for s, a in mdp.pairs if len(mdp.actions(s)) > 1]
    probabilities = [(conditional("pi", a, s), brief(policy(a, s))) for s, a in chosen[:ROWS]]
    return "\n".join([
        f"<p>{html_text(text(problem))}</p>",
        *([svg(mdp)] if is_drawable(mdp) else []),
        html_table(("state", "action", "next state", "probability", "reward"), transitions[:ROWS],
                   _of("Outcomes", len(transitions))),
        html_table(("policy", "probability"), probabilities, _of("Policy", len(chosen))),
    ])  # fmt: skip


def _of(title: str, count: int) -> str:
    """The title of a table, with what it leaves out.

    >>> _of("Outcomes", 5), _of("Outcomes", 100)
    ('Outcomes', 'Outcomes: the first 24 of 100')
    """
    return title if count <= ROWS else f"{title}: the first {ROWS} of {count}"
