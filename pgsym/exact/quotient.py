r"""The chain up to bisimulation: which states have one value, and the equations that are left.

    V(s) = r(s) + gamma sum_t P(s,t) V(t)

Strongly connected components are taken from the last to the first, so that the values to which one leads are named
already.  Equal systems have equal solutions: a component whose equations are those of another one shares its blocks.
Within a component, states stay together as long as their equations are the same (partition refinement).

At gamma = 1 a component in which nothing is earned, and which always leads to one block, has the value of that block.
So chains of states contract, and those that cannot reach a reward have the value 0, which is block 0.

Terms are compared by name, not by value: all of it holds in every field, and nothing is computed.

References: Larsen and Skou, Bisimulation through probabilistic testing (1991); Derisavi, Hermanns and Sanders, Optimal
state-space lumping in Markov chains (2003).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count, repeat
from typing import TYPE_CHECKING, Any

from pgsym.model.mdp import Action, State

if TYPE_CHECKING:
    from pgsym.exact.elimination_plan import EliminationPlan

FEW = 8
"""One component of fewer states is solved as it is."""

Term = tuple[int, int]
"""(coefficient, block)."""
Row = tuple[tuple[Term, ...], list[int], list[State]]
"""What a state earns, as terms (coefficient, reward); the coefficients of its next states; these, as they stand."""
Equation = tuple[tuple[Term, ...], tuple[Term, ...]]
"""The rewards and the terms that are not 0, sorted."""


class Quotient:
    """Blocks of states of one value, in an order in which each component comes after those that it leads to.

    >>> from pgsym.exact.elimination_plan import EliminationPlan
    >>> from pgsym.model import MDP, tabular
    >>> from pgsym.model.structure import Structure
    >>> rows = [("s", "go", t, "1/2", 0) for t in "xy"] + [(s, "go", "end", 1, 1) for s in "xy"]
    >>> mdp = MDP.from_transitions(rows, terminal=["end"])
    >>> Quotient(EliminationPlan(Structure(mdp, tabular(mdp)))).block
    {'end': 0, 'x': 1, 'y': 1, 's': 1}
    """

    def __init__(self, plan: EliminationPlan) -> None:
        self._plan = plan
        self.block: dict[State, int] = {}
        """The block of every state whose value is defined; that of block 0 is 0."""
        self.equations: list[Equation] = [((), ())]
        """The equation of each block."""
        self.parts: list[range] = [range(1)]
        """For each block, the blocks of its component."""
        self.coefficients: dict[tuple[tuple[State, Action] | None, int], int] = {}
        """((s, a), i): pi(a|s) times the i-th probability of the plan, or alone for i = -1; None without a choice."""
        self._weights: dict[Any, tuple[State, Action]] = {}
        self._templates: dict[Any, tuple[tuple[Term, ...], list[int]]] = {}
        self._names: dict[tuple[int, int, Equation | None], int] = {}
        self._alone: dict[Equation, int] = {}  # for a state by itself, the block with its equation
        self._known: dict[frozenset[tuple[int, Equation]], dict[int, int]] = {}
        live = frozenset(plan.live)
        zero = plan.mdp.terminal | (plan.structure.rewardless - live)
        self._contracts = plan.mdp.gamma == 1
        for component in plan.structure.components:
            first = next(iter(component))
            if first in zero:
                self.block.update(zip(component, repeat(0)))
            elif first in live:
                rows = {s: self._row(s) for s in component}
                if len(rows) > 1 or first in rows[first][2]:
                    self._add(rows)
                else:
                    self._add_one(first, rows[first])

    def _add_one(self, s: State, row: Row) -> None:
        """A component of one state that does not lead back to itself."""
        reward, _, targets = row
        only = self.block[targets[0]]
        if not reward and (self._contracts or only == 0) and all(self.block[t] == only for t in targets):
            self.block[s] = only
            return
        equation = self._equation(row, {})
        if equation not in self._alone:
            self._alone[equation] = len(self.equations)
            self.parts.append(range(len(self.equations), len(self.equations) + 1))
            self.equations.append(equation)
        self.block[s] = self._alone[equation]

    def _add(self, rows: Mapping[State, Row]) -> None:
        """A component that runs in circles."""
        block = self.block
        outside = {block[t] for _, _, targets in rows.values() for t in targets if t not in rows}
        if len(outside) < 2 and (self._contracts or outside <= {0}) and not any(row[0] for row in rows.values()):
            only = outside.pop() if outside else 0
            block.update([(s, only) for s in rows])
            return
        color = self._colors(rows) if len(rows) > 1 else dict.fromkeys(rows, -1)
        system: dict[int, Equation] = {}
        for s, c in color.items():
            if system.setdefault(c, equation := self._equation(rows[s], color)) != equation:
                raise AssertionError(f"{s!r} is no state of its block")  # pragma: no cover
        key = frozenset(system.items())
        number = self._known.get(key)
        if number is None:
            part = range(len(self.equations), len(self.equations) + len(system))
            number = self._known[key] = dict(zip(system, part, strict=True))
            for reward, terms in system.values():
                equation = (reward, tuple(sorted([(c, number.get(b, b)) for c, b in terms])))
                self._alone.setdefault(equation, len(self.equations))
                self.equations.append(equation)
            self.parts.extend(repeat(part, len(system)))
        block.update([(s, number[c]) for s, c in color.items()])

    def _colors(self, rows: Mapping[State, Row]) -> dict[State, int]:
        """Negative numbers for the states of a component; where two are the same, so are the equations in them.

        A class that splits keeps its color for the largest part, so that a state changes it log n times at most
        (Hopcroft).  New colors are named after what made them, so that components which are alike are colored alike.
        """
        color = dict.fromkeys(rows, -1)
        members = {-1: set(rows)}
        before: dict[State, list[State]] = {s: [] for s in rows}
        for s, (_, _, targets) in rows.items():
            for t in targets:
                if t in before:
                    before[t].append(s)
        stale = set(rows)
        for turn in count():
            found: dict[int, dict[Equation, set[State]]] = {}
            for s in stale:
                found.setdefault(color[s], {}).setdefault(self._equation(rows[s], color), set()).add(s)
            moved: list[tuple[int, int, set[State]]] = []
            for c, parts in found.items():
                largest = max(parts, key=lambda e: (len(parts[e]), e))
                rest = len(members[c]) - sum(map(len, parts.values()))
                if rest < len(parts[largest]):
                    if rest:
                        moved.append((c, self._name((turn, c, None)), members[c].difference(*parts.values())))
                    del parts[largest]
                moved += [(c, self._name((turn, c, e)), part) for e, part in parts.items()]
            for c, new, part in moved:
                members[c] -= part
                members[new] = part
                color.update(zip(part, repeat(new)))
            stale = {s for _, _, part in moved for t in part for s in before[t]}
            if not stale:
                return color
        raise AssertionError("integers end")  # pragma: no cover

    def _name(self, origin: tuple[int, int, Equation | None]) -> int:
        return -2 - self._names.setdefault(origin, len(self._names))

    def _equation(self, row: Row, color: Mapping[State, int]) -> Equation:
        block = self.block
        terms = [(c, color[t] if t in color else block[t]) for c, t in zip(row[1], row[2], strict=True)]
        return row[0], tuple(sorted([term for term in terms if term[1]]))

    def _row(self, s: State) -> Row:
        plan, policy = self._plan, self._plan.structure.policy
        actions = policy.support(s)
        kinds = tuple([plan.kind[s, a] for a in actions])
        key = (kinds, policy.row_key(s) if len(actions) > 1 else None)
        if key not in self._templates:
            reward: list[Term] = []
            coefficients: list[int] = []
            for a, kind in zip(actions, kinds, strict=True):
                weight = self._weights.setdefault((key[1], policy.actions(s).index(a)), (s, a)) if key[1] else None
                moves, earned = plan.kinds[kind]
                coefficients += [self._coefficient(weight, i) for i in moves]
                reward += [(self._coefficient(weight, -1), earned)] if plan.rewards[earned] else []
            self._templates[key] = tuple(sorted(reward)), coefficients
        return *self._templates[key], [t for a in actions for t, _ in plan.moves[s, a]]

    def _coefficient(self, weight: tuple[State, Action] | None, i: int) -> int:
        return self.coefficients.setdefault((weight, i), len(self.coefficients))
