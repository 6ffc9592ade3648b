"""The policy that collects the data: the audited one at other parameters, or any table of probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from pgsym.errors import SamplingError
from pgsym.expression.complaint import nearest, short
from pgsym.expression.exact import to_expr
from pgsym.model.problem import Problem
from pgsym.sampling.policy import policy_tables
from pgsym.sampling.tables import Floats

Behaviour = Mapping[Any, Any] | Sequence[Any]
"""Parameters by name or in order, or {state: {action: probability}}."""

ROUNDING = sp.Rational(1, 10**9)
"""By so much a row of probabilities may miss 1; it is normalised."""


def collecting(problem: Problem, behaviour: Behaviour) -> Floats:
    """[N] b(a|s) of each pair.

    Parameters
    ----------
    behaviour
        A mapping from states to mappings is a table: each non-terminal state's actions with their probabilities; an
        action that is left out is never taken.  Anything else is a value for each parameter of the policy.

    Raises
    ------
    SamplingError
        A state or an action that the model has not, a state without row, or a row that is no distribution.

    Examples
    --------
    >>> rows = {s: {"R": "3/4", "L": "1/4"} for s in ("s1", "s2", "s3")}
    >>> collecting(Problem.of("short-corridor"), rows).tolist()
    [0.75, 0.25, 0.75, 0.25, 0.75, 0.25]
    """
    mdp, policy = problem.mdp, problem.policy
    if not (isinstance(behaviour, Mapping) and any(isinstance(row, Mapping) for row in behaviour.values())):
        return policy_tables(policy, {p: float(v) for p, v in policy.point(behaviour).items()}).pi
    for s in behaviour:
        if s not in mdp.nonterminal:
            help = nearest(str(s), map(str, mdp.nonterminal), "those that act are")
            raise SamplingError(f"state {short(repr(s))} is unknown; {help}. Rename or remove it", where="behaviour")
    found = {(s, a): p for s in mdp.nonterminal for a, p in _row(behaviour, s, mdp.actions(s)).items()}
    return np.array([found[pair] for pair in mdp.pairs])


def _row(table: Mapping[Any, Any], s: Any, actions: Sequence[Any]) -> dict[Any, float]:
    """The probabilities in one state."""
    row = table.get(s)
    if not isinstance(row, Mapping):
        raise SamplingError(
            f"found {short(repr(row))} for state {s!r}; its actions with their probabilities are required. Add them",
            where="behaviour",
        )
    for a in row:
        if a not in actions:
            help = nearest(str(a), map(str, actions), "it has")
            raise SamplingError(f"state {s!r} has no action {short(repr(a))}; {help}. Rename it", where="behaviour")
    exact = {a: to_expr(row.get(a, 0), where=f"behaviour[{s!r}]") for a in actions}
    total = sum(exact.values(), sp.Integer(0))
    if not all(p.is_number and bool(p >= 0) for p in exact.values()) or not abs(total - 1) <= ROUNDING:
        raise SamplingError(
            f"the probabilities in state {s!r} are {', '.join(map(str, exact.values()))}; they must be nonnegative and "
            "sum to 1. Correct them",
            where="behaviour",
        )
    return {a: float(p / total) for a, p in exact.items()}
