"""The symbols of a model and its policy, whose names must be distinct."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set

import sympy as sp

from pgsym.errors import NameCollisionError
from pgsym.expression.complaint import listed
from pgsym.model.mdp import MDP
from pgsym.model.policy import Mixture, Policy
from pgsym.model.validate import check_distinct


def check_collision(mdp: MDP, policy: Policy) -> None:
    """A shared name would make d/dtheta differentiate the dynamics as well, or tie the exploration to the model."""
    dynamics = {s.name for s in mdp.symbols}
    params = [p.name for p in policy.params]
    _refuse(
        dynamics.intersection(params),
        "names both a policy parameter and a symbol of the dynamics; d/dtheta would silently differentiate P. "
        "Rename one of them",
        "policy",
    )
    _refuse(
        dynamics & {s.name for s in _weights(policy)},
        "names both a symbol of the mixture weight and one of the dynamics; names must be distinct. Rename one",
        "epsilon",
    )
    if len(params) > len(set(params)):
        twice = [name for name, count in Counter(params).items() if count > 1]
        raise NameCollisionError(
            f"parameter {listed(sorted(twice))} is listed twice; names must be distinct. Rename one", where="policy"
        )
    check_distinct(all_symbols(mdp, policy))


def check_weight(base: Policy, weight: sp.Expr) -> None:
    """The weight of a mixture has symbols of its own."""
    _refuse(
        {s.name for s in weight.free_symbols} & {p.name for p in base.params},
        "names both a policy parameter and a symbol of the mixture weight; names must be distinct. Rename one",
        "epsilon",
    )
    check_distinct({*base.params, *weight.free_symbols, *base.mentioned})


def _refuse(clash: Set[str], message: str, where: str) -> None:
    if clash:
        raise NameCollisionError(f"{listed(sorted(clash))} {message}", where=where)


def all_symbols(mdp: MDP, policy: Policy) -> set[sp.Symbol]:
    """Those of the dynamics, the parameters, and what else the policy mentions: weights of mixtures."""
    return {*policy.params, *mdp.symbols, *policy.mentioned}


def _weights(policy: Policy) -> set[sp.Symbol]:
    return policy.epsilon.free_symbols | _weights(policy.base) if isinstance(policy, Mixture) else set()
