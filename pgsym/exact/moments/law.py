"""`EstimatorLaw`: the mean and covariance of an estimator, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pgsym.algebra.field import Field
from pgsym.display.frame import data_frame
from pgsym.display.result import TableResult
from pgsym.errors import HypothesisError, StructureError, TooLargeError
from pgsym.exact.fields import field_at
from pgsym.exact.moments import present, sample_size
from pgsym.exact.moments.computation import Core
from pgsym.exact.moments.present import describe, floats, number
from pgsym.exact.moments.target import TRUNCATED, BiasTarget, bias_target
from pgsym.exact.present import field_trust
from pgsym.exact.quantities import Quantities
from pgsym.exact.solution import Table
from pgsym.expression.exact import to_expr
from pgsym.model.estimator import Estimator
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, given_numbers
from pgsym.model.structure import Structure
from pgsym.trust import Trust

if TYPE_CHECKING:
    from pgsym.display.figure import Figure

Floats = NDArray[np.float64]

LARGEST_COVARIANCE = 256
"""Above this many parameters the whole covariance is not formed: ask for variances, the trace or projections."""
FALSE_ALARM = 1e-3
"""Default level of a bias test."""
POWER = 0.9
"""Default power of a bias test."""


@dataclass(frozen=True)
class OptimalBaseline:
    """The baseline of least covariance trace, and that trace.

    Attributes
    ----------
    value : Expr or Table
        The constant b, or b by state (without the states that a run cannot reach or where nothing is chosen).
        For estimators with a baseline of their own it takes its place; for critics it comes on top.
    trace : Expr
        Of one sample's covariance.
    """

    value: Any
    trace: sp.Expr


@dataclass(frozen=True)
class Projected:
    """Mean, shape (q,), and covariance, shape (q, q), of v.g for q vectors v."""

    mean: list[sp.Expr]
    covariance: sp.Matrix


class EstimatorLaw(TableResult):
    """Exact mean and covariance of an estimator of grad J; made by `moments`.

    Attributes
    ----------
    problem : Problem
        Whose gradient is estimated.
    estimator : Estimator
        What is sampled.
    target : Target
        What the bias is measured against.
    theta : mapping or None
        The point; None for closed forms.
    n : int
        Samples that are averaged.
    core : Core
        The field elements behind every expression; made when something is asked for.

    See Also
    --------
    pgsym.moments : Makes it.
    pgsym.Estimate : Samples of the same estimator.

    References
    ----------
    Sobel, The variance of discounted Markov decision processes (1982).  Greensmith, Bartlett and Baxter, Variance
    reduction techniques for gradient estimates in reinforcement learning (2004).

    Examples
    --------
    >>> from pgsym.exact.moments import moments
    >>> print(moments("short-corridor", "reinforce").at())
    reinforce, whole episodes
           mean  bias  variance
    theta     2     0      1959
    covariance trace 1959; bias against start-state
    """

    def __init__(
        self,
        problem: Problem,
        estimator: Estimator,
        target: BiasTarget,
        field: Field,
        theta: Mapping[sp.Symbol, Any] | None = None,
        *,
        n: int = 1,
        reference: bool = False,
    ) -> None:
        self.problem = problem
        self.estimator = estimator
        self.target = target
        self.field = field
        self.theta = theta
        self.n = n
        self.mdp, self.policy = problem.mdp, problem.policy
        self.params: tuple[sp.Symbol, ...] = problem.policy.params
        self._reference = reference

    @cached_property
    def core(self) -> Core:
        """Mean, covariance and baselines as elements of the field."""
        structure = Structure(self.mdp, self.policy)
        quantities = Quantities(self.mdp, self.policy, Objective.START_STATE, self.field, structure)
        actions = Objective.START_STATE if self.target == TRUNCATED else self.target
        return Core(quantities, self.estimator, actions, reference=self._reference)

    # -- moments -----------------------------------------------------------------------------------------

    @cached_property
    def mean(self) -> Table:
        """E[g] by parameter."""
        return self._by_parameter("mean", list(self.core.mean))

    @cached_property
    def variance(self) -> Table:
        """Var[g_i] by parameter."""
        return self._by_parameter("variance", [self._over_n(e) for e in self.core.variance])

    @cached_property
    def covariance(self) -> sp.Matrix:
        """Cov[g], shape (k, k).

        Raises
        ------
        TooLargeError
            More than `LARGEST_COVARIANCE` parameters.
        """
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
        return self._by_parameter("gradient", list(self.core.target(self.target).values()))

    def bias_against(self, target: BiasTarget | str) -> Table:
        """E[g] minus the gradient of another objective, or of the truncated one.

        Raises
        ------
        HypothesisError
            That objective is not defined on this model.
        """
        gradient = self.core.target(bias_target(target))
        gaps = [e - gradient[p] for p, e in zip(self.params, self.core.mean, strict=True)]
        return self._by_parameter("bias", gaps)

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
        mean, covariance = self.core.projected(rows)
        return Projected(
            [self._expr(e) for e in mean],
            sp.Matrix([[self._expr(self._over_n(e)) for e in row] for row in covariance]),
        )

    # -- baselines ---------------------------------------------------------------------------------------

    @cached_property
    def optimal_constant_baseline(self) -> OptimalBaseline:
        """The constant b of least trace (Greensmith, Bartlett & Baxter 2004).

        Raises
        ------
        HypothesisError
            No action is ever chosen with a score that is not 0, so that a baseline changes nothing.
        """
        c, q = (total(list(e)) for e in self.core.quadratic)
        if self.field.is_zero(q):
            raise HypothesisError(
                "every score is 0; a baseline changes nothing. Use a policy with a choice", where="baseline"
            )
        trace = self.core.plain_trace - c * c / q
        return OptimalBaseline(self._expr(c / q), self._expr(self._over_n(trace)))

    @cached_property
    def optimal_state_baseline(self) -> OptimalBaseline:
        """The b(s) of least trace."""
        values, trace = {}, self.core.plain_trace
        for s, c, q in zip(self.core.space.steps.states, *self.core.quadratic, strict=True):
            if not self.field.is_zero(q):
                values[s] = c / q
                trace = trace - c * c / q
        return OptimalBaseline(Table("b", values, self.field.to_sympy), self._expr(self._over_n(trace)))

    # -- samples -----------------------------------------------------------------------------------------

    def batch(self, n: int) -> EstimatorLaw:
        """The law of the mean of n independent samples."""
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise StructureError(f"found {n!r}; a batch has at least one sample. Give n >= 1", where="batch")
        mean = copy(self)
        mean.n = n
        for name in ("variance", "covariance", "covariance_trace", "mse"):
            vars(mean).pop(name, None)
        return mean

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

        Hotelling's test over all coordinates; above `LARGEST_COVARIANCE` parameters, the test along the bias.

        Returns
        -------
        A whole number; inf where there is no bias.
        """
        bias = floats(self.bias)
        if len(bias) > LARGEST_COVARIANCE:
            along = self.project([bias.tolist()]) if self.n == 1 else self.batch(1).project([bias.tolist()])
            square = np.array([[float(along.covariance[0, 0])]])
            return sample_size.for_bias_test(np.array([float(bias @ bias)]), square, false_alarm, power)
        one = self if self.n == 1 else self.batch(1)
        covariance = np.array(one.covariance.evalf(), dtype=float)
        return sample_size.for_bias_test(bias, covariance, false_alarm, power)

    # -- points ------------------------------------------------------------------------------------------

    def at(self, theta: Any = None, **values: Any) -> EstimatorLaw:
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
        field = field_at(problem, given_numbers(theta, values), estimator.symbols)
        return EstimatorLaw(problem, estimator, self.target, field, problem.point, n=self.n)

    # -- output ------------------------------------------------------------------------------------------

    @cached_property
    def has_bias(self) -> bool:
        """Whether the target is defined on this model."""
        try:
            self.core.target(self.target)
        except HypothesisError:
            return False
        return True

    @property
    def description(self) -> str:
        """One line: the estimator, its run, and how many samples are averaged."""
        return describe(self.estimator) + ("" if self.n == 1 else f", mean of {self.n} samples")

    def to_json(self) -> dict[str, Any]:
        """Plain data; every scalar is ``{"exact": text or null, "float": number or null}``."""
        return present.to_json(self)

    def frame(self) -> Any:
        """A pandas frame with a row for each parameter; gradient and bias are None where no target is defined.

        Raises
        ------
        MissingExtraError
            pandas is not installed.

        Examples
        --------
        >>> from pgsym.exact.moments import moments
        >>> moments("short-corridor", "reinforce").at().frame()
          parameter mean variance gradient bias
        0     theta    2     1959        2    0
        """
        nothing = dict.fromkeys(self.params)
        gradient, bias = (self.gradient, self.bias) if self.has_bias else (nothing, nothing)
        rows = [(p.name, self.mean[p], self.variance[p], gradient[p], bias[p]) for p in self.params]
        return data_frame(["parameter", "mean", "variance", "gradient", "bias"], rows)

    @property
    def assumption(self) -> str:
        """What nobody chose of the problem, in one line; empty where all was chosen."""
        return self.problem.assumption

    @property
    def trust(self) -> Trust:
        """A closed form, exact at theta, or a float."""
        return field_trust(self.field, self.theta)

    def cells(self) -> list[tuple[str, ...]]:
        """(parameter, mean, bias, variance) of the first parameters, with a header."""
        return present.rows(self)

    @property
    def above(self) -> list[str]:
        """The estimator."""
        return [self.description]

    @property
    def below(self) -> list[str]:
        """The covariance trace."""
        return present.below(self)

    def latex(self) -> str:
        """Mean and variance of each coordinate, and the trace, as an ``align*``."""
        return present.latex(self)

    def __repr__(self) -> str:
        where = "closed form" if self.theta is None else f"at {dict(self.theta)}"
        return f"EstimatorLaw({self.estimator.name}, {where}, {len(self.params)} parameters)"

    def plot(self, *numbers: str) -> Figure:
        """Squared bias, variance and mean square error against lambda, gamma, a baseline or T: a panel for each.

        Parameters
        ----------
        numbers
            Of `pgsym.exact.moments.sweep.NUMBERS`; all that the estimator has by default.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        StructureError
            The law is a closed form, or the estimator does not have this number.
        """
        from pgsym.exact.moments.plot import plot
        from pgsym.exact.moments.sweep import applicable, sweep

        sweeps = [sweep(self, number) for number in numbers or applicable(self)]
        return plot(f"{self.description}; bias against {self.target}", sweeps)

    # -- helpers -----------------------------------------------------------------------------------------

    def _expr(self, element: Any) -> sp.Expr:
        return self.field.to_sympy(element)

    def _over_n(self, element: Any) -> Any:
        return element if self.n == 1 else element / self.field.convert(sp.Integer(self.n))

    def _by_parameter(self, name: str, elements: Sequence[Any]) -> Table:
        return Table(name, dict(zip(self.params, elements, strict=True)), self.field.to_sympy)

    def _square(self, table: Table) -> Any:
        return total([e * e for e in table.elements.values()] or [self.field.zero])

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
        if len(self.params) > LARGEST_COVARIANCE:
            raise TooLargeError(
                f"{len(self.params)} parameters; the covariance is formed up to {LARGEST_COVARIANCE}. Use variance, "
                "covariance_trace, or project",
                where="covariance",
            )


def total(elements: Sequence[Any]) -> Any:
    """Their sum."""
    first, *others = elements
    for e in others:
        first = first + e
    return first
