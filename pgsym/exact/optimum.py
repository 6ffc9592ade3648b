"""`optimal`: the best values, all optimal actions, and for which values of a symbol they are optimal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.display.result import data_frame
from pgsym.errors import StructureError
from pgsym.exact.policy_iteration import ChosenPolicy, best_policy, require_control
from pgsym.exact.region_table import OptimalRegions, OptimalTable
from pgsym.exact.regions import Actions, Partition
from pgsym.exact.tables import Table, leaf, short
from pgsym.expression.complaint import listed, nearest
from pgsym.expression.latex import align
from pgsym.expression.notation import name_table, quantity_latex
from pgsym.model.policy import Policy
from pgsym.model.problem import Problem, ProblemLike
from pgsym.trust import Level, Trust


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


@dataclass(frozen=True, eq=False, repr=False)
class Optimum(OptimalTable):
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

    @property
    def above(self) -> list[str]:
        head = self.head
        return [head if self.J is None else f"{head}: J* = {short(self.J)}"]

    def cells(self) -> list[tuple[str, ...]]:
        told, mdp = self.labels, self.problem.mdp
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
            found.append(f"not defined in {', '.join(self.labels[s] for s in missing)}, where a run need not end")
        if self._total and any(len(tied) > 1 for tied in self.actions.values()):
            chosen = listed(f"{self.labels[s]}: {self.labels[a]}" for s, a in self.chosen.choice.items())
            found.append(f"a choice among these that never ends can be worth less; one that is optimal: {chosen}")
        return found

    @property
    def trust(self) -> Trust:
        return Trust(Level.EXACT_POINT)

    def to_json(self) -> dict[str, Any]:
        told = self.labels
        return {
            **self._json(),
            "J": None if self.J is None else leaf(self.J),
            "h" if self.chosen.differential else "V": self.V.nested(told, lambda s: leaf(self.V[s])),
            "Q": self.Q.nested(told, lambda pair: leaf(self.Q[pair])),
            "actions": self._named(self.actions),
            "policy": {told[s]: told[a] for s, a in self.chosen.choice.items()},
        }

    def frame(self) -> Any:
        """A pandas frame with a row for each state and action."""
        rows = [(s, a, q, a in self.actions.get(s, ())) for (s, a), q in self.Q.items()]
        return data_frame(["state", "action", "Q", "optimal"], rows)

    def latex(self) -> str:
        """J*, V* and Q* as the body of an ``align*``."""
        J = [] if self.J is None else [(quantity_latex("J*"), self.J)]
        return align([*J, *self.V.lines(), *self.Q.lines()])

    def svg(self) -> str:
        """The model with an optimal policy; StructureError where it is too large to draw."""
        from pgsym.model.drawing import svg

        rows = {s: {a: int(a == best) for a in self.problem.mdp.actions(s)} for s, best in self.chosen.choice.items()}
        return svg(self.problem.mdp, policy=rows)

    def _repr_html_(self) -> str:
        from pgsym.model.drawing import is_drawable

        return super()._repr_html_() + (self.svg() if is_drawable(self.problem.mdp) else "")
