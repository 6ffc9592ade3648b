r"""Cramer's rule as a bound: how large the solution of a sparse system can be, from its rows alone.

Row i of A is multiplied by its own denominator L_i.  The determinant of what results expands into products of one
entry from each row, so its degree is at most the sum of the rows' degrees, and the sum of its coefficients' absolute
values at most the product of the rows' sums.  In

    x_j = sum_i adj_ji (L_i b_i) / det,        y_i = sum_j c_j adj_ji L_i / det    (A x = b, A^T y = c)

the minor adj_ji leaves row i out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from pgsym.algebra.size import Factor, Size, SizeField
from pgsym.exact.elimination_plan import EliminationPlan
from pgsym.model.mdp import MDP, State
from pgsym.model.policy import Policy
from pgsym.model.structure import Structure


class Bound(NamedTuple):
    """A polynomial: its total degree at most `degree`, its coefficients' absolute sum at most 2^bits."""

    degree: int
    bits: float

    def times(self, other: Bound) -> Bound:
        return Bound(self.degree + other.degree, self.bits + other.bits)

    def without(self, other: Bound) -> Bound:
        """What is left of a product of bounds when one of its factors is taken out."""
        return Bound(self.degree - other.degree, self.bits - other.bits)

    def repeated(self, count: int) -> Bound:
        return Bound(self.degree, self.bits + math.log2(max(count, 1)))

    def over(self, *factors: Factor) -> Size:
        """The polynomial as a numerator over distinct factors."""
        return Size(self.degree, self.bits, {f: 1 for f in factors if f.degree or f.bits})

    def factor(self) -> Factor:
        return Factor(self.degree, self.bits)


ONE = Bound(0, 0.0)


def total(bounds: Iterable[Bound]) -> Bound:
    """A sum of polynomials.

    >>> total([Bound(2, 3.0), Bound(5, 3.0)])
    Bound(degree=5, bits=4.0)
    """
    found = list(bounds)
    if not found:
        return ONE
    most = max(b.bits for b in found)
    return Bound(max(b.degree for b in found), most + math.log2(sum(2.0 ** (b.bits - most) for b in found)))


def numerator(element: Size, common: Factor) -> Bound:
    """The numerator over a common denominator, which the element's own divides."""
    degree, bits = element.degree + common.degree, element.bits + common.bits
    for f, k in element.factors.items():
        degree, bits = degree - f.degree * k, bits - f.bits * k
    return Bound(degree, bits)


def largest(bounds: Iterable[Bound]) -> Bound:
    """One polynomial of several."""
    found = list(bounds)
    return Bound(max((b.degree for b in found), default=0), max((b.bits for b in found), default=0.0))


class Local(NamedTuple):
    """One state's row, multiplied by its own denominators only."""

    clear: Bound
    """L_s, the denominators of pi(.|s) and P(.|s,.)."""
    choice: Bound
    """L_s sum_a pi(a|s), as a sum of its terms."""
    move: Bound
    """L_s sum_s' P_pi(s,s')."""
    reward: Bound
    """L_s r_pi(s), times the common denominator of all rewards."""


class CramerSystem:
    """I - gamma P_pi on some states: how many have which row, and gamma = above / below.

    >>> row = Local(Bound(1, 1.0), Bound(1, 1.0), Bound(1, 1.0), Bound(1, 1.0))
    >>> CramerSystem({row: 3}, Bound(1, 0.0)).det.degree
    6
    """

    def __init__(self, rows: Mapping[Local, int], above: Bound = ONE, below: Bound = ONE) -> None:
        self.rows = rows
        self.size = sum(rows.values())
        self._below = below
        self._cleared = {row: total([row.clear.times(below), row.move.times(above)]) for row in rows}
        degree = sum(n * self._cleared[row].degree for row, n in rows.items())
        bits = math.fsum(n * self._cleared[row].bits for row, n in rows.items())
        self.whole = Bound(degree, bits)
        self.det = self.whole.factor()

    def solve(self, right: Callable[[Local], Bound]) -> Bound:
        """The numerator of any x_j over det, for L_i b_i = right(row i)."""
        return total(self._term(row, right(row)).repeated(n) for row, n in self.rows.items())

    def solve_transposed(self, sources: Bound) -> Bound:
        """The numerator of any y_i over det, where sum_j c_j is bounded by `sources` term by term."""
        return largest(self._term(row, row.clear) for row in self.rows).times(sources)

    def sum_transposed(self, sources: Bound, weight: Callable[[Local], Bound] = lambda row: row.clear) -> Bound:
        """The numerator of sum_i y_i f_i over det, with L_i f_i = weight(row i); f = 1 by default."""
        return self.solve(weight).times(sources)

    def _term(self, row: Local, right: Bound) -> Bound:
        return self.whole.without(self._cleared[row]).times(self._below).times(right)


class Stationary:
    """mu(s) = w_s / T for one recurrent class: w is 1 in the pinned state, and T is the sum.

    The other rows may be those of transient states too.
    """

    def __init__(self, pinned: Local, rows: Mapping[Local, int]) -> None:
        self._pinned = pinned
        self.system = CramerSystem(rows)
        # w_i = sum_j P_pi(pinned, j) adj_ji L_i / det; over the pinned row's own denominator too
        self._own = self.system.whole.times(pinned.clear)
        others = self.system.solve_transposed(pinned.move)
        whole = total([self._own, self.system.sum_transposed(pinned.move)])
        self.T = whole.factor()
        self.mu = largest([self._own, others]).over(self.T)

    def mean(self, of: Callable[[Local], Bound]) -> Size:
        """sum_s mu(s) f(s) for L_s f(s) = of(row of s)."""
        others = self.system.sum_transposed(self._pinned.move, of)
        return total([self.system.whole.times(of(self._pinned)), others]).over(self.T)


class Parts:
    """The bounds of pi, P, r, gamma and mu0, and of each state's row: what every quantity is made of."""

    def __init__(self, mdp: MDP, policy: Policy, field: SizeField, structure: Structure) -> None:
        self.mdp, self.policy, self.field = mdp, policy, field
        self.plan = EliminationPlan.of(structure)
        self.numbering = mdp.numbering

    @cached_property
    def actions(self) -> int:
        """The largest number of actions of one state."""
        return max((len(self.policy.actions(s)) for s in self.mdp.nonterminal), default=1)

    @cached_property
    def branches(self) -> int:
        """The largest number of next states of one (s, a)."""
        return max(map(len, self.numbering.moves.values()), default=1)

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
        return [self.field.convert(e) for e in self.numbering.expressions]

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
        used = {i for ids in self.numbering.probabilities for i in ids}
        return self.field.common(self._expressions[i] for i in used)

    @cached_property
    def R(self) -> Factor:
        """The common denominator of the outcomes' rewards."""
        return self.field.common(self._rewards)

    @property
    def _rewards(self) -> list[Size]:
        return [self._expressions[i] for i in sorted({i for terms in self.numbering.rewards for _, i in terms})]

    @cached_property
    def P(self) -> Size:
        """Any P(s'|s,a), over D."""
        return over(self.D, ([self._expressions[i] for i in ids] for ids in self.numbering.probabilities))

    @cached_property
    def r(self) -> Size:
        """Any r(s,a), over D and R."""
        known = self._expressions
        products = (
            total(numerator(known[p], self.D).times(numerator(known[r], self.R)) for p, r in terms)
            for terms in self.numbering.rewards
        )
        return largest(products).over(self.D, self.R)

    @cached_property
    def r_to(self) -> Size:
        """Any r(s,a,s') of one outcome, over R."""
        return over(self.R, ([e] for e in self._rewards))

    @cached_property
    def gamma(self) -> Size:
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
            kinds = tuple([self.numbering.kind[s, a] for a in self.policy.actions(s)])
            key = (below, weights, kinds)
            if key not in known:
                known[key] = self._local(below, weights, kinds)
            found[s] = known[key]
        return found

    def _local(self, below: Bound, weights: tuple[Bound, ...], kinds: tuple[int, ...]) -> Local:
        known, R = self._expressions, self.R
        chosen = [self.numbering.kinds[k] for k in kinds]
        used = {i for moves, _ in chosen for j in moves for i in self.numbering.probabilities[j]}
        D = self.field.common(known[i] for i in used)
        p = {i: numerator(known[i], D) for i in used}
        move, reward = [], []
        for weight, (moves, earned) in zip(weights, chosen, strict=True):
            move += [weight.times(p[i]) for j in moves for i in self.numbering.probabilities[j]]
            reward += [weight.times(p[i]).times(numerator(known[r], R)) for i, r in self.numbering.rewards[earned]]
        common = Bound(D.degree, D.bits)
        return Local(below.times(common), total(weights).times(common), total(move), total(reward))


def over(common: Factor, sums: Iterable[Iterable[Size]]) -> Size:
    """One bound for all these sums, over one denominator."""
    return largest(total(numerator(e, common) for e in terms) for terms in sums).over(common)
