"""The elements behind a law: each is found when it is asked for, and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.algebra import FloatField
from pgsym.exact.moments import baselines, lookahead, whole_return
from pgsym.exact.moments.floats import FloatSpace
from pgsym.exact.moments.lookahead import LookAhead
from pgsym.exact.moments.space import Array, FieldSpace, Form, Space
from pgsym.exact.moments.specification import BiasTarget, Specification, gradient
from pgsym.exact.moments.transitions import Steps
from pgsym.exact.moments.whole_return import WholeReturn
from pgsym.exact.quantities import Quantities
from pgsym.model.estimator import EligibilityTrace, Estimator, Reinforce
from pgsym.model.objective import Objective

Found = tuple[Array, Array]
"""E[g], shape (k,), and the covariance of g in some form."""


class Core:
    """Mean, covariance and baselines of one estimator over one field.

    Parameters
    ----------
    quantities
        The problem over that field, for the start-state objective.
    estimator
        What is sampled.
    actions
        The objective whose Q an all-knowing critic knows.
    reference
        Whether floats go through the generic arithmetic too.
    """

    def __init__(
        self, quantities: Quantities, estimator: Estimator, actions: Objective, *, reference: bool = False
    ) -> None:
        self.quantities = quantities
        self.estimator = estimator
        self.field = quantities.field
        self.T = estimator.cut_off
        start = quantities.mu if isinstance(estimator, EligibilityTrace) and estimator.stationary else None
        self._vectorised = isinstance(self.field, FloatField) and not reference
        self.space = self._space(Steps.of(quantities.structure, self.field, start))
        if actions is Objective.START_STATE:
            self._of_actions = quantities
        else:
            q = quantities
            self._of_actions = Quantities(q.mdp, q.policy, actions, q.field, q.structure)
        self.spec = self._specification(self.space)
        self._found: dict[Form, Found] = {}
        self._targets: dict[BiasTarget, Mapping[sp.Symbol, Any]] = {}

    def _space(self, steps: Steps) -> Space:
        return FloatSpace(steps) if self._vectorised else FieldSpace(steps)

    def _specification(self, space: Space) -> LookAhead | WholeReturn:
        reader = Specification(space, self.quantities, self._of_actions)
        if isinstance(self.estimator, Reinforce):
            return reader.whole_return(self.estimator)
        return reader.look_ahead(self.estimator)

    def found(self, form: Form) -> Found:
        """E[g] and the covariance in this form."""
        if form not in self._found:
            self._found[form] = _central(self.space, self.spec, self.T, form)
        return self._found[form]

    @property
    def mean(self) -> Array:
        """[k] E[g]."""
        return self.found(next(iter(self._found), Form.TRACE))[0]

    @property
    def variance(self) -> Array:
        """[k] of each coordinate."""
        if Form.FULL in self._found:
            k = self.space.k
            places = [i * k - i * (i - 1) // 2 for i in range(k)]
            return self._found[Form.FULL][1][places]
        return self.found(Form.DIAGONAL)[1]

    @property
    def covariance(self) -> list[list[Any]]:
        """[k][k] of the coordinates."""
        return _square(self.found(Form.FULL)[1], self.space.k)

    @property
    def trace(self) -> Any:
        """The sum of the variances."""
        return self.found(Form.TRACE)[1][0]

    def projected(self, directions: Sequence[Sequence[Any]]) -> tuple[list[Any], list[list[Any]]]:
        """Mean and covariance of v.g for the given v, shape (q, k) of elements."""
        space = self._space(self.space.steps.projected(directions))
        mean, covariance = _central(space, self._specification(space), self.T, Form.FULL)
        return list(mean), _square(covariance, space.k)

    @cached_property
    def returns(self) -> tuple[Any, Any]:
        """Mean and variance of the return R = sum_t gamma^t r_t of a run."""
        first, second = whole_return.return_moments(self.space, self.quantities.gamma, self.T)
        return first, second - first * first

    @cached_property
    def quadratic(self) -> tuple[Array, Array]:
        """c(s) and q(s): the trace is (that without baseline) - 2 sum b c + sum b^2 q."""
        return baselines.quadratic(self.space, self.spec, self.T)

    @property
    def plain_trace(self) -> Any:
        """The trace without the estimator's own baseline."""
        c, q = self.quadratic
        total = self.trace
        for b, slope, square in zip(self.spec.b, c, q, strict=True):
            total = total + b * slope + b * slope - b * b * square
        return total

    def target(self, target: BiasTarget) -> Mapping[sp.Symbol, Any]:
        """The gradient of an objective, or of the truncated one, by parameter."""
        if target not in self._targets:
            self._targets[target] = gradient(self.quantities, target, self.T)
        return self._targets[target]


def _central(space: Space, spec: LookAhead | WholeReturn, T: int | None, form: Form) -> Found:
    if isinstance(spec, WholeReturn):
        mean, second = whole_return.moments(space, spec, T, form)
    else:
        mean, second = lookahead.moments(space, spec, T, form)
    return mean, second - form.outer(mean)


def _square(row: Array, k: int) -> list[list[Any]]:
    """The symmetric matrix whose upper triangle is the row."""
    return [[row[min(i, j) * k - min(i, j) * (min(i, j) - 1) // 2 + abs(i - j)] for j in range(k)] for i in range(k)]
