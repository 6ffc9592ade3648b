"""How large the mean of a random variable on a run can be: the same steps over the field of sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from pgsym.algebra.size import Size
from pgsym.claims.trajectories.chain import Key, Move, Rows, RunChain, Tensor, keyed
from pgsym.claims.trajectories.resolvent import Resolvent
from pgsym.claims.trajectories.terms import StepFactor
from pgsym.model.mdp import Action, State


class SizeRunChain(RunChain):
    """One state and one action stand for all, and entries are bounds; sums are over as many as there are."""

    @cached_property
    def states(self) -> Sequence[State]:
        mdp = self.world.mdp
        return [max(mdp.nonterminal, key=lambda s: len(self.world.policy.actions(s)))]

    @cached_property
    def start(self) -> list[Any]:
        return [self.quantities.mu0[self.states[0]]]

    @cached_property
    def count(self) -> int:
        """How many states there are."""
        return len(self.world.mdp.nonterminal)

    def rows(self, factors: tuple[StepFactor, ...], cut: bool = False, first: bool = False) -> Rows:
        if factors not in self._known:
            parts, (s,) = self.quantities.parts, self.states
            a = self.world.policy.actions(s)[0]
            env = {**self.env, "s_0": s, "a_0": a, "s_1": s, "r_0": parts.r_to}
            found: dict[Key, Any] = {(): parts.P}
            for factor in factors:
                found = self.product(found, keyed(self.compile(factor.node)(env), factor.axes))
            outcomes = max(len(self.world.mdp.outcomes(*pair)) for pair in self.world.mdp.pairs)
            self._known[factors] = {(0, a): {0: {key: self.field.total(e, outcomes) for key, e in found.items()}}}
        rows: Rows = self._known[factors]
        return rows

    def matrix(
        self, factors: tuple[StepFactor, ...], cut: bool = False, first: bool = False
    ) -> list[dict[int, dict[Key, Any]]]:
        ((_, row),) = self.rows(factors).items()
        pi, actions = self.quantities.parts.pi, self.quantities.parts.actions
        entry = {key: self.field.total(pi * e, actions) for key, e in row[0].items()}
        return [{0: entry}]

    def applied(self, row: Mapping[int, dict[Key, Any]], after: Tensor, last: bool) -> dict[Key, Any]:
        following: dict[Key, Any] = {(): self.field.one} if last else {key: column[0] for key, column in after.items()}
        return {key: self.field.total(e, self.count + 1) for key, e in self.product(row[0], following).items()}

    def from_pair(self, factors: tuple[StepFactor, ...], state: State, action: Action) -> Mapping[int, dict[Key, Any]]:
        (row,) = self.rows(factors).values()
        return row

    def at(self, tensor: Tensor, state: State) -> dict[Key, Any]:
        return {key: e for key, (e,) in tensor.items()}

    def weighed(self, weights: Any, moves: Sequence[Move]) -> Tensor:
        return self.summed(self.step(moves))

    def summed(self, tensor: Tensor) -> dict[Key, Any]:
        """mu0 x over all states."""
        return {key: self.field.total(self.start[0] * e, self.count) for key, (e,) in tensor.items()}

    def begun_at_end(self, value: Callable[[State], dict[Key, Any]]) -> dict[Key, Any]:
        ends = len(self.world.mdp.terminal.intersection(self.world.mdp.start))
        if not ends:
            return {}
        return {key: self.field.total(self.start[0] * e, ends) for key, e in value(self.states[0]).items()}

    def contracted(self, element: Size, labels: int) -> Size:
        return self.field.total(element, max(len(self.world.policy.params), 1) ** labels)

    def system(self, running: tuple[StepFactor, ...], weight: Any) -> SizeResolvent:
        return SizeResolvent(self, self.matrix(running)[0][0][()], weight)


class SizeResolvent(Resolvent):
    """The bound of a solution by Cramer's rule."""

    chain: SizeRunChain

    def __init__(self, chain: SizeRunChain, entry: Size, weight: Size) -> None:
        self.chain = chain
        self.stays = []
        whole = chain.field.spread(chain.field.one + weight * entry, chain.count**2)
        self.factored = chain.field.factor([dict.fromkeys(range(chain.count), whole)] * chain.count)

    def solve(self, tensor: Tensor) -> Tensor:
        spread = self.chain.field.spread
        return {
            key: [self.factored.solve([spread(e, self.chain.count)] * self.chain.count)[0]]
            for key, (e,) in tensor.items()
        }

    def started(self, tensor: Tensor) -> dict[Key, Any]:
        return self.chain.summed(self.solve(tensor))
