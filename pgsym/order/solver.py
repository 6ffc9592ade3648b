"""The last rung: z3's decision procedure for real arithmetic, asked for a counterexample (optional, `pgsym[order]`).

That there is none rests on z3's word.  A model that it finds is only a proposal: the witness is evaluated exactly.
Equations stay equations, which is what makes Bellman's tractable: eliminated, they are far too large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.algebra.realline import fraction
from pgsym.errors import optional
from pgsym.order.certificates import SolverUnsat
from pgsym.order.kinds import Range
from pgsym.order.polynomials import Polynomial, terms, value


def counterexample(
    p: Polynomial,
    ranges: Sequence[Range],
    *,
    strict: bool,
    seconds: float,
    rows: Sequence[Sequence[int]] = (),
    assumptions: Sequence[Polynomial] = (),
    equations: Sequence[Polynomial] = (),
    nonzero: Sequence[Polynomial] = (),
) -> SolverUnsat | list[Fraction] | None:
    """That p is nowhere negative, nor zero if strict; a point near one where it is; or nothing.

    The variables of each of `rows` sum to 1.
    """
    z3 = optional("z3", "order", "inequalities on their last rung")
    variables, zero = [z3.Real(f"x{k}") for k in range(len(ranges))], z3.RealVal(0)

    def formula(p: Polynomial) -> Any:
        products = (
            z3.Product([z3.RealVal(c), *(v for v, e in zip(variables, m, strict=True) for _ in range(e))])
            for m, c in terms(p).items()
        )
        return z3.Sum([zero, *products])

    solver = z3.SolverFor("QF_NRA")
    solver.set("timeout", max(int(seconds * 1000), 1))
    for v, (low, high, included) in zip(variables, ranges, strict=True):
        if low is not None:
            solver.add(v >= low if included else v > low)
        if high is not None:
            solver.add(v < high)
    solver.add(*(z3.Sum([variables[k] for k in row]) == 1 for row in rows))
    solver.add(*(formula(g) >= zero for g in assumptions), *(formula(e) == zero for e in equations))
    solver.add(*(formula(d) != zero for d in nonzero))
    solver.add(formula(p) <= zero if strict else formula(p) < zero)
    answer = solver.check()
    if answer == z3.unsat:
        return SolverUnsat(f"z3 {z3.get_version_string()}")
    if answer != z3.sat:
        return None
    found = [solver.model().evaluate(v, model_completion=True) for v in variables]
    near = [v.approx(20) if z3.is_algebraic_value(v) else v for v in found]  # within 10^-20
    return [Fraction(v.numerator_as_long(), v.denominator_as_long()) for v in near]


def completed(
    point: Mapping[sp.Expr, Fraction], equations: Sequence[Polynomial], unknowns: Sequence[sp.Expr]
) -> dict[sp.Expr, Fraction] | None:
    """The point with the unknowns, in which the equations are linear, solved for exactly; None if they are not.

    Unknowns that the equations leave free keep their values.  The keys of `point` are the variables of the
    polynomials, in order.
    """
    known = {v: sp.Rational(c.numerator, c.denominator) for v, c in point.items() if v not in unknowns}
    left = [
        sum(c * sp.prod([known.get(v, v) ** e for v, e in zip(point, m, strict=True)]) for m, c in terms(e).items())
        for e in equations
    ]
    try:
        (found,) = sp.linsolve(left, *unknowns) if unknowns else [()]
    except (ValueError, sp.polys.matrices.linsolve.PolyNonlinearError):
        return None
    free = {v: sp.Rational(point[v].numerator, point[v].denominator) for v in unknowns}
    numbers = [e.xreplace(free) for e in found]
    solved = {v: fraction(c) for v, c in zip(unknowns, numbers, strict=True)}
    complete = {v: solved.get(v, c) for v, c in point.items()}
    return complete if all(value(e, list(complete.values())) == 0 for e in equations) else None
