r"""What a rollout of T steps estimates: the right null hypothesis of an audit.

``horizon``
    grad J_T, the gradient of :math:`E[\sum_{t<T}\gamma^t r_t]`: the time limit is part of the problem.
``bootstrap``
    The same with V(s_T) paid at the cut and held fixed: :math:`\sum_{t<T}\gamma^t E[z_t Q(s_t, a_t)]`.  It is what an
    estimator with the exact critic has as its mean, and what the first T steps contribute to grad J.
``objective``
    grad J itself.

The three agree where every episode ends within T steps, and for T to infinity.  For the average reward, rollouts
start in the stationary distribution, h is paid at the cut, and the mean over time steps estimates grad rbar for every
T: there, ``bootstrap`` and ``objective`` agree.  All are computed by differentiating a recursion or a solve, never by
the policy gradient theorem.
"""

from __future__ import annotations

from enum import StrEnum

from pgsym.auditing.problem_arrays import Floats, ProblemArrays
from pgsym.errors import SamplingError
from pgsym.model.objective import Objective


class AuditTarget(StrEnum):
    """Which gradient an estimator means to estimate."""

    HORIZON = "horizon"
    BOOTSTRAP = "bootstrap"
    OBJECTIVE = "objective"

    @classmethod
    def parse(cls, name: str) -> AuditTarget:
        """The target of that name."""
        try:
            return cls(name)
        except ValueError:
            raise SamplingError(f"found {name!r}; must be one of {', '.join(cls)}", where="target") from None


def truth(world: ProblemArrays, horizon: int, target: AuditTarget) -> Floats:
    """The target [k], in float64.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> from pgsym.auditing.problem_arrays import build_world
    >>> p = zoo("short-corridor")
    >>> world = build_world(p)
    >>> [round(float(truth(world, 4, target)[0]), 4) for target in AuditTarget]
    [0.0625, 0.4375, 2.0]

    Raises
    ------
    SamplingError
        A horizon's gradient is asked for under a long-run objective.
    """
    if target is AuditTarget.OBJECTIVE:
        return world.scale * world.grad_J
    if world.objective is not Objective.START_STATE:
        if target is AuditTarget.HORIZON:
            raise SamplingError(
                "the objective is a long-run one; it has no horizon. Use target='objective'", where="target"
            )
        return world.scale * world.grad_J
    _, grad = world.chain.steps(horizon, world.V[:-1] if target is AuditTarget.BOOTSTRAP else None)
    return grad
