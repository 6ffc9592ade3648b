"""What the chain does in the long run: stationary distributions, fundamental matrices, Cesaro limits."""

from __future__ import annotations

from functools import cached_property

from second_reading.chain import Chain
from second_reading.jets import Jet, solve, total
from second_reading.point import END, InapplicableError, State


class LongRun(Chain):
    """mu, rbar, h and D of a unichain; g, nu, H, n and E[T] with any number of recurrent classes."""

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
        return self.stationary[s]

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
        return self.differential.get(s, self.zero)

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
        if s is END:
            return self.zero
        row = self.cesaro[self.mdp.states.index(s)]
        return total([p * r for p, r in zip(row, self._rewards(), strict=True)], self.order)

    def nu(self, t: State) -> Jet:
        if t is END:
            lost = [
                self.mu0[s] - self.mu0[s] * total(self.cesaro[self.mdp.states.index(s)], self.order) for s in self.mu0
            ]
            return total(lost if self.terminating else [], self.order)
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
        if s is END:
            return self.zero
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
