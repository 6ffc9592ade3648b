"""The fields in which one problem is evaluated: in closed form, exactly at a point, in floats, modulo a prime."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sympy as sp

from pgsym.algebra import FloatField, PrimeField, RationalField, point_field
from pgsym.algebra.field import Field
from pgsym.algebra.generators import Generators
from pgsym.algebra.size import SizeField
from pgsym.errors import StructureError
from pgsym.exact.logarithms import LogBasis
from pgsym.expression.symbols import in_order
from pgsym.limits import CLOSED_FORM_TERMS
from pgsym.model.mdp import MDP
from pgsym.model.policy import Policy
from pgsym.model.policy_checks import check_policy_at
from pgsym.model.problem import Problem


def expressions(
    mdp: MDP, policy: Policy, extra: Iterable[sp.Symbol] = (), logs: LogBasis | None = None
) -> list[sp.Expr]:
    """What has to lie in the field besides the policy's exponentials and logarithms."""
    return [*in_order(mdp.symbols), *policy.expressions(), *extra, *(logs.parameters if logs else ())]


def rational_field(
    mdp: MDP,
    policy: Policy,
    *,
    extra: Iterable[sp.Symbol] = (),
    logs: LogBasis | None = None,
    budget: int = CLOSED_FORM_TERMS,
    seconds: float | None = None,
) -> RationalField:
    """Q(x, theta, gamma, symbols): closed forms.

    A policy parameter among the `extra` symbols of a claim becomes a generator beside its exponential; `logs` are the
    logarithms that become generators.
    """
    return RationalField(
        policy.params,
        list(policy.forms()),
        expressions(mdp, policy, extra, logs),
        logarithms=_definitions(logs),
        budget=budget,
        seconds=seconds,
    )


def exact_field(
    mdp: MDP,
    policy: Policy,
    theta: Mapping[sp.Symbol, sp.Expr],
    *,
    extra: Iterable[sp.Symbol] = (),
    values: Mapping[sp.Symbol, sp.Expr] | None = None,
    logs: LogBasis | None = None,
) -> Field:
    """Exact numbers at a point theta, with `values` of other symbols; those without a value stay free."""
    found = expressions(mdp, policy, extra, logs)
    return point_field(policy.params, list(policy.forms()), found, theta, values, _definitions(logs))


def float_field(
    policy: Policy,
    theta: Mapping[sp.Symbol, float],
    symbols: Mapping[sp.Symbol, float],
    *,
    logs: LogBasis | None = None,
) -> FloatField:
    """float64 at a point."""
    return FloatField({p: theta[p] for p in policy.params}, symbols, _definitions(logs))


def field_at(problem: Problem, given: Iterable[Any] = (), extra: Collection[sp.Symbol] = ()) -> Field:
    """Exact numbers at the problem's theta; floats as soon as a component of it is one.

    So it is where one of the numbers `given` for symbols was a float; `extra` symbols are such as an estimator's.
    """
    mdp, policy, theta = problem.mdp, problem.policy, problem.point
    check_policy_at(policy, theta)
    if not any(isinstance(value, float | sp.Float) for value in (*theta.values(), *given)):
        return exact_field(mdp, policy, theta, extra=in_order(extra))
    free = sorted(symbol.name for symbol in {*mdp.symbols, *extra})
    if free:
        raise StructureError(
            f"no value for {', '.join(free)}; floats need every symbol. Give it: at({free[0]}=...)", where="symbols"
        )
    return float_field(policy, {p: float(v) for p, v in theta.items()}, {})


def prime_field(
    mdp: MDP,
    policy: Policy,
    rng: random.Random,
    *,
    extra: Iterable[sp.Symbol] = (),
    logs: LogBasis | None = None,
    generators: Generators | None = None,
) -> PrimeField:
    """Residues modulo a random prime, every generator at a random point.

    The generators may be those of another such field, where it is the same problem.
    """
    if generators is not None:
        return PrimeField.random(rng, logarithms=_definitions(logs), generators=generators)
    found = expressions(mdp, policy, extra, logs)
    return PrimeField.random(rng, policy.forms(), found, logarithms=_definitions(logs))


def size_field(policy: Policy, *, logs: LogBasis | None = None) -> SizeField:
    """Bounds on degrees and coefficients of what the other fields compute."""
    found = Generators.of(policy.forms(), ())
    return SizeField(found.exponentials, found.constant, _definitions(logs))


def _definitions(logs: LogBasis | None) -> dict[sp.Symbol, sp.Expr]:
    return logs.definitions if logs else {}
