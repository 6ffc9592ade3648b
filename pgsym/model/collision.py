"""Names that a model and its policy may not share: a name stands for one symbol wherever the two meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import sympy as sp

from pgsym.errors import NameCollisionError
from pgsym.expression.complaint import listed
from pgsym.model.mdp import MDP
from pgsym.model.policy import Mixture, Policy
from pgsym.model.validate import check_distinct


def check_collision(mdp: MDP, policy: Policy) -> None:
    """A shared name would make d/dtheta differentiate the dynamics as well, or tie the exploration to the model.

    Raises
    ------
    NameCollisionError
        A parameter or a mixture weight with the name of a symbol of the dynamics, a parameter that is listed twice, or
        two different SymPy symbols of one name.
    """
    dynamics = {s.name for s in mdp.symbols}
    clash = {p.name for p in policy.params} & dynamics
    if clash:
        raise NameCollisionError(
            f"{listed(sorted(clash))} names both a policy parameter and a symbol of the dynamics; "
            "d/dtheta would silently differentiate P. Rename one of them",
            where="policy",
        )
    clash = {s.name for s in _weights(policy)} & dynamics
    if clash:
        raise NameCollisionError(
            f"{listed(sorted(clash))} names both a symbol of the mixture weight and one of the dynamics; names must be "
            "distinct. Rename one",
            where="epsilon",
        )
    duplicates = [name for name, count in Counter(p.name for p in policy.params).items() if count > 1]
    if duplicates:
        raise NameCollisionError(
            f"parameter {listed(sorted(duplicates))} is listed twice; names must be distinct. Rename one",
            where="policy",
        )
    check_distinct(all_symbols(mdp, policy))


def all_symbols(mdp: MDP, policy: Policy) -> set[sp.Symbol]:
    """Those of the dynamics, the parameters, and what else the policy mentions: weights of mixtures."""
    return {*policy.params, *mdp.symbols, *_mentioned(policy.expressions())}


def check_weight(base: Policy, weight: sp.Expr) -> None:
    """The weight of a mixture has symbols of its own.

    Raises
    ------
    NameCollisionError
        One of its symbols has the name of a parameter, or of a different symbol of the policy.
    """
    clash = {s.name for s in weight.free_symbols} & {p.name for p in base.params}
    if clash:
        raise NameCollisionError(
            f"{listed(sorted(clash))} names both a policy parameter and a symbol of the mixture weight; names must be "
            "distinct. Rename one",
            where="epsilon",
        )
    check_distinct({*base.params, *weight.free_symbols, *_mentioned(base.expressions())})


def _weights(policy: Policy) -> set[sp.Symbol]:
    found: set[sp.Symbol] = set()
    while isinstance(policy, Mixture):
        found |= policy.epsilon.free_symbols
        policy = policy.base
    return found


def _mentioned(expressions: Iterable[sp.Expr]) -> set[sp.Symbol]:
    return {symbol for expr in set(expressions) for symbol in expr.free_symbols}
