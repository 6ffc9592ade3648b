"""`moments`: from a problem and an estimator to its exact law, and what that shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgsym.algebra.field import Field
from pgsym.display.result import TableResult, data_frame
from pgsym.estimators.estimator import Estimator, find_estimator
from pgsym.estimators.law import EstimatorMoments
from pgsym.estimators.meaning import own_symbols
from pgsym.estimators.sweep import applicable, plot_sweeps, sweep
from pgsym.estimators.target import BiasTarget, bias_target
from pgsym.exact.fields import rational_field
from pgsym.exact.solution import Table
from pgsym.exact.tables import SHOWN, field_trust, leaf, short
from pgsym.expression.latex import align
from pgsym.limits import CLOSED_FORM_TERMS
from pgsym.model.problem import Problem, ProblemLike
from pgsym.trust import Trust

if TYPE_CHECKING:
    from pgsym.display.figure import Figure

SMALL = 20
"""Up to so many parameters the plain data hold the whole covariance."""


class EstimatorLaw(EstimatorMoments, TableResult):
    """Exact mean and covariance of an estimator of grad J; made by `moments`.

    See Also
    --------
    pgsym.moments : Makes it.
    pgsym.Estimate : Samples of the same estimator.

    References
    ----------
    Sobel, The variance of discounted Markov decision processes (1982).  Greensmith, Bartlett and Baxter, Variance
    reduction techniques for gradient estimates in reinforcement learning (2004).

    Examples
    --------
    >>> from pgsym.estimators.moments import moments
    >>> print(moments("short-corridor", "reinforce").at())
    reinforce
           mean  bias  variance
    theta     2     0      1959
    covariance trace 1959; bias against start-state
    """

    @property
    def description(self) -> str:
        """One line: the estimator, its run, and how many samples are averaged."""
        return self.estimator.description + ("" if self.n == 1 else f", mean of {self.n} samples")

    def to_json(self) -> dict[str, Any]:
        """Plain data; every scalar is ``{"exact": text or null, "float": number or null}``."""
        small = len(self.params) <= SMALL
        return {
            "estimator": self.estimator.to_json(),
            "description": self.description,
            "objective": str(self.target),
            "samples": self.n,
            "mean": _by_parameter(self.mean),
            "bias": _by_parameter(self.bias) if self.has_bias else None,
            "variance": _by_parameter(self.variance),
            "covariance": [[leaf(e) for e in row] for row in self.covariance.tolist()] if small else None,
            "covariance_trace": leaf(self.covariance_trace),
            "mse": leaf(self.mse) if self.has_bias else None,
            "signal_to_noise": leaf(self.signal_to_noise),
            "trust": self.trust.to_json(),
        }

    def frame(self) -> Any:
        """A pandas frame with a row for each parameter; gradient and bias are None where no target is defined.

        >>> from pgsym.estimators.moments import moments
        >>> moments("short-corridor", "reinforce").at().frame()
          parameter mean variance gradient bias
        0     theta    2     1959        2    0
        """
        nothing = dict.fromkeys(self.params)
        gradient, bias = (self.gradient, self.bias) if self.has_bias else (nothing, nothing)
        rows = [(p.name, self.mean[p], self.variance[p], gradient[p], bias[p]) for p in self.params]
        return data_frame(["parameter", "mean", "variance", "gradient", "bias"], rows)

    @property
    def assumption(self) -> str:
        """What nobody chose of the problem, in one line; empty where all was chosen."""
        return self.problem.assumption

    @property
    def trust(self) -> Trust:
        """A closed form, exact at theta, or a float."""
        return field_trust(self.field, self.theta)

    def cells(self) -> list[tuple[str, ...]]:
        """(parameter, mean, bias, variance) of the first parameters, with a header."""
        found: list[tuple[str, ...]] = [("", "mean", "bias", "variance")]
        for p in self.params[:SHOWN]:
            bias = short(self.bias[p]) if self.has_bias else "undefined"
            found.append((p.name, short(self.mean[p]), bias, short(self.variance[p])))
        return found

    @property
    def above(self) -> list[str]:
        """The estimator."""
        return [self.description]

    @property
    def below(self) -> list[str]:
        """How many parameters are left out, and the covariance trace."""
        more = len(self.params) - SHOWN
        found = [f"... {more} more"] if more > 0 else []
        return [*found, f"covariance trace {short(self.covariance_trace)}; bias against {self.target}"]

    def latex(self) -> str:
        """Mean and variance of each coordinate, and the trace, as an ``align*``."""
        lines = []
        for i, p in enumerate(self.params[:SHOWN], 1):
            lines.append((rf"\mathbb{{E}}[g_{{{i}}}]", self.mean[p]))
            lines.append((rf"\operatorname{{Var}}[g_{{{i}}}]", self.variance[p]))
        lines.append((r"\operatorname{tr}\operatorname{Cov}[g]", self.covariance_trace))
        return align(lines)

    def __repr__(self) -> str:
        where = "closed form" if self.theta is None else f"at {dict(self.theta)}"
        return f"EstimatorLaw({self.estimator.name or self.estimator.text}, {where}, {len(self.params)} parameters)"

    def plot(self, *numbers: str) -> Figure:
        """Squared bias, variance and mean square error against lambda, gamma, a baseline or T: a panel for each.

        Parameters
        ----------
        numbers
            Of `pgsym.estimators.sweep.NUMBERS`; all that the estimator has by default.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        StructureError
            The law is a closed form, or the estimator does not have this number.
        """
        sweeps = [sweep(self, number) for number in numbers or applicable(self)]
        return plot_sweeps(f"{self.description}; bias against {self.target}", sweeps)


def moments(
    problem: ProblemLike,
    estimator: Estimator | str,
    *,
    let: Mapping[str, Any] | None = None,
    horizon: int | None = None,
    target: BiasTarget | str | None = None,
    field: Field | None = None,
    budget: int = CLOSED_FORM_TERMS,
    seconds: float | None = None,
    reference: bool = False,
) -> EstimatorLaw:
    """The exact mean and covariance of an estimator of grad J from one run.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.
    estimator
        A name of `pgsym.estimators.estimator.ESTIMATORS`, an expression in the claim language, or an `Estimator`.
    let
        What the estimator's own names stand for, as ``{"b(s)": "V(s)", "lambda": 0.9}``.
    horizon
        Steps after which a run is cut off; None: it is not.
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
    reward-to-go
           mean  bias  variance
    theta     2     0       733
    covariance trace 733; bias against start-state
    """
    problem = Problem.of(problem)
    estimator = find_estimator(estimator, let, horizon=horizon)
    aim = bias_target(problem.objective if target is None else target)
    if field is None:
        extra = own_symbols(problem, estimator)
        field = rational_field(problem.mdp, problem.policy, extra=extra, budget=budget, seconds=seconds)
    return EstimatorLaw(problem, estimator, aim, field, reference=reference)


def _by_parameter(table: Table) -> dict[str, Any]:
    return {p.name: leaf(table[p]) for p in table}
