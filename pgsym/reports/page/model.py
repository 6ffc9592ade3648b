"""The section on what the model is: its picture, its transitions, its policy."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

import sympy as sp

from pgsym.claims.blocks import Cell, Prose
from pgsym.expression.naming import call, conditional
from pgsym.expression.notation import symbol_latex
from pgsym.model.drawing.geometry import FULL, geometry, is_drawable, is_simple
from pgsym.model.drawing.svg import write as write_svg
from pgsym.model.drawing.tikz import write as write_tikz
from pgsym.reports.page.cells import ROWS, Writer, first_of
from pgsym.reports.page.content import Block, DataTable, Figure, Note

READABLE = 2 / 3
"""A picture is not drawn smaller than this part of its size."""

LINES = 12
"""Rows of the table of the policy."""


def model(writer: Writer) -> Iterator[Block]:
    """Its states, transitions and policy."""
    problem = writer.problem
    mdp, policy = problem.mdp, problem.policy
    ends = f", and {_many(len(mdp.terminal), 'terminal state')}" if mdp.terminal else ", none of them terminal"
    yield Prose(
        f"The model has {_many(len(mdp.nonterminal), 'state')} with {_many(len(mdp.pairs), 'pair')} of state and "
        f"action{ends}. The policy has {_many(len(policy.params), 'parameter')}."
        + (f" Source: {problem.source}." if problem.source else "")
    )
    if is_drawable(mdp):
        yield picture(writer)
    else:
        yield Note(f"{len(mdp.states)} states are too many for a picture.")
    yield transitions(writer)
    yield settings(writer)
    if mdp.symbols:
        free = ", ".join(sorted(s.name for s in mdp.symbols))
        yield Prose(f"Symbols of the model, which stand for any value that makes it one: {free}.")


def picture(writer: Writer) -> Figure:
    """The graph: states, actions as coloured discs, outcomes as arrows."""
    mdp = writer.problem.mdp
    found = geometry(mdp)
    if is_simple(mdp):
        caption = f"Circles are states, arrows join them to next states; above {FULL} states nothing else is drawn."
    else:
        caption = (
            "Circles are states, doubly drawn where the run ends; discs are actions, arrows lead to their outcomes. "
        )
        caption += (
            "On a screen, the numbers of an action appear under the pointer."
            if found.quiet
            else "At an arrow stand its probability, unless that is 1, and its reward r."
        )
    return Figure(write_svg(found), write_tikz(mdp, found), caption, found.description, READABLE * found.box[2])


def transitions(writer: Writer) -> DataTable:
    """Every outcome with its probability and its reward."""
    mdp = writer.problem.mdp
    outcomes = [(s, a, o) for s, a in mdp.pairs for o in mdp.outcomes(s, a)]
    rows = tuple(
        (writer.word(s), writer.word(a), writer.word(o.state), writer.expression(o.p), writer.expression(o.r))
        for s, a, o in outcomes[:ROWS]
    )
    header = ("state", "action", "next state", "probability", "reward")
    return DataTable(f"Outcomes of the actions{first_of(len(outcomes))}", header, rows, numbers=(3, 4))


def settings(writer: Writer) -> DataTable:
    """gamma, the start, pi and theta."""
    problem = writer.problem
    mdp, policy = problem.mdp, problem.policy
    rows: list[tuple[str | Cell, ...]] = [(Cell("gamma", r"\gamma"), writer.expression(mdp.gamma))]
    rows += [(Cell(call("mu0", s), writer.quantity("mu0", s)), writer.expression(p)) for s, p in mdp.start.items()]
    alike: dict[tuple[Hashable, sp.Expr], list[Hashable]] = {}
    for s, a in mdp.pairs:
        if len(mdp.actions(s)) > 1:
            alike.setdefault((a, policy(a, s)), []).append(s)
    for (a, probability), states in alike.items():
        name = ", ".join(conditional("pi", a, s) for s in states)
        shown = r",\, ".join(writer.quantity("pi", a, s) for s in states[:4])
        rows.append((Cell(name, shown + (r",\, \ldots" if len(states) > 4 else "")), writer.expression(probability)))
    rows += [(Cell(p.name, symbol_latex(p.name)), writer.expression(problem.theta[p])) for p in policy.params]
    cut = f": the first {LINES} of {len(rows)}" if len(rows) > LINES else ""
    return DataTable(f"Discount, start, policy, theta{cut}", ("quantity", "value"), tuple(rows[:LINES]))


def _many(count: int, noun: str) -> str:
    """A number with its noun.

    >>> _many(1, "state"), _many(2, "state")
    ('1 state', '2 states')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"
