"""Optimal actions as results: what all of them share, and the regions of a symbol as a table and a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from pgsym.display.result import TableResult, data_frame
from pgsym.exact.regions import Actions, OptimalRegion
from pgsym.exact.tables import leaf, short
from pgsym.expression.latex import latex
from pgsym.expression.naming import labels
from pgsym.expression.notation import escape_text, quantity_latex
from pgsym.model.problem import Problem
from pgsym.trust import Level, Trust

if TYPE_CHECKING:
    from pgsym.display.figure import Axes, Figure


@dataclass(frozen=True, eq=False, repr=False)
class OptimalTable(TableResult):
    """What is optimal for a problem, whatever its own policy.

    See Also
    --------
    pgsym.optimal : Makes those that there are.
    """

    problem: Problem

    @cached_property
    def labels(self) -> Mapping[Any, str]:
        """States and actions as text."""
        return labels([*self.problem.mdp.states, *(a for _, a in self.problem.mdp.pairs)])

    @property
    def head(self) -> str:
        """The objective and the discount that it has."""
        differential = self.problem.objective.definition.differential
        return f"{self.problem.objective}" + ("" if differential else f", gamma = {self.problem.mdp.gamma}")

    @property
    def assumption(self) -> str:
        """Nothing is assumed of a policy, because none matters."""
        return "assumed: start-state objective" if "objective" in self.problem.assumed else ""

    def _json(self) -> dict[str, Any]:
        return {
            "model": self.problem.name,
            "objective": str(self.problem.objective),
            "gamma": str(self.problem.mdp.gamma),
            "trust": None if self.trust is None else self.trust.to_json(),
        }

    def _named(self, actions: Actions) -> dict[str, list[str]]:
        return {self.labels[s]: [self.labels[a] for a in best] for s, best in actions.items()}


@dataclass(frozen=True, eq=False, repr=False)
class OptimalRegions(OptimalTable):
    """For which values of a symbol which actions are optimal; made by `optimal`.

    See Also
    --------
    pgsym.optimal : Makes it.

    Examples
    --------
    >>> from pgsym.exact import optimal
    >>> from pgsym.model import MDP
    >>> rows = [("s", "safe", "end", 1, 1), ("s", "bold", "end", "p", 3), ("s", "bold", "end", "1 - p", 0)]
    >>> print(optimal(MDP.from_transitions(rows, start="s", terminal=["end"], symbols={"p": "0 < p < 1"})))
    assumed: start-state objective
    start-state, gamma = 1: 3 regions of p
    p            optimal          J*
    0 < p < 1/3  s: safe          1
    p = 1/3      s: safe or bold  1
    1/3 < p < 1  s: bold          3*p
    """

    x: sp.Symbol
    regions: tuple[OptimalRegion, ...]

    LEFT = (0, 1, 2)

    @cached_property
    def _varying(self) -> list[Any]:
        """The states whose optimal actions are not the same in all regions."""
        sets = [region.actions for region in self.regions if region.actions]
        return [s for s in self.problem.mdp.nonterminal if len({actions.get(s) for actions in sets}) > 1]

    def J(self, region: OptimalRegion) -> sp.Expr | None:
        """J* there: a rational function of the symbol, or a number at a single value."""
        chosen = region.chosen
        if chosen is None or not (chosen.differential or self.problem.mdp.start):
            return None
        J = chosen.field.to_sympy(chosen.J)
        if not region.is_point:
            return J
        there = J.xreplace({self.x: region.low})
        return there if region.low.has(sp.CRootOf) else sp.expand(sp.radsimp(there))

    @property
    def above(self) -> list[str]:
        count = len(self.regions)
        return [f"{self.head}: {count} region{'s' if count > 1 else ''} of {self.x}"]

    def cells(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [(str(self.x), "optimal", "J*")]
        for region in self.regions:
            J = self.J(region)
            shown = "none" if region.why else self._told(region.actions, self._varying) or "as below"
            rows.append((self.span(region), shown, "" if J is None else short(J)))
        return rows

    def _told(self, actions: Actions, states: list[Any]) -> str:
        told = self.labels
        return ", ".join(f"{told[s]}: {' or '.join(told[a] for a in actions[s])}" for s in states if s in actions)

    def span(self, region: OptimalRegion, *, tex: bool = False) -> str:
        """The region as an inequality; irrational ends as decimals."""
        x, less, at_most = (latex(self.x), "<", r"\le") if tex else (str(self.x), "<", "<=")

        def end(point: sp.Expr) -> str:
            return latex(point) if tex and not point.has(sp.CRootOf) else _decimal(point)

        if region.is_point:
            return f"{x} = {end(region.low)}"
        low = "" if region.low == -sp.oo else f"{end(region.low)} {at_most if region.closed[0] else less} "
        high = "" if region.high == sp.oo else f" {at_most if region.closed[1] else less} {end(region.high)}"
        return f"{low}{x}{high}" if low or high else (rf"{x} \in \mathbb{{R}}" if tex else f"every {x}")

    def latex(self) -> str:
        r"""The table as a ``tabular`` with exact ends and J* as formulas; without the notes."""
        rows = [rf"${latex(self.x)}$ & optimal & ${quantity_latex('J*')}$ \\ \hline"]
        for region, (_, told, _) in zip(self.regions, self.cells()[1:], strict=True):
            J = self.J(region)
            shown = "" if J is None else f"${_decimal(J) if J.has(sp.CRootOf) else latex(J)}$"
            rows.append(rf"${self.span(region, tex=True)}$ & {escape_text(told)} & {shown} \\")
        table = "\n".join([r"\begin{tabular}{lll}", *rows, r"\end{tabular}"])
        return "\n\n".join([escape_text(line) for line in (self.assumption, *self.above) if line] + [table])

    @cached_property
    def break_points(self) -> list[sp.Expr]:
        """The ends of regions, exactly, from below."""
        ends = [end for region in self.regions for end in (region.low, region.high) if end not in (-sp.oo, sp.oo)]
        return list(dict.fromkeys(ends))

    @property
    def below(self) -> list[str]:
        found = []
        always = [s for s in self.problem.mdp.nonterminal if s not in self._varying]
        if same := next((self._told(r.actions, always) for r in self.regions if r.actions), ""):
            found.append(f"in every region: {same}")
        for point in self.break_points:
            if not point.is_Rational:
                found.append(exactly(point, self.x))
        return found + [f"{self.span(region)}: {region.why}" for region in self.regions if region.why]

    @property
    def trust(self) -> Trust:
        return Trust(Level.NORMAL_FORM)

    def to_json(self) -> dict[str, Any]:
        return {
            **self._json(),
            "symbol": self.x.name,
            "regions": [
                {
                    "low": None if region.low == -sp.oo else leaf(region.low),
                    "high": None if region.high == sp.oo else leaf(region.high),
                    "closed": list(region.closed),
                    "actions": self._named(region.actions),
                    "J": None if (J := self.J(region)) is None else leaf(J),
                    "why": region.why,
                }
                for region in self.regions
            ],
        }

    def frame(self) -> Any:
        """A pandas frame with a row for each region and state."""
        rows = [(r.low, r.high, s, list(best)) for r in self.regions for s, best in r.actions.items()]
        return data_frame(["low", "high", "state", "optimal"], rows)

    def bands(self) -> Iterator[tuple[float, float, str, list[float], list[float]]]:
        """The regions that are no points, as far as they are drawn: both ends, what is optimal, and J* inside."""
        ends = [float(point) for point in self.break_points] or [0.0]
        margin = max(1.0, ends[-1] - ends[0]) / 4
        for region in self.regions:
            if region.is_point:
                continue
            low = ends[0] - margin if region.low == -sp.oo else float(region.low)
            high = ends[-1] + margin if region.high == sp.oo else float(region.high)
            points = [low + (high - low) * (k + 0.5) / POINTS for k in range(POINTS)]
            J = self.J(region)
            values = [] if J is None else [float(J.subs(self.x, p)) for p in points]
            yield low, high, self._told(region.actions, self._varying) or "optimal", points, values

    def plot(self, ax: Axes | None = None) -> Figure:
        """J* against the symbol, with a band for each region; MissingExtraError where matplotlib is not installed."""
        from pgsym.display.figure import new_figure

        figure = new_figure() if ax is None else ax.get_figure(root=True)
        assert figure is not None
        axes = figure.subplots() if ax is None else ax
        for number, (low, high, shown, points, values) in enumerate(self.bands()):
            axes.axvspan(low, high, color=f"C{number}", alpha=0.15, linewidth=0)
            if values:
                axes.plot(points, values, color=f"C{number}", label=shown)
        axes.set_xlabel(str(self.x))
        axes.set_ylabel(f"J* ({self.problem.objective})")
        if axes.lines:
            axes.legend()
        return figure


POINTS = 60
"""Points of a curve in one region."""


def _decimal(point: sp.Expr) -> str:
    return str(point) if point.is_Rational else f"{float(point):.6g}"


def exactly(point: sp.Expr, x: sp.Symbol) -> str:
    """An irrational break point by its polynomial and decimals around it, between which there is no other root.

    >>> exactly(sp.sqrt(2) - 1, sp.Symbol("p"))
    '0.414214 is -1 + sqrt(2), the root of p**2 + 2*p - 1 between 0.4142 and 0.4143'
    """
    polynomial = sp.Poly(sp.minimal_polynomial(point, x), x)
    scale = sp.Integer(10_000)
    while True:
        low, high = (round_to(sp.N(point * scale, 30)) / scale for round_to in (sp.floor, sp.ceiling))
        if polynomial.count_roots(low, high) == 1:
            break
        scale *= 10
    digits = len(str(scale)) - 1
    radicals = "" if point.has(sp.CRootOf) else f"{point}, "
    between = f"between {float(low):.{digits}f} and {float(high):.{digits}f}"
    return f"{_decimal(point)} is {radicals}the root of {polynomial.as_expr()} {between}"
