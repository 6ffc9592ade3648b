"""What a model is, as part of a document: its picture, its tables, and its values at a point."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

import sympy as sp

from pgsym.claims.blocks import Block, Cell, Heading, Picture, Prose, Table
from pgsym.errors import TooLargeError
from pgsym.exact.solution import Solution
from pgsym.expression.latex import Names, latex, quantity_latex, tex_width
from pgsym.expression.naming import call, conditional, spelt
from pgsym.expression.notation import derivative_latex, name_table, symbol_latex, symbol_names
from pgsym.model.mdp import MDP
from pgsym.model.problem import Problem

PAIRS, OUTCOMES = 12, 20
"""The largest model that is written out: pairs of state and action, and their outcomes."""

DRAWN = 9
"""States of the largest model that is drawn."""

WIDE, NARROW = 44, 24
"""Formulas in the parameters, and numbers at theta, that are wider than this are left out of a table."""

ROWS = 13
"""Rows of a table of derivatives."""

FEW = 3
"""With more parameters, theta is not spelt out."""


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
    mdp, policy, source = problem.mdp, problem.policy, problem.source
    # A check imports this module, and needs no picture.
    from pgsym.model.drawing import is_drawable, svg, tikz

    yield Heading("The model")
    size = f"{len(mdp.nonterminal)} states with {len(mdp.pairs)} pairs of state and action"
    ends = f", and {len(mdp.terminal)} terminal" if mdp.terminal else ", none of them terminal"
    yield Prose(f"It has {size}{ends}." + (f" Source: {source}." if source else ""))
    if len(mdp.states) <= DRAWN and is_drawable(mdp):
        yield Picture(svg(mdp), tikz(mdp))
    if not is_small(mdp):
        return
    names: Names = symbol_names({*mdp.symbols, *policy.params})
    latex_of = name_table([*mdp.states, *(a for _, a in mdp.pairs)])

    def cell(expr: sp.Expr) -> Cell:
        return Cell(str(expr), latex(expr, names=names, inline=not expr.has(sp.exp)))

    def word(name: Hashable) -> Cell:
        return Cell(spelt(name), latex_of[name])

    rows = [(word(s), word(a), word(o.state), cell(o.p), cell(o.r)) for s, a in mdp.pairs for o in mdp.outcomes(s, a)]
    yield Table(("state", "action", "next state", "probability", "reward"), tuple(rows))
    rest = [(Cell("gamma", r"\gamma"), cell(mdp.gamma))]
    rest += [
        (Cell(call("mu0", s), quantity_latex("mu0", s, spelt=latex_of)), cell(p)) for s, p in mdp.start.items()
    ]  # fmt: skip
    alike: dict[tuple[Hashable, sp.Expr], list[Hashable]] = {}
    for s, a in mdp.pairs:
        if len(mdp.actions(s)) > 1:
            alike.setdefault((a, policy(a, s)), []).append(s)
    for (a, probability), states in alike.items():
        text = ", ".join(conditional("pi", a, s) for s in states)
        shown = r",\, ".join(quantity_latex("pi", a, s, spelt=latex_of) for s in states)
        rest.append((Cell(text, shown), cell(probability)))
    yield Table(("quantity", "value"), tuple(rest))


def values(solution: Solution) -> Iterator[Block]:
    """J and its gradient in the parameters, and at theta."""
    theta = solution.problem.theta
    params = solution.policy.params
    names: Names = symbol_names({*solution.mdp.symbols, *params})
    header: list[str | Cell] = ["quantity"]
    rows: list[list[str | Cell]] = [[Cell("J", "J")]]
    rows += [[Cell(f"dJ/d{p}", derivative_latex("J", p))] for p in params[: ROWS - 1]]
    closed = [None if e is None else _short(e, WIDE, names) for e in _column(solution, len(rows))]
    if any(cell is not None for cell in closed):
        header.append("in the parameters")
        rows = [[*row, cell or "long"] for row, cell in zip(rows, closed, strict=True)]
    if theta and params:
        header.append(_point(theta, params))
        found = [None if e is None else _short(e, NARROW, names) or _float(e)
                 for e in _column(solution.at(), len(rows))]  # fmt: skip
        rows = [[*row, cell or "long"] for row, cell in zip(rows, found, strict=True)]
    if len(header) == 1:
        return
    yield Heading("In the parameters", 2)
    yield Table(tuple(header), tuple(map(tuple, rows)))
    if len(params) >= ROWS:
        yield Prose(f"The other {len(params) - ROWS + 1} derivatives are left out.")


def _column(solution: Solution, n: int) -> list[sp.Expr | None]:
    """J and the first derivatives; None where they are too large."""
    try:
        return [solution.J, *(solution.grad[p] for p in solution.policy.params[: n - 1])]
    except TooLargeError:
        return [None] * n


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


def _float(expr: sp.Expr) -> Cell | None:
    """Six digits of a long number."""
    if expr.free_symbols:
        return None
    text = f"{float(expr):.6g}"
    return Cell(text, rf"\approx {text}")
