"""A law as rows of text, LaTeX and plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pgsym.errors import AlgebraError, StructureError
from pgsym.exact.present import SHOWN, short
from pgsym.exact.solution import Table
from pgsym.expression.exact import to_float, written
from pgsym.expression.latex import align
from pgsym.model.estimator import EXACT, Estimator

if TYPE_CHECKING:
    from pgsym.exact.moments.law import EstimatorLaw

Floats = NDArray[np.float64]

SMALL = 20
"""Up to so many parameters the plain data hold the whole covariance."""


def describe(estimator: Estimator) -> str:
    """One line: the estimator with its numbers, and how long a run is.

    >>> from pgsym.model.estimator import GAE, RewardToGo
    >>> describe(GAE("9/10", horizon=20, discount_weight=False, bootstrap=False))
    'gae (lam = 9/10, critic exact, w = 1, no bootstrap), cut off after 20 steps'
    >>> describe(RewardToGo())
    'reward-to-go, whole episodes'
    """
    parts = []
    for name in ("n", "lam", "beta", "baseline", "critic"):
        value = getattr(estimator, name, None)
        if isinstance(value, Mapping):
            parts.append(f"{name} given by state")
        elif value == EXACT:
            parts.append(f"{name} exact")
        elif value is not None and (value != 0 or name != "baseline"):
            parts.append(f"{name} = {value}")
    if not getattr(estimator, "discount_weight", True):
        parts.append("w = 1")
    if estimator.cut_off is not None and not getattr(estimator, "bootstrap", True):
        parts.append("no bootstrap")
    if getattr(estimator, "stationary", False):
        parts.append("from the stationary distribution")
    told = estimator.name + (f" ({', '.join(parts)})" if parts else "")
    if estimator.cut_off is not None:
        return f"{told}, cut off after {estimator.cut_off} steps"
    return f"{told}, " + ("whole episodes" if estimator.horizon is None else "unending runs")


def rows(law: EstimatorLaw) -> list[tuple[str, ...]]:
    """(parameter, mean, bias, variance) of the first parameters, with a header."""
    found: list[tuple[str, ...]] = [("", "mean", "bias", "variance")]
    for p in law.params[:SHOWN]:
        bias = short(law.bias[p]) if law.has_bias else "undefined"
        found.append((p.name, short(law.mean[p]), bias, short(law.variance[p])))
    return found


def below(law: EstimatorLaw) -> list[str]:
    """How many parameters are left out, and the trace."""
    more = len(law.params) - SHOWN
    found = [f"... {more} more"] if more > 0 else []
    return [*found, f"covariance trace {short(law.covariance_trace)}; bias against {law.target}"]


def latex(law: EstimatorLaw) -> str:
    """Mean and variance of each coordinate, and the trace, as the body of an ``align*``."""
    lines = []
    for i, p in enumerate(law.params[:SHOWN], 1):
        lines.append((rf"\mathbb{{E}}[g_{{{i}}}]", law.mean[p]))
        lines.append((rf"\operatorname{{Var}}[g_{{{i}}}]", law.variance[p]))
    lines.append((r"\operatorname{tr}\operatorname{Cov}[g]", law.covariance_trace))
    return align(lines)


def to_json(law: EstimatorLaw) -> dict[str, Any]:
    """Plain data."""
    small = len(law.params) <= SMALL
    return {
        "estimator": law.estimator.name,
        "description": law.description,
        "objective": str(law.target),
        "samples": law.n,
        "mean": _by_parameter(law.mean),
        "bias": _by_parameter(law.bias) if law.has_bias else None,
        "variance": _by_parameter(law.variance),
        "covariance": [[leaf(e) for e in row] for row in law.covariance.tolist()] if small else None,
        "covariance_trace": leaf(law.covariance_trace),
        "mse": leaf(law.mse) if law.has_bias else None,
        "signal_to_noise": leaf(law.signal_to_noise),
        "trust": law.trust.to_json(),
    }


def _by_parameter(table: Table) -> dict[str, Any]:
    return {p.name: leaf(table[p]) for p in table}


def leaf(e: sp.Expr) -> dict[str, Any]:
    """One number: exactly, where it is not a float, and as a float, where it has no free symbol.

    >>> leaf(sp.Rational(1, 2)), leaf(sp.Float(0.5)), leaf(sp.Symbol("t"))
    ({'exact': '1/2', 'float': 0.5}, {'exact': None, 'float': 0.5}, {'exact': 't', 'float': None})
    """
    if e == sp.oo:
        return {"exact": "oo", "float": None}
    return {
        "exact": None if isinstance(e, sp.Float) else written(e),
        "float": None if e.free_symbols else to_float(e),
    }


def number(e: sp.Expr, where: str) -> float:
    """A number without free symbols, as a float.

    Raises
    ------
    StructureError
        It has free symbols.
    AlgebraError
        It is too large for a float.
    """
    if e.free_symbols:
        names = ", ".join(sorted(s.name for s in e.free_symbols))
        raise StructureError(f"depends on {names}; a number is required. Ask at a point, law.at(...)", where=where)
    if e == sp.oo:
        return math.inf
    found = to_float(e)
    if found is None:
        raise AlgebraError(
            "found a number beyond floats, which end at about 1.8e308; a float is required. Choose theta nearer to 0",
            where=where,
        )
    return found


def floats(table: Table) -> Floats:
    """[k] the entries as floats."""
    return np.array([number(table[p], table.name) for p in table])
