"""What an estimator means to estimate: which gradient, and its exact value."""

from __future__ import annotations

from enum import StrEnum

from pgsym.auditing.problem_arrays import Floats, ProblemArrays
from pgsym.errors import SamplingError
from pgsym.model.objective import Objective


class AuditTarget(StrEnum):
    """Which gradient an estimator means to estimate."""

    TRUNCATED = "truncated"
    BOOTSTRAP = "bootstrap"
    OBJECTIVE = "objective"

    @classmethod
    def parse(cls, name: str) -> AuditTarget:
        """The target of that name."""
        try:
            return cls(name)
        except ValueError:
            raise SamplingError(f"found {name!r}; must be one of {', '.join(cls)}", where="target") from None


def target_gradient(arrays: ProblemArrays, horizon: int, target: AuditTarget) -> Floats:
    """The target [k], in float64; SamplingError for a horizon's gradient under a long-run objective.

    >>> from pgsym.auditing.problem_arrays import build_arrays
    >>> from pgsym.model.zoo import zoo
    >>> arrays = build_arrays(zoo("short-corridor"))
    >>> [round(float(target_gradient(arrays, 4, target)[0]), 4) for target in AuditTarget]
    [0.0625, 0.4375, 2.0]
    """
    known = arrays.targets
    if (horizon, target) not in known:
        known[horizon, target] = _differentiated(arrays, horizon, target)
    return known[horizon, target]


def _differentiated(arrays: ProblemArrays, horizon: int, target: AuditTarget) -> Floats:
    long_run = arrays.objective is not Objective.START_STATE
    if long_run and target is AuditTarget.TRUNCATED:
        raise SamplingError(
            "the objective is a long-run one; it has no horizon. Use target='objective'", where="target"
        )
    if long_run or target is AuditTarget.OBJECTIVE:
        return arrays.scale * arrays.grad_J
    _, grad = arrays.chain.steps(horizon, arrays.V[:-1] if target is AuditTarget.BOOTSTRAP else None)
    return grad


def penalised_gradient(arrays: ProblemArrays, horizon: int, target: AuditTarget) -> Floats:
    """The gradient of J_T with its penalty [k], in float64; SamplingError for another target."""
    if arrays.objective is not Objective.START_STATE or target is not AuditTarget.TRUNCATED:
        raise SamplingError(
            "kl_to and entropy are a penalty of the first T steps from the start; for another target the whole is an "
            "expression. Give truth=",
            where="target",
        )
    return arrays.penalised.steps(horizon).grad
