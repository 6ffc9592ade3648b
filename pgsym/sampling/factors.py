"""The functions of one step in an estimator's text, as float64 arrays over the outcomes (s, a, s')."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np

from pgsym.algebra import FloatField
from pgsym.claims.evaluation import CUT_OFF
from pgsym.claims.language import tree as t
from pgsym.claims.leaves import Compiled, Env
from pgsym.estimators.estimator import Estimator
from pgsym.estimators.meaning import meaning_of
from pgsym.model.objective import Objective
from pgsym.sampling.policy import direct_value
from pgsym.sampling.score_terms import Entry, Product
from pgsym.sampling.tables import Floats, Tables


class StepFunctions:
    """What numbers and functions of one step are worth at the problem's theta.

    >>> from pgsym.estimators.estimator import find_estimator
    >>> from pgsym.claims.language import runs
    >>> from pgsym.model import MDP, Problem
    >>> from pgsym.sampling.tables import build_tables
    >>> mdp = MDP.from_transitions([("s", "go", "t", 1, 4), ("t", "go", "end", 1, 1)], start="s", terminal=["end"])
    >>> tables = build_tables(Problem(mdp))
    >>> functions = StepFunctions(tables, Objective.START_STATE, find_estimator("advantage"))
    >>> functions.by_outcome([t.Quantity("V", ("s_0",)), runs.RewardAt(runs.Time("", 0))]).tolist()
    [20.0, 1.0]
    """

    def __init__(self, tables: Tables, objective: Objective, estimator: Estimator) -> None:
        problem = tables.problem.replace(objective=objective)
        # Not tables.theta, which `Tables.along` turns into directions.
        field = FloatField({x: direct_value(v) for x, v in problem.point.items()})
        self._meaning = meaning_of(problem, estimator, field)
        self._compiled: dict[t.Node, Compiled] = {}
        self._steps: list[dict[str, Any]] = [
            {"s_0": s, "a_0": a, "s_1": o.state, "r_0": o.r}
            for s, a in problem.mdp.pairs
            for o in problem.mdp.outcomes(s, a)
            if o.p != 0
        ]

    def number(self, nodes: Iterable[t.Node]) -> float:
        """The product of what depends on no step."""
        found = 1.0
        for node in nodes:
            found *= self._value(node, {})
        return found

    def by_outcome(self, nodes: Iterable[t.Node], cut: bool = False) -> Floats:
        """[O] the product of functions of one step; with `cut`, of one behind which the run counts as ended."""
        found = np.ones(len(self._steps))
        for node in nodes:
            found *= [self._value(node, {**step, "s_1": CUT_OFF} if cut else step) for step in self._steps]
        return found

    def vector(self, node: t.Node, cut: bool = False) -> Floats:
        """[O, k] a vector over the parameters by outcome; with `cut` as in `by_outcome`."""
        params = self._meaning.world.policy.params
        rows = [self._compile(node)({**step, "s_1": CUT_OFF} if cut else step) for step in self._steps]
        return np.array([[float(row.get(p, 0.0)) for p in params] for row in rows])

    def total(self, products: Iterable[Product], cut: bool = False) -> Floats:
        """[O] the sum of products."""
        found = np.zeros(len(self._steps))
        for constants, nodes in products:
            found = found + self.number(constants) * self.by_outcome(nodes, cut)
        return found

    def _value(self, node: t.Node, env: dict[str, Hashable]) -> float:
        return float(self._compile(node)(env))

    def _compile(self, node: t.Node) -> Compiled:
        if node not in self._compiled:
            self._compiled[node] = self._entry(node) if isinstance(node, Entry) else self._meaning.compile(node)
        return self._compiled[node]

    def _entry(self, node: Entry) -> Compiled:
        body, places = self._compile(node.body), node.places
        if None not in places:
            key = places if len(places) > 1 else places[0]
            return lambda env: body(env).get(key, 0.0)
        left = places.index(None)

        def column(env: Env) -> dict[Any, Any]:
            return {
                key[left]: e
                for key, e in body(env).items()
                if all(p is None or p == q for p, q in zip(places, key, strict=True))
            }

        return column
