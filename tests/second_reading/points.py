"""Points of the domain of a model, a policy and a claim, at which the claim is read."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.counterexample import Witness
from pgsym.claims.language import tree as t
from pgsym.claims.language.statement import Arbitrary, Claim, ForAll, World
from pgsym.errors import ModelError
from pgsym.model import Direct
from pgsym.model.mdp import MDP
from pgsym.model.policy import Mixture, Policy
from pgsym.model.validate import witness as domain_point
from second_reading.meaning import Plain
from second_reading.point import Numbers, probabilities

GRAIN = 10007
"""The denominator of the coordinates of a random point: a prime, so that nothing cancels by chance."""

Point = dict[sp.Symbol, sp.Expr]

ATTEMPTS = 2000


@dataclass(frozen=True)
class Place:
    """A point of the domain of a model and a policy, with values for what a claim declares.

    Attributes
    ----------
    point
        Values of the symbols of the model and the policy.
    functions
        Values of arbitrary functions and numbers, by name and by what they are taken at.
    second
        The probabilities of the second policy.
    model
        The second model, where the claim has P' or r'.
    """

    point: Point
    functions: dict[str, dict[tuple[Hashable, ...], sp.Expr]]
    second: dict[Hashable, dict[Hashable, sp.Expr]]
    model: MDP | None = None


def plain(setting: BoundClaim, place: Place, claim: Claim | None = None) -> Plain:
    """The second reading of a setting's claim, or another, at a point."""
    return Plain(
        claim or setting.claim, setting.mdp, setting.policy, setting.objective, place.point, place.functions,
        place.second, place.model,
    )  # fmt: skip


def random_place(setting: BoundClaim, rng: random.Random) -> Place:
    """A rational point of the domain, with random values for what the claim declares."""
    mdp = setting.mdp
    point = _off_the_grid(setting, domain_point(mdp, seed=rng.randrange(2**16)), rng)
    point |= {s: _between(rng, 0, 1) for s in setting.weights}
    point |= _parameters(setting, point, rng)
    functions = {}
    for declared in setting.claim.bindings:
        if isinstance(declared, ForAll):
            kinds = "".join("a" if t.is_action(i) else "s" for i in declared.indices)
            places: list[tuple[Hashable, ...]] = {
                "": [()], "s": [(s,) for s in mdp.nonterminal], "sa": list(mdp.pairs),
                "ss": [(s, z) for s in mdp.nonterminal for z in mdp.nonterminal],
            }[kinds]  # fmt: skip
            functions[declared.name] = {p: _between(rng, *((-3, 3) if p else (0, 1))) for p in places}
    second = {}
    for s in mdp.nonterminal:
        weights = [rng.randrange(1, GRAIN) for _ in mdp.actions(s)]
        second[s] = {a: sp.Rational(w, sum(weights)) for a, w in zip(mdp.actions(s), weights, strict=True)}
    return Place(point, functions, second, _second_model(setting, rng))


def _second_model(setting: BoundClaim, rng: random.Random) -> MDP | None:
    """The model with random P' and r', as far as the claim has them; without r' a step pays r(s,a)."""
    mdp, arbitrary = setting.mdp, {b.name for b in setting.claim.bindings if isinstance(b, Arbitrary)}
    if not arbitrary & {"P'", "r'"}:
        return None
    rows = []
    for s, a in mdp.pairs:
        weights = {z: sp.Integer(rng.randrange(1, GRAIN)) for z in mdp.states}
        chances = {z: w / sum(weights.values()) for z, w in weights.items()}
        if "P'" not in arbitrary:
            chances = dict.fromkeys((o.state for o in mdp.outcomes(s, a)), sp.S.Zero)
            for o in mdp.outcomes(s, a):
                chances[o.state] += o.p
        mean = sp.Add(*(o.p * o.r for o in mdp.outcomes(s, a)))
        rows += [(s, a, z, p, _between(rng, -3, 3) if "r'" in arbitrary else mean) for z, p in chances.items()]
    return mdp.changed(transitions=rows)


def witness_place(setting: BoundClaim, witness: Witness) -> Place:
    """The place of a witness."""
    values = witness.values
    functions = {
        name: {place: values[symbol] for place, symbol in table.items()} for name, table in setting.functions.items()
    }
    second: dict[Hashable, dict[Hashable, sp.Expr]] = {}
    if setting.second is not None and isinstance(setting.second[1], Direct):
        for s, row in setting.second[1].probabilities.items():
            second[s] = {a: sp.sympify(p).xreplace(values) for a, p in row.items()}
    model = None
    if setting.second is not None and any(isinstance(b, Arbitrary) for b in setting.claim.bindings):
        rows = [(s, a, z, p.xreplace(values), r.xreplace(values)) for s, a, z, p, r in setting.second[0].rows]
        model = setting.second[0].changed(transitions=rows)
    return Place({**witness.theta, **witness.symbols, **_weights(setting, values)}, functions, second, model)


def _weights(setting: BoundClaim, values: Mapping[sp.Symbol, sp.Expr]) -> Point:
    return {s: values[s] for s in setting.weights}


def by_symbol(setting: BoundClaim, place: Place) -> Point:
    """The values of all symbols that stand in what a verdict shows."""
    point = dict(place.point)
    for name, table in setting.functions.items():
        point |= {symbol: place.functions[name][at] for at, symbol in table.items()}
    if setting.second is not None and isinstance(setting.second[1], Direct) and not setting.second[1].params:
        for s, row in setting.second[1].probabilities.items():
            point |= {p: place.second[s][a] for a, p in row.items() if p.is_Symbol}
    if place.model is not None and setting.second is not None:
        for s, a in setting.mdp.pairs:
            values = {o.state: o for o in place.model.outcomes(s, a)}
            for z, p, r in setting.second[0].outcomes(s, a):
                made = ((p, values[z].p), (r, values[z].r))
                point |= {e: v for e, v in made if e.is_Symbol and e not in setting.mdp.symbols}
    return point


def _between(rng: random.Random, low: Fraction | int, high: Fraction | int) -> sp.Rational:
    """Never a whole number: there a probability can be 0, which log pi(a|s) does not allow."""
    above = rng.randrange(int(low * GRAIN) + 1, int(high * GRAIN))
    return sp.Rational(above + (above % GRAIN == 0), GRAIN)


def _parameters(setting: BoundClaim, point: Point, rng: random.Random) -> Point:
    """Values of the parameters for which every probability lies in [0, 1]."""
    logits = {s for form in setting.policy.forms() for s in form.symbols}
    for attempt in range(ATTEMPTS):
        free = (0, Fraction(1, 2)) if attempt < 8 else (-3, 3)
        theta = {p: _between(rng, *((-2, 2) if p in logits else free)) for p in setting.policy.params}
        if set(theta) <= logits or not any(_impossible(setting, {**point, **theta})):
            return theta
    raise ValueError("no parameters found for which every probability lies in [0, 1]")


def _impossible(setting: BoundClaim, point: Point) -> Iterator[str]:
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


def outside(setting: BoundClaim, place: Place) -> Iterator[str]:
    """In which respect a place is none of the domain of the policies."""
    found = list(_impossible(setting, place.point))
    numbers = Numbers(place.point, (), 0)
    for s, row in ({} if _has_world(setting) else place.second).items():
        found += [f"pi'({a}|{s})" for a, p in row.items() if numbers(p).value < 0 or numbers(p).value > 1]
    yield from (f"the witness lies outside the domain: {what}" for what in found)


def _has_world(setting: BoundClaim) -> bool:
    return any(isinstance(b, World) for b in setting.claim.bindings)


def _off_the_grid(setting: BoundClaim, symbols: Point, rng: random.Random) -> Point:
    """The point moved a little, where that stays in the domain: at round numbers a side can vanish by chance."""
    if not symbols:
        return symbols
    moved = {s: v - sp.Rational(rng.randrange(1, 100), GRAIN) * (v or 1) for s, v in symbols.items()}
    try:
        setting.mdp.subs(moved)
    except ModelError:
        return symbols
    return moved
