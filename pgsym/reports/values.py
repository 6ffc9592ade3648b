"""One view of a value: its closed form, its exact number at theta, its float, each given up where it is too large."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

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
from pgsym.exact.solution import Solution, Table
from pgsym.expression.exact import to_float, written
from pgsym.expression.naming import labels
from pgsym.expression.quantity import LISTED
from pgsym.model.problem import Problem

SECONDS = 10.0
"""When closed forms and exact numbers have taken so long together, no further one is begun."""

BUDGET = 20_000
"""Terms of a polynomial; a longer closed form is not for reading."""

EXACT_ENTRIES = 100_000
"""Above this many states times parameters, gradients at theta are floats."""

EXACT_DIGITS = 2_000
"""An exact number with more digits than this is given as a float only."""


class Located(Protocol):
    """What has a closed form and can be put at a point: a solution, the law of an estimator."""

    def at(self, theta: Any = None) -> Self:
        """The same at theta."""
        ...


T = TypeVar("T", bound=Located)


@dataclass(frozen=True)
class Value:
    """One number in closed form, exactly at theta, and as a float at theta; None where it has no such view.

    >>> Value(sp.Symbol("x") + 1, sp.Rational(3, 2), None).to_json()
    {'closed_form': 'x + 1', 'exact': '3/2', 'float': 1.5}
    """

    closed: sp.Expr | None
    exact: sp.Expr | None
    number: sp.Expr | None

    def to_json(self) -> dict[str, Any]:
        """``{"closed_form": text, "exact": text, "float": number}``, null where there is none."""
        exact = None if self.exact is None or self.exact.is_Float else written(self.exact)
        return {
            "closed_form": None if self.closed is None else written(self.closed),
            "exact": exact if exact is None or len(exact) <= EXACT_DIGITS else None,
            "float": self._float(),
        }

    def _float(self) -> float | None:
        """Of a rational number rather than of a computation in floats."""
        if self.exact is not None and (self.exact.is_Rational or (self.number is None and not self.exact.free_symbols)):
            return to_float(self.exact)
        return None if self.number is None else to_float(self.number)


class Views(Generic[T]):
    """Something in closed form, exactly at theta, and in floats at theta; None for a view that was given up.

    `floats` says that every symbol has a value, `readable` that the closed form itself is of use, `exact` that numbers
    at theta are exact; without floats they are in any case.
    """

    def __init__(
        self,
        closed: T,
        theta: Mapping[sp.Symbol, sp.Expr],
        *,
        floats: bool,
        readable: bool = True,
        exact: bool = True,
    ) -> None:
        self.closed: T | None = closed if readable else None
        self.float: T | None = closed.at({p: float(v) for p, v in theta.items()}) if floats else None
        self.exact: T | None = None
        self.why_no_floats = ""
        """What is lost in floats at this theta."""
        if exact or self.float is None:
            try:
                self.exact = closed.at()
            except NotInFieldError:
                if self.float is None:
                    raise
        self._left = SECONDS

    def value(self, get: Callable[[T], sp.Expr], *, exact: bool = True) -> Value:
        """One number in every view; `exact` is False where exact arithmetic would take too long."""
        at_theta = self.while_it_fits("exact", get) if exact else None
        return Value(self.while_it_fits("closed", get), at_theta, self.in_floats(get))

    def at_theta(self, get: Callable[[T], Any]) -> Any:
        """It exactly where that can be had, else in floats; None where neither can."""
        found = self.while_it_fits("exact", get)
        return self.in_floats(get) if found is None else found

    def while_it_fits(self, view: Literal["closed", "exact"], get: Callable[[T], Any]) -> Any:
        """It in that view, or None: what was too large once will be too large again, so it is not begun twice."""
        kept = getattr(self, view)
        if kept is None or self._left <= 0:
            return None
        began = time.monotonic()
        try:
            return get(kept)
        except TooLargeError:
            setattr(self, view, None)
            return None
        finally:
            self._left -= time.monotonic() - began

    def in_floats(self, get: Callable[[T], Any]) -> Any:
        """It in floats; None where these lose what exact arithmetic knows."""
        if self.float is None:
            return None
        try:
            return get(self.float)
        except SingularMatrixError as error:
            if self.exact is None:
                raise
            self.float, self.why_no_floats = None, str(error)
            return None


def solution_views(problem: Problem, *, exact: bool = True) -> Views[Solution]:
    """The solution of a problem; `exact` as for `Views`."""
    closed = solve(problem, budget=BUDGET, seconds=SECONDS)
    return Views(closed, problem.theta, floats=not problem.mdp.symbols, exact=exact)


def entry(solution: Solution, name: str, key: Any = None) -> sp.Expr:
    """A quantity, or the entry of its table."""
    value = getattr(solution, name)
    found: sp.Expr = value[key] if isinstance(value, Table) else value
    return found


def is_exact_gradient(problem: Problem) -> bool:
    """Whether gradients at theta are exact numbers."""
    return len(problem.mdp.states) * len(problem.policy.params) <= EXACT_ENTRIES


def solution_json(problem: Problem, names: Iterable[str] = LISTED, rows: int | None = None) -> dict[str, Any]:
    """The solution in the schema of ``pgsym solve --json``, without quantities that the objective does not define.

    Every scalar is that of `Value.to_json`; tables nest by state, then by action.  After the first `rows` entries of
    a table no value is worked out, and every view is null.
    """
    views = solution_views(problem)
    spelt = labels([*problem.mdp.states, *(a for _, a in problem.mdp.pairs)])
    found: dict[str, Any] = {
        "model": problem.name,
        "objective": str(problem.objective),
        "gamma": str(problem.mdp.gamma),
        "theta": {p.name: str(problem.theta[p]) for p in problem.policy.params},
    }
    for name in names:
        shape = _in_any_view(views, name)
        exact = name != "grad" or is_exact_gradient(problem)

        left = iter(range(sys.maxsize if rows is None else rows))

        def told(key: Any = None, name: str = name, exact: bool = exact, left: Iterator[int] = left) -> dict[str, Any]:
            if next(left, None) is None:
                return Value(None, None, None).to_json()
            return views.value(partial(entry, name=name, key=key), exact=exact).to_json()

        if shape is not None:
            found[name] = shape.nested(spelt, told) if isinstance(shape, Table) else told()
    return found


def _in_any_view(views: Views[Solution], name: str) -> Any:
    """The quantity in any view: all of them have the same keys.  None where the objective does not define it."""
    try:
        found = views.in_floats(attrgetter(name))
        found = views.at_theta(attrgetter(name)) if found is None else found
        return views.while_it_fits("closed", attrgetter(name)) if found is None else found
    except (HypothesisError, StructureError):
        return None


def error_json(error: PgsymError) -> dict[str, Any]:
    """``{"error": {"type", "message", "where"}}`` for machine readers."""
    where = error.where if error.where is None or isinstance(error.where, str) else repr(error.where)
    return {"error": {"type": type(error).__name__, "message": str(error), "where": where}}
