r"""The bounds of pi, P, r, gamma and mu0, and of each state's row: what all other bounds are made of."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from pgsym.algebra.size import Factor, Size, SizeField
from pgsym.exact.cramer import Bound, Local, largest, numerator, total
from pgsym.exact.elimination_plan import EliminationPlan
from pgsym.model.mdp import MDP, State
from pgsym.model.policy import Policy
from pgsym.model.structure import Structure


class Parts:
    """The bounds of pi, P, r, gamma and mu0, and of each state's row: what every quantity is made of."""

    def __init__(self, mdp: MDP, policy: Policy, field: SizeField, structure: Structure) -> None:
        self.mdp = mdp
        self.policy = policy
        self.field = field
        self.plan = EliminationPlan.of(structure)

    @cached_property
    def actions(self) -> int:
        """The largest number of actions of one state."""
        return max((len(self.policy.actions(s)) for s in self.mdp.nonterminal), default=1)

    @cached_property
    def branches(self) -> int:
        """The largest number of next states of one (s, a)."""
        return max(map(len, self.plan.moves.values()), default=1)

    @cached_property
    def _rows(self) -> dict[State, list[Size]]:
        return {s: self.policy.row(s, self.field) for s in self.mdp.nonterminal}

    @cached_property
    def _own(self) -> dict[State, tuple[Bound, tuple[Bound, ...]]]:
        """pi(.|s) over its own denominator W_s: that, and the numerators."""
        found = {}
        for s, row in self._rows.items():
            below = self.field.common(row)
            found[s] = Bound(below.degree, below.bits), tuple(numerator(e, below) for e in row)
        return found

    @cached_property
    def _expressions(self) -> list[Size]:
        return [self.field.convert(e) for e in self.plan.expressions]

    @cached_property
    def pi(self) -> Size:
        """Any pi(a|s), over W."""
        W = self.field.common(e for row in self._rows.values() for e in row)
        whole = Bound(W.degree, W.bits)
        return largest(
            whole.without(below).times(w) for below, weights in set(self._own.values()) for w in weights
        ).over(W)

    @cached_property
    def D(self) -> Factor:
        """The common denominator of the outcomes' probabilities."""
        used = {i for ids in self.plan.probabilities for i in ids}
        return self.field.common(self._expressions[i] for i in used)

    @cached_property
    def R(self) -> Factor:
        """The common denominator of the outcomes' rewards."""
        return self.field.common(self._rewards)

    @property
    def _rewards(self) -> list[Size]:
        return [self._expressions[i] for i in sorted({i for terms in self.plan.rewards for _, i in terms})]

    @cached_property
    def P(self) -> Size:
        """Any P(s'|s,a), over D."""
        return over(self.D, ([self._expressions[i] for i in ids] for ids in self.plan.probabilities))

    @cached_property
    def r(self) -> Size:
        """Any r(s,a), over D and R."""
        known = self._expressions
        products = (
            total(numerator(known[p], self.D).times(numerator(known[r], self.R)) for p, r in terms)
            for terms in self.plan.rewards
        )
        return largest(products).over(self.D, self.R)

    @cached_property
    def r_to(self) -> Size:
        """Any r(s,a,s') of one outcome, over R."""
        return over(self.R, ([e] for e in self._rewards))

    @cached_property
    def gamma(self) -> Size:
        """The discount factor."""
        return self.field.spread(self.field.convert(self.mdp.gamma), 1)

    @cached_property
    def mu0(self) -> Size:
        """Any mu0(s)."""
        found = [self.field.convert(p) for p in dict.fromkeys(self.mdp.start.values())]
        return over(self.field.common(found), ([e] for e in found))

    @cached_property
    def local(self) -> dict[State, Local]:
        """Each state's row; equal ones are found once."""
        known: dict[Any, Local] = {}
        found = {}
        for s, (below, weights) in self._own.items():
            kinds = tuple([self.plan.kind[s, a] for a in self.policy.actions(s)])
            key = (below, weights, kinds)
            if key not in known:
                known[key] = self._local(below, weights, kinds)
            found[s] = known[key]
        return found

    def _local(self, below: Bound, weights: tuple[Bound, ...], kinds: tuple[int, ...]) -> Local:
        known, R = self._expressions, self.R
        chosen = [self.plan.kinds[k] for k in kinds]
        used = {i for moves, _ in chosen for j in moves for i in self.plan.probabilities[j]}
        D = self.field.common(known[i] for i in used)
        p = {i: numerator(known[i], D) for i in used}
        move, reward = [], []
        for weight, (moves, earned) in zip(weights, chosen, strict=True):
            move += [weight.times(p[i]) for j in moves for i in self.plan.probabilities[j]]
            reward += [weight.times(p[i]).times(numerator(known[r], R)) for i, r in self.plan.rewards[earned]]
        common = Bound(D.degree, D.bits)
        return Local(below.times(common), total(weights).times(common), total(move), total(reward))


def over(common: Factor, sums: Iterable[Iterable[Size]]) -> Size:
    """One bound for all these sums, over one denominator."""
    return largest(total(numerator(e, common) for e in terms) for terms in sums).over(common)
