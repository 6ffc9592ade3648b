"""The best b in an estimator's text: the trace of the covariance is quadratic in it, so it solves a linear equation.

With g = g0 - sum_s b(s) C_s, trace Cov(g) = trace Cov(g0) - 2 sum_s b(s) c(s) + sum_s b(s)^2 q(s) with
c(s) = trace Cov(g0, C_s) and q(s) = trace Cov(C_s), where C_s, C_s' of two states are uncorrelated: their scores are
martingale differences.  It is least at b(s) = c(s)/q(s), or at the constant sum c / sum q.

Reference: E. Greensmith, P. L. Bartlett, J. Baxter, Variance reduction techniques for gradient estimates in
reinforcement learning (2004); here the products of all times of a run are kept, so these are true minima.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from pgsym.algebra.field import Field
from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.errors import HypothesisError
from pgsym.estimators.computation import Core
from pgsym.estimators.estimator import Estimator
from pgsym.model.problem import Problem

BASELINE = "b"
"""The name of a baseline in a text."""


def response(problem: Problem, estimator: Estimator, field: Field, b: Any) -> tuple[Any, Any]:
    """c and q where b(s) is the number `b`, or {state: number}.

    Raises
    ------
    HypothesisError
        The text has no b(s), or is not linear in it.
    """
    head = next((head for head in estimator.let if head.partition("(")[0] == BASELINE), None)
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
    return t.rewrite(node, lambda part: t.Number(Fraction(0)) if _is_baseline(part) else None)


def _is_baseline(node: t.Node) -> bool:
    return isinstance(node, t.Call) and node.name == BASELINE


def _part(node: t.Node) -> t.Node | None:
    """The part of a sum of products that has b as a factor; None where b does not stand.

    Raises
    ------
    HypothesisError
        It is not linear in b.
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
