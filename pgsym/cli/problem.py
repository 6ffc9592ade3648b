"""MODEL and the options that replace parts of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pgsym.errors import SchemaError

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


def load_problem(
    model: str, objective: str | None, theta: str | None, gamma: str | None, values: str | None = None
) -> Problem:
    """MODEL with the options that replace parts of it; what nobody chose is said on standard error."""
    from pgsym.interchange.formats import locate

    problem = locate(model)
    if gamma is not None:
        problem = problem.replace(mdp=problem.mdp.replace(gamma=gamma))
    if objective is not None:
        problem = problem.replace(objective=objective)
    if theta is not None:
        given = {p.name: v for p, v in problem.theta.items()} | assignments(theta, "--theta")
        problem = problem.replace(theta=given)
    if values is not None:
        problem = problem.at(assignments(values, "--set"))
    if problem.assumption:
        print(problem.assumption, file=sys.stderr)
    return problem


def assignments(text: str, where: str) -> dict[str, str]:
    """``a=1,b=log(2)`` by name.

    >>> assignments("a=1,b=log(2)", "--theta")
    {'a': '1', 'b': 'log(2)'}
    """
    found: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not value.strip():
            raise SchemaError(f"found {part!r}; must read name=value. Write {where} 't=log(2),u=0'", where=where)
        found[name.strip()] = value.strip()
    return found
