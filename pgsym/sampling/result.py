"""`Estimate`: a sampled J and grad J with its uncertainty."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, ClassVar, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from pgsym.errors import SamplingError
from pgsym.model.objective import Objective
from pgsym.sampling.moments import Moments
from pgsym.sampling.tables import Floats


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


@dataclass(frozen=True)
class Estimate:
    """What `estimate` found.  Printing it gives a table.

    The confidence region of level 1 - alpha is Hotelling's ellipsoid around `mean` (`contains`); the
    per-coordinate intervals (`intervals`) hold jointly with at least that level, by Bonferroni.
    """

    LEVEL: ClassVar[float] = 0.95
    """Level of confidence regions when none is given."""
    ROUNDING: ClassVar[float] = 2.0**-20
    """Relative size under which a direction's spread is float32 rounding, not sampling noise."""

    params: tuple[sp.Symbol, ...]
    """theta's coordinates."""
    theta: Floats
    """[k] the point."""
    objective: Objective
    """Of which J."""
    estimator: str
    """Name of the estimator."""
    moments: Moments
    """Of (g, J), d = k + 1 coordinates, over trajectories."""
    touched: NDArray[np.int64]
    """[k] trajectories whose g has a nonzero coordinate: where they are few, the mean is not yet normal."""
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
    def standard_error(self) -> Floats:
        """[k] of `mean`."""
        return np.sqrt(self.variance / self.n)

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
        return self.n / self.seconds

    @property
    def transitions_per_second(self) -> float:
        return self.transitions / self.seconds

    # -- confidence --------------------------------------------------------------------------------------

    def intervals(self, level: float = LEVEL) -> Floats:
        """[k, 2] intervals that all hold at once with probability `level` (Bonferroni)."""
        alpha = 1 - _level(level)
        z = NormalDist().inv_cdf(1 - alpha / (2 * max(len(self.params), 1)))
        return np.stack([self.mean - z * self.standard_error, self.mean + z * self.standard_error], axis=1)

    def distance(self, point: Mapping[sp.Symbol, Any] | Sequence[Any]) -> Distance:
        """Hotelling's T^2 of a candidate gradient, with its rank and p-value."""
        from scipy.special import fdtrc

        values = [point[x] for x in self.params] if isinstance(point, Mapping) else point
        gap = self.mean - np.array([float(v) for v in values])
        if self.n <= len(gap) and self.covariance is not None:
            raise SamplingError(
                f"found {self.n}; a joint region of {len(gap)} coordinates needs more trajectories. "
                f"Give n > {len(gap)}",
                where="n",
            )
        scale = self.standard_error
        silent = self.touched == 0
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

    # -- text --------------------------------------------------------------------------------------------

    def _rows(self) -> list[tuple[str, str, str, str]]:
        z = NormalDist().inv_cdf(1 - (1 - self.LEVEL) / 2)
        bounds = [(self.J - z * self.J_standard_error, self.J + z * self.J_standard_error), *self.intervals()]
        names = ["J", *(f"dJ/d{x.name}" for x in self.params)]
        values, errors = [self.J, *self.mean], [self.J_standard_error, *self.standard_error]
        return [
            (name, f"{value:.6g}", f"{error:.2g}", f"[{low:.6g}, {high:.6g}]")
            for name, value, error, (low, high) in zip(names, values, errors, bounds, strict=True)
        ]

    def _summary(self) -> str:
        run = f"{self.n} trajectories" + (" (interrupted)" if self.interrupted else "")
        parts = [f"{self.objective}, {self.estimator}: {run} of {self.horizon} steps, seed {self.seed}"]
        if self.bias is not None and self.bias_of_J is not None:
            parts.append(
                f"burn-in {self.burn_in}, window {self.window}; bias of J {self.bias_of_J:.1e}, "
                f"of the gradient at most {np.abs(self.bias).max(initial=0.0):.1e}"
            )
        parts.append(
            f"{self.trajectories_per_second:.3g} trajectories/s, {self.transitions_per_second:.3g} transitions/s "
            f"on {self.device}"
        )
        return "\n".join(parts)

    def _header(self) -> tuple[str, str, str, str]:
        return ("", "estimate", "s.e.", f"{self.LEVEL:.0%} interval")

    def __str__(self) -> str:
        rows = [self._header(), *self._rows()]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join([*lines, self._summary()])

    def __repr__(self) -> str:
        found = f"J={self.J:.6g} +- {self.J_standard_error:.2g}"
        return f"Estimate({self.objective}, {self.estimator}, n={self.n}, {found})"

    def _repr_html_(self) -> str:
        def row(tag: str, cells: Sequence[str]) -> str:
            return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

        body = "".join(row("td", cells) for cells in self._rows())
        caption = html.escape(self._summary()).replace("\n", "<br>")
        return f"<table><caption>{caption}</caption>{row('th', self._header())}{body}</table>"


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise SamplingError(f"found {level}; a confidence level lies in (0, 1). Give one such as 0.95", where="level")
    return level
