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

    Its last state is pinned, so no dense row arises.  `lower` is the same class over ``q.field.base``.
    """

    q: InducedChain
    states: tuple[State, ...]
    lower: RecurrentClass | None

    @property
    def rest(self) -> tuple[State, ...]:
        return self.states[:-1]

    @cached_property
    def _system(self) -> Factorization:
        """I - P_pi on the class, without the row and column of the pinned state."""
        return self.q.factored(self.rest, self.q.field.one, None if self.lower is None else self.lower._system)

    @cached_property
    def mu(self) -> Mapping[State, Any]:
        """The stationary distribution of the class; sums to 1."""
        pinned, one, zero = self.states[-1], self.q.field.one, self.q.field.zero
        row = self.q.P_pi[pinned]
        weights = list(self._system.solve_transposed([row.get(s, zero) for s in self.rest]))
        total = self.q.sum([*weights, one])
        return dict(zip(self.states, (w / total for w in [*weights, one]), strict=True))

    @cached_property
    def gain(self) -> Any:
        return self.q.sum(self.mu[s] * self.q.r_pi[s] for s in self.states)

    @cached_property
    def H(self) -> Mapping[State, Any]:
        """(I - P_pi) H = r_pi - gain and mu.H = 0 on the class."""
        excess = [self.q.r_pi[s] - self.gain for s in self.rest]
        found = [*self._system.solve(excess), self.q.field.zero]
        offset = self.q.sum((self.mu[s] * e for s, e in zip(self.states, found, strict=True)))
        return {s: e - offset for s, e in zip(self.states, found, strict=True)}


class LongRunChain(InducedChain):
    """The chain in its recurrent classes and its transient states; g, H, n and nu are by state.

    >>> from pgsym.exact import solve
    >>> {s: str(g) for s, g in solve("two-classes").at().quantities.g.items()}
    {'start': '8/9', 'safe': '1', 'on': '2/3', 'off': '2/3'}
    """

    @cached_property
    def classes(self) -> list[RecurrentClass]:
        classes = self.structure.recurrent_classes
        below = [None] * len(classes) if self.lower is None else self.lower.classes
        return [RecurrentClass(self, *pair) for pair in zip(classes, below, strict=True)]

    @cached_property
    def class_of(self) -> dict[State, RecurrentClass]:
        return {s: c for c in self.classes for s in c.states}

    @cached_property
    def transient(self) -> tuple[State, ...]:
        """The other states that act."""
        return tuple(s for s in self.mdp.nonterminal if s not in self.class_of)

    @cached_property
    def _waiting(self) -> Factorization:
        """I - P_pi on the transient states."""
        return self.factored(self.transient, self.field.one, None if self.lower is None else self.lower._waiting)

    def _from_transient(self, direct: Iterable[Any]) -> dict[State, Any]:
        """x(t) = direct(t) + sum over transient t' of P_pi(t,t') x(t')."""
        return dict(zip(self.transient, self._waiting.solve(list(direct)), strict=True))

    def _ahead(self, s: State, values: Mapping[State, Any]) -> Any:
        """sum_s' P_pi(s,s') values(s') over the recurrent s'."""
        return self.sum((p * values[t] for t, p in self.P_pi[s].items() if t in self.class_of))

    @cached_property
    def g(self) -> Mapping[State, Any]:
        """The long-run average reward of the chain that starts in s; 0 in terminal states.

        g = P* r_pi with the Cesaro limit P* of the powers of P_pi (Puterman 1994, section 8.2); reward units per step.
        """
        found = dict.fromkeys(self.mdp.states, self.field.zero)
        found.update((s, c.gain) for s, c in self.class_of.items())
        found.update(self._from_transient(self._ahead(s, found) for s in self.transient))
        return found

    @cached_property
    def H(self) -> Mapping[State, Any]:
        """The differential value with (I - P_pi) H = r_pi - g and P* H = 0; 0 in terminal states.

        H is the deviation matrix times r_pi (Puterman 1994, section 8.2.3 and theorem 8.2.6), in reward units.
        """
        found = dict.fromkeys(self.mdp.states, self.field.zero)
        found.update((s, c.H[s]) for s, c in self.class_of.items())
        excess = (self.r_pi[s] - self.g[s] + self._ahead(s, found) for s in self.transient)
        found.update(self._from_transient(excess))
        return found

    @cached_property
    def n(self) -> Mapping[State, Any]:
        """The expected number of visits from the start; over all states, 0 in those not transient."""
        zero, start = self.field.zero, self.mu0
        found = dict.fromkeys(self.mdp.states, zero)
        solved = self._waiting.solve_transposed([start.get(s, zero) for s in self.transient])
        found.update(zip(self.transient, solved, strict=True))
        return found

    @cached_property
    def nu(self) -> Mapping[State, Any]:
        """The Cesaro limit of Pr(s_t = s) from the start, over all states.

        It sums to the total start weight, vanishes in transient states, and counts what has ended in the terminal
        ones: the weight that enters each absorbing state or class from outside, spread by mu_k.
        """
        zero, start = self.field.zero, self.mu0
        arrived = {s: start.get(s, zero) for s in self.mdp.states if s in self.class_of or s in self.mdp.terminal}
        for s in self.transient:
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
        return self.sum(self.n[s] for s in self.transient)


def deviation(q: InducedChain, mu: Mapping[State, Any]) -> Mapping[tuple[State, State], Any]:
    """D(s,s'), D = (I - P_pi + 1 mu^T)^-1 - 1 mu^T, the deviation matrix of a unichain; found by columns on demand.

    Column s' is the differential value of the reward 1 in s': (I - P_pi) x = e_s' - mu(s') 1 with mu.x = 0.
    Rows sum to 0; D r_pi = h (Puterman 1994, appendix A.5; Schweitzer 1968).
    """
    recurrent = q._recurrent
    rest, system = q._pinned
    zero = q.field.zero

    def column(target: State) -> dict[State, Any]:
        source = -mu[target]
        right = [source + q.field.one if s == target else source for s in rest]
        found = dict(zip(rest, system.solve(right), strict=True))
        found[recurrent[-1]] = zero
        offset = q.sum(mu[s] * found[s] for s in recurrent)
        return {s: e - offset for s, e in found.items()}

    columns = LazyMap(q.mdp.states, column)
    return _Grid([(s,) for s in q.mdp.states], q.mdp.states, lambda row, target: columns[target][row[0]])


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
