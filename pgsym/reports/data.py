"""Solutions as plain data: the documented JSON schema.

Every scalar is ``{"closed_form": text, "exact": text, "float": number}``; ``closed_form`` is null where it would
be too large, ``exact`` where theta has no exact value that fits.  Tables nest by state, then by action.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from pgsym.errors import HypothesisError, PgsymError, StructureError
from pgsym.exact.solution import Table
from pgsym.expression.naming import labels
from pgsym.expression.quantity import LISTED
from pgsym.model.problem import Problem
from pgsym.reports.values import entry, is_exact_gradient, solution_views


class Report:
    """The solution of one problem as the documented schema."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.views = solution_views(problem)
        self._labels = labels([*problem.mdp.states, *(a for _, a in problem.mdp.pairs)])

    def to_json(self, names: Iterable[str] = LISTED) -> dict[str, Any]:
        """The whole schema, without the quantities that the objective does not define."""
        problem = self.problem
        found: dict[str, Any] = {
            "model": problem.name,
            "objective": str(problem.objective),
            "gamma": str(problem.mdp.gamma),
            "theta": {p.name: str(problem.theta[p]) for p in problem.policy.params},
        }
        for name in names:
            value = self.quantity(name)
            if value is not None:
                found[name] = value
        return found

    def quantity(self, name: str) -> Any:
        """A scalar entry, or a table of them; None where the objective does not define the quantity."""
        shape = self._shape(name)
        if not isinstance(shape, Table):
            return None if shape is None else self.views.value(lambda s: getattr(s, name)).to_json()
        exact = name != "grad" or is_exact_gradient(self.problem)
        return shape.nested(
            self._labels, lambda key: self.views.value(partial(entry, name=name, key=key), exact=exact).to_json()
        )

    def _shape(self, name: str) -> Any:
        """The quantity in any view: all of them have the same keys."""
        views = self.views
        try:
            for ask in (views.in_floats, views.at_theta, views.in_closed_form):
                found = ask(lambda s: getattr(s, name))
                if found is not None:
                    return found
        except (HypothesisError, StructureError):
            pass
        return None


def error_json(error: PgsymError) -> dict[str, Any]:
    """``{"error": {"type", "message", "where"}}`` for machine readers."""
    where = error.where if error.where is None or isinstance(error.where, str) else repr(error.where)
    return {"error": {"type": type(error).__name__, "message": str(error), "where": where}}
