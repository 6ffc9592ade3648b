"""The objectives J(theta), by the field's names, and what each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pgsym.errors import SamplingError, SchemaError


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

    @property
    def definition(self) -> ObjectiveDefinition:
        """What it is made of.

        >>> Objective.STATIONARY_VALUE.definition.J
        ('mu', 'V')
        """
        return _DEFINITIONS[self]

    def require_rollouts(self) -> None:
        """Refuse an objective that is only solved and decided, not drawn.

        Raises
        ------
        SamplingError
            Nobody has said how to draw it.
        """
        if not self.definition.rollouts:
            known = ", ".join(o for o in Objective if o.definition.rollouts)
            raise SamplingError(
                f"the objective {self} is not drawn; rollouts are for {known}. Solve it, or choose another",
                where="objective",
            )

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


@dataclass(frozen=True)
class ObjectiveDefinition:
    """An objective in names of quantities; `exact` and `claims` look them up.

    Attributes
    ----------
    J
        Two functions of the state: J = sum_s first(s) second(s).
    weight
        w(s) in the sum of the policy gradient theorem.
    needs
        Hypotheses: `require_NAME` of `pgsym.model.structure.Structure`.
    shown
        What describes a solution, after J and its gradient, in reading order.
    theorem
        What the catalogue calls its policy gradient theorem.
    differential
        Values are relative to the average reward: h in the place of V.
    rollouts
        Whether sampling, ascent and the audit know how to draw it; they refuse the others.
    """

    J: tuple[str, str]
    weight: str
    needs: tuple[str, ...]
    shown: tuple[str, ...]
    theorem: str
    differential: bool = False
    rollouts: bool = False


MEAN_REWARD = ("mu", "r_pi")
"""J of the average reward, which has a name of its own: rbar."""

_DEFINITIONS = {
    Objective.START_STATE: ObjectiveDefinition(
        J=("mu0", "V"),
        weight="eta",
        needs=("start", "discounted_or_proper"),
        shown=("V", "Q", "eta", "d"),
        theorem="policy-gradient",
        rollouts=True,
    ),
    Objective.AVERAGE_REWARD: ObjectiveDefinition(
        J=MEAN_REWARD,
        weight="mu",
        needs=("unichain",),
        shown=("mu", "h", "Q"),
        theorem="policy-gradient-average-reward",
        differential=True,
        rollouts=True,
    ),
    # What is called its theorem is false.
    Objective.STATIONARY_VALUE: ObjectiveDefinition(
        J=("mu", "V"),
        weight="mu",
        needs=("unichain", "discounted"),
        shown=("mu", "V", "Q", "rbar"),
        theorem="note-line-2",
        rollouts=True,
    ),
}
