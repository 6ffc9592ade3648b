"""`optimal`: the best values, all optimal actions, and for which values of a symbol they are optimal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from pgsym.display.result import TableResult, data_frame
from pgsym.errors import StructureError
from pgsym.exact.policy_iteration import ChosenPolicy, best_policy, require_control
from pgsym.exact.regions import Actions, OptimalRegion, Partition
from pgsym.exact.tables import Table, leaf, short
from pgsym.expression.complaint import listed, nearest
from pgsym.expression.latex import align
from pgsym.expression.naming import labels
from pgsym.expression.notation import name_table
from pgsym.model.policy import Policy
from pgsym.model.problem import Problem, ProblemLike
from pgsym.trust import Level, Trust

if TYPE_CHECKING:
    from pgsym.display.figure import Axes, Figure


def optimal(problem: ProblemLike, over: sp.Symbol | str | None = None) -> Optimum | OptimalRegions:
    """The best that any policy can do, exactly: J*, V*, Q* and every optimal action; by regions of one symbol.

    The problem's own policy does not matter.  What is optimal depends on the objective:

    - start-state: V*(s) = max_a Q*(s,a), the largest return from every state; J* is its mean over the start.  At
      gamma = 1 it is the largest total reward; a state from which a run can earn for ever has none.
    - average-reward: the largest average reward J*, which must be one number for all states, and the differential
      values h*(s) = max_a Q*(s,a) that no policy with this average exceeds.
    - stationary-value: refused, because it weighs states by the policy's own mu.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.
    over
        The symbol of the regions; by default the only one that the model has.

    Returns
    -------
    Optimum
        For a model without symbols.
    OptimalRegions
        For a model with one.

    Raises
    ------
    StructureError
        More than one symbol has no number.
    HypothesisError
        The objective has no optimum on this model; the message says why.

    See Also
    --------
    solve : The values of the problem's own policy.
    ascend : Towards the best policy of a family, by gradients.

    References
    ----------
    Puterman, Markov Decision Processes, 1994, sections 6.4, 9.2 and 10.3.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> print(optimal("short-corridor"))
    start-state, gamma = 1: J* = -3
    state  V*  optimal  Q*
    s1     -3  R        R: -3, L: -4
    s2     -2  L        R: -4, L: -2
    s3     -1  R        R: -1, L: -3
    T       0
    >>> machine = zoo("machine-replacement").replace(objective="start-state")
    >>> for region in optimal(machine.replace(mdp=machine.mdp.replace(gamma="gamma")), over="gamma").regions:
    ...     print(region.low, region.high, region.actions.get(2))
    0 59/40 - 3*sqrt(209)/40 ('operate',)
    59/40 - 3*sqrt(209)/40 59/40 - 3*sqrt(209)/40 ('operate', 'replace')
    59/40 - 3*sqrt(209)/40 1 ('replace',)
    1 1 None
    """
    problem = Problem.of(problem)
    require_control(problem.objective)
    mdp, differential = problem.mdp, problem.objective.definition.differential
    symbols = {s.name: s for s in sorted(mdp.symbols, key=lambda s: s.name)}
    name = getattr(over, "name", over)
    if name is not None and name not in symbols:
        known = nearest(name, symbols, "its symbols are") if symbols else "it has none"
        raise StructureError(f"{name!r} is no symbol of the model; {known}. Check the name", where="over")
    others = [s for s in symbols if s != (name or next(iter(symbols)))]
    if others:
        raise StructureError(
            f"found the symbols {', '.join(symbols)}; regions are those of one symbol. Give {', '.join(others)} "
            "numbers, with at(...) or --set, or choose another with over",
            where="over",
        )
    if symbols:
        (x,) = symbols.values()
        return OptimalRegions(problem, x, tuple(Partition(mdp, x, differential).regions()))
    found = best_policy(mdp, differential)
    if differential or mdp.start:
        _ = found.J
    return Optimum(problem, found)


@dataclass(frozen=True, eq=False)
class Optimum(TableResult):
    """Optimal values and actions of a problem without symbols; made by `optimal`.

    Attributes
    ----------
    chosen : ChosenPolicy
        An optimal deterministic policy, solved.

    See Also
    --------
    pgsym.optimal : Makes it.

    Examples
    --------
    >>> found = optimal("two-state")
    >>> found.J, found.V["y"], found.actions
    (400/31, 440/31, {'x': ('a',), 'y': ('a',)})
    >>> from pgsym.exact import solve
    >>> solve(Problem.of("two-state").replace(policy=found.policy, objective="start-state")).J
    400/31
    """

    problem: Problem
    chosen: ChosenPolicy

    LEFT = (0, 2, 3)

    @cached_property
    def J(self) -> sp.Expr | None:
        """The objective; None where the model has no start distribution."""
        return self.chosen.field.to_sympy(self.chosen.J) if self.chosen.differential or self.problem.mdp.start else None

    @cached_property
    def V(self) -> Table:
        """V*, or h* for the average reward, by state."""
        return Table(self._value, self.chosen.V, self.chosen.field.to_sympy, spelt=self._spelt)

    @cached_property
    def Q(self) -> Table:
        """Q* by (state, action), the differential one for the average reward."""
        return Table("Q*", self.chosen.Q, self.chosen.field.to_sympy, spelt=self._spelt)

    @cached_property
    def actions(self) -> Actions:
        """Every action with Q*(s,a) = V*(s), by state."""
        return self.chosen.ties()

    @property
    def policy(self) -> Policy:
        """An optimal deterministic policy."""
        return self.chosen.policy

    @property
    def _total(self) -> bool:
        return self.chosen.undiscounted and not self.chosen.differential

    @property
    def _value(self) -> str:
        return "h*" if self.chosen.differential else "V*"

    @cached_property
    def _spelt(self) -> dict[Any, str]:
        return name_table([*self.problem.mdp.states, *(a for _, a in self.problem.mdp.pairs)])

    @cached_property
    def _labels(self) -> Mapping[Any, str]:
        return labels([*self.problem.mdp.states, *(a for _, a in self.problem.mdp.pairs)])

    @property
    def above(self) -> list[str]:
        head = _head(self.problem)
        return [head if self.J is None else f"{head}: J* = {short(self.J)}"]

    def cells(self) -> list[tuple[str, ...]]:
        told, mdp = self._labels, self.problem.mdp
        rows: list[tuple[str, ...]] = [("state", self._value, "optimal", "Q*")]
        for s in mdp.states:
            values = [f"{told[a]}: {short(self.Q[s, a])}" for a in mdp.actions(s) if (s, a) in self.Q]
            best = " or ".join(told[a] for a in self.actions.get(s, ()))
            rows.append((told[s], short(self.V[s]) if s in self.V else "", best, ", ".join(values)))
        return rows

    @property
    def below(self) -> list[str]:
        found = []
        if missing := [s for s in self.problem.mdp.states if s not in self.V]:
            found.append(f"not defined in {', '.join(self._labels[s] for s in missing)}, where a run need not end")
        if self._total and any(len(tied) > 1 for tied in self.actions.values()):
            chosen = listed(f"{self._labels[s]}: {self._labels[a]}" for s, a in self.chosen.choice.items())
            found.append(f"a choice among these that never ends can be worth less; one that is optimal: {chosen}")
        return found

    @property
    def assumption(self) -> str:
        return _assumed(self.problem)

    @property
    def trust(self) -> Trust:
        return Trust(Level.EXACT_POINT)

    def to_json(self) -> dict[str, Any]:
        told = self._labels
        return {
            "model": self.problem.name,
            "objective": str(self.problem.objective),
            "gamma": str(self.problem.mdp.gamma),
            "J": None if self.J is None else leaf(self.J),
            "h" if self.chosen.differential else "V": self.V.nested(told, lambda s: leaf(self.V[s])),
            "Q": self.Q.nested(told, lambda pair: leaf(self.Q[pair])),
            "actions": {told[s]: [told[a] for a in best] for s, best in self.actions.items()},
            "policy": {told[s]: told[a] for s, a in self.chosen.choice.items()},
            "trust": self.trust.to_json(),
        }

    def frame(self) -> Any:
        """A pandas frame with a row for each state and action."""
        rows = [(s, a, q, a in self.actions.get(s, ())) for (s, a), q in self.Q.items()]
        return data_frame(["state", "action", "Q", "optimal"], rows)

    def latex(self) -> str:
        """J*, V* and Q* as the body of an ``align*``."""
        J = [] if self.J is None else [("J^{*}", self.J)]
        return align([*J, *self.V.lines(), *self.Q.lines()])

    def svg(self) -> str:
        """The model with an optimal policy; StructureError where it is too large to draw."""
        from pgsym.model.drawing import svg

        rows = {s: {a: int(a == best) for a in self.problem.mdp.actions(s)} for s, best in self.chosen.choice.items()}
        return svg(self.problem.mdp, policy=rows)

    def _repr_html_(self) -> str:
        from pgsym.model.drawing import is_drawable

        return super()._repr_html_() + (self.svg() if is_drawable(self.problem.mdp) else "")


@dataclass(frozen=True, eq=False)
class OptimalRegions(TableResult):
    """For which values of a symbol which actions are optimal; made by `optimal`.

    See Also
    --------
    pgsym.optimal : Makes it.

    Examples
    --------
    >>> from pgsym.model.mdp import MDP
    >>> rows = [("s", "safe", "end", 1, 1), ("s", "bold", "end", "p", 3), ("s", "bold", "end", "1 - p", 0)]
    >>> print(optimal(MDP.from_transitions(rows, start="s", terminal=["end"], symbols={"p": "0 < p < 1"})))
    assumed: start-state objective
    start-state, gamma = 1: 3 regions of p
    p            optimal          J*
    0 < p < 1/3  s: safe          1
    p = 1/3      s: safe or bold  1
    1/3 < p < 1  s: bold          3*p
    """

    problem: Problem
    x: sp.Symbol
    regions: tuple[OptimalRegion, ...]

    LEFT = (0, 1, 2)

    @cached_property
    def _labels(self) -> Mapping[Any, str]:
        return labels([*self.problem.mdp.states, *(a for _, a in self.problem.mdp.pairs)])

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
        return there if region.low.has(sp.CRootOf) else sp.radsimp(there)

    @property
    def above(self) -> list[str]:
        count = len(self.regions)
        return [f"{_head(self.problem)}: {count} region{'s' if count > 1 else ''} of {self.x}"]

    def cells(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [(str(self.x), "optimal", "J*")]
        for region in self.regions:
            J = self.J(region)
            shown = "none, see below" if region.why else self._told(region.actions, self._varying) or "as below"
            rows.append((self._span(region), shown, "" if J is None else short(J)))
        return rows

    def _told(self, actions: Actions, states: list[Any]) -> str:
        told = self._labels
        return ", ".join(f"{told[s]}: {' or '.join(told[a] for a in actions[s])}" for s in states if s in actions)

    def _span(self, region: OptimalRegion) -> str:
        if region.is_point:
            return f"{self.x} = {_decimal(region.low)}"
        low = "" if region.low == -sp.oo else f"{_decimal(region.low)} {'<=' if region.closed[0] else '<'} "
        high = "" if region.high == sp.oo else f" {'<=' if region.closed[1] else '<'} {_decimal(region.high)}"
        return f"{low}{self.x}{high}" if low or high else f"every {self.x}"

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
                found.append(_exactly(point, self.x))
        return found + [f"{self._span(region)}: {region.why}" for region in self.regions if region.why]

    @property
    def assumption(self) -> str:
        return _assumed(self.problem)

    @property
    def trust(self) -> Trust:
        return Trust(Level.NORMAL_FORM)

    def to_json(self) -> dict[str, Any]:
        told = self._labels
        return {
            "model": self.problem.name,
            "objective": str(self.problem.objective),
            "gamma": str(self.problem.mdp.gamma),
            "symbol": self.x.name,
            "regions": [
                {
                    "low": None if region.low == -sp.oo else leaf(region.low),
                    "high": None if region.high == sp.oo else leaf(region.high),
                    "closed": list(region.closed),
                    "actions": {told[s]: [told[a] for a in best] for s, best in region.actions.items()},
                    "J": None if (J := self.J(region)) is None else leaf(J),
                    "why": region.why,
                }
                for region in self.regions
            ],
            "trust": self.trust.to_json(),
        }

    def frame(self) -> Any:
        """A pandas frame with a row for each region and state."""
        rows = [(r.low, r.high, s, list(best)) for r in self.regions for s, best in r.actions.items()]
        return data_frame(["low", "high", "state", "optimal"], rows)

    def plot(self, ax: Axes | None = None) -> Figure:
        """J* against the symbol, with a band for each region; MissingExtraError where matplotlib is not installed."""
        from pgsym.display.figure import new_figure

        figure = new_figure() if ax is None else ax.get_figure(root=True)
        assert figure is not None
        axes = figure.subplots() if ax is None else ax
        ends = [float(point) for point in self.break_points] or [0.0]
        margin = max(1.0, ends[-1] - ends[0]) / 4
        for number, region in enumerate(r for r in self.regions if not r.is_point):
            low = ends[0] - margin if region.low == -sp.oo else float(region.low)
            high = ends[-1] + margin if region.high == sp.oo else float(region.high)
            axes.axvspan(low, high, color=f"C{number}", alpha=0.15, linewidth=0)
            J = self.J(region)
            if J is not None:
                points = [low + (high - low) * (k + 0.5) / POINTS for k in range(POINTS)]
                shown = self._told(region.actions, self._varying) or "optimal"
                axes.plot(points, [float(J.subs(self.x, p)) for p in points], color=f"C{number}", label=shown)
        axes.set_xlabel(str(self.x))
        axes.set_ylabel(f"J* ({self.problem.objective})")
        if axes.lines:
            axes.legend()
        return figure


POINTS = 60
"""Points of a curve in one region."""


def _head(problem: Problem) -> str:
    gamma = "" if problem.objective.definition.differential else f", gamma = {problem.mdp.gamma}"
    return f"{problem.objective}{gamma}"


def _assumed(problem: Problem) -> str:
    """Nothing is assumed of a policy, because none matters."""
    return "assumed: start-state objective" if "objective" in problem.assumed else ""


def _decimal(point: sp.Expr) -> str:
    return str(point) if point.is_Rational else f"{float(point):.6g}"


def _exactly(point: sp.Expr, x: sp.Symbol) -> str:
    """An irrational break point by its polynomial and decimals around it, between which there is no other root.

    >>> _exactly(sp.sqrt(2) - 1, sp.Symbol("p"))
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
