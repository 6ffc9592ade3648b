"""An estimator in one line, and numbers as text, plain data and floats."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pgsym.errors import AlgebraError, StructureError
from pgsym.exact.solution import Table
from pgsym.expression.exact import to_float, written
from pgsym.model.estimator import EXACT, Estimator

Floats = NDArray[np.float64]


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
