"""What must be zero for a claim to hold, coordinate by coordinate, and how large it can be.

The size says how unlikely it is that a false claim passes an identity test (Schwartz 1980, Zippel 1979).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pgsym.algebra.prime import PRIME_BITS
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.compiler import Meaning
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import RELATIONS
from pgsym.errors import HypothesisError


def residues(meaning: Meaning, setting: BoundClaim) -> Iterator[tuple[tuple[Any, Any], Any]]:
    """What must be zero for the claim to hold, by (assignment of the free indices, parameters).

    Where the relation is about each coordinate alone, left - right is compiled as one.  Both sides are evaluated whole,
    so that what is not defined is noticed.
    """
    claim = setting.claim
    left, right = meaning.compile(claim.left), meaning.compile(claim.right)
    field, relation = meaning.tower.field(0), RELATIONS[claim.relation]
    lefts: dict[Any, Any] = {}
    rights: dict[Any, Any] = {}
    difference = None if relation.whole else meaning.compile(t.Sub(claim.left, claim.right))
    env = None
    for env in meaning.assignments(setting.ranges):
        if difference is not None:
            yield from _entries(env, difference(env))
        else:
            lefts.update(_entries(env, left(env)))
            rights.update(_entries(env, right(env)))
    if env is None:
        raise nothing_to_be(setting)
    yield from relation.must_vanish(lefts, rights, field.zero, field.is_zero).items()


def nothing_to_be(setting: BoundClaim) -> HypothesisError:
    """The complaint that the free indices run over nothing."""
    names = ", ".join(found.index for found in setting.ranges)
    return HypothesisError(
        f"there is nothing that {names} could be: no state of this model has the quantities of the claim; at "
        "gamma = 1 values are defined where every run ends. Set gamma < 1, or mark an end as terminal",
        where=names,
    )


def size(setting: BoundClaim) -> tuple[int, float]:
    """Bounds on what must vanish: total degree of the numerator, and the bits of its coefficients."""
    meaning = setting.bounds()
    if RELATIONS[setting.claim.relation].whole:
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


def _entries(env: Mapping[str, Any], value: Any) -> Iterator[tuple[tuple[Any, Any], Any]]:
    place = tuple(env.items())
    if isinstance(value, dict):
        yield from (((place, p), e) for p, e in value.items())
    else:
        yield (place, None), value


def trial_bits(degree: int, bits: float, length: int = PRIME_BITS) -> float:
    """-log2 of one trial's error with a prime of this `length` in bits, say k.

    It is degree / 2^(k-1) for the point, and for the prime (bits / (k-1)) / (number of primes): at most bits / (k-1)
    of them divide a number of that many bits.  With x = 2^(k-1), more than

        2x / log(2x) (1 + 1 / (2 log(2x))) - x / log(x) (1 + 3 / (2 log(x)))

    primes lie between x and 2x (Rosser & Schoenfeld 1962, theorem 1).
    """
    x = 2.0 ** (length - 1)
    low, high = math.log(x), math.log(2 * x)
    primes = 2 * x / high * (1 + 1 / (2 * high)) - x / low * (1 + 3 / (2 * low))
    return -math.log2(degree / (x - 1) + bits / (length - 1) / primes + 2.0**-length)


def proof_bits(each: float, trials: int, poles: int) -> float:
    """-log2 of the chance to prove a false claim in this way: all trials hold, `poles` points were drawn again.

    By the union bound over the places of the poles that is C(trials + poles - 1, poles) 2^(-each trials).  As the
    number of poles is not known beforehand, k of them may have a share of 2^-(10 + k) of the error, and none the rest.

    >>> round(proof_bits(50.5, 2, 0), 2), round(proof_bits(50.5, 2, 1), 2)
    (101.0, 89.0)
    """
    if not trials:
        return 0.0
    share = 1 - 2.0**-10 if poles == 0 else 2.0 ** -(10 + poles)
    return each * trials - math.log2(math.comb(trials + poles - 1, poles)) + math.log2(share)
