"""How bias and variance move with one number of an estimator: lambda, gamma, a baseline, or the length of a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from pgsym.display.figure import new_figure
from pgsym.errors import FormulaError, HypothesisError, StructureError
from pgsym.estimators.estimator import Estimator
from pgsym.estimators.law import EstimatorMoments, floats
from pgsym.estimators.law import number as number_of
from pgsym.estimators.sample_size import Floats
from pgsym.expression.exact import to_expr
from pgsym.model.problem import Problem

if TYPE_CHECKING:
    from pgsym.display.figure import Figure

POINTS = 21
"""Values of a sweep."""
LONGEST = 200
"""The largest T of a default sweep."""


@dataclass(frozen=True)
class Sweep:
    """Floats at one point theta, for each value of one number."""

    number: str
    """As for `sweep`."""
    values: Floats
    bias: Floats
    """|E[g] - gradient|, the gradient being that of the model as it is, whatever is swept; nan where it is undefined.
    """
    variance: Floats
    """Covariance trace."""

    @property
    def mse(self) -> Floats:
        """Mean square error of one sample."""
        return self.bias**2 + self.variance

    def plot(self) -> Figure:
        """Squared bias, variance and mean square error against the number; MissingExtraError without matplotlib."""
        return plot_sweeps("", [self])

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "number": self.number,
            "values": self.values.tolist(),
            "bias": [None if math.isnan(e) else e for e in self.bias.tolist()],
            "variance": self.variance.tolist(),
            "mse": [None if math.isnan(e) else e for e in self.mse.tolist()],
        }


def sweep(law: EstimatorMoments, number: str, values: Sequence[Any] | None = None) -> Sweep:
    """The law's estimator with one number varied.

    Parameters
    ----------
    law
        At a point theta.
    number
        ``gamma``: the discount of the model and of all that the estimator takes from it; ``T``: the steps after which
        runs are cut off; or a name of the estimator's own, such as ``lambda`` or ``b(s)``.
    values
        By default `POINTS` values over the natural range.

    Raises
    ------
    StructureError
        The law is a closed form, or the estimator does not have this number.
    HypothesisError
        No value has moments.

    Examples
    --------
    >>> from pgsym.estimators.moments import moments
    >>> law = moments("short-corridor", "reward-to-go").at()
    >>> sweep(law, "b(s)", [0, -12]).variance.tolist()
    [733.0, 277.0]
    """
    if law.theta is None:
        raise StructureError("the law is a closed form; a sweep is of numbers. Use law.at(theta)", where="sweep")
    if number not in applicable(law):
        raise StructureError(
            f"the estimator has no {number}; it has {', '.join(applicable(law))}. Choose one of them", where="sweep"
        )
    truth = floats(law.gradient) if law.has_bias else np.full(len(law.params), np.nan)
    problem = law.problem.at({p: float(v) for p, v in law.theta.items()})
    found = []
    for value in _default(law, number) if values is None else [to_expr(v, where="sweep") for v in values]:
        try:
            changed = law.changed(*_varied(problem, law.estimator, number, value))
            gap = floats(changed.mean) - truth
            found.append((float(value), float(np.linalg.norm(gap)), float(changed.covariance_trace)))
        except HypothesisError:
            continue
    if not found:
        raise HypothesisError(f"for no {number} has the estimator moments here. Give it a horizon", where="sweep")
    x, bias, variance = np.array(found).T
    return Sweep(number, x, bias, variance)


def applicable(law: EstimatorMoments) -> list[str]:
    """The numbers that can be swept for this estimator: gamma, T, and those of its own.

    >>> from pgsym.estimators.moments import moments
    >>> applicable(moments("short-corridor", "gae", let={"lambda": 1}).at())
    ['lambda', 'gamma', 'T']
    """
    own = [head for head in law.estimator.let if "(" not in head or head.startswith("b(")]
    gamma = [] if law.mdp.gamma.free_symbols else ["gamma"]
    return [*own, *gamma, "T"]


def _varied(problem: Problem, estimator: Estimator, number: str, value: Any) -> tuple[Problem, Estimator]:
    if number == "T":
        return problem, replace(estimator, horizon=int(value))
    if number == "gamma":
        return problem.replace(mdp=problem.mdp.replace(gamma=to_expr(value, where="sweep"))), estimator
    return problem, replace(estimator, let={**estimator.let, number: to_expr(value, where="sweep")})


def _default(law: EstimatorMoments, number: str) -> list[Any]:
    if number == "T":
        return sorted({round(v) for v in np.geomspace(1, LONGEST, POINTS)})
    middle = law.optimal_constant_baseline.value if number.startswith("b(") else _given(law.estimator, number)
    if middle is None:
        return [sp.Rational(i, POINTS - 1) for i in range(POINTS)]
    value = number_of(middle, number)
    width = max(abs(value), 1.0)
    return [float(b) for b in np.linspace(value - width, value + width, POINTS)]


def _given(estimator: Estimator, number: str) -> sp.Expr | None:
    """The value that a name has, where it is a number; None for what lies between 0 and 1."""
    if number in ("lambda", "beta", "gamma"):
        return None
    try:
        found = to_expr(estimator.let[number], where=number)
    except FormulaError:  # a text of the claim language
        return None
    return None if found.free_symbols else found


LABELS = {"lambda": "λ", "beta": "β", "gamma": "γ", "b(s)": "constant baseline", "T": "steps of a run"}


def plot_sweeps(title: str, sweeps: Sequence[Sweep]) -> Figure:
    """One panel for each sweep: squared bias, covariance trace and their sum, on a logarithmic axis.

    A bias of 0 has no place on that axis and is left out.  MissingExtraError where matplotlib is not installed.
    """
    made = new_figure(4.0 * len(sweeps), 3.6)
    for axes, one in zip(made.subplots(1, len(sweeps), squeeze=False)[0], sweeps, strict=True):
        lines = (("|bias|²", one.bias**2, "--"), ("variance (trace)", one.variance, "-"), ("MSE", one.mse, ":"))
        for label, values, style in lines:
            shown = np.where(values > np.finfo(float).eps * one.variance.max(initial=0.0), values, np.nan)
            axes.plot(one.values, shown, style, label=label)
        axes.set_yscale("log")
        if one.number == "T":
            axes.set_xscale("log")
        axes.set_xlabel(LABELS.get(one.number, one.number))
    made.axes[0].legend()
    made.suptitle(title, fontsize="medium")
    return made
