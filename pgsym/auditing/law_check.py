"""The exact law of an estimator beside samples of it: its mean and its covariance trace by two routes.

The samples are drawn in `RUNS` independent runs.  The means of all samples together are tested with Hotelling's T^2
against the exact mean; the trace, whose own spread takes fourth moments, with Student's t over the runs.  A run is
cut off after T steps even where the estimator is one of whole episodes, so the truth is the law of T steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from pgsym.display.result import TableResult, data_frame
from pgsym.errors import SamplingError
from pgsym.exact.moments import EstimatorLaw, moments
from pgsym.model.estimator import is_long_run
from pgsym.model.objective import Objective
from pgsym.sampling import Estimate, build_tables, dynamics, estimate
from pgsym.trust import Level, Trust

if TYPE_CHECKING:
    from pgsym.display.figure import Figure

Floats = NDArray[np.float64]

FALSE_ALARM = 1e-3
"""Default probability that samples of the right law are called inconsistent; half for each of the two tests."""

RUNS = 16
"""Independent runs, from whose traces the spread of a trace is taken."""

WHOLE = 3
"""Runs of whole episodes are cut off after this many times the sampler's default horizon: the second moments of what
is left out are much larger than its share of the time."""


@dataclass(frozen=True)
class LawCheck(TableResult):
    """Sampled mean and covariance trace beside the exact ones; made by `check_law`.

    Attributes
    ----------
    estimate : Estimate
        All samples together.
    traces : array, shape (RUNS,)
        The sampled covariance trace of each run.
    law : EstimatorLaw
        The exact law of the T steps that were sampled.
    mean : array, shape (k,)
        Its mean.
    trace : float
        Its covariance trace.
    false_alarm : float
        Probability that samples of this law are called inconsistent.

    See Also
    --------
    pgsym.EstimatorLaw : What is tested.
    """

    estimate: Estimate
    traces: Floats
    law: EstimatorLaw
    mean: Floats
    trace: float
    false_alarm: float

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
        return self.estimate.distance(self.mean.tolist()).p_value

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
        """Neither test rejects."""
        return min(self.p_mean, self.p_trace) >= self.false_alarm / 2

    @property
    def trust(self) -> Trust:
        """How far the answer can be relied on."""
        return Trust(Level.SAMPLED, false_alarm=self.false_alarm)

    @property
    def summary(self) -> str:
        """One line."""
        answer = "consistent" if self.consistent else "INCONSISTENT"
        return (
            f"{self.estimate.n} samples of {self.estimate.horizon} steps {answer} with the exact law: "
            f"trace {self.sampled_trace:.6g} +- {self.trace_error:.2g} (exact {self.trace:.6g}), "
            f"p {self.p_mean:.2g} for the mean, {self.p_trace:.2g} for the trace; {self.trust}"
        )

    @property
    def assumption(self) -> str:
        """What nobody chose of the problem, in one line; empty where all was chosen."""
        return self.estimate.assumption

    def rows(self) -> list[tuple[str, float, float, float]]:
        """(parameter, exact mean, sampled mean, standard error)."""
        e = self.estimate
        columns = (self.mean.tolist(), e.mean.tolist(), e.standard_error.tolist())
        return list(zip((p.name for p in e.params), *columns, strict=True))

    def cells(self) -> list[tuple[str, ...]]:
        """Exact beside sampled, by parameter."""
        rows = [(name, *(f"{x:.6g}" for x in numbers)) for name, *numbers in self.rows()]
        return [("parameter", "exact mean", "sampled", "s.e."), *rows]

    @property
    def below(self) -> list[str]:
        """The answer."""
        return [self.summary]

    def frame(self) -> Any:
        """A pandas frame with a row for each parameter, and one for the covariance trace.

        Raises
        ------
        MissingExtraError
            pandas is not installed.
        """
        trace = ("covariance trace", self.trace, self.sampled_trace, self.trace_error)
        return data_frame(["quantity", "exact", "sampled", "standard_error"], [*self.rows(), trace])

    def plot(self) -> Figure:
        """The sampled mean with its joint intervals beside the exact one.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        """
        return self.estimate.plot(self.mean.tolist())

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        e = self.estimate
        return {
            "consistent": self.consistent,
            "n": e.n,
            "horizon": e.horizon,
            "seed": e.seed,
            "false_alarm": self.false_alarm,
            "trust": self.trust.to_json(),
            "p_mean": self.p_mean,
            "p_trace": self.p_trace,
            "mean": {
                name: {"exact": exact, "sampled": mean, "standard_error": error}
                for name, exact, mean, error in self.rows()
            },
            "covariance_trace": {
                "exact": self.trace,
                "sampled": self.sampled_trace,
                "standard_error": self.trace_error,
            },
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

    Parameters
    ----------
    law
        At a point theta, of one sample.
    n
        Trajectories in all, at least 2 in each of the `RUNS` runs.
    seed
        Of the first run; the others have the seeds after it.
    progress
        Called with (done, n).
    options
        As for `pgsym.estimate`.

    Returns
    -------
    LawCheck

    Raises
    ------
    SamplingError
        The law has no point, n is too small, or the sampler does not draw this estimator.

    Examples
    --------
    >>> check_law(moments("short-corridor", "reward-to-go").at(), n=16_000).consistent
    True
    """
    if law.theta is None:
        raise SamplingError("the law is a closed form; samples need a point. Use law.at(theta)", where="theta")
    if n < 2 * RUNS:
        raise SamplingError(f"found {n}; {RUNS} runs of at least 2 samples are drawn. Give n >= {2 * RUNS}", where="n")
    if not 0 < false_alarm < 1:
        raise SamplingError(f"found {false_alarm}; a false-alarm rate lies in (0, 1)", where="false_alarm")
    objective = Objective.START_STATE if law.target == "truncated" else law.target
    if is_long_run(law.estimator, objective):
        raise SamplingError(
            f"the objective is {objective}, so samples would be of one long run; the law is of runs from the start. "
            "Use start-state, or an eligibility trace of T steps",
            where=law.estimator.name,
        )
    point = {p: float(v) for p, v in law.theta.items()}
    problem = law.problem.replace(objective=objective).at(point)
    if law.estimator.cut_off is None and "horizon" not in options:
        tables = build_tables(problem)
        options["horizon"] = min(WHOLE * dynamics.default_horizon(tables), dynamics.MAX_STEPS)
    each, traces, found = n // RUNS, [], None
    for k in range(RUNS):
        if progress is not None:
            progress(k * each, n)
        one = estimate(problem, law.estimator, n=each, seed=seed + k, progress=False, **options)
        traces.append(float(one.variance.sum()))
        if found is None:
            found = one
        else:
            found = replace(
                found,
                moments=found.moments.merge(one.moments),
                seconds=found.seconds + one.seconds,
                transitions=found.transitions + one.transitions,
            )
    assert found is not None
    found = replace(found, assumption=law.problem.assumption)
    cut = law.estimator if law.estimator.cut_off is not None else replace(law.estimator, horizon=found.horizon)
    truth = moments(problem, cut, target=law.target).at()
    mean = np.array([float(truth.mean[p]) for p in law.params])
    return LawCheck(found, np.array(traces), truth, mean, float(truth.covariance_trace), false_alarm)
