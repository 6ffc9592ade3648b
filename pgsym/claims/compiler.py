"""The value of a tree in a world: compiled once to closures, then called for each assignment of indices.

A scalar is a field element, a vector {theta: element}, a matrix {(theta, theta): element}; what is missing is
zero.  A node under k gradients is evaluated at level k of the world's tower, where derivatives are carried along.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pgsym.claims.evaluation import END, Evaluation
from pgsym.claims.extremes import Extremes, ExtremesAtPoint
from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.names import Range
from pgsym.claims.language.scope import Scope
from pgsym.claims.leaves import Compiled, Env, Leaves, once
from pgsym.claims.logarithms import in_logarithms, indices_of, without_logarithms
from pgsym.claims.matrices import Matrices
from pgsym.claims.same_policy import merged
from pgsym.claims.trajectories.means import RunMeans
from pgsym.claims.vectors import Value, entrywise, minus, negative, outer, plus, scaled, transpose
from pgsym.errors import HypothesisError
from pgsym.exact.fields import combined, logarithm_size


class Meaning:
    """Compiles the trees of one claim in one world."""

    def __init__(self, world: Evaluation, scope: Scope) -> None:
        self.world = world
        self.scope = scope
        self.tower = world.tower
        self._names = Leaves(world, scope, self.compile)
        self._runs = RunMeans(world, scope, self.compile)
        self._matrices = Matrices(world, scope, self.compile)
        self._limit: Meaning | None = None
        self.extremes: Extremes | None = None if self.tower.generic else ExtremesAtPoint(self.tower.field(0))
        """How abs, max and min are taken; in a field of functions, by what knows signs there."""

    # -- assignments -----------------------------------------------------------------------------------------

    def assignments(self, ranges: Sequence[Range]) -> Iterator[Env]:
        """Every assignment of the free indices; only one where all have the same value."""

        def extend(env: Env, rest: Sequence[Range]) -> Iterator[Env]:
            if not rest:
                yield dict(env)
                return
            for item in self._items(rest[0])(env):
                env[rest[0].index] = item
                yield from extend(env, rest[1:])
                if self.world.representative:
                    return

        return extend({}, list(ranges))

    def _items(self, found: Range) -> Callable[[Env], Sequence[Hashable]]:
        world = self.world
        if found.partner is None:
            states = world.states(found)
            return lambda env: states
        partner = found.partner
        if isinstance(partner, t.Literal):
            fixed = world.actions(world.state(partner))
            return lambda env: fixed
        return lambda env: world.actions(env[partner])

    # -- compilation -----------------------------------------------------------------------------------------

    def compile(self, node: t.Node, level: int = 0) -> Compiled:
        """A function from an assignment of the free indices to the node's value."""
        compiled = self._compile(node, level)
        if self.scope.rank(node) is None and not isinstance(node, t.Number):
            compiled = _then(compiled, self.tower.field(level).zero)
        worthwhile = not isinstance(node, t.Number | t.Symbol | t.Quantity | t.Call)
        if worthwhile and not any(self.scope.free_uses(node)):
            return once(compiled)
        return compiled

    def _compile(self, node: t.Node, level: int) -> Compiled:
        field = self.tower.field(level)
        match node:
            case t.Number(value):
                number = field.number(value)
                return lambda env: number
            case t.Symbol():
                return self._names.symbol(node, level)
            case t.Call():
                return self._names.call(node, level)
            case t.Quantity():
                return self._names.quantity(node, level)
            case t.Indicator():
                return self._names.indicator(node, level)
            case t.Neg(body):
                inner = self.compile(body, level)
                return lambda env: negative(inner(env))
            case t.Add(left, right):
                return self._combined(left, right, level, plus)
            case t.Sub(left, right):
                return self._combined(left, right, level, minus)
            case t.Mul(left, right):
                return self._product(left, right, level)
            case t.Div(left, right):
                return self._quotient(node, left, right, level)
            case t.Pow(body, power):
                base, one = self.compile(body, level), field.one
                if power >= 0:
                    return lambda env: base(env) ** power
                return self._guarded(node, lambda env: one / base(env) ** -power)
            case t.Grad(body):
                return self._gradient(body, level)
            case t.StopGradient(body):
                return self._stopped(body, level)
            case t.SamePolicy():
                return self.compile(merged(node, self.scope), level)
            case t.Log(body):
                return self._log(node, body, level)
            case t.Sum():
                return self._sum(node, level)
            case t.Abs() | t.Max() | t.Min():
                return self._extreme(node, level)
            case t.Expect():
                return self.compile(node.expanded(), level)
            case t.Limit(body):
                return self._limited(node, body, level)
            case t.Dot(t.Inv(matrix), right) if self.scope.rank(right) == 1:
                return self._matrices.solved(matrix, right, level)
            case t.Dot(left, right):
                return self._matrices.dot(left, right, level)
            case t.Outer(left, right):
                x, y = self.compile(left, level), self.compile(right, level)
                return lambda env: outer(x(env), y(env))
            case t.Transpose(body):
                inner = self.compile(body, level)
                return lambda env: transpose(inner(env))
            case t.Inv(body):
                return self._matrices.inverse(body, level)
            case runs.RunExpect() | runs.Covariance():
                return self._runs.compiled(node, level)
            case runs.Trace(runs.RunExpect(operator="Var") | runs.Covariance() as body):
                return self._runs.compiled(body, level, trace=True)
            case runs.Trace(body):
                return self._matrices.trace(body, level)
            case runs.RewardAt(time):
                name = runs.timed("r", time)
                convert = (lambda e: e) if self.world.representative else field.convert
                return lambda env: convert(env[name])
        raise TypeError(f"{type(node).__name__} is not a node of the claim language")

    # -- operations ------------------------------------------------------------------------------------------

    def _combined(
        self, left: t.Node, right: t.Node, level: int, operation: Callable[[Value, Value], Value]
    ) -> Compiled:
        x, y = self.compile(left, level), self.compile(right, level)
        if self.scope.rank(left) and self.scope.rank(right) is None:
            y = _then(y, {})
        if self.scope.rank(right) and self.scope.rank(left) is None:
            x = _then(x, {})
        return lambda env: operation(x(env), y(env))

    def _product(self, left: t.Node, right: t.Node, level: int) -> Compiled:
        if self.scope.rank(left):
            left, right = right, left
        x, y = self.compile(left, level), self.compile(right, level)
        return lambda env: scaled(y(env), x(env))

    def _quotient(self, node: t.Node, left: t.Node, right: t.Node, level: int) -> Compiled:
        x, y, one = self.compile(left, level), self.compile(right, level), self.tower.field(level).one
        if self.world.representative and not any(self.scope.free_uses(right)):

            def shared(env: Env) -> Value:
                above, below = x(env), y(env)
                return entrywise(lambda e: e.divided(below), above)

            return shared
        if not self.scope.rank(left):
            return self._guarded(node, lambda env: x(env) / y(env))

        return self._guarded(node, lambda env: scaled(x(env), one / y(env)))

    def _guarded(self, node: t.Node, quotient: Compiled) -> Compiled:
        """In a field of functions a zero divisor is the author's mistake; at a point it may be bad luck."""
        if not self.tower.generic:
            return quotient

        def guarded(env: Env) -> Value:
            try:
                return quotient(env)
            except ZeroDivisionError:
                raise self.scope.error("found a division by an expression that is identically zero", node) from None

        return guarded

    def _gradient(self, body: t.Node, level: int) -> Compiled:
        split = without_logarithms(body, {p.name for p in self.world.policy.params}, self.scope.free)
        if split is not None:
            found = self.compile(split, level)
            return _then(found, {}) if self.scope.rank(split) is None else found
        inner, above = self.compile(body, level + 1), self.tower.field(level + 1)
        if not self.scope.rank(body):
            return lambda env: above.gradient(inner(env))
        return lambda env: {(p, q): d for p, e in inner(env).items() for q, d in above.gradient(e).items()}

    def _stopped(self, body: t.Node, level: int) -> Compiled:
        """The value at the lowest level, with no derivatives; a bound of those of the body holds for it too."""
        if self.tower.closed:
            return self.compile(body, level)
        inner, lift = self.compile(body), self.tower.lift(level)
        return lambda env: entrywise(lift, inner(env))

    def _log(self, node: t.Log, body: t.Node, level: int) -> Compiled:
        if not isinstance(body, t.Quantity) or body.name != "pi":
            apart = in_logarithms(body)
            return self._closed_logarithm(node, body, level) if apart is None else self.compile(apart, level)
        world, places = self.world.primed if body.primed else self.world, self._names.places(body, body.indices)
        assert world is not None
        zero = self.tower.field(level).zero

        def logarithm(env: Env) -> Value:
            action, state = places(env)
            return zero if action is END else world.log_pi(level)[state][action]

        return logarithm

    def _closed_logarithm(self, node: t.Log, body: t.Node, level: int) -> Compiled:
        """log of what is no product of probabilities."""
        known, field, basis = self.world.logarithms, self.tower.field(level), self.world.basis
        if known is not None and known.recording:
            known.tables[body] = {}
            return lambda env: field.zero
        if known is None or body not in known.tables or basis is None:
            raise self.scope.error(
                "this logarithm has no value here; log pi(a|s) has one, with products and ratios of probabilities, and "
                "outside of limits and estimators what has a closed form that is positive",
                node,
            )
        if self.world.representative:
            return once(lambda env: logarithm_size(field, basis, known.found(body)))
        return lambda env: combined(field, *basis.combination(known.value(node, env, indices_of(body, self))))

    def _sum(self, node: t.Sum, level: int) -> Compiled:
        (index, *rest), body, field = node.indices, node.body, self.tower.field(level)
        if rest:
            body = t.Sum(tuple(rest), body)
        items, term = self._items(self.scope.range(body, index, node.drawn)), self.compile(body, level)
        rank = self.scope.rank(body)
        if self.world.representative:

            def bound(env: Env) -> Value:
                over = items(env)
                if not over:
                    return {} if rank else field.zero
                return entrywise(lambda e: field.total(e, len(over)), term({**env, index: over[0]}))

            return bound
        if not rank:

            def total(env: Env) -> Value:
                inner, found = dict(env), None
                for item in items(env):
                    inner[index] = item
                    value = term(inner)
                    found = value if found is None else found + value
                return field.zero if found is None else found

            return total

        def totals(env: Env) -> Value:
            inner, found = dict(env), dict[Any, Any]()
            for item in items(env):
                inner[index] = item
                for p, e in term(inner).items():
                    found[p] = found[p] + e if p in found else e
            return found

        return totals

    def _extreme(self, node: t.Node, level: int) -> Compiled:
        """abs, max and min, as `self.extremes` has them."""
        extremes = self.extremes
        if extremes is None:
            raise self.scope.error("found what has no closed form; it has values at points", node)
        if isinstance(node, t.Abs):
            inner = self.compile(node.body, level)

            def absolute(env: Env) -> Value:
                value = inner(env)
                return extremes.greatest([value, negative(value)])

            return absolute
        assert isinstance(node, t.Max | t.Min)
        index, *rest = node.indices
        body = replace(node, indices=tuple(rest)) if rest else node.body
        found, choose = self.scope.range(body, index), extremes.greatest if isinstance(node, t.Max) else extremes.least
        items, term, mean = self._items(found), self.compile(body, level), None
        if found.partner is not None and self.tower.generic:
            # It lies between the extremes, so it may stand among the values: V(s) <= max[a] Q(s,a) is seen by it.
            pi = t.Quantity("pi", (index, found.partner))
            mean = self.compile(t.Sum((index,), t.Mul(pi, body)), level)

        def extreme(env: Env) -> Value:
            values = [term({**env, index: item}) for item in items(env)]
            if not values:
                raise HypothesisError(f"there is nothing that {index} could be; one value is required", where=str(node))
            return choose([*values, mean(env)] if mean is not None and len(values) > 1 else values)

        return extreme

    def _limited(self, node: t.Node, body: t.Node, level: int) -> Compiled:
        if self.world.limit is None:
            raise self.scope.error(
                "found a limit inside a limit; the discount goes to 1 once. Remove one"
                if self.tower.generic and not self.world.representative
                else "this limit is taken of closed forms only; decide with the normal form",
                node,
            )
        world, symbol = self.world.limit
        if self._limit is None:
            self._limit = Meaning(world, self.scope)
        inner, field = self._limit.compile(body, level), self.tower.field(level)

        def limit(e: Any) -> Any:
            try:
                return field.substitute(e, symbol, 1)
            except ZeroDivisionError:
                raise HypothesisError(f"{body} grows without bound as gamma -> 1; a finite limit is required",
                                      where="limit[gamma->1]") from None  # fmt: skip

        return lambda env: entrywise(limit, inner(env))


def _then(first: Compiled, value: Value) -> Compiled:
    """The value, after `first` has shown that it is defined."""

    def both(env: Env) -> Value:
        first(env)
        return value

    return both
