r"""The fields in which one problem is evaluated: in closed form, exactly at a point, in floats, modulo a prime.

In each of them log pi(a|s) is an element too, so that identities with entropy are decided:

    log pi(a|s) = sum_i c_i theta_i + c_0 + sum_j k_j L_j,   L_j = log|f_j|,

with one generator L_j for every distinct irreducible polynomial or prime f_j, shared between the states in which it
occurs; a softmax row needs one, the logarithm of its normaliser.  The L_j are independent of each other and of the
theta_i and exp(theta_i) (see `pgsym.algebra.point`), so the zero test stays a decision.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp

from pgsym.algebra import FloatField, PrimeField, RationalField, point_field
from pgsym.algebra.field import Field
from pgsym.algebra.generators import Generators
from pgsym.algebra.point import Logarithm
from pgsym.algebra.prime import PRIME_BITS
from pgsym.algebra.size import Size, SizeField
from pgsym.errors import StructureError, UndefinedQuantityError
from pgsym.exact.cramer import over
from pgsym.exact.quantities import Quantities
from pgsym.exact.tables import LazyMap
from pgsym.expression.evaluate import Expressions
from pgsym.expression.linear import Linear
from pgsym.expression.naming import Alphabet, Generator, in_order
from pgsym.limits import CLOSED_FORM_TERMS
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.policy import Policy, check_policy_at
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


def field_at(problem: Problem, given: Iterable[Any] = (), extra: Collection[sp.Symbol] = ()) -> Field:
    """Exact numbers at the problem's theta; floats as soon as a component of it is one.

    So it is where one of the numbers `given` for symbols was a float; `extra` symbols are such as an estimator's.
    """
    mdp, policy, theta = problem.mdp, problem.policy, problem.point
    check_policy_at(policy, theta)
    if not any(isinstance(value, float | sp.Float) for value in (*theta.values(), *given)):
        return exact_field(mdp, policy, theta, extra=in_order(extra))
    free = sorted(symbol.name for symbol in {*mdp.symbols, *extra} - {*policy.params})
    if free:
        raise StructureError(
            f"no value for {', '.join(free)}; floats need every symbol. Give it: at({free[0]}=...)", where="symbols"
        )
    return FloatField(theta)


def prime_field(
    mdp: MDP,
    policy: Policy,
    rng: random.Random,
    *,
    extra: Iterable[sp.Symbol] = (),
    logs: LogBasis | None = None,
    generators: Generators | None = None,
    bits: int = PRIME_BITS,
) -> PrimeField:
    """Residues modulo a random prime of so many bits, every generator at a random point.

    The generators may be those of another such field, where it is the same problem.
    """
    named = _definitions(logs)
    if generators is None:
        found = expressions(mdp, policy, extra, logs)
        generators = Generators.of(policy.forms(), [*found, *named, *named.values()])
    return PrimeField.random(rng, generators, named, bits)


def size_field(policy: Policy, *, logs: LogBasis | None = None) -> SizeField:
    """Bounds on degrees and coefficients of what the other fields compute."""
    found = Generators.of(policy.forms(), ())
    return SizeField(found.exponentials, found.constant, _definitions(logs))


def _definitions(logs: LogBasis | None) -> dict[sp.Symbol, sp.Expr]:
    return logs.definitions if logs else {}


class LogBasis:
    """The logarithms that the probabilities of one policy, or of several, are made of; those they share are one symbol.

    The symbols are made in the `alphabet`, if others are made there too; the `others` need symbols besides.

    >>> from pgsym.model import MDP, sigmoid
    >>> mdp = MDP.from_transitions(
    ...     [(s, a, "end", 1, 1) for s in "xy" for a in ("go", "stay")], start="x", terminal=["end"]
    ... )
    >>> basis = LogBasis(sigmoid(mdp, {"x": "t", "y": "t"}))
    >>> basis.definitions
    {log(exp(t) + 1): exp(t) + 1}
    >>> basis.decompose("y", "go"), basis.decompose("y", "stay")
    ((Linear(t), {log(exp(t) + 1): -1}), (Linear(0), {log(exp(t) + 1): -1}))
    """

    def __init__(self, *policies: Policy, alphabet: Alphabet | None = None, others: Iterable[Logarithm] = ()) -> None:
        self.policies = policies
        self.others = tuple(others)
        forms = [form for policy in policies for form in policy.forms()]
        self._found = Generators.of(forms, [e for policy in policies for e in policy.expressions()])
        self._alphabet = alphabet or Alphabet((*self._found.exponentials, *self._found.symbols))
        self._rows: dict[tuple[sp.Expr, ...], list[Logarithm | None]] = {}
        self._by_state: list[tuple[Policy, dict[State, list[Logarithm | None]]]] = []

    @cached_property
    def definitions(self) -> dict[sp.Symbol, sp.Expr]:
        """{symbol: f}: the symbol stands for log|f|, and is named after it."""
        arguments = dict.fromkeys(f for e in self._all for f in e.powers)
        return {self._symbol(f): f for f in arguments}

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """One symbol for each logarithm."""
        return tuple(self.definitions)

    @cached_property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """The parameters that stand outside exponentials in some log pi(a|s)."""
        return tuple(in_order(symbol for e in self._all for symbol in e.form.symbols))

    def decompose(
        self, state: State, action: Action, policy: Policy | None = None
    ) -> tuple[Linear, dict[sp.Symbol, int]]:
        """log pi(a|s) of a policy, the first one by default, as a linear form in theta and multiples of the symbols."""
        policy = policy or self.policies[0]
        found = self._row(policy, state)[policy.actions(state).index(action)]
        if found is None:
            raise UndefinedQuantityError(
                f"pi({action}|{state}) is 0 for every theta; a logarithm needs a positive probability. "
                "Leave this action out",
                where=f"log pi({action}|{state})",
            )
        return self.combination(found)

    def combination(self, logarithm: Logarithm) -> tuple[Linear, dict[sp.Symbol, int]]:
        """The linear form, and the multiples of the symbols."""
        return logarithm.form, {self._symbol(f): k for f, k in logarithm.powers.items()}

    def logarithms(self, policy: Policy) -> list[Logarithm]:
        """Every log pi(a|s) of a policy, zero probabilities left out; equal rows are the same objects."""
        return [e for state in policy.states for e in self._row(policy, state) if e is not None]

    def _symbol(self, argument: sp.Expr) -> Generator:
        return self._alphabet.of("log", argument, name=f"log({argument})")

    @cached_property
    def _all(self) -> list[Logarithm]:
        return [*self.others, *(e for policy in self.policies for e in self.logarithms(policy))]

    def _row(self, policy: Policy, state: State) -> list[Logarithm | None]:
        """log pi(.|s), in the order of the actions; None where the probability is zero."""
        by_state = next((rows for known, rows in self._by_state if known is policy), None)
        if by_state is None:
            by_state = {}
            self._by_state.append((policy, by_state))
        if state not in by_state:
            row = tuple(policy.row(state, Expressions()))
            if row not in self._rows:
                field = self._field(row)
                elements = [field.convert(e) for e in row]
                self._rows[row] = [None if field.is_zero(e) else Logarithm.of(field, e) for e in elements]
            by_state[state] = self._rows[row]
        return by_state[state]

    def _field(self, row: Sequence[sp.Expr]) -> RationalField:
        """The generators of one row, with the roots exp(theta_i/q_i) of all rows: then equal factors look alike."""
        own = Generators.of((), row)
        forms = [Linear.of({symbol: Fraction(1, self._found.exponentials[symbol])}) for symbol in own.exponentials]
        if own.constant:
            forms.append(Linear.of({}, self._found.constant))
        return RationalField((), forms, own.symbols)


class WholeLogarithms(LogBasis):
    """One symbol for each logarithm, whatever it has in common with others: for bounds, which say nothing of its parts.

    >>> import pgsym
    >>> basis = WholeLogarithms(pgsym.zoo("short-corridor").policy)
    >>> basis.decompose("s1", "L")
    (Linear(0), {log(1/(exp(theta) + 1)): 1})
    """

    @cached_property
    def definitions(self) -> dict[sp.Symbol, sp.Expr]:
        arguments = dict.fromkeys(self._argument(e)[0] for e in self._all)
        return {self._symbol(u): u for u in arguments if u != 1}

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        return ()

    def combination(self, logarithm: Logarithm) -> tuple[Linear, dict[sp.Symbol, int]]:
        u, sign = self._argument(logarithm)
        return Linear(), {self._symbol(u): sign} if u != 1 else {}

    @staticmethod
    def _argument(logarithm: Logarithm) -> tuple[sp.Expr, int]:
        """u and 1 where it is log|u|, and 1/u and -1 where that is a number u > 1: log 2 is -log 1/2."""
        u = sp.exp(logarithm.form.to_sympy()) * sp.Mul(*(f**k for f, k in logarithm.powers.items()))
        return (1 / u, -1) if u.is_Rational and u > 1 else (u, 1)


def log_policy(quantities: Quantities, basis: LogBasis) -> Mapping[State, Mapping[Action, Any]]:
    """log pi(a|s), nested by state and action, in a field that was made with this basis.

    >>> import pgsym
    >>> from pgsym.exact.fields import rational_field
    >>> model = pgsym.zoo("short-corridor")
    >>> basis = LogBasis(model.policy)
    >>> field = rational_field(model.mdp, model.policy, logs=basis)
    >>> q = Quantities(model.mdp, model.policy, model.objective, field)
    >>> log_pi = log_policy(q, basis)
    >>> field.to_sympy(log_pi["s1"]["R"]), field.to_sympy(log_pi["s1"]["R"] - log_pi["s1"]["L"])
    (theta - log(exp(theta) + 1), theta)
    """
    field, policy = quantities.field, quantities.policy

    def row(state: State) -> Mapping[Action, Any]:
        return LazyMap(policy.actions(state), lambda action: combined(field, *basis.decompose(state, action, policy)))

    return LazyMap(quantities.mdp.nonterminal, row)


def log_policy_size(field: SizeField, policy: Policy, basis: LogBasis) -> Size:
    """One bound for every log pi(a|s), over the product of all arguments.

    >>> from pgsym.exact.fields import size_field
    >>> from pgsym.model import MDP, tabular
    >>> mdp = MDP.from_transitions([(s, a, s, 1, 1) for s in "xyz" for a in "lr"], gamma="1/2")
    >>> policy = tabular(mdp)
    >>> basis = LogBasis(policy)
    >>> found = log_policy_size(size_field(policy, logs=basis), policy, basis)
    >>> found.degree, [f.degree for f in found.factors]  # theta_i - L_j, over three normalisers of degree 1
    (4, [3])
    """
    elements = {id(e): combined(field, *basis.combination(e)) for e in basis.logarithms(policy)}
    return over(field.common(elements.values()), ([e] for e in elements.values()))


def logarithm_size(field: SizeField, basis: LogBasis, among: Iterable[Logarithm]) -> Size:
    """One bound for all of these."""
    elements = [combined(field, *basis.combination(e)) for e in among]
    return over(field.common(elements), ([e] for e in elements))


def combined(field: Field, form: Linear, powers: Mapping[sp.Symbol, int]) -> Any:
    """form + sum powers[L] L."""
    multiples = {symbol: Fraction(k) for symbol, k in powers.items()}
    return Linear.of(dict(form.coefficients) | multiples, form.constant).value(field)
