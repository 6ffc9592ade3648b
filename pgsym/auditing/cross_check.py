"""Exact against sampled: one gradient by two routes that share only their definitions.

The null hypothesis is the right one: a rollout of T steps estimates grad J_T, so it is tested against the
T-step truth, and what the truncation leaves out is reported as a number.  Two tests share the false-alarm
rate: each coordinate's z with Bonferroni's correction, and Hotelling's joint T^2.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pgsym.display.result import TableResult, data_frame
from pgsym.errors import SamplingError
from pgsym.estimators.estimator import Estimator, find_estimator
from pgsym.estimators.law import FALSE_ALARM, POWER, floats
from pgsym.estimators.moments import moments
from pgsym.estimators.sample_size import noncentrality
from pgsym.exact import solve
from pgsym.exact.float_chain import truncated
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike
from pgsym.sampling import Estimate, estimate
from pgsym.sampling.plan import is_long_run
from pgsym.sampling.tables import Floats
from pgsym.trust import Level, Trust

if TYPE_CHECKING:
    from pgsym.display.figure import Figure


@dataclass(frozen=True, repr=False)
class Comparison(TableResult):
    """A sampled mean beside the exact one."""

    estimate: Estimate
    """The sampled side."""
    truth: Floats
    """[k] what the mean must be, computed exactly."""
    false_alarm: float
    """Probability that samples of the right law are called inconsistent."""

    HEADER: ClassVar[tuple[str, ...]]
    COLUMNS: ClassVar[list[str]]

    @property
    @abstractmethod
    def consistent(self) -> bool:
        """Neither test rejects."""

    @property
    def _answer(self) -> str:
        return "consistent" if self.consistent else "INCONSISTENT"

    @property
    @abstractmethod
    def summary(self) -> str:
        """One line: the answer, its statistics, and what could not have been seen."""

    @property
    def trust(self) -> Trust:
        return Trust(Level.SAMPLED, false_alarm=self.false_alarm)

    @property
    def assumption(self) -> str:
        return self.estimate.assumption

    @property
    def below(self) -> list[str]:
        return [self.summary]

    def _columns(self) -> list[Floats]:
        return [self.truth, self.estimate.mean, self.estimate.standard_error]

    def rows(self) -> list[tuple[Any, ...]]:
        """(parameter, exact, sampled, standard error, ...)."""
        names = (p.name for p in self.estimate.params)
        return list(zip(names, *(column.tolist() for column in self._columns()), strict=True))

    def cells(self) -> list[tuple[str, ...]]:
        """Exact beside sampled, by parameter."""
        return [self.HEADER, *((name, *(f"{x:.6g}" for x in numbers)) for name, *numbers in self.rows())]

    def frame(self) -> Any:
        return data_frame(self.COLUMNS, self.rows())

    def plot(self) -> Figure:
        """The sampled mean with its joint intervals beside the exact one of the same number of steps."""
        return self.estimate.plot(self.truth.tolist())

    def to_json(self) -> dict[str, Any]:
        return {
            "consistent": self.consistent,
            "n": self.estimate.n,
            "horizon": self.estimate.horizon,
            "seed": self.estimate.seed,
            "false_alarm": self.false_alarm,
            "trust": self.trust.to_json(),
        }

    def _by_parameter(self) -> dict[str, dict[str, float]]:
        return {name: dict(zip(self.COLUMNS[1:], numbers, strict=True)) for name, *numbers in self.rows()}


@dataclass(frozen=True, repr=False)
class CrossCheck(Comparison):
    """A sampled gradient beside the exact one; made by `cross_check`.

    The `truth` is grad J_T; where values stand for what comes after the last step, the same sum with the true Q; for
    long runs grad J plus their bias.

    See Also
    --------
    pgsym.cross_check : Makes it.
    pgsym.audit : The same for an estimator of your own.

    References
    ----------
    Hotelling, The generalization of Student's ratio (1931).

    Examples
    --------
    >>> from pgsym.auditing import cross_check
    >>> cross_check("short-corridor", n=4000).truth.shape
    (1,)
    """

    gradient: Floats
    """[k] grad J itself."""
    truth_of_J: float
    J: float

    HEADER = ("parameter", "exact", "sampled", "s.e.", "z")
    COLUMNS: ClassVar = ["parameter", "exact", "sampled", "standard_error", "z"]

    @cached_property
    def z(self) -> Floats:
        """(mean - truth) / standard error, shape (k,); 0 where nothing varies."""
        error = self.estimate.mean - self.truth
        scale = self.estimate.standard_error
        return np.divide(error, scale, out=np.zeros_like(error), where=scale > 0)

    @property
    def critical_z(self) -> float:
        """Two-sided bound for the largest |z|, at half the false-alarm rate (Bonferroni)."""
        return NormalDist().inv_cdf(1 - self.false_alarm / 4 / max(len(self.truth), 1))

    @property
    def max_z(self) -> float:
        """The largest |z|."""
        return float(np.abs(self.z).max(initial=0.0))

    @cached_property
    def p_joint(self) -> float:
        """p-value of Hotelling's test, at half the false-alarm rate."""
        return self.estimate.distance(self.truth.tolist()).p_value

    @property
    def consistent(self) -> bool:
        return self.max_z <= self.critical_z and self.p_joint >= self.false_alarm / 2

    @property
    def truncation(self) -> float:
        """|truth - grad J|: what truncation, or the finite length of long runs, adds as bias."""
        return float(np.linalg.norm(self.truth - self.gradient))

    @cached_property
    def detectable(self) -> float | None:
        """The smallest relative bias along the gradient that this n finds with probability `POWER`.

        A bias delta * truth has noncentrality delta^2 n truth^T C^+ truth in Hotelling's test.
        """
        aside = self.estimate.mean - self.truth
        strength = self.estimate.distance(aside.tolist())
        if strength.rank == 0 or strength.statistic in (0.0, np.inf):
            return None
        return float(np.sqrt(noncentrality(strength.rank, self.false_alarm / 2, POWER) / strength.statistic))

    @property
    def summary(self) -> str:
        parts = [
            f"sampled gradient {self._answer} with the exact one (largest |z| {self.max_z:.2f} of "
            f"{self.critical_z:.2f}, joint p {self.p_joint:.2g}; {self.trust})"
        ]
        if self.detectable is not None:
            parts.append(f"a relative bias of {self.detectable:.2g} would be found with probability {POWER:g}")
        parts.append(f"truncation bias {self.truncation:.1e} at T = {self.estimate.horizon}")
        return "; ".join(parts)

    def text(self) -> str:
        """The estimate, and the answer."""
        return f"{self.estimate.text()}\n{self.summary}"

    def _columns(self) -> list[Floats]:
        return [*super()._columns(), self.z]

    def to_json(self) -> dict[str, Any]:
        e = self.estimate
        return {
            **super().to_json(),
            "max_z": self.max_z,
            "critical_z": self.critical_z,
            "p_joint": self.p_joint,
            "detectable_relative_bias": self.detectable,
            "truncation_bias": self.truncation,
            "estimator": e.estimator,
            "J": {"exact": self.truth_of_J, "sampled": e.J, "standard_error": e.J_standard_error},
            "grad": self._by_parameter(),
        }


def cross_check(
    problem: ProblemLike,
    estimator: str | Estimator = "reward-to-go",
    *,
    let: Mapping[str, Any] | None = None,
    n: int = 100_000,
    seed: int = 0,
    horizon: int | None = None,
    false_alarm: float = FALSE_ALARM,
    **options: Any,
) -> CrossCheck:
    """Sample grad J at the problem's theta and test the mean against the exact gradient.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.
    estimator, let, n, seed, horizon, options
        As for `pgsym.estimate`.
    false_alarm
        Probability that a correct estimate is called inconsistent.

    Returns
    -------
    CrossCheck
        Both gradients with z-scores, and whether they agree.

    Raises
    ------
    SamplingError
        As for `pgsym.estimate`, or a rate outside (0, 1).
    HypothesisError
        The objective is not defined on this model.

    See Also
    --------
    estimate : The samples alone.
    verify : Exact, for every theta.

    References
    ----------
    Hotelling, The generalization of Student's ratio, 1931.

    Examples
    --------
    >>> cross_check("short-corridor", n=10_000).consistent
    True
    """
    require_rate(false_alarm)
    problem = Problem.of(problem)
    chosen = find_estimator(estimator, let)
    found = estimate(problem, chosen, n=n, seed=seed, horizon=horizon, **options)
    point = {p: float(v) for p, v in problem.point.items()}
    solution = solve(problem).at(point)
    gradient = floats(solution.grad)
    J = float(solution.J)
    if is_long_run(chosen, problem.objective):
        bias = np.zeros_like(gradient) if found.bias is None else found.bias
        return CrossCheck(found, gradient + bias, false_alarm, gradient, J + (found.bias_of_J or 0.0), J)
    cut = replace(chosen, horizon=found.horizon)
    if problem.objective is not Objective.START_STATE:
        return CrossCheck(found, floats(moments(problem, cut).at(point).mean), false_alarm, gradient, J, J)
    finite = truncated(problem, found.horizon)
    truth = finite.grad
    if cut.looks_ahead:
        truth = floats(moments(problem, "all-knowing", horizon=found.horizon).at(point).mean)
    return CrossCheck(found, truth, false_alarm, gradient, finite.J, J)


def require_rate(false_alarm: float) -> None:
    """Refuse a false-alarm rate outside (0, 1)."""
    if not 0 < false_alarm < 1:
        raise SamplingError(f"found {false_alarm}; a false-alarm rate lies in (0, 1)", where="false_alarm")
