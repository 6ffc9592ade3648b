"""J and its gradient by pgsym and by its peers.

A solver is prepared outside the clock (imports, and for the peers the matrix in their own types: more than
pgsym is given, whose time starts at the MDP and includes its checks) and then yields J, and the gradient.
"""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from exact_families import Instance
from sympy.core.cache import clear_cache

from pgsym.model import Objective, Problem

Point = Mapping[sp.Symbol, Fraction]


class Solver(ABC):
    """One way of finding J and its gradient."""

    needs: str | None = None
    """The package that must be installed."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    @abstractmethod
    def objective(self) -> Any:
        """J in lowest terms, in the solver's own type."""

    @abstractmethod
    def gradient(self, J: Any) -> Sequence[Any]:
        """dJ/dtheta_i for all parameters, each in lowest terms."""

    @abstractmethod
    def at(self, element: Any, point: Point) -> Fraction:
        """The value of a result at a rational point."""

    def terms(self, element: Any) -> int | None:
        """Terms of numerator and denominator, where the solver can tell."""
        return None


class Pgsym(Solver):
    """`pgsym.exact.solve`, timed from the MDP."""

    def __init__(self, instance: Instance) -> None:
        from pgsym.exact import solve

        super().__init__(instance)
        self._solve = solve

    def objective(self) -> Any:
        i = self.instance
        self._solution = self._solve(Problem(i.mdp, i.policy, i.objective))
        return self._solution.quantities.J

    def gradient(self, J: Any) -> Sequence[Any]:
        return list(self._solution.quantities.gradient.values())

    def at(self, element: Any, point: Point) -> Fraction:
        values = [point[_generator(g)] for g in self._solution.field.generators]
        result = _polynomial_at(element.numerator, values) / int(element.scale)
        for part, power in element.base.live(element.factors):
            result /= _polynomial_at(part.poly, values) ** power
        return result

    def terms(self, element: Any) -> int | None:
        return _count(element.numerator) + _count(element.denominator())


def _generator(g: sp.Expr) -> sp.Symbol:
    """The benchmark's symbol for a generator of the field: x_theta for exp(theta)."""
    return sp.Symbol(f"x_{g.args[0].name}") if isinstance(g, sp.exp) else g


def _terms(poly: Any) -> list[tuple[tuple[int, ...], int]]:
    if hasattr(poly, "monoms"):
        return [(tuple(map(int, m)), int(c)) for m, c in zip(poly.monoms(), poly.coeffs(), strict=True)]
    return [((k,), int(c)) for k, c in enumerate(poly.coeffs()) if c != 0]


def _count(poly: Any) -> int:
    return len(_terms(poly))


def _polynomial_at(poly: Any, values: Sequence[Fraction]) -> Fraction:
    """Over a common denominator, with a table of powers: a polynomial may have 10^5 terms."""
    terms = _terms(poly)
    degrees = [max((m[i] for m, _ in terms), default=0) for i in range(len(values))]
    tables = [
        [v.numerator**k * v.denominator ** (d - k) for k in range(d + 1)] for v, d in zip(values, degrees, strict=True)
    ]
    total = 0
    for monomial, coefficient in terms:
        for table, k in zip(tables, monomial, strict=True):
            coefficient *= table[k]
        total += coefficient
    common = 1
    for v, d in zip(values, degrees, strict=True):
        common *= v.denominator**d
    return Fraction(total, common)


class SympyMatrix(Solver):
    """`Matrix.LUsolve`, then `cancel`."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance)
        n = len(instance.rows)
        self._A = sp.Matrix(n, n, lambda i, j: instance.rows[i].get(j, sp.Integer(0)))
        self._b = sp.Matrix(instance.rewards)

    def objective(self) -> Any:
        clear_cache()
        return sp.cancel(self._A.LUsolve(self._b)[self.instance.target])

    def gradient(self, J: Any) -> Sequence[Any]:
        return [sp.cancel(x * sp.diff(J, x)) for x in self.instance.odds]

    def at(self, element: Any, point: Point) -> Fraction:
        value = sp.sympify(element).subs({g: sp.Rational(v.numerator, v.denominator) for g, v in point.items()})
        return Fraction(int(value.p), int(value.q))


class SympyDomain(Solver):
    """`DomainMatrix.lu_solve` over the field of fractions."""

    def __init__(self, instance: Instance) -> None:
        from sympy.polys.matrices import DomainMatrix

        super().__init__(instance)
        n = len(instance.rows)
        self._ring = sp.ZZ[instance.generators]
        self._field = self._ring.get_field()
        dense = [[self._element(row.get(j, sp.Integer(0))) for j in range(n)] for row in instance.rows]
        self._A = DomainMatrix(dense, (n, n), self._field)
        self._b = DomainMatrix([[self._element(e)] for e in instance.rewards], (n, 1), self._field)

    def _element(self, expr: sp.Expr) -> Any:
        return self._field.from_sympy(expr)

    def objective(self) -> Any:
        return self._A.lu_solve(self._b).to_list()[self.instance.target][0]

    def gradient(self, J: Any) -> Sequence[Any]:
        return [self._element(x) * J.diff(self._element(x)) for x in self.instance.odds]

    def at(self, element: Any, point: Point) -> Fraction:
        values = [(g, sp.QQ(point[s].numerator, point[s].denominator)) for g, s in self._rational(point)]
        above = element.numer.set_ring(self._over_q).evaluate(values)
        below = element.denom.set_ring(self._over_q).evaluate(values)
        ratio = sp.QQ.to_sympy(above / below)
        return Fraction(int(ratio.p), int(ratio.q))

    def _rational(self, point: Point) -> list[tuple[Any, sp.Symbol]]:
        self._over_q = sp.QQ[self.instance.generators].ring
        return list(zip(self._over_q.gens, self.instance.generators, strict=True))


class SympyDeterminants(SympyDomain):
    """Two division-free determinants (`DomainMatrix.charpoly` over the ring), by Cramer's rule."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance)
        dense = []
        for row, right in zip(self._A.to_list(), self._b.to_list(), strict=True):
            common = self._ring.one
            for element in (*row, *right):
                common = self._ring.lcm(common, element.denom)
            dense.append([self._ring.from_FractionField(element * common, self._field) for element in (*row, *right)])
        n = len(dense)
        self._matrix = self._over_ring([row[:n] for row in dense])
        k = instance.target
        self._replaced = self._over_ring([[*row[:k], row[n], *row[k + 1 : n]] for row in dense])

    def _over_ring(self, dense: list[list[Any]]) -> Any:
        from sympy.polys.matrices import DomainMatrix

        return DomainMatrix(dense, (len(dense), len(dense)), self._ring)

    def objective(self) -> Any:
        # Both determinants carry the same sign (-1)^n.
        above, below = self._replaced.charpoly()[-1], self._matrix.charpoly()[-1]
        return self._field.convert_from(above, self._ring) / self._field.convert_from(below, self._ring)


class SympyStats(SympyMatrix):
    """`DiscreteMarkovChain`: fundamental matrix, or stationary distribution; then `cancel`."""

    def __init__(self, instance: Instance) -> None:
        from sympy.stats import DiscreteMarkovChain

        super().__init__(instance)
        states = list(instance.states)
        n = len(states)
        average = instance.objective is Objective.AVERAGE_REWARD
        T = sp.zeros(n, n) if average else sp.zeros(n + 1, n + 1)
        for i, row in enumerate(instance.chain):
            for t, p in row.items():
                if t in states:
                    T[i, states.index(t)] = p if average else sp.cancel(instance.mdp.gamma * p)
            if not average:
                T[i, n] = sp.cancel(1 - sum(T[i, :]))
        if not average:
            T[n, n] = 1
        self._chain = DiscreteMarkovChain("Y", trans_probs=sp.ImmutableMatrix(T))

    def objective(self) -> Any:
        clear_cache()
        if self.instance.objective is Objective.AVERAGE_REWARD:
            return sp.cancel((self._chain.stationary_distribution() * self._b)[0])
        order, _, _, transient = self._chain.decompose()
        order = [int(s) for s in order][-transient.rows :]
        visits = self._chain.fundamental_matrix()
        rewards = sp.Matrix([self._b[s] for s in order])
        return sp.cancel((visits[order.index(self.instance.target), :] * rewards)[0])


class Storm(Solver):
    """Parametric model checking: expected reward until the end, or in the long run."""

    needs = "stormpy"

    def __init__(self, instance: Instance) -> None:
        import stormpy
        from stormpy import models
        from stormpy.numbers import RationalFunction

        super().__init__(instance)
        self._numbers = StormNumbers(instance.generators)
        average = instance.objective is Objective.AVERAGE_REWARD
        n = len(instance.states)
        builder = stormpy.datastructures.SparseMatrixBuilder[RationalFunction](0, 0, 0, force_dimensions=False)
        index = {s: i for i, s in enumerate(instance.states)}
        for i, row in enumerate(instance.chain):
            entries = {}
            for t, p in row.items():
                if t in index:
                    entries[index[t]] = p if average else sp.cancel(instance.mdp.gamma * p)
            leave = sp.cancel(1 - sum(entries.values()))
            if leave != 0:
                entries[n] = leave
            for j in sorted(entries):
                builder.add_next_value(i, j, self._numbers.convert(entries[j]))
        count = n
        rewards = list(instance.rewards)
        if not average:
            builder.add_next_value(n, n, self._numbers.convert(sp.Integer(1)))
            count += 1
            rewards.append(sp.Integer(0))
        labeling = models.StateLabeling(count)
        for label, state in (("init", instance.target if not average else 0), ("sink", n if not average else 0)):
            labeling.add_label(label)
            labeling.add_label_to_state(label, state)
        reward = models.SparseRewardModel[RationalFunction](
            optional_state_reward_vector=[self._numbers.convert(r) for r in rewards]
        )
        components = models.SparseModelComponents(
            transition_matrix=builder.build(), state_labeling=labeling, reward_models={"r": reward}
        )
        self._model = models.SparseDtmc(components)
        self._initial = instance.target if not average else 0
        text = 'R{"r"}=? [LRA]' if average else 'R{"r"}=? [F "sink"]'
        self._property = stormpy.parse_properties(text)[0]
        self._check = stormpy.model_checking

    def objective(self) -> Any:
        return self._check(self._model, self._property).get_value(self._initial)

    def gradient(self, J: Any) -> Sequence[Any]:
        return [self._numbers.convert(x) * J.derive(self._numbers.variables[x]) for x in self.instance.odds]

    def at(self, element: Any, point: Point) -> Fraction:
        known = {variable.name for variable in element.gather_variables()}
        values = {self._numbers.variables[g]: self._numbers.rational(v) for g, v in point.items() if g.name in known}
        return Fraction(str(element.evaluate(values)))


class StormNumbers:
    """Storm's factorized rational functions, from fractions of polynomials."""

    def __init__(self, generators: Sequence[sp.Symbol]) -> None:
        from stormpy.numbers import RationalFunction, RawPolynomial, Variable
        from stormpy.numbers.developer import cln

        self.variables = {g: Variable(g.name) for g in generators}
        self.rational = lambda value: cln.Rational(str(value))
        self._element = lambda a: RationalFunction(cln.create_factorized_polynomial(RawPolynomial(a)))

    def convert(self, expr: sp.Expr) -> Any:
        above, below = (self._polynomial(part) for part in sp.fraction(sp.cancel(expr)))
        return above / below

    def _polynomial(self, expr: sp.Expr) -> Any:
        total = self._element(self.rational(0))
        for monomial, coefficient in sp.Poly(expr, *self.variables).terms():
            term = self._element(self.rational(coefficient))
            for variable, power in zip(self.variables.values(), monomial, strict=True):
                for _ in range(power):
                    term = term * self._element(variable)
            total = total + term
        return total


SOLVERS: dict[str, type[Solver]] = {
    "pgsym": Pgsym,
    "Storm": Storm,
    "SymPy DomainMatrix LU": SympyDomain,
    "SymPy DomainMatrix det": SympyDeterminants,
    "SymPy Matrix and cancel": SympyMatrix,
    "sympy.stats": SympyStats,
}


def installed(name: str) -> bool:
    """Whether the package that the solver needs is there."""
    needs = SOLVERS[name].needs
    return needs is None or importlib.util.find_spec(needs) is not None
