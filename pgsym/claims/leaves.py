"""What the names of a claim are worth: symbols of the model, quantities of its vocabulary, its own functions."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

from pgsym.claims.evaluation import Evaluation
from pgsym.claims.language import tree as t
from pgsym.claims.language.characters import ascii_text, clash
from pgsym.claims.language.habits import habit
from pgsym.claims.language.names import TIME, Range
from pgsym.claims.language.scope import Scope
from pgsym.claims.vectors import Value
from pgsym.errors import ClaimError, UndefinedQuantityError
from pgsym.expression.complaint import caret
from pgsym.expression.quantity import VOCABULARY, Role, quantity_at
from pgsym.model.objective import Objective

Env = dict[str, Hashable]
"""The state or action that each bound index stands for."""

Compiled = Callable[[Env], Value]
"""A value, given what the indices stand for."""

_SPARSE = frozenset({"mu0", "P_pi", "P", "pi"})


@dataclass(eq=False, repr=False)
class PartCompiler:
    """Compiles trees of some kinds, for one claim in one world."""

    world: Evaluation
    scope: Scope
    compile: Callable[[t.Node, int], Compiled]
    """Compiles any tree: operands, definitions and overrides."""


@dataclass(eq=False, repr=False)
class Leaves(PartCompiler):
    """Compiles the leaves of trees."""

    def __post_init__(self) -> None:
        self._definitions: dict[tuple[str, int], Callable[[tuple[Hashable, ...]], Value]] = {}
        self._varied: dict[Any, Any] = {}
        if name := clash(self.scope.source, self.world.symbols):
            raise ClaimError(
                f"found {name}, which is {ascii_text(name)[0]} in claims and a symbol of the model. Write "
                f'{ascii_text(name)[0]}, or "{name}" in quotes for the symbol'
            )

    def symbol(self, node: t.Symbol, level: int) -> Compiled:
        """A symbol or parameter of the model."""
        name = node.name
        known = self.world.symbols
        if name not in known:
            if found := habit(self.scope.source, node.at or 0, there=True):
                raise ClaimError(found[0] + caret(self.scope.source, found[1]), at=found[1])
            others = {*known, *VOCABULARY, *self.scope.lets, *self.scope.free} - {name}
            near = difflib.get_close_matches(name, sorted(others), n=1)
            hint = f"Did you mean {near[0]}?" if near else "Declare an arbitrary number with for all"
            if name == "theta":
                hint = "The vector of all parameters is vec(theta)"
            listed = ", ".join(list(known)[:8]) + (", ..." if len(known) > 8 else "") if known else "none"
            raise self.scope.error(f"{name} is not a symbol of the model; it has {listed}. {hint}", node)
        element = self.world.tower.field(level).convert(known[name])
        return lambda env: element

    def places(self, node: t.Call | t.Quantity, indices: Sequence[t.Index]) -> Callable[[Env], tuple[Hashable, ...]]:
        """What the indices stand for; literals are looked up now."""
        kinds, pairs = self.scope.entry(node).kinds, {action: state for state, action in self.scope.entry(node).pairs}
        fixed: dict[int, Hashable] = {}
        world = self.world
        for k, (i, kind) in enumerate(zip(indices, kinds, strict=True)):
            if isinstance(i, t.Literal) and kind == "state":
                fixed[k] = world.state(i)
            elif kind == TIME:  # of a definition that does not use it
                fixed[k] = i
        for k, i in enumerate(indices):
            if isinstance(i, t.Literal) and k not in fixed:
                if pairs[k] not in fixed:
                    raise self.scope.error("an action by name needs its state by name", node)
                fixed[k] = world.action(fixed[pairs[k]], i)
        if not fixed:
            names = tuple(i for i in indices if isinstance(i, str))
            if len(names) == 1:
                (only,) = names
                return lambda env: (env[only],)
            if len(names) == 2:
                first, second = names
                return lambda env: (env[first], env[second])
            return lambda env: tuple([env[i] for i in names])
        items = [(fixed[k], None) if k in fixed else (None, i) for k, i in enumerate(indices)]
        return lambda env: tuple(value if i is None else env[i] for value, i in items)  # type: ignore[index]

    def indicator(self, node: t.Indicator, level: int) -> Compiled:
        """1 where both indices stand for the same state or action."""
        world, field = self.world, self.world.tower.field(level)
        if world.representative:
            return lambda env: field.one
        among = [i for i in node.indices if isinstance(i, t.Literal)]
        if not among:
            first, second = (str(i) for i in node.indices)
            return lambda env: field.one if env[first] == env[second] else field.zero
        (index,) = (i for i in node.indices if isinstance(i, str))
        fixed = world.any_action(among[0]) if t.is_action(index) else world.state(among[0])
        return lambda env: field.one if env[index] == fixed else field.zero

    def call(self, node: t.Call, level: int) -> Compiled:
        """A function of the claim's own: declared, or defined."""
        name, places = node.name, self.places(node, node.indices)
        if name in self.scope.free:
            world = self.world
            return lambda env: world.function(name, places(env), level)
        define = self._definition(name, level)
        return lambda env: define(places(env))

    def _definition(self, name: str, level: int) -> Callable[[tuple[Hashable, ...]], Value]:
        """What a let defines, by what it is taken at; each value is found once."""
        key = (name, level)
        if key not in self._definitions:
            let = self.scope.lets[name]
            body, known = self.compile(let.body, level), dict[tuple[Hashable, ...], Value]()
            if self.world.representative:  # what stands for two places must not be taken for equal
                self._definitions[key] = lambda place: body(dict(zip(let.indices, place, strict=True)))
                return self._definitions[key]

            def define(place: tuple[Hashable, ...]) -> Value:
                if place not in known:
                    known[place] = body(dict(zip(let.indices, place, strict=True)))
                return known[place]

            self._definitions[key] = define
        return self._definitions[key]

    def quantity(self, node: t.Quantity, level: int) -> Compiled:
        """A quantity of the vocabulary."""
        world, name = self.world, node.name
        if node.primed:
            if world.primed is None:
                raise self.scope.error("there is no second world here; primed quantities need one", node)
            world = world.primed
        if name == "F":
            return self.compile(fisher(world.objective, node.primed), level)
        if name == "I":
            one, parameters = world.tower.field(level).one, world.tower.field(level + 1).parameters
            return lambda env: {(p, p): one for p in parameters}
        if name == "|S|":
            count = world.tower.field(level).number(Fraction(len(world.mdp.nonterminal)))
            return lambda env: count
        if not node.indices:
            found = self._quantities(world, node, level)
            return once(lambda env: found().of(VOCABULARY[name]))
        places = self.places(node, node.indices)
        return self._with_ends(node, world, places, self._taken(node, world, places, level), level)

    def _quantities(self, world: Evaluation, node: t.Quantity, level: int) -> Callable[[], Any]:
        """All quantities of the node's world, with its overrides."""
        name, keys = node.name, [o.key for o in node.overrides]
        instead = quantity_at(name, len(node.indices)).instead
        if instead and world.objective.definition.differential and "gamma" not in keys:
            message = (
                f"{name} is not defined for the {world.objective} objective; it uses {instead}. Ask for {instead}, "
            )
            raise UndefinedQuantityError(
                self.scope.error(f"{message}or give a discount, as in {name}[gamma=1/2]", node).message
            )
        overrides = {o.key: self._override(o, level) for o in node.overrides}

        def quantities() -> Any:
            found = world.quantities(level)
            return world.varied(found, **{k: make() for k, make in overrides.items()}) if overrides else found

        return self._varied.setdefault((node.primed, level, node.overrides), cache(quantities))

    def _taken(
        self, node: t.Quantity, world: Evaluation, places: Callable[[Env], tuple[Any, ...]], level: int
    ) -> Compiled:
        """The quantity at states that its world has."""
        name = node.name
        if name == "logit":

            def logit(env: Env) -> Value:
                state, action = places(env)
                return world.logit(state, action, level)

            return logit
        found = self._quantities(world, node, level)
        if name in _SPARSE:
            return self._sparse(name, found, places, level)
        table = cache(lambda: found().of(quantity_at(name, len(node.indices))))

        def looked_up(env: Env) -> Value:
            place = places(env)
            return table()[place[0] if len(place) == 1 else place]

        if name != "d" or not self.world.tower.generic:
            return looked_up

        def normalised(env: Env) -> Value:
            try:
                return looked_up(env)
            except ZeroDivisionError:
                raise self.scope.error(
                    "found visits that sum to 0 identically; d is over their sum. Give another start weight", node
                ) from None

        return normalised

    def _with_ends(
        self, node: t.Quantity, world: Evaluation, places: Callable[[Env], tuple[Any, ...]], value: Compiled, level: int
    ) -> Compiled:
        """The quantity in terminal states too: they lead to themselves and pay nothing, and visits are not counted."""
        ends = self.world.ends | world.ends
        if not ends:
            return value
        field, name, entry = self.world.tower.field(level), node.name, self.scope.entry(node)
        zero, one = field.zero, field.one
        stays = name in ("pi", "P", "P_pi")
        if self.world.representative:  # one bound for all states: also for the 1 of staying
            return (lambda env: value(env) + one) if stays else value
        if any(role is Role.VISITED for _, role in entry.roles):
            counted = [k for k, role in entry.roles if role is Role.VISITED]

            def visited(env: Env) -> Value:
                place = places(env)
                for k in counted:
                    if place[k] in ends:
                        raise UndefinedQuantityError(
                            f"{place[k]!r} is a terminal state, whose visits are not counted; {name} is about the "
                            "other states. Leave it out",
                            where=name,
                        )
                return value(env)

            return visited
        source = 1 if name in ("pi", "P") else 0
        acts = (source, Role.ACTING) in entry.roles
        foreign = ends - world.mdp.terminal

        def anywhere(env: Env) -> Value:
            place = places(env)
            if place[source] not in (ends if acts else foreign):
                return value(env)
            if not stays:
                return zero
            target = place[source] if name == "pi" else place[1 - source]
            return one if target == place[source] else zero

        return anywhere

    def _sparse(
        self, name: str, found: Callable[[], Any], places: Callable[[Env], tuple[Any, ...]], level: int
    ) -> Compiled:
        zero = self.world.tower.field(level).zero
        if name == "pi":

            def probability(env: Env) -> Value:
                action, state = places(env)
                return found().pi[state][action]

            return probability
        if name == "mu0":
            return lambda env: found().mu0.get(places(env)[0], zero)
        if name == "P":

            def transition(env: Env) -> Value:
                target, state, action = places(env)
                return found().P[state, action].get(target, zero)

            return transition

        def step(env: Env) -> Value:
            state, target = places(env)
            return found().P_pi[state].get(target, zero)

        return step

    def _override(self, override: t.Override, level: int) -> Callable[[], Any]:
        value = override.value
        if override.key == "gamma":
            if isinstance(value, t.Number):  # a known number: at 1 every run has to end
                return lambda: value.value
            scalar = self.compile(value, level)
            return lambda: scalar({})
        assert isinstance(value, t.Call | t.Quantity)
        kinds = self.scope.kinds(value)
        indices = tuple("s" if kind == "state" else "a" for kind in kinds)
        function = self.compile(replace(value, indices=indices), level)
        world = self.world

        def table() -> Mapping[Any, Any]:
            if world.representative:
                s = world.states(Range("s", roles=frozenset({Role.ACTING})))[0]
                return {s: function({"s": s, "a": world.actions(s)[0]})}
            if len(kinds) == 1:
                return {s: function({"s": s}) for s in world.mdp.nonterminal}
            return {(s, a): function({"s": s, "a": a}) for s, a in world.mdp.pairs}

        return table


def fisher(objective: Objective, primed: bool = False) -> t.Node:
    """F = sum_s w(s) sum_a pi(a|s) grad log pi(a|s) grad log pi(a|s)^T (Amari 1998; Kakade 2002).

    >>> print(fisher(Objective.START_STATE))
    sum[s] eta(s) * sum[a] pi(a|s) * outer(grad log pi(a|s), grad log pi(a|s))
    """
    weight = t.Quantity(objective.definition.weight, ("s",), primed)
    pi = t.Quantity("pi", ("a", "s"), primed)
    score = t.Grad(t.Log(pi))
    return t.Sum(("s",), weight * t.Sum(("a",), pi * t.Outer(score, score)))


def once(compute: Compiled) -> Compiled:
    """A value that does not depend on any index."""
    known: list[Value] = []

    def value(env: Env) -> Value:
        if not known:
            known.append(compute(env))
        return known[0]

    return value
