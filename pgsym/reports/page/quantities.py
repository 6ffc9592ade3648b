"""The section of exact numbers: J, its gradient, values and occupancies at theta, and closed forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pgsym.claims.blocks import Block, Cell, DataTable, Formulas, Heading, Note, Prose
from pgsym.claims.derivation.cells import ROWS, first_of
from pgsym.claims.derivation.model_tables import OUTCOMES, PAIRS, count_outcomes, is_small
from pgsym.errors import HypothesisError, StructureError
from pgsym.expression.latex import quantity_latex
from pgsym.expression.quantity import ACTION, QUANTITIES, STATE
from pgsym.reports.page.cells import Writer
from pgsym.reports.page.derivation import IN_THE_PARAMETERS

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
    header = (*(_name({"s": "state", "a": "action"}[i]) for i in indices), *(_name(n, *indices) for n in names))
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


def _name(text: str, *at: str) -> Cell | str:
    """A column's title."""
    if not at:
        return text
    return Cell(text, quantity_latex(text).split("(")[0] + f"({', '.join(at)})")


def _cell(writer: Writer, name: str, key: object) -> str | Cell:
    try:
        return writer.value(name, key)
    except (HypothesisError, StructureError):
        return "undefined"
