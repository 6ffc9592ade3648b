"""A solution as text and as plain data, and what other exact results share with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import sympy as sp

from pgsym.algebra import FloatField
from pgsym.algebra.field import Field
from pgsym.errors import TooLargeError
from pgsym.exact.tables import Table
from pgsym.expression.exact import to_float, written
from pgsym.expression.naming import labels
from pgsym.model.problem import point_text
from pgsym.trust import Level, Trust

if TYPE_CHECKING:
    from pgsym.exact.solution import Solution

T = TypeVar("T")

SHOWN = 12
"""Parameters that a text shows."""
WIDTH = 60
"""Characters of a number in a text; a longer one is shown as a float, or by its beginning."""


def field_trust(field: Field, theta: Mapping[sp.Symbol, Any] | None) -> Trust:
    """What numbers of a field are worth: closed forms, exact ones at theta, or floats."""
    if isinstance(field, FloatField):
        return Trust(Level.FLOAT)
    return Trust(Level.NORMAL_FORM if theta is None else Level.EXACT_POINT)


def text(solution: Solution) -> str:
    """What is solved, J, and the first derivatives."""
    params = solution.policy.params
    where = "in closed form" if solution.theta is None else f"at {point_text(solution.theta)}"
    lines = [f"{solution.objective}, {where}, {len(solution.mdp.states)} states"]
    J = unless_too_large(lambda: solution.J)
    grad = unless_too_large(lambda: [(p, solution.grad[p]) for p in params[:SHOWN]])
    lines.append(f"J = {'too large for a closed form; see .at()' if J is None else short(J)}")
    lines += [f"dJ/d{p} = {short(e)}" for p, e in grad or ()]
    if grad is None or len(params) > SHOWN:
        lines.append(f"{len(params) - len(grad or ())} more derivatives: see .grad")
    return "\n".join(lines)


def to_json(solution: Solution) -> dict[str, Any]:
    """Plain data in the schema of `pgsym solve --json`; a number has the one view that the solution is."""
    told = labels([*solution.mdp.states, *(a for _, a in solution.mdp.pairs)])
    found: dict[str, Any] = {
        "model": solution.problem.name,
        "objective": str(solution.objective),
        "gamma": str(solution.mdp.gamma),
        "theta": None if solution.theta is None else {p.name: str(v) for p, v in solution.theta.items()},
        "trust": solution.trust.to_json(),
    }
    for name in solution.defined():
        value = unless_too_large(lambda name=name: getattr(solution, name))  # type: ignore[misc]
        if isinstance(value, Table):
            found[name] = value.nested(told, partial(_of_table, solution, value))
        else:
            found[name] = _entry(solution, value)
    return found


def _of_table(solution: Solution, table: Table, key: Any) -> dict[str, Any]:
    return _entry(solution, unless_too_large(lambda: table[key]))


def _entry(solution: Solution, value: sp.Expr | None) -> dict[str, Any]:
    if value is None or solution.theta is None:
        return {"closed_form": None if value is None else str(value), "exact": None, "float": None}
    exact = None if solution.trust.level is Level.FLOAT else written(value)
    return {"closed_form": None, "exact": exact, "float": None if value.free_symbols else to_float(value)}


def unless_too_large(get: Callable[[], T]) -> T | None:
    """What is asked for; None where its closed form is too large."""
    try:
        return get()
    except TooLargeError:
        return None


def short(e: sp.Expr) -> str:
    """One number for a text.

    >>> short(sp.Float(1) / 3), short(sp.Rational(1, 3)), short(sp.Symbol("x") ** sp.Symbol("y" * 99))
    ('0.333333', '1/3', 'x**yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy...')
    """
    if isinstance(e, sp.Float):
        return f"{float(e):.6g}"
    shown = str(e)
    if len(shown) <= WIDTH:
        return shown
    return f"{shown[: WIDTH - 3]}..." if e.free_symbols else f"{float(e):.6g}"
