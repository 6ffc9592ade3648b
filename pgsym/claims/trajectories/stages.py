"""The order in which the times of a term can come, as stages between which a run moves step by step.

At each step some of the times that are still open happen.  A stage is which times have happened, and how long ago
those did from which a window or a distance is counted.  Stages are fewer than orders: 2^k instead of 75 for k = 4.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

from pgsym.claims.trajectories.terms import ORIGIN, Gap, Power, Running, StepFactor, Term
from pgsym.errors import ClaimError
from pgsym.limits import RUN_STEPS

MOST_ORDERS = 24
"""Of so many orders of alike times the first in the alphabet names a future."""


@dataclass(frozen=True)
class Stage:
    """Before a step: the times that have happened, and for some of them the number of steps since."""

    happened: frozenset[str] = frozenset()
    ages: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class StageMove:
    """One step: what stands at it, the products that run over it, and the powers that grow until the next one."""

    factors: tuple[StepFactor, ...]
    running: tuple[StepFactor, ...]
    powers: tuple[Power, ...]
    to: Stage


class Stages:
    """The stages of one term.

    >>> term = Term(steps={"t": (), "u": ()}, gaps=(Gap("t", "u", least=1),))
    >>> stages = Stages(term)
    >>> [(sorted(m.to.happened), m.to == s) for s in stages.backwards() for m in stages.moves(s)]
    [(['t'], True), (['t', 'u'], False), ([], True), (['t'], False)]
    """

    def __init__(self, term: Term, refuse: Callable[[str], ClaimError] = ClaimError) -> None:
        self.term = term
        self.refuse = refuse
        self.times = tuple(term.steps)
        self.end = frozenset(self.times)
        self._moves: dict[Stage, tuple[StageMove, ...]] = {}
        self._check_powers()

    @cached_property
    def first(self) -> Stage:
        """Before the first step."""
        return Stage(frozenset(), self._ages(frozenset(), {ORIGIN: 0}))

    def moves(self, stage: Stage) -> tuple[StageMove, ...]:
        """What can happen at the next step; what leaves a condition unmet for ever is left out."""
        if stage not in self._moves:
            self._moves[stage] = tuple(self._find(stage))
        return self._moves[stage]

    def backwards(self) -> list[Stage]:
        """All stages that are not the last, each after those that it leads to; ClaimError above `RUN_STEPS` of them."""
        graph: dict[Stage, set[Stage]] = {}
        waiting = [self.first] if self.times else []
        while waiting:
            stage = waiting.pop()
            if stage in graph:
                continue
            graph[stage] = {m.to for m in self.moves(stage) if m.to != stage and m.to.happened != self.end}
            waiting.extend(graph[stage])
            if len(graph) > RUN_STEPS:
                raise self.refuse(f"found more than {RUN_STEPS} stages; so many are averaged over. Use smaller windows")
        return list(TopologicalSorter(graph).static_order())

    def future(self, stage: Stage, number: Callable[[Hashable], int]) -> Hashable:
        """What is still to come, whatever the times are called: stages of any terms with one future have one mean.

        `number` gives each factor and base a number, equal for equal ones.
        """
        waiting = [x for x in self.times if x not in stage.happened]
        stands = {x: tuple(sorted(map(number, self.term.steps[x]))) for x in waiting}
        groups = [list(g) for _, g in itertools.groupby(sorted(waiting, key=stands.__getitem__), stands.__getitem__)]
        orders = itertools.product(*map(itertools.permutations, groups))
        found = (self._numbered(dict(stage.ages), list(itertools.chain(*order)), number) for order in orders)
        return tuple(sorted(stands.values())), min(itertools.islice(found, MOST_ORDERS))

    def _numbered(self, ages: dict[str, int], waiting: list[str], number: Callable[[Hashable], int]) -> tuple[Any, ...]:
        """Conditions, powers and products that are still open, the times numbered in this order."""
        places = {x: k for k, x in enumerate(waiting)}

        def open_ones(parts: Any) -> tuple[Any, ...]:
            return tuple(sorted((places.get(p.since, -1), places[p.to], *rest) for p, *rest in parts if p.to in places))

        gaps = []
        for gap in self.term.gaps:
            if gap.later in places and (gap.earlier in places or gap.earlier in ages):
                since = ages.get(gap.earlier, 0)
                least = -1 if gap.least is None else gap.least - since
                most = -1 if gap.most is None else gap.most - since
                gaps.append((places.get(gap.earlier, -1), places[gap.later], gap.least is None, least, most))
        return (
            tuple(sorted(gaps)),
            open_ones((p, number(p.base)) for p in self.term.powers),
            open_ones((r, number(r.node), r.from_next, r.before) for r in self.term.running),
        )

    def _find(self, stage: Stage) -> Iterator[StageMove]:
        before, ages = stage.happened, dict(stage.ages)
        open_times = [x for x in self.times if x not in before]
        for count in range(len(open_times) + 1):
            for block in itertools.combinations(open_times, count):
                now = before.union(block)
                if not all(self._allowed(gap, before, block, ages) for gap in self.term.gaps):
                    continue
                following = self._ages(now, {x: age + 1 for x, age in ages.items()} | dict.fromkeys(block, 1))
                if self._too_late(now, dict(following)):
                    continue
                yield StageMove(
                    tuple(f for x in block for f in self.term.steps[x]),
                    tuple(StepFactor(r.node) for r in self.term.running if _runs(r, before, now)),
                    tuple(p for p in self.term.powers if p.since in (ORIGIN, *now) and p.to not in now),
                    Stage(now, following),
                )

    def _allowed(self, gap: Gap, before: frozenset[str], block: tuple[str, ...], ages: dict[str, int]) -> bool:
        """Whether the later time may happen now."""
        if gap.later not in block:
            return True
        known = gap.earlier == ORIGIN or gap.earlier in before
        if gap.most is not None and known and gap.earlier in ages:
            return ages[gap.earlier] <= gap.most
        if gap.least is None:
            return True
        if known:
            return ages.get(gap.earlier, gap.least) >= gap.least
        return gap.earlier in block and gap.least == 0

    def _ages(self, now: frozenset[str], ages: dict[str, int]) -> tuple[tuple[str, int], ...]:
        """The ages from which something is still counted."""
        kept = {}
        for gap in self.term.gaps:
            age = ages.get(gap.earlier)
            if age is not None and gap.later not in now and (gap.most is not None or age < (gap.least or 0)):
                kept[gap.earlier] = age
        return tuple(sorted(kept.items()))

    def _too_late(self, now: frozenset[str], ages: dict[str, int]) -> bool:
        return any(
            gap.most is not None and gap.later not in now and ages.get(gap.earlier, 0) > gap.most
            for gap in self.term.gaps
        )

    def _check_powers(self) -> None:
        """The exponent of a power never falls below 0."""
        least = {(x, y): 0 if x == y else None for x in self.times for y in self.times}
        for gap in self.term.gaps:
            if gap.least is not None and (gap.earlier, gap.later) in least:
                least[gap.earlier, gap.later] = max(gap.least, least[gap.earlier, gap.later] or 0)
        for k, i, j in itertools.product(self.times, repeat=3):
            first, second = least[i, k], least[k, j]
            if first is not None and second is not None:
                least[i, j] = max(first + second, least[i, j] or 0)
        for power in self.term.powers:
            if power.since != ORIGIN and least.get((power.since, power.to)) is None:
                raise self.refuse(
                    f"found a power of {power.base} over time whose exponent can fall below 0; the time that is taken "
                    "off must not be later. Sum over times from it on, as in sum[u>=t] gamma^(u-t)"
                )


def _runs(running: Running, before: frozenset[str], now: frozenset[str]) -> bool:
    """Whether the product runs over a step."""
    started = running.since == ORIGIN or running.since in (before if running.from_next else now)
    return started and running.to not in (now if running.before else before)
