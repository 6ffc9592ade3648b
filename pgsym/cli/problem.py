"""MODEL and the options that replace parts of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pgsym.errors import SchemaError

if TYPE_CHECKING:
    from pgsym.model.problem import Problem


def load_problem(model: str, objective: str | None, theta: str | None, gamma: str | None) -> Problem:
    """MODEL with the options that replace parts of it."""
    from pgsym.interchange.formats import locate
    from pgsym.model.objective import Objective

    problem = locate(model)
    if gamma is not None:
        problem = replace(problem, mdp=problem.mdp.replace(gamma=gamma))
    if objective is not None:
        problem = replace(problem, objective=Objective.parse(objective))
    if theta is not None:
        given = {p.name: v for p, v in problem.theta.items()} | assignments(theta, "--theta")
        problem = replace(problem, theta=problem.policy.point(given))
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
