"""The factor that would make a false equality true: left == c * right with c free of theta, or E[T]."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.compiler import Meaning
from pgsym.claims.language import tree as t
from pgsym.errors import AlgebraError, ClaimError, HypothesisError, TooLargeError

_POINTS = 2
_TERMS = 200


def candidates() -> Iterator[t.Node]:
    """The usual suspects, as expressions of the language.

    >>> print(", ".join(map(str, candidates())))
    -1, 2, 1/2, 1 - gamma, 1 / (1 - gamma), gamma, 1 / gamma, E[T], 1 / E[T], |S|, 1 / |S|
    """
    one, gamma = t.Number(Fraction(1)), t.Quantity("gamma")
    yield from (t.Neg(one), t.Number(Fraction(2)), t.Number(Fraction(1, 2)))
    for c in (one - gamma, gamma, t.Quantity("E[T]"), t.Quantity("|S|")):
        yield from (c, one / c)


def repairing_factor(setting: BoundClaim, rng: random.Random, closed: Meaning | None) -> t.Node | sp.Expr | None:
    """c with left == c * right, or None.

    The usual suspects are tested at random points modulo random primes; another ratio is looked for in closed form.
    Where several are the same number on this model, as 2 and 1/(1 - gamma) at gamma = 1/2, the one that repairs the
    claim for every gamma is preferred.

    Parameters
    ----------
    closed
        The claim's meaning in the field of rational functions, where that is affordable.
    """
    if setting.claim.relation != t.EQUAL:
        return None
    if not setting.has_limit:
        found = _repairing(setting, rng, candidates())
        if len(found) > 1 and setting.mdp.gamma.is_Rational and setting.mdp.gamma != 1:
            with contextlib.suppress(HypothesisError, AlgebraError, ZeroDivisionError):  # another discount may not do
                found = _repairing(setting.with_free_discount, rng, found) or found
        if found:
            return found[0]
    return None if closed is None else _theta_free_ratio(setting, closed)


def _repairing(setting: BoundClaim, rng: random.Random, among: Iterable[t.Node]) -> list[t.Node]:
    """The candidates that are the ratio at random points."""
    points = [setting.at_random(rng) for _ in range(_POINTS)]
    ratios = [_ratio(setting, point) for point in points]
    return [c for c in among if all(_is_value(*pair) for pair in zip(points, [c] * _POINTS, ratios, strict=True))]


def _theta_free_ratio(setting: BoundClaim, closed: Meaning) -> t.Node | sp.Expr | None:
    field = closed.tower.field(0)
    try:
        ratio = _ratio(setting, closed)
    except TooLargeError:
        return None
    if ratio is None or field.is_zero(ratio) or field.gradient(ratio) or field.terms(ratio) > _TERMS:
        return None
    named = [c for c in candidates() if _is_value(closed, c, ratio)]
    return named[0] if named else field.to_sympy(ratio)


def _is_value(meaning: Meaning, c: t.Node, ratio: Any) -> bool:
    """Whether a candidate, where it means something in this model, is the ratio; 0 repairs nothing."""
    if ratio is None or meaning.tower.field(0).is_zero(ratio):
        return False
    try:
        return meaning.tower.field(0).is_zero(ratio - meaning.compile(c)({}))
    except (HypothesisError, AlgebraError, ClaimError, ZeroDivisionError):
        return False


def _ratio(setting: BoundClaim, meaning: Meaning) -> Any | None:
    """The one c with left == c * right at every coordinate; None if there is none, or right is zero."""
    field = meaning.tower.field(0)
    left, right = meaning.compile(setting.claim.left), meaning.compile(setting.claim.right)
    ratio = None
    for env in meaning.assignments(setting.ranges):
        a, b = left(env), right(env)
        if isinstance(a, dict) and isinstance(b, dict):
            pairs = [(a.get(p, field.zero), b.get(p, field.zero)) for p in {**a, **b}]
        else:
            pairs = [] if isinstance(a, dict) or isinstance(b, dict) else [(a, b)]
        for x, y in pairs:
            if field.is_zero(y):
                if not field.is_zero(x):
                    return None
            elif ratio is None:
                ratio = x / y
            elif not field.is_zero(x - ratio * y):
                return None
    return ratio
