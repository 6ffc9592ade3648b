"""How large the long-run quantities can be: D, g, nu, H, n, E[T] and r(s,a,s'), by one bound for all states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pgsym.algebra.size import Size
from pgsym.exact.constants import over
from pgsym.exact.cramer import CramerSystem, Stationary
from pgsym.exact.tables import Constant

if TYPE_CHECKING:
    from pgsym.exact.sizes import SizeQuantities


class LongRunSizes:
    """Bounds of the quantities of `pgsym.exact.longrun`; each recurrent class has a system of its own.

    Attributes
    ----------
    D, g, nu, H, n, reward_to
        Constant tables.
    expected_steps
        E[T].
    """

    def __init__(self, q: SizeQuantities) -> None:
        self._q = q
        self._field = q.field
        self._states = q.field.number(Fraction(len(q.mdp.states)))
        local = q.parts.local
        classes = q.structure.recurrent_classes
        recurrent = {s for c in classes for s in c}
        self._classes = [Stationary(local[c[-1]], Counter(local[s] for s in c[:-1])) for c in classes]
        self._transient = CramerSystem(Counter(local[s] for s in q.mdp.nonterminal if s not in recurrent))

    @cached_property
    def D(self) -> Mapping[Any, Size]:
        """Column s' is h for the reward 1 in s'."""
        return self._table(self._q.varied(r=self._field.one).h[None])

    @cached_property
    def g(self) -> Mapping[Any, Size]:
        """The class's own average, or x with (I - P_pi) x = P_pi g on the transient states."""
        within = self._any(self._q.average(c) for c in self._classes)
        return self._table(within + self._ahead * within)

    @cached_property
    def H(self) -> Mapping[Any, Size]:
        """The class's own values, or x with (I - P_pi) x = r_pi - g + P_pi H on the transient states."""
        within = self._any(self._q.relative(c, self._q.average(c)) for c in self._classes)
        waiting = self._transient.solve(lambda row: row.clear).over(self._transient.det)
        transient = self._q.value(self._transient) + waiting * self.g[None]
        return self._table(within + transient + self._ahead * within)

    @cached_property
    def n(self) -> Mapping[Any, Size]:
        """Visits to transient states from any start."""
        return self._table(self._q.visits(self._transient))

    @cached_property
    def nu(self) -> Mapping[Any, Size]:
        """What starts in the class or enters it, spread by its stationary distribution."""
        arrived = self._q.mu0[None] + self._states * self.n[None] * self._q.P_pi[None][None]
        return self._table(arrived + self._states * arrived * self._any(c.mu for c in self._classes))

    @cached_property
    def expected_steps(self) -> Size:
        """The sum of all visits."""
        return self._states * self.n[None]

    @cached_property
    def reward_to(self) -> Mapping[Any, Size]:
        """One outcome's reward, or the mean of several, sum P r / P."""
        parts, pairs = self._q.parts, self._q.mdp.pairs
        if self._q.has_own_rewards:
            return self._table(self._q.r[None])
        if parts.plan.one_reward_each:
            return self._table(parts.r_to)
        return self._table(parts.r_to + self._field.spread(parts.r / parts.P, len(pairs) * parts.branches))

    @cached_property
    def _ahead(self) -> Size:
        """x over one bound of b, for (I - P_pi) x = P_pi b on the transient states."""
        return self._transient.solve(lambda row: row.move).over(self._transient.det)

    def _table(self, value: Size) -> Mapping[Any, Size]:
        return Constant(self._q.mdp.states, value)

    def _any(self, sizes: Iterable[Size]) -> Size:
        """One bound for all of these, over one denominator."""
        found = list(sizes)
        return over(self._field.common(found), ([e] for e in found))
