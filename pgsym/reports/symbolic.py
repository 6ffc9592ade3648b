"""The solution of a symbolic model on the terminal: formulas with pi(a|s) kept and shared denominators named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import sympy as sp
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from pgsym.claims.derivation.closed import ClosedForms
from pgsym.claims.derivation.fold import as_tree
from pgsym.claims.language.render import binding_text
from pgsym.claims.language.tree import Literal, Quantity
from pgsym.exact.solution import Solution, Table, default_names
from pgsym.model.problem import Problem, point_text
from pgsym.reports.terminal import CUT, LINE_WIDTH, ROWS, WHERE_TO_FIND, cut, no_floats
from pgsym.reports.values import Views, entry, solution_views

AT_THETA = 200
"""Characters of a formula at theta that is shown beside the one for every theta."""

Line = tuple[str, str, str]
"""A name, its formula, and its formula at theta."""


def symbolic_solution(problem: Problem) -> RenderableType:
    """Every quantity as formulas in the model's symbols and the policy's probabilities, and in the symbols at theta."""
    forms = ClosedForms(problem)
    views = solution_views(problem)
    parts: list[RenderableType] = [
        Text(f"{problem.name}  ({problem.objective}, gamma = {problem.mdp.gamma})", style="bold"),
        no_floats(sorted(s.name for s in problem.mdp.symbols)),
        Text(f"second lines, where they are short: at theta, which is {point_text(problem.theta)}", style="dim"),
        *(Text(cut(binding_text(let).removesuffix(";"), LINE_WIDTH)) for let in forms.definitions),
    ]
    for name in default_names(problem.objective):
        lines = list(_lines(name, forms, views))
        parts.append(Text(name, style="italic"))
        for left, formula, at_theta in lines[:ROWS]:
            parts.append(Padding(Text(cut(f"{left} = {formula}", LINE_WIDTH)), (0, 0, 0, 2)))
            if 0 < len(at_theta) <= AT_THETA and at_theta != formula:
                parts.append(Padding(Text(f"= {at_theta}", style="dim"), (0, 0, 0, 6)))
        if len(lines) > ROWS:
            parts.append(Text(f"  {CUT} {len(lines) - ROWS} more"))
    if any(text.endswith(CUT) for text in map(_plain, parts)):
        parts.append(Text(WHERE_TO_FIND, style="dim"))
    return Group(*parts)


def _lines(name: str, forms: ClosedForms, views: Views[Solution]) -> Iterator[Line]:
    if name == "J":
        yield "J", str(forms.objective_chain().statement.terms[-1]), _at_theta(views, lambda s: s.J)
    elif name == "grad":
        for p, formula in forms.by_theorem():
            yield f"dJ/d{p}", str(formula), _at_theta(views, lambda s, p=p: s.grad[p])  # type: ignore[misc]
    else:
        value = getattr(forms.solution, name)
        entries = dict(value) if isinstance(value, Table) else {None: value}
        keys = {str(_quantity(name, key)): key for key in entries}
        chains = forms.table(name) if name in forms.rows else []
        plain = {left: str(as_tree(entries[key], forms.names)) for left, key in keys.items()} if not chains else {}
        made = {str(c.statement.terms[0]): str(c.statement.terms[-1]) for c in chains}
        for left, text in (made or plain).items():
            yield left, text, _at_theta(views, partial(entry, name=name, key=keys[left])) if left in keys else ""


def _quantity(name: str, key: Any) -> Quantity:
    place = () if key is None else key if name in ("Q", "A") else (key,)
    return Quantity(name, tuple(map(Literal, place)))


def _at_theta(views: Views[Solution], get: Callable[[Solution], sp.Expr]) -> str:
    found = views.at_theta(get)
    return "" if found is None else str(found)


def _plain(part: RenderableType) -> str:
    inner = part.renderable if isinstance(part, Padding) else part
    return inner.plain if isinstance(inner, Text) else ""
