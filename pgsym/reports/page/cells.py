"""Names and numbers as cells of a table: exact where they are short, six digits where they are not."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.claims.blocks import Cell
from pgsym.errors import HypothesisError, NotInFieldError, SingularMatrixError, StructureError, TooLargeError
from pgsym.exact import solve
from pgsym.exact.solution import Solution, Table
from pgsym.expression.exact import to_float, written
from pgsym.expression.latex import Names, latex, tex_width
from pgsym.expression.naming import spelt
from pgsym.expression.notation import name_table, quantity_latex, symbol_names
from pgsym.expression.quantity import QUANTITIES
from pgsym.model.problem import Problem
from pgsym.reports.data import BUDGET, EXACT_ENTRIES, SECONDS

SHORT = 16
"""Characters of an exact number that is shown in a table."""
FORMULA = 32
"""Characters of a formula that is."""
DIGITS = 6
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


def number(value: sp.Expr, names: Names | None = None) -> Cell | None:
    r"""An exact number or formula where it is short, six digits of a long number; None of a long formula.

    >>> number(sp.Rational(-483, 34649)).latex, number(sp.Rational(10**20 + 1, 3 * 10**20)).latex
    ('-483/34649', '\\approx {0.333333}')
    """
    if value is sp.oo:
        return decimal(math.inf)
    if value.is_Float:
        found = decimal(float(value))
        return found if value == 0 else Cell(found.text, rf"\approx {{{found.latex}}}")
    room = FORMULA if value.free_symbols else SHORT
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
        self._left = SECONDS  # for exact numbers, all of them together

    def word(self, name: Hashable) -> Cell:
        """A state or an action."""
        return Cell(spelt(name), self._words[name])

    def quantity(self, name: str, *where: Hashable) -> str:
        """A quantity at states and actions, as LaTeX."""
        return quantity_latex(name, *where, spelt=self._words)

    def expression(self, value: sp.Expr) -> Cell:
        """A formula, or a word for one that is too long."""
        return number(value, self.names) or self.LONG

    # -- quantities at theta ---------------------------------------------------------------------------------

    @cached_property
    def closed(self) -> Solution:
        """The solution in closed form."""
        return solve(self.problem, budget=BUDGET, seconds=SECONDS)

    @cached_property
    def exact(self) -> Solution | None:
        """The solution at theta in exact numbers; None where the model is too large for them, or theta has none."""
        p = self.problem
        small = self.rounded is None or len(p.mdp.states) * len(p.policy.params) <= EXACT_ENTRIES
        try:
            return self.closed.at() if small else None
        except NotInFieldError:
            if self.rounded is None:
                raise
            return None

    @cached_property
    def rounded(self) -> Solution | None:
        """The solution at theta in floats; None where a symbol has no value."""
        p = self.problem
        return None if p.mdp.symbols else self.closed.at({q: float(v) for q, v in p.theta.items()})

    def value(self, name: str, key: Any = None) -> Cell:
        """A quantity at theta, such as ``value("V", "s")``: exact, or in six digits where that takes long.

        Raises
        ------
        HypothesisError, StructureError
            The model does not define the quantity.
        """
        found = None
        if self.exact is not None and self._left > 0:
            began = time.monotonic()
            try:
                found = _entry(self.exact, name, key)
                self._left -= time.monotonic() - began
            except TooLargeError:
                self._left = 0.0  # what was too large once will be too large again
        if found is None and self.rounded is not None:
            found = _entry(self.rounded, name, key)
        return self.LONG if found is None else self.expression(found)

    def defines(self, name: str) -> bool:
        """Whether the model has the quantity."""
        view = self.rounded or self.closed
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
