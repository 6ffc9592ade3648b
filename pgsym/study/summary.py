r"""What a study's parts say: the mean, bias and variance of the batch mean, for every cell.

A run of n trajectories gives one batch mean :math:`\bar g_r`; with R runs of a cell and
:math:`\bar g = \frac1R\sum_r \bar g_r`,

- ``variance`` :math:`= \frac{1}{R-1}\sum_r |\bar g_r - \bar g|^2` estimates tr Cov / n (R > 1),
- ``trace`` is the trace of the pooled covariance of one trajectory, which estimates tr Cov,
- ``bias`` :math:`= |\bar g - \nabla J|`, and ``noise`` :math:`= \sqrt{\mathrm{trace}/(nR)}` is what it would be on
  average (root mean square) without any bias,
- ``mse`` :math:`= \frac1R\sum_r |\bar g_r - \nabla J|^2`.

Merging is exact (`pgsym.sampling.moments`), and everything after it runs in one order in one process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pgsym.errors import AlgebraError, HypothesisError
from pgsym.estimators.estimator import Estimator
from pgsym.study.settings import Study, StudySetting
from pgsym.study.shards import cells
from pgsym.study.store import RESULTS, Store

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Exact:
    """The exact law of a setting's estimator, at its horizon."""

    gradient: Floats
    """[k] of the objective, without truncation."""
    mean: Floats
    """[k] E[g]."""
    variance: Floats
    """[k] Var[g] of one trajectory."""

    @property
    def trace(self) -> float:
        """Of one trajectory's covariance."""
        return float(self.variance.sum())

    @property
    def bias(self) -> float:
        """|E[g] - grad J|."""
        return float(np.linalg.norm(self.mean - self.gradient))


def exact_law(study: Study, setting: StudySetting) -> Exact:
    """The exact side of a setting."""
    from pgsym.estimators.moments import moments
    from pgsym.sampling.plan import is_long_run

    problem = study.problem(setting).replace(objective=setting.objective)
    it = Estimator.from_json(setting.estimator)
    if is_long_run(it, problem.objective):
        raise HypothesisError(
            "it is drawn from one long run, with burn-in and centred rewards; an exact law is of runs from the start. "
            "Give the estimator a horizon",
            where=f"{it.label} moments",
        )
    if it.horizon is None:
        it = replace(it, horizon=setting.horizon)
    law = moments(problem, it).at({x: float(v) for x, v in problem.policy.point(setting.theta).items()})

    def floats(table: Any) -> Floats:
        return np.array([float(table[x]) for x in problem.policy.params])

    return Exact(floats(law.gradient), floats(law.mean), floats(law.variance))


def summarise(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the result tables, from the parts."""
    study = store.study
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in RESULTS}
    laws: list[Exact | None] = []
    law: Exact | None
    for number, setting in enumerate(study.settings):
        try:
            law = exact_law(study, setting)
            blobs = (law.gradient.tobytes(), law.mean.tobytes(), law.variance.tobytes())
            rows["exact"].append((number, law.trace, law.bias, *blobs, None))
        except (HypothesisError, AlgebraError) as error:
            law = None
            rows["exact"].append((number, None, None, None, None, None, str(error)))
        laws.append(law)
    names = [list(setting.theta) for setting in study.settings]
    for cell in cells(study):
        _cell(store, study, cell, laws[cell.setting], names[cell.setting], rows)
    return rows


def _cell(
    store: Store, study: Study, cell: Any, law: Exact | None, names: list[str], rows: dict[str, list[tuple[Any, ...]]]
) -> None:
    from pgsym.sampling.moments import ExactMoments

    R = len(study.seeds)
    pooled = ExactMoments()
    means = []
    for run in range(R * cell.number, R * (cell.number + 1)):
        parts = store.parts(run)
        found = ExactMoments.of(part.moments for part in parts)
        for part in parts:
            pooled.add(part.moments)
        mean = found.rounded().mean
        g = mean[:-1]
        means.append(g)
        gap = None if law is None else float(((g - law.gradient) ** 2).sum())
        steps = sum(part.transitions for part in parts)
        rows["run_result"].append((run, float(mean[-1]), g.astype("<f8").tobytes(), gap, steps))
    total = pooled.rounded()
    mean, each = total.mean[:-1], _diagonal(total.M2)[:-1] / (total.n - 1)
    trace = float(each.sum())
    spread = float(((np.array(means) - mean) ** 2).sum() / (R - 1)) if R > 1 else None
    bias = mse = None
    if law is not None:
        bias = float(np.linalg.norm(mean - law.gradient))
        mse = float(((np.array(means) - law.gradient) ** 2).sum() / R)
    noise = float(np.sqrt(trace / total.n))
    rows["cell_result"].append((cell.number, R, float(total.mean[-1]), trace, spread, bias, noise, mse))
    errors = np.sqrt(each / total.n)
    for place, name in enumerate(names):
        truth = [None] * 3 if law is None else [float(a[place]) for a in (law.gradient, law.mean, law.variance)]
        found_here = (float(mean[place]), float(each[place]), float(errors[place]))
        rows["coordinate_result"].append((cell.number, place, name, *truth, *found_here))


def _diagonal(M2: Floats) -> Floats:
    return np.diagonal(M2) if M2.ndim == 2 else M2
