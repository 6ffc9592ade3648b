"""`moments`: from a problem and an estimator to its exact law."""

from __future__ import annotations

from pgsym.algebra.field import Field
from pgsym.algebra.polynomial import DEFAULT_BUDGET
from pgsym.errors import StructureError
from pgsym.exact.fields import rational_field
from pgsym.exact.moments.law import EstimatorLaw
from pgsym.exact.moments.specification import require_moments
from pgsym.exact.moments.target import BiasTarget, bias_target
from pgsym.expression.symbols import in_order
from pgsym.model.collision import all_symbols
from pgsym.model.estimator import Estimator, find_estimator
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.structure import Structure
from pgsym.model.validate import check_distinct


def moments(
    problem: ProblemLike,
    estimator: Estimator | str,
    *,
    target: BiasTarget | str | None = None,
    field: Field | None = None,
    budget: int = DEFAULT_BUDGET,
    seconds: float | None = None,
    reference: bool = False,
) -> EstimatorLaw:
    """The exact mean and covariance of an estimator of grad J from one run.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.
    estimator
        A description from `pgsym.model.estimator`, or the name of one.
    target
        What the bias is measured against: by default the problem's objective; another one, or ``truncated`` for the
        start-state objective's first T steps with the estimator's T.
    field
        Any field in which the policy, the model and the estimator have values; by default closed forms in theta and
        every symbol.
    budget, seconds
        Limits of closed forms, as for `solve`.
    reference
        Run floats through the generic arithmetic, not through SciPy.

    Returns
    -------
    EstimatorLaw
        Mean, bias and covariance in closed form; ``.at(...)`` gives numbers.

    Raises
    ------
    HypothesisError
        The estimator has no moments on this model: a run need not end, or the variance grows with its length.
    TooLargeError
        A closed form would not fit the budget.
    NameCollisionError
        A symbol of the estimator has the name of a different one of the model or the policy.

    See Also
    --------
    estimate : The same estimators, drawn.
    audit : The bias of somebody else's code.

    References
    ----------
    Greensmith, Bartlett & Baxter, Variance reduction techniques for gradient estimates in reinforcement learning,
    JMLR 5, 2004.

    Examples
    --------
    >>> law = moments("short-corridor", "reinforce").at()
    >>> law.covariance_trace, law.optimal_constant_baseline.value
    (1959, -65/3)
    >>> print(moments("short-corridor", "reward-to-go").at())
    reward-to-go, whole episodes
           mean  bias  variance
    theta     2     0       733
    covariance trace 733; bias against start-state
    """
    problem = Problem.of(problem)
    estimator = find_estimator(estimator)
    aim = bias_target(problem.objective if target is None else target)
    require_estimator(problem, estimator)
    if field is None:
        extra = in_order(estimator.symbols)
        field = rational_field(problem.mdp, problem.policy, extra=extra, budget=budget, seconds=seconds)
    return EstimatorLaw(problem, estimator, aim, field, reference=reference)


def require_estimator(problem: Problem, estimator: Estimator) -> None:
    """The estimator fits the problem, and a run of it has finite moments.

    Raises
    ------
    HypothesisError
        It has none.
    StructureError, NameCollisionError
        Its symbols are not its own, or it is about states that the model does not have.
    """
    clash = sorted({s.name for s in estimator.symbols} & {p.name for p in problem.policy.params})
    if clash:
        raise StructureError(
            f"{clash[0]} is a policy parameter; a baseline or critic must not depend on theta here, for its gradient "
            "would not be taken. Rename it",
            where="estimator",
        )
    check_distinct({*estimator.symbols, *all_symbols(problem.mdp, problem.policy)})
    require_moments(Structure(problem.mdp, problem.policy), estimator)
