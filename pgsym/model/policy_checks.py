"""Whether a policy is a policy at one point theta, and shares no name with its model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from typing import Any

import sympy as sp

from pgsym.errors import NameCollisionError, ProbabilityRangeError, ZeroProbabilityError
from pgsym.expression.complaint import brief, check_exponents, listed
from pgsym.expression.evaluate import Expressions
from pgsym.model.mdp import MDP
from pgsym.model.policy import Direct, Mixture, Policy, Softmax
from pgsym.model.validate import check_distinct


def check_policy_at(policy: Policy, theta: Mapping[sp.Symbol | str, Any] | Sequence[Any]) -> None:
    """Refuse a point at which the policy, or its score, does not exist.

    A softmax policy passes everywhere.  Probabilities that still hold a free symbol at `theta` are not judged.  One
    that is 0 while its derivative is not is refused: sum_a grad pi(a|s) Q(s,a) counts the action,
    sum_a pi(a|s) grad log pi(a|s) Q(s,a) does not.

    >>> from pgsym.model import MDP, direct_policy
    >>> mdp = MDP.from_transitions([("s", a, "end", 1, 1) for a in ("go", "stay")], terminal=["end"])
    >>> policy = direct_policy(mdp, {"s": {"go": "p", "stay": "1 - p"}}, ["p"])
    >>> check_policy_at(policy, {"p": "1/2"})
    >>> check_policy_at(policy, {"p": 1})
    Traceback (most recent call last):
      ...
    pgsym.errors.ZeroProbabilityError: ('s', 'stay'): pi(a|s) = 0 but d pi(a|s)/dp = -1 at p = 1; the score \
grad log pi needs pi(a|s) > 0. Move theta to the interior, or give the policy as logits
    """
    point = policy.point(theta)
    base = policy.base if isinstance(policy, Mixture) else policy
    if isinstance(base, Softmax):
        return
    place = listed(f"{symbol} = {value}" for symbol, value in point.items())
    numbers = Expressions()
    seen: set[tuple[sp.Expr, ...]] = set()
    for state in policy.states:
        if isinstance(base, Direct):  # many states, few rows
            row = tuple(base.probabilities[state].values())
            if row in seen:
                continue
            seen.add(row)
        for action, p in zip(policy.actions(state), policy.row(state, numbers), strict=True):
            if not p.is_Rational:  # numbers are checked when the policy is made
                _check_entry(p, point, where=(state, action), place=place)


def _check_entry(p: sp.Expr, point: dict[sp.Symbol, sp.Expr], *, where: Any, place: str) -> None:
    value = _at(p, point, where)
    if value.has(sp.zoo, sp.nan, sp.oo, -sp.oo):
        raise ProbabilityRangeError(
            f"pi(a|s) = {brief(p)} has a pole at {place}; a probability lies in [0, 1]. Choose another theta",
            where=where,
        )
    if value.free_symbols:
        return
    if value.is_zero:
        for symbol in (symbol for symbol in point if symbol in p.free_symbols):
            slope = _at(sp.diff(p, symbol), point, where)
            if not slope.is_zero:
                raise ZeroProbabilityError(
                    f"pi(a|s) = 0 but d pi(a|s)/d{symbol} = {brief(slope)} at {place}; the score grad log pi needs "
                    "pi(a|s) > 0. Move theta to the interior, or give the policy as logits",
                    where=where,
                )
    elif value < 0 or value > 1:
        raise ProbabilityRangeError(
            f"pi(a|s) = {brief(value)} at {place}; a probability lies in [0, 1]. Choose another theta", where=where
        )


def _at(expr: sp.Expr, point: dict[sp.Symbol, sp.Expr], where: Any) -> sp.Expr:
    """The exact value, in a form in which zero is recognised."""
    value = expr.xreplace(point)
    if value.is_Rational:
        return value
    check_exponents(value, where=where)
    return sp.radsimp(sp.cancel(value))


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
    twice = [name for name, count in Counter(params).items() if count > 1]
    if twice:
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
    check_distinct({*base.params, *weight.free_symbols, *_mentioned(base)})


def _refuse(clash: Set[str], message: str, where: str) -> None:
    if clash:
        raise NameCollisionError(f"{listed(sorted(clash))} {message}", where=where)


def all_symbols(mdp: MDP, policy: Policy) -> set[sp.Symbol]:
    """Those of the dynamics, the parameters, and what else the policy mentions: weights of mixtures."""
    return {*policy.params, *mdp.symbols, *_mentioned(policy)}


def _weights(policy: Policy) -> set[sp.Symbol]:
    return policy.epsilon.free_symbols | _weights(policy.base) if isinstance(policy, Mixture) else set()


def _mentioned(policy: Policy) -> set[sp.Symbol]:
    return {symbol for expr in set(policy.expressions()) for symbol in expr.free_symbols}
