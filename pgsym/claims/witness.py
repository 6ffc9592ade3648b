"""A point at which a refuted claim fails, in the model's domain, with rational odds and both exact values."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import sympy as sp

from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.compiler import Meaning
from pgsym.claims.domain import POINTS, Domain, Place, in_unit_interval
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import RELATIONS
from pgsym.claims.verdict import Coordinate, Witness
from pgsym.errors import AlgebraError, UndefinedQuantityError

COORDINATES = 40
"""With more parameters, only some derivatives are evaluated at a point."""

_SAMPLE = 8


def find_witness(setting: BoundClaim, rng: random.Random, theta: Mapping[sp.Symbol, sp.Expr] | None) -> Witness:
    """A point of the domain where the claim fails, at `theta` if it fails there.

    Raises
    ------
    AlgebraError
        No point of the domain shows what the algebra refuted.
    """
    for place in Domain(setting).places(rng, POINTS, theta):
        try:
            found = (_closed if setting.has_limit else _exact)(setting, place, _derivatives(setting, rng))
        except (ZeroDivisionError, AlgebraError, UndefinedQuantityError):
            continue  # a pole, or a point whose numbers are no field of ours: another point will do
        if found is not None:
            left, right = found
            return Witness(place.theta, {**setting.pinned, **place.symbols}, left, right, place.values)
    raise AlgebraError(
        f"refuted by a nonzero difference, but none of {POINTS} points of the model's domain shows it. "
        "Declare narrower assumptions for its symbols",
        where=str(setting.claim),
    )


def _derivatives(setting: BoundClaim, rng: random.Random) -> tuple[sp.Symbol, ...]:
    params = setting.policy.params
    if len(params) <= COORDINATES or setting.needs_coordinates:
        return params
    chosen = set(rng.sample(params, _SAMPLE))
    return tuple(p for p in params if p in chosen)


Sides = tuple[dict[Coordinate, sp.Expr], dict[Coordinate, sp.Expr]]


def _exact(setting: BoundClaim, place: Place, params: tuple[sp.Symbol, ...]) -> Sides | None:
    meaning = setting.at(place.theta, place.symbols, place.values, params)
    field = meaning.tower.field(0)
    if not all(in_unit_interval(field.to_sympy(meaning.compile(node)({}))) for node in setting.discounts):
        return None
    left, right = (_side(meaning, setting, node, params) for node in (setting.claim.left, setting.claim.right))
    if _agree(setting, left, right, field.is_zero):
        return None
    shown = [{c: field.to_sympy(e) for c, e in side.items()} for side in (left, right)]
    return shown[0], shown[1]


def _closed(setting: BoundClaim, place: Place, params: tuple[sp.Symbol, ...]) -> Sides | None:
    """Both sides from their closed forms: for limits, which are taken of functions."""
    meaning = setting.closed()
    field, point = meaning.tower.field(0), {**place.theta, **place.symbols, **place.values}
    shown = []
    for node in (setting.claim.left, setting.claim.right):
        side = _side(meaning, setting, node, params)
        shown.append({c: sp.radsimp(sp.cancel(field.to_sympy(e).subs(point))) for c, e in side.items()})
    if any(not e.is_finite for side in shown for e in side.values()):
        return None
    return None if _agree(setting, shown[0], shown[1], lambda e: e == 0) else (shown[0], shown[1])


def _side(meaning: Meaning, setting: BoundClaim, node: t.Node, params: tuple[sp.Symbol, ...]) -> dict[Coordinate, Any]:
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


def _agree(setting: BoundClaim, left: dict[Coordinate, Any], right: dict[Coordinate, Any], is_zero: Any) -> bool:
    """Whether the claim holds at the point."""
    relation = RELATIONS[setting.claim.relation]
    return all(map(is_zero, relation.must_vanish(left, right, sp.S.Zero, is_zero).values()))
