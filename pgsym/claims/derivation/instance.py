"""The lines of a proof for one model: sums written out over its states and actions, its numbers put in.

A tree goes in and a tree comes out, which is decided like any other.  Only what the model gives as a number or
a symbol is replaced (P, r, gamma, mu0, the chain under the policy); values and occupancies keep their names.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import product as combinations
from typing import Any

import sympy as sp

from pgsym.claims.blocks import Chain, used
from pgsym.claims.derivation import fold
from pgsym.claims.derivation.fold import as_tree
from pgsym.claims.evaluation import END
from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.check import check
from pgsym.claims.language.relation import EQUAL
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Binding, Let, Statement
from pgsym.errors import NotInFieldError
from pgsym.model.mdp import MDP
from pgsym.model.policy import Policy

Env = Mapping[str, Hashable]
"""The state or action that an index stands for."""

_MIXED = ("P_pi", "r_pi")
"""Means over the actions of what the model gives."""

_ZERO_AT_THE_END = frozenset({"V", "Q", "A", "h", "g", "H", "n", "r", "r_pi", "logit"})


class Instance:
    """Writes trees out for one model.

    >>> import pgsym
    >>> from pgsym.claims.language import parse
    >>> model = pgsym.zoo("short-corridor")
    >>> statement = parse("Q(s,a) = r(s,a) + gamma * sum[s'] P(s'|s,a) * V(s')")
    >>> for chain in Instance(model.mdp, model.policy).chains(Chain(statement)):
    ...     print(chain.statement)
    Q("s1","R") == -1 + V("s2")
    Q("s1","L") == -1 + V("s1")
    Q("s2","R") == -1 + V("s1")
    Q("s2","L") == -1 + V("s3")
    Q("s3","R") == -1
    Q("s3","L") == -1 + V("s2")
    """

    def __init__(self, mdp: MDP, policy: Policy) -> None:
        self.mdp = mdp
        self.policy = policy
        self.names: dict[sp.Expr, t.Node] = {mdp.gamma: t.Quantity("gamma")} if mdp.gamma.is_Symbol else {}
        self.scope = Scope(())

    # -- chains ----------------------------------------------------------------------------------------------

    def chains(self, chain: Chain) -> Iterator[Chain]:
        """The chain in every state and action that it is about, without those in which it says nothing."""
        statement = chain.statement
        self.scope = Scope(statement.bindings, statement.source)
        for env in self._places(statement):
            yield from self._chain(chain, env)

    def definition(self, let: Let, bindings: Sequence[Binding]) -> Iterator[Chain]:
        """A definition in every state and action, as equations."""
        name = t.Call(let.name, let.indices)
        statement = Statement((name, let.body), (EQUAL,), used(bindings, [name]), ("definition",))
        yield from self.chains(Chain(statement))

    def _chain(self, chain: Chain, env: Env) -> Iterator[Chain]:
        head = chain.statement.terms[0]
        terms = [self.expand(head, env)]
        if isinstance(head, t.Quantity) and head.name in _MIXED and terms[0] != self._named(head, env):
            return  # it is written out wherever it stands
        relations: list[str] = []
        reasons: list[str] = []
        for claim in chain.statement.claims:
            term = self.expand(claim.right, env)
            if term != terms[-1] or claim.relation != EQUAL:
                terms.append(term)
                relations.append(claim.relation)
                reasons.append(claim.reason)
            elif reasons and claim.reason:
                # The step is one of writing only here; its reason belongs to what led to this line.
                reasons[-1] = f"{reasons[-1]}; {claim.reason}" if reasons[-1] else claim.reason
        if relations:
            bindings = used(chain.statement.bindings, terms)
            yield Chain(Statement(tuple(terms), tuple(relations), bindings, tuple(reasons)), chain.objective)

    def _places(self, statement: Statement) -> Iterator[Env]:
        """What the free indices of a chain can stand for."""
        ranges = {r.index: r for claim in statement.claims for r in check(claim)[1]}
        inner = {i for claim in statement.claims for i in (r.index for r in check(claim)[1] if r.inner)}
        states = [i for i in ranges if not t.is_action(i)]
        actions = [i for i in ranges if t.is_action(i)]
        for place in combinations(*(self._states(i in inner) for i in states)):
            env: dict[str, Hashable] = dict(zip(states, place, strict=True))
            partners = [self._name(ranges[a].partner, env) for a in actions]
            for chosen in combinations(*map(self._actions, partners)):
                yield {**env, **dict(zip(actions, chosen, strict=True))}

    def _states(self, inner: bool) -> Sequence[Hashable]:
        return self.mdp.nonterminal if inner else self.mdp.states

    def _actions(self, state: Hashable) -> Sequence[Hashable]:
        return (END,) if state in self.mdp.terminal else self.mdp.actions(state)

    def _name(self, index: t.Index | None, env: Env) -> Any:
        if isinstance(index, t.Literal):
            return index.name
        assert index is not None
        return env[index]

    # -- expressions -----------------------------------------------------------------------------------------

    def expand(self, node: t.Node, env: Env) -> t.Node:
        """The expression with its sums written out, at the given states and actions."""
        match node:
            case t.Add(left, right):
                return fold.total([(1, self.expand(left, env)), (1, self.expand(right, env))])
            case t.Sub(left, right):
                return fold.total([(1, self.expand(left, env)), (-1, self.expand(right, env))])
            case t.Neg(body):
                return fold.negative(self.expand(body, env))
            case t.Mul(left, right):
                return self._product(left, right, env)
            case t.Div(left, right):
                return fold.quotient(self.expand(left, env), self.expand(right, env))
            case t.Pow(body, exponent):
                return fold.power(self.expand(body, env), exponent)
            case t.Expect():
                return self.expand(node.expanded(), env)
            case t.Sum(indices, body):
                return fold.total(
                    (1, self.expand(body, place)) for place in self._range(indices, body, env, node.drawn)
                )
            case t.Quantity():
                return self._quantity(node, env)
            case t.Call(name, indices):
                return self._call(name, self._literals(indices, env))
            case t.Indicator(indices):
                return self._indicator(indices, env)
            case t.Grad(body):
                inner = self.expand(body, env)
                return fold.ZERO if self._is_constant(inner) else t.Grad(inner)
            case t.Log(body):
                inner = self.expand(body, env)
                return fold.ZERO if inner == fold.ONE else t.Log(inner)
            case runs.RunExpect() | runs.Covariance():
                return node
            case t.Unary(body):
                return type(node)(self.expand(body, env))
            case t.Binary(left, right):
                return type(node)(self.expand(left, env), self.expand(right, env))
        return node

    def _product(self, left: t.Node, right: t.Node, env: Env) -> t.Node:
        """The product; nothing is written out beside a factor that is 0."""
        first = self.expand(left, env)
        return first if first == fold.ZERO else fold.product([first, self.expand(right, env)])

    def _range(self, indices: tuple[str, ...], body: t.Node, env: Env, drawn: bool = False) -> Iterator[Env]:
        if not indices:
            yield env
            return
        index, *rest = indices
        found = self.scope.range(t.Sum(tuple(rest), body) if rest else body, index, drawn)
        if t.is_action(index):
            values = self._actions(self._name(found.partner, env))
        else:
            values = self._states(found.inner)
        for value in values:
            yield from self._range(tuple(rest), body, {**env, index: value})

    def _literals(self, indices: Sequence[t.Index], env: Env) -> tuple[t.Literal, ...]:
        return tuple(i if isinstance(i, t.Literal) else t.Literal(env[i]) for i in indices)

    def _indicator(self, indices: tuple[t.Index, ...], env: Env) -> t.Node:
        first, second = (i.name for i in self._literals(indices, env))
        by_name = any(isinstance(i, t.Literal) for i in indices)
        return fold.ONE if first == second or (by_name and str(first) == str(second)) else fold.ZERO

    def _is_constant(self, node: t.Node) -> bool:
        """Whether only numbers and symbols of the dynamics occur."""
        params = {p.name for p in self.policy.params}
        constant = ("gamma", "|S|", "P", "r", "mu0", "I")
        return not any(
            isinstance(n, t.Call | runs.RunExpect | runs.Covariance)
            or (isinstance(n, t.Quantity) and n.name not in constant)
            or (isinstance(n, t.Symbol) and n.name in params)
            for n in node.walk()
        )

    def _call(self, name: str, at: tuple[t.Literal, ...]) -> t.Node:
        """An own name; arbitrary functions of the state are 0 in terminal states, definitions are written out there."""
        if not any(i.name in self.mdp.terminal for i in at):
            return t.Call(name, at)
        if name in self.scope.free:
            return fold.ZERO
        let = self.scope.lets[name]
        return self.expand(let.body, dict(zip(let.indices, (i.name for i in at), strict=True)))

    # -- what the model gives --------------------------------------------------------------------------------

    def _named(self, node: t.Quantity, env: Env) -> t.Quantity:
        """The quantity at its states and actions."""
        return t.Quantity(node.name, self._literals(node.indices, env), node.primed, node.overrides)

    def _quantity(self, node: t.Quantity, env: Env) -> t.Node:
        named = self._named(node, env)
        at = named.indices
        if node.primed or node.overrides:
            return named
        where = [i.name for i in at if isinstance(i, t.Literal)]
        source = where[1] if node.name in ("pi", "P") else where[0] if where else None
        if where and source in self.mdp.terminal:
            if node.name in ("P", "P_pi"):
                return fold.ONE if where[0] == where[1] else fold.ZERO
            if node.name in _ZERO_AT_THE_END:
                return fold.ZERO
        value = None
        match node.name, where:
            case "pi", [_, state]:
                return fold.ONE if len(self._actions(state)) == 1 else named
            case "P_pi", [state, target]:
                return self._mixed(state, lambda a: self._P(target, state, a), named)
            case "r_pi", [state]:
                return self._mixed(state, lambda a: self._r(state, a), named)
            case "gamma", []:
                value = self.mdp.gamma
            case "mu0", [state] if self.mdp.start:
                value = self.mdp.start.get(state, sp.Integer(0))
            case "P", [target, state, action]:
                value = self._P(target, state, action)
            case "r", [state, action]:
                value = self._r(state, action)
            case "r", [state, action, target]:
                value = self._r_to(state, action, target)
        return named if value is None else self._tree(value, named)

    def _mixed(self, state: Hashable, value: Any, named: t.Node) -> t.Node:
        """sum[a] pi(a|s) * value(a); by its name where that is more than one term."""
        terms = []
        for a in self.mdp.actions(state):
            weight = self._quantity(t.Quantity("pi", (t.Literal(a), t.Literal(state))), {})
            found = self._tree(value(a), None)
            if found is None:
                return named
            terms.append((1, fold.product([found, weight])))
        whole = fold.total(terms)
        return named if len(fold.signed(whole)) > 1 else whole

    def _tree(self, value: sp.Expr, otherwise: Any) -> Any:
        """A number of the model as a tree; roots keep the quantity's name."""
        try:
            return as_tree(value, self.names)
        except NotInFieldError:
            return otherwise

    def _P(self, target: Hashable, state: Hashable, action: Hashable) -> sp.Expr:
        return _sum([o.p for o in self.mdp.outcomes(state, action) if o.state == target])

    def _r(self, state: Hashable, action: Hashable) -> sp.Expr:
        rewards: dict[sp.Expr, list[sp.Expr]] = {}
        for o in self.mdp.outcomes(state, action):
            rewards.setdefault(o.r, []).append(o.p)
        return sp.Add(*(_sum(p) * r for r, p in rewards.items()))

    def _r_to(self, state: Hashable, action: Hashable, target: Hashable) -> sp.Expr | None:
        here = [o for o in self.mdp.outcomes(state, action) if o.state == target]
        weight = sp.Add(*(o.p for o in here))
        return sp.Add(*(o.p * o.r for o in here)) / weight if weight != 0 else None


def _sum(probabilities: Sequence[sp.Expr]) -> sp.Expr:
    """The sum, a number where it is one: p + (1 - p) is 1."""
    expanded = sp.expand(sp.Add(*probabilities))
    return expanded if expanded.is_number else sp.Add(*probabilities)
