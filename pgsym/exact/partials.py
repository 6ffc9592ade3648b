r"""dJ by every parameter and every symbol at a point, in one pass over the blocks of equal states.

    V(b) = r(b) + sum_c w_c V(t_c),    J = sum_s mu0(s) V(s)

From the last block to the first this gives the values; the way back gives eta(b) = dJ / dr(b), the visits.  Then

    dJ = sum_b eta(b) (dr(b) + sum_c dw_c V(t_c)) + sum_s dmu0(s) V(s),

in which the eta(b) V(t) of each distinct w_c are added up before its slopes, dual numbers, are looked at: the work on
the states does not depend on how many derivatives there are.

Reference: A. Griewank, A. Walther, Evaluating Derivatives (2008), chapter 3, the reverse mode.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import sympy as sp

from pgsym.algebra import DualField
from pgsym.algebra.dual import Dual
from pgsym.algebra.field import Field
from pgsym.errors import StructureError
from pgsym.exact.fields import exact_field
from pgsym.exact.quotient import Quotient
from pgsym.expression.complaint import listed
from pgsym.expression.exact import to_expr
from pgsym.expression.naming import in_order
from pgsym.model.mdp import Action, State
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem
from pgsym.model.structure import Structure
from pgsym.model.symbols import all_symbols


def partials(problem: Problem, theta: Any, values: Mapping[str, Any]) -> tuple[Field, dict[sp.Symbol, Any]]:
    """The field of the point, and dJ by each parameter and symbol there; numbers as for `Problem.at`."""
    if problem.objective is not Objective.START_STATE:
        raise StructureError(
            f"found {problem.objective}; derivatives by symbols are those of the start-state objective. "
            "Differentiate the closed form J",
            where="partials",
        )
    mdp, policy, point = problem.mdp, problem.policy, problem.at(theta, **values).point
    named = {**(theta if isinstance(theta, Mapping) else {}), **values}
    given = {getattr(key, "name", key): value for key, value in named.items()}
    symbols = in_order(all_symbols(mdp, policy) - set(policy.params))
    if missing := [s.name for s in symbols if s.name not in given]:
        raise StructureError(f"no value for {listed(missing)}; every symbol needs one. Add it", where="partials")
    numbers = {s: to_expr(given[s.name], where=s.name) for s in symbols}
    structure = Structure(mdp, policy)
    structure.require(problem.objective)
    field = exact_field(mdp, policy, point, values=numbers)
    return field, _Pass(problem, structure, DualField(field, [*policy.params, *symbols])).slopes()


class _Pass:
    """Values and visits by block, in the base of a field of dual numbers."""

    def __init__(self, problem: Problem, structure: Structure, field: DualField) -> None:
        self.policy, self.field, self.base = problem.policy, field, field.base
        self.quotient, self.numbering = Quotient(structure), problem.mdp.numbering
        self.gamma = field.convert(problem.mdp.gamma)
        self.start = {self.numbering.number[s]: field.convert(p) for s, p in problem.mdp.start.items()}
        self.rows: dict[Any, Sequence[Dual]] = {}
        self.weight = [self._weight(*pair) for pair in self.quotient.coefficients]
        self.reward = [self._sum(terms) for terms in self.numbering.rewards]
        self.parts = [part for b, part in enumerate(self.quotient.parts) if b == part.start > 0]
        self.systems: dict[int, Any] = {}
        self.V: list[Any] = [self.base.zero] * len(self.quotient.equations)

    def slopes(self) -> dict[sp.Symbol, Any]:
        """dJ by parameter, in order."""
        for part in self.parts:
            self._solve(part)
        total: dict[int, Any] = dict.fromkeys(range(len(self.field.parameters)), self.base.zero)
        for scale, element in [*self._visited(), *((self.V[self.quotient.block[s]], p) for s, p in self.start.items())]:
            for k, slope in element.tangents.items():
                total[k] = total[k] + scale * slope
        return {self.field.parameters[k]: slope for k, slope in total.items()}

    def _solve(self, part: range) -> None:
        base, V, right, rows = self.base, self.V, list[Any](), list[dict[int, Any]]()
        circles = False
        for k in part:
            reward, terms = self.quotient.equations[k]
            total, row = base.zero, {k - part.start: base.one}
            for c, i in reward:
                total = total + self.weight[c].value * self.reward[i].value
            for c, b in terms:
                if b in part:
                    circles, j = True, b - part.start
                    row[j] = row.get(j, base.zero) - self.weight[c].value
                else:
                    total = total + self.weight[c].value * V[b]
            right.append(total)
            rows.append(row)
        if circles:
            self.systems[part.start] = base.factor(rows)
            right = self.systems[part.start].solve(right)
        for k, value in zip(part, right, strict=True):
            V[k] = value

    def _visited(self) -> Iterable[tuple[Any, Dual]]:
        """dJ is the sum of these numbers times the slopes of these elements, but for the start."""
        base, equations = self.base, self.quotient.equations
        reached = [base.zero] * len(equations)
        for s, p in self.start.items():
            reached[self.quotient.block[s]] = reached[self.quotient.block[s]] + p.value
        moved, earned = dict[int, Any](), dict[tuple[int, int], Any]()
        for part in reversed(self.parts):
            eta = [reached[k] for k in part]
            if part.start in self.systems:
                eta = self.systems[part.start].solve_transposed(eta)
            for k, visits in zip(part, eta, strict=True):
                reward, terms = equations[k]
                for term in reward:
                    earned[term] = earned.get(term, base.zero) + visits
                for c, b in terms:
                    moved[c] = moved.get(c, base.zero) + visits * self.V[b]
                    if b not in part:
                        reached[b] = reached[b] + visits * self.weight[c].value
        yield from ((scale, self.weight[c]) for c, scale in moved.items())
        yield from ((scale, self.weight[c] * self.reward[i]) for (c, i), scale in earned.items())

    def _weight(self, pair: tuple[State, Action] | None, i: int) -> Dual:
        """pi(a|s) gamma p, or pi(a|s) for a reward."""
        choice = self.field.one if pair is None else self._row(pair[0])[self.policy.actions(pair[0]).index(pair[1])]
        if i < 0:
            return choice
        return choice * self.gamma * reduce(add, [self._expression(e) for e in self.numbering.probabilities[i]])

    def _row(self, s: State) -> Sequence[Dual]:
        key = self.policy.row_key(s)
        if key not in self.rows:
            self.rows[key] = self.policy.row(s, self.field)
        return self.rows[key]

    def _sum(self, terms: Sequence[tuple[int, int]]) -> Dual:
        return self.field.dot([self._expression(p) for p, _ in terms], [self._expression(r) for _, r in terms])

    def _expression(self, i: int) -> Dual:
        return self.field.convert(self.numbering.expressions[i])
