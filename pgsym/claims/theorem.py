"""The policy gradient theorem of each objective, as a tree."""

from __future__ import annotations

from fractions import Fraction

from pgsym.claims.tree import Equal, Grad, Node, Number, Quantity, Sum
from pgsym.model.objective import Objective


def policy_gradient_sum(weight: str) -> Node:
    """sum[s] w(s) * sum[a] grad pi(a|s) * Q(s,a), for a state weight by name."""
    inner = Sum("a", Grad(Quantity("pi", ("a", "s"))) * Quantity("Q", ("s", "a")))
    return Sum("s", Quantity(weight, ("s",)) * inner)


def policy_gradient_theorem(objective: Objective) -> Equal:
    """The theorem (Sutton et al. 2000): grad J is the weighted sum, with eta for start-state and mu otherwise.

    For ``stationary-value`` this is the statement of many lecture notes; it is false.

    >>> print(policy_gradient_theorem(Objective.AVERAGE_REWARD))
    grad J == sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)
    """
    weight = "eta" if objective is Objective.START_STATE else "mu"
    return Equal(Grad(Quantity("J")), policy_gradient_sum(weight))


def stationary_value_gap() -> Equal:
    """What the scaled theorem lacks for J = sum_s mu(s) V(s), exactly (Baxter & Bartlett 2001).

    >>> print(stationary_value_gap())
    grad J - (sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)) / (1 - gamma) == sum[s] grad mu(s) * V(s)
    """
    shift = Sum("s", Grad(Quantity("mu", ("s",))) * Quantity("V", ("s",)))
    return Equal(Grad(Quantity("J")) - scaled_sum(), shift)


def scaled_sum() -> Node:
    """1/(1 - gamma) sum[s] mu(s) sum[a] grad pi(a|s) Q(s,a)."""
    return policy_gradient_sum("mu") / (Number(Fraction(1)) - Quantity("gamma"))
