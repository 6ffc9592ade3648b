"""The fields in which one problem is evaluated: in closed form, exactly at a point, in floats, modulo a prime."""

from __future__ import annotations

import random
from collections.abc import Mapping

import sympy as sp

from pgsym.algebra import FloatField, PrimeField, RationalField, point_field
from pgsym.algebra.field import Field
from pgsym.algebra.polynomial import DEFAULT_BUDGET
from pgsym.model.mdp import MDP
from pgsym.model.policy import Policy


def expressions(mdp: MDP, policy: Policy) -> list[sp.Expr]:
    """What has to lie in the field besides the policy's exponentials."""
    return [*sorted(mdp.symbols, key=lambda s: s.name), *policy.expressions()]


def rational_field(
    mdp: MDP, policy: Policy, *, budget: int = DEFAULT_BUDGET, seconds: float | None = None
) -> RationalField:
    """Q(x, theta, gamma, symbols): closed forms."""
    return RationalField(policy.params, list(policy.forms()), expressions(mdp, policy), budget=budget, seconds=seconds)


def exact_field(mdp: MDP, policy: Policy, theta: Mapping[sp.Symbol, sp.Expr]) -> Field:
    """Exact numbers at a point theta; symbols of the dynamics stay free."""
    return point_field(policy.params, list(policy.forms()), expressions(mdp, policy), theta)


def float_field(policy: Policy, theta: Mapping[sp.Symbol, float], symbols: Mapping[sp.Symbol, float]) -> FloatField:
    """float64 at a point."""
    return FloatField({p: float(theta[p]) for p in policy.params}, {s: float(v) for s, v in symbols.items()})


def prime_field(mdp: MDP, policy: Policy, rng: random.Random) -> PrimeField:
    """Residues modulo a random prime, every generator at a random point."""
    return PrimeField.random(rng, list(policy.forms()), expressions(mdp, policy), policy.params)
