"""`moments`: from a model, a policy and an estimator to its exact law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp

from pgsym.algebra.field import Field
from pgsym.algebra.polynomial import DEFAULT_BUDGET
from pgsym.errors import SchemaError, StructureError
from pgsym.exact.fields import exact_field, float_field, rational_field
from pgsym.exact.moments.core import Core
from pgsym.exact.moments.law import EstimatorLaw
from pgsym.exact.moments.specification import default_objective
from pgsym.exact.moments.target import Target
from pgsym.exact.quantities import Quantities
from pgsym.exact.solution import require_symbols
from pgsym.expression.exact import to_expr
from pgsym.expression.symbols import in_order
from pgsym.model.collision import all_symbols
from pgsym.model.estimator import ESTIMATORS, Estimator
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policies import tabular
from pgsym.model.policy import Policy
from pgsym.model.policy_at import check_policy_at
from pgsym.model.structure import Structure
from pgsym.model.validate import check_distinct


def moments(
    mdp: MDP,
    policy: Policy | None,
    estimator: Estimator | str,
    *,
    objective: Objective | Target | str | None = None,
    theta: Mapping[sp.Symbol | str, Any] | Sequence[Any] | None = None,
    symbols: Mapping[sp.Symbol | str, Any] | None = None,
    field: Field | None = None,
    budget: int = DEFAULT_BUDGET,
    seconds: float | None = None,
    reference: bool = False,
) -> EstimatorLaw:
    """The exact mean and covariance of an estimator of grad J from one run.

    Parameters
    ----------
    policy
        None: tabular softmax.
    estimator
        A description from `pgsym.model.estimator`, or the name of one that needs no numbers.
    objective
        What the bias is measured against: an objective, or ``truncated`` for the objective's first T steps with the
        estimator's T.  By default start-state; average-reward for an eligibility trace.
    theta
        The point, exact or with floats; None: closed forms in theta and every symbol.
    symbols
        Values for symbols of the model and of the estimator; those left out stay symbols.
    field
        Instead of `theta`: any field in which the policy, the model and the estimator have values.
    budget, seconds
        Limits of closed forms, as for `solve`.
    reference
        Run floats through the generic arithmetic, not through SciPy.

    Raises
    ------
    HypothesisError
        The estimator has no moments on this model: a run need not end, or the variance grows with its length.
    TooLargeError
        A closed form would not fit the budget.
    NameCollisionError
        A symbol of the estimator has the name of a different one of the model or the policy.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> corridor = zoo("short-corridor")
    >>> law = moments(corridor.mdp, corridor.policy, "reinforce", theta=corridor.theta)
    >>> law.covariance_trace, law.optimal_constant_baseline.value
    (1959, -65/3)
    >>> print(moments(corridor.mdp, corridor.policy, "reward-to-go", theta=corridor.theta))
    reward-to-go, whole episodes
           mean  bias  variance
    theta     2     0       733
    covariance trace 733; bias against start-state
    """
    policy = tabular(mdp) if policy is None else policy
    estimator = _named(estimator) if isinstance(estimator, str) else estimator
    target = Target.parse(default_objective(estimator) if objective is None else objective)
    values = {
        s if isinstance(s, sp.Symbol) else sp.Symbol(s): v for s, v in (symbols or {}).items()
    }  # fmt: skip
    exact = {s: to_expr(v, where=s.name) for s, v in values.items()}
    require_symbols(exact, mdp.symbols | estimator.symbols)
    if exact:
        mdp, estimator = mdp.subs(exact), estimator.subs(exact)
    clash = sorted({s.name for s in estimator.symbols} & {p.name for p in policy.params})
    if clash:
        raise StructureError(
            f"{clash[0]} is a policy parameter; a baseline or critic must not depend on theta here, for its gradient "
            "would not be taken. Rename it",
            where="estimator",
        )
    check_distinct({*estimator.symbols, *all_symbols(mdp, policy)})
    point: Mapping[sp.Symbol, Any] | None = None
    if field is None and theta is None:
        field = rational_field(mdp, policy, extra=_sorted(estimator), budget=budget, seconds=seconds)
    elif field is None and theta is not None:
        point = policy.point(theta)
        check_policy_at(policy, point)
        given = list(theta.values() if isinstance(theta, Mapping) else theta)
        if any(isinstance(v, float | sp.Float) for v in (*given, *values.values())):
            free = mdp.symbols | estimator.symbols
            if free:
                raise StructureError(
                    f"no value for {', '.join(sorted(s.name for s in free))}; floats need every symbol. Give it in "
                    "symbols",
                    where="symbols",
                )
            field = float_field(policy, {p: float(v) for p, v in point.items()}, {})
        else:
            field = exact_field(mdp, policy, point, extra=_sorted(estimator))
    assert field is not None
    structure = Structure(mdp, policy)
    quantities = Quantities(mdp, policy, Objective.START_STATE, field, structure)
    actions = Objective.START_STATE if target is Target.TRUNCATED else Objective.parse(target)
    return EstimatorLaw(Core(quantities, estimator, actions, reference=reference), target, point)


def _sorted(estimator: Estimator) -> list[sp.Symbol]:
    return in_order(estimator.symbols)


def _named(name: str) -> Estimator:
    if name not in ESTIMATORS:
        raise SchemaError(f"found {name!r}; must be one of {', '.join(ESTIMATORS)}", where="estimator")
    try:
        return ESTIMATORS[name]()
    except TypeError:
        kind = ESTIMATORS[name]
        raise SchemaError(
            f"found the name {name!r} alone; it has numbers of its own. Give {kind.__name__}(...)", where="estimator"
        ) from None
