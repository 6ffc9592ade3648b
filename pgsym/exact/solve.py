"""`solve`: from a model to its exact solution."""

from __future__ import annotations

from pgsym.algebra.polynomial import DEFAULT_BUDGET
from pgsym.exact.fields import rational_field
from pgsym.exact.quantities import Quantities
from pgsym.exact.solution import Solution
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.structure import Structure


def solve(
    problem: ProblemLike,
    *,
    budget: int = DEFAULT_BUDGET,
    seconds: float | None = None,
) -> Solution:
    """The exact solution in closed form; everything in it is computed when it is asked for.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.
    budget
        Largest number of terms in a polynomial.
    seconds
        Wall-clock limit of each closed form; none by default.

    Returns
    -------
    Solution
        Its quantities are closed forms, computed when they are asked for; ``.at(...)`` gives numbers.

    Raises
    ------
    HypothesisError
        The objective is not defined on this model; the message names the states.
    TooLargeError
        When a quantity is asked for whose closed form would not fit the budget.

    See Also
    --------
    verify : Is the policy gradient theorem true of the model?
    moments : The exact law of an estimator of the gradient.

    References
    ----------
    Puterman, Markov Decision Processes, 1994, chapters 5, 6 and 8.

    Examples
    --------
    >>> from pgsym.model import MDP, Problem, sigmoid
    >>> mdp = MDP.from_transitions(
    ...     [("s", "go", "end", 1, 1), ("s", "wait", "s", 1, 0)], start="s", terminal=["end"], gamma="gamma"
    ... )
    >>> solution = solve(Problem(mdp, sigmoid(mdp, {"s": "t"})))
    >>> solution.J
    exp(t)/(-gamma + exp(t) + 1)
    >>> solution.at(t="log(3)", gamma="1/2").J
    6/7
    """
    problem = Problem.of(problem)
    structure = Structure(problem.mdp, problem.policy)
    structure.require(problem.objective)
    field = rational_field(problem.mdp, problem.policy, budget=budget, seconds=seconds)
    return Solution(Quantities(problem.mdp, problem.policy, problem.objective, field, structure), problem)
