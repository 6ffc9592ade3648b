"""Random variables on runs by enumeration: every run of a model without loops, with its probability.

A sum over time is added up step by step, a variance is the mean square of the deviations, log P(tau) the logarithm of
a product of probabilities: nothing of the engine's rule.  After the end of a run a product with a part there is 0.
"""

from __future__ import annotations

import operator
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgsym.claims.language import runs as r
from pgsym.claims.language import tree as t
from pgsym.claims.language.statement import Let
from second_reading.jets import Jet
from second_reading.point import InapplicableError
from second_reading.tensors import alike, entrywise, paired

if TYPE_CHECKING:
    from second_reading.meaning import Plain

MOST_RUNS, MOST_STEPS = 4000, 12
"""A model with more runs, or longer ones, is not read."""

COMPARE = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}


class AfterEndError(Exception):
    """A step that the run does not have."""


@dataclass(frozen=True)
class Run:
    """States (one more than steps), actions, rewards and the probability."""

    states: tuple[Hashable, ...]
    actions: tuple[Hashable, ...]
    rewards: tuple[Jet, ...]
    probability: Jet

    def at(self, letter: str, k: int) -> Any:
        found = {"s": self.states, "a": self.actions, "r": self.rewards}[letter]
        if not 0 <= k < len(found):
            raise AfterEndError
        return found[k]


def is_random(node: t.Node, own: Any) -> bool:
    """Whether something of a run stands there, outside of an inner E."""
    if isinstance(node, r.Runs):
        return any(isinstance(i, str) and r.read_timed(i) is not None for i in node.indices)
    if isinstance(node, r.RewardAt | r.ReturnFrom | r.Return | r.RunProbability | r.OverTime | r.TimePower):
        return True
    if isinstance(node, t.Quantity | t.Call | t.Indicator):
        if any(isinstance(i, str) and r.read_timed(i) is not None for i in node.indices):
            return True
        if isinstance(node, t.Call) and isinstance(own[node.name], Let) and is_random(own[node.name].body, own):
            return True
    return any(is_random(child, own) for child in node.children)


class Trajectories:
    """The part of a reading that is about runs."""

    def __init__(self, plain: Plain) -> None:
        self.plain = plain
        self._known: dict[Any, list[Run]] = {}

    def clear(self) -> None:
        self._known.clear()

    def mean(self, node: Any, env: dict[str, Any]) -> Any:
        """E, Var or Cov."""
        found = self._runs(node, env)
        if isinstance(node, r.RunExpect) and node.operator == "E":
            return self._average([(run, self.random(node.body, env, run)) for run in found])
        left, right = (node.body, node.body) if isinstance(node, r.RunExpect) else (node.left, node.right)
        pairs = [(run, self.random(left, env, run), self.random(right, env, run)) for run in found]
        x, y = self._average([(run, e) for run, e, _ in pairs]), self._average([(run, e) for run, _, e in pairs])
        products = []
        for run, e, f in pairs:
            d, g = paired(Jet.__sub__, *alike(e, x)), paired(Jet.__sub__, *alike(f, y))
            products.append((run, [[u * v for v in g] for u in d] if isinstance(d, list) else d * g))
        return self._average(products)

    def _average(self, values: list[tuple[Run, Any]]) -> Any:
        total = None
        for run, value in values:
            term = entrywise(lambda e, run=run: run.probability * e, value)
            total = term if total is None else paired(Jet.__add__, *alike(total, term))
        return self.plain.numbers.number(0) if total is None else total

    def random(self, node: t.Node, env: dict[str, Any], run: Run) -> Any:
        try:
            return self.plain.value(node, {**env, r.RUN: run})
        except AfterEndError:
            return self.plain.numbers.number(0)

    def _runs(self, node: Any, env: dict[str, Any]) -> list[Run]:
        plain = self.plain
        given = [plain.item(i, env) if isinstance(i, str) else None for i in node.indices]
        for k, i in enumerate(node.indices):
            if isinstance(i, t.Literal):
                among = plain.mdp.states if k == 0 else plain.mdp.actions(given[0])
                (given[k],) = (x for x in among if str(x) == str(i.name))
        key = (node.primed, *given)
        if key not in self._known:
            model, one = (plain.primed if node.primed else plain.model), plain.numbers.number(1)
            start = {given[0]: one} if given else model.mu0
            found: list[Run] = []
            for s, p in start.items():
                for run in self._from(model, Run((s,), (), (), p), given[1] if len(given) > 1 else None):
                    found.append(run)
                    if len(found) > MOST_RUNS:
                        raise InapplicableError("too many runs")
            self._known[key] = found
        return self._known[key]

    def _from(self, model: Any, run: Run, action: Hashable | None) -> Iterator[Run]:
        s, plain = run.states[-1], self.plain
        if s in plain.ends:
            yield run
            return
        if len(run.actions) >= MOST_STEPS:
            raise InapplicableError("runs need not end")
        for a in plain.mdp.actions(s) if action is None else (action,):
            for target, p, reward in plain.mdp.outcomes(s, a):
                q = plain.numbers(p) if action is not None else model.pi[s][a] * plain.numbers(p)
                longer = Run(
                    (*run.states, target), (*run.actions, a), (*run.rewards, plain.numbers(reward)), run.probability * q
                )
                yield from self._from(model, longer, None)

    # -- parts of a run --------------------------------------------------------------------------------------

    def time(self, time: r.Time, env: dict[str, Any]) -> int:
        return (env[time.name] if time.name else 0) + time.shift

    def value(self, node: t.Node, env: dict[str, Any]) -> Any:
        plain, zero = self.plain, self.plain.numbers.number(0)
        run: Run = env[r.RUN]
        match node:
            case r.RewardAt(time):
                return run.at("r", self.time(time, env))
            case r.Return() | r.ReturnFrom():
                since = self.time(node.time, env) if isinstance(node, r.ReturnFrom) else 0
                if since:
                    run.at("r", since)
                total = zero
                for k in range(since, len(run.rewards)):
                    total = total + plain.model.gamma ** (k - since) * run.rewards[k]
                return total
            case r.RunProbability():
                return run.probability
            case r.TimePower(body, to, since):
                return plain.value(body, env) ** (self.time(to, env) - (0 if since is None else env[since.name]))
            case r.TimeSum() | r.TimeProduct():
                total = None
                for k in range(len(run.actions)):
                    if all(COMPARE[b.op](k, self.time(b.time, env)) for b in node.bounds):
                        try:
                            term = plain.value(node.body, {**env, node.index: k})
                        except AfterEndError:
                            if isinstance(node, r.TimeProduct):
                                raise
                            continue
                        if total is None:
                            total = term
                        elif isinstance(node, r.TimeProduct):
                            total = total * term
                        else:
                            total = paired(Jet.__add__, *alike(total, term))
                if total is None:
                    return plain.numbers.number(1) if isinstance(node, r.TimeProduct) else zero
                return total
        raise TypeError(type(node).__name__)
