"""The elements behind a law, found by the rule of `pgsym.claims.trajectories` when they are asked for, and kept."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.algebra import FloatField
from pgsym.algebra.field import Field
from pgsym.claims.domain import in_unit_interval
from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.leaves import Compiled
from pgsym.claims.trajectories.averages import Known, TermMeans
from pgsym.claims.trajectories.chain import Key, RunChain
from pgsym.claims.trajectories.floats import FloatRunChain
from pgsym.claims.trajectories.means import reached
from pgsym.claims.trajectories.terms import Expansion, Term
from pgsym.errors import ClaimError, HypothesisError
from pgsym.estimators.estimator import Estimator
from pgsym.estimators.meaning import meaning_of
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure

Vector = Mapping[sp.Symbol, Any]


@dataclass(eq=False, repr=False)
class Core:
    """Moments of one estimator over one field."""

    problem: Problem
    estimator: Estimator
    field: Field
    _: KW_ONLY
    reference: bool = False
    """Whether floats go through the generic arithmetic too."""
    directions: Sequence[Vector] | None = None
    """Instead of the coordinates of g, v.g for these v, each {parameter: element}."""

    def __post_init__(self) -> None:
        problem, estimator, directions = self.problem, self.estimator, self.directions
        self.structure = Structure(problem.mdp, problem.policy)
        if estimator.stationary:
            self.structure.require(Objective.AVERAGE_REWARD)
        else:
            self.structure.require_start()
        self.meaning = meaning_of(problem, estimator, self.field, self.structure)
        self.params: Sequence[Hashable] = problem.policy.params if directions is None else tuple(range(len(directions)))
        self._compiled: dict[t.Node, Compiled] = {}
        self._numbers: dict[Hashable, int] = {}
        self._known: Known = {}
        if estimator.horizon is None and not self.structure.is_bounded:
            self._require_bases()

    def _require_bases(self) -> None:
        """Powers over unbounded time have bases in [-1, 1]: the equation of a sum that diverges has a solution too."""
        for node in self.meaning.scope.parts(self.estimator.tree):
            if isinstance(node, runs.TimePower) and not any(self.meaning.scope.free_uses(node.body)):
                base = self.field.to_sympy(self.meaning.compile(node.body, 0)({}))
                if base.is_number and not in_unit_interval(abs(base)):
                    value = base if base.is_Rational else float(base)
                    raise HypothesisError(
                        f"found {node} with the base {value}; without a horizon it lies in [-1, 1], for else the sum "
                        "may diverge. Choose one there, or give a horizon",
                        where=self.estimator.name or "estimator",
                    )

    # -- the chain -------------------------------------------------------------------------------------------

    @cached_property
    def chain(self) -> RunChain:
        """The runs of the problem's policy."""
        e, world = self.estimator, self.meaning.world
        start = world.quantities(0).mu if e.stationary else None
        states = reached(world, self.problem.mdp.start if start is None else start)
        options: dict[str, Any] = {"states": states, "start": start, "horizon": e.horizon, "bootstrap": e.bootstrap}
        if isinstance(self.field, FloatField) and not self.reference:
            return FloatRunChain(world, 0, self.compile, {}, parameters=self.params, **options)
        return RunChain(world, 0, self.compile, {}, **options)

    def compile(self, node: t.Node) -> Compiled:
        """The value of a function of one step; of a vector along the directions, where there are any."""
        if node not in self._compiled:
            compiled = self.meaning.compile(node, 0)
            if self.directions is not None and self.meaning.scope.rank(node) == 1:
                compiled = self._along(compiled, self.directions)
            self._compiled[node] = compiled
        return self._compiled[node]

    def _along(self, compiled: Compiled, directions: Sequence[Vector]) -> Compiled:
        def along(env: Any) -> dict[int, Any]:
            value = compiled(env)
            return {
                j: self.field.dot(list(value.values()), [v.get(p, self.field.zero) for p in value])
                for j, v in enumerate(directions)
            }

        return along

    def _expansion(self) -> Expansion:
        return Expansion(self.meaning.scope)

    def _mean(self, terms: Sequence[Term], weights: Sequence[int] | None = None) -> dict[Key, Any]:
        where = str(self.estimator)
        means = TermMeans(terms, self.compile, lambda message: ClaimError(message, where=where), self._numbers, weights)
        return means.total(self.chain, self._known)

    @cached_property
    def contracts(self) -> bool:
        """Whether something in it is summed over the parameters, so that it is not seen along directions alone."""
        return any(
            factor.axes not in ((), ("i",))
            for term in self._expansion().terms(self.estimator.tree, ("i",))
            for factor in (*term.constants, *itertools.chain(*term.steps.values()))
        )

    # -- moments ---------------------------------------------------------------------------------------------

    @cached_property
    def mean(self) -> dict[Hashable, Any]:
        """E[g] by parameter."""
        return self._vector(self._mean(self._expansion().terms(self.estimator.tree, ("i",))))

    @cached_property
    def variance(self) -> dict[Hashable, Any]:
        """Var[g_i] by parameter."""
        second = self._vector(self._product(self.estimator.tree, self.estimator.tree, "i", "i"))
        return {p: e - self.mean[p] * self.mean[p] for p, e in second.items()}

    @cached_property
    def covariance(self) -> list[list[Any]]:
        """[k][k] Cov[g]."""
        found = self._product(self.estimator.tree, self.estimator.tree, "i", "j")
        second = {(dict(key)["i"], dict(key)["j"]): e for key, e in found.items() if len(key) == 2}
        zero, mean = self.field.zero, self.mean
        return [[second.get((p, q), zero) - mean[p] * mean[q] for q in self.params] for p in self.params]

    @cached_property
    def trace(self) -> Any:
        """The sum of the variances."""
        return self.field.dot(list(self.variance.values()), [self.field.one] * len(self.params))

    def covariance_trace(self, x: t.Node, y: t.Node) -> Any:
        """trace Cov of two random vectors on a run."""
        second = self._product(x, y, "c", "c").get((), self.field.zero)
        means = [self._vector(self._mean(self._expansion().terms(node, ("i",)))) for node in (x, y)]
        return second - self.field.dot(*(list(mean.values()) for mean in means))

    def _product(self, x: t.Node, y: t.Node, first: str, second: str) -> dict[Key, Any]:
        """E[x y] with a label for each vector; of a square each mixed product is taken once."""
        expand = self._expansion()
        left, right = expand.terms(x, (first,)), expand.terms(y, (second,))
        if x is not y or first != second:
            return self._mean([a.times(b) for a in left for b in right])
        n = len(left)
        pairs = [(i, j) for i in range(n) for j in range(i, n)]
        return self._mean([left[i].times(right[j]) for i, j in pairs], [1 if i == j else 2 for i, j in pairs])

    def _vector(self, found: Mapping[Key, Any]) -> dict[Hashable, Any]:
        return {p: found.get((("i", p),), self.field.zero) for p in self.params}

    @cached_property
    def returns(self) -> tuple[Any, Any]:
        """Mean and variance of the discounted return of a run."""
        whole = runs.Return()
        first, second = (
            self._mean(self._expansion().terms(node)).get((), self.field.zero) for node in (whole, t.Mul(whole, whole))
        )
        return first, second - first * first
