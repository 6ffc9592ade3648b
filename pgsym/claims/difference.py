"""What must be zero for a claim to hold, coordinate by coordinate, and how large it can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.compiler import Meaning
from pgsym.claims.language import tree as t
from pgsym.claims.vectors import minus
from pgsym.errors import HypothesisError


def residues(meaning: Meaning, setting: BoundClaim) -> Iterator[tuple[tuple[Any, Any], Any]]:
    """What must be zero for the claim to hold, by (assignment of the free indices, parameters).

    For an equality, and for what denies it, left - right; for a proportion left_k right_p - left_p right_k with a pivot
    p where right is not zero, or left itself if right vanishes everywhere.  Both sides are evaluated whole, so that
    what is not defined is noticed.
    """
    claim = setting.claim
    left, right = meaning.compile(claim.left), meaning.compile(claim.right)
    if claim.relation != t.PROPORTIONAL:
        difference = meaning.compile(t.Sub(claim.left, claim.right))
        env = None
        for env in meaning.assignments(setting.ranges):
            yield from _entries(env, difference(env))
        if env is None:
            raise _nothing_said(setting)
        return
    zero, is_zero = meaning.tower.field(0).zero, meaning.tower.field(0).is_zero
    lefts: dict[Any, Any] = {}
    rights: dict[Any, Any] = {}
    env = None
    for env in meaning.assignments(setting.ranges):
        lefts.update(_entries(env, left(env)))
        rights.update(_entries(env, right(env)))
    if env is None:
        raise _nothing_said(setting)
    pivot = next((k for k, e in rights.items() if not is_zero(e)), None)
    if pivot is None:
        yield from lefts.items()
        return
    for k in {**lefts, **rights}:
        if k == pivot:
            yield k, zero
        else:
            yield k, minus(lefts.get(k, zero) * rights[pivot], lefts.get(pivot, zero) * rights.get(k, zero))


def size(setting: BoundClaim) -> tuple[int, float]:
    """Bounds on what must vanish: total degree of the numerator, and the bits of its coefficients."""
    meaning = setting.bounds()
    if setting.claim.relation == t.PROPORTIONAL:
        product = []
        for node in (setting.claim.left, setting.claim.right):
            compiled = meaning.compile(node)
            found = [e for env in meaning.assignments(setting.ranges) for _, e in _entries(env, compiled(env))]
            product.append(found)
        sizes = [a * b for a in product[0] for b in product[1]]
        sizes = [*product[0], *(meaning.tower.field(0).total(e, 2) for e in sizes)]  # left alone where right is 0
    else:
        sizes = [e for _, e in residues(meaning, setting)]
    return max((e.degree for e in sizes), default=0), max((e.bits for e in sizes), default=0.0)


def _nothing_said(setting: BoundClaim) -> HypothesisError:
    names = ", ".join(found.index for found in setting.ranges)
    return HypothesisError(
        f"there is nothing that {names} could be: no state of this model has the quantities of the claim; at gamma = 1 "
        "values are defined where every run ends. Set gamma < 1, or mark an end as terminal",
        where=names,
    )


def _entries(env: Mapping[str, Any], value: Any) -> Iterator[tuple[tuple[Any, Any], Any]]:
    place = tuple(env.items())
    if isinstance(value, dict):
        yield from (((place, p), e) for p, e in value.items())
    else:
        yield (place, None), value
