"""Solutions as plain data: the documented JSON schema.

Every scalar is ``{"closed_form": text, "exact": text, "float": number}``; ``closed_form`` is null where it would
be too large, ``exact`` where theta has no exact value that fits.  Tables nest by state, then by action.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import sympy as sp

from pgsym.errors import (
    HypothesisError,
    NotInFieldError,
    PgsymError,
    SingularMatrixError,
    StructureError,
    TooLargeError,
)
from pgsym.exact import solve
from pgsym.exact.solution import QUANTITIES, Solution, Table
from pgsym.expression.exact import to_float, written
from pgsym.expression.labels import labels
from pgsym.model.problem import Problem

SECONDS = 10.0
"""After this long no further closed form, and no further exact number, is begun."""

BUDGET = 20_000
"""Terms of a polynomial; a longer closed form is not for reading."""

EXACT_ENTRIES = 100_000
"""Above this many states times parameters, gradients at theta are floats."""

EXACT_DIGITS = 2_000
"""An exact number with more digits than this is given as a float only."""


class Report:
    """Three views of one problem: in closed form, exactly at theta, in floats at theta."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.closed: Solution | None = solve(problem, budget=BUDGET, seconds=SECONDS)
        self.float: Solution | None = None
        if not problem.mdp.symbols:
            self.float = self.closed.at({p: float(v) for p, v in problem.theta.items()})
        self.exact: Solution | None = None
        try:
            self.exact = self.closed.at()
        except NotInFieldError:
            if self.float is None:
                raise
        self._deadline = time.monotonic() + SECONDS
        self._labels = labels([*problem.mdp.states, *(a for _, a in problem.mdp.pairs)])

    def _label(self, key: Hashable) -> str:
        return self._labels[key] if key in self._labels else str(key)

    def to_json(self, names: Iterable[str] = QUANTITIES) -> dict[str, Any]:
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
        views = {"closed_form": self.closed, "exact": self._exact_view(name), "float": self.float}
        values = {key: self._look_up(view, name) for key, view in views.items()}
        shape = next((v for v in reversed(values.values()) if v is not None), None)
        if not isinstance(shape, Table):
            return None if shape is None else self._entry({key: _getter(v) for key, v in values.items()})
        nested: dict[str, Any] = {}
        for key in shape:
            entry = self._entry({view: _getter(table, key) for view, table in values.items()})
            *outer, last = (self._labels[k] for k in key) if name in ("Q", "A") else (self._label(key),)
            inner = nested.setdefault(outer[0], {}) if outer else nested
            inner[last] = entry
        return nested

    def _exact_view(self, name: str) -> Solution | None:
        size = len(self.problem.mdp.states) * len(self.problem.policy.params)
        return None if name == "grad" and size > EXACT_ENTRIES else self.exact

    def _look_up(self, view: Solution | None, name: str) -> Any:
        if view is None or (time.monotonic() > self._deadline and view is not self.float):
            return None
        try:
            return getattr(view, name)
        except (HypothesisError, StructureError):
            return None
        except TooLargeError:
            self._give_up(view)
            return None
        except SingularMatrixError:
            # Exact arithmetic knows the quantity where floats lose it.
            if view is not self.float or self.exact is None:
                raise
            self.float = None
            return None

    def _give_up(self, view: Solution) -> None:
        """What was too large once will be too large again."""
        if view is self.closed:
            self.closed = None
        else:
            self.exact = None

    def _entry(self, getters: dict[str, Callable[[], sp.Expr | None]]) -> dict[str, Any]:
        exact = self._value(getters["exact"], self.exact)
        number = self._value(getters["float"], self.float)
        text = None if exact is None else written(exact)
        if text is not None and len(text) > EXACT_DIGITS:
            text = None
        if number is None and exact is not None and not exact.free_symbols:
            number = exact
        closed = self._value(getters["closed_form"], self.closed)
        return {
            "closed_form": None if closed is None else str(closed),
            "exact": text,
            "float": None if number is None else to_float(number),
        }

    def _value(self, getter: Callable[[], sp.Expr | None], view: Solution | None) -> sp.Expr | None:
        if view is None or (time.monotonic() > self._deadline and view is not self.float):
            return None
        try:
            return getter()
        except TooLargeError:
            self._give_up(view)
            return None


def error_json(error: PgsymError) -> dict[str, Any]:
    """``{"error": {"type", "message", "where"}}`` for machine readers."""
    where = error.where if error.where is None or isinstance(error.where, str) else repr(error.where)
    return {"error": {"type": type(error).__name__, "message": str(error), "where": where}}


def _getter(value: Any, key: Hashable = None) -> Callable[[], sp.Expr | None]:
    if isinstance(value, Table):
        return lambda: value[key]
    return lambda: value
