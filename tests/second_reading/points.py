"""Points of the domain of a model, a policy and a claim, at which the claim is read."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from pgsym.claims.language import tree as t
from pgsym.claims.setting import Setting
from pgsym.errors import ModelError
from pgsym.model import Direct
from pgsym.model.policy import Mixture, Policy
from pgsym.model.validate import witness as domain_point
from second_reading.meaning import Plain
from second_reading.point import Numbers, probabilities

GRAIN = 10007
"""The denominator of the coordinates of a random point: a prime, so that nothing cancels by chance."""

Point = dict[sp.Symbol, sp.Expr]

ATTEMPTS = 2000


def plain(setting: Setting, point: Point, claim: t.Claim | None = None) -> Plain:
    """The second reading of a setting's claim, or another, at a point; only symbols are taken from the setting."""
    second = None
    if setting.second is not None and isinstance(setting.second[1], Direct) and not setting.second[1].params:
        second = setting.second[1].probabilities
    return Plain(
        claim or setting.claim, setting.mdp, setting.policy, setting.objective, point, setting.functions, second
    )


def random_point(setting: Setting, rng: random.Random) -> Point:
    """A rational point of the domain, with values for what the claim declares."""
    point = _off_the_grid(setting, domain_point(setting.mdp, seed=rng.randrange(2**16)), rng)
    point |= {s: _between(rng, 0, 1) for s in setting.weights}
    point |= _parameters(setting, point, rng)
    for table in setting.functions.values():
        point |= {s: _between(rng, 0, 1) if place == () else _between(rng, -3, 3) for place, s in table.items()}
    if setting.second is not None and isinstance(setting.second[1], Direct) and not setting.second[1].params:
        for row in setting.second[1].probabilities.values():
            weights = [rng.randrange(1, GRAIN) for _ in row]
            free = ((w, p) for w, p in zip(weights, row.values(), strict=True) if p.is_Symbol)
            point |= {p: sp.Rational(w, sum(weights)) for w, p in free}
    return point


def _between(rng: random.Random, low: Fraction | int, high: Fraction | int) -> sp.Rational:
    return sp.Rational(rng.randrange(int(low * GRAIN) + 1, int(high * GRAIN)), GRAIN)


def _parameters(setting: Setting, point: Point, rng: random.Random) -> Point:
    """Values of the parameters for which every probability lies in [0, 1]."""
    logits = {s for form in setting.policy.forms() for s in form.symbols}
    for attempt in range(ATTEMPTS):
        free = (0, Fraction(1, 2)) if attempt < 8 else (-3, 3)
        theta = {p: _between(rng, *((-2, 2) if p in logits else free)) for p in setting.policy.params}
        if set(theta) <= logits or not any(_impossible(setting, {**point, **theta})):
            return theta
    raise ValueError("no parameters found for which every probability lies in [0, 1]")


def _impossible(setting: Setting, point: Point) -> Iterator[str]:
    """The probabilities of the policy, and the weights of its mixtures, that lie outside [0, 1] at a point."""
    numbers = Numbers(point, (), 0)
    policy: Policy = setting.policy
    for s, row in probabilities(policy, setting.mdp, numbers).items():
        for a, p in row.items():
            if p.value < 0 or p.value > 1:
                yield f"pi({a}|{s}) = {float(p.value.mid())}"
    while isinstance(policy, Mixture):
        if numbers(policy.epsilon).value < 0 or numbers(policy.epsilon).value > 1:
            yield f"the weight {policy.epsilon}"
        policy = policy.base


def outside(setting: Setting, point: Point) -> Iterator[str]:
    """In which respect a point is none of the domain of the policies."""
    yield from (f"the witness lies outside the domain: {found}" for found in _impossible(setting, point))
    if setting.second is not None and isinstance(setting.second[1], Direct) and not setting.second[1].params:
        numbers = Numbers(point, (), 0)
        for s, row in setting.second[1].probabilities.items():
            for a, p in row.items():
                if numbers(p).value < 0 or numbers(p).value > 1:
                    yield f"the witness lies outside the domain: pi'({a}|{s}) = {float(numbers(p).value.mid())}"


def _off_the_grid(setting: Setting, symbols: Point, rng: random.Random) -> Point:
    """The point moved a little, where that stays in the domain: at round numbers a side can vanish by chance."""
    if not symbols:
        return symbols
    moved = {s: v - sp.Rational(rng.randrange(1, 100), GRAIN) * (v or 1) for s, v in symbols.items()}
    try:
        setting.mdp.subs(moved)
    except ModelError:
        return symbols
    return moved
