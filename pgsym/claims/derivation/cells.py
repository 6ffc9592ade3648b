"""Names and numbers as cells of a table: exact where they are short, six digits where they are not."""

from __future__ import annotations

import math
from collections.abc import Hashable

import sympy as sp

from pgsym.claims.blocks import Cell
from pgsym.expression.exact import to_float, written
from pgsym.expression.latex import Names, latex, tex_width
from pgsym.expression.naming import spelt
from pgsym.expression.notation import name_table, quantity_latex, symbol_names
from pgsym.model.problem import Problem

SHORT = 16
"""Characters of an exact number that is shown in a table."""
FORMULA = 32
"""Characters of a formula that is."""
PROBABILITY = 3 * FORMULA
"""Characters of the formula of a probability, which has few columns beside it."""
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


class Cells:
    """What the tables of one problem share: its names.

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
