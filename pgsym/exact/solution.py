"""`solve` and its `Solution`: the quantities as SymPy expressions and tables, at points, as LaTeX and frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from typing import Any

import sympy as sp

from pgsym.algebra import DualField
from pgsym.display.result import Result, assumed, data_frame, notebook_formulas
from pgsym.errors import HypothesisError, StructureError
from pgsym.exact.fields import field_at, rational_field
from pgsym.exact.partials import partials
from pgsym.exact.quantities import Quantities
from pgsym.exact.tables import SHOWN, field_trust, leaf, short, unless_too_large
from pgsym.exact.tables import Table as Table
from pgsym.expression.latex import align, quantity_latex
from pgsym.expression.naming import labels
from pgsym.expression.notation import name_table
from pgsym.expression.quantity import LISTED, PARAMETER, QUANTITIES
from pgsym.limits import CLOSED_FORM_TERMS
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike, given_numbers, point_text
from pgsym.model.structure import Structure
from pgsym.trust import Trust


class Solution(Result):
    """The exact solution of one problem: in closed form, or at the point `theta` after `at`; made by `solve`.

    `quantities` are the field elements behind every expression.

    See Also
    --------
    pgsym.solve : Solves a problem.
    pgsym.EstimatorLaw : The mean and covariance of an estimate of `grad`.

    References
    ----------
    Sutton, McAllester, Singh and Mansour, Policy gradient methods for reinforcement learning with function
    approximation (NIPS 1999).

    Examples
    --------
    >>> from pgsym.exact import solve
    >>> print(solve("short-corridor").at())
    start-state, at theta = 0, 4 states
    J = -12
    dJ/dtheta = 2
    """

    def __init__(
        self,
        quantities: Quantities,
        problem: Problem,
        theta: Mapping[sp.Symbol, Any] | None = None,
        names: Mapping[sp.Symbol | str, str] | None = None,
    ) -> None:
        self.quantities, self.problem, self.theta = quantities, problem, theta
        self.names = names
        """LaTeX of symbols that stand for something, such as pi(a|s)."""
        self.mdp, self.policy = quantities.mdp, quantities.policy
        self.objective, self.field = quantities.objective, quantities.field

    # -- quantities --------------------------------------------------------------------------------------

    J: sp.Expr
    """The objective, in reward units."""
    rbar: sp.Expr
    """The average reward."""
    mu: Table
    """Stationary distribution by state; dimensionless, sums to 1."""
    eta: Table
    """Expected discounted visits by state; dimensionless."""
    d: Table
    """eta normalised to sum 1."""
    V: Table
    """State values, in reward units."""
    Q: Table
    """Action values by (state, action); the differential ones for the average reward."""
    A: Table
    """Advantages by (state, action)."""
    h: Table
    """Differential values by state, mu.h = 0."""
    r_pi: Table
    """Expected one-step reward by state."""
    grad: Table
    """grad J by parameter, by differentiating J."""

    def __getattr__(self, name: str) -> Any:
        """A quantity of the registry, found once; ``g``, ``nu``, ``H``, ``n`` and ``D`` too."""
        quantity = QUANTITIES.get(name)
        if quantity is None or name in ("pi", "P"):  # nested by state: they are read in `quantities`
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        by_parameter = quantity.kinds == (PARAMETER,)
        found = (self._differential if by_parameter else self.quantities).of(quantity)
        shown = self._table(name, found) if quantity.kinds else self.field.to_sympy(found)
        setattr(self, name, shown)
        return shown

    def _table(self, name: str, elements: Mapping[Any, Any]) -> Table:
        return Table(name, elements, self.field.to_sympy, self.names, self._spelt)

    @cached_property
    def P_pi(self) -> sp.Matrix:
        """Transition matrix of the induced chain, shape (non-terminal states, all states)."""
        return self._matrix([self.quantities.P_pi[s] for s in self.mdp.nonterminal], self.mdp.states)

    def _matrix(self, rows: Sequence[Mapping[Any, Any]], columns: Iterable[Any]) -> sp.Matrix:
        to_sympy, zero = self.field.to_sympy, self.field.zero
        return sp.Matrix([[to_sympy(row.get(j, zero)) for j in columns] for row in rows])

    # -- derivatives -------------------------------------------------------------------------------------

    @cached_property
    def _differential(self) -> Quantities:
        """The same quantities over a field whose elements know their derivatives."""
        if self.field.differential:
            return self.quantities
        return self._over(DualField(self.field, self.policy.params))

    def _over(self, field: Any) -> Quantities:
        q = self.quantities
        return Quantities(q.mdp, q.policy, q.objective, field, q.structure)

    @cached_property
    def theorem_gradient(self) -> Table:
        """sum_s w(s) sum_a grad pi(a|s) q(s,a): the policy gradient theorem's sum, by parameter."""
        return self._table("grad", self._differential.theorem_gradient)

    @cached_property
    def hessian(self) -> sp.Matrix:
        """Second derivatives of J, shape (k, k)."""
        params = self.policy.params
        if self.field.differential:
            field, first = self.field, self.quantities.gradient
        else:
            field = DualField(self.field, params)
            first = self._over(DualField(field, params)).gradient
        return self._matrix([field.gradient(first[i]) for i in params], params)

    @cached_property
    def fisher(self) -> sp.Matrix:
        """F = sum_s w(s) sum_a pi grad log pi grad log pi^T, with the theorem's state weight w; shape (k, k)."""
        return self._matrix(self._differential.fisher, range(len(self.policy.params)))

    @cached_property
    def natural_gradient(self) -> Table:
        """F^-1 grad J (Kakade 2002); SingularMatrixError for tabular softmax with a logit for every action.

        Fix one logit per state.
        """
        params, q = self.policy.params, self._differential
        solved = self.field.factor(q.fisher).solve([q.gradient[p] for p in params])
        return self._table("natural_gradient", dict(zip(params, solved, strict=True)))

    # -- points ------------------------------------------------------------------------------------------

    def at(self, theta: Any = None, **values: Any) -> Solution:
        """The solution at a point, the problem's own or another one, with numbers as for `Problem.at`.

        Exact where every exp(theta_i) is rational, algebraic, or the exponential of a rational; in float64 as soon as
        one given number is a float.  Symbols left out stay symbols, but are an error in floats.
        ZeroProbabilityError where pi(a|s) = 0 at theta although its derivative is not.
        """
        problem = self.problem.at(theta, **values)
        field = field_at(problem, given_numbers(theta, values))
        quantities = Quantities(problem.mdp, problem.policy, problem.objective, field, self.quantities.structure)
        return Solution(quantities, problem, problem.point)

    def partials(self, theta: Any = None, **values: Any) -> Table:
        """dJ by every parameter and every symbol of the model at a point, exact, in one pass; numbers as for `at`.

        >>> from pgsym.exact import solve
        >>> from pgsym.model import MDP, Problem
        >>> rows = [("s", "go", "end", "p", 6), ("s", "go", "s", "1 - p", "r")]
        >>> mdp = MDP.from_transitions(rows, start="s", terminal=["end"], symbols={"p": "0 < p < 1"})
        >>> solve(Problem(mdp)).partials(p="1/2", r=1)  # of 6 + r (1 - p)/p
        grad({theta_s: 0, p: -4, r: 1})
        """
        field, found = partials(self.problem, theta, values)
        return Table("grad", found, field.to_sympy, self.names)

    # -- output ------------------------------------------------------------------------------------------

    def defined(self) -> list[str]:
        """The names of the quantities that this objective and this chain define."""
        found = []
        for name in LISTED:
            with suppress(HypothesisError, StructureError):
                self.quantities.of(QUANTITIES["J" if name == "grad" else name])
                found.append(name)
        return found

    def lines(self, names: list[str] | None = None) -> list[tuple[str, sp.Expr]]:
        """(LaTeX name, value) of every scalar in the named quantities."""
        found: list[tuple[str, sp.Expr]] = []
        for name in names or self.defined():
            value = getattr(self, name)
            found += value.lines() if isinstance(value, Table) else [(quantity_latex(name), value)]
        return found

    def latex(self, names: list[str] | None = None) -> str:
        """The named quantities as the body of an ``align*``."""
        return align(self.lines(names), names=self.names)

    def frame(self, names: list[str] | None = None) -> Any:
        """A pandas frame with a row for every scalar of the named quantities and its state, action or parameter.

        >>> from pgsym.exact import solve
        >>> solve("short-corridor").at().frame(["J", "grad"])
          quantity state action parameter value
        0        J  None   None      None   -12
        1     grad  None   None     theta     2
        """
        rows: list[tuple[Any, ...]] = []
        for name in names or self.defined():
            value = getattr(self, name)
            if not isinstance(value, Table):
                rows.append((name, None, None, None, value))
                continue
            for key, entry in value.items():
                place = (None, None, key.name) if isinstance(key, sp.Symbol) else (key, None, None)
                rows.append((name, *((*key, None) if value.arity == 2 else place), entry))
        return data_frame(["quantity", "state", "action", "parameter", "value"], rows)

    @cached_property
    def _spelt(self) -> dict[Any, str]:
        """LaTeX of the model's states and actions, all distinct."""
        return name_table([*self.mdp.states, *(a for _, a in self.mdp.pairs)])

    @property
    def assumption(self) -> str:
        return self.problem.assumption

    @property
    def trust(self) -> Trust:
        return field_trust(self.field, self.theta)

    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of ``pgsym solve --json``; tables nest by state, then by action.

        Numbers are ``{"closed_form", "exact", "float"}``, of which one is given, or none if it is too large.
        """
        told = labels([*self.mdp.states, *(a for _, a in self.mdp.pairs)])
        found: dict[str, Any] = {
            "model": self.problem.name,
            "objective": str(self.objective),
            "gamma": str(self.mdp.gamma),
            "theta": None if self.theta is None else {p.name: str(v) for p, v in self.theta.items()},
            "trust": self.trust.to_json(),
        }
        for name in self.defined():
            value = unless_too_large(partial(getattr, self, name))
            if isinstance(value, Table):
                found[name] = value.nested(told, partial(self._entry, value))
            else:
                found[name] = self._views(value)
        return found

    def _entry(self, table: Table, key: Any) -> dict[str, Any]:
        return self._views(unless_too_large(lambda: table[key]))

    def _views(self, value: sp.Expr | None) -> dict[str, Any]:
        if value is None or self.theta is None:
            return {"closed_form": None if value is None else str(value), "exact": None, "float": None}
        return {"closed_form": None} | leaf(value)

    def text(self) -> str:
        params = self.policy.params
        where = "in closed form" if self.theta is None else f"at {point_text(self.theta)}"
        lines = [f"{self.objective}, {where}, {len(self.mdp.states)} states"]
        J = unless_too_large(lambda: self.J)
        grad = unless_too_large(lambda: [(p, self.grad[p]) for p in params[:SHOWN]])
        lines.append(f"J = {'too large for a closed form; see .at()' if J is None else short(J)}")
        lines += [f"dJ/d{p} = {short(e)}" for p, e in grad or ()]
        if grad is None or len(params) > SHOWN:
            lines.append(f"{len(params) - len(grad or ())} more derivatives: see .grad")
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        return notebook_formulas(self.latex(["J", "grad"]))

    def _repr_markdown_(self) -> str:
        return assumed(self.assumption and f"{self.assumption}\n", self._repr_latex_())

    def __repr__(self) -> str:
        where = "closed form" if self.theta is None else f"at {dict(self.theta)}"
        return f"Solution({self.objective}, {where}, {len(self.mdp.states)} states)"


def default_names(objective: Objective) -> list[str]:
    """The quantities that describe a solution of this objective, in reading order."""
    return ["J", "grad", *objective.definition.shown]


def solve(problem: ProblemLike, *, budget: int = CLOSED_FORM_TERMS, seconds: float | None = None) -> Solution:
    """The exact solution in closed form; everything in it is computed when it is asked for.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`.
    budget
        Largest number of terms in a polynomial.
    seconds
        Wall-clock limit of each closed form; none by default.

    Returns
    -------
    Solution
        ``.at(...)`` gives numbers.

    Raises
    ------
    HypothesisError
        The objective is not defined on this model; the message names the states.
    TooLargeError
        When a quantity is asked for whose closed form would not fit the budget.

    See Also
    --------
    verify : Is the policy gradient theorem true of the model?
    moments : The exact law of an estimator of the gradient.

    References
    ----------
    Puterman, Markov Decision Processes, 1994, chapters 5, 6 and 8.

    Examples
    --------
    >>> from pgsym.model import MDP, Problem, sigmoid
    >>> mdp = MDP.from_transitions(
    ...     [("s", "go", "end", 1, 1), ("s", "wait", "s", 1, 0)], start="s", terminal=["end"], gamma="gamma"
    ... )
    >>> solution = solve(Problem(mdp, sigmoid(mdp, {"s": "t"})))
    >>> solution.J
    exp(t)/(-gamma + exp(t) + 1)
    >>> solution.at(t="log(3)", gamma="1/2").J
    6/7
    """
    problem = Problem.of(problem)
    structure = Structure(problem.mdp, problem.policy)
    structure.require(problem.objective)
    field = rational_field(problem.mdp, problem.policy, budget=budget, seconds=seconds)
    return Solution(Quantities(problem.mdp, problem.policy, problem.objective, field, structure), problem)
