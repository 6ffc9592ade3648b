"""What the quantities of one model are made of: V of visits and rewards, Q of V by the Bellman equation, J of V.

Where a closed form would take many lines, these are what a reader can follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

import sympy as sp

from pgsym.claims.derivation import fold
from pgsym.claims.derivation.fold import as_tree
from pgsym.claims.language import tree as t
from pgsym.exact.solution import Solution
from pgsym.model.mdp import State
from pgsym.model.objective import MEAN_REWARD

Equation = tuple[t.Node, t.Node]
"""A quantity, and what it is equal to."""


class Equations:
    """The equations of one solution, which must be rational: for a softmax policy in the policy's probabilities.

    `names` are those of `as_tree`; what is added to them later is used too.

    >>> from pgsym.exact import solve
    >>> made = Equations(solve("short-corridor"), {})
    >>> print(made.objective(), "|", *next(made.of("Q")))
    V("s1") | Q("s1","R") -1 + V("s2")
    """

    def __init__(self, solution: Solution, names: Mapping[sp.Expr, t.Node]) -> None:
        self.solution = solution
        self.names = names

    def of(self, name: str) -> Iterator[Equation]:
        """The equations of V, Q or rbar, those of the rewards before them; none of another quantity."""
        if name in ("V", "rbar"):
            yield from self._rewards()
        if name == "V":
            for s in self._states("V"):
                visits = self.visits.get(s, {})
                terms = ((as_tree(n, self.names), "r_pi", other) for other, n in visits.items())
                yield fold.quantity("V", s), self._sum(terms)
        elif name == "rbar":
            yield t.Quantity("rbar"), self._sum((fold.quantity("mu", s), "r_pi", s) for s in self._states("mu"))
        elif name == "Q":
            yield from self._bellman()

    def objective(self) -> t.Node:
        """J by its definition, the sum written out."""
        definition = self.solution.objective.definition.J
        if definition == MEAN_REWARD:
            return t.Quantity("rbar")
        weight, value = definition
        if weight == "mu0":
            start = {s: p for s, p in self.solution.mdp.start.items() if s not in self.solution.mdp.terminal}
            return self._sum((as_tree(p, self.names), value, s) for s, p in start.items())
        return self._sum((fold.quantity(weight, s), value, s) for s in self._states(weight))

    @cached_property
    def visits(self) -> dict[State, dict[State, sp.Expr]]:
        """Expected visits to each state, by the state in which a run begins."""
        q = self.solution.quantities
        found = {s: {other: q.field.to_sympy(n) for other, n in q.visits_from(s).items()} for s in q.live}
        return {s: {other: n for other, n in row.items() if n != 0} for s, row in found.items()}

    def _rewards(self) -> Iterator[Equation]:
        """r_pi(s), the mean reward under the policy."""
        q = self.solution.quantities
        for s in self.solution.mdp.nonterminal:
            terms = [(1, fold.product([self._tree(p), self._tree(q.r[s, a])])) for a, p in q.pi[s].items()]
            yield fold.quantity("r_pi", s), fold.total(terms)

    def _bellman(self) -> Iterator[Equation]:
        """Q(s,a), the reward and what the next state is worth."""
        q, mdp = self.solution.quantities, self.solution.mdp
        differential = self.solution.objective.definition.differential
        scale, value = (fold.ONE, "h") if differential else (as_tree(mdp.gamma, self.names), "V")
        for s, a in self.solution.Q:
            next_states = [t for t in q.P[s, a] if differential or t not in mdp.terminal]
            later = self._sum((self._tree(q.P[s, a][other]), value, other) for other in next_states)
            terms = [(1, self._tree(q.r[s, a])), (1, fold.product([scale, later]))]
            yield fold.quantity("Q", s, a), fold.total([*terms, (-1, t.Quantity("rbar"))] if differential else terms)

    def _states(self, name: str) -> list[State]:
        return [s for s in getattr(self.solution, name) if s not in self.solution.mdp.terminal]

    def _tree(self, element: object) -> t.Node:
        return as_tree(self.solution.quantities.field.to_sympy(element), self.names)

    def _sum(self, terms: Iterable[tuple[t.Node, str, State]]) -> t.Node:
        """The sum of weights times a quantity at states."""
        return fold.total((1, fold.product([w, fold.quantity(name, s)])) for w, name, s in terms)
