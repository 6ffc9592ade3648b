"""The mean of a sum of terms: one system of equations for each stage, read from the end of the run.

The mean of a product over k times is a sum over the orders of the times; between two of them lies a resolvent
(I - w P_pi)^-1 with the powers w that grow there.  So f(stage) = sum over the moves of w F f(next stage), where a move
back to the same stage is solved for.  Runs that are cut off after T steps are T steps back from 0.  Stages with one
future, of one term or of several, are solved once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from pgsym.claims.language import tree as t
from pgsym.claims.leaves import Compiled
from pgsym.claims.trajectories.chain import Key, Move, RunChain, RunSystem, Tensor, added, keyed
from pgsym.claims.trajectories.stages import Stage, StageMove, Stages
from pgsym.claims.trajectories.terms import Term, looks_at_start_alone
from pgsym.errors import ClaimError
from pgsym.model.mdp import Action, State

FIRST = "+0"
"""The first step, where it is asked for by number."""

Known = dict[Hashable, Tensor]
"""The mean of what is to come, by future."""


class TermMeans:
    """The means of terms on any chain.

    Parameters
    ----------
    compile
        Compiles constants and bases of powers.
    """

    def __init__(
        self, terms: Sequence[Term], compile: Callable[[t.Node], Compiled], refuse: Callable[[str], ClaimError]
    ) -> None:
        self.compile = compile
        self._stages = [Stages(term, refuse) for term in terms]
        self._numbers: dict[Hashable, int] = {}
        self._futures: dict[tuple[int, Stage], Hashable] = {}

    def total(
        self, chain: RunChain, known: Known, start: Sequence[Hashable] = (), weights: Sequence[int] = ()
    ) -> dict[Key, Any]:
        """The sum of all means, each as often as its weight says; over runs from a state, or a state and an action."""
        total: dict[Key, Any] = {}
        for k in range(len(self._stages)):
            found = self.mean(k, chain, known, start)
            weight = weights[k] if weights else 1
            total = added(total, found if weight == 1 else {key: e * weight for key, e in found.items()})
        return total

    def mean(self, k: int, chain: RunChain, known: Known, start: Sequence[Any] = ()) -> dict[Key, Any]:
        """The mean of one term; a term without times is a constant."""
        stages = self._stages[k]
        constants: dict[Key, Any] = {(): chain.field.one}
        for factor in stages.term.constants:
            constants = chain.product(keyed(self.compile(factor.node)(chain.env), factor.axes), constants)
        if all(chain.field.is_zero(e) for e in constants.values()):
            return {}
        if not stages.times:
            return constants
        found = self._counted(k, chain) if chain.horizon is not None else self._endless(k, chain, known, start)
        return chain.product(constants, found)

    def _endless(self, k: int, chain: RunChain, known: Known, start: Sequence[Any]) -> dict[Key, Any]:
        stages = self._stages[k]
        first = stages.first
        for stage in stages.backwards():
            future = self._future(k, stage)
            if future not in known and (start or stage != first):
                again, moves = self._moves(k, chain, known, stage)
                rest = chain.step(moves)
                known[future] = rest if again is None else self._system(chain, again).solve(rest)
        if not start:
            again, moves = self._moves(k, chain, known, first)
            found = chain.started(moves, None if again is None else self._system(chain, again))
            return added(found, chain.begun_at_end(lambda state: self._ended(stages.term, chain, state)))
        state = start[0]
        if state in chain.world.mdp.terminal:
            return self._ended(stages.term, chain, state)
        if len(start) == 1:
            return chain.at(known[self._future(k, first)], state)
        return self._from_pair(k, chain, known, state, start[1])

    def _counted(self, k: int, chain: RunChain) -> dict[Key, Any]:
        """Over runs of at most `chain.horizon` steps."""
        stages, T = self._stages[k], chain.horizon or 0
        first, order = stages.first, stages.backwards()
        again = next((m for m in stages.moves(first) if m.to == first), None)
        weights = [chain.start]
        if again is not None:
            stay = self._move(chain, again, {})
            for _ in range(T - 1):
                weights.append(chain.forward(weights[-1], stay))
        total: dict[Key, Any] = {}
        later: Known = {}
        for left in range(1, T + 1):
            cut = left == 1 and not chain.bootstrap
            if T - left < len(weights):
                moves = self._all_moves(k, chain, later, first, cut)
                total = added(total, chain.weighed(weights[T - left], [m for m in moves if m is not None]))
            now: Known = {}
            for stage in order:
                future = self._future(k, stage)
                if stage != first and future not in now:
                    now[future] = chain.step(self._all_moves(k, chain, later, stage, cut, stay=True))
            later = now
        return added(total, chain.begun_at_end(lambda state: self._ended(stages.term, chain, state)))

    def _all_moves(
        self, k: int, chain: RunChain, later: Known, stage: Stage, cut: bool, *, stay: bool = False
    ) -> list[Move]:
        """The moves from a stage that lead to something."""
        found = []
        for move in self._stages[k].moves(stage):
            last = move.to.happened == self._stages[k].end
            if move.to == stage and not stay:
                continue
            after = {} if last else later.get(self._future(k, move.to), {})
            if last or after:
                found.append(self._move(chain, move, after, last, cut))
        return found

    def _future(self, k: int, stage: Stage) -> Hashable:
        if (k, stage) not in self._futures:
            number = self._numbers
            self._futures[k, stage] = self._stages[k].future(stage, lambda x: number.setdefault(x, len(number)))
        return self._futures[k, stage]

    def _moves(self, k: int, chain: RunChain, known: Known, stage: Stage) -> tuple[StageMove | None, list[Move]]:
        """The move that stays, if there is one, and the others."""
        again = next((m for m in self._stages[k].moves(stage) if m.to == stage), None)
        return again, self._all_moves(k, chain, known, stage, cut=False)

    def _move(self, chain: RunChain, move: StageMove, after: Tensor, last: bool = False, cut: bool = False) -> Move:
        return Move((*move.factors, *move.running), self._weight(chain, move), after, last, cut)

    def _system(self, chain: RunChain, again: StageMove) -> RunSystem:
        return chain.system(again.running, self._weight(chain, again))

    def _ended(self, term: Term, chain: RunChain, state: State) -> dict[Key, Any]:
        """The value on a run that begins in a terminal state, and has no step."""
        ((time, factors), *others) = term.steps.items()
        if others or time != FIRST or not factors or not all(looks_at_start_alone(f.node) for f in factors):
            return {}
        total: dict[Key, Any] = {(): chain.field.one}
        for factor in factors:
            value = self.compile(factor.node)({**chain.env, "s_0": state})
            total = chain.product(total, keyed(value, factor.axes))
        return total

    def _from_pair(self, k: int, chain: RunChain, known: Known, state: State, action: Action) -> dict[Key, Any]:
        total: dict[Key, Any] = {}
        stages = self._stages[k]
        for move in stages.moves(stages.first):
            last = move.to.happened == stages.end
            row = chain.from_pair((*move.factors, *move.running), state, action)
            after = chain.applied(row, {} if last else known[self._future(k, move.to)], last)
            weight = self._weight(chain, move)
            total = added(total, {key: weight * e for key, e in after.items()})
        return total

    def _weight(self, chain: RunChain, move: StageMove) -> Any:
        """The product of the powers that grow until the next step."""
        weight = chain.field.one
        for power in move.powers:
            weight = weight * self.compile(power.base)(chain.env)
        return weight
