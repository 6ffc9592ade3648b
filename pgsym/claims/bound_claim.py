"""One claim on one model: which further symbols it needs, and its meaning in each kind of field."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

import sympy as sp

from pgsym.algebra import DualField, RationalField
from pgsym.algebra.generators import Generators
from pgsym.algebra.prime import PRIME_BITS, random_residues
from pgsym.claims.compiler import Meaning
from pgsym.claims.evaluation import Evaluation, SizeWorld, Tower, plain_parameters
from pgsym.claims.extremes import ExtremesAtPoint
from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.check import check
from pgsym.claims.language.relation import RELATIONS
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Claim, ForAll, Let, World
from pgsym.claims.logarithms import ClosedLogarithms, in_logarithms
from pgsym.claims.same_policy import merged
from pgsym.claims.second_world import SecondWorld
from pgsym.claims.trajectories.rewriting import log_probability
from pgsym.errors import ClaimError
from pgsym.exact.fields import LogBasis, WholeLogarithms, exact_field, prime_field, rational_field, size_field
from pgsym.expression.naming import Alphabet, call, in_order
from pgsym.expression.quantity import quantity_at
from pgsym.limits import NORMAL_FORM_SECONDS, NORMAL_FORM_TERMS
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy
from pgsym.model.reductions import terminating
from pgsym.model.structure import Structure

Point = dict[sp.Symbol, sp.Expr]


@dataclass(eq=False, repr=False)
class BoundClaim:
    """A claim on a model with a policy; `pinned` has values of symbols that its assumptions left no choice."""

    claim: Claim
    mdp: MDP
    policy: Policy
    objective: Objective
    structure: Structure
    pinned: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def __post_init__(self) -> None:
        claim, mdp, policy = self.claim, self.mdp, self.policy
        self.weights = tuple(in_order(policy.mentioned - {*policy.params, *mdp.symbols}))
        """Symbols of the policy that are no parameters: the epsilon of a mixture."""
        own = (*policy.params, *self.weights, *in_order(mdp.symbols), *self.pinned)
        self.symbols: dict[str, sp.Expr] = {s.name: self.pinned.get(s, s) for s in own}
        """What the claim may mention by name."""
        self.alphabet = Alphabet(own)
        """The symbols that the claim needs besides."""
        for binding in claim.bindings:
            if isinstance(binding, Let | ForAll) and not binding.indices and binding.name in self.symbols:
                what = "a definition" if isinstance(binding, Let) else "an arbitrary number"
                raise ClaimError(
                    f"{binding.name} is a symbol of the model; {what} needs a name of its own. Rename it",
                    where=f"{'let' if isinstance(binding, Let) else 'for all'} {binding.name}",
                )
        self.rank, self.ranges = check(claim)
        self.scope = Scope(claim.bindings, claim.source)
        self._generators: Generators | None = None
        self._nodes = [node for side in (claim.left, claim.right) for node in self._parts(side)]

    def _parts(self, side: t.Node) -> Iterator[t.Node]:
        """What a side is made of, with one policy where it is about one, and log P(tau) as the sum that it is."""
        graded: set[int] = set()
        for node in self.scope.parts(side, lambda node: merged(node, self.scope)):
            yield node
            if isinstance(node, t.Grad):
                graded.add(id(node.body))
            elif isinstance(node, t.Log) and isinstance(node.body, runs.RunProbability) and id(node) not in graded:
                yield from log_probability().walk()

    # -- what the claim needs --------------------------------------------------------------------------------

    def uses(self, *kinds: type[t.Node]) -> bool:
        """Whether some node of the claim is of that kind."""
        return any(isinstance(node, kinds) for node in self._nodes)

    def mentions(self, name: str) -> bool:
        """Whether that quantity stands somewhere in the claim."""
        return any(isinstance(node, t.Quantity) and node.name == name for node in self._nodes)

    @property
    def unprimed(self) -> list[str]:
        """What has a prime in the claim and is in the second world as in the first: P' where only pi' is arbitrary."""
        if self.scope.worlds:
            return []
        different = self.scope.arbitrary | ({"r'"} if "P'" in self.scope.arbitrary else set())
        primed = {node.name for node in self._nodes if isinstance(node, t.Quantity) and node.primed}
        return sorted(name for name in primed & {"P", "r", "gamma", "mu0"} if f"{name}'" not in different)

    @property
    def may_jump(self) -> bool:
        """Whether it is about what jumps where a transition probability becomes 0: the long run, undiscounted runs."""
        reaches = {quantity_at(node.name, 0).reach for node in self._nodes if isinstance(node, t.Quantity)}
        endless = self.mdp.gamma == 1 or t.Number(Fraction(1)) in self.discounts
        of_runs = "run" in reaches or self.uses(runs.RunExpect)
        return "long run" in reaches or (of_runs and (endless or self.objective is not Objective.START_STATE))

    @property
    def needs_coordinates(self) -> bool:
        """Products over the parameters need every coordinate; other claims are tested along random directions."""
        return self.uses(t.Dot, t.Inv, runs.Trace) or self.mentions("I") or self.mentions("vec(theta)")

    @cached_property
    def discounts(self) -> tuple[t.Node, ...]:
        """What stands for gamma in some quantity, or is taken to the power of a time."""
        overrides = (o for node in self._nodes if isinstance(node, t.Quantity) for o in node.overrides)
        found = [o.value for o in overrides if o.key == "gamma"]
        found += [node.body for node in self._nodes if isinstance(node, runs.TimePower)]
        return tuple(dict.fromkeys(node for node in found if node != t.Quantity("gamma")))

    @property
    def is_ordered(self) -> bool:
        """Whether signs decide the claim; then a number of its own is any real one, unless it is part of a discount."""
        return RELATIONS[self.claim.relation].larger is not None or self.uses(*t.EXTREMES)

    @cached_property
    def _in_discounts(self) -> frozenset[t.Node]:
        return frozenset(part for node in self.discounts for part in self.scope.parts(node))

    @property
    def has_limit(self) -> bool:
        """Whether a limit is taken: then only closed forms will do."""
        return self.uses(t.Limit)

    @cached_property
    def functions(self) -> dict[str, dict[tuple[Hashable, ...], sp.Symbol]]:
        """A symbol for every value of every arbitrary function; scalars are taken at ()."""
        found: dict[str, dict[tuple[Hashable, ...], sp.Symbol]] = {}
        for name, declared in self.scope.free.items():
            found[name] = {
                place: self.alphabet.of("for all", name, *place, name=call(name, *place))
                for place in self._places(declared)
            }
        return found

    def _places(self, declared: ForAll) -> list[tuple[Hashable, ...]]:
        match ["a" if t.is_action(i) else "s" for i in declared.indices]:
            case ["s", "a"]:
                return list(self.mdp.pairs)
            case [] | ["s"] | ["s", "s"] as kinds:
                return list(product(self.mdp.nonterminal, repeat=len(kinds)))
        raise ClaimError(
            "an arbitrary function is one of (s), (s,a), (s,s') or of nothing; found "
            f"{declared.name}({','.join(declared.indices)}). Declare it so",
            where=f"for all {declared.name}",
        )

    @property
    def _transformed(self) -> bool:
        """Whether the primed world is the model with discount as random termination."""
        return any(isinstance(b, World) for b in self.claim.bindings)

    @cached_property
    def second(self) -> tuple[MDP, Policy, Structure] | None:
        """The primed world, where it is mentioned: an arbitrary policy or model, or a transformed model."""
        if not any(map(t.is_primed, self._nodes)):
            return None
        if self._transformed:
            mdp = terminating(self.mdp)
            policy = self.policy.pullback(mdp, lambda s: s)
            return mdp, policy, Structure(mdp, policy)
        world = self._second_world
        return world.mdp, world.policy, Structure(world.mdp, world.policy)

    @cached_property
    def _second_world(self) -> SecondWorld:
        return SecondWorld(self.mdp, self.policy, self.scope.arbitrary or ("pi'",), self.alphabet)

    @cached_property
    def basis(self) -> LogBasis | None:
        """The logarithms of the policies, where their values are needed."""
        under_grad = {id(node.body) for node in self._nodes if isinstance(node, t.Grad)}
        values = [node.body for node in self._nodes if isinstance(node, t.Log) and id(node) not in under_grad]
        known = [found for body in values if (found := in_logarithms(body)) is not None]
        policies = {n.primed for found in known for n in found.walk() if isinstance(n, t.Quantity)}
        others = tuple(self.logarithms.found())
        if not policies and not self.logarithms.tables:
            return None
        second = [self.second[1]] if self.second is not None and True in policies else []
        return LogBasis(*([self.policy] if policies else []), *second, alphabet=self.alphabet, others=others)

    @cached_property
    def logarithms(self) -> ClosedLogarithms:
        """Those of other things than products of probabilities, where their values are needed."""
        found = ClosedLogarithms(recording=True)
        if any(isinstance(node, t.Log) and in_logarithms(node.body) is None for node in self._nodes):
            limits: dict[str, Any] = {"budget": NORMAL_FORM_TERMS, "seconds": NORMAL_FORM_SECONDS}
            field = rational_field(self.mdp, self.policy, extra=self.extra, **limits)
            meaning = self._meaning(self._tower(field), Evaluation, basis=None, logarithms=found)
            meaning.extremes = ExtremesAtPoint(field)  # what is recorded has no values
            for side in (self.claim.left, self.claim.right):
                meaning.compile(side)
            found.fill(meaning, self.mdp.gamma)
        return found

    @cached_property
    def extra(self) -> tuple[sp.Symbol, ...]:
        """Generators beside those of the model and the policy."""
        found = [s for table in self.functions.values() for s in table.values()]
        if self.second is not None and not self._transformed:
            found += self._second_world.symbols
        found += plain_parameters(self._nodes, self.policy)
        if self._limit_symbol is not None:
            found.append(self._limit_symbol)
        return tuple(dict.fromkeys(found))

    @cached_property
    def _limit_symbol(self) -> sp.Symbol | None:
        if not self.has_limit:
            return None
        gamma, outcomes = self.mdp.gamma, (o for pair in self.mdp.pairs for o in self.mdp.outcomes(*pair))
        if gamma.free_symbols:
            expressions = [e for o in outcomes for e in (o.p, o.r)]
            elsewhere = {s for e in (*expressions, *self.mdp.start.values()) for s in e.free_symbols} | {*self.weights}
            if not gamma.is_Symbol:
                named = (self.symbols.get(n.name, sp.S.Zero) for n in self._nodes if isinstance(n, t.Symbol))
                elsewhere |= {s for e in named for s in e.free_symbols}
            shared = sorted(s.name for s in gamma.free_symbols & elsewhere)
            if shared:
                raise ClaimError(
                    f"the discount is {gamma}, and {shared[0]} stands elsewhere too; the limit could be of the "
                    "discount alone, or of all that depends on it. Give the discount a symbol of its own",
                    where="limit[gamma->1]",
                )
        return self._discount_symbol

    @cached_property
    def _discount_symbol(self) -> sp.Symbol:
        if isinstance(self.mdp.gamma, sp.Symbol):
            return self.mdp.gamma
        return self.alphabet.of("limit", name="gamma")

    @property
    def generators(self) -> int:
        """How many generators a closed form has at least."""
        logs = len(self.basis.symbols) if self.basis is not None else 0
        return len({*self.policy.params, *self.mdp.symbols, *self.extra}) + logs

    # -- its meaning -----------------------------------------------------------------------------------------

    def closed(self, *, whole: bool = False, **limits: Any) -> Meaning:
        """In the field of rational functions.

        With `whole` each logarithm is a generator as it is written, without what it has in common with others.
        """
        basis = self.basis
        if whole and basis is not None:
            basis = WholeLogarithms(*basis.policies, alphabet=self.alphabet, others=basis.others)
        field = rational_field(self.mdp, self.policy, extra=self.extra, logs=basis, **limits)
        return self._meaning(self._tower(field), Evaluation, basis=basis, logarithms=self.logarithms)

    def _tower(self, field: RationalField) -> Tower:
        """Over closed forms; of dual numbers where some parts have no derivative."""
        above = (lambda f: DualField(f, self.policy.params)) if self.uses(t.StopGradient) else None
        return Tower(field, above, generic=True)

    def bounds(self) -> Meaning:
        """In the field of sizes."""
        return self._meaning(Tower(size_field(self.policy, logs=self.basis)), SizeWorld)

    def at_random(self, rng: random.Random, bits: int = PRIME_BITS) -> Meaning:
        """At a random point modulo a random prime, differentiating along random directions where that is enough."""
        known = self._generators
        field = prime_field(self.mdp, self.policy, rng, extra=self.extra, logs=self.basis, generators=known, bits=bits)
        self._generators = field.generators
        if self.needs_coordinates:
            return self._meaning(Tower(field, lambda f: DualField(f, self.policy.params)), Evaluation)
        count = max(self.rank, 1) + RELATIONS[self.claim.relation].whole
        params = self.policy.params
        directions = [
            dict(zip(params, random_residues(rng, field.prime, len(params)), strict=True)) for _ in range(count)
        ]
        return self._meaning(Tower(field, lambda f: DualField(f, directions=directions)), Evaluation)

    def at(self, theta: Point, symbols: Point, values: Point, params: tuple[sp.Symbol, ...]) -> Meaning:
        """Exactly at a point, differentiating by some of the parameters."""
        mdp = self.mdp.subs({s: v for s, v in symbols.items() if s in self.mdp.symbols})
        setting = replace(self, mdp=mdp)
        setting.symbols, setting.weights, setting.alphabet = self.symbols, self.weights, self.alphabet
        setting.basis, setting.logarithms = self.basis, self.logarithms
        extra, known = (*self.extra, *symbols), {**symbols, **values}
        field = exact_field(mdp, self.policy, theta, extra=extra, values=known, logs=self.basis)
        return setting._meaning(Tower(field, lambda f: DualField(f, params)), Evaluation)

    def _meaning(self, tower: Tower, kind: type[Evaluation], **logs: Any) -> Meaning:
        def world(mdp: MDP, policy: Policy, structure: Structure, **beside: Any) -> Evaluation:
            given = {"functions": self.functions, "symbols": self.symbols, **beside}
            return kind(mdp, policy, self.objective, tower, structure, **given)

        logs = logs or {"basis": self.basis, "logarithms": self.logarithms}
        second = None if self.second is None else world(*self.second, **logs)
        limit = None
        if self._limit_symbol is not None and tower.generic and kind is Evaluation:
            mdp, near = self._with_limit_symbol(self.mdp), None
            if self.second is not None:
                other = terminating(mdp) if self._transformed else self._with_limit_symbol(self.second[0])
                near = world(other, self.second[1], Structure(other, self.second[1]), basis=logs["basis"])
            far = world(mdp, self.policy, Structure(mdp, self.policy), primed=near, basis=logs["basis"])
            limit = far, self._limit_symbol
        return Meaning(world(self.mdp, self.policy, self.structure, primed=second, limit=limit, **logs), self.scope)

    def _with_limit_symbol(self, mdp: MDP) -> MDP:
        """The model with a symbol for its discount factor."""
        return mdp if mdp.gamma == self._discount_symbol else mdp.replace(gamma=self._discount_symbol)

    @cached_property
    def with_free_discount(self) -> BoundClaim:
        """The same claim on the model with a symbol for its discount factor."""
        mdp = self._with_limit_symbol(self.mdp)
        structure = self.structure if mdp is self.mdp else Structure(mdp, self.policy)
        return replace(self, mdp=mdp, structure=structure)

    # -- points ----------------------------------------------------------------------------------------------

    def random_values(self, rng: random.Random, fine: int = 0) -> Point:
        """Rational values of what the claim declares: numbers in (0, 1), or about 0 where order matters, functions
        small, pi' positive rows.

        The grid from which they are drawn is halved `fine` times.
        """
        grain = 1 << fine
        found: Point = {}
        for name, table in self.functions.items():
            for place, symbol in table.items():
                if place == () and not (self.is_ordered and t.Call(name) not in self._in_discounts):
                    found[symbol] = sp.Rational(rng.randint(1, 10 * grain - 1), 10 * grain)
                else:
                    found[symbol] = sp.Rational(rng.randint(-5 * grain, 5 * grain), grain)
        if self.second is not None and not self._transformed:
            found |= self._second_world.random_values(rng, grain)
        return found
