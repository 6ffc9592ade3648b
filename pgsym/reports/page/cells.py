"""The quantities of a problem at theta as cells of a table, and as formulas."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.claims.blocks import Cell, Row
from pgsym.claims.derivation.cells import Cells
from pgsym.errors import HypothesisError, SingularMatrixError, StructureError
from pgsym.exact.solution import Solution, Table
from pgsym.expression.latex import latex_lines
from pgsym.expression.quantity import QUANTITIES
from pgsym.reports.values import Views, is_exact_gradient, solution_views

READABLE = 300
"""Operations of a formula that has lines of its own."""


class Writer(Cells):
    """The cells of one problem, its quantities at theta among them."""

    @cached_property
    def views(self) -> Views[Solution]:
        """The solution; all of it is exact or all of it is in floats."""
        return solution_views(self.problem, exact=is_exact_gradient(self.problem))

    def value(self, name: str, key: Any = None) -> Cell:
        """A quantity at theta, such as ``value("V", "s")``: exact, or in six digits where that takes long.

        Raises
        ------
        HypothesisError, StructureError
            The model does not define the quantity.
        """
        found = self.views.at_theta(lambda solution: _entry(solution, name, key))
        return self.LONG if found is None else self.expression(found)

    def formula(self, name: str, key: Any = None) -> Row | None:
        """``name(key) = formula`` at theta, in as many lines as it takes; None where these are too many to be read."""
        found = self.views.at_theta(lambda solution: _entry(solution, name, key))
        if found is None or sp.count_ops(found) > READABLE:
            return None
        place = () if key is None else key if name in ("Q", "A") else (key,)
        return Row((self.quantity(name, *place),), "=", tuple(latex_lines(found, names=self.names)), "", True)

    def defines(self, name: str) -> bool:
        """Whether the model has the quantity."""
        view = self.views.float or self.views.closed
        assert view is not None
        try:
            view.quantities.of(QUANTITIES[name])
        except (HypothesisError, StructureError):
            return False
        except SingularMatrixError:  # in floats only
            return True
        return True


def _entry(view: Solution, name: str, key: Any) -> sp.Expr:
    value = getattr(view, name)
    found: sp.Expr = value[key] if isinstance(value, Table) else value
    return found
