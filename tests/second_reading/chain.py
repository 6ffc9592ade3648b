"""The data of a model under a policy at a point, and the graph of the chain."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cached_property
from typing import Self

from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy
from second_reading.jets import Jet, total
from second_reading.point import END, InapplicableError, Numbers, State, probabilities


class Chain:
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

    def varied(self, **own: object) -> Self:
        """The same with other rewards, another discount or start weight."""
        given = {"rewards": self.own_rewards, "discount": self.own_discount, "weight": self.own_weight}
        changed = type(self)(
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
        """P(s'|s,a); in the terminating model each step ends the run with probability 1 - gamma."""
        found: dict[tuple[State, Hashable], dict[State, Jet]] = {}
        for s in self.inner:
            for a in self.mdp.actions(s):
                row: dict[State, Jet] = {}
                for t, p, _ in self.mdp.outcomes(s, a):
                    p = self.numbers(p)
                    p = self.own_gamma * p if self.terminating else p
                    row[t] = row[t] + p if t in row else p
                if self.terminating:
                    row[END] = self.one - self.own_gamma
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

    def reward_moment(self, power: int, s: State, a: Hashable) -> Jet:
        """E[r^k|s,a] over the outcomes of (s,a)."""
        return total([self.numbers(o.p) * self.numbers(o.r) ** power for o in self.mdp.outcomes(s, a)], self.order)

    def reward_to(self, s: State, a: Hashable, t: State, power: int = 1) -> Jet:
        """The mean reward, or E[r^k|s,a,t], of the outcomes of (s,a) that lead to t; 0 if there is none."""
        if t is END:  # the step that ends the run pays as any other
            if not self.terminating:
                return self.zero
            return self.r[s, a] if power == 1 else self.reward_moment(power, s, a)
        outcomes = [o for o in self.mdp.outcomes(s, a) if o.state == t and o.p != 0]
        if not outcomes:
            return self.zero
        weight = total([self.numbers(o.p) for o in outcomes], self.order)
        return total([self.numbers(o.p) * self.numbers(o.r) ** power for o in outcomes], self.order) / weight

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
