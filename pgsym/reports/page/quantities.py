"""The section of exact numbers: J, its gradient, values and occupancies at theta, and closed forms."""

from __future__ import annotations

from collections.abc import Iterator

from pgsym.claims.blocks import Cell, Heading, Prose
from pgsym.claims.derivation.model_tables import OUTCOMES, PAIRS, count_outcomes, is_small
from pgsym.errors import HypothesisError, StructureError
from pgsym.expression.latex import quantity_latex
from pgsym.expression.quantity import ACTION, QUANTITIES, STATE
from pgsym.reports.page.cells import ROWS, Writer, first_of
from pgsym.reports.page.content import Block, DataTable, Note, equation
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
    yield from parts.get(IN_THE_PARAMETERS) or [equation("J", writer.value("J").latex)]
    yield Heading("States and actions, at theta", 2)
    names = [name for name in BY_STATE if writer.defines(name)]
    header = (_name("state", "s"), *(_name(name, name, "s") for name in names))
    rows = [(writer.word(s), *(_cell(writer, name, s) for name in names)) for s in mdp.nonterminal[:ROWS]]
    yield DataTable(f"States{first_of(len(mdp.nonterminal))}", header, tuple(rows), tuple(range(1, len(header))))
    pairs = mdp.pairs
    rows = [
        (writer.word(s), writer.word(a), *(_cell(writer, name, (s, a)) for name in BY_PAIR)) for s, a in pairs[:ROWS]
    ]
    header = (_name("state", "s"), _name("action", "a"), *(_name(name, name, "s", "a") for name in BY_PAIR))
    yield DataTable(f"Actions{first_of(len(pairs))}", header, tuple(rows), tuple(range(2, len(header))))
    said = ", ".join(f"`{name}(s)` is the {BY_STATE[name]}" for name in names)
    of_actions = " and ".join(f"`{name}(s,a)` the {caption}" for name, caption in BY_PAIR.items())
    yield Prose(f"In these tables {said}, {of_actions}.")
    if len(pairs) > ROWS:
        yield Note("`pgsym solve --json` gives all of them.")
    yield Heading("Closed forms", 2)
    if "Closed forms" in parts:
        yield from parts["Closed forms"]
    elif not is_small(mdp):
        yield Note(
            f"They are written out for up to {PAIRS} pairs of state and action with {OUTCOMES} outcomes; this model "
            f"has {len(pairs)} with {count_outcomes(mdp)}. Its numbers at theta are above."
        )


def _name(text: str, name: str, *at: str) -> Cell | str:
    """A column's title."""
    if not at:
        return text
    return Cell(text, quantity_latex(name).split("(")[0] + f"({', '.join(at)})")


def _cell(writer: Writer, name: str, key: object) -> str | Cell:
    try:
        return writer.value(name, key)
    except (HypothesisError, StructureError):
        return "undefined"
