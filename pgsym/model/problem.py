"""A model file or zoo entry in one record: what is studied, under which policy, for which objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sympy as sp

from pgsym.model.collision import check_collision
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy


@dataclass(frozen=True)
class Problem:
    """An MDP with a policy, an objective and a point theta.

    Raises
    ------
    NameCollisionError
        The model and the policy mean different things by one name.
    """

    mdp: MDP
    policy: Policy
    objective: Objective
    theta: Mapping[sp.Symbol, sp.Expr]
    """theta by parameter: exact real numbers such as 0, 1/2 or log(2)."""
    name: str = ""
    source: str = ""
    """Where the model comes from: book section, paper, or how it was constructed."""

    def __post_init__(self) -> None:
        check_collision(self.mdp, self.policy)
