"""The section of exact numbers: J, its gradient, values and occupancies at theta, and closed forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.claims.blocks import Block, Cell, DataTable, Formulas, Heading, Note, Prose, Row
from pgsym.claims.derivation.model_tables import OUTCOMES, PAIRS, ROWS, Cells, count_outcomes, first_of, is_small
from pgsym.errors import HypothesisError, SingularMatrixError, StructureError
from pgsym.exact.solution import Solution
from pgsym.expression.latex import latex_lines, quantity_latex
from pgsym.expression.quantity import ACTION, QUANTITIES, STATE
from pgsym.reports.values import Views, entry, is_exact_gradient, solution_views

IN_THE_PARAMETERS = "In the parameters"
"""The part of a derivation that holds J and its gradient; a chapter of its own here."""

_CAPTIONED = [quantity for quantity in QUANTITIES.values() if quantity.caption]
BY_STATE = {quantity.name: quantity.caption for quantity in _CAPTIONED if quantity.kinds == (STATE,)}
"""Quantities by state and what they are; those that the model defines are shown."""
BY_PAIR = {quantity.name: quantity.caption for quantity in _CAPTIONED if quantity.kinds == (STATE, ACTION)}


def quantities(writer: Writer, parts: dict[str, list[Block]]) -> Iterator[Block]:
    """Everything that `solve` gives, where it can be read."""
    problem = writer.problem
    mdp = problem.mdp
    yield Heading("The objective and its gradient", 2)
    yield from parts.get(IN_THE_PARAMETERS) or _gradient(writer)
    yield Heading("States and actions, at theta", 2)
    names = [name for name in BY_STATE if writer.defines(name)]
    yield from _table(writer, "States", ("s",), names, mdp.nonterminal)
    yield from _table(writer, "Actions", ("s", "a"), list(BY_PAIR), mdp.pairs)
    said = ", ".join(f"`{name}(s)` is the {BY_STATE[name]}" for name in names)
    of_actions = " and ".join(f"`{name}(s,a)` the {caption}" for name, caption in BY_PAIR.items())
    yield Prose(f"In these tables {said}, {of_actions}.")
    if len(mdp.pairs) > ROWS:
        yield Note("`pgsym solve --json` gives all of them.")
    yield Heading("Closed forms", 2)
    if "Closed forms" in parts:
        yield from parts["Closed forms"]
    elif not is_small(mdp):
        yield Note(
            f"They are written out for up to {PAIRS} pairs of state and action with {OUTCOMES} outcomes; this model "
            f"has {len(mdp.pairs)} with {count_outcomes(mdp)}. Its numbers at theta are above."
        )


def _gradient(writer: Writer) -> Iterator[Block]:
    """J and its derivatives at theta, one below the other."""
    params = writer.problem.policy.params[:ROWS]
    yield from _formulas(writer, [("J", None), *(("grad", p) for p in params)])


def _table(
    writer: Writer, title: str, indices: tuple[str, ...], names: list[str], keys: Sequence[Any]
) -> Iterator[Block]:
    """A row for each key; where a formula has no room in it, they stand below one another."""
    shown = keys[:ROWS]
    rows = [
        (*map(writer.word, key if len(indices) == 2 else (key,)), *(_cell(writer, name, key) for name in names))
        for key in shown
    ]
    if any(writer.LONG in row for row in rows):
        yield from _formulas(writer, [(name, key) for name in names for key in shown])
        return
    columns = (Cell(n, quantity_latex(n).split("(")[0] + f"({', '.join(indices)})") for n in names)
    header: tuple[str | Cell, ...] = (*("state", "action")[: len(indices)], *columns)
    numbers = tuple(range(len(indices), len(header)))
    yield DataTable(f"{title}{first_of(len(keys))}", header, tuple(rows), numbers)


def _formulas(writer: Writer, keys: Sequence[tuple[str, Any]]) -> Iterator[Block]:
    """Quantities at theta with all their symbols."""
    found = {(name, key): writer.formula(name, key) for name, key in keys}
    shown = tuple(row for row in found.values() if row is not None)
    if shown:
        yield Formulas(shown)
    if len(shown) < len(found):
        yield Note(f"{len(found) - len(shown)} formulas are too long for a page; `pgsym solve --json` gives them.")


def _cell(writer: Writer, name: str, key: object) -> str | Cell:
    try:
        return writer.value(name, key)
    except (HypothesisError, StructureError):
        return "undefined"


READABLE = 300
"""Operations of a formula that has lines of its own."""


class Writer(Cells):
    """The cells of one problem, its quantities at theta among them."""

    @cached_property
    def views(self) -> Views[Solution]:
        """The solution; all of it is exact or all of it is in floats."""
        return solution_views(self.problem, exact=is_exact_gradient(self.problem))

    def value(self, name: str, key: Any = None) -> Cell:
        """A quantity at theta, such as ``value("V", "s")``: exact, or in six digits where that takes long."""
        found = self.views.at_theta(lambda solution: entry(solution, name, key))
        return self.LONG if found is None else self.expression(found)

    def formula(self, name: str, key: Any = None) -> Row | None:
        """``name(key) = formula`` at theta, in as many lines as it takes; None where these are too many to be read."""
        found = self.views.at_theta(lambda solution: entry(solution, name, key))
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
