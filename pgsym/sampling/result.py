"""`Estimate`: a sampled J and grad J with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pgsym.display.figure import new_figure
from pgsym.display.result import TableResult, data_frame
from pgsym.errors import SamplingError
from pgsym.model.objective import Objective
from pgsym.sampling.moments import Moments
from pgsym.sampling.tables import Floats
from pgsym.trust import Level, Trust

if TYPE_CHECKING:
    from pgsym.display.figure import Figure


SHOWN = 24
"""Coordinates that a plot shows; those with the widest intervals where there are more."""


class Distance(NamedTuple):
    """How far a point lies from the mean, in the metric of the mean's covariance."""

    statistic: float
    """Hotelling's T^2 = n (mean - point)^T C^+ (mean - point), infinite off the samples' span; the largest z^2
    where only variances are kept."""
    rank: int
    """Dimension of the span: tabular softmax scores sum to zero in each state, so it can be below k."""
    p_value: float
    """Probability of a larger statistic at the true point (at most that, by Bonferroni, for the largest z^2)."""
    silent: int
    """Coordinates left out because no trajectory touched them: the sample says nothing about them."""


class Along(StrEnum):
    """What the coordinates of an estimated gradient are."""

    PARAMETERS = "parameters"
    """k partial derivatives."""
    RANDOM = "random directions"
    """Products with random vectors of entries 1 and -1."""
    GIVEN = "given directions"
    """Products with vectors of the caller's choice."""


@dataclass(frozen=True)
class Estimate(TableResult):
    """What `estimate` found.  Printing it gives a table.

    The confidence region of level 1 - alpha is Hotelling's ellipsoid around `mean` (`contains`); the
    per-coordinate intervals (`intervals`) hold jointly with at least that level, by Bonferroni.

    See Also
    --------
    pgsym.estimate : Makes it.
    pgsym.cross_check : Tests it against the exact gradient.
    pgsym.EstimatorLaw : The exact mean and covariance of what is sampled.

    References
    ----------
    Williams, Simple statistical gradient-following algorithms for connectionist reinforcement learning (1992).
    Hotelling, The generalization of Student's ratio (1931).

    Examples
    --------
    >>> from pgsym.sampling import estimate
    >>> estimate("short-corridor", n=1000, horizon=20).mean.shape
    (1,)
    """

    LEVEL: ClassVar[float] = 0.95
    """Level of confidence regions when none is given."""
    ROUNDING: ClassVar[float] = 2.0**-20
    """Relative size under which a direction's spread is float32 rounding, not sampling noise."""

    params: tuple[sp.Symbol, ...]
    """theta's coordinates, or a symbol for each direction."""
    along: Along
    """What `mean` and `covariance` are by."""
    theta: Floats
    """[k] the point."""
    objective: Objective
    """Of which J."""
    estimator: str
    """Name of the estimator, or its text."""
    moments: Moments
    """Of (g, J), d = k + 1 coordinates, over trajectories."""
    horizon: int
    """Steps of each rollout: the estimate is one of the T-step problem."""
    burn_in: int
    """Steps before the first score, in a long run."""
    window: int | None
    """Steps that a long run's reward-to-go looks ahead."""
    bias: Floats | None
    """[k] E[mean] - grad J of a long run, computed; None for a finite horizon."""
    bias_of_J: float | None
    """E - J of a long run; None for a finite horizon."""
    seed: int
    """Of the random words."""
    seconds: float
    """Wall clock, compilation excluded."""
    transitions: int
    """Steps taken before absorption, over all trajectories."""
    interrupted: bool
    """Stopped by Ctrl-C: n is smaller than was asked for."""
    device: str
    """Number and kind of devices."""
    assumption: str = field(default="", compare=False)

    @property
    def n(self) -> int:
        """Trajectories."""
        return self.moments.n

    @property
    def mean(self) -> Floats:
        """[k] the estimate of grad J."""
        return self.moments.mean[:-1]

    @property
    def gradient(self) -> dict[sp.Symbol, float]:
        """The estimate of grad J by parameter."""
        return dict(zip(self.params, self.mean.tolist(), strict=True))

    @property
    def covariance(self) -> Floats | None:
        """[k, k] of one trajectory's g; None above 256 parameters, where only `variance` is kept."""
        return self.moments.covariance[:-1, :-1] if self.moments.M2.ndim == 2 else None

    @property
    def variance(self) -> Floats:
        """[k] of one trajectory's g."""
        c = self.moments.covariance
        return (np.diagonal(c) if c.ndim == 2 else c)[:-1]

    @property
    def touched(self) -> NDArray[np.bool_]:
        """[k] whether any trajectory's g has the coordinate nonzero."""
        return (self.mean != 0) | (self.variance > 0)

    @property
    def standard_error(self) -> Floats:
        """[k] of `mean`."""
        return np.sqrt(self.variance / self.n)

    @property
    def covariance_trace(self) -> float | None:
        """Of one trajectory's g; along random directions v by E[v^T C v] = tr C, None along given ones."""
        if self.along is Along.GIVEN:
            return None
        return float(self.variance.sum() if self.along is Along.PARAMETERS else self.variance.mean())

    @property
    def J(self) -> float:
        """The estimate of J, in reward units."""
        return float(self.moments.mean[-1])

    @property
    def J_variance(self) -> float:
        """Of one trajectory's return."""
        return float(self.moments.covariance.reshape(-1)[-1])

    @property
    def J_standard_error(self) -> float:
        """Of `J`."""
        return float(np.sqrt(self.J_variance / self.n))

    @property
    def trajectories_per_second(self) -> float:
        """By the wall clock."""
        return self.n / self.seconds

    @property
    def transitions_per_second(self) -> float:
        """By the wall clock."""
        return self.transitions / self.seconds

    def intervals(self, level: float = LEVEL) -> Floats:
        """[k, 2] intervals that all hold at once with probability `level` (Bonferroni)."""
        alpha = 1 - _level(level)
        z = NormalDist().inv_cdf(1 - alpha / (2 * max(len(self.params), 1)))
        return np.stack([self.mean - z * self.standard_error, self.mean + z * self.standard_error], axis=1)

    def distance(self, point: Mapping[sp.Symbol, Any] | Sequence[Any]) -> Distance:
        """Hotelling's T^2 of a candidate gradient, with its rank and p-value."""
        from scipy.special import fdtrc

        gap = self.mean - self.gradient_of(point)
        if self.n <= len(gap) and self.covariance is not None:
            raise SamplingError(
                f"found {self.n}; a joint region of {len(gap)} coordinates needs more trajectories. "
                f"Give n > {len(gap)}",
                where="n",
            )
        scale = self.standard_error
        silent = ~self.touched
        still = ~silent & (scale <= self.ROUNDING * np.abs(self.mean) / np.sqrt(self.n))
        if (np.abs(gap[still]) > self.ROUNDING * np.abs(self.mean[still])).any():
            return Distance(float("inf"), 0, 0.0, int(silent.sum()))
        moved = ~(still | silent)
        if not moved.any():
            return Distance(0.0, 0, 1.0, int(silent.sum()))
        z = gap[moved] / scale[moved]
        c = self.covariance
        if c is None:
            p = len(z) * 2 * NormalDist().cdf(-float(np.abs(z).max()))
            return Distance(float((z**2).max()), len(z), min(p, 1.0), int(silent.sum()))
        kept = c[np.ix_(moved, moved)]
        spread, directions = np.linalg.eigh(kept / np.sqrt(np.outer(np.diagonal(kept), np.diagonal(kept))))
        spanned = spread > self.ROUNDING * len(z)
        along = directions.T @ z
        rank = int(spanned.sum())
        if (np.abs(along[~spanned]) > self.ROUNDING * len(z) * np.sqrt(self.n)).any():
            return Distance(float("inf"), rank, 0.0, int(silent.sum()))
        statistic = float((along[spanned] ** 2 / spread[spanned]).sum())
        f = statistic * (self.n - rank) / (rank * (self.n - 1))
        return Distance(statistic, rank, float(fdtrc(rank, self.n - rank, f)), int(silent.sum()))

    def contains(self, point: Mapping[sp.Symbol, Any] | Sequence[Any], level: float = LEVEL) -> bool:
        """Whether a gradient lies in the joint confidence region."""
        return self.distance(point).p_value >= 1 - _level(level)

    def _numbers(self) -> list[tuple[str, float, float, float, float]]:
        """Name, estimate, standard error and interval of J and of each coordinate of the gradient."""
        z = NormalDist().inv_cdf(1 - (1 - self.LEVEL) / 2)
        bounds = [(self.J - z * self.J_standard_error, self.J + z * self.J_standard_error), *self.intervals()]
        names = ["J", *(self._name(x) for x in self.params)]
        values, errors = [self.J, *self.mean], [self.J_standard_error, *self.standard_error]
        return [
            (name, float(value), float(error), float(low), float(high))
            for name, value, error, (low, high) in zip(names, values, errors, bounds, strict=True)
        ]

    def _name(self, x: sp.Symbol) -> str:
        return f"dJ/d{x.name}" if self.along is Along.PARAMETERS else f"{x.name} . grad J"

    def frame(self) -> Any:
        """A pandas frame with a row for J and each coordinate: estimate, standard error, interval of `LEVEL`."""
        return data_frame(["quantity", "estimate", "standard_error", "low", "high"], self._numbers())

    @property
    def trust(self) -> Trust:
        """The intervals miss some coordinate with at most this probability."""
        return Trust(Level.SAMPLED, false_alarm=round(1.0 - self.LEVEL, 12))

    def to_json(self) -> dict[str, Any]:
        """Plain data: J and the gradient with their standard errors, and how they were drawn."""
        names = [x.name for x in self.params]
        numbers = zip(names, self.mean.tolist(), self.standard_error.tolist(), strict=True)
        return {
            "objective": str(self.objective),
            "estimator": self.estimator,
            "n": self.n,
            "horizon": self.horizon,
            "seed": self.seed,
            "interrupted": self.interrupted,
            "transitions_per_second": self.transitions_per_second,
            "trust": self.trust.to_json(),
            "J": {"mean": self.J, "standard_error": self.J_standard_error},
            "along": str(self.along),
            "covariance_trace": self.covariance_trace,
            "grad": {name: {"mean": mean, "standard_error": error} for name, mean, error in numbers},
        }

    def cells(self) -> list[tuple[str, ...]]:
        """J and each coordinate with standard error and interval."""
        rows = [
            (name, f"{value:.6g}", f"{error:.2g}", f"[{low:.6g}, {high:.6g}]")
            for name, value, error, low, high in self._numbers()
        ]
        return [("", "estimate", "s.e.", f"{self.LEVEL:.0%} interval"), *rows]

    @property
    def below(self) -> list[str]:
        """How it was drawn, and how fast."""
        run = f"{self.n} trajectories" + (" (interrupted)" if self.interrupted else "")
        parts = [f"{self.objective}, {self.estimator}: {run} of {self.horizon} steps, seed {self.seed}"]
        if self.bias is not None and self.bias_of_J is not None:
            parts.append(
                f"burn-in {self.burn_in}, window {self.window}; bias of J {self.bias_of_J:.1e}, "
                f"of the gradient at most {np.abs(self.bias).max(initial=0.0):.1e}"
            )
        if self.along is Along.RANDOM:
            parts.append(f"covariance trace, from {len(self.params)} {self.along}: {self.covariance_trace:.4g}")
        parts.append(
            f"{self.trajectories_per_second:.3g} trajectories/s, {self.transitions_per_second:.3g} transitions/s "
            f"on {self.device}"
        )
        return parts

    def __repr__(self) -> str:
        found = f"J={self.J:.6g} +- {self.J_standard_error:.2g}"
        return f"Estimate({self.objective}, {self.estimator}, n={self.n}, {found})"

    def plot(self, exact: Mapping[sp.Symbol, Any] | Sequence[Any] | None = None, level: float = LEVEL) -> Figure:
        """One row for each coordinate: a point with its joint interval, a diamond for the exact value if given.

        `exact` is a gradient by symbol, or in the order of `params`: ``solution.grad``, say.
        """
        intervals, mean = self.intervals(level), self.mean
        shown = np.sort(np.argsort(intervals[:, 0] - intervals[:, 1], kind="stable")[:SHOWN])
        rows = np.arange(len(shown))
        figure = new_figure(7.0, 1.4 + 0.3 * len(shown))
        axes = figure.subplots()
        reach = np.abs(intervals[shown].T - mean[shown])
        axes.errorbar(
            mean[shown], rows, xerr=reach, fmt="o", markersize=4, capsize=3, label=f"sampled, {level:.0%} jointly"
        )
        if exact is not None:
            truth = self.gradient_of(exact)[shown]
            axes.plot(truth, rows, "D", markersize=5, fillstyle="none", color="C3", label="exact")
        axes.set_yticks(rows, [f"dJ/d{self.params[i].name}" for i in shown])
        axes.invert_yaxis()
        axes.axvline(0, color="0.8", linewidth=0.8, zorder=0)
        rest = f"; {len(mean) - len(shown)} more" if len(shown) < len(mean) else ""
        axes.set_xlabel(f"{self.estimator}, {self.n} trajectories{rest}")
        axes.legend()
        return figure

    def gradient_of(self, values: Mapping[sp.Symbol, Any] | Sequence[Any]) -> Floats:
        """[k] a gradient given by symbol or in order."""
        ordered = [values[x] for x in self.params] if isinstance(values, Mapping) else values
        return np.array([float(v) for v in ordered])


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise SamplingError(f"found {level}; a confidence level lies in (0, 1). Give one such as 0.95", where="level")
    return level
