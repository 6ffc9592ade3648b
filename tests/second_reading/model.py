"""The quantities of an MDP by their definitions, with dense matrices over jets.

Written a second time on purpose: other formulas than `pgsym.exact` uses (fundamental matrices, one dense system for
each quantity), other linear algebra, other derivatives.  It reads the model's transitions and the policy's formulas,
nothing that pgsym has computed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from functools import cached_property

import sympy as sp
from flint import arb

from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policy import Direct, Mixture, Policy, Softmax
from second_reading.jets import Jet, ball, solve, total, transposed

State = Hashable


class UndefinedError(Exception):
    """Not defined at the state that an index stands for: the index does not run over it."""

    def __init__(self, index: str | None = None) -> None:
        self.index = index


class InapplicableError(Exception):
    """A hypothesis of a quantity fails on this model."""


class Numbers:
    """SymPy expressions as jets at a point.

    Parameters
    ----------
    point
        Every symbol's value: a number, or an exact SymPy expression.
    params
        The symbols to differentiate by.
    """

    def __init__(self, point: Mapping[sp.Symbol, sp.Expr], params: tuple[sp.Symbol, ...], order: int) -> None:
        self.point = point
        self.params = params
        self.order = order
        self._known: dict[sp.Expr, Jet] = {}

    def number(self, value: Fraction | int) -> Jet:
        return Jet.constant(ball(value), self.order)

    def __call__(self, expr: sp.Expr) -> Jet:
        if expr not in self._known:
            self._known[expr] = self._convert(sp.sympify(expr))
        return self._known[expr]

    def _convert(self, e: sp.Expr) -> Jet:
        if isinstance(e, sp.Rational):
            return self.number(Fraction(int(e.p), int(e.q)))
        if isinstance(e, sp.Symbol):
            value = self(self.point[e]).value
            if e in self.params:
                return Jet.variable(value, self.params.index(e), self.order)
            return Jet.constant(value, self.order)
        if isinstance(e, sp.Add):
            return total([self(arg) for arg in e.args], self.order)
        if isinstance(e, sp.Mul):
            found = self.number(1)
            for arg in e.args:
                found = found * self(arg)
            return found
        if isinstance(e, sp.Pow) and e.exp.is_Integer:
            return self(e.base) ** int(e.exp)
        if isinstance(e, sp.Pow) and e.exp == sp.Rational(1, 2):
            return Jet.constant(self(e.base).value.sqrt(), self.order)
        if isinstance(e, sp.Pow) and e.exp == -sp.Rational(1, 2):
            return Jet.constant(1 / self(e.base).value.sqrt(), self.order)
        if isinstance(e, sp.exp):
            return self(e.args[0]).exp()
        if isinstance(e, sp.log):
            return self(e.args[0]).log()
        if isinstance(e, sp.Pow):
            return (self(e.exp) * self(e.base).log()).exp()
        if e is sp.E:
            return self.number(1).exp()
        raise TypeError(f"no rule for {type(e).__name__}")


def probabilities(policy: Policy, mdp: MDP, numbers: Numbers) -> dict[State, dict[Hashable, Jet]]:
    """pi(a|s) from the policy's formulas."""
    if isinstance(policy, Mixture):
        base = probabilities(policy.base, mdp, numbers)
        keep, epsilon = numbers(1 - policy.epsilon), numbers(policy.epsilon)
        return {
            s: {a: keep * p + epsilon * numbers.number(Fraction(1, len(row))) for a, p in row.items()}
            for s, row in base.items()
        }
    if isinstance(policy, Direct):
        return {s: {a: numbers(p) for a, p in policy.probabilities[s].items()} for s in mdp.nonterminal}
    assert isinstance(policy, Softmax)
    found = {}
    for s in mdp.nonterminal:
        weights = {a: logit(policy, s, a, numbers).exp() for a in mdp.actions(s)}
        inverse = total(list(weights.values()), numbers.order).inverse()
        found[s] = {a: w * inverse for a, w in weights.items()}
    return found


def logit(policy: Policy, s: State, a: Hashable, numbers: Numbers) -> Jet:
    if not isinstance(policy, Softmax):
        raise InapplicableError("no logits")
    form = policy.logits[s][a]
    terms = [numbers.number(c) * numbers(symbol) for symbol, c in form.coefficients]
    return total([numbers.number(form.constant), *terms], numbers.order)


class PlainModel:
    """One model with one policy and one objective at one point.

    Parameters
    ----------
    rewards, discount, weight
        What stands for r(s,a), gamma and mu0, where a claim replaces them.
    """

    def __init__(
        self,
        mdp: MDP,
        policy: Policy,
        objective: Objective,
        numbers: Numbers,
        *,
        terminating: bool = False,
        rewards: Mapping[tuple[State, Hashable], Jet] | None = None,
        discount: Jet | None = None,
        weight: Mapping[State, Jet] | None = None,
    ) -> None:
        self.mdp = mdp
        self.policy = policy
        self.objective = objective
        self.numbers = numbers
        self.terminating = terminating
        self.own_rewards = rewards
        self.own_discount = discount
        self.own_weight = weight
        self.order = numbers.order
        self.zero, self.one = numbers.number(0), numbers.number(1)
        self.inner = mdp.nonterminal
        self.position = {s: i for i, s in enumerate(self.inner)}

    def varied(self, **own: object) -> PlainModel:
        """The same with other rewards, another discount or start weight."""
        given = {"rewards": self.own_rewards, "discount": self.own_discount, "weight": self.own_weight}
        changed = PlainModel(
            self.mdp, self.policy, self.objective, self.numbers, terminating=self.terminating, **{**given, **own}
        )
        for name in ("pi", "P", "P_pi", "support", "classes"):
            changed.__dict__[name] = getattr(self, name)
        return changed

    # -- the data --------------------------------------------------------------------------------------------

    @cached_property
    def pi(self) -> dict[State, dict[Hashable, Jet]]:
        return probabilities(self.policy, self.mdp, self.numbers)

    @cached_property
    def own_gamma(self) -> Jet:
        """The model's gamma."""
        return self.numbers(self.mdp.gamma)

    @cached_property
    def gamma(self) -> Jet:
        if self.own_discount is not None:
            return self.own_discount
        return self.one if self.terminating else self.own_gamma

    @property
    def undiscounted(self) -> bool:
        if self.own_discount is not None:
            return bool(self.own_discount.value == 1) and not self.own_discount.rest.terms
        return self.terminating or self.mdp.gamma == 1

    @cached_property
    def P(self) -> dict[tuple[State, Hashable], dict[State, Jet]]:
        """P(s'|s,a); in the terminating model what is missing from 1 ends the run."""
        found: dict[tuple[State, Hashable], dict[State, Jet]] = {}
        for s in self.inner:
            for a in self.mdp.actions(s):
                row: dict[State, Jet] = {}
                for t, p, _ in self.mdp.outcomes(s, a):
                    p = self.numbers(p)
                    p = self.own_gamma * p if self.terminating else p
                    row[t] = row[t] + p if t in row else p
                found[s, a] = row
        return found

    @cached_property
    def r(self) -> dict[tuple[State, Hashable], Jet]:
        if self.own_rewards is not None:
            return dict(self.own_rewards)
        return {
            (s, a): total([self.numbers(o.p) * self.numbers(o.r) for o in self.mdp.outcomes(s, a)], self.order)
            for s, a in self.mdp.pairs
        }

    def reward_to(self, s: State, a: Hashable, t: State) -> Jet:
        """The mean reward of the outcomes of (s,a) that lead to t; 0 if there is none."""
        outcomes = [o for o in self.mdp.outcomes(s, a) if o.state == t and o.p != 0]
        if not outcomes:
            return self.zero
        weight = total([self.numbers(o.p) for o in outcomes], self.order)
        return total([self.numbers(o.p) * self.numbers(o.r) for o in outcomes], self.order) / weight

    @cached_property
    def mu0(self) -> dict[State, Jet]:
        if self.own_weight is not None:
            return dict(self.own_weight)
        if not self.mdp.start:
            raise InapplicableError("no start")
        return {s: self.numbers(p) for s, p in self.mdp.start.items()}

    @cached_property
    def P_pi(self) -> list[list[Jet]]:
        """Over the states that act."""
        return [[self.step(s, t) for t in self.inner] for s in self.inner]

    def step(self, s: State, t: State) -> Jet:
        return total([p * self.P[s, a][t] for a, p in self.pi[s].items() if t in self.P[s, a]], self.order)

    def r_pi(self, s: State) -> Jet:
        return total([p * self.r[s, a] for a, p in self.pi[s].items()], self.order)

    # -- the graph -------------------------------------------------------------------------------------------

    @cached_property
    def support(self) -> dict[State, set[State]]:
        """Which states each state can move to, the end of the run left out."""
        found: dict[State, set[State]] = {s: set() for s in self.mdp.states}
        for s in self.inner:
            for a in self.policy.support(s):
                found[s] |= {o.state for o in self.mdp.outcomes(s, a) if o.p != 0}
        return found

    def reach(self, sources: set[State]) -> set[State]:
        found, new = set(sources), set(sources)
        while new:
            new = {t for s in new for t in self.support[s]} - found
            found |= new
        return found

    @cached_property
    def classes(self) -> list[list[State]]:
        """The recurrent classes: s leads only to states that lead back."""
        if self.terminating:
            return []
        ahead = {s: self.reach({s}) for s in self.mdp.states}
        closed = [s for s in self.inner if all(s in ahead[t] for t in ahead[s])]
        return [list(c) for c in dict.fromkeys(tuple(t for t in self.inner if t in ahead[s]) for s in closed)]

    @cached_property
    def rewardless(self) -> set[State]:
        def silent(s: State) -> bool:
            if self.own_rewards is not None:
                return all(c.contains(0) for a in self.policy.support(s) for c in self.r[s, a].terms.values())
            return all(o.r == 0 for a in self.policy.support(s) for o in self.mdp.outcomes(s, a) if o.p != 0)

        return {s for c in self.classes if all(map(silent, c)) for s in c}

    @cached_property
    def endless(self) -> set[State]:
        """The states from which a run that never stops earning has positive probability."""
        earning = {s for c in self.classes for s in c} - self.rewardless
        return {s for s in self.inner if self.reach({s}) & earning}

    @cached_property
    def live(self) -> list[State]:
        """The states whose value is found by solving; at gamma = 1 those where it is finite and not trivially 0."""
        if not self.undiscounted:
            return list(self.inner)
        start = {s for s, p in self.mu0.items() if p.value != 0} if self.mdp.start or self.own_weight else set()
        if self.reach(start or set(self.mdp.states)) & self.endless:
            raise InapplicableError("improper")
        return [s for s in self.inner if s not in self.endless and s not in self.rewardless]

    # -- discounted ------------------------------------------------------------------------------------------

    @property
    def discounted(self) -> bool:
        return self.own_discount is not None or self.objective is not Objective.AVERAGE_REWARD

    def _system(self) -> list[list[Jet]]:
        """I - gamma P_pi on the live states."""
        if not self.discounted:
            raise InapplicableError("no V")
        index = [self.position[s] for s in self.live]
        return [[(self.one if i == j else self.zero) - self.gamma * self.P_pi[i][j] for j in index] for i in index]

    @cached_property
    def values(self) -> dict[State, Jet]:
        found = solve(self._system(), [[self.r_pi(s)] for s in self.live])
        known = {s: x for s, (x,) in zip(self.live, found, strict=True)}
        return known | {s: self.zero for s in (*self.mdp.terminal, *self.rewardless) if s not in known}

    def V(self, s: State) -> Jet:
        if s not in self.values:
            raise UndefinedError
        return self.values[s]

    @cached_property
    def visits(self) -> dict[State, Jet]:
        system, start = self._system(), [[self.mu0.get(s, self.zero)] for s in self.live]
        if not system:
            raise InapplicableError("infinite everywhere")
        found = solve(transposed(system), start)
        return {s: x for s, (x,) in zip(self.live, found, strict=True)}

    def eta(self, s: State) -> Jet:
        if s not in self.visits:
            raise UndefinedError
        return self.visits[s]

    def d(self, s: State) -> Jet:
        return self.eta(s) / total(list(self.visits.values()), self.order)

    # -- in the long run -------------------------------------------------------------------------------------

    @cached_property
    def stationary(self) -> dict[State, Jet]:
        """mu from mu (I - P_pi) = 0 with one equation replaced by sum mu = 1."""
        if self.mdp.terminal or self.terminating or len(self.classes) != 1:
            raise InapplicableError("not unichain")
        n = len(self.inner)
        rows = [[(self.one if i == j else self.zero) - self.P_pi[j][i] for j in range(n)] for i in range(n)]
        rows[0] = [self.one] * n
        found = solve(rows, [[self.one if i == 0 else self.zero] for i in range(n)])
        return {s: x for s, (x,) in zip(self.inner, found, strict=True)}

    def mu(self, s: State) -> Jet:
        return self._inner(self.stationary, s)

    def _inner(self, table: Mapping[State, Jet], s: State) -> Jet:
        if s in self.mdp.terminal:
            raise UndefinedError
        return table[s]

    @cached_property
    def rbar(self) -> Jet:
        return total([self.stationary[s] * self.r_pi(s) for s in self.inner], self.order)

    @cached_property
    def fundamental(self) -> list[list[Jet]]:
        """(I - P_pi + 1 mu^T)^-1."""
        n = len(self.inner)
        eye = [[self.one if i == j else self.zero for j in range(n)] for i in range(n)]
        mu = [self.stationary[s] for s in self.inner]
        return solve([[eye[i][j] - self.P_pi[i][j] + mu[j] for j in range(n)] for i in range(n)], eye)

    def D(self, s: State, t: State) -> Jet:
        mu = self.mu(t)
        return self.fundamental[self.position[s]][self.position[t]] - mu

    @cached_property
    def differential(self) -> dict[State, Jet]:
        """h = (I - P_pi + 1 mu^T)^-1 (r_pi - rbar)."""
        excess = [self.r_pi(s) - self.rbar for s in self.inner]
        return {
            s: total([z * e for z, e in zip(self.fundamental[i], excess, strict=True)], self.order)
            for i, s in enumerate(self.inner)
        }

    def h(self, s: State) -> Jet:
        return self._inner(self.differential, s)

    @cached_property
    def cesaro(self) -> list[list[Jet]]:
        """P*, the Cesaro limit of the powers of the chain on all states; terminal ones are absorbing."""
        states = self.mdp.states
        known = {s: i for i, s in enumerate(states)}
        chain = self._whole()
        closed = [*self.classes, *([t] for t in states if t in self.mdp.terminal)]
        recurrent = {s for c in closed for s in c}
        rows: dict[State, list[Jet]] = {}
        spread = []
        for c in closed:
            n = len(c)
            system = [
                [(self.one if i == j else self.zero) - chain[known[c[j]]][known[c[i]]] for j in range(n)]
                for i in range(n)
            ]
            system[0] = [self.one] * n
            mu = solve(system, [[self.one if i == 0 else self.zero] for i in range(n)])
            row = [self.zero] * len(states)
            for s, (x,) in zip(c, mu, strict=True):
                row[known[s]] = x
            spread.append(row)
            rows |= dict.fromkeys(c, row)
        passing = [s for s in states if s not in recurrent]
        if passing:
            system = [
                [(self.one if s == t else self.zero) - chain[known[s]][known[t]] for t in passing] for s in passing
            ]
            right = [[total([chain[known[s]][known[t]] for t in c], self.order) for c in closed] for s in passing]
            for s, hits in zip(passing, solve(system, right), strict=True):
                rows[s] = [
                    total([p * row[j] for p, row in zip(hits, spread, strict=True)], self.order)
                    for j in range(len(states))
                ]
        return [rows[s] for s in states]

    def _whole(self) -> list[list[Jet]]:
        """P_pi on all states, terminal ones absorbing."""
        return [
            [self.step(s, t) if s not in self.mdp.terminal else (self.one if s == t else self.zero)
             for t in self.mdp.states]
            for s in self.mdp.states
        ]  # fmt: skip

    def _rewards(self) -> list[Jet]:
        return [self.zero if s in self.mdp.terminal else self.r_pi(s) for s in self.mdp.states]

    def g(self, s: State) -> Jet:
        row = self.cesaro[self.mdp.states.index(s)]
        return total([p * r for p, r in zip(row, self._rewards(), strict=True)], self.order)

    def nu(self, t: State) -> Jet:
        j = self.mdp.states.index(t)
        index = self.mdp.states.index
        return total([p * self.cesaro[index(s)][j] for s, p in self.mu0.items()], self.order)

    @cached_property
    def multichain(self) -> list[Jet]:
        """H = (I - P + P*)^-1 (I - P*) r_pi (Puterman 1994, A.16)."""
        chain, limit, rewards = self._whole(), self.cesaro, self._rewards()
        n = len(rewards)
        eye = [[self.one if i == j else self.zero for j in range(n)] for i in range(n)]
        system = [[eye[i][j] - chain[i][j] + limit[i][j] for j in range(n)] for i in range(n)]
        right = [[total([(eye[i][j] - limit[i][j]) * rewards[j] for j in range(n)], self.order)] for i in range(n)]
        return [x for (x,) in solve(system, right)]

    def H(self, s: State) -> Jet:
        return self.multichain[self.mdp.states.index(s)]

    @cached_property
    def transient(self) -> dict[State, Jet]:
        """Expected visits to the transient states."""
        recurrent = {s for c in self.classes for s in c}
        passing = [s for s in self.inner if s not in recurrent]
        index = [self.position[s] for s in passing]
        system = [[(self.one if i == j else self.zero) - self.P_pi[j][i] for j in index] for i in index]
        found = solve(system, [[self.mu0.get(s, self.zero)] for s in passing]) if passing else []
        return {s: x for s, (x,) in zip(passing, found, strict=True)}

    def n(self, s: State) -> Jet:
        return self.transient.get(s, self.zero)

    @cached_property
    def steps(self) -> Jet:
        """E[T]."""
        start = {s for s, p in self.mu0.items() if p.value != 0}
        if self.reach(start) & {s for c in self.classes for s in c}:
            raise InapplicableError("endless")
        return total(list(self.transient.values()), self.order)

    # -- what the objective makes of them --------------------------------------------------------------------

    def base(self, s: State) -> Jet:
        return self.V(s) if self.discounted else self.h(s)

    def Q(self, s: State, a: Hashable) -> Jet:
        if self.discounted:
            self.V(s)
            future = [p * self.V(t) for t, p in self.P[s, a].items()]
            return self.r[s, a] + self.gamma * total(future, self.order)
        future = [p * self.h(t) for t, p in self.P[s, a].items()]
        return self.r[s, a] - self.rbar + total(future, self.order)

    def A(self, s: State, a: Hashable) -> Jet:
        return self.Q(s, a) - self.base(s)

    @cached_property
    def J(self) -> Jet:
        if self.objective is Objective.START_STATE:
            return total([p * self.V(s) for s, p in self.mu0.items() if s in self.values], self.order)
        if self.objective is Objective.AVERAGE_REWARD:
            return self.rbar
        mu = self.stationary
        if self.undiscounted:
            raise InapplicableError("gamma = 1")
        return total([mu[s] * self.V(s) for s in self.inner], self.order)

    def weight(self, s: State) -> Jet:
        return self.eta(s) if self.objective is Objective.START_STATE else self.mu(s)


TABLES: dict[str, Callable[..., Jet]] = {
    name: getattr(PlainModel, name) for name in ("V", "Q", "A", "h", "mu", "eta", "d", "D", "g", "nu", "H", "n", "r_pi")
}
"""Quantities that are functions of states and actions."""


def is_exact_zero(jet: Jet) -> bool:
    """Zero without any error, like a number of the claim's text."""
    return all(c == arb(0) for c in jet.terms.values())
