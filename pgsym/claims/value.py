"""What an expression of the claim language is worth at a problem's theta, exactly."""

from __future__ import annotations

import sympy as sp

from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.counterexample import Coordinate
from pgsym.claims.domain import require_policy
from pgsym.claims.language import tree as t
from pgsym.claims.language.parse import parse_expression
from pgsym.claims.language.relation import EQUAL
from pgsym.claims.language.statement import Claim
from pgsym.claims.witness import side
from pgsym.errors import ClaimError
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.structure import Structure


def exact_value(problem: ProblemLike, expression: str) -> dict[Coordinate, sp.Expr]:
    """Each coordinate of an expression, at theta.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`; its symbols have values.  A float in theta stands for the decimal that it is written as.
    expression
        Its text, such as ``let b(s) = V(s); grad J - 1/10 * grad b("x")``.

    Raises
    ------
    ClaimError
        The text is no expression, or one with arbitrary functions, a second policy, or abs, max or min.
    HypothesisError
        A quantity in it is not defined.

    Examples
    --------
    >>> exact_value("short-corridor", "grad J")
    {Coordinate(places=(), parameters=(theta,), minors=0): 2}
    """
    problem = Problem.of(problem)
    node, bindings = parse_expression(expression)
    claim = Claim(node, EQUAL, node, bindings, source=expression)
    mdp, policy = problem.mdp, problem.policy
    setting = BoundClaim(claim, mdp, policy, problem.objective, Structure(mdp, policy))
    if free := sorted(s.name for s in (*mdp.symbols, *setting.weights)):
        raise ClaimError(
            f"{', '.join(free)} has no value; one is required. Use problem.at(NAME=VALUE)", where=expression
        )
    if setting.second is not None or setting.functions or setting.uses(*t.EXTREMES):
        raise ClaimError(
            "found an arbitrary function, a second policy or model, or abs, max or min; the value at theta of what has "
            "neither is taken. Define it with let",
            where=expression,
        )
    require_policy(setting)
    point = {p: sp.Rational(repr(float(v))) if v.is_Float else v for p, v in problem.point.items()}
    meaning = setting.at(point, {}, {}, policy.params)
    field = meaning.tower.field(0)
    return {c: field.to_sympy(e) for c, e in side(meaning, setting, node, policy.params).items()}
