"""Parametrised policies pi(a|s; theta), evaluated in any number system, and whether one is a policy at a point."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, Self

import sympy as sp

from pgsym.display.result import notebook_formulas
from pgsym.errors import PolicyError, ProbabilityRangeError, ZeroProbabilityError
from pgsym.expression.complaint import brief, check_exponents, counted, is_steep, listed
from pgsym.expression.evaluate import Expressions, evaluate
from pgsym.expression.exact import to_expr
from pgsym.expression.latex import align, quantity_latex
from pgsym.expression.linear import Linear
from pgsym.limits import FORMULA_EXPONENT
from pgsym.model.mdp import MDP, Action, State

SHOWN = 24
"""Pairs (s, a) that a notebook shows."""


class Policy(ABC):
    """pi(a|s; theta) for every non-terminal state of one MDP.

    See Also
    --------
    tabular, sigmoid, softmax_policy, direct_policy, mixture : Policies that are there.

    Examples
    --------
    >>> from pgsym.model.zoo import zoo
    >>> zoo("short-corridor").policy.at({"theta": "log(2)"})["s1"]["R"]
    2/3
    """

    params: tuple[sp.Symbol, ...]
    """theta, in a fixed order."""

    @abstractmethod
    def row(self, state: State, numbers: Any) -> list[Any]:
        """pi(.|s) in a number system, in the order of ``mdp.actions(state)``."""

    @abstractmethod
    def row_key(self, state: State) -> Hashable:
        """What decides `row`: states with equal keys have equal rows in every number system."""

    @abstractmethod
    def actions(self, state: State) -> tuple[Action, ...]:
        """The actions of `state`, in the order of `row`."""

    def support(self, state: State) -> tuple[Action, ...]:
        """The actions whose probability is not identically zero."""
        return self.actions(state)

    @property
    @abstractmethod
    def states(self) -> tuple[State, ...]:
        """The states in which the policy acts."""

    @abstractmethod
    def forms(self) -> Iterable[Linear]:
        """Every linear form that stands in an exponential of the policy; equal rows may count once."""

    @abstractmethod
    def expressions(self) -> Iterable[sp.Expr]:
        """Every other expression of the policy: probabilities given directly, mixture weights."""

    @property
    def mentioned(self) -> set[sp.Symbol]:
        """The symbols of `expressions`, parameters among them."""
        return {symbol for expr in set(self.expressions()) for symbol in expr.free_symbols}

    @abstractmethod
    def pullback(self, mdp: MDP, project: Callable[[State], State]) -> Policy:
        """The same policy on an MDP whose states map to those of this one; parameters are shared."""

    def subs(self, values: Mapping[sp.Symbol, Any]) -> Policy:
        """The same policy with numbers for symbols that are no parameters, such as a mixture's weight."""
        if values:
            raise PolicyError(
                f"found a value for {listed(values)}; the policy has no symbol but its parameters. Leave it out",
                where="policy",
            )
        return self

    def __call__(self, action: Action, state: State) -> sp.Expr:
        """pi(a|s) as a SymPy expression in theta.

        >>> from pgsym.model import MDP, sigmoid
        >>> mdp = MDP.from_transitions([("s", a, "end", 1, 1) for a in ("go", "stop")], terminal=["end"])
        >>> sigmoid(mdp, {"s": "t"})("go", "s")
        exp(t)/(exp(t) + 1)
        """
        return self.row(state, Expressions())[self.actions(state).index(action)]

    def at(self, theta: Mapping[sp.Symbol | str, Any]) -> dict[State, dict[Action, sp.Expr]]:
        """The exact probabilities at a point, nested by state and action."""
        point = self.point(theta)
        rows = {s: zip(self.actions(s), self.row(s, Expressions()), strict=True) for s in self.states}
        return {s: {a: sp.radsimp(sp.cancel(p.xreplace(point))) for a, p in row} for s, row in rows.items()}

    def point(self, theta: Mapping[sp.Symbol | str, Any] | Sequence[Any]) -> dict[sp.Symbol, sp.Expr]:
        """`theta` by symbol, exact, complete and in the order of `params`, in whatever order it is given.

        PolicyError where a value is not real, or its exponential is huge.

        >>> from pgsym.model.zoo import zoo
        >>> zoo("two-state").policy.point({"theta_y": 1, "theta_x": 0})
        {theta_x: 0, theta_y: 1}
        """
        if not isinstance(theta, Mapping):
            values = list(theta)
            if len(values) != len(self.params):
                raise PolicyError(
                    f"{len(values)} values; the policy has {len(self.params)} parameters. Give one for each",
                    where="theta",
                )
            theta = dict(zip(self.params, values, strict=True))
        known = {symbol.name: symbol for symbol in self.params}
        point: dict[sp.Symbol, sp.Expr] = {}
        for key, value in theta.items():
            name = key if isinstance(key, str) else key.name
            if name not in known:
                raise PolicyError(
                    f"{name!r} is not a parameter; the policy has {listed(known) or 'none'}. Check the name",
                    where="theta",
                )
            number = value if isinstance(value, sp.Rational) else to_expr(value, where=f"theta[{name}]")
            if not number.is_Rational and not number.is_real:
                raise PolicyError(f"found {brief(number)}; a real number is required", where=f"theta[{name}]")
            if is_steep(number) and any(known[name] in form.symbols for form in self.forms()):
                raise PolicyError(
                    f"found {brief(number)}; |theta| is at most {FORMULA_EXPONENT} where exp(theta) is computed. "
                    "Choose a value nearer to 0",
                    where=f"theta[{name}]",
                )
            point[known[name]] = number
        missing = [name for name, symbol in known.items() if symbol not in point]
        if missing:
            raise PolicyError(f"no value for {listed(missing)}; every parameter needs one. Add it", where="theta")
        return {p: point[p] for p in self.params}

    def __repr__(self) -> str:
        states, params = counted(len(self.states), "state"), counted(len(self.params), "parameter")
        return f"{type(self).__name__}({states}, {params})"

    def _repr_latex_(self) -> str | None:
        """pi(a|s) for every pair; nothing for a policy of more than `SHOWN` pairs."""
        pairs = [(s, a) for s in self.states for a in self.actions(s)]
        if not pairs or len(pairs) > SHOWN:
            return None
        return notebook_formulas(align([(quantity_latex("pi", a, s), self(a, s)) for s, a in pairs]))


class _TablePolicy(Policy):
    """A policy that is a table: something for every action of every state."""

    _table: Any
    """The field that holds it."""

    @property
    def states(self) -> tuple[State, ...]:
        return tuple(self._table)

    def row_key(self, state: State) -> int:
        return self._row_numbers[state]

    @cached_property
    def _row_numbers(self) -> dict[State, int]:
        """Equal rows have one number."""
        return {s: self._rows[tuple(row.values())] for s, row in self._table.items()}

    @cached_property
    def _rows(self) -> dict[tuple[Any, ...], int]:
        """The different rows."""
        rows = dict.fromkeys(tuple(row.values()) for row in self._table.values())
        return {row: number for number, row in enumerate(rows)}

    def actions(self, state: State) -> tuple[Action, ...]:
        return tuple(self._table[state])

    def pullback(self, mdp: MDP, project: Callable[[State], State]) -> Self:
        return type(self)({s: self._table[project(s)] for s in mdp.nonterminal}, self.params)  # type: ignore[call-arg]


@dataclass(frozen=True, repr=False)
class Softmax(_TablePolicy):
    """pi(a|s) proportional to exp(l(s,a)), with logits linear in theta and rational coefficients.

    Tabular softmax, shared parameters, features and two-action sigmoids are all of this kind.
    """

    logits: Mapping[State, Mapping[Action, Linear]]
    params: tuple[sp.Symbol, ...]
    _table = property(attrgetter("logits"))

    def row(self, state: State, numbers: Any) -> list[Any]:
        return numbers.softmax(list(self.logits[state].values()))

    def forms(self) -> Iterable[Linear]:
        return (form for row in self._rows for form in row)

    def expressions(self) -> Iterable[sp.Expr]:
        return ()


@dataclass(frozen=True, repr=False)
class Direct(_TablePolicy):
    """pi(a|s) given as expressions in theta, rational in theta and in exponentials of it."""

    probabilities: Mapping[State, Mapping[Action, sp.Expr]]
    params: tuple[sp.Symbol, ...]
    _table = property(attrgetter("probabilities"))

    def row(self, state: State, numbers: Any) -> list[Any]:
        return [evaluate(p, numbers) for p in self.probabilities[state].values()]

    def support(self, state: State) -> tuple[Action, ...]:
        return tuple(a for a, p in self.probabilities[state].items() if sp.cancel(p) != 0)

    def forms(self) -> Iterable[Linear]:
        return (Linear.from_sympy(e.args[0]) for p in self.expressions() for e in p.atoms(sp.exp))

    def expressions(self) -> Iterable[sp.Expr]:
        return (p for row in self._rows for p in row)

    def subs(self, values: Mapping[sp.Symbol, Any]) -> Direct:
        point = {symbol: to_expr(value, where=symbol.name) for symbol, value in values.items()}
        rows = {s: {a: p.xreplace(point) for a, p in row.items()} for s, row in self.probabilities.items()}
        return Direct(rows, self.params)


@dataclass(frozen=True, repr=False)
class Mixture(Policy):
    """(1 - epsilon) base(a|s) + epsilon / |A(s)|."""

    base: Policy
    epsilon: sp.Expr

    @property
    def params(self) -> tuple[sp.Symbol, ...]:  # type: ignore[override]
        """Those of the base."""
        return self.base.params

    @property
    def states(self) -> tuple[State, ...]:
        return self.base.states

    def row_key(self, state: State) -> Hashable:
        return self.base.row_key(state)

    def actions(self, state: State) -> tuple[Action, ...]:
        return self.base.actions(state)

    def row(self, state: State, numbers: Any) -> list[Any]:
        keep = evaluate(1 - self.epsilon, numbers)
        uniform = evaluate(self.epsilon / len(self.actions(state)), numbers)
        return [keep * p + uniform for p in self.base.row(state, numbers)]

    def support(self, state: State) -> tuple[Action, ...]:
        return self.base.support(state) if self.epsilon == 0 else self.actions(state)

    def forms(self) -> Iterable[Linear]:
        return self.base.forms()

    def expressions(self) -> Iterable[sp.Expr]:
        return (self.epsilon, *self.base.expressions())

    def subs(self, values: Mapping[sp.Symbol, Any]) -> Mixture:
        inside = {symbol: value for symbol, value in values.items() if symbol not in self.epsilon.free_symbols}
        point = {symbol: to_expr(value, where=symbol.name) for symbol, value in values.items()}
        return Mixture(self.base.subs(inside) if inside else self.base, self.epsilon.xreplace(point))

    def pullback(self, mdp: MDP, project: Callable[[State], State]) -> Mixture:
        return Mixture(self.base.pullback(mdp, project), self.epsilon)


def check_policy_at(policy: Policy, theta: Mapping[sp.Symbol | str, Any] | Sequence[Any]) -> None:
    """Refuse a point at which the policy, or its score, does not exist.

    A softmax policy passes everywhere.  Probabilities that still hold a free symbol at `theta` are not judged.  One
    that is 0 while its derivative is not is refused: sum_a grad pi(a|s) Q(s,a) counts the action,
    sum_a pi(a|s) grad log pi(a|s) Q(s,a) does not.

    >>> from pgsym.model import MDP, direct_policy
    >>> mdp = MDP.from_transitions([("s", a, "end", 1, 1) for a in ("go", "stay")], terminal=["end"])
    >>> policy = direct_policy(mdp, {"s": {"go": "p", "stay": "1 - p"}}, ["p"])
    >>> check_policy_at(policy, {"p": "1/2"})
    >>> check_policy_at(policy, {"p": 1})
    Traceback (most recent call last):
      ...
    pgsym.errors.ZeroProbabilityError: ('s', 'stay'): pi(a|s) = 0 but d pi(a|s)/dp = -1 at p = 1; the score \
grad log pi needs pi(a|s) > 0. Move theta to the interior, or give the policy as logits
    """
    point = policy.point(theta)
    base = policy.base if isinstance(policy, Mixture) else policy
    if isinstance(base, Softmax):
        return
    place = listed(f"{symbol} = {value}" for symbol, value in point.items())
    numbers = Expressions()
    rows: dict[Hashable, State] = {}
    for state in policy.states:
        rows.setdefault(policy.row_key(state), state)
    for state in rows.values():  # many states, few rows
        for action, p in zip(policy.actions(state), policy.row(state, numbers), strict=True):
            if not p.is_Rational:  # numbers are checked when the policy is made
                _check_entry(p, point, where=(state, action), place=place)


def _check_entry(p: sp.Expr, point: dict[sp.Symbol, sp.Expr], *, where: Any, place: str) -> None:
    value = _at(p, point, where)
    if value.has(sp.zoo, sp.nan, sp.oo, -sp.oo):
        raise ProbabilityRangeError(
            f"pi(a|s) = {brief(p)} has a pole at {place}; a probability lies in [0, 1]. Choose another theta",
            where=where,
        )
    if value.free_symbols:
        return
    if value.is_zero:
        for symbol in (symbol for symbol in point if symbol in p.free_symbols):
            slope = _at(sp.diff(p, symbol), point, where)
            if not slope.is_zero:
                raise ZeroProbabilityError(
                    f"pi(a|s) = 0 but d pi(a|s)/d{symbol} = {brief(slope)} at {place}; the score grad log pi needs "
                    "pi(a|s) > 0. Move theta to the interior, or give the policy as logits",
                    where=where,
                )
    elif value < 0 or value > 1:
        raise ProbabilityRangeError(
            f"pi(a|s) = {brief(value)} at {place}; a probability lies in [0, 1]. Choose another theta", where=where
        )


def _at(expr: sp.Expr, point: dict[sp.Symbol, sp.Expr], where: Any) -> sp.Expr:
    """The exact value, in a form in which zero is recognised."""
    value = expr.xreplace(point)
    if value.is_Rational:
        return value
    check_exponents(value, where=where)
    return sp.radsimp(sp.cancel(value))
