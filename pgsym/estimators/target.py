"""What the bias of an estimator is measured against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import sympy as sp

from pgsym.algebra import DualField
from pgsym.algebra.field import Field
from pgsym.errors import SchemaError, StructureError
from pgsym.exact.quantities import Quantities
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure

TRUNCATED: Final = "truncated"
"""E[sum_{t<T} gamma^t r_t] with the estimator's own T."""

BiasTarget: TypeAlias = Objective | Literal["truncated"]
"""The gradient from which the bias is measured: of an objective, or of the truncated one."""


def bias_target(name: str) -> BiasTarget:
    """The target of that name.

    >>> bias_target("average-reward")
    <Objective.AVERAGE_REWARD: 'average-reward'>
    """
    if name == TRUNCATED:
        return TRUNCATED
    try:
        return Objective(name)
    except ValueError:
        raise SchemaError(
            f"found {name!r}; must be one of {', '.join(Objective)}, {TRUNCATED}", where="objective"
        ) from None


def gradient(problem: Problem, field: Field, target: BiasTarget, T: int | None) -> Mapping[sp.Symbol, Any]:
    """Every component of the gradient, as elements of the field.

    Parameters
    ----------
    T
        The cut-off, for `TRUNCATED`.

    Raises
    ------
    HypothesisError
        The objective is not defined on this model.
    StructureError
        The estimator is not cut off.
    """
    mdp, policy, structure = problem.mdp, problem.policy, Structure(problem.mdp, problem.policy)
    if not (field.differential and field.ground is field):
        field = DualField(field, policy.params)
    if target != TRUNCATED:
        return Quantities(mdp, policy, target, field, structure).gradient
    if T is None:
        raise StructureError(
            "the estimator's horizon is None; the truncated objective has T steps. Give the estimator a horizon, or "
            "measure the bias against start-state",
            where="objective",
        )
    chain = Quantities(mdp, policy, Objective.START_STATE, field, structure)
    states = [s for s in mdp.nonterminal if s in structure.reachable]
    V: dict[Any, Any] = {}
    for _ in range(T):
        V = {
            s: chain.r_pi[s] + chain.gamma * chain._dot([(p, V[t]) for t, p in chain.P_pi[s].items() if t in V])
            for s in states
        }
    J = chain._dot([(p, V[s]) for s, p in chain.mu0.items() if s in V])
    return chain._complete(field.gradient(J))
