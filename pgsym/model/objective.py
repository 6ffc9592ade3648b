"""The objectives J(theta), by the field's names, and what each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pgsym.errors import SamplingError, SchemaError
from pgsym.expression.complaint import nearest


class Objective(StrEnum):
    """What the policy maximises.

    START_STATE
        J = sum_s mu0(s) V(s); gamma < 1, or every reachable state terminates with probability 1.
    AVERAGE_REWARD
        J = rbar = sum_s mu(s) r_pi(s); unichain.
    STATIONARY_VALUE
        J = sum_s mu(s) V(s) = rbar / (1 - gamma); unichain and gamma < 1.

    See Also
    --------
    Problem : What has an objective.

    Examples
    --------
    >>> Objective("average-reward").definition.J
    ('mu', 'r_pi')
    """

    START_STATE = "start-state"
    AVERAGE_REWARD = "average-reward"
    STATIONARY_VALUE = "stationary-value"

    @property
    def definition(self) -> ObjectiveDefinition:
        """What it is made of."""
        return _DEFINITIONS[self]

    def require_rollouts(self) -> None:
        """Refuse an objective that is only solved and decided, because nobody has said how to draw it."""
        if not self.definition.estimators:
            known = ", ".join(o for o in Objective if o.definition.estimators)
            raise SamplingError(
                f"the objective {self} is not drawn; rollouts are for {known}. Solve it, or choose another",
                where="objective",
            )

    @classmethod
    def parse(cls, name: str, where: str = "objective") -> Objective:
        """The objective of that name.

        >>> Objective.parse("average-reward").name
        'AVERAGE_REWARD'
        """
        try:
            return cls(name)
        except ValueError:
            message = f"found {name!r}; {nearest(name, cls, 'must be one of')}. Correct it"
            raise SchemaError(message, where=where) from None


@dataclass(frozen=True)
class ObjectiveDefinition:
    """An objective in names of quantities; `exact` and `claims` look them up."""

    J: tuple[str, str]
    """Two functions of the state: J = sum_s first(s) second(s)."""
    weight: str
    """w(s) in the sum of the policy gradient theorem."""
    needs: tuple[str, ...]
    """Hypotheses: `require_NAME` of `pgsym.model.structure.Structure`."""
    shown: tuple[str, ...]
    """What describes a solution, after J and its gradient, in reading order."""
    theorem: str
    """What the catalogue calls its policy gradient theorem."""
    meaning: str
    """What J is, in words that follow "J is"."""
    differential: bool = False
    """Values are relative to the average reward: h in the place of V."""
    estimators: tuple[str, ...] = ()
    """Those that a report samples; without any, sampling, ascent and the audit refuse the objective."""
    proved: str | None = None
    """What the proof in `pgsym/claims/derivation/proofs` proves, where there is one."""
    tables: tuple[str, ...] = ()
    """What is shown beside the proof, in reading order."""

    @property
    def formula(self) -> str:
        """J in the claim language.

        >>> Objective.START_STATE.definition.formula
        'J = sum[s] mu0(s) * V(s)'
        """
        return "J = sum[s] {}(s) * {}(s)".format(*self.J)

    @property
    def long_run(self) -> bool:
        """Whether it is about the stationary distribution, not about the start."""
        return "unichain" in self.needs

    @property
    def share(self) -> str:
        """The distribution that says how much of its time a run spends in a state."""
        return "mu" if self.long_run else "d"


MEAN_REWARD = ("mu", "r_pi")
"""J of the average reward, which has a name of its own: rbar."""

_DEFINITIONS = {
    Objective.START_STATE: ObjectiveDefinition(
        J=("mu0", "V"),
        weight="eta",
        needs=("start", "discounted_or_proper"),
        shown=("V", "Q", "eta", "d"),
        theorem="policy-gradient",
        meaning="the expected discounted return from the start distribution `mu0`; `eta(s)` counts the expected "
        "discounted visits to `s`, and `Q(s,a)` is what action `a` is worth in `s`",
        estimators=("reinforce", "reward-to-go"),
        proved="grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)",
        tables=("eta", "V", "Q"),
    ),
    Objective.AVERAGE_REWARD: ObjectiveDefinition(
        J=MEAN_REWARD,
        weight="mu",
        needs=("unichain",),
        shown=("mu", "h", "Q"),
        theorem="policy-gradient-average-reward",
        meaning="the average reward of a step; `mu(s)` is the fraction of the time spent in `s`, and `Q(s,a)` what "
        "action `a` is worth in `s` compared to the average",
        differential=True,
        estimators=("reward-to-go", "eligibility-trace"),
        proved="grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)",
        tables=("mu", "rbar", "h", "Q"),
    ),
    # What is called its theorem is false.
    Objective.STATIONARY_VALUE: ObjectiveDefinition(
        J=("mu", "V"),
        weight="mu",
        needs=("unichain", "discounted"),
        shown=("mu", "V", "Q", "rbar"),
        theorem="note-line-2",
        meaning="the mean of the discounted values `V(s)` over the stationary distribution `mu`; its gradient is not "
        "the sum of `mu(s)` times the gradient of `pi(a|s)` times `Q(s,a)`, as is often written",
        estimators=("reward-to-go", "eligibility-trace"),
        proved="grad J = 1 / (1 - gamma) * sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a) + sum[s] grad mu(s) * V(s)",
        tables=("mu", "V", "Q"),
    ),
}
