r"""What the kernel sums over a rollout: w_t z_t (U_t - b_t), or the scores with weights found by stages.

Before each step a term is in a *stage*: which of its times have happened (`pgsym.claims.trajectories.stages`).
With :math:`F_t` what the steps before t multiply to, and :math:`B_t` what those from t on do, by stage,

.. math:: W_t = \sum_{\text{moves}} F_t(\text{stage})\, f(s_t,a_t,s_{t+1})\, B_{t+1}(\text{next stage}),
   \qquad g = \sum_t W_t\, z_t

where the moves are those at which the time of the score happens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from pgsym.model.objective import Objective
from pgsym.sampling.tables import Floats, Tables


class StageStep(NamedTuple):
    """A move between two stages, by number."""

    source: int
    target: int
    """Of what follows the score, the stage after the last is the end."""
    function: int
    """Row of what it is multiplied by."""
    power: int
    """Number of the weight that grows until the next step."""
    vector: int = 0
    """What a move at the score's time weighs: the score, or the vector of that number."""


@dataclass(frozen=True)
class Paths:
    """The stages of all terms and the moves between them: what fixes the program."""

    before: int
    """Stages before the score."""
    after: int
    """Stages after it."""
    first: tuple[int, ...]
    """In which stage each term begins."""
    earlier: tuple[StageStep, ...]
    scoring: tuple[StageStep, ...]
    later: tuple[StageStep, ...]


@dataclass(frozen=True)
class Staged:
    """What a general plan multiplies and adds."""

    paths: Paths
    functions: Floats
    """[K, O] what a move is multiplied by; 0 once a run has ended."""
    cut: Floats | None
    """[K, O] the same at the last step, where that counts as the end of the run; None: as at any other."""
    powers: Floats
    """[M] weights that grow from one step to the next."""
    constants: Floats
    """[terms]"""
    vectors: Floats | None = None
    """[M, O, k] what stands in the place of scores; where `cut` is not None, [2 M, O, k], the last step's behind."""


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
    offset: Floats | None = None
    """[k] what is added to every g."""

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
        """The same for `Tables.along`."""

        def along(values: Floats | None) -> Floats | None:
            return None if values is None else values @ directions.T

        staged = self.staged and replace(self.staged, vectors=along(self.staged.vectors))
        return replace(self, bias=along(self.bias), offset=along(self.offset), staged=staged)


def powers(gamma: float, T: int) -> Floats:
    """[T] gamma^t."""
    return np.power(gamma, np.arange(T), dtype=np.float64)


def scale_of(tables: Tables, objective: Objective) -> float:
    """J over the average reward."""
    return 1 / (1 - tables.gamma) if objective is Objective.STATIONARY_VALUE else 1.0
