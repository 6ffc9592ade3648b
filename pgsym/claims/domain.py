"""Points at which a claim is meant to hold: every assumption is met, every probability and discount lies in [0, 1].

The first points are small numbers, so that a witness reads well.  A false claim can vanish on all of them, as a product
of (pi(a|s) - k/10) does, so later points come from ever finer grids: a rational function that is not zero vanishes on
few points of a fine grid (Schwartz 1980).  Every point is checked by exact evaluation before it is used.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sympy as sp

from pgsym.claims.bound_claim import BoundClaim, Point
from pgsym.claims.language import tree as t
from pgsym.errors import AlgebraError, UndefinedQuantityError
from pgsym.expression import domain
from pgsym.expression.complaint import brief, listed
from pgsym.expression.linear import common_denominators
from pgsym.model.validate import assumed, bounded

POINTS = 60
"""Points that are tried."""

PLAIN = 12
"""So many points are of small numbers."""

_MOVES = 8


@dataclass(frozen=True)
class Place:
    """A point of the domain: the policy's parameters, the symbols of the model, and what the claim itself declares."""

    theta: Point
    symbols: Point
    values: Point


class Domain:
    """The domain of one claim.

    >>> import pgsym
    >>> from pgsym.claims import parse
    >>> from pgsym.model import direct_policy
    >>> from pgsym.model.structure import Structure
    >>> model = pgsym.zoo("two-state")
    >>> rows = {s: {"a": "p - 1", "b": "2 - p"} for s in "xy"}
    >>> policy = direct_policy(model.mdp, rows, ["p"])
    >>> claim = parse("J = 1").claims[0]
    >>> setting = BoundClaim(claim, model.mdp, policy, model.objective, Structure(model.mdp, policy))
    >>> all(1 <= place.theta[policy.params[0]] <= 2 for place in Domain(setting).places(random.Random(0), 20))
    True
    """

    def __init__(self, setting: BoundClaim) -> None:
        self.setting = setting
        policy = setting.policy
        self._roots, _ = common_denominators(policy.forms())
        self._given = bounded(setting.mdp)
        self.chosen = list(dict.fromkeys(p for p in policy.expressions() if not p.is_Rational))
        """The policy's probabilities that are no numbers."""
        self._assumed = assumed(setting.mdp)
        rational = [p for p in policy.params if p not in self._roots]
        self._searched = [*setting.mdp.symbols, *setting.weights, *rational]

    def places(
        self, rng: random.Random, count: int, theta: Mapping[sp.Symbol, sp.Expr] | None = None
    ) -> Iterator[Place]:
        """Up to `count` points, plain ones first; the first at `theta` if it lies in the domain."""
        for attempt in range(count):
            fine = max(0, attempt - PLAIN)
            given = dict(theta) if theta and attempt == 0 else self._odds(rng, fine)
            found = self._searched_point(given, rng, attempt, fine)
            if found is None:
                continue
            point = {**given, **found}
            if not self.contains(point):
                continue
            names = self.setting.policy.params, self.setting.mdp.symbols, self.setting.weights
            at, symbols, weights = ({s: point[s] for s in some} for some in names)
            yield Place(at, symbols, {**weights, **self.setting.random_values(rng, fine)})

    def contains(self, point: Point) -> bool:
        """Whether every assumption holds there, and every probability lies in [0, 1]; exact."""
        if not all(a.holds({s: point[s] for s in a.symbols}) for a in self._assumed):
            return False
        return all(in_unit_interval(p.subs(point)) for p in (*self._given, *self.chosen))

    def _odds(self, rng: random.Random, fine: int) -> Point:
        """theta_i = q_i log(x_i) for rational odds x_i of parameters in exponentials."""
        most = 5 << fine
        return {
            p: self._roots[p] * sp.log(sp.Rational(rng.randint(1, most), rng.randint(1, most)))
            for p in self.setting.policy.params
            if p in self._roots
        }

    def _searched_point(self, given: Point, rng: random.Random, attempt: int, fine: int) -> Point | None:
        """Values of the other parameters and symbols, rational."""
        unknown = [s for s in self._searched if s not in given]
        if not unknown:
            return {}
        chosen = [p.subs(given) for p in self.chosen]
        # What stays irrational is left to the check of the whole point.
        rational = [p for p in chosen if _is_rational(p)]
        assumed = [a.replace(given) for a in self._assumed]
        found: Point | None = domain.witness([*self._given, *rational], assumed, unknown, seed=attempt)
        if found is None or not fine:
            return found
        return self._moved(found, given, rng, fine)

    def _moved(self, found: Point, given: Point, rng: random.Random, fine: int) -> Point:
        """A point nearby on a finer grid, where the domain has one."""
        grain = 1000 << fine
        for move in range(_MOVES):
            step = sp.Rational(1, 4**move)
            moved = {
                s: v + step * sp.Rational(rng.randint(-grain, grain), 4 * grain) * (abs(v) or 1)
                for s, v in found.items()
            }
            if self.contains({**given, **moved}):
                return moved
        return found


def require_policy(setting: BoundClaim) -> None:
    """Refuse a policy whose probabilities are none anywhere: all would be true of it."""
    known = Domain(setting)
    if known.chosen and next(known.places(random.Random(0), PLAIN), None) is None:
        symbols = sorted(s.name for p in known.chosen for s in p.free_symbols)
        raise UndefinedQuantityError(
            f"found no values of {listed(dict.fromkeys(symbols))} for which every probability lies in [0, 1]; there "
            f"must be some. Correct {', '.join(map(brief, known.chosen[:3]))}",
            where="policy",
        )


def require_discounts(setting: BoundClaim, rng: random.Random) -> None:
    """Refuse a claim with a discount that never lies in [0, 1]."""
    for node in setting.discounts:
        if isinstance(node, t.Number):
            if not 0 <= node.value <= 1:
                raise setting.scope.error(
                    f"found the discount {node.value}; it lies in [0, 1), or in [0, 1] where every run ends. "
                    "Choose one there",
                    node,
                )
            continue
        for place in Domain(setting).places(rng, POINTS):
            meaning = setting.at(place.theta, place.symbols, place.values, ())
            try:
                value = meaning.tower.field(0).to_sympy(meaning.compile(node)({}))
            except (ZeroDivisionError, AlgebraError):
                continue
            if in_unit_interval(value):
                break
        else:
            raise setting.scope.error(
                f"at none of {POINTS} points of the domain does this discount lie in [0, 1). Choose one that does", node
            )


def _is_rational(expr: sp.Expr) -> bool:
    """Whether rational values of its symbols give a rational value."""
    return not expr.has(sp.exp, sp.log, sp.E) and all(power.exp.is_Integer for power in expr.atoms(sp.Pow))


def in_unit_interval(value: sp.Expr) -> bool:
    """0 <= value <= 1, exactly; a pole is not."""
    if value.is_Rational:
        return bool(0 <= value <= 1)
    if not value.is_number or value.is_finite is False:
        return False
    return all(bound == True for bound in (value >= 0, value <= 1))  # noqa: E712  a relation that SymPy leaves open
