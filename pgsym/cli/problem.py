"""MODEL and the options that replace parts of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pgsym.errors import SchemaError

if TYPE_CHECKING:
    from pgsym.model.estimator import Estimator
    from pgsym.model.mdp import MDP
    from pgsym.model.problem import Problem

_SPELLING = {
    "name": "--estimator",
    "lam": "--lambda",
    "n": "--n-step",
    "T": "--horizon",
    "horizon": "--horizon",
    "baseline": "--baseline",
    "critic": "--critic",
    "beta": "--beta",
    "discount_weight": "--no-discount-weight",
    "bootstrap": "--no-bootstrap",
    "stationary": "--stationary",
}
"""The options of commands that are fields of an estimator."""


def load_problem(
    model: str, objective: str | None, theta: str | None, gamma: str | None, values: str | None = None
) -> Problem:
    """MODEL with the options that replace parts of it; what nobody chose is said on standard error."""
    from pgsym.model.formats import locate

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


def load_estimator(
    name: str,
    mdp: MDP,
    *,
    baseline: str | None,
    critic: str | None,
    no_discount_weight: bool,
    **given: Any,
) -> Estimator:
    """The estimator of that name with the options that were given.

    >>> from pgsym.model.zoo import zoo
    >>> mdp = zoo("two-state").mdp
    >>> load_estimator("n-step", mdp, baseline=None, critic="x=1", no_discount_weight=False, n=3).critic
    {'x': 1}
    """
    from pgsym.model.estimator import find_estimator

    given |= {
        "baseline": _state_function(baseline, mdp, "--baseline"),
        "critic": _state_function(critic, mdp, "--critic"),
        "discount_weight": False if no_discount_weight else None,
    }
    return find_estimator(name, {key: value for key, value in given.items() if value is not None}, spelling=_SPELLING)


def _state_function(text: str | None, mdp: MDP, where: str) -> Any:
    """A number, "exact", or numbers by state."""
    if text is None or "=" not in text:
        return text
    found = {}
    for name, value in assignments(text, where).items():
        states = [s for s in mdp.states if str(s) == name]
        if not states:
            raise SchemaError(f"state {name!r} is unknown; write name=value,... Check its name", where=where)
        if len(states) > 1:
            meanings = " or ".join(map(repr, states))
            raise SchemaError(f"{name!r} can mean {meanings}; a name must mean one state. Rename one", where=where)
        found[states[0]] = value
    return found


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
