r"""How large the quantities of an MDP can be: one bound for all states, without computing any of them.

Identity testing needs the total degree and the coefficients' size of a numerator (Schwartz 1980, Zippel 1979).
Every table here is *constant*: its one entry bounds each entry of the true table, over a few common denominators:

    W    the product of the distinct denominators of the policy's rows (softmax: of the normalisers),
    D    the least common denominator of the transition probabilities, R of the rewards,
    det  the determinants of the linear systems, T those of normalised weights.

Bounds, and the time to find them, grow linearly with the number of states, because a determinant is bounded row by
row (`pgsym.exact.cramer`), each row with its own denominators.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from pgsym.algebra.size import Size, SizeField
from pgsym.exact.cramer import ONE, Bound, CramerSystem, Parts, Stationary, over
from pgsym.exact.fields import LogBasis, log_policy_size
from pgsym.exact.policy_iteration import starred
from pgsym.exact.quantities import differential_only
from pgsym.exact.tables import Constant
from pgsym.expression.quantity import QuantityDefinition
from pgsym.model.mdp import MDP, State
from pgsym.model.objective import MEAN_REWARD, Objective
from pgsym.model.policy import Policy
from pgsym.model.structure import Structure


@dataclass(eq=False)
class SizeQuantities:
    """Bounds with the attributes of `Quantities`, where they are explained; tables are constant.

    >>> from pgsym.model import tabular
    >>> mdp = MDP.from_transitions(
    ...     [(s, a, t, 1, "r") for s, t in ("xy", "yx") for a in "lr"], start="x", gamma="gamma"
    ... )
    >>> policy = tabular(mdp)
    >>> q = SizeQuantities(mdp, policy, Objective.START_STATE, SizeField({p: 1 for p in policy.params}))
    >>> q.V["x"].degree  # of rows (W_s - gamma sum_a w_a P_a), r sum_a w_a: 2 + 2
    4
    """

    mdp: MDP
    policy: Policy
    objective: Objective
    field: SizeField
    structure: Structure = None  # type: ignore[assignment]
    parts: Parts = None  # type: ignore[assignment]
    _r: Size | None = None
    _gamma: Size | None = None
    _mu0: Size | None = None

    def __post_init__(self) -> None:
        self.structure = self.structure or Structure(self.mdp, self.policy)
        self.parts = self.parts or Parts(self.mdp, self.policy, self.field, self.structure)

    def varied(self, r: Size | None = None, gamma: Size | None = None, mu0: Size | None = None) -> SizeQuantities:
        """The same for another reward function, discount or start weight, by bounds of their entries."""
        spread = self.field.spread
        return replace(
            self,
            _r=self._r if r is None else spread(r, len(self.mdp.pairs)),
            _gamma=self._gamma if gamma is None else spread(gamma, 1),
            _mu0=self._mu0 if mu0 is None else spread(mu0, len(self.mdp.states)),
        )

    def of(self, quantity: QuantityDefinition) -> Any:
        return quantity.bound_of(self)

    # -- the chain ---------------------------------------------------------------------------------------

    @cached_property
    def pi(self) -> Constant:
        return Constant(Constant(self.parts.pi))

    @cached_property
    def gamma(self) -> Size:
        return self._gamma or self.parts.gamma

    @cached_property
    def mu0(self) -> Constant:
        if self._mu0 is None:
            self.structure.require_start()
        return Constant(self._mu0 or self.parts.mu0)

    @cached_property
    def r(self) -> Constant:
        return Constant(self._r or self.parts.r)

    @cached_property
    def P(self) -> Constant:
        return Constant(Constant(self.parts.P))

    @cached_property
    def P_pi(self) -> Constant:
        """P_pi(s,s'), a sum over the actions."""
        return Constant(Constant(self._count(self.parts.actions) * self.parts.pi * self.parts.P))

    @cached_property
    def r_pi(self) -> Constant:
        """r_pi(s), a sum over the actions."""
        return Constant(self._count(self.parts.actions) * self.parts.pi * self.r[None])

    def log_pi(self, basis: LogBasis) -> Constant:
        """log pi(a|s), nested by state and action; the field was made with this basis."""
        return Constant(Constant(log_policy_size(self.field, self.policy, basis)))

    @property
    def has_own_rewards(self) -> bool:
        return self._r is not None

    @property
    def live(self) -> tuple[State, ...]:
        return self.parts.plan.live

    # -- discounted or total reward ----------------------------------------------------------------------

    @cached_property
    def _system(self) -> CramerSystem:
        """I - gamma P_pi on all states that act: no fewer than have to be solved for."""
        above, below = self.gamma, self.field.common([self.gamma])
        rows = Counter(self.parts.local.values())
        return CramerSystem(rows, Bound(above.degree, above.bits), Bound(below.degree, below.bits))

    @cached_property
    def V(self) -> Constant:
        """V(s) over det and the rewards' denominator."""
        self._require_value("V")
        return Constant(self.value(self._system))

    def value(self, system: CramerSystem) -> Size:
        """(I - gamma P_pi)^-1 r_pi."""
        if self._r is None:
            return system.solve(lambda row: row.reward).over(system.det, self.parts.R)
        found = system.solve(lambda row: row.choice).times(Bound(self._r.degree, self._r.bits))
        return found.over(system.det) * Size(0, 0.0, self._r.factors)

    @cached_property
    def eta(self) -> Constant:
        """eta(s) over det and the denominator of mu0."""
        self._require_value("eta")
        return Constant(self.visits(self._system))

    def visits(self, system: CramerSystem) -> Size:
        """mu0 (I - gamma P_pi)^-1."""
        start = self.mu0[None]
        found = system.solve_transposed(Bound(start.degree, start.bits).repeated(self._starts))
        return found.over(system.det) * Size(0, 0.0, start.factors)

    @property
    def _starts(self) -> int:
        return len(self.mdp.start) if self._mu0 is None else len(self.mdp.states)

    @cached_property
    def d(self) -> Constant:
        """eta over its sum, or (1 - gamma) eta."""
        eta = self.eta[None]
        if self._mu0 is None and not self.mdp.terminal and self.mdp.gamma != 1:
            return Constant((self.field.one - self.gamma) * eta)
        sum_of_all = Bound(eta.degree, eta.bits).repeated(len(self.mdp.states))
        return Constant(Bound(eta.degree, eta.bits).over(sum_of_all.factor()))

    # -- stationary and differential ---------------------------------------------------------------------

    @cached_property
    def stationary(self) -> Stationary:
        """I - P_pi without the row and column of one recurrent state."""
        self.structure.require_unichain()
        local, pinned = self.parts.local, self.structure.recurrent_classes[0][-1]
        return Stationary(local[pinned], Counter(local[s] for s in self.mdp.states if s != pinned))

    @cached_property
    def mu(self) -> Constant:
        return Constant(self.stationary.mu)

    @cached_property
    def rbar(self) -> Size:
        """sum_s mu(s) r_pi(s) over T: the row's denominators cancel in mu(s) r_pi(s)."""
        return self.average(self.stationary)

    def average(self, stationary: Stationary) -> Size:
        """mu.r_pi of one recurrent class."""
        if self._r is None:
            return stationary.mean(lambda row: row.reward) * ONE.over(self.parts.R)
        return stationary.mean(lambda row: row.choice) * self._r

    @cached_property
    def h(self) -> Constant:
        """h(s) over det, T^2 and the rewards' denominator."""
        return Constant(self.relative(self.stationary, self.rbar))

    def relative(self, stationary: Stationary, gain: Size) -> Size:
        """x - mu.x for (I - P_pi) x = r_pi - gain."""
        system = stationary.system
        rewards = self.value(system)
        constant = system.solve(lambda row: row.clear).over(system.det) * gain
        found = rewards + constant
        return found + self._count(system.size + 1) * stationary.mu * found

    # -- what the objective makes of them ----------------------------------------------------------------

    @property
    def _is_discounted(self) -> bool:
        return self._gamma is not None or not self.objective.definition.differential

    @cached_property
    def baseline(self) -> Constant:
        return self.V if self._is_discounted else self.h

    @cached_property
    def Q(self) -> Constant:
        r, future = self.r[None], self._count(self.parts.branches) * self.parts.P * self.baseline[None]
        found = r + self.gamma * future if self._is_discounted else r + self.rbar + future
        return Constant(found)

    @cached_property
    def A(self) -> Constant:
        return Constant(self.Q[None] - self.baseline[None])

    @cached_property
    def weight(self) -> Constant:
        found: Constant = getattr(self, self.objective.definition.weight)
        return found

    @cached_property
    def J(self) -> Size:
        if self._r is None and self._gamma is None and self._mu0 is None:
            self.structure.require(self.objective)
        if self.objective.definition.J == MEAN_REWARD:
            return self.rbar
        first, second = self.objective.definition.J
        count = self._starts if first == "mu0" else len(self.mdp.states)
        product: Size = self._count(count) * getattr(self, first)[None] * getattr(self, second)[None]
        return product

    @cached_property
    def logit(self) -> Constant:
        number, symbol = self.field.number, self.field.symbol
        sums = [
            [number(form.constant), *(number(c) * symbol(s) for s, c in form.coefficients)]
            for form in dict.fromkeys(self.policy.forms())
        ]
        return Constant(over(self.field.common(e for terms in sums for e in terms), sums))

    @property
    def theta(self) -> dict[Any, Size]:
        """Any parameter, in the place of all directions."""
        found = [self.field.symbol(p) for p in self.policy.params]
        return dict.fromkeys(self.field.parameters, max(found, key=lambda e: e.bits)) if found else {}

    # -- in the long run: each recurrent class has a system of its own -----------------------------------

    @cached_property
    def _classes(self) -> list[Stationary]:
        local = self.parts.local
        return [Stationary(local[c[-1]], Counter(local[s] for s in c[:-1])) for c in self.structure.recurrent_classes]

    @cached_property
    def _transient(self) -> CramerSystem:
        return CramerSystem(Counter(self.parts.local[s] for s in self.parts.plan.transient))

    @cached_property
    def _ahead(self) -> Size:
        """x over one bound of b, for (I - P_pi) x = P_pi b on the transient states."""
        return self._transient.solve(lambda row: row.move).over(self._transient.det)

    @cached_property
    def D(self) -> Constant:
        """Column s' is h for the reward 1 in s'."""
        return Constant(self.varied(r=self.field.one).h[None])

    @cached_property
    def g(self) -> Constant:
        """The class's own average, or x with (I - P_pi) x = P_pi g on the transient states."""
        within = self._any(self.average(c) for c in self._classes)
        return Constant(within + self._ahead * within)

    @cached_property
    def H(self) -> Constant:
        """The class's own values, or x with (I - P_pi) x = r_pi - g + P_pi H on the transient states."""
        within = self._any(self.relative(c, self.average(c)) for c in self._classes)
        waiting = self._transient.solve(lambda row: row.clear).over(self._transient.det)
        transient = self.value(self._transient) + waiting * self.g[None]
        return Constant(within + transient + self._ahead * within)

    @cached_property
    def n(self) -> Constant:
        return Constant(self.visits(self._transient))

    @cached_property
    def nu(self) -> Constant:
        """What starts in the class or enters it, spread by its stationary distribution."""
        states = self._count(len(self.mdp.states))
        arrived = self.mu0[None] + states * self.n[None] * self.P_pi[None][None]
        return Constant(arrived + states * arrived * self._any(c.mu for c in self._classes))

    @cached_property
    def expected_steps(self) -> Size:
        """The sum of all visits."""
        return self._count(len(self.mdp.states)) * self.n[None]

    @cached_property
    def reward_to(self) -> Constant:
        """One outcome's reward, or the mean of several, sum P r / P."""
        return Constant(self.r[None]) if self.has_own_rewards else self.reward_moment(1, 3)

    def reward_moment(self, power: int, arity: int) -> Constant:
        """E[r^k|s,a] as a sum over outcomes; E[r^k|s,a,s'] of one outcome, or the mean of several."""
        parts = self.parts
        outcomes = max((len(self.mdp.outcomes(*pair)) for pair in self.mdp.pairs), default=1)
        one = parts.r_to**power
        mean = self.field.total(parts.P * one, outcomes)
        if arity == 2 or parts.numbering.one_reward_each:
            return Constant(mean if arity == 2 else one)
        return Constant(one + self.field.spread(mean / parts.P, len(self.mdp.pairs) * parts.branches))

    def best(self, name: str) -> Any:
        """One bound for all the numbers that are defined."""
        found = starred(name, self.mdp, self.objective)
        values = list(found.values()) if isinstance(found, Mapping) else [found]
        bound = self._any(self.field.number(e) for e in values)
        return Constant(bound) if isinstance(found, Mapping) else bound

    def _count(self, n: int) -> Size:
        return self.field.number(Fraction(max(n, 1)))

    def _any(self, sizes: Iterable[Size]) -> Size:
        """One bound for all of these, over one denominator."""
        found = list(sizes)
        return over(self.field.common(found), ([e] for e in found))

    def _require_value(self, name: str) -> None:
        if not self._is_discounted:
            raise differential_only(name, self.objective)
        if self._gamma is None and self._r is None and self._mu0 is None:
            self.structure.require_discounted_or_proper()
