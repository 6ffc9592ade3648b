r"""What a chain does in the long run, with any number of recurrent classes, over any field.

Every chain splits into its recurrent classes and its transient states.  Each class has a stationary distribution
mu_k, an average reward and a differential value of its own; the transient states follow by two sparse solves with
:math:`I - P_{TT}`, which is nonsingular.  Nothing is iterated, so periods do not matter.  A terminal state is an
absorbing one with reward 0.

References: M. L. Puterman, Markov Decision Processes (1994), appendix A and sections 8.2, 9.1; J. G. Kemeny,
J. L. Snell, Finite Markov Chains (1960), chapters III and V.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pgsym.algebra.field import Factorization
from pgsym.errors import ImproperPolicyError
from pgsym.exact.chain import InducedChain
from pgsym.exact.tables import LazyMap
from pgsym.model.mdp import Action, State


@dataclass(eq=False)
class RecurrentClass:
    """One closed class under the policy: its stationary distribution, average reward and differential values.

    Its last state is pinned, instead of one equation replaced by a sum, so no dense row arises.
    """

    q: LongRunChain
    number: int
    """In ``structure.recurrent_classes``."""

    @property
    def states(self) -> tuple[State, ...]:
        return self.q.structure.recurrent_classes[self.number]

    @property
    def rest(self) -> tuple[State, ...]:
        return self.states[:-1]

    @property
    def _lower(self) -> RecurrentClass | None:
        """The same class over ``q.field.base``."""
        return None if self.q.lower is None else self.q.lower.classes[self.number]

    @cached_property
    def system(self) -> Factorization:
        """I - P_pi on the class, without the row and column of the pinned state."""
        if self.q._original is not None:
            return self.q._original.classes[self.number].system
        lower = None if self._lower is None else self._lower.system
        return self.q.factored(self.rest, self.q.field.one, lower, ordering=self.q.plan.pinned[self.number])

    @cached_property
    def _visits(self) -> Sequence[Any]:
        """mu(s) / mu(the pinned state) for the other states: expected visits between two returns to it."""
        leaving, zero = self.q.P_pi[self.states[-1]], self.q.field.zero
        known = None if self._lower is None else self._lower._visits
        return solved(self.system.solve_transposed, [leaving.get(s, zero) for s in self.rest], known)

    @cached_property
    def mu(self) -> dict[State, Any]:
        """The stationary distribution of the class; sums to 1."""
        if self.q._original is not None:
            return self.q._original.classes[self.number].mu
        weights = [*self._visits, self.q.field.one]
        total = self.q.sum(weights)
        return dict(zip(self.states, (w / total for w in weights), strict=True))

    @cached_property
    def gain(self) -> Any:
        return self.q.field.dot(list(self.mu.values()), [self.q.r_pi[s] for s in self.states])

    @cached_property
    def _relative(self) -> Sequence[Any]:
        """H(s) - H(the pinned state) for the other states."""
        known = None if self._lower is None else self._lower._relative
        return solved(self.system.solve, [self.q.r_pi[s] - self.gain for s in self.rest], known)

    @cached_property
    def H(self) -> Mapping[State, Any]:
        """(I - P_pi) H = r_pi - gain and mu.H = 0 on the class."""
        return self.centred(self._relative)

    def centred(self, relative: Sequence[Any]) -> dict[State, Any]:
        """x with mu.x = 0, by the x(s) - x(the pinned state) of the other states."""
        found = [*relative, self.q.field.zero]
        offset = self.q.field.dot(list(self.mu.values()), found)
        return {s: e - offset for s, e in zip(self.states, found, strict=True)}


class LongRunChain(InducedChain):
    """The chain in its recurrent classes and its transient states; g, H, n and nu are by state.

    >>> from pgsym.exact import solve
    >>> {s: str(g) for s, g in solve("two-classes").at().quantities.g.items()}
    {'start': '8/9', 'safe': '1', 'on': '2/3', 'off': '2/3'}
    """

    @cached_property
    def classes(self) -> list[RecurrentClass]:
        return [RecurrentClass(self, k) for k in range(len(self.structure.recurrent_classes))]

    @property
    def only_class(self) -> RecurrentClass:
        """That of a unichain."""
        self.structure.require_unichain()
        return self.classes[0]

    @cached_property
    def _waiting(self) -> Factorization:
        """I - P_pi on the transient states."""
        if self._original is not None:
            return self._original._waiting
        lower = None if self.lower is None else self.lower._waiting
        return self.factored(self.plan.transient, self.field.one, lower, ordering=self.plan.waiting)

    def _everywhere(self, recurrent: Iterable[Mapping[State, Any]], direct: Callable[[State], Any]) -> dict[State, Any]:
        """Values of recurrent classes, and x(t) = direct(t) + sum_s P_pi(t,s) x(s) where s is no end; 0 in ends."""
        found = dict.fromkeys(self.mdp.states, self.field.zero)
        for values in recurrent:
            found.update(values)
        transient, P_pi = self.plan.transient, self.P_pi
        if transient:
            waiting = {*transient, *self.mdp.terminal}
            right = [
                self.sum([direct(s), *(p * found[t] for t, p in P_pi[s].items() if t not in waiting)])
                for s in transient
            ]
            found.update(zip(transient, self._waiting.solve(right), strict=True))
        return found

    @cached_property
    def g(self) -> Mapping[State, Any]:
        """The long-run average reward of the chain that starts in s; 0 in terminal states.

        g = P* r_pi with the Cesaro limit P* of the powers of P_pi (Puterman 1994, section 8.2); reward units per step.
        """
        if len(self.classes) == 1 and not self.mdp.terminal:
            return dict.fromkeys(self.mdp.states, self.classes[0].gain)
        return self._everywhere((dict.fromkeys(c.states, c.gain) for c in self.classes), lambda s: self.field.zero)

    @cached_property
    def H(self) -> Mapping[State, Any]:
        """The differential value with (I - P_pi) H = r_pi - g and P* H = 0; 0 in terminal states.

        H is the deviation matrix times r_pi (Puterman 1994, section 8.2.3 and theorem 8.2.6), in reward units.
        """
        return self._everywhere((c.H for c in self.classes), lambda s: self.r_pi[s] - self.g[s])

    @cached_property
    def D(self) -> Mapping[tuple[State, State], Any]:
        """D(s,s'), D = (I - P_pi + 1 mu^T)^-1 - 1 mu^T, the deviation matrix of a unichain; by columns on demand.

        Column s' is the differential value of the reward 1 in s': (I - P_pi) x = e_s' - mu(s') 1 with mu.x = 0.
        Rows sum to 0; D r_pi = h (Puterman 1994, appendix A.5; Schweitzer 1968).
        """
        only, one, zero = self.only_class, self.field.one, self.field.zero

        def column(target: State) -> dict[State, Any]:
            source = -only.mu.get(target, zero)

            def excess(s: State) -> Any:
                return source + one if s == target else source

            return self._everywhere([only.centred(only.system.solve([*map(excess, only.rest)]))], excess)

        states, columns = self.mdp.states, LazyMap(self.mdp.states, column)
        return _Grid([(s,) for s in states], states, lambda row, target: columns[target][row[0]])

    @cached_property
    def n(self) -> Mapping[State, Any]:
        """The expected number of visits from the start; over all states, 0 in those not transient."""
        zero, start = self.field.zero, self.mu0
        found = dict.fromkeys(self.mdp.states, zero)
        solved = self._waiting.solve_transposed([start.get(s, zero) for s in self.plan.transient])
        found.update(zip(self.plan.transient, solved, strict=True))
        return found

    @cached_property
    def nu(self) -> Mapping[State, Any]:
        """The Cesaro limit of Pr(s_t = s) from the start, over all states.

        It sums to the total start weight, vanishes in transient states, and counts what has ended in the terminal
        ones: the weight that enters each absorbing state or class from outside, spread by mu_k.
        """
        zero, start = self.field.zero, self.mu0
        transient = frozenset(self.plan.transient)
        arrived = {s: start.get(s, zero) for s in self.mdp.states if s not in transient}
        for s in self.plan.transient:
            for t, p in self.P_pi[s].items():
                if t in arrived:
                    arrived[t] = arrived[t] + self.n[s] * p
        found = dict.fromkeys(self.mdp.states, zero)
        found.update((s, arrived[s]) for s in self.mdp.terminal)
        for c in self.classes:
            weight = self.sum(arrived[s] for s in c.states)
            found.update((s, weight * c.mu[s]) for s in c.states)
        return found

    @cached_property
    def expected_steps(self) -> Any:
        """E[T], the expected number of actions until a terminal state, undiscounted."""
        endless = [c for c in self.classes if not self.reachable.isdisjoint(c.states)]
        if endless:
            states = endless[0].states
            listed = ", ".join(map(repr, states[:8]))
            raise ImproperPolicyError(
                f"{len(endless)} recurrent classes are reached (the first has {len(states)} states: {listed}); "
                "E[T] needs every run to end. Mark an end as terminal, or make discount a random termination",
                where="E[T]",
            )
        return self.sum(self.n[s] for s in self.plan.transient)


def reward_to(q: InducedChain, power: int = 1) -> Mapping[tuple[State, Action, State], Any]:
    """r(s,a,s'), the mean reward of the outcomes of (s,a) that lead to s', or of a power of it; 0 where none does.

    The mean of r(s,a,s') over s' is r(s,a).  A reward function of one's own (`varied`) does not depend on s'.
    """

    def row(pair: tuple[State, Action]) -> dict[State, Any]:
        if q.has_own_rewards:
            return dict.fromkeys(q.P[pair], q.r[pair] ** power)
        rewards: dict[State, list[Any]] = {}
        for o in q.mdp.outcomes(*pair):
            rewards.setdefault(o.state, []).append(o)
        convert = q.field.convert
        found = {}
        for t, outcomes in rewards.items():
            if all(o.r == outcomes[0].r for o in outcomes):
                found[t] = convert(outcomes[0].r) ** power
            else:
                found[t] = q.sum(convert(o.p) * convert(o.r) ** power for o in outcomes) / q.P[pair][t]
        return found

    rows = LazyMap(q.mdp.pairs, row)
    return _Grid(q.mdp.pairs, q.mdp.states, lambda pair, t: rows[pair].get(t, q.field.zero))


def solved(solve: Callable[..., Sequence[Any]], right: Sequence[Any], values: Sequence[Any] | None) -> Sequence[Any]:
    """The solution, whose values may be known already from the lower field."""
    return solve(right) if values is None else solve(right, values)


class _Grid(Mapping[Any, Any]):
    """{(*row, column): compute(row, column)}, without a list of its keys."""

    def __init__(self, rows: Sequence[tuple[Any, ...]], columns: Sequence[Any], compute: Callable[..., Any]) -> None:
        self._rows = dict.fromkeys(rows)
        self._columns = dict.fromkeys(columns)
        self._compute = compute

    def __getitem__(self, key: Any) -> Any:
        if key not in self:
            raise KeyError(key)
        return self._compute(key[:-1], key[-1])

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and key[:-1] in self._rows and key[-1] in self._columns

    def __iter__(self) -> Any:
        return ((*row, column) for row in self._rows for column in self._columns)

    def __len__(self) -> int:
        return len(self._rows) * len(self._columns)
