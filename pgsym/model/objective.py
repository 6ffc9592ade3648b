"""The three objectives J(theta), by the field's names."""

from __future__ import annotations

from enum import StrEnum

from pgsym.errors import SchemaError


class Objective(StrEnum):
    """What the policy maximises.

    START_STATE
        J = sum_s mu0(s) V(s); gamma < 1, or every reachable state terminates with probability 1.
    AVERAGE_REWARD
        J = rbar = sum_s mu(s) r_pi(s); unichain.
    STATIONARY_VALUE
        J = sum_s mu(s) V(s) = rbar / (1 - gamma); unichain and gamma < 1.
    """

    START_STATE = "start-state"
    AVERAGE_REWARD = "average-reward"
    STATIONARY_VALUE = "stationary-value"

    @classmethod
    def parse(cls, name: str) -> Objective:
        """The objective of that name.

        >>> Objective.parse("average-reward").name
        'AVERAGE_REWARD'
        """
        try:
            return cls(name)
        except ValueError:
            raise SchemaError(f"found {name!r}; must be one of {', '.join(cls)}", where="objective") from None
