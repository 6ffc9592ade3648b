"""How bias and variance move with one number of an estimator: lambda, gamma, a baseline, or the length of a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pgsym.display.figure import new_figure
from pgsym.errors import HypothesisError, StructureError
from pgsym.exact.moments.law import EstimatorMoments
from pgsym.exact.moments.present import floats, number
from pgsym.expression.exact import to_expr
from pgsym.model.estimator import GAE, ActorCritic, EligibilityTrace, Estimator, NStep
from pgsym.model.problem import Problem

if TYPE_CHECKING:
    from pgsym.display.figure import Figure


Floats = NDArray[np.float64]

NUMBERS = ("lambda", "gamma", "baseline", "T")
"""What can be swept."""
POINTS = 21
"""Values of a sweep."""
LONGEST = 200
"""The largest T of a default sweep."""


@dataclass(frozen=True)
class Sweep:
    """Floats at one point theta, for each value of one number.

    Attributes
    ----------
    number : str
        One of `NUMBERS`.
    values : array, shape (m,)
    bias : array, shape (m,)
        |E[g] - gradient|, the gradient being that of the model as it is, whatever is swept; nan where it is undefined.
    variance : array, shape (m,)
        Covariance trace.
    """

    number: str
    values: Floats
    bias: Floats
    variance: Floats

    @property
    def mse(self) -> Floats:
        """Mean square error of one sample."""
        return self.bias**2 + self.variance

    def plot(self) -> Figure:
        """Squared bias, variance and mean square error against the number.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        """
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
        ``lambda``: GAE with the estimator's critic; ``gamma``: the discount that the estimator uses, an exact critic's
        too; ``baseline``: a constant in place of the estimator's baseline, or on top of its critic; ``T``: the cut-off.
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
    >>> from pgsym.exact.moments import moments
    >>> law = moments("short-corridor", "reward-to-go").at()
    >>> sweep(law, "baseline", [0, -12]).variance.tolist()
    [733.0, 277.0]
    """
    if law.theta is None:
        raise StructureError("the law is a closed form; a sweep is of numbers. Use law.at(theta)", where="sweep")
    if number == "baseline":
        return _baselines(law, values)
    truth = floats(law.gradient) if law.has_bias else np.full(len(law.params), np.nan)
    found = []
    for value, one in _variants(law, number, values):
        try:
            changed = law.changed(*one)
        except HypothesisError:
            continue
        gap = floats(changed.mean) - truth
        found.append((float(value), float(np.linalg.norm(gap)), float(changed.covariance_trace)))
    if not found:
        raise HypothesisError(f"for no {number} has the estimator moments here. Give it a horizon", where="sweep")
    x, bias, variance = np.array(found).T
    return Sweep(number, x, bias, variance)


def applicable(law: EstimatorMoments) -> list[str]:
    """The numbers that can be swept for this estimator."""
    kind = law.estimator
    found = ["lambda"] if isinstance(kind, GAE | ActorCritic | NStep) else []
    if not isinstance(kind, EligibilityTrace) and not law.mdp.gamma.free_symbols:
        found.append("gamma")
    return [*found, "baseline", "T"]


def _variants(
    law: EstimatorMoments, number: str, values: Sequence[Any] | None
) -> Iterable[tuple[Any, tuple[Problem, Estimator]]]:
    """(value, problem and estimator)."""
    if number not in applicable(law):
        raise StructureError(
            f"{law.estimator.name} has no {number}; it has {', '.join(applicable(law))}. Choose one of them",
            where="sweep",
        )
    kind = law.estimator
    assert law.theta is not None
    problem = law.problem.at({p: float(v) for p, v in law.theta.items()})
    unit = [sp.Rational(i, POINTS - 1) for i in range(POINTS)]
    if number == "lambda":
        shared = {f.name: getattr(kind, f.name) for f in fields(kind) if f.name not in ("lam", "n")}
        return [(v, (problem, GAE(lam=v, **shared))) for v in _exact(values, unit)]
    if number == "gamma":
        return [(v, (problem.replace(mdp=problem.mdp.replace(gamma=v)), kind)) for v in _exact(values, unit)]
    if values is None:
        values = sorted({round(v) for v in np.geomspace(1, LONGEST, POINTS)})
    name = "T" if isinstance(kind, EligibilityTrace) else "horizon"
    return [(T, (problem, replace(kind, **{name: int(T)}))) for T in values]


def _baselines(law: EstimatorMoments, values: Sequence[Any] | None) -> Sweep:
    """The trace is quadratic in b, and no constant changes the mean."""
    c, q = (sum(number(law.field.to_sympy(e), "baseline") for e in row) for row in law.core.quadratic)
    plain = number(law.field.to_sympy(law.core.plain_trace), "covariance_trace")
    if values is None:
        best = c / q if q else 0.0
        width = max(abs(best), np.sqrt(plain / q) if q else 1.0)
        values = np.linspace(best - width, best + width, POINTS).tolist()
    b = np.array([float(v) for v in values])
    bias = float(np.linalg.norm(floats(law.bias))) if law.has_bias else float("nan")
    return Sweep("baseline", b, np.full(len(b), bias), plain - 2 * b * c + b**2 * q)


def _exact(values: Sequence[Any] | None, default: list[sp.Expr]) -> list[sp.Expr]:
    return default if values is None else [to_expr(v, where="sweep") for v in values]


LABELS = {
    "lambda": "λ of GAE",
    "gamma": "discount that the estimator uses",
    "baseline": "constant baseline",
    "T": "steps of a run",
}


def plot_sweeps(title: str, sweeps: Sequence[Sweep]) -> Figure:
    """One panel for each sweep: squared bias, covariance trace and their sum, on a logarithmic axis.

    A bias of 0 has no place on that axis and is left out.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
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
        axes.set_xlabel(LABELS[one.number])
    made.axes[0].legend()
    made.suptitle(title, fontsize="medium")
    return made
