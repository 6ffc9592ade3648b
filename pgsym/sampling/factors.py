"""The functions of one step in an estimator's text, as float64 arrays over the outcomes (s, a, s')."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

import numpy as np

from pgsym.algebra import FloatField
from pgsym.claims.evaluation import CUT_OFF
from pgsym.claims.language import tree as t
from pgsym.claims.leaves import Compiled
from pgsym.errors import SamplingError
from pgsym.estimators.estimator import Estimator
from pgsym.estimators.meaning import meaning_of
from pgsym.model.objective import Objective
from pgsym.sampling.policy import direct_value
from pgsym.sampling.score_terms import Product
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

    def vector(self, node: t.Node) -> Floats:
        """[O, k] a vector over the parameters by outcome; SamplingError where it needs the state after a cut-off."""
        params = self._meaning.world.policy.params
        value = self._meaning.compile(node)
        rows = [[value(step) for step in self._steps]]
        if self._meaning.world.cut_off:
            rows.append([value({**step, "s_1": CUT_OFF}) for step in self._steps])
        found = [np.array([[float(row.get(p, 0.0)) for p in params] for row in part]) for part in rows]
        if not np.array_equal(found[0], found[-1]):
            raise SamplingError(
                "found a vector of the state after the last step, which counts as an end; a sampler takes vectors of a "
                "step alone. Leave bootstrap=False out",
                where=str(node),
            )
        return found[0]

    def total(self, products: Iterable[Product], cut: bool = False) -> Floats:
        """[O] the sum of products."""
        found = np.zeros(len(self._steps))
        for constants, nodes in products:
            found = found + self.number(constants) * self.by_outcome(nodes, cut)
        return found

    def _value(self, node: t.Node, env: dict[str, Hashable]) -> float:
        if node not in self._compiled:
            self._compiled[node] = self._meaning.compile(node)
        return float(self._compiled[node](env))
