"""What the kernel sums over a rollout."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pgsym.model.objective import Objective
from pgsym.sampling.staged import Staged
from pgsym.sampling.tables import Floats, Tables


@dataclass(frozen=True)
class Plan:
    """A rollout of T steps: g = sum_t w_t z_t (U_t - b_t), J = sum_t v_t r_t."""

    score_weight: Floats
    """[T] w_t."""
    return_weight: Floats
    """[T] v_t."""
    discount: float
    """U_t = u_t - centre + discount U_{t+1}; u_t is the reward, or `gain`."""
    baseline: Floats
    """[O] b(s,a,s')."""
    centre: float = 0.0
    """Subtracted from every reward in U (an estimate's mean does not depend on it)."""
    window: int | None = None
    """Steps that U_t looks ahead; None: to the end."""
    whole_return: bool = False
    """U_t = sum_t v_t r_t for every t (REINFORCE)."""
    burn_in: int = 0
    """Steps before the first score."""
    bias: Floats | None = None
    """[k] E[g] - grad J of a long run, computed by iteration; None for a finite horizon."""
    bias_of_J: float | None = None
    """The same for J."""
    gain: Floats | None = None
    """[O] u(s,a,s') in U_t = u_t + discount U_{t+1}; None: the reward."""
    start: Floats | None = None
    """[S+1] where trajectories start; None: mu0."""
    staged: Staged | None = None
    """How the weights of scores are found where they are not of this form; None: w_t (U_t - b_t)."""

    @property
    def T(self) -> int:
        return len(self.score_weight)

    @property
    def telescopes(self) -> bool:
        """Whether w_t U_t is R_T - R_t, R_t the return of the first t steps; or R_T itself, for the whole return."""
        if self.staged is not None:
            return False
        if self.whole_return:
            return bool((self.score_weight == 1).all()) and not self.baseline.any()
        plain = self.gain is None and self.window is None and self.centre == 0
        weights = powers(self.discount, self.T)
        return plain and np.array_equal(self.score_weight, weights) and np.array_equal(self.return_weight, weights)

    def along(self, directions: Floats) -> Plan:
        """The same for `Tables.along`: only the bias is by parameter."""
        return self if self.bias is None else replace(self, bias=directions @ self.bias)


def powers(gamma: float, T: int) -> Floats:
    """[T] gamma^t."""
    return np.power(gamma, np.arange(T), dtype=np.float64)


def scale_of(tables: Tables, objective: Objective) -> float:
    """J over the average reward."""
    return 1 / (1 - tables.gamma) if objective is Objective.STATIONARY_VALUE else 1.0
