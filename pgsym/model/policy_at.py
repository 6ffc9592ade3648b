"""Whether a policy is a policy at one point theta: probabilities in [0, 1], and none that is 0 but not flat there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp

from pgsym.errors import ProbabilityRangeError, ZeroProbabilityError
from pgsym.expression.complaint import brief, listed
from pgsym.expression.evaluate import Expressions
from pgsym.expression.growth import check_exponents
from pgsym.model.policy import Direct, Mixture, Policy, Softmax


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
