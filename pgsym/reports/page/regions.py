"""What depends on where in the parameters: which actions are optimal, and where claims of the reader's own are true."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import sympy as sp

from pgsym.algebra import FloatField
from pgsym.claims.blocks import Block, Cell, Command, DataTable, Heading, Note, Prose
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.language.statement import Claim
from pgsym.claims.verdict import Verdict
from pgsym.claims.witness import side
from pgsym.errors import AlgebraError, PgsymError
from pgsym.exact.optimum import optimal
from pgsym.exact.region_table import OptimalRegions
from pgsym.expression.latex import latex
from pgsym.expression.ordering import plain_symbol
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure
from pgsym.reports.live.controls import LOGIT
from pgsym.reports.page.chart import Band, Curve, curves
from pgsym.reports.page.quantities import Writer

POINTS = 161
"""Points of a curve."""
BEYOND = 2.0
"""A plot reaches so far beyond the outermost break point."""


def best(writer: Writer) -> Iterator[Block]:
    """J*, V* and the optimal actions; of a model with one symbol, the regions in which they stay the same."""
    problem = writer.problem
    try:
        found = optimal(problem)
    except PgsymError as error:
        yield Note(f"Not computed: {error}")
        return
    header, *cells = found.cells()
    rows: list[tuple[str | Cell, ...]] = list(cells)
    told = "; ".join(found.above)
    yield Prose("What the best policy of any kind does, by exact policy iteration; ties are named.")
    if isinstance(found, OptimalRegions):
        bands = list(found.bands())
        best = [(x, y) for *_, points, values in bands for x, y in zip(points, values, strict=False)]
        lines = [Curve("best policy", *zip(*best, strict=True))] if best else []
        if own := _function(lambda: writer.views.at_theta(lambda solution: solution.J), found.x):
            points = [x for *_, points, _ in bands for x in points]
            lines.append(Curve("policy at theta", points, [own(x) for x in points]))
        if lines:
            shown = [Band(low, high, name) for low, high, name, *_ in bands]
            x = plain_symbol(found.x.name)
            yield curves(lines, x, f"J ({problem.objective})", f"J* against {x}, with what is optimal", bands=shown)
        rows = [
            (
                Cell(span, found.span(region, tex=True)),
                shown,
                "" if J is None else Cell(str(J), latex(J, names=writer.names)),
            )
            for region, (span, shown, _) in zip(found.regions, cells, strict=True)
            for J in [found.J(region)]
        ]
    yield DataTable(told, header, tuple(rows))
    for line in found.below:
        yield Prose(f"{line[:1].upper()}{line[1:]}.")


def claims(
    writer: Writer, verdicts: Sequence[Verdict], ruling: Callable[[Verdict], Iterator[Block]]
) -> Iterator[Block]:
    """Each claim with its verdict, and a picture of both sides where it is true in a part of the range only."""
    for number, verdict in enumerate(verdicts, 1):
        yield Heading(f"Claim {number}", 2)
        yield from ruling(verdict)
        if verdict.region:
            yield Prose(f"It is true exactly where {verdict.region}.")
        yield from _sides(writer.problem, verdict)


def _sides(problem: Problem, verdict: Verdict) -> Iterator[Block]:
    """Both sides against the one variable, with bands where the claim is true."""
    if not verdict.bands or not isinstance(verdict.claim, Claim):
        return
    x = verdict.bands[0][0]
    setting = BoundClaim(
        verdict.claim, problem.mdp, problem.policy, problem.objective, Structure(problem.mdp, problem.policy)
    )
    if setting.rank or setting.ranges:
        return
    ends = [end for _, *both in verdict.bands for end in both if math.isfinite(end)]
    unit = x not in problem.policy.params
    low, high = (
        (0.0, 1.0) if unit else (min([-LOGIT, *(e - BEYOND for e in ends)]), max([LOGIT, *(e + BEYOND for e in ends)]))
    )
    points = [low + (high - low) * (k + 0.5) / POINTS for k in range(POINTS)]
    meaning = setting.closed()
    lines = []
    for node in (verdict.claim.left, verdict.claim.right):
        (value,) = side(meaning, setting, node, ()).values()
        of = _function(partial(meaning.tower.field(0).to_sympy, value), x)
        if of is None:
            return
        lines.append(Curve(str(node), points, [of(p) for p in points]))
    bands = [Band(max(a, low), min(b, high), "true") for _, a, b in verdict.bands]
    yield curves(lines, plain_symbol(x.name), "both sides", "Both sides of the claim", bands=bands)


def _function(expression: Callable[[], sp.Expr], x: sp.Symbol) -> Callable[[float], float] | None:
    """An expression as a function of its one symbol, NaN at a pole; None where there is no such expression."""
    try:
        found = expression()
    except PgsymError:
        return None
    if found is None or found.free_symbols - {x}:
        return None

    def at(value: float) -> float:
        try:
            return float(FloatField({x: value}).convert(found))
        except (AlgebraError, ArithmeticError):
            return math.nan

    return at


def command(problem: Problem, verdict: Verdict) -> Command:
    """The command that shows a counterexample again."""
    witness = verdict.witness
    assert witness is not None
    names = {s.name for s in problem.policy.params}
    options = {"-J": str(problem.objective)}
    if problem.mdp.gamma.is_Rational:
        options["--gamma"] = str(problem.mdp.gamma)
    for option, inside in (("--theta", True), ("--set", False)):
        found = ",".join(f"{s}={v}" for s, v in witness.point.items() if (s.name in names) is inside)
        options |= {option: found.replace(" ", "")} if found else {}
    parts = ["pgsym", "check", problem.name or "MODEL", str(verdict.claim)]
    return Command(shlex.join([*parts, *(part for pair in options.items() for part in pair)]))
