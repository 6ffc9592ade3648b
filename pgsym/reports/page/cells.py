"""Names and numbers as cells of a table: exact where they are short, six digits where they are not."""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.claims.blocks import Cell
from pgsym.claims.derivation.rows import Row
from pgsym.errors import HypothesisError, SingularMatrixError, StructureError
from pgsym.exact.solution import Solution, Table
from pgsym.expression.exact import to_float, written
from pgsym.expression.labels import spelt
from pgsym.expression.latex import Names, latex, latex_lines, tex_width
from pgsym.expression.notation import name_table, quantity_latex, symbol_names
from pgsym.model.problem import Problem
from pgsym.reports.values import Views, is_exact_gradient, solution_views

SHORT = 16
"""Characters of an exact number that is shown in a table."""
FORMULA = 32
"""Characters of a formula that is."""
PROBABILITY = 3 * FORMULA
"""Characters of the formula of a probability, which has few columns beside it."""
DIGITS = 6
READABLE = 300
"""Operations of a formula that has lines of its own."""
ROWS = 24
"""Rows of one table."""


def decimal(value: float) -> Cell:
    r"""A float with six digits.

    >>> decimal(-1.5e-7).latex, decimal(0.1).text
    ('-1.5 \\times 10^{-7}', '0.1')
    """
    if value == 0:
        return Cell("0", "0")
    text = f"{value:.{DIGITS}g}"
    if not math.isfinite(value):
        return Cell(text, r"\infty" if value > 0 else r"\text{undefined}")
    return _scientific(text)


def _scientific(text: str) -> Cell:
    mantissa, e, power = text.partition("e")
    return Cell(text, mantissa if not e else rf"{mantissa} \times 10^{{{int(power)}}}")


def number(value: sp.Expr, names: Names | None = None, formula: int = FORMULA) -> Cell | None:
    r"""An exact number or formula where it is short, six digits of a long number; None of a long formula.

    >>> number(sp.Rational(-483, 34649)).latex, number(sp.Rational(10**20 + 1, 3 * 10**20)).latex
    ('-483/34649', '\\approx {0.333333}')
    """
    if value is sp.oo:
        return decimal(math.inf)
    if value.is_Float:
        found = decimal(float(value))
        return found if value == 0 else Cell(found.text, rf"\approx {{{found.latex}}}")
    room = formula if value.free_symbols else SHORT
    text = written(value)
    if sp.count_ops(value) <= room and text is not None and len(text) <= 4 * room:
        shown = latex(value, names=names, inline=not value.has(sp.exp))
        if tex_width(shown) <= room:
            return Cell(text, shown)
    if value.free_symbols:
        return None
    rounded = to_float(value)
    found = _scientific(str(sp.N(value, DIGITS))) if rounded is None else decimal(rounded)
    return Cell(found.text, rf"\approx {{{found.latex}}}")


def first_of(count: int) -> str:
    """What a title adds where its table is cut.

    >>> first_of(7), first_of(25)
    ('', ': the first 24 of 25')
    """
    return f": the first {ROWS} of {count}" if count > ROWS else ""


class Writer:
    """What the tables of one problem share: its names, and its quantities at theta.

    Attributes
    ----------
    problem : Problem
    names : dict
        LaTeX by symbol.
    """

    LONG = Cell("long", r"\text{long}")

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        mdp = problem.mdp
        self.names: Names = symbol_names({*mdp.symbols, *problem.policy.params})
        self._words = name_table(dict.fromkeys([*mdp.states, *(a for _, a in mdp.pairs)]))

    def word(self, name: Hashable) -> Cell:
        """A state or an action."""
        return Cell(spelt(name), self._words[name])

    def quantity(self, name: str, *where: Hashable) -> str:
        """A quantity at states and actions, as LaTeX."""
        return quantity_latex(name, *where, spelt=self._words)

    def expression(self, value: sp.Expr, room: int = FORMULA) -> Cell:
        """A formula, or a word for one that is wider than that."""
        return number(value, self.names, room) or self.LONG

    # -- quantities at theta ---------------------------------------------------------------------------------

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
            getattr(view.quantities, name)
        except (HypothesisError, StructureError):
            return False
        except SingularMatrixError:  # in floats only
            return True
        return True


def _entry(view: Solution, name: str, key: Any) -> sp.Expr:
    value = getattr(view, name)
    found: sp.Expr = value[key] if isinstance(value, Table) else value
    return found
