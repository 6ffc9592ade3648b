"""The best b in an estimator's text: the trace of the covariance is quadratic in it, so it solves a linear equation.

With g = g0 - sum_s b(s) C_s, trace Cov(g) = trace Cov(g0) - 2 sum_s b(s) c(s) + sum_s b(s)^2 q(s) with
c(s) = trace Cov(g0, C_s) and q(s) = trace Cov(C_s), where C_s, C_s' of two states are uncorrelated: their scores are
martingale differences.  It is least at b(s) = c(s)/q(s), or at the constant sum c / sum q.

Reference: E. Greensmith, P. L. Bartlett, J. Baxter, Variance reduction techniques for gradient estimates in
reinforcement learning (2004); here the products of all times of a run are kept, so these are true minima.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.algebra import FloatField
from pgsym.algebra.field import Field
from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.rewriting import rewrite
from pgsym.errors import HypothesisError, TooLargeError
from pgsym.estimators.computation import Core
from pgsym.estimators.estimator import Estimator
from pgsym.estimators.numbers import base
from pgsym.limits import BASELINE_STATES
from pgsym.model.problem import Problem

BASELINE = "b"
"""The name of a baseline in a text."""


@dataclass(frozen=True)
class OptimalBaseline:
    """The baseline of least covariance trace, and that trace."""

    value: Any
    """The constant b, or b by state (without the states that a run cannot reach or where nothing is chosen). It takes
    the place of the text's b(s).
    """
    trace: sp.Expr
    """Of one sample's covariance."""


def best_constant(core: Core) -> tuple[Any, Any]:
    """b, and one sample's covariance trace with it."""
    c, q = response(core.problem, core.estimator, core.field, 1)
    if core.field.is_zero(q):
        raise HypothesisError(
            "every score is 0; a baseline changes nothing. Use a policy with a choice", where="baseline"
        )
    return c / q, _plain_trace(core) - c * c / q


def best_by_state(core: Core, states: Sequence[Hashable]) -> tuple[dict[Hashable, Any], Any]:
    """b by state, and one sample's covariance trace with it."""
    if len(states) > BASELINE_STATES:
        raise TooLargeError(
            f"{len(states)} states; the best b(s) is found for up to {BASELINE_STATES}. Use the best constant",
            where="baseline",
        )
    problem, estimator, field = core.problem, core.estimator, core.field
    values, trace, together = {}, _plain_trace(core), field.zero
    for s in states:
        c, q = response(problem, estimator, field, {s: 1})
        together = together + q
        if not field.is_zero(q):
            values[s] = c / q
            trace = trace - c * c / q
    gap = together - response(problem, estimator, field, 1)[1]
    if not isinstance(field, FloatField) and not field.is_zero(gap):
        raise HypothesisError(
            "what b(s) multiplies in one state is correlated with that in another; the best b(s) of each state needs "
            "them uncorrelated. Use the best constant",
            where="baseline",
        )
    return values, trace


def _plain_trace(core: Core) -> Any:
    """The trace without the estimator's own baseline."""
    plain = without_baseline(core.estimator.tree)
    return core.covariance_trace(plain, plain)


def response(problem: Problem, estimator: Estimator, field: Field, b: Any) -> tuple[Any, Any]:
    """c and q where b(s) is the number `b`, or {state: number}.

    HypothesisError where the text has no b(s), or is not linear in it.
    """
    head = next((head for head in estimator.let if base(head) == BASELINE), None)
    if head is None:
        raise HypothesisError("the text has no b(s), so there is no best one. Write one into it", where="baseline")
    own = replace(estimator, let={**estimator.let, head: b})
    core = Core(problem, own, field)
    part = _part(own.tree)
    if part is None:
        raise HypothesisError("the text has no b(s), so there is no best one. Write one into it", where="baseline")
    plain, C = without_baseline(own.tree), t.Neg(part)
    return core.covariance_trace(plain, C), core.covariance_trace(C, C)


def without_baseline(node: t.Node) -> t.Node:
    """The text with b = 0."""
    return rewrite(node, lambda part: t.Number(Fraction(0)) if _is_baseline(part) else None)


def _is_baseline(node: t.Node) -> bool:
    return isinstance(node, t.Call) and node.name == BASELINE


def _part(node: t.Node) -> t.Node | None:
    """The part of a sum of products that has b as a factor; None where b does not stand.

    HypothesisError where it is not linear in b.
    """
    if _is_baseline(node):
        return node
    parts = [_part(child) for child in node.children]
    found = [x for x in parts if x is not None]
    if not found:
        return None
    first = found[0]
    match node:
        case t.Neg():
            return t.Neg(first)
        case t.Add():
            return first if len(found) == 1 else first + found[1]
        case t.Sub():
            return first - found[1] if len(found) == 2 else first if parts[0] else t.Neg(first)
        case t.Mul(left, right) if len(found) == 1:
            return first * right if parts[0] else left * first
        case t.Div(_, right) if parts[0] and len(found) == 1:
            return first / right
        case runs.TimeSum(index, bounds, _):
            return runs.TimeSum(index, bounds, first)
    raise HypothesisError(f"{node} is not linear in b, so the best b solves no linear equation", where="baseline")
