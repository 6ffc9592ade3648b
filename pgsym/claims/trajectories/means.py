"""E, Var and Cov of a claim, from the means of terms."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import cache, partial
from typing import Any

from pgsym.claims.evaluation import Evaluation
from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.leaves import Compiled, Env, PartCompiler
from pgsym.claims.trajectories.averages import Known, TermMeans
from pgsym.claims.trajectories.bounds import SizeRunChain
from pgsym.claims.trajectories.chain import AXES, Key, RunChain
from pgsym.claims.trajectories.terms import Expansion, Term
from pgsym.claims.vectors import Value
from pgsym.errors import UndefinedQuantityError
from pgsym.model.mdp import State


class RunMeans(PartCompiler):
    """Compiles E, Var and Cov of one claim."""

    def compiled(self, node: runs.RunExpect | runs.Covariance, level: int, *, trace: bool = False) -> Compiled:
        """The value of E, Var or Cov by what the free indices stand for; of a matrix the whole, or its trace.

        ClaimError where the random variable is no sum of products over time, HypothesisError where a sum is infinite.
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
        terms = expand(Expansion.of_runs(self.scope, node))
        world = self.world.primed if node.primed else self.world
        assert world is not None
        plain = (i for i, _ in self.scope.free_uses(body) if i != runs.RUN and runs.read_timed(i) is None)
        indices = tuple(dict.fromkeys(plain))
        step = cache(lambda factor: self.compile(factor, level))

        if self.world.logarithms is not None and self.world.logarithms.recording:
            for factor in (f for term in terms for part in (term.constants, *term.steps.values()) for f in part):
                step(factor.node)
        means = TermMeans(terms, step, lambda message: self.scope.error(message, node), {})
        chains: dict[Hashable, tuple[RunChain, Known]] = {}
        kind = SizeRunChain if self.world.representative else RunChain

        def value(place: tuple[Hashable, ...], start: Sequence[Any], begun: Sequence[State] | None) -> Value:
            if (place, begun) not in chains:
                own = dict(zip(indices, place, strict=True))
                states = None if begun is None else reached(world, begun)
                chains[place, begun] = kind(world, level, step, own, states=states), {}
            chain, known = chains[place, begun]
            return unkeyed(means.total(chain, known, start), outputs, chain.field.zero)

        def mean(env: Env) -> Value:
            place = tuple(env[i] for i in indices)
            start = [self._start(world, i, env, k, node) for k, i in enumerate(node.indices)]
            if not start:
                return value(place, start, tuple(world.mdp.start))
            try:
                return value(place, start, None)
            except UndefinedQuantityError:
                # It may be infinite from another state alone.
                after = [s for s, _, _ in world.mdp.outcomes(*start)] if len(start) == 2 else []
                return value(place, start, (start[0], *after))

        return mean

    def _start(self, world: Evaluation, index: t.Index, env: Env, k: int, node: Any) -> Hashable:
        if isinstance(index, str):
            return env[index]
        if k == 0:
            return world.state(index)
        first = node.indices[0]
        return world.action(env[first] if isinstance(first, str) else world.state(first), index)


def reached(world: Evaluation, start: Iterable[State]) -> list[State]:
    """The states that runs can be in, terminal ones apart."""
    found = world.structure.reach(start)
    return [s for s in world.mdp.nonterminal if s in found]


def unkeyed(total: dict[Key, Any], outputs: tuple[str, ...], zero: Any) -> Value:
    """A scalar, vector or matrix from its tensor; a term that lacks an axis is the number 0."""
    if not outputs:
        return total.get((), zero)
    complete = {tuple(theta for _, theta in key): e for key, e in total.items() if len(key) == len(outputs)}
    return {key[0] if len(outputs) == 1 else key: e for key, e in complete.items()}
