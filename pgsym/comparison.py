"""`compare`: estimators side by side, exact beside sampled."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from pgsym.algebra.realline import least
from pgsym.display.result import TableResult, data_frame, finite
from pgsym.errors import PgsymError, StructureError
from pgsym.estimators.estimator import Estimator, find_estimator
from pgsym.estimators.law import floats
from pgsym.estimators.moments import EstimatorLaw, moments
from pgsym.estimators.shares import shares
from pgsym.estimators.sweep import LABELS, sweep
from pgsym.exact import solve
from pgsym.exact.tables import short
from pgsym.model.problem import Problem, ProblemLike
from pgsym.trust import Level, Trust, weakest

if TYPE_CHECKING:
    # It loads jax.
    from pgsym.auditing.law_check import LawCheck
    from pgsym.display.figure import Figure

ACCURACY = 0.1
"""The relative accuracy for which the number of runs is given."""


@dataclass(frozen=True)
class ComparedEstimator:
    """One estimator of a comparison."""

    estimator: Estimator
    law: EstimatorLaw | None
    """At the problem's theta; None where there is none."""
    why: str
    """Why there is no law, or it has no numbers."""
    steps: float | None
    """The expected length of a run; of one that is cut off, T."""
    check: LawCheck | None
    """Samples beside the law."""
    not_sampled: str
    """Why there are no samples, where they were asked for."""

    def numbers(self) -> dict[str, Any]:
        """|bias|, variance, mean square error, steps and runs as floats; None where undefined."""
        law = self.law
        if law is None or self.why:
            return dict.fromkeys(("bias", "variance", "mse", "steps", "runs"))
        bias = float(np.linalg.norm(floats(law.bias))) if law.has_bias else None
        runs = None
        if law.has_bias and any(law.gradient[p] != 0 for p in law.params):
            runs = law.sample_size(ACCURACY)
        return {
            "bias": bias,
            "variance": float(law.covariance_trace),
            "mse": float(law.mse) if law.has_bias else None,
            "steps": self.steps,
            "runs": runs,
        }


@dataclass(frozen=True, repr=False)
class EstimatorComparison(TableResult):
    """Estimators side by side; made by `compare`.

    See Also
    --------
    pgsym.moments : The whole law of one.

    Examples
    --------
    >>> print(compare("short-corridor", "reinforce", "reward-to-go"))
    estimator     |bias|  variance   MSE  steps   runs
    reinforce          0      1959  1959     12  48975
    reward-to-go       0       733   733     12  18325
    runs: for a root mean square error of 10% of the gradient
    """

    problem: Problem
    rows: tuple[ComparedEstimator, ...]
    n: int = 0

    LEFT = (0,)

    def cells(self) -> list[tuple[str, ...]]:
        """A row for each estimator, with a header."""
        head = ("estimator", "|bias|", "variance", "MSE", "steps", "runs")
        found = [head + (("sampled variance", "s.e.") if self.n else ())]
        for row in self.rows:
            shown = [_shown(value) for value in row.numbers().values()]
            if row.law is not None and not row.why:
                shown[1] = short(row.law.covariance_trace)
            if self.n:
                check = row.check
                shown += ["", ""] if check is None else [_shown(check.sampled_trace), f"{check.trace_error:.2g}"]
            found.append((row.estimator.description, *shown))
        return found

    @property
    def below(self) -> list[str]:
        """What runs are, and why a law or samples are missing."""
        found = [f"runs: for a root mean square error of {ACCURACY:.0%} of the gradient"]
        for row in self.rows:
            name = row.estimator.description
            if row.why:
                found.append(f"{name} has no {'numbers' if row.law else 'law'}: {row.why}")
            elif row.not_sampled:
                found.append(f"{name} is not sampled: {row.not_sampled}")
            elif row.check is not None and not row.check.consistent:
                found.append(f"{name}: {row.check.summary}")
        return found

    @property
    def consistent(self) -> bool:
        """No samples contradict their law."""
        return all(row.check is None or row.check.consistent for row in self.rows)

    @property
    def assumption(self) -> str:
        """What nobody chose of the problem, in one line; empty where all was chosen."""
        return self.problem.assumption

    @property
    def trust(self) -> Trust:
        """Of the law that can be relied on least."""
        return weakest(row.law.trust for row in self.rows if row.law is not None) or Trust(Level.EXACT_POINT)

    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of docs/results.md."""
        return {
            "objective": str(self.problem.objective),
            "theta": {p.name: str(v) for p, v in self.problem.theta.items()},
            "n": self.n,
            "estimators": [
                {
                    "estimator": row.estimator.to_json(),
                    "description": row.estimator.description,
                    **finite(row.numbers()),
                    "why": row.why or row.not_sampled or None,
                    "sampled": finite(row.check.to_json()) if row.check else None,
                }
                for row in self.rows
            ],
            "trust": self.trust.to_json(),
        }

    def frame(self) -> Any:
        """A pandas frame with a row for each estimator."""
        columns = ["estimator", "bias", "variance", "mse", "steps", "runs"]
        return data_frame(columns, [(row.estimator.description, *row.numbers().values()) for row in self.rows])

    def least_error(self, over: str = "lambda") -> list[tuple[sp.Expr, sp.Expr, ComparedEstimator]]:
        """Between which values of a number in (0, 1) which estimator has the least mean square error, exactly.

        Estimators without the number keep their error; there is nothing where an error is no rational function of it.

        >>> found = compare("nota-thomas", "reward-to-go", "gae", let={"lambda": 1, "v(s)": 3})
        >>> [(float(low), float(high), row.estimator.name) for low, high, row in found.least_error()]
        [(0.0, 0.952..., 'gae'), (0.952..., 1.0, 'reward-to-go')]
        """
        x = sp.Dummy(over)
        errors = [(row, e) for row in self.rows if (e := _error(row, over, x)) is not None]
        try:
            return [(low, high, errors[k][0]) for low, high, k in least([e for _, e in errors], x)]
        except sp.PolynomialError:  # an irrational theta
            return []

    def plot(self, over: str = "T") -> Figure:
        """Squared bias, variance and mean square error against ``lambda``, ``gamma``, ``T`` or a name of their own.

        A panel for each; estimators without that name are left out.  A name that is swept needs no value: give it a
        symbol, as in ``let={"lambda": sp.Symbol("lambda")}``.  Over lambda or beta, bands show `least_error`.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        StructureError
            No estimator has such a number.
        """
        from pgsym.display.figure import new_figure

        made = new_figure(12.0, 4.0)
        panels = made.subplots(1, 3)
        refused: PgsymError | None = None
        colors: dict[int, Any] = {}
        for row in self.rows:
            try:
                if row.law is None:
                    continue
                one = sweep(row.law, over)
            except PgsymError as error:
                refused = error
                continue
            for axes, values in zip(panels, (one.bias**2, one.variance, one.mse), strict=True):
                (line,) = axes.plot(one.values, values, label=row.estimator.description)
            colors[id(row)] = line.get_color()
        if not panels[0].lines:
            raise refused or StructureError("no estimator has a law; a plot needs one. Give a horizon", where="plot")
        for axes, name in zip(panels, ("squared bias", "variance", "MSE"), strict=True):
            axes.set_yscale("symlog" if name == "squared bias" else "log")
            axes.set_xscale("log" if over == "T" else "linear")
            axes.set_xlabel(LABELS.get(over, over))
            axes.set_ylabel(name)
        if over in ("lambda", "beta"):
            for low, high, row in self.least_error(over):
                style = {"color": colors.get(id(row), "0.5"), "alpha": 0.15, "linewidth": 0}
                panels[-1].axvspan(float(low), float(high), label=f"least MSE: {row.estimator.description}", **style)
        panels[-1].legend()
        return made


def compare(
    problem: ProblemLike,
    *estimators: Estimator | str,
    let: Mapping[str, Any] | None = None,
    horizon: int | None = None,
    n: int = 0,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> EstimatorComparison:
    """Bias, variance, mean square error and cost of several estimators at the problem's theta.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.
    estimators
        Names, texts or `Estimator`, as for `moments`.
    let
        What names stand for, in each estimator that has them.
    horizon
        Steps after which runs are cut off; None: they are not.
    n
        Samples of each, drawn beside the exact law; 0 for none.
    seed
        Of the samples.
    progress
        Called with (done, n).

    Returns
    -------
    An estimator without a law has a row that says why.

    Raises
    ------
    StructureError
        No estimator is given.
    SchemaError, ClaimError
        One is unknown, or no estimator has such a name.

    See Also
    --------
    moments : The whole law of one.

    Examples
    --------
    >>> found = compare("short-corridor", "reward-to-go", "gae", let={"lambda": "1/2"})
    >>> [row.law.covariance_trace for row in found.rows]
    [733, 232910/17753]
    """
    problem = Problem.of(problem)
    if any(isinstance(one, list | tuple) for one in estimators):
        raise StructureError(
            "found a list; each estimator is an argument of its own. Write compare(problem, 'reinforce', 'gae'), or "
            "compare(problem, *estimators)",
            where="estimators",
        )
    if not estimators:
        raise StructureError("found none; at least one is required. Give 'reinforce'", where="estimators")
    chosen = [
        find_estimator(one, own, horizon=horizon)
        for one, own in zip(estimators, shares(estimators, let or {}), strict=True)
    ]
    return EstimatorComparison(problem, tuple(_row(problem, one, n, seed, progress) for one in chosen), n)


def _row(
    problem: Problem, estimator: Estimator, n: int, seed: int, progress: Callable[[int, int], None] | None
) -> ComparedEstimator:
    try:
        law = moments(problem, estimator).at()
        free = ", ".join(sorted(map(str, law.covariance_trace.free_symbols)))
    except PgsymError as error:
        return ComparedEstimator(estimator, None, str(error), None, None, "")
    if free:
        return ComparedEstimator(estimator, law, f"{free} has no value", None, None, "")
    check, why = None, ""
    if n:
        # It loads JAX.
        from pgsym.auditing.law_check import check_law

        try:
            check = check_law(law, n=n, seed=seed, progress=progress)
        except PgsymError as error:
            why = str(error)
    return ComparedEstimator(estimator, law, "", _steps(problem, estimator), check, why)


def _steps(problem: Problem, estimator: Estimator) -> float | None:
    """The expected length of a run, or T."""
    if estimator.horizon is not None:
        return float(estimator.horizon)
    try:
        visits = solve(problem.replace(mdp=problem.mdp.replace(gamma=1))).at().eta
        return float(sum(visits[s] for s in problem.mdp.nonterminal))
    except PgsymError:
        return None


def _error(row: ComparedEstimator, over: str, x: sp.Symbol) -> sp.Expr | None:
    """The mean square error, in x where the estimator has the number."""
    law, known = row.law, over in row.estimator.let
    if law is None or not law.has_bias or (row.why and not known):
        return None
    if not known:
        return law.mse
    try:
        return law.changed(law.problem, replace(row.estimator, let={**row.estimator.let, over: x})).mse
    except PgsymError:
        return None


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return "never" if math.isinf(value) else f"{value:.6g}" if value != int(value) else str(int(value))
