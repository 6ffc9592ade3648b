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
from pgsym.order.kinds import Extent, Orthant
from pgsym.order.polynomials import Polynomial, terms, value


class SolverQuestion:
    """Whether a polynomial is negative somewhere, or not positive if strict; the k-th variable is `x{k}`."""

    def __init__(self, n: int) -> None:
        self.z3 = optional("z3", "order", "inequalities on their last rung")
        self.variables = [self.z3.Real(f"x{k}") for k in range(n)]
        self.solver = self.z3.SolverFor("QF_NRA")

    def formula(self, p: Polynomial) -> Any:
        """The polynomial for z3."""
        z3 = self.z3
        return z3.Sum(
            [
                z3.RealVal(0),
                *(
                    z3.Product([z3.RealVal(c), *(v for v, e in zip(self.variables, m, strict=True) for _ in range(e))])
                    for m, c in terms(p).items()
                ),
            ]
        )

    def in_orthant(self, extents: Sequence[Extent]) -> None:
        """Variables range over an orthant."""
        for v, extent in zip(self.variables, extents, strict=True):
            if extent is not Extent.LINE:
                self.solver.add(v > 0 if extent is Extent.OPEN else v >= 0)

    def in_domain(self, domain: Orthant) -> None:
        """Variables range over a domain, in its own coordinates."""
        for v, (low, high, included) in zip(self.variables, domain.bounds(), strict=True):
            if low is not None:
                self.solver.add(v >= low if included else v > low)
            if high is not None:
                self.solver.add(v < high)
        for row in domain.rows:
            self.solver.add(self.z3.Sum([self.variables[k] for k in row]) == 1)

    def search(
        self,
        p: Polynomial,
        *,
        strict: bool,
        assumptions: Sequence[Polynomial] = (),
        equations: Sequence[Polynomial] = (),
        nonzero: Sequence[Polynomial] = (),
        seconds: float,
    ) -> SolverUnsat | list[Fraction] | None:
        """That there is none; a point near one; or nothing."""
        solver, zero = self.solver, self.z3.RealVal(0)
        solver.set("timeout", max(int(seconds * 1000), 1))
        solver.add(*(self.formula(g) >= zero for g in assumptions), *(self.formula(e) == zero for e in equations))
        solver.add(*(self.formula(d) != zero for d in nonzero))
        solver.add(self.formula(p) <= zero if strict else self.formula(p) < zero)
        answer = solver.check()
        if answer == self.z3.unsat:
            return SolverUnsat(f"z3 {self.z3.get_version_string()}")
        return [self._rational(solver.model(), v) for v in self.variables] if answer == self.z3.sat else None

    def _rational(self, model: Any, variable: Any) -> Fraction:
        """The value of a variable, or a rational number within 10^-20 of it."""
        found = model.evaluate(variable, model_completion=True)
        if self.z3.is_algebraic_value(found):
            found = found.approx(20)
        return Fraction(found.numerator_as_long(), found.denominator_as_long())


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
