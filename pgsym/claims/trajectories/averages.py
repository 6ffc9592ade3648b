"""The mean of a sum of terms: systems of equations for what is still to come, read from the end of the run.

The mean of a product over k times is a sum over the orders of the times; between two of them lies a resolvent
(I - w P_pi)^-1 with the powers w that grow there.  So f(stage) = sum over the moves of w F f(next stage), where a move
back to the same stage is solved for.  Runs that are cut off after T steps are T steps back from 0.

Stages with one future, of one term or of several, have one f; and what is always added up is one system: a
`Combination` of futures, as in the determinization of an automaton with weights.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from pgsym.claims.language import tree as t
from pgsym.claims.leaves import Compiled
from pgsym.claims.trajectories.chain import Key, Move, RunChain, Tensor, added, keyed
from pgsym.claims.trajectories.stages import Stage, StageMove, Stages
from pgsym.claims.trajectories.terms import Power, StepFactor, Term, looks_at_start_alone
from pgsym.errors import ClaimError
from pgsym.model.mdp import State

FIRST = "+0"
"""The first step, where it is asked for by number."""

Combination = tuple[tuple[Hashable, int], ...]
"""Futures, each as often as it counts; without a common factor."""

Known = dict[Combination, Tensor]
"""The mean of what is to come."""


@dataclass(frozen=True)
class Step:
    """One way to take a step: what stands at it, which powers grow, and what it leads to, None at the end."""

    factors: tuple[StepFactor, ...]
    powers: tuple[Power, ...]
    weight: int
    to: Combination | None


@dataclass(frozen=True)
class System:
    """What a combination satisfies: f = (again) f + sum of the steps."""

    again: Step | None
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Group:
    """Terms with the same constants, whose first stages are one combination."""

    terms: tuple[tuple[int, int], ...]
    """(number of the term, weight)"""
    scale: int
    first: Combination


@dataclass(eq=False)
class TermMeans:
    """The means of terms on any chain."""

    terms: Sequence[Term]
    compile: Callable[[t.Node], Compiled]
    """Compiles constants and bases of powers."""
    refuse: Callable[[str], ClaimError]
    numbers: dict[Hashable, int]
    """Of all factors that were met; shared by those whose means are kept in one place."""
    weights: Sequence[int] | None = None
    """How often each term counts; once by default."""
    _places: dict[Hashable, tuple[int, Stage]] = field(default_factory=dict, init=False)
    _futures: dict[tuple[int, Stage], Hashable] = field(default_factory=dict, init=False)
    _systems: dict[Combination, System] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._stages = [Stages(term, self.refuse) for term in self.terms]

    def total(self, chain: RunChain, known: Known, start: Sequence[Any] = ()) -> dict[Key, Any]:
        """The sum of all means, over runs from mu0, from a state, or from a state and an action."""
        total: dict[Key, Any] = {}
        for group in self.groups:
            scale: dict[Key, Any] = {(): chain.field.number(Fraction(group.scale))}
            for factor in self.terms[group.terms[0][0]].constants:
                scale = chain.product(keyed(self.compile(factor.node)(chain.env), factor.axes), scale)
            if group.first:
                scale = chain.product(scale, self._mean(group, chain, known, start))
            total = added(total, scale)
        return total

    # -- what leads to what ----------------------------------------------------------------------------------

    @cached_property
    def groups(self) -> list[Group]:
        """The terms by their constants and by what grows before their first time."""
        found: dict[Hashable, list[tuple[int, int]]] = {}
        for k, term in enumerate(self.terms):
            stages = self._stages[k]
            again = self._signature(self._again(k, stages.first)) if stages.times else None
            constants = tuple(sorted(map(self._number, term.constants)))
            key = constants, bool(stages.times), again, () if stages.times else k
            found.setdefault(key, []).append((k, self.weights[k] if self.weights else 1))
        groups = []
        for terms in found.values():
            if not self._stages[terms[0][0]].times:
                groups.append(Group(tuple(terms), terms[0][1], ()))
                continue
            first, scale = self._combined(Counter((self._future(k, self._stages[k].first), w) for k, w in terms))
            groups.append(Group(tuple(terms), scale, first))
        return groups

    def _combined(self, parts: Counter[tuple[Hashable, int]]) -> tuple[Combination, int]:
        """Futures with their weights as a combination and a common factor."""
        total: Counter[Hashable] = Counter()
        for (future, weight), count in parts.items():
            total[future] += weight * count
        common = math.gcd(*total.values())
        return tuple(sorted((future, weight // common) for future, weight in total.items())), common

    def _number(self, thing: Hashable) -> int:
        return self.numbers.setdefault(thing, len(self.numbers))

    def _future(self, k: int, stage: Stage) -> Hashable:
        if (k, stage) not in self._futures:
            found = self._stages[k].future(stage, self._number)
            self._futures[k, stage] = found
            self._places.setdefault(found, (k, stage))
        return self._futures[k, stage]

    def _again(self, k: int, stage: Stage) -> StageMove | None:
        return next((m for m in self._stages[k].moves(stage) if m.to == stage), None)

    def _signature(self, move: StageMove | None) -> Hashable:
        """What stands at a move, and what grows."""
        if move is None:
            return None
        factors, powers = (*move.factors, *move.running), [p.base for p in move.powers]
        return tuple(sorted(map(self._number, factors))), tuple(sorted(map(self._number, powers)))

    def system(self, combination: Combination) -> System:
        """The equations of a combination, whose futures all stay in the same way."""
        if combination in self._systems:
            return self._systems[combination]
        ways: dict[Hashable, tuple[StageMove, Counter[tuple[Hashable, int]]]] = {}
        ends: dict[Hashable, tuple[StageMove, int]] = {}
        stay = None
        for future, weight in combination:
            k, stage = self._places[future]
            for move in self._stages[k].moves(stage):
                signature = self._signature(move)
                if move.to == stage:
                    stay = move
                elif move.to.happened == self._stages[k].end:
                    ends[signature] = move, ends.get(signature, (move, 0))[1] + weight
                else:
                    after = self._future(k, move.to), self._signature(self._again(k, move.to))
                    _, targets = ways.setdefault((signature, after[1]), (move, Counter()))
                    targets[after[0], weight] += 1
        steps = [_step(move, weight, None) for move, weight in ends.values()]
        for move, targets in ways.values():
            to, weight = self._combined(targets)
            steps.append(_step(move, weight, to))
        again = None if stay is None else _step(stay, 1, combination)
        self._systems[combination] = System(again, tuple(steps))
        return self._systems[combination]

    def _backwards(self, combination: Combination, seen: dict[Combination, None]) -> None:
        """All that a combination leads to, each after what it leads to, and itself."""
        waiting = [(combination, False)]
        while waiting:
            found, ready = waiting.pop()
            if ready:
                seen.setdefault(found)
            elif found not in seen:
                waiting.append((found, True))
                waiting.extend((s.to, False) for s in self.system(found).steps if s.to is not None)

    # -- values ----------------------------------------------------------------------------------------------

    def _mean(self, group: Group, chain: RunChain, known: Known, start: Sequence[Any]) -> dict[Key, Any]:
        if start and start[0] in chain.world.mdp.terminal:
            return self._ended(group, chain, start[0])
        if chain.horizon is not None:
            return added(self._counted(group, chain), chain.begun_at_end(partial(self._ended, group, chain)))
        order: dict[Combination, None] = {}
        self._backwards(group.first, order)
        for combination in order:
            if combination not in known and (start or combination != group.first):
                again, rest = self._again_system(chain, combination), chain.step(self._moves(chain, known, combination))
                known[combination] = rest if again is None else again.solve(rest)
        if not start:
            found = chain.started(self._moves(chain, known, group.first), self._again_system(chain, group.first))
            return added(found, chain.begun_at_end(partial(self._ended, group, chain)))
        if len(start) == 1:
            return chain.at(known[group.first], start[0])
        total: dict[Key, Any] = {}
        system = self.system(group.first)
        for step in (*system.steps, *([system.again] if system.again else [])):
            row = chain.from_pair(step.factors, *start)
            after = chain.applied(row, {} if step.to is None else known[step.to], step.to is None)
            weight = self._weight(chain, step)
            total = added(total, {key: weight * e for key, e in after.items()})
        return total

    def _counted(self, group: Group, chain: RunChain) -> dict[Key, Any]:
        """Over runs of at most `chain.horizon` steps."""
        T, first = chain.horizon or 0, group.first
        again = self.system(first).again
        begun = [chain.start]
        if again is not None:
            stay = self._move(chain, again, {}, False)
            for _ in range(T - 1):
                begun.append(chain.forward(begun[-1], stay))
        order: dict[Combination, None] = {}
        self._backwards(first, order)
        order.pop(first)
        total: dict[Key, Any] = {}
        later: Known = {}
        for left in range(1, T + 1):
            cut = left == 1 and not chain.bootstrap
            if T - left < len(begun):
                total = added(total, chain.weighed(begun[T - left], self._moves(chain, later, first, cut)))
            if left < T:
                later = {c: chain.step(self._moves(chain, later, c, cut, stay=True)) for c in order}
        return chain.finished(total)

    def _moves(
        self, chain: RunChain, known: Known, combination: Combination, cut: bool = False, *, stay: bool = False
    ) -> list[Move]:
        """The steps with what they lead to, where that is not 0."""
        system = self.system(combination)
        steps = (*system.steps, system.again) if stay and system.again else system.steps
        last = [self._move(chain, step, {}, cut) for step in steps if step.to is None]
        return last + [self._move(chain, step, known[step.to], cut) for step in steps if step.to and known.get(step.to)]

    def _move(self, chain: RunChain, step: Step, after: Tensor, cut: bool) -> Move:
        return Move(step.factors, self._weight(chain, step), after, step.to is None, cut)

    def _again_system(self, chain: RunChain, combination: Combination) -> Any:
        again = self.system(combination).again
        if again is None:
            return None
        found = chain.system(again.factors, self._weight(chain, again))
        if found.stays:
            found.require_rest(self._stirred(chain, combination))
        return found

    def _stirred(self, chain: RunChain, combination: Combination) -> set[int]:
        """The states from which what is to come is not 0 on every run."""
        order: dict[Combination, None] = {}
        self._backwards(combination, order)
        for c in order:
            if c not in chain.stirred_by:
                system, steps = self.system(c), dict[Combination | None, list[Move]]()
                for step in system.steps:
                    steps.setdefault(step.to, []).append(self._move(chain, step, {}, False))
                found = set[int]()
                for to, moves in steps.items():
                    found |= chain.stirred(moves, None if to is None else chain.stirred_by[to])
                if system.again is not None:
                    waiting = chain.world.structure.leading_to(chain.states[i] for i in found)
                    found = {chain.index[s] for s in waiting if s in chain.index}
                chain.stirred_by[c] = found
        return chain.stirred_by[combination]

    def _weight(self, chain: RunChain, step: Step) -> Any:
        """The powers that grow until the next step, as often as the step counts."""
        weight = chain.field.one
        for power in step.powers:
            weight = weight * self.compile(power.base)(chain.env)
        return weight if step.weight == 1 else weight * chain.field.number(Fraction(step.weight))

    def _ended(self, group: Group, chain: RunChain, state: State) -> dict[Key, Any]:
        """The value on a run that begins in a terminal state, and has no step."""
        total: dict[Key, Any] = {}
        for k, weight in group.terms:
            ((time, factors), *others) = self.terms[k].steps.items()
            if others or time != FIRST or not factors or not all(looks_at_start_alone(f.node) for f in factors):
                continue
            found: dict[Key, Any] = {(): chain.field.number(Fraction(weight, group.scale))}
            for factor in factors:
                value = self.compile(factor.node)({**chain.env, "s_0": state})
                found = chain.product(found, keyed(value, factor.axes))
            total = added(total, found)
        return total


def _step(move: StageMove, weight: int, to: Combination | None) -> Step:
    return Step((*move.factors, *move.running), move.powers, weight, to)
