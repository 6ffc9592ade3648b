"""The mean and covariance of an estimator, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import sympy as sp

from pgsym.algebra.field import Field
from pgsym.errors import AlgebraError, HypothesisError, StructureError, TooLargeError
from pgsym.estimators import sample_size
from pgsym.estimators.baselines import OptimalBaseline, best_by_state, best_constant
from pgsym.estimators.computation import Core
from pgsym.estimators.estimator import Estimator
from pgsym.estimators.meaning import own_symbols
from pgsym.estimators.sample_size import Floats
from pgsym.estimators.target import BiasTarget, bias_target, gradient
from pgsym.exact.fields import field_at
from pgsym.exact.solution import Table
from pgsym.expression.exact import to_expr, to_float
from pgsym.limits import COVARIANCE_PARAMETERS
from pgsym.model.problem import Problem, given_numbers

FALSE_ALARM = 1e-3
"""Default level of a bias test."""
POWER = 0.9
"""Default power of a bias test."""


@dataclass(frozen=True)
class Projected:
    """Mean, shape (q,), and covariance, shape (q, q), of v.g for q vectors v."""

    mean: list[sp.Expr]
    covariance: sp.Matrix


@dataclass(eq=False, repr=False)
class EstimatorMoments:
    """Exact mean and covariance of an estimator of grad J, and what follows from them; the base of `EstimatorLaw`."""

    problem: Problem
    estimator: Estimator
    target: BiasTarget
    """What the bias is measured against."""
    field: Field
    theta: Mapping[sp.Symbol, Any] | None = None
    """The point; None for closed forms."""
    _: KW_ONLY
    n: int = 1
    """Samples that are averaged."""
    reference: bool = False
    """Whether floats go through the generic arithmetic too."""
    core: Core = None  # type: ignore[assignment]
    """The field elements behind every expression; each is computed when it is asked for."""

    def __post_init__(self) -> None:
        self.mdp, self.policy = self.problem.mdp, self.problem.policy
        self.params: tuple[sp.Symbol, ...] = self.policy.params
        self._targets: dict[BiasTarget, Mapping[sp.Symbol, Any]] = {}
        self.core = self.core or Core(self.problem, self.estimator, self.field, reference=self.reference)

    # -- moments -----------------------------------------------------------------------------------------

    @cached_property
    def mean(self) -> Table:
        """E[g] by parameter."""
        return self._by_parameter("mean", list(self.core.mean.values()))

    @cached_property
    def variance(self) -> Table:
        """Var[g_i] by parameter."""
        return self._by_parameter("variance", [self._over_n(e) for e in self.core.variance.values()])

    @cached_property
    def covariance(self) -> sp.Matrix:
        """Cov[g], shape (k, k); TooLargeError for more than `COVARIANCE_PARAMETERS` parameters."""
        self._require_small()
        return sp.Matrix([[self._expr(self._over_n(e)) for e in row] for row in self.core.covariance])

    @cached_property
    def covariance_trace(self) -> sp.Expr:
        """The sum of the variances."""
        return self._expr(self._over_n(self.core.trace))

    @cached_property
    def bias(self) -> Table:
        """E[g] - (the target gradient), by parameter."""
        return self.bias_against(self.target)

    @cached_property
    def gradient(self) -> Table:
        """The target gradient."""
        return self._by_parameter("gradient", list(self._target(self.target).values()))

    def bias_against(self, target: BiasTarget | str) -> Table:
        """E[g] minus another objective's gradient, or the truncated one's; HypothesisError where it is not defined."""
        aim = self._target(bias_target(target))
        return self._by_parameter("bias", [e - aim[p] for p, e in self.core.mean.items()])

    def _target(self, target: BiasTarget) -> Mapping[sp.Symbol, Any]:
        if target not in self._targets:
            self._targets[target] = gradient(self.problem, self.field, target, self.estimator.horizon)
        return self._targets[target]

    @cached_property
    def mse(self) -> sp.Expr:
        """E|g - target|^2: the trace, and the bias squared."""
        return self._expr(self._over_n(self.core.trace) + self._square(self.bias))

    @cached_property
    def signal_to_noise(self) -> sp.Expr:
        """|E g|^2 / trace; infinite where nothing varies."""
        trace = self._over_n(self.core.trace)
        if self.field.is_zero(trace):
            return sp.oo
        return self._expr(self._square(self.mean) / trace)

    @property
    def return_mean(self) -> sp.Expr:
        """E[R] of the run's discounted return R."""
        return self._expr(self.core.returns[0])

    @property
    def return_variance(self) -> sp.Expr:
        """Var[R]."""
        return self._expr(self.core.returns[1])

    def project(self, directions: Sequence[Mapping[sp.Symbol | str, Any] | Sequence[Any]]) -> Projected:
        """Mean and covariance of v.g for chosen v, however many parameters there are.

        Parameters
        ----------
        directions
            Each v by parameter (0 where none is given) or as a sequence of k numbers.
        """
        rows = [[self.field.convert(to_expr(x, where="directions")) for x in self._direction(v)] for v in directions]
        if self.core.contracts:
            self._require_small()
            dot, mean = self.field.dot, list(self.core.mean.values())
            halves = [[dot(row, column) for column in self.core.covariance] for row in rows]
            return Projected(
                [self._expr(dot(row, mean)) for row in rows],
                sp.Matrix([[self._expr(self._over_n(dot(half, row))) for row in rows] for half in halves]),
            )
        along = [dict(zip(self.params, row, strict=True)) for row in rows]
        core = Core(self.problem, self.estimator, self.field, reference=self.reference, directions=along)
        return Projected(
            [self._expr(e) for e in core.mean.values()],
            sp.Matrix([[self._expr(self._over_n(e)) for e in row] for row in core.covariance]),
        )

    # -- baselines ---------------------------------------------------------------------------------------

    @cached_property
    def optimal_constant_baseline(self) -> OptimalBaseline:
        """The constant b of least trace (Greensmith, Bartlett & Baxter 2004).

        HypothesisError where the text has no b(s), or no action is ever chosen with a score that is not 0, so that b
        changes nothing.
        """
        b, trace = best_constant(self.core)
        return OptimalBaseline(self._expr(b), self._expr(self._over_n(trace)))

    @cached_property
    def optimal_state_baseline(self) -> OptimalBaseline:
        """The b(s) of least trace.

        HypothesisError as for the constant, and where states share their b, so that each has no best of its own;
        TooLargeError for more than `BASELINE_STATES` states, since each takes a law of its own.
        """
        states = [s for s in self.mdp.nonterminal if s in self.core.structure.reachable]
        values, trace = best_by_state(self.core, states)
        return OptimalBaseline(Table("b", values, self.field.to_sympy), self._expr(self._over_n(trace)))

    # -- samples -----------------------------------------------------------------------------------------

    def batch(self, n: int) -> Self:
        """The law of the mean of n independent samples."""
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise StructureError(f"found {n!r}; a batch has at least one sample. Give n >= 1", where="batch")
        return replace(self, n=n)

    def sample_size(self, accuracy: float, *, relative: bool = True) -> float:
        """The number of samples whose mean has root mean square error at most `accuracy`.

        Parameters
        ----------
        relative
            `accuracy` is a fraction of the length of the target gradient; False: it is in its units.

        Returns
        -------
        A whole number, or inf where the bias alone exceeds the accuracy.
        """
        scale = float(np.linalg.norm(floats(self.gradient))) if relative else 1.0
        trace = number(self._expr(self.core.trace), "covariance_trace")
        return sample_size.for_accuracy(trace, floats(self.bias), accuracy * scale)

    def bias_test_size(self, *, power: float = POWER, false_alarm: float = FALSE_ALARM) -> float:
        """The number of samples at which a test of "no bias" finds the bias there is.

        Hotelling's test over all coordinates; above `COVARIANCE_PARAMETERS` parameters, the test along the bias.

        Returns
        -------
        A whole number; inf where there is no bias.
        """
        bias, one = floats(self.bias), self.batch(1)
        if len(bias) <= COVARIANCE_PARAMETERS:
            return sample_size.for_bias_test(bias, np.array(one.covariance.evalf(), dtype=float), false_alarm, power)
        square = np.array([[float(one.project([bias.tolist()]).covariance[0, 0])]])
        return sample_size.for_bias_test(np.array([float(bias @ bias)]), square, false_alarm, power)

    # -- points ------------------------------------------------------------------------------------------

    def at(self, theta: Any = None, **values: Any) -> Self:
        """The law at a point: exact, or in floats as soon as one given number is a float.

        Parameters
        ----------
        theta, values
            Numbers for parameters and symbols, as for `Problem.at`, and for the estimator's own symbols (lambda, beta,
            a baseline's).
        """
        given = dict(theta) if isinstance(theta, Mapping) else {}
        by_name = {getattr(key, "name", key): value for key, value in {**given, **values}.items()}
        own = {s: to_expr(by_name[s.name], where=s.name) for s in self.estimator.symbols if s.name in by_name}
        known = {s.name for s in (*self.params, *self.mdp.symbols)}
        rest = {name: v for name, v in by_name.items() if name in known or sp.Symbol(name) not in own}
        in_order = theta is not None and not isinstance(theta, Mapping)
        problem = self.problem.at(theta, **rest) if in_order else self.problem.at(rest)
        estimator = self.estimator.subs(own) if own else self.estimator
        field = field_at(problem, given_numbers(theta, values), own_symbols(problem, estimator))
        return self._made(problem, estimator, field, self.n)

    def changed(self, problem: Problem, estimator: Estimator) -> Self:
        """The same of one sample for another problem at its point, or another estimator.

        HypothesisError where the estimator has no moments there.
        """
        field = field_at(problem, extra=own_symbols(problem, estimator))
        return self._made(problem, estimator, field, 1)

    def _made(self, problem: Problem, estimator: Estimator, field: Field, n: int) -> Self:
        made = Core(problem, estimator, field, reference=self.reference)
        return replace(self, problem=problem, estimator=estimator, field=field, theta=problem.point, n=n, core=made)

    @cached_property
    def has_bias(self) -> bool:
        """Whether the target is defined on this model."""
        try:
            self._target(self.target)
        except HypothesisError:
            return False
        return True

    # -- helpers -----------------------------------------------------------------------------------------

    def _expr(self, element: Any) -> sp.Expr:
        return self.field.to_sympy(element)

    def _over_n(self, element: Any) -> Any:
        return element if self.n == 1 else element / self.field.convert(sp.Integer(self.n))

    def _by_parameter(self, name: str, elements: Sequence[Any]) -> Table:
        return Table(name, dict(zip(self.params, elements, strict=True)), self.field.to_sympy)

    def _square(self, table: Table) -> Any:
        values = list(table.elements.values())
        return self.field.dot(values, values)

    def _direction(self, v: Mapping[sp.Symbol | str, Any] | Sequence[Any]) -> list[Any]:
        if isinstance(v, Mapping):
            by_name = {getattr(key, "name", key): x for key, x in v.items()}
            return [by_name.get(p.name, 0) for p in self.params]
        if len(v) != len(self.params):
            raise StructureError(
                f"found {len(v)} numbers; a direction has {len(self.params)}. Give one for each parameter",
                where="project",
            )
        return list(v)

    def _require_small(self) -> None:
        if len(self.params) > COVARIANCE_PARAMETERS:
            raise TooLargeError(
                f"{len(self.params)} parameters; the covariance is formed up to {COVARIANCE_PARAMETERS}. Use variance, "
                "covariance_trace, or project",
                where="covariance",
            )


def number(e: sp.Expr, where: str) -> float:
    """A number without free symbols, as a float.

    StructureError where it has free symbols, AlgebraError where it is too large for a float.
    """
    if e.free_symbols:
        names = ", ".join(sorted(s.name for s in e.free_symbols))
        raise StructureError(f"depends on {names}; a number is required. Ask at a point, law.at(...)", where=where)
    if e == sp.oo:
        return math.inf
    found = to_float(e)
    if found is None:
        raise AlgebraError(
            "found a number beyond floats, which end at about 1.8e308; a float is required. Choose theta nearer to 0",
            where=where,
        )
    return found


def floats(table: Table) -> Floats:
    """[k] the entries as floats."""
    return np.array([number(table[p], table.name) for p in table])
