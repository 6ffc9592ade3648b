"""What a refuted claim shows: a point of the domain at which it fails, and the factor that would make it true."""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

import sympy as sp

from pgsym.algebra.balls import sign_of
from pgsym.algebra.prime import PRIME_BITS
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.compiler import Meaning
from pgsym.claims.counterexample import Coordinate, Witness
from pgsym.claims.domain import POINTS, Domain, Place, in_unit_interval
from pgsym.claims.extremes import sign_at
from pgsym.claims.gaps import SYMPY, Numbers, gaps
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import EQUAL, RELATIONS
from pgsym.errors import AlgebraError, ClaimError, HypothesisError, TooLargeError, UndefinedQuantityError
from pgsym.expression.naming import in_order

COORDINATES = 40
"""With more parameters, only some derivatives are evaluated at a point."""

_SAMPLE = 8


def find_witness(setting: BoundClaim, rng: random.Random, theta: Mapping[sp.Symbol, sp.Expr] | None) -> Witness:
    """A point of the domain where the claim fails, at `theta` if it fails there."""
    found = first_witness(setting, rng, theta, POINTS)
    if found is not None:
        return found
    raise HypothesisError(
        f"its closed forms differ, but at none of {POINTS} points of the domain does it fail; if assumptions leave no "
        "more than faces of the domain, closed forms do not know. Set the symbols that these fix",
        where=str(setting.claim),
    )


def first_witness(
    setting: BoundClaim,
    rng: random.Random,
    theta: Mapping[sp.Symbol, sp.Expr] | None,
    count: int,
    seconds: float = math.inf,
) -> Witness | None:
    """The first of so many points at which the claim fails; None where it is none, or after that time."""
    until, seen = time.monotonic() + seconds, set()
    for place in Domain(setting).places(rng, count, theta):
        point = frozenset({**place.theta, **place.symbols, **place.values}.items())
        if point in seen:
            continue
        seen.add(point)
        found = witness_at(setting, place, rng)
        if found is not None or time.monotonic() > until:
            return found
    return None


def witness_at(setting: BoundClaim, place: Place, rng: random.Random) -> Witness | None:
    """Both sides at a point if the claim fails there; None where it holds, or has no exact value."""
    try:
        found = (_closed if setting.has_limit else _exact)(setting, place, _derivatives(setting, rng))
    except (ZeroDivisionError, AlgebraError, UndefinedQuantityError):
        return None  # a pole, or a point whose numbers are no field of ours: another point will do
    if found is None:
        return None
    left, right, failing = found
    symbols = {**setting.pinned, **place.symbols}
    ordered = {x: symbols[x] for x in in_order(symbols)}
    return Witness(place.theta, ordered, left, right, place.values, failing)


def _derivatives(setting: BoundClaim, rng: random.Random) -> tuple[sp.Symbol, ...]:
    params = setting.policy.params
    if len(params) <= COORDINATES or setting.needs_coordinates:
        return params
    chosen = set(rng.sample(params, _SAMPLE))
    return tuple(p for p in params if p in chosen)


Sides = tuple[dict[Coordinate, sp.Expr], dict[Coordinate, sp.Expr], tuple[Coordinate, ...] | None]
"""Both sides, and for an order where it fails."""


def _exact(setting: BoundClaim, place: Place, params: tuple[sp.Symbol, ...]) -> Sides | None:
    meaning = setting.at(place.theta, place.symbols, place.values, params)
    field = meaning.tower.field(0)
    if not all(in_unit_interval(field.to_sympy(meaning.compile(node)({}))) for node in setting.discounts):
        return None
    left, right = (side(meaning, setting, node, params) for node in (setting.claim.left, setting.claim.right))
    fails, failing = _fails(setting, left, right, field, partial(sign_at, field))
    if not fails:
        return None
    shown = [{c: field.to_sympy(e) for c, e in some.items()} for some in (left, right)]
    return shown[0], shown[1], failing


def _closed(setting: BoundClaim, place: Place, params: tuple[sp.Symbol, ...]) -> Sides | None:
    """Both sides from their closed forms: for limits, which are taken of functions."""
    meaning = setting.closed()
    field, point = meaning.tower.field(0), {**place.theta, **place.symbols, **place.values}
    shown = []
    for node in (setting.claim.left, setting.claim.right):
        found = side(meaning, setting, node, params)
        shown.append({c: sp.radsimp(sp.cancel(field.to_sympy(e).subs(point))) for c, e in found.items()})
    if any(not e.is_finite for some in shown for e in some.values()):
        return None
    fails, failing = _fails(setting, shown[0], shown[1], SYMPY, sign_of)
    return (shown[0], shown[1], failing) if fails else None


def side(meaning: Meaning, setting: BoundClaim, node: t.Node, params: tuple[sp.Symbol, ...]) -> dict[Coordinate, Any]:
    """A side's value by coordinate, zeros included."""
    compiled, zero = meaning.compile(node), meaning.tower.field(0).zero
    keys: list[tuple[sp.Symbol, ...]] = [()]
    for _ in range(setting.rank):
        keys = [(*key, p) for key in keys for p in params]
    found: dict[Coordinate, Any] = {}
    for env in meaning.assignments(setting.ranges):
        value, place = compiled(env), tuple(env.items())
        if not setting.rank:
            found[Coordinate(place)] = value
            continue
        entries = value if isinstance(value, dict) else {}
        for key in keys:
            found[Coordinate(place, key)] = entries.get(key if len(key) > 1 else key[0], zero)
    return found


def _fails(
    setting: BoundClaim, left: dict[Coordinate, Any], right: dict[Coordinate, Any], numbers: Numbers, sign: Any
) -> tuple[bool, tuple[Coordinate, ...] | None]:
    """Whether the claim fails at the point, and of an order where."""
    relation = RELATIONS[setting.claim.relation]
    if relation.larger is None:
        vanish = relation.must_vanish(left, right, sp.S.Zero, numbers.is_zero)
        return not all(map(numbers.is_zero, vanish.values())), None
    found = gaps(setting, left, right, numbers)
    failing = tuple(c for c, e in found.items() if sign(e) < relation.strict)
    return bool(failing), tuple(c for c in left if left[c] != right[c]) if setting.rank == 2 else failing


_POINTS = 128 // PRIME_BITS
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
    claim for every gamma is preferred.  `closed` is the claim's meaning in the field of rational functions, where
    that is affordable.
    """
    if setting.claim.relation != EQUAL:
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
    return [c for c in among if all(_is_value(p, c, ratio) for p, ratio in zip(points, ratios, strict=True))]


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
