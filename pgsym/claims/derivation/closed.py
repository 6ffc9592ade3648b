"""The closed forms of one model as chains: values, occupancies and the gradient, each an equation to be decided.

A softmax policy's probabilities are kept as symbols, in which formulas are far shorter than in exp(theta);
denominators that several formulas share are named.  Where a formula would still take many lines, it is written with
other quantities: V with the rewards r_pi, Q with V, J with V.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from itertools import chain, count

import sympy as sp

from pgsym.claims.blocks import Block, Chain, Definition, Heading, Prose
from pgsym.claims.derivation import fold
from pgsym.claims.derivation.equations import Equations
from pgsym.claims.derivation.fold import as_tree
from pgsym.claims.language import tree as t
from pgsym.claims.language.parse import parse
from pgsym.claims.language.relation import EQUAL
from pgsym.claims.language.statement import Let, Statement
from pgsym.exact import solve
from pgsym.exact.policy_symbols import PolicySymbols, in_policy_symbols
from pgsym.expression.notation import tex_width
from pgsym.expression.ordering import split
from pgsym.model.mdp import Action, State
from pgsym.model.objective import Objective
from pgsym.model.policy import Softmax
from pgsym.model.problem import Problem
from pgsym.model.symbols import all_symbols

BUDGET = 5_000
"""Terms of a polynomial; a longer closed form is not for reading."""

SECONDS = 10.0
"""After this long, a closed form is given up."""

NAMED = 12
"""A denominator of at least this width that occurs twice gets a name."""

READABLE = 200
"""Width of the longest closed form that is shown; others are left out."""

TITLES = {
    "eta": "Expected discounted visits",
    "V": "Values",
    "Q": "Action values",
    "mu": "The stationary distribution",
    "rbar": "The average reward",
    "h": "Differential values",
}


@cache
def _differential() -> Let:
    """The differential action value; read when it is asked for, since importing a module should parse nothing."""
    statement = parse("let q(s,a) = r(s,a) - rbar + sum[s'] P(s'|s,a) * h(s'); 0 = 0")
    return next(b for b in statement.bindings if isinstance(b, Let))


class ClosedForms:
    """The closed forms of a model, and the names that they use.

    What asks for one raises TooLargeError where it is too large to be read, and NotInFieldError where a number of the
    model is a root, which cannot be written in the claim language.
    """

    def __init__(self, problem: Problem) -> None:
        self.mdp, self.policy, self.objective = mdp, policy, _ = problem.mdp, problem.policy, problem.objective
        solution = solve(problem, budget=BUDGET, seconds=SECONDS)
        self.solution = in_policy_symbols(solution) if isinstance(policy, Softmax) else solution
        self.lets: list[Let] = []
        self.names: dict[sp.Expr, t.Node] = {}
        if mdp.gamma.is_Symbol:
            self.names[mdp.gamma] = t.Quantity("gamma")
        self._taken = {s.name for s in all_symbols(mdp, policy)}
        if isinstance(self.solution.policy, PolicySymbols):
            self._name_policy(self.solution.policy)

    # -- names -----------------------------------------------------------------------------------------------

    def _name_policy(self, policy: PolicySymbols) -> None:
        """pi(a|s) for the symbols that stand for it; one letter where several states share it."""
        owners: dict[sp.Symbol, list[tuple[Action, State]]] = {}
        for s in policy.states:
            for a, p in zip(policy.actions(s), policy.rows[s], strict=True):
                if p.is_Symbol:
                    owners.setdefault(p, []).append((a, s))
        shared = [p for p, places in owners.items() if len(places) > 1]
        for p, places in owners.items():
            node = fold.quantity("pi", *places[0])
            if p in shared:
                name = self._fresh(*("p", "w") if len(shared) == 1 else (f"p_{shared.index(p) + 1}", "w"))
                self.lets.append(Let(name, (), node))
                self.names[p] = t.Call(name)
            else:
                self.names[p] = node
        for s in policy.states:
            last = policy.rows[s][-1]
            if last.is_Add and not last.free_symbols & set(shared):
                self.names[last] = fold.quantity("pi", policy.actions(s)[-1], s)

    def _fresh(self, *names: str) -> str:
        """The first of the names, then numbered ones, that the model does not use."""
        numbered = (f"{names[-1]}_{k}" for k in count(1))
        name = next(n for n in chain(names, numbered) if n not in self._taken)
        self._taken.add(name)
        return name

    @cached_property
    def rows(self) -> dict[str, dict[t.Node, sp.Expr]]:
        """The closed forms of the objective's quantities."""
        found: dict[str, dict[t.Node, sp.Expr]] = {}
        for name in self.objective.definition.tables:
            value = getattr(self.solution, name)
            if isinstance(value, Mapping):
                places = {key: key if name == "Q" else (key,) for key in value if key not in self.mdp.terminal}
                found[name] = {fold.quantity(name, *place): value[key] for key, place in places.items()}
            else:
                found[name] = {t.Quantity(name): value}
        return found

    @cached_property
    def gradient(self) -> dict[sp.Symbol, sp.Expr]:
        """dJ/dtheta_i, from the closed form of J."""
        return {p: self.solution.grad[p] for p in self.policy.params}

    @cached_property
    def equations(self) -> Equations:
        """What the quantities are made of."""
        return Equations(self.solution, self.names)

    @property
    def definitions(self) -> tuple[Let, ...]:
        """Every name that the formulas use, q(s,a) of the average reward included."""
        own = (_differential(),) if self.objective is Objective.STATIONARY_VALUE else ()
        return (*own, *(let for let in self.lets if let not in self.named), *self.named)

    @cached_property
    def named(self) -> tuple[Let, ...]:
        """The denominators that occur more than once and are long."""
        every = [value for table in self.rows.values() for value in table.values()]
        every += [self.solution.J, *self.gradient.values()]
        if not all(map(_is_short, self.rows.get("V", {}).values())):
            every += [n for visits in self.equations.visits.values() for n in visits.values()]
        counts: Counter[sp.Expr] = Counter()
        for value in filter(_is_short, every):
            counts.update({_base(factor) for factor in split(value)[2]})
        long = [
            d for d, n in counts.items() if n > 1 and d.is_Add and tex_width(as_tree(d, self.names).latex()) >= NAMED
        ]
        found = []
        for k, d in enumerate(long):
            name = self._fresh("Delta" if len(long) == 1 else f"Delta_{k + 1}", "Lambda")
            found.append(Let(name, (), as_tree(d, self.names)))
        self.names |= {d: t.Call(let.name) for d, let in zip(long, found, strict=True)}
        self.lets += found
        return tuple(found)

    # -- blocks ----------------------------------------------------------------------------------------------

    def blocks(self) -> Iterator[Block]:
        """Everything, in reading order."""
        yield Heading("Closed forms")
        denominators = self.named
        policy = [let for let in self.lets if let not in denominators]
        if policy:
            yield Prose("In some states the policy is the same; its probabilities there are given one letter.")
            yield Definition(tuple(policy))
        yield from self._shared()
        if denominators:
            yield Prose("Denominators that occur more than once have a name.")
            yield Definition(denominators)
        for name in self.rows:
            found = self.table(name)
            if found:
                yield Heading(TITLES[name], 2)
                yield from found
        yield Heading("The gradient", 2)
        yield Prose("How the probabilities change:")
        for theta, s, a, slope in self._derivatives():
            if a != self.mdp.actions(s)[-1]:
                yield self.chain(derivative(theta, fold.quantity("pi", a, s)), slope)
        yield from self._gradient()

    def table(self, name: str) -> list[Chain]:
        """A quantity's closed forms, or how it is made of other quantities; none where both take many lines."""
        values = {named: self._readable(value) for named, value in self.rows[name].items()}
        if all(values.values()):
            return [self.chain(named, *value) for named, value in values.items()]
        found = [self.chain(named, value) for named, value in self.equations.of(name)]
        return found if all(tex_width(c.statement.terms[-1].latex()) <= READABLE for c in found) else []

    def objective_chain(self) -> Chain:
        """J in closed form, or by its definition."""
        return self.chain(t.Quantity("J"), *(self._readable(self.solution.J) or [self.equations.objective()]))

    def chain(self, named: t.Node, *values: sp.Expr | t.Node) -> Chain:
        """named = value = value..., equal ones once."""
        terms = [named]
        for value in values:
            term = value if isinstance(value, t.Node) else as_tree(value, self.names)
            if term != terms[-1]:
                terms.append(term)
        relations = len(terms) - 1
        return Chain(Statement(tuple(terms), (EQUAL,) * relations, tuple(self.lets), ("",) * relations))

    def _shared(self) -> Iterator[Chain]:
        """That the states with one letter do share their probabilities."""
        if not isinstance(self.solution.policy, PolicySymbols):
            return
        policy = self.solution.policy
        given = {let.body for let in self.lets}
        places: dict[t.Node, list[t.Node]] = {}
        for s in policy.states:
            for a, p in zip(policy.actions(s), policy.rows[s], strict=True):
                node, named = as_tree(p, self.names), fold.quantity("pi", a, s)
                if any(isinstance(n, t.Call) for n in node.walk()) and named not in given:
                    places.setdefault(node, []).append(named)
        for node, same in sorted(places.items(), key=lambda item: not isinstance(item[0], t.Call)):
            yield self.chain(node, *same)

    def _derivatives(self) -> Iterator[tuple[sp.Symbol, State, Action, sp.Expr]]:
        """(theta_i, s, a, d pi(a|s) / d theta_i) wherever it is not 0."""
        policy = self.solution.policy
        field = self.solution.quantities.field
        for s in self.mdp.nonterminal:
            row = self.solution.quantities.pi[s]
            for a in policy.actions(s):
                for theta, element in field.gradient(row[a]).items():
                    slope = field.to_sympy(element)
                    if slope != 0:
                        yield theta, s, a, slope

    def _gradient(self) -> Iterator[Block]:
        """dJ/dtheta_i by the theorem, then in closed form."""
        if self.objective is Objective.STATIONARY_VALUE:
            yield Prose("By the theorem of the average reward, with the differential action value `q(s,a)`:")
            self.lets.insert(0, _differential())
        else:
            yield Prose("By the theorem:")
        for p, structured in self.by_theorem():
            yield self.chain(derivative(p, t.Quantity("J")), structured, *self._readable(self.gradient[p]))
        yield Prose("The objective itself:")
        yield self.objective_chain()

    def by_theorem(self) -> Iterator[tuple[sp.Symbol, t.Node]]:
        """dJ/dtheta_i by the theorem of the objective; of the stationary value with q(s,a) of the average reward."""
        slopes: dict[sp.Symbol, dict[State, dict[Action, sp.Expr]]] = {p: {} for p in self.policy.params}
        for theta, s, a, slope in self._derivatives():
            slopes[theta].setdefault(s, {})[a] = slope
        scale: t.Node = fold.ONE
        if self.objective is Objective.STATIONARY_VALUE:
            scale = as_tree(1 / (1 - self.mdp.gamma), self.names)
        weight = "eta" if self.objective is Objective.START_STATE else "mu"
        for theta, by_state in slopes.items():
            terms = []
            for s, by_action in by_state.items():
                last = self.mdp.actions(s)[-1]
                inner = fold.total(
                    (1, fold.product([as_tree(slope, self.names), self._worth(s, a) - self._worth(s, last)]))
                    for a, slope in by_action.items()
                    if a != last
                )
                terms.append((1, fold.product([fold.quantity(weight, s), inner])))
            yield theta, fold.product([scale, fold.total(terms)])

    def _readable(self, value: sp.Expr) -> list[t.Node]:
        """The closed form, unless it would take many lines."""
        tree = as_tree(value, self.names) if _is_short(value) else None
        return [tree] if tree is not None and tex_width(tree.latex()) <= READABLE else []

    def _worth(self, state: State, action: Action) -> t.Node:
        """What the theorem weighs the change of pi(a|s) with."""
        if self.objective is Objective.STATIONARY_VALUE:
            return t.Call("q", (t.Literal(state), t.Literal(action)))
        return fold.quantity("Q", state, action)


def derivative(theta: sp.Symbol, of: t.Node) -> t.Node:
    """d of / d theta_i, the i-th coordinate of the gradient.

    >>> node = derivative(sp.Symbol("theta"), t.Quantity("J"))
    >>> print(node, node.latex())
    dot(grad theta, grad J) \\frac{\\partial J}{\\partial \\theta}
    """
    return t.Dot(t.Grad(t.Symbol(theta.name)), t.Grad(of))


def _base(factor: sp.Expr) -> sp.Expr:
    """What a power is of; of d and -d the one with a positive constant."""
    base = factor.base if factor.is_Pow else factor
    return -base if base.is_Add and base.as_coeff_Add()[0].is_negative else base


def _is_short(expr: sp.Expr) -> bool:
    """Whether it is worth printing at all."""
    return bool(sp.count_ops(expr) <= READABLE)
