"""A second reading of the claim language: both sides of a claim at a point, as balls that contain the true values.

A difference whose ball excludes zero is a proof that the claim fails at the point.  A ball that contains zero says
nothing yet: the working precision is doubled until the ball excludes zero, or lies within 2^-200 of it.  The latter is
called equal; a rational expression in the small numbers of a test model that is not zero is far larger.  No other
tolerance is involved.

Every part of a claim must be defined before its value counts: nothing is left out because it is multiplied by 0.
Nothing here is shared with pgsym but the tree and the model that are read.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, reduce
from itertools import combinations
from typing import Any

import sympy as sp
from flint import arb, arb_mat, ctx

from pgsym.claims.language import runs as r
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import ABOVE, AT_LEAST, AT_MOST, BELOW, PROPORTIONAL
from pgsym.claims.language.runs import RUN
from pgsym.claims.language.statement import Claim
from second_reading.indices import ABROAD, ACTING, NEXT, VISITED, Drawn, free, partners, roles
from second_reading.jets import Jet, UnclearError, solve, total
from second_reading.names import Env, Names
from second_reading.point import END, InapplicableError, UndefinedError, VisitedEndError
from second_reading.tensors import alike, dot, entrywise, outer, paired
from second_reading.trajectories import AfterEndError, Trajectories, is_random

FLOAT_BITS, MOST_BITS = 53, 848
"""The working precision to begin with, and the last one."""

SMALL = arb(2) ** -200
"""A number below this, as large as its ball may be, is called zero."""


ORDERS = {AT_MOST: (1, False), AT_LEAST: (-1, False), BELOW: (1, True), ABOVE: (-1, True)}
"""1 where the right side is the larger one, and whether they must differ."""


class Outcome(StrEnum):
    """What a point shows of a claim; of an order, that it holds or that it does not."""

    EQUAL = "equal"
    DIFFERENT = "different"
    UNDEFINED = "undefined"


def _ordered(gaps: list[arb], *, strict: bool) -> Outcome | None:
    """Whether larger - smaller is nowhere negative; None where balls are too large to say."""
    small = [abs(gap) < SMALL for gap in gaps]
    if any((gap < 0 and not tiny) or (tiny and strict) for gap, tiny in zip(gaps, small, strict=True)):
        return Outcome.DIFFERENT
    return Outcome.EQUAL if all(gap > 0 or tiny for gap, tiny in zip(gaps, small, strict=True)) else None


@dataclass(frozen=True)
class Reading:
    """The outcome and the precision in bits that it took."""

    outcome: Outcome
    bits: int = FLOAT_BITS


class Plain(Names):
    """One claim on one model at one point; see `Names` for the parameters."""

    def __init__(self, claim: Claim, *world: Any) -> None:
        super().__init__(claim, *world)
        self.claim = claim
        self.world = world
        self._known_roles: dict[tuple[int, str], set[str]] = {}
        self._closed: dict[int, bool] = {}
        self.trajectories = Trajectories(self)

    def read(self, relation: str | None = None) -> Reading:
        """Whether the claim, or its sides in another relation, holds at the point."""
        bits = FLOAT_BITS
        try:
            while True:
                ctx.prec = bits
                try:
                    gaps = self._gaps(relation or self.claim.relation)
                except UnclearError:
                    if bits >= MOST_BITS:
                        return Reading(Outcome.UNDEFINED, bits)
                else:
                    if order := ORDERS.get(relation or self.claim.relation):
                        if (found := _ordered(gaps, strict=order[1])) is not None:
                            return Reading(found, bits)
                        assert bits < MOST_BITS, "ill conditioned: more bits are required"
                    elif any(not gap.contains(0) for gap in gaps):
                        return Reading(Outcome.DIFFERENT, bits)
                    elif all(abs(gap) < SMALL for gap in gaps):
                        return Reading(Outcome.EQUAL, bits)
                    assert bits < MOST_BITS, "ill conditioned: more bits are required"
                bits *= 4 if bits == FLOAT_BITS else 2
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

    def _gaps(self, relation: str) -> list[arb]:
        """What must be zero: left - right, or for a proportion the minors with the largest entry of the right side."""
        self._fresh()
        self.trajectories.clear()
        if relation in ORDERS:
            return list(self._larger_less_smaller(ORDERS[relation][0]))
        pairs = list(self._entries())
        if relation != PROPORTIONAL:
            return [x - y for x, y in pairs]
        if all(abs(y) < SMALL for _, y in pairs):
            return [x for x, _ in pairs]
        left, right = max(pairs, key=lambda pair: float(abs(pair[1]).mid()))
        if right.contains(0):
            raise UnclearError
        return [x * right - left * y for x, y in pairs]

    def _larger_less_smaller(self, sign: int) -> Iterator[arb]:
        """What is not negative where the order holds: of a symmetric matrix, every principal minor."""
        for x, y in self._pairs():
            size = len(x) if isinstance(x, list) and x and isinstance(x[0], list) else 0
            gaps = [sign * (b - a) for a, b in zip(*self._flat(x, y), strict=True)]
            if not size:
                yield from gaps
                continue
            if any(not (gaps[i * size + j] - gaps[j * size + i]).contains(0) for i in range(size) for j in range(i)):
                raise InapplicableError("not symmetric")
            for chosen in (c for k in range(1, size + 1) for c in combinations(range(size), k)):
                yield arb_mat([[gaps[i * size + j] for j in chosen] for i in chosen]).det()

    # -- assignments -----------------------------------------------------------------------------------------

    @cached_property
    def _both(self) -> t.Node:
        return t.Sub(self.left, self.right)

    def _entries(self) -> Iterator[tuple[arb, arb]]:
        """Every entry of both sides, for every assignment of the free indices."""
        for left, right in self._pairs():
            yield from zip(*self._flat(left, right), strict=True)

    def _pairs(self) -> Iterator[tuple[Any, Any]]:
        """Both sides, for every assignment of the free indices."""
        loose = sorted(set(free(self._both)), key=lambda i: (t.is_action(i), i))
        for env in self._assignments(loose, {}):
            try:
                left, right = self.value(self.left, env), self.value(self.right, env)
            except UndefinedError:
                continue
            yield alike(left, right)

    def _assignments(self, loose: list[str], env: Env) -> Iterator[Env]:
        if not loose:
            yield env
            return
        for item in self._items(self._both, loose[0], env):
            yield from self._assignments(loose[1:], {**env, loose[0]: item})

    def _items(self, body: t.Node, index: str, env: Env, drawn: bool = False) -> tuple[Hashable, ...]:
        """What an index that is bound just above `body` runs over."""
        if t.is_action(index):
            partner = next(partners(body, index, self.own))
            return self._actions(self._state(partner) if isinstance(partner, t.Literal) else self.item(partner, env))
        key = (id(body), index)  # every tree lives as long as this object
        if key not in self._known_roles:
            self._known_roles[key] = roles(body, index, self.own)
        found = self._known_roles[key]
        if not drawn and (VISITED in found or (ACTING in found and NEXT not in found)):
            return self.mdp.nonterminal
        return (*self.mdp.states, END) if self.worlds and ABROAD in found else self.mdp.states

    def _flat(self, left: Any, right: Any) -> tuple[list[arb], list[arb]]:
        left, right = alike(left, right)
        if isinstance(left, Jet):
            return [left.value], [right.value]
        if isinstance(left[0] if left else None, list):
            return [e.value for row in left for e in row], [e.value for row in right for e in row]
        return [e.value for e in left], [e.value for e in right]

    # -- values ----------------------------------------------------------------------------------------------

    def _pair(self, left: t.Node, right: t.Node, env: Env) -> tuple[Any, Any]:
        return self._added(left, right, env) if RUN in env else alike(*self._operands(left, right, env))

    def _added(self, left: t.Node, right: t.Node, env: Env) -> tuple[Any, Any]:
        """Two operands of a sum: what lies after the end of a run is 0, the other counts."""
        found = []
        for node in (left, right):
            try:
                found.append(self.value(node, env))
            except AfterEndError:
                found.append(self.numbers.number(0))
        return alike(*found)

    def _operands(self, left: t.Node, right: t.Node, env: Env) -> tuple[Any, Any]:
        """Two operands; what an index does not run over counts before what divides by zero there."""
        if RUN in env:
            return self.value(left, env), self.value(right, env)
        try:
            x = self.value(left, env)
        except UnclearError:
            self.value(right, env)
            raise
        return x, self.value(right, env)

    def value(self, node: t.Node, env: Env) -> Any:
        """What does not depend on an index is found once."""
        if isinstance(node, t.Number | t.Symbol | t.Quantity | t.Call):
            return self._value(node, env)
        closed = self._closed.get(id(node))
        if closed is None:
            closed = self._closed[id(node)] = next(free(node), None) is None and not is_random(node, self.own)
        if not closed:
            return self._value(node, env)
        if id(node) not in self._values:
            self._values[id(node)] = self._value(node, env)
        return self._values[id(node)]

    def _value(self, node: t.Node, env: Env) -> Any:
        match node:
            case t.Number(value):
                return self.numbers.number(value)
            case t.Symbol(name):
                if sp.Symbol(name) not in self.point:
                    raise InapplicableError("no such symbol")
                return self.numbers(sp.Symbol(name))
            case t.Quantity():
                return self._quantity(node, env)
            case t.Indicator(indices):
                return self.numbers.number(int(self._compared(indices, env)))
            case t.Call():
                return self._call(node, self._place(node, env), env)
            case t.Neg(body):
                return entrywise(lambda e: -e, self.value(body, env))
            case t.Add(left, right):
                return paired(Jet.__add__, *self._pair(left, right, env))
            case t.Sub(left, right):
                return paired(Jet.__sub__, *self._pair(left, right, env))
            case t.Mul(left, right):
                x, y = self._operands(left, right, env)
                return entrywise(lambda e: e * y, x) if isinstance(y, Jet) else entrywise(lambda e: x * e, y)
            case t.Div(left, right):
                x, y = self._operands(left, right, env)
                inverse = y.inverse()
                return entrywise(lambda e: e * inverse, x)
            case t.Pow(body, power):
                return self.value(body, env) ** power
            case t.SamePolicy(body):
                return entrywise(lambda e: Jet.constant(e.value, self.order), self._twofold.value(body, env))
            case t.Grad(body) | t.PrimedGrad(body):
                inner = self.value(body, env)
                n = len(self.policy.params)
                count = range(n, 2 * n) if isinstance(node, t.PrimedGrad) else range(n)
                if isinstance(inner, Jet):
                    return [inner.derivative(i) for i in count]
                return [[e.derivative(i) for i in count] for e in inner]
            case t.Log(body):
                return self.value(body, env).log()
            case t.Sum((index,), body):
                return self._sum(index, body, env, isinstance(node, Drawn))
            case t.Abs(body):
                return Jet.constant(abs(self.value(body, env).value), self.order)
            case t.Max((index,), body) | t.Min((index,), body):
                terms = [term.value for term in self._terms(index, body, env)]
                return Jet.constant(reduce(arb.max if isinstance(node, t.Max) else arb.min, terms), self.order)
            case t.Dot(left, right):
                return dot(*self._operands(left, right, env))
            case t.Outer(left, right):
                return outer(*self._operands(left, right, env))
            case t.StopGradient(body):
                return entrywise(lambda e: Jet.constant(e.value, self.order), self.value(body, env))
            case t.Transpose(body):
                matrix = self.value(body, env)
                return matrix if isinstance(matrix, Jet) else [list(column) for column in zip(*matrix, strict=True)]
            case t.Limit(body):
                return self._limit(body, env)
            case t.Inv(body):
                matrix = self.value(body, env)
                one, zero = self.numbers.number(1), self.numbers.number(0)
                eye = [[one if i == j else zero for j in range(len(matrix))] for i in range(len(matrix))]
                return solve(matrix, eye)
            case r.RunExpect() | r.Covariance():
                return self.trajectories.mean(node, env)
            case r.Trace(body):
                matrix = self.value(body, env)
                return (
                    matrix if isinstance(matrix, Jet) else total([row[i] for i, row in enumerate(matrix)], self.order)
                )
        return self.trajectories.value(node, env)

    def _sum(self, index: str, body: t.Node, env: Env, drawn: bool) -> Any:
        found = None
        for term in self._terms(index, body, env, drawn):
            found = term if found is None else paired(Jet.__add__, *alike(found, term))
        return self.numbers.number(0) if found is None else found

    def _terms(self, index: str, body: t.Node, env: Env, drawn: bool = False) -> Iterator[Any]:
        """The values of the body, where the index is something that it runs over."""
        for item in self._items(body, index, env, drawn):
            inner = {**env, index: item}
            try:
                term = self.value(body, inner)
            except UndefinedError as error:
                if error.index != index:
                    raise
                continue
            except VisitedEndError:
                if not drawn or item not in self.ends or self._can_be(body, inner):
                    raise
                continue
            yield term

    def _can_be(self, body: t.Node, env: Env) -> bool:
        """Whether the end that was drawn has a positive probability."""
        assert isinstance(body, t.Mul)
        return any(c != arb(0) for c in self.value(body.left, env).terms.values())

    @property
    def _twofold(self) -> Plain:
        """The same reading with a second policy that has variables of its own, at the same values."""
        if "twofold" not in self._values:
            self._values["twofold"] = Plain(self.claim, *self.world)
            self._values["twofold"].twofold = True
        return self._values["twofold"]

    # -- limits ----------------------------------------------------------------------------------------------

    @cached_property
    def _near(self) -> Plain:
        """The same with a symbol for gamma."""
        known = self.mdp.gamma
        discount = known if known.is_Symbol else sp.Symbol("gamma (near 1)")
        _, policy, objective, point, *rest = self.world
        mdp = self.mdp if known.is_Symbol else self.mdp.replace(gamma=discount)
        near = Plain(self.claim, mdp, policy, objective, dict(point), *rest)
        near.discount, near.twofold = discount, self.twofold
        return near

    discount: sp.Symbol

    def _limit(self, body: t.Node, env: Env) -> Any:
        """The value at gamma = 1 - e for e = 2^-bits, with an error of sqrt(e): the slope there is far below that."""
        bits, near = ctx.prec, self._near
        if near.point.get(near.discount) != (e := 1 - sp.Rational(1, 2**bits)):
            near.point = {**near.point, near.discount: e}
            near._fresh()
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
