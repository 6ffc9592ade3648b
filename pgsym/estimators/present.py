"""Numbers as text, plain data and floats."""

from __future__ import annotations

import math

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pgsym.errors import AlgebraError, StructureError
from pgsym.exact.solution import Table
from pgsym.expression.exact import to_float

Floats = NDArray[np.float64]


def number(e: sp.Expr, where: str) -> float:
    """A number without free symbols, as a float.

    StructureError where it has free symbols, AlgebraError where it is too large for a float.
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
