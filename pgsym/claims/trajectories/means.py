"""Means, variances and covariances of random variables on a run, by one rule over every field.

The mean of a product over k times is a sum over the orders of the times; between two of them lies a resolvent
(I - w P_pi)^-1 with the powers w that grow there.  Read from the end of the run, that is one system of equations for
each stage: f(stage) = sum over the moves of w F f(next stage), where a move back to the same stage is solved for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

from pgsym.claims.evaluation import Evaluation
from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.scope import Scope
from pgsym.claims.leaves import Compiled, Env
from pgsym.claims.trajectories.bounds import SizeRunChain
from pgsym.claims.trajectories.chain import Key, RunChain, Tensor, keyed
from pgsym.claims.trajectories.stages import Stage, StageMove, Stages
from pgsym.claims.trajectories.terms import Expansion, Term, looks_at_start_alone
from pgsym.claims.vectors import Value
from pgsym.model.mdp import Action, State

FIRST = "+0"
"""The first step, where it is asked for by number."""

AXES = ("i", "j")
"""The labels of a result."""


class RunMeans:
    """Compiles E, Var and Cov of one claim.

    Parameters
    ----------
    compile
        Compiles any tree.
    """

    def __init__(self, world: Evaluation, scope: Scope, compile: Callable[[t.Node, int], Compiled]) -> None:
        self.world = world
        self.scope = scope
        self.compile = compile

    def compiled(self, node: runs.RunExpect | runs.Covariance, level: int, *, trace: bool = False) -> Compiled:
        """The value of E, Var or Cov by what the free indices stand for; of a matrix the whole, or its trace.

        Raises
        ------
        ClaimError
            The random variable is no sum of products over time.
        HypothesisError
            A sum over time is infinite.
        """
        if isinstance(node, runs.RunExpect) and node.operator == "E":
            outputs = AXES[: self.scope.rank(node.body) or 0]
            return self._mean(node, node.body, partial(Expansion.terms, node=node.body, axes=outputs), outputs, level)
        left, right = (node.body, node.body) if isinstance(node, runs.RunExpect) else (node.left, node.right)
        labels = AXES if self.scope.rank(left) and not trace else ("c", "c") if trace else ()
        outputs = () if trace else labels

        def both(expand: Expansion) -> list[Term]:
            return [x.times(y) for x in expand.terms(left, labels[:1]) for y in expand.terms(right, labels[1:])]

        product = self._mean(node, t.Mul(left, right), both, outputs, level)
        means = [
            self._mean(node, side, partial(Expansion.terms, node=side, axes=own), own, level)
            for side, own in ((left, labels[:1]), (right, labels[1:]))
        ]
        field = self.world.tower.field(level)

        def covariance(env: Env) -> Value:
            x, y, whole = means[0](env), means[1](env), product(env)
            if not labels:
                return whole - x * y
            if trace:
                pairs = [(x[p], y[p]) for p in x if p in y]
                return whole - field.dot([e for e, _ in pairs], [f for _, f in pairs])
            found = dict(whole)
            for p, e in x.items():
                for q, f in y.items():
                    found[p, q] = found.get((p, q), field.zero) - e * f
            return found

        return covariance

    def _mean(
        self,
        node: runs.RunExpect | runs.Covariance,
        body: t.Node,
        expand: Callable[[Expansion], list[Term]],
        outputs: tuple[str, ...],
        level: int,
    ) -> Compiled:
        unlike = "of pi'" if node.primed else "with a given action" if len(node.given) == 2 else ""
        terms = expand(Expansion(self.scope, unlike=unlike))
        world = self.world.primed if node.primed else self.world
        assert world is not None
        indices = tuple(dict.fromkeys(i for i, _ in self.scope.free_uses(body) if _is_plain(i)))
        compiled: dict[t.Node, Compiled] = {}

        def step(factor: t.Node) -> Compiled:
            if factor not in compiled:
                compiled[factor] = self.compile(factor, level)
            return compiled[factor]

        refuse = self._refuse(node)
        means = [_TermMean(Stages(term, refuse), step, outputs) for term in terms]
        chains: dict[tuple[Hashable, ...], tuple[RunChain, list[dict[Stage, Tensor]]]] = {}
        kind = SizeRunChain if self.world.representative else RunChain

        def mean(env: Env) -> Value:
            place = tuple(env[i] for i in indices)
            if place not in chains:
                own = dict(zip(indices, place, strict=True))
                chains[place] = kind(world, level, step, outputs, own), [{} for _ in means]
            chain, known = chains[place]
            start = [self._start(world, i, env, k, node) for k, i in enumerate(node.given)]
            total: dict[Key, Any] = {}
            for term, tensors in zip(means, known, strict=True):
                total = _added(total, term.mean(chain, tensors, start))
            return _unkeyed(total, outputs, chain.field.zero)

        return mean

    def _start(self, world: Evaluation, index: t.Index, env: Env, k: int, node: Any) -> Hashable:
        if isinstance(index, str):
            return env[index]
        if k == 0:
            return world.state(index)
        first = node.given[0]
        return world.action(env[first] if isinstance(first, str) else world.state(first), index)

    def _refuse(self, node: t.Node) -> Callable[[str], Any]:
        return lambda message: self.scope.error(message, node)


def _is_plain(index: str) -> bool:
    return index != runs.RUN and runs.read_timed(index) is None


class _TermMean:
    """The mean of one term on any chain."""

    def __init__(self, stages: Stages, compile: Callable[[t.Node], Compiled], outputs: Sequence[str]) -> None:
        self.stages = stages
        self.compile = compile

    def mean(self, chain: RunChain, known: dict[Stage, Tensor], start: Sequence[Hashable]) -> dict[Key, Any]:
        """The mean over runs from mu0, from a state, or from a state and an action."""
        total = self._of_steps(chain, known, start)
        for factor in self.stages.term.constants:
            total = chain.product(keyed(self.compile(factor.node)(chain.env), factor.axes), total)
        return total

    def _of_steps(self, chain: RunChain, known: dict[Stage, Tensor], start: Sequence[Any]) -> dict[Key, Any]:
        stages, first = self.stages, self.stages.first
        if not stages.times:
            return {(): chain.field.one}
        for stage in stages.backwards():
            if stage not in known and (start or stage != first):
                known[stage] = self._solved(chain, known, stage)
        if not start:
            again, rest = self._moves(chain, known, first)
            if again is None:
                found = chain.begun(rest)
            else:
                found = chain.system(again.running, self._weight(chain, again)).started(rest)
            return _added(found, chain.begun_at_end(lambda state: self._ended(chain, state)))
        state = start[0]
        if state in chain.world.mdp.terminal:
            return self._ended(chain, state)
        return chain.at(known[first], state) if len(start) == 1 else self._from_pair(chain, known, state, start[1])

    def _ended(self, chain: RunChain, state: State) -> dict[Key, Any]:
        """The value on a run that begins in a terminal state, and has no step."""
        ((time, factors), *others) = self.stages.term.steps.items()
        if others or time != FIRST or not factors or not all(looks_at_start_alone(f.node) for f in factors):
            return {}
        total: dict[Key, Any] = {(): chain.field.one}
        for factor in factors:
            value = self.compile(factor.node)({**chain.env, "s_0": state})
            total = chain.product(total, keyed(value, factor.axes))
        return total

    def _from_pair(self, chain: RunChain, known: dict[Stage, Tensor], state: State, action: Action) -> dict[Key, Any]:
        total: dict[Key, Any] = {}
        for move in self.stages.moves(self.stages.first):
            last = move.to.happened == self.stages.end
            row = chain.from_pair((*move.factors, *move.running), state, action)
            after = chain.applied(row, chain.ones if last else known[move.to], last)
            weight = self._weight(chain, move)
            total = _added(total, {key: weight * e for key, e in after.items()})
        return total

    def _solved(self, chain: RunChain, known: dict[Stage, Tensor], stage: Stage) -> Tensor:
        again, rest = self._moves(chain, known, stage)
        return rest if again is None else chain.system(again.running, self._weight(chain, again)).solve(rest)

    def _moves(self, chain: RunChain, known: dict[Stage, Tensor], stage: Stage) -> tuple[StageMove | None, Tensor]:
        """The move that stays, if there is one, and the mean of what the others lead to."""
        again, total = None, Tensor()
        for move in self.stages.moves(stage):
            if move.to == stage:
                again = move
                continue
            last = move.to.happened == self.stages.end
            weight = self._weight(chain, move)
            for key, column in chain.step(
                (*move.factors, *move.running), chain.ones if last else known[move.to], last
            ).items():
                moved = [weight * e for e in column]
                total[key] = [x + y for x, y in zip(total[key], moved, strict=True)] if key in total else moved
        return again, total

    def _weight(self, chain: RunChain, move: StageMove) -> Any:
        """The product of the powers that grow until the next step."""
        weight = chain.field.one
        for power in move.powers:
            weight = weight * self.compile(power.base)(chain.env)
        return weight


def _added(x: dict[Key, Any], y: dict[Key, Any]) -> dict[Key, Any]:
    return x | {key: x[key] + e if key in x else e for key, e in y.items()}


def _unkeyed(total: dict[Key, Any], outputs: tuple[str, ...], zero: Any) -> Value:
    """A scalar, vector or matrix from its tensor; a term that lacks an axis is the number 0."""
    if not outputs:
        return total.get((), zero)
    complete = {tuple(theta for _, theta in key): e for key, e in total.items() if len(key) == len(outputs)}
    return {key[0] if len(outputs) == 1 else key: e for key, e in complete.items()}
