"""A second reading of the claim language: both sides of a claim at a point, as balls that contain the true values.

A difference whose ball excludes zero is a proof that the claim fails at the point.  A ball that contains zero says
nothing yet: the working precision is doubled until the ball excludes zero, or lies within 2^-200 of it.  The latter is
called equal; a rational expression in the small numbers of a test model that is not zero is far larger.  No other
tolerance is involved.

An index runs over the states in which the expression is defined; which states and actions belong together is read from
the uses of the index.  Nothing here is shared with pgsym but the tree and the model that are read.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import sympy as sp
from flint import arb, ctx

from pgsym.claims.language import tree as t
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policy import Direct, Policy
from second_reading.indices import acts, derivatives, free, partners
from second_reading.jets import Jet, UnclearError, solve
from second_reading.model import TABLES, PlainModel
from second_reading.point import InapplicableError, Numbers, UndefinedError, logit
from second_reading.tensors import alike, dot, entrywise, paired

FLOAT_BITS, MOST_BITS = 53, 848
"""The working precision to begin with, and the last one."""

SMALL = arb(2) ** -200
"""A number below this, as large as its ball may be, is called zero."""

Env = dict[str, Hashable]
Point = Mapping[sp.Symbol, sp.Expr]


class Outcome(StrEnum):
    """What a point shows of a claim."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNDEFINED = "undefined"


@dataclass(frozen=True)
class Reading:
    """The outcome and the precision in bits that it took."""

    outcome: Outcome
    bits: int = FLOAT_BITS


class Plain:
    """One claim on one model at one point.

    Parameters
    ----------
    symbols
        The symbols that stand for arbitrary functions, by name and place, and for the probabilities of pi'.
    """

    def __init__(
        self,
        claim: t.Claim,
        mdp: MDP,
        policy: Policy,
        objective: Objective,
        point: Point,
        functions: Mapping[str, Mapping[tuple[Hashable, ...], sp.Symbol]],
        second: Mapping[Hashable, Mapping[Hashable, sp.Expr]] | None,
    ) -> None:
        self.claim = claim
        self.mdp = mdp
        self.policy = policy
        self.objective = objective
        self.point = point
        self.functions = functions
        self.second = second
        self.own = {b.name: b for b in claim.bindings if isinstance(b, t.Let | t.ForAll)}
        self.worlds = [b.name for b in claim.bindings if isinstance(b, t.World)]
        self.order = max(derivatives(side, self.own) for side in (claim.left, claim.right))

    def read(self) -> Reading:
        """Whether the claim holds at the point."""
        bits = FLOAT_BITS
        try:
            while True:
                ctx.prec = bits
                try:
                    gaps = self._gaps()
                except UnclearError:
                    if bits >= MOST_BITS:
                        return Reading(Outcome.UNDEFINED, bits)
                else:
                    if any(not gap.contains(0) for gap in gaps):
                        return Reading(Outcome.DIFFERENT, bits)
                    if all(abs(gap) < SMALL for gap in gaps):
                        return Reading(Outcome.EQUAL, bits)
                    assert bits < MOST_BITS, "ill conditioned: more bits are required"
                bits *= 2
        except InapplicableError:
            return Reading(Outcome.UNDEFINED, bits)
        finally:
            ctx.prec = FLOAT_BITS

    def sides(self, bits: int = 4 * FLOAT_BITS) -> tuple[list[arb], list[arb]]:
        """The entries of both sides, at a working precision."""
        ctx.prec = bits
        try:
            self._fresh()
            pairs = list(self._entries())
        finally:
            ctx.prec = FLOAT_BITS
        return [x for x, _ in pairs], [y for _, y in pairs]

    def _gaps(self) -> list[arb]:
        """What must be zero: left - right, or for a proportion the minors with the largest entry of the right side."""
        self._fresh()
        pairs = list(self._entries())
        if self.claim.relation != t.PROPORTIONAL:
            return [x - y for x, y in pairs]
        if all(abs(y) < SMALL for _, y in pairs):
            return [x for x, _ in pairs]
        left, right = max(pairs, key=lambda pair: float(abs(pair[1]).mid()))
        if right.contains(0):
            raise UnclearError
        return [x * right - left * y for x, y in pairs]

    # -- assignments -----------------------------------------------------------------------------------------

    def _entries(self) -> Iterator[tuple[arb, arb]]:
        """Every entry of both sides, for every assignment of the free indices."""
        both = t.Sub(self.claim.left, self.claim.right)
        loose = sorted(set(free(both)), key=lambda i: (t.is_action(i), i))
        for env in self._assignments(both, loose, {}):
            try:
                left, right = self.value(self.claim.left, env), self.value(self.claim.right, env)
            except UndefinedError:
                continue
            yield from zip(*self._flat(left, right), strict=True)

    def _assignments(self, body: t.Node, free: list[str], env: Env) -> Iterator[Env]:
        if not free:
            yield env
            return
        try:
            items = self._items(body, free[0], env)
        except UndefinedError:
            return
        for item in items:
            yield from self._assignments(body, free[1:], {**env, free[0]: item})

    def _items(self, body: t.Node, index: str, env: Env) -> tuple[Hashable, ...]:
        if not t.is_action(index):
            return self.mdp.states
        partner = next(p for p in partners(body, index, self.own))
        state = self._state(partner) if isinstance(partner, t.Literal) else env[partner]
        if state in self.mdp.terminal:
            raise _undefined(partner)
        return self.mdp.actions(state)

    def _flat(self, left: Any, right: Any) -> tuple[list[arb], list[arb]]:
        left, right = alike(left, right)
        if isinstance(left, Jet):
            return [left.value], [right.value]
        if isinstance(left[0] if left else None, list):
            return [e.value for row in left for e in row], [e.value for row in right for e in row]
        return [e.value for e in left], [e.value for e in right]

    # -- the worlds ------------------------------------------------------------------------------------------

    def _fresh(self) -> None:
        """Forget what was found at another precision."""
        for name in ("numbers", "model", "primed", "_varied", "_values"):
            self.__dict__.pop(name, None)

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.point, self.policy.params, self.order)

    @cached_property
    def model(self) -> PlainModel:
        return PlainModel(self.mdp, self.policy, self.objective, self.numbers)

    @cached_property
    def primed(self) -> PlainModel:
        if self.worlds:
            return PlainModel(self.mdp, self.policy, self.objective, self.numbers, terminating=True)
        assert self.second is not None
        return PlainModel(self.mdp, Direct(self.second, ()), self.objective, self.numbers)

    @cached_property
    def _varied(self) -> dict[Any, PlainModel]:
        return {}

    @cached_property
    def _values(self) -> dict[Any, Any]:
        return {}

    def _state(self, literal: t.Literal) -> Hashable:
        exact = [s for s in self.mdp.states if s == literal.name and type(s) is type(literal.name)]
        found = exact or [s for s in self.mdp.states if str(s) == str(literal.name)]
        if not found:
            raise InapplicableError("no such state")
        return found[0]

    # -- values ----------------------------------------------------------------------------------------------

    def value(self, node: t.Node, env: Env) -> Any:
        """A jet, a list of jets by parameter, or a list of such lists."""
        match node:
            case t.Number(value):
                return self.numbers.number(value)
            case t.Symbol(name):
                if sp.Symbol(name) not in self.point:
                    raise InapplicableError("no such symbol")
                return self.numbers(sp.Symbol(name))
            case t.Quantity():
                return self._quantity(node, env)
            case t.Call(name, indices):
                return self._call(node, self._place(node, indices, env))
            case t.Neg(body):
                return entrywise(lambda e: -e, self.value(body, env))
            case t.Add(left, right):
                return paired(Jet.__add__, *alike(self.value(left, env), self.value(right, env)))
            case t.Sub(left, right):
                return paired(Jet.__sub__, *alike(self.value(left, env), self.value(right, env)))
            case t.Mul(left, right):
                x, y = self.value(left, env), self.value(right, env)
                return entrywise(lambda e: e * y, x) if isinstance(y, Jet) else entrywise(lambda e: x * e, y)
            case t.Div(left, right):
                inverse = self.value(right, env).inverse()
                return entrywise(lambda e: e * inverse, self.value(left, env))
            case t.Pow(body, power):
                return self.value(body, env) ** power
            case t.Grad(body):
                inner = self.value(body, env)
                count = range(len(self.policy.params))
                if isinstance(inner, Jet):
                    return [inner.derivative(i) for i in count]
                return [[e.derivative(i) for i in count] for e in inner]
            case t.Log(body):
                return self.value(body, env).log()
            case t.Sum(indices, body):
                return self._sum(indices, body, env)
            case t.Expect():
                return self.value(node.expanded(), env)
            case t.Dot(left, right):
                return dot(self.value(left, env), self.value(right, env))
            case t.Outer(left, right):
                y = self.value(right, env)
                return [[e * f for f in y] for e in self.value(left, env)]
            case t.Transpose(body):
                return [list(column) for column in zip(*self.value(body, env), strict=True)]
            case t.Limit(body):
                return self._limit(body, env)
            case t.Inv(body):
                matrix = self.value(body, env)
                one, zero = self.numbers.number(1), self.numbers.number(0)
                eye = [[one if i == j else zero for j in range(len(matrix))] for i in range(len(matrix))]
                return solve(matrix, eye)
        raise TypeError(type(node).__name__)

    def _limit(self, body: t.Node, env: Env) -> Any:
        """The value at gamma = 1 - e for e = 2^-bits, with an error of sqrt(e): the slope there is far below that."""
        bits = ctx.prec
        discount = self.mdp.gamma if self.mdp.gamma.is_Symbol else sp.Symbol("gamma (near 1)")
        near = Plain(
            self.claim, self.mdp.replace(gamma=discount), self.policy, self.objective,
            {**self.point, discount: 1 - sp.Rational(1, 2**bits)}, self.functions, self.second,
        )  # fmt: skip
        ctx.prec = 4 * bits
        try:
            found = near.value(body, env)
        finally:
            ctx.prec = bits
        error, huge = arb(0, arb(2) ** (-bits // 2)), arb(2) ** (bits // 2)

        def taken(jet: Jet) -> Jet:
            if any(not abs(c) < huge for c in jet.terms.values()):
                raise InapplicableError("no finite limit")
            return Jet({m: c + error for m, c in jet.terms.items()}, jet.order)

        return entrywise(taken, found)

    def _sum(self, indices: tuple[str, ...], body: t.Node, env: Env) -> Any:
        if len(indices) > 1:
            body = t.Sum(indices[1:], body)
        found = None
        for item in self._items(body, indices[0], env):
            try:
                term = self.value(body, {**env, indices[0]: item})
            except UndefinedError as error:
                if error.index != indices[0]:
                    raise
                continue
            found = term if found is None else paired(Jet.__add__, *alike(found, term))
        return self.numbers.number(0) if found is None else found

    # -- names -----------------------------------------------------------------------------------------------

    def _place(self, node: t.Quantity | t.Call, indices: tuple[t.Index, ...], env: Env) -> tuple[Hashable, ...]:
        found = [env[i] if isinstance(i, str) else None for i in indices]
        is_action = acts(node, self.own)
        for k, i in enumerate(indices):
            if isinstance(i, t.Literal) and not is_action[k]:
                found[k] = self._state(i)
        for k, i in enumerate(indices):
            if isinstance(i, t.Literal) and is_action[k]:
                state = found[1] if isinstance(node, t.Quantity) and node.name in ("pi", "P") else found[0]
                named = [a for a in self.mdp.actions(state) if str(a) == str(i.name)]
                if not named:
                    raise InapplicableError("no such action")
                found[k] = named[0]
        return tuple(found)

    def _call(self, node: t.Call, place: tuple[Hashable, ...]) -> Any:
        let = self.own[node.name]
        if isinstance(let, t.Let):
            key = (node.name, place)
            if key not in self._values:
                try:
                    self._values[key] = self.value(let.body, dict(zip(let.indices, place, strict=True)))
                except UndefinedError as error:
                    self._values[key] = error
            found = self._values[key]
            if isinstance(found, UndefinedError):
                raise _undefined(node.indices[let.indices.index(found.index)])
            return found
        symbol = self.functions[node.name].get(place)
        if any(map(t.is_action, let.indices)) and place[0] in self.mdp.terminal:
            raise _undefined(node.indices[0])
        return self.numbers.number(0) if symbol is None else self.numbers(symbol)

    def _quantity(self, node: t.Quantity, env: Env) -> Any:
        model = self.primed if node.primed else self.model
        name, place = node.name, self._place(node, node.indices, env)
        if node.overrides:
            model = self._changed(model, node)
        simple: dict[str, Callable[[], Any]] = {
            "J": lambda: model.J,
            "rbar": lambda: model.rbar,
            "gamma": lambda: model.gamma,
            "E[T]": lambda: model.steps,
            "|S|": lambda: self.numbers.number(len(self.mdp.nonterminal)),
            "F": lambda: self._fisher(model),
        }
        if name in simple:
            return simple[name]()
        acting = {"pi": 1, "P": 1, "Q": 0, "A": 0, "r_pi": 0, "r": 0, "P_pi": 0, "logit": 0}.get(name)
        if acting is not None and place[acting] in self.mdp.terminal:
            raise _undefined(node.indices[acting])
        if name in TABLES:
            try:
                return TABLES[name](model, *place)
            except UndefinedError:
                raise _undefined(node.indices[0]) from None
        zero = self.numbers.number(0)
        if name == "mu0":
            return model.mu0.get(place[0], zero)
        if name == "pi":
            action, state = place
            return model.pi[state][action]
        if name == "P":
            target, state, action = place
            return model.P[state, action].get(target, zero)
        if name == "P_pi":
            return model.step(*place)
        if name == "logit":
            return logit(self.policy, *place, self.numbers)
        assert name == "r"
        return model.reward_to(*place) if len(place) == 3 else model.r[place]

    def _fisher(self, model: PlainModel) -> Any:
        n, found = len(self.policy.params), None
        for s in self.mdp.nonterminal:
            try:
                w = model.weight(s)
            except UndefinedError:
                continue
            for p in model.pi[s].values():
                score = [p.derivative(i) for i in range(n)]
                term = [[w * x * y / p for y in score] for x in score]
                found = term if found is None else paired(Jet.__add__, found, term)
        return found

    def _changed(self, model: PlainModel, node: t.Quantity) -> PlainModel:
        key = (node.primed, node.overrides)
        if key not in self._varied:
            own: dict[str, Any] = {}
            for o in node.overrides:
                if o.key == "gamma":
                    own["discount"] = self.value(o.value, {})
                elif o.key == "r":
                    own["rewards"] = self._reward_table(o.value)
                else:
                    own["weight"] = {s: self._applied(o.value, (s,)) for s in self.mdp.nonterminal}
            self._varied[key] = model.varied(**own)
        return self._varied[key]

    def _reward_table(self, function: t.Node) -> dict[tuple[Hashable, Hashable], Jet]:
        assert isinstance(function, t.Call | t.Quantity)
        if isinstance(function, t.Call):
            arity = len(self.own[function.name].indices)
        else:
            arity = 2 if function.name in ("Q", "A", "r", "logit") else 1
        return {(s, a): self._applied(function, (s, a)[:arity]) for s, a in self.mdp.pairs}

    def _applied(self, function: t.Node, place: tuple[Hashable, ...]) -> Any:
        names = ("s", "a")[: len(place)]
        if isinstance(function, t.Call):
            return self._call(t.Call(function.name, names), place)
        assert isinstance(function, t.Quantity)
        taken = t.Quantity(function.name, names, function.primed, function.overrides)
        return self._quantity(taken, dict(zip(names, place, strict=True)))


def _undefined(index: t.Index) -> Exception:
    """A state by name that a quantity is not defined in is the author's business."""
    return UndefinedError(index) if isinstance(index, str) else InapplicableError("undefined in a state by name")
