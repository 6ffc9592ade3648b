"""Whether a policy is a policy at one point theta: probabilities in [0, 1], and none that is 0 but not flat there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sympy as sp

from pgsym.errors import NameCollisionError, ProbabilityRangeError, ZeroProbabilityError
from pgsym.expression.complaint import brief, listed
from pgsym.expression.evaluate import Expressions
from pgsym.expression.growth import check_exponents
from pgsym.model.mdp import MDP
from pgsym.model.policy import Direct, Mixture, Policy, Softmax
from pgsym.model.validate import check_distinct


def check_policy_at(policy: Policy, theta: Mapping[sp.Symbol | str, Any] | Sequence[Any]) -> None:
    """Refuse a point at which the policy, or its score, does not exist.

    A softmax policy passes everywhere.  Probabilities that still hold a free symbol at `theta` are not judged.

    Raises
    ------
    PolicyError
        `theta` is incomplete or not real.
    ProbabilityRangeError
        Some pi(a|s) is outside [0, 1], or undefined, at `theta`.
    ZeroProbabilityError
        Some pi(a|s) is 0 at `theta` although its derivative is not: sum_a grad pi(a|s) Q(s,a) counts the
        action, sum_a pi(a|s) grad log pi(a|s) Q(s,a) does not.

    Examples
    --------
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
