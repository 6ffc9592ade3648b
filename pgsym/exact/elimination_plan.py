"""What the fields share in which one problem is evaluated: found once, from expressions and the support alone.

Equal expressions are evaluated once in each field, and the pivots of each linear system are chosen once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import add
from typing import Any

from pgsym.algebra.field import Field
from pgsym.algebra.ordering import Ordering, order
from pgsym.exact.quotient import Quotient
from pgsym.model.mdp import Action, State
from pgsym.model.structure import Structure

FEW_STARTS = 2
"""Up to so many start states are eliminated last, so that J needs little of V."""


class EliminationPlan:
    """The unknowns of the linear systems and their order of elimination.

    >>> from pgsym.model import MDP, tabular
    >>> mdp = MDP.from_transitions([("y", "go", "x", 1, 3)], terminal="x")
    >>> EliminationPlan.of(Structure(mdp, tabular(mdp))).live
    ('y',)
    """

    @classmethod
    def of(cls, structure: Structure) -> EliminationPlan:
        """The plan of this chain; it is kept with its structure."""
        if structure.elimination_plan is None:
            structure.elimination_plan = cls(structure)
        found: EliminationPlan = structure.elimination_plan
        return found

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.mdp = structure.mdp
        self.numbering = structure.mdp.numbering

    @cached_property
    def live(self) -> tuple[State, ...]:
        """The states whose value has to be solved for; at gamma = 1 only those where it is finite."""
        if not self.mdp.undiscounted:
            return self.mdp.nonterminal
        excluded = self.structure.rewardless | self.structure.improper
        return tuple(s for s in self.mdp.nonterminal if s not in excluded) if excluded else self.mdp.nonterminal

    @cached_property
    def transient(self) -> tuple[State, ...]:
        """The states that act and are in no recurrent class."""
        recurrent = {s for states in self.structure.recurrent_classes for s in states}
        return tuple(s for s in self.mdp.nonterminal if s not in recurrent)

    @cached_property
    def last(self) -> list[int]:
        """The start states, where there are few: eliminated last, they make J cheap."""
        return [i for i, s in enumerate(self.live) if s in self.mdp.start] if len(self.mdp.start) <= FEW_STARTS else []

    @cached_property
    def discounted(self) -> Ordering:
        """Pivots of I - gamma P_pi on the live states."""
        return order(self._pattern(self.live), self.last)

    @cached_property
    def quotient(self) -> Quotient | None:
        """The equations of V, each of them once; None where they are one component without equal states."""
        found = Quotient(self.structure)
        return found if len(found.parts[-1]) < len(self.live) else None

    @cached_property
    def pinned(self) -> list[Ordering]:
        """Pivots of I - P_pi on each recurrent class but for its last state."""
        return [order(self._pattern(states[:-1])) for states in self.structure.recurrent_classes]

    @cached_property
    def waiting(self) -> Ordering:
        """Pivots of I - P_pi on the transient states."""
        return order(self._pattern(self.transient))

    def _pattern(self, states: Sequence[State]) -> list[set[int]]:
        index = {s: i for i, s in enumerate(states)}
        graph: Any = self.structure.graph
        return [{index[s], *(index[t] for t in graph.successors(s) if t in index)} for s in states]


@dataclass
class Constants:
    """gamma, mu0, P and r as elements of a field without tangents; each distinct expression is converted once."""

    _plan: EliminationPlan
    _ground: Field

    @cached_property
    def gamma(self) -> Any:
        return self._ground.convert(self._plan.mdp.gamma)

    @cached_property
    def mu0(self) -> Mapping[State, Any]:
        return {s: self._ground.convert(p) for s, p in self._plan.mdp.start.items()}

    @cached_property
    def P(self) -> dict[tuple[State, Action], dict[State, Any]]:
        """P(s'|s,a), sparse; outcomes that share s' are added."""
        values = self.probabilities
        return {pair: {t: values[i] for t, i in row} for pair, row in self._plan.numbering.moves.items()}

    @cached_property
    def r(self) -> dict[tuple[State, Action], Any]:
        by_kind = [self.rewards[earned] for _, earned in self._plan.numbering.kinds]
        return {pair: by_kind[kind] for pair, kind in self._plan.numbering.kind.items()}

    @cached_property
    def probabilities(self) -> list[Any]:
        """The distinct P(s'|s,a) of the plan."""
        known = self._expressions
        return [reduce(add, [known[i] for i in ids]) for ids in self._plan.numbering.probabilities]

    @cached_property
    def steps(self) -> list[Any]:
        """gamma P(s'|s,a) for each of them."""
        return self.probabilities if self._plan.mdp.undiscounted else [self.gamma * p for p in self.probabilities]

    @cached_property
    def rewards(self) -> list[Any]:
        """The distinct r(s,a) of the plan."""
        known, ground, numbering = self._expressions, self._ground, self._plan.numbering
        return [
            ground.dot([known[p] for p, _ in terms], [known[r] for _, r in terms])
            if mean is None
            else ground.convert(mean)
            for mean, terms in zip(numbering.means, numbering.rewards, strict=True)
        ]

    @cached_property
    def _expressions(self) -> list[Any]:
        return [self._ground.convert(e) for e in self._plan.numbering.expressions]
