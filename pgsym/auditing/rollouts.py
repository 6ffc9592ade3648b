"""How an audit collects data: horizon, batch size, layout, framework; and how it calls a user's estimator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from pgsym.auditing.batch import LAYOUTS, Batch, Sampler, Streams, arrange, make_batches
from pgsym.auditing.frameworks import framework_of, policy_functions
from pgsym.auditing.problem_arrays import Floats, Ints, ProblemArrays, build_arrays
from pgsym.errors import SamplingError
from pgsym.model.problem import Problem, ProblemLike

Estimator = Callable[[Any, Batch], Any]
"""estimator(theta, batch) -> gradient [k], or [batch.episodes, k]."""

BATCH_SIZE = 32
PER_ROW = 2
"""Episodes of a row in the layout ``vector``."""


class Rollouts:
    """Batches of a problem, and what a user's estimator makes of them.

    Parameters
    ----------
    arrays
        The problem as arrays, or the problem itself.
    horizon
        T, the time limit.
    batch_size
        Episodes of a batch.
    layout
        ``episodes`` [B, T], ``vector`` [B/2, 2T] or ``flat`` [n].
    framework
        ``numpy``, ``jax`` or ``torch``.
    """

    def __init__(
        self,
        arrays: ProblemArrays | ProblemLike,
        *,
        horizon: int,
        batch_size: int = BATCH_SIZE,
        layout: str = "episodes",
        framework: str = "numpy",
    ) -> None:
        if layout not in LAYOUTS:
            raise SamplingError(f"found {layout!r}; must be one of {', '.join(LAYOUTS)}", where="layout")
        if horizon < 1:
            raise SamplingError(f"found {horizon}; at least one step is required. Give horizon >= 1", where="horizon")
        if batch_size < 1 or (layout == "vector" and batch_size % PER_ROW):
            need = "an even number" if layout == "vector" else "at least 1"
            raise SamplingError(f"found {batch_size}; {need} is required", where="batch_size")
        arrays = arrays if isinstance(arrays, ProblemArrays) else build_arrays(Problem.of(arrays))
        self.arrays, self.horizon, self.batch_size, self.layout = arrays, horizon, batch_size, layout
        self.framework = framework_of(framework)
        self.policy = policy_functions(arrays, framework)
        self.theta = self.framework.put(arrays.tables.theta)

    @property
    def per_row(self) -> int:
        """Episodes that follow one another in a row."""
        return {"episodes": 1, "vector": PER_ROW, "flat": self.batch_size}[self.layout]

    def streams(self, outcome: Ints) -> Streams:
        """Any number of batches [n, T], arranged."""
        return arrange(self.arrays, outcome, self.per_row)

    def batch(self, *, seed: int) -> Batch:
        """One batch, to try an estimator on."""
        return next(self._batches(self.streams(Sampler(self.arrays, self.horizon, seed).chunk(0, self.batch_size))))

    def _batches(self, streams: Streams) -> Iterator[Batch]:
        return make_batches(streams, self.batch_size, self.layout, self.framework, self.policy)

    def estimates(self, estimator: Estimator, streams: Streams) -> Floats:
        """[D, k] what the estimator makes of each of D batches: its result, or the mean of one row an episode.

        Raises
        ------
        SamplingError
            A result has another shape, or is not finite.
        """
        return np.array([self._checked(estimator(self.theta, batch)).mean(0) for batch in self._batches(streams)])

    def _checked(self, result: Any) -> Floats:
        """[1, k] or [B, k]"""
        found = self.arrays.scale * self.framework.get(result)
        k, B = self.arrays.k, self.batch_size
        if found.shape not in ((k,), (B, k)):
            raise SamplingError(
                f"the result has shape {found.shape}; a gradient has shape ({k},), or ({B}, {k}) with one "
                "row an episode. Return one of these",
                where="estimator",
            )
        if not np.isfinite(found).all():
            raise SamplingError(
                f"{int((~np.isfinite(found)).sum())} of {found.size} entries are not finite; a gradient is a vector of "
                "numbers. Look for log(0) or a division by a standard deviation of 0",
                where="estimator",
            )
        return found.reshape(-1, k)
