"""What an objective has beside the returns: the divergence from a reference policy, and the entropy."""

from __future__ import annotations

from typing import Any, NamedTuple

from pgsym.auditing.behaviour import Behaviour, collecting
from pgsym.errors import SamplingError
from pgsym.expression.exact import to_expr
from pgsym.model.problem import Problem
from pgsym.sampling.tables import Floats


class Penalty(NamedTuple):
    """beta KL(pi || reference) - alpha H(pi) in each state that is visited, discounted like rewards."""

    reference: Floats | None
    """[N]"""
    beta: float
    alpha: float

    @property
    def name(self) -> str:
        """The target with it."""
        kl = f" - {self.beta:g} KL(pi || kl_to)" if self.beta else ""
        return f"grad (J_T{kl}{f' + {self.alpha:g} H(pi)' if self.alpha else ''})"

    @classmethod
    def of(cls, problem: Problem, kl_to: Behaviour | None, beta: Any, entropy: Any) -> Penalty | None:
        """From a policy written like `behaviour`, and two numbers; None where there is no penalty."""
        weights = {name: to_expr(x, where=name) for name, x in (("beta", beta), ("entropy", entropy))}
        for name, x in weights.items():
            if not (x.is_number and x.is_real):
                raise SamplingError(f"found {x}; a number is required. Correct it", where=name)
        if (kl_to is None) != (weights["beta"] == 0):
            missing, given = ("beta", "kl_to") if kl_to is not None else ("kl_to", "beta")
            raise SamplingError(
                f"{given} is given without {missing}; a penalty needs both. Give {missing}", where=given
            )
        if kl_to is None and weights["entropy"] == 0:
            return None
        reference = None if kl_to is None else collecting(problem, kl_to)
        return cls(reference, float(weights["beta"]), float(weights["entropy"]))
