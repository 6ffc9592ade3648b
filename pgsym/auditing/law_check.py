"""The exact law of an estimator beside samples of it: its mean and its covariance trace by two routes.

The samples are drawn in `RUNS` independent runs.  The means of all samples together are tested with Hotelling's T^2
against the exact mean; the trace, whose own spread takes fourth moments, with Student's t over the runs; each at half
the false-alarm rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, ClassVar

import numpy as np
from scipy import stats

from pgsym.auditing.cross_check import Comparison, require_rate
from pgsym.display.result import data_frame
from pgsym.errors import SamplingError
from pgsym.estimators.law import FALSE_ALARM, floats
from pgsym.estimators.moments import EstimatorLaw, moments
from pgsym.model.objective import Objective
from pgsym.sampling import Estimate, build_tables, dynamics, estimate
from pgsym.sampling.moments import Moments
from pgsym.sampling.plan import is_long_run
from pgsym.sampling.tables import Floats

RUNS = 16
"""Independent runs, from whose traces the spread of a trace is taken."""

WHOLE = 3
"""Runs of whole episodes are cut off after this many times the sampler's default horizon: the second moments of what
is left out are much larger than its share of the time."""


@dataclass(frozen=True, repr=False)
class LawCheck(Comparison):
    """Sampled mean and covariance trace beside the exact ones of an `EstimatorLaw`; made by `check_law`."""

    law: EstimatorLaw
    """Of the T steps that were sampled."""
    trace: float
    """Its covariance trace."""
    traces: Floats
    """[RUNS] the sampled covariance trace of each run."""

    HEADER = ("parameter", "exact mean", "sampled", "s.e.")
    COLUMNS: ClassVar = ["quantity", "exact", "sampled", "standard_error"]

    @property
    def sampled_trace(self) -> float:
        """The mean of the runs' traces."""
        return float(self.traces.mean())

    @property
    def trace_error(self) -> float:
        """The standard error of `sampled_trace`."""
        return float(self.traces.std(ddof=1) / np.sqrt(len(self.traces)))

    @property
    def p_mean(self) -> float:
        """p-value of Hotelling's test of the mean."""
        return self.estimate.distance(self.truth.tolist()).p_value

    @property
    def p_trace(self) -> float:
        """Two-sided p-value of Student's test of the trace.

        Where nothing varies, 1 if the traces agree to the rounding of the sampler's float32, and 0 if not.
        """
        gap, error = self.sampled_trace - self.trace, self.trace_error
        if error <= Estimate.ROUNDING * abs(self.trace):
            return float(abs(gap) <= Estimate.ROUNDING * max(abs(self.trace), 1.0))
        return float(2 * stats.t.sf(abs(gap / error), len(self.traces) - 1))

    @property
    def consistent(self) -> bool:
        return min(self.p_mean, self.p_trace) >= self.false_alarm / 2

    @property
    def summary(self) -> str:
        return (
            f"{self.estimate.n} samples of {self.estimate.horizon} steps {self._answer} with the exact law: "
            f"trace {self.sampled_trace:.6g} +- {self.trace_error:.2g} (exact {self.trace:.6g}), "
            f"p {self.p_mean:.2g} for the mean, {self.p_trace:.2g} for the trace; {self.trust}"
        )

    def frame(self) -> Any:
        """As for a gradient, with a row for the covariance trace."""
        trace = ("covariance trace", self.trace, self.sampled_trace, self.trace_error)
        return data_frame(self.COLUMNS, [*self.rows(), trace])

    def to_json(self) -> dict[str, Any]:
        trace = {"exact": self.trace, "sampled": self.sampled_trace, "standard_error": self.trace_error}
        return {
            **super().to_json(),
            "p_mean": self.p_mean,
            "p_trace": self.p_trace,
            "mean": self._by_parameter(),
            "covariance_trace": trace,
        }


def check_law(
    law: EstimatorLaw,
    *,
    n: int = 100_000,
    seed: int = 0,
    false_alarm: float = FALSE_ALARM,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> LawCheck:
    """Sample an estimator and test the samples against its exact law.

    A run is cut off after T steps even where the estimator is one of whole episodes; the truth is the law of T steps.
    Of `n` trajectories in all, the first run has the `seed`, the others have those after it; `progress` is called with
    (done, n), and other options are those of `pgsym.estimate`.

    SamplingError where the law has no point, n is too small, or the sampler does not draw this estimator.

    >>> check_law(moments("short-corridor", "reward-to-go").at(), n=16_000).consistent
    True
    """
    if law.theta is None:
        raise SamplingError("the law is a closed form; samples need a point. Use law.at(theta)", where="theta")
    if n < 2 * RUNS:
        raise SamplingError(f"found {n}; {RUNS} runs of at least 2 samples are drawn. Give n >= {2 * RUNS}", where="n")
    require_rate(false_alarm)
    objective = Objective.START_STATE if law.target == "truncated" else law.target
    if is_long_run(law.estimator, objective):
        raise SamplingError(
            f"the objective is {objective}, so samples would be of one long run; the law is of runs from the start. "
            "Use start-state, or give horizon",
            where=law.estimator.label,
        )
    problem = law.problem.replace(objective=objective).at({p: float(v) for p, v in law.theta.items()})
    if law.estimator.horizon is None and "horizon" not in options:
        options["horizon"] = min(WHOLE * dynamics.default_horizon(build_tables(problem)), dynamics.MAX_STEPS)
    each, runs = n // RUNS, []
    for k in range(RUNS):
        if progress is not None:
            progress(k * each, n)
        runs.append(estimate(problem, law.estimator, n=each, seed=seed + k, progress=False, **options))
    found = replace(
        runs[0],
        moments=reduce(Moments.merge, (run.moments for run in runs)),
        seconds=sum(run.seconds for run in runs),
        transitions=sum(run.transitions for run in runs),
        assumption=law.problem.assumption,
    )
    cut = law.estimator if law.estimator.horizon is not None else replace(law.estimator, horizon=found.horizon)
    truth = moments(problem, cut, target=law.target).at()
    traces = np.array([float(run.variance.sum()) for run in runs])
    return LawCheck(found, floats(truth.mean), false_alarm, truth, float(truth.covariance_trace), traces)
