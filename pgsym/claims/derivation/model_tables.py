"""What a model is, as part of a document: its picture, its tables, and its values at a point."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

import sympy as sp

from pgsym.claims.blocks import Block, Cell, DataTable, Figure, Heading, Note, Prose
from pgsym.errors import TooLargeError
from pgsym.exact.solution import Solution
from pgsym.expression.exact import to_float, written
from pgsym.expression.latex import Names, latex, tex_width
from pgsym.expression.naming import call, conditional, spelt
from pgsym.expression.notation import derivative_latex, name_table, quantity_latex, symbol_latex, symbol_names
from pgsym.model.mdp import MDP
from pgsym.model.problem import Problem

PAIRS, OUTCOMES = 12, 20
"""The largest model that is written out: pairs of state and action, and their outcomes."""

READABLE = 2 / 3
"""A picture is not drawn smaller than this part of its size."""

LINES = 12
"""Rows of the table of the policy."""

WIDE, NARROW = 44, 24
"""Formulas in the parameters, and numbers at theta, that are wider than this are left out of a table."""

DERIVATIVES = 13
"""Rows of a table of derivatives."""

FEW = 3
"""With more parameters, theta is not spelt out."""


SHORT = 16
"""Characters of an exact number that is shown in a table."""
FORMULA = 32
"""Characters of a formula that is."""
PROBABILITY = 3 * FORMULA
"""Characters of the formula of a probability, which has few columns beside it."""
DIGITS = 6
ROWS = 24
"""Rows of one table."""


def count_outcomes(mdp: MDP) -> int:
    """How many outcomes all pairs of state and action have together."""
    return sum(len(mdp.outcomes(s, a)) for s, a in mdp.pairs)


def is_small(mdp: MDP) -> bool:
    """Whether sums over states and actions are written out.

    >>> import pgsym
    >>> is_small(pgsym.zoo("short-corridor").mdp), is_small(pgsym.zoo("cliff").mdp)
    (True, False)
    """
    return len(mdp.pairs) <= PAIRS and count_outcomes(mdp) <= OUTCOMES


def model_page(problem: Problem) -> Iterator[Block]:
    """Its states, transitions and policy."""
    mdp, policy = problem.mdp, problem.policy
    # A check imports this module, and needs no picture.
    from pgsym.model.drawing import is_drawable

    cells = Cells(problem)
    ends = f", and {_many(len(mdp.terminal), 'terminal state')}" if mdp.terminal else ", none of them terminal"
    yield Prose(
        f"The model has {_many(len(mdp.nonterminal), 'state')} with {_many(len(mdp.pairs), 'pair')} of state and "
        f"action{ends}. The policy has {_many(len(policy.params), 'parameter')}."
        + (f" Source: {problem.source}." if problem.source else "")
    )
    if is_drawable(mdp):
        yield _picture(cells)
    else:
        yield Note(f"{len(mdp.states)} states are too many for a picture.")
    yield _transitions(cells)
    yield _settings(cells)
    if mdp.symbols:
        free = ", ".join(sorted(s.name for s in mdp.symbols))
        yield Prose(f"Symbols of the model, which stand for any value that makes it one: {free}.")


def _picture(cells: Cells) -> Figure:
    """The graph: states, actions as coloured discs, outcomes as arrows."""
    from pgsym.model.drawing.geometry import FULL, geometry, is_simple
    from pgsym.model.drawing.svg import write as write_svg
    from pgsym.model.drawing.tikz import tikz

    mdp = cells.problem.mdp
    found = geometry(mdp)
    if is_simple(mdp):
        caption = f"Circles are states, arrows join them to next states; above {FULL} states nothing else is drawn."
    else:
        numbers = "At an arrow stand its probability, unless that is 1, and its reward r."
        if found.quiet:
            numbers = "On a screen, the numbers of an action appear under the pointer."
        caption = (
            "Circles are states, doubly drawn where the run ends; discs are actions, arrows lead to their outcomes. "
            + numbers
        )
    return Figure(write_svg(found), tikz(mdp, found), caption, found.description, READABLE * found.box[2])


def _transitions(cells: Cells) -> DataTable:
    """Every outcome with its probability and its reward."""
    mdp = cells.problem.mdp
    outcomes = [(s, a, o) for s, a in mdp.pairs for o in mdp.outcomes(s, a)]
    rows = tuple(
        (cells.word(s), cells.word(a), cells.word(o.state), cells.expression(o.p), cells.expression(o.r))
        for s, a, o in outcomes[:ROWS]
    )
    header = ("state", "action", "next state", "probability", "reward")
    return DataTable(f"Outcomes of the actions{first_of(len(outcomes))}", header, rows, numbers=(3, 4))


def _settings(cells: Cells) -> DataTable:
    """gamma, the start, pi and theta."""
    problem = cells.problem
    mdp, policy = problem.mdp, problem.policy
    rows: list[tuple[str | Cell, ...]] = [(Cell("gamma", r"\gamma"), cells.expression(mdp.gamma))]
    rows += [(Cell(call("mu0", s), cells.quantity("mu0", s)), cells.expression(p)) for s, p in mdp.start.items()]
    alike: dict[tuple[Hashable, sp.Expr], list[Hashable]] = {}
    for s, a in mdp.pairs:
        if len(mdp.actions(s)) > 1:
            alike.setdefault((a, policy(a, s)), []).append(s)
    for (a, probability), states in alike.items():
        name = ", ".join(conditional("pi", a, s) for s in states)
        shown = r",\, ".join(cells.quantity("pi", a, s) for s in states[:4])
        shown += r",\, \ldots" if len(states) > 4 else ""
        rows.append((Cell(name, shown), cells.expression(probability, PROBABILITY)))
    theta = {p: problem.theta[p] for p in policy.params if p in problem.theta}
    rows += [(Cell(p.name, symbol_latex(p.name)), cells.expression(value)) for p, value in theta.items()]
    cut = f": the first {LINES} of {len(rows)}" if len(rows) > LINES else ""
    return DataTable(f"Discount, start, policy, theta{cut}", ("quantity", "value"), tuple(rows[:LINES]))


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def values(solution: Solution) -> Iterator[Block]:
    """J and its gradient in the parameters, and at theta."""
    theta, params = solution.problem.theta, solution.policy.params
    names: Names = symbol_names({*solution.mdp.symbols, *params})
    shown = params[: DERIVATIVES - 1]
    header: list[str | Cell] = ["quantity"]
    columns: list[list[str | Cell]] = [
        [Cell("J", "J"), *(Cell(f"dJ/d{p}", derivative_latex("J", p)) for p in shown)],
    ]

    def column(title: str | Cell, at: Solution, cell: Callable[[sp.Expr], Cell | None]) -> None:
        try:
            cells = [cell(e) for e in (at.J, *(at.grad[p] for p in shown))]
        except TooLargeError:
            return
        if any(cells):
            header.append(title)
            columns.append([found or "long" for found in cells])

    column("in the parameters", solution, lambda e: _short(e, WIDE, names))
    if theta and params:
        column(
            _point(theta, params),
            solution.at(),
            lambda e: _short(e, NARROW, names) or (None if e.free_symbols else _rounded(e)),
        )
    if len(columns) == 1:
        return
    yield Heading("In the parameters", 2)
    yield DataTable("J and its derivatives", tuple(header), tuple(zip(*columns, strict=True)))
    if len(params) >= DERIVATIVES:
        yield Prose(f"The other {len(params) - DERIVATIVES + 1} derivatives are left out.")


def _point(theta: Mapping[sp.Symbol, sp.Expr], params: Sequence[sp.Symbol]) -> str | Cell:
    """The title of the column with the values at theta."""
    if len({theta[p] for p in params}) == 1 and len(params) > 1:
        value = theta[params[0]]
        return Cell(f"at theta = {value}", rf"\text{{at }} \theta = {latex(value, inline=True)}")
    if len(params) > FEW:
        return "at theta"
    text = ", ".join(f"{p} = {theta[p]}" for p in params)
    shown = r",\, ".join(f"{symbol_latex(p.name)} = {latex(theta[p], inline=True)}" for p in params)
    return Cell(f"at {text}", rf"\text{{at }} {shown}")


def _short(expr: sp.Expr, width: int, names: Names) -> Cell | None:
    """The formula, unless it is too wide for its column."""
    if sp.count_ops(expr) > 5 * width:
        return None
    shown = latex(expr, names=names)
    return Cell(str(expr), shown) if tex_width(shown) <= width else None


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
    return _rounded(value)


def _rounded(value: sp.Expr) -> Cell:
    """Six digits of a long number."""
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
    """What the tables of one problem share: its names, as LaTeX."""

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
