"""The chain that a policy induces, over one field: pi, P, r, gamma, mu0, and the linear systems made of them.

Constants of the model lie in the *ground* field, which knows no derivatives, and are the same at every level of a
tower of dual numbers; so are the factorizations of the systems' values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, reduce
from operator import add
from typing import Any, Self

from pgsym.algebra.dual import DualLU, Slopes
from pgsym.algebra.field import Factorization, Field
from pgsym.algebra.ordering import Ordering
from pgsym.errors import StructureError
from pgsym.exact.elimination_plan import Constants, EliminationPlan
from pgsym.exact.tables import LazyMap
from pgsym.expression.quantity import QuantityDefinition
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy
from pgsym.model.structure import Structure

Row = dict[int, Any]


@dataclass(eq=False, repr=False)
class InducedChain:
    """pi, P, r, P_pi and r_pi over one field, and the factored systems I - gamma P_pi and I - P_pi.

    The structure is shared between the fields in which one problem is evaluated.  Where `field` is a field of dual
    numbers, `lower` is the same problem over ``field.base``: what is known there is not computed again.
    """

    mdp: MDP
    policy: Policy
    objective: Objective
    field: Field
    structure: Structure = None  # type: ignore[assignment]
    lower: Self | None = None
    systems: list[tuple[Any, tuple[State, ...], Factorization]] = dataclasses.field(default_factory=list)
    """I - discount P_pi on these states, each factored once for all variants of the chain."""
    _original: Self | None = None
    _r: Mapping[Any, Any] | None = None
    _gamma: Any = None
    _mu0: Mapping[State, Any] | None = None

    def __post_init__(self) -> None:
        if self.structure is None or self.structure.mdp is not self.mdp:
            self.structure = Structure(self.mdp, self.policy)
        self.plan = EliminationPlan.of(self.structure)
        known = self.lower if self._original is None else self._original
        self.constants: Constants = Constants(self.plan, self.field.ground) if known is None else known.constants
        self._known: dict[QuantityDefinition, Any] = {}

    def varied(
        self, *, r: Mapping[Any, Any] | None = None, gamma: Any = None, mu0: Mapping[State, Any] | None = None
    ) -> Self:
        """The same chain with other data; what is left out stays as it is.

        The dynamics stay, so the probabilities are shared, and with them every factorization of I - gamma P_pi that
        serves the same discount.  With a discount of their own, V, Q, A and eta are those of that discount in the
        average-reward objective too.

        `r` is {(s, a): mean reward} over ``mdp.pairs``, or {s: reward} for a function of the state; `gamma` an element
        or a rational number, with which every run has to end where it is 1; `mu0` is {s: weight}, whose weights need
        not sum to 1.

        >>> from pgsym.exact import solve
        >>> q = solve("random-walk").at().quantities
        >>> steps = q.varied(r=dict.fromkeys(q.mdp.nonterminal, q.field.one))
        >>> [int(steps.V[s]) for s in q.mdp.states]  # expected length of the walk: i (6 - i)
        [0, 5, 8, 9, 8, 5, 0]
        """
        if r is None and gamma is None and mu0 is None:
            return self
        field = self.field
        gamma = field.number(Fraction(gamma)) if isinstance(gamma, int | Fraction) else gamma
        lower = self.lower
        if lower is not None:
            value = None if gamma is None else field.value(gamma)
            lower = lower.varied(r=_values_of(r, field), gamma=value, mu0=_values_of(mu0, field))
        return replace(
            self,
            lower=lower,
            _original=self if self._original is None else self._original,
            _r=self._r if r is None else r,
            _gamma=self._gamma if gamma is None else gamma,
            _mu0=self._mu0 if mu0 is None else mu0,
        )

    def of(self, quantity: QuantityDefinition) -> Any:
        """A quantity of the registry, found once."""
        if quantity not in self._known:
            self._known[quantity] = quantity.value_of(self)
        return self._known[quantity]

    # -- the dynamics ------------------------------------------------------------------------------------

    @cached_property
    def pi(self) -> Mapping[State, Mapping[Action, Any]]:
        """pi(a|s), nested by state and action."""
        if self._original is not None:
            return self._original.pi
        policy, field = self.policy, self.field
        known: dict[Any, list[Any]] = {}

        def row(s: State) -> dict[Action, Any]:
            actions, key = policy.actions(s), policy.row_key(s)
            if key not in known:
                known[key] = policy.row(s, field)
            return dict(zip(actions, known[key], strict=True))

        return LazyMap(self.mdp.nonterminal, row)

    @cached_property
    def P(self) -> Mapping[tuple[State, Action], Mapping[State, Any]]:
        """P(s'|s,a), sparse; outcomes that share s' are added."""
        if self._original is not None:
            return self._original.P
        if self.field.ground is self.field:
            return self.constants.P
        lift, rows = self.field.lift, self.constants.P
        return LazyMap(rows, lambda pair: {t: lift(p) for t, p in rows[pair].items()})

    @cached_property
    def P_pi(self) -> Mapping[State, Mapping[State, Any]]:
        """P_pi(s,s') = sum_a pi(a|s) P(s'|s,a), sparse; rows are the current, non-terminal state."""
        if self._original is not None:
            return self._original.P_pi
        rows, mix = self.constants.P, self.field.mix
        return {s: mix(list(chosen.values()), [rows[s, a] for a in chosen]) for s, chosen in self.pi.items()}

    # -- the data: the model's, or those given to `varied` -----------------------------------------------

    @cached_property
    def gamma(self) -> Any:
        return self.field.lift(self.constants.gamma) if self._gamma is None else self._gamma

    @cached_property
    def undiscounted(self) -> bool:
        return self.mdp.undiscounted if self._gamma is None else self.field.is_zero(self._gamma - self.field.one)

    @cached_property
    def mu0(self) -> Mapping[State, Any]:
        """The start distribution without its zeros, or the start weight."""
        if self._mu0 is None:
            self.structure.require_start()
            return {s: self.field.lift(p) for s, p in self.constants.mu0.items()}
        for s in self._mu0:
            if s not in self.structure.graph:
                raise StructureError(f"state {s!r} is unknown; a start is a state. Check its name", where="mu0")
        return dict(self._mu0)

    @cached_property
    def reachable(self) -> frozenset[State]:
        """The states that the start can reach."""
        if self._mu0 is None:
            return self.structure.reachable
        return self.structure.reach(s for s, p in self.mu0.items() if not self.field.is_zero(p))

    @cached_property
    def r(self) -> Mapping[tuple[State, Action], Any]:
        """r(s,a) = sum_s' P(s'|s,a) r(s,a,s').  Enough for means; second moments need r(s,a,s')."""
        given, pairs = self._r, self.mdp.pairs
        if given is None:
            lift = self.field.lift
            return {pair: lift(e) for pair, e in self.constants.r.items()}
        if all(pair in given for pair in pairs):
            return {pair: given[pair] for pair in pairs}
        missing = [s for s in self.mdp.nonterminal if s not in given]
        if missing:
            raise StructureError(
                f"no reward for {missing[0]!r} and {len(missing) - 1} other states; a reward function has a value for "
                "every state-action pair, or for every state that is not terminal. Add them",
                where="r",
            )
        return {pair: given[pair[0]] for pair in pairs}

    @property
    def has_own_rewards(self) -> bool:
        """The rewards are not those of the model."""
        return self._r is not None

    @cached_property
    def r_pi(self) -> Mapping[State, Any]:
        """r_pi(s) = sum_a pi(a|s) r(s,a)."""
        r, dot = self.r, self.field.dot
        return {s: dot(list(chosen.values()), [r[s, a] for a in chosen]) for s, chosen in self.pi.items()}

    # -- linear systems ----------------------------------------------------------------------------------

    @cached_property
    def rewardless(self) -> frozenset[State]:
        """The states of recurrent classes in which nothing is earned: their value is 0, at gamma = 1 too."""
        if self._r is None:
            return self.structure.rewardless
        zero, actions = self.field.is_zero, self.policy.support
        classes = self.structure.recurrent_classes
        return frozenset(s for c in classes if all(zero(self.r[t, a]) for t in c for a in actions(t)) for s in c)

    @cached_property
    def _improper(self) -> frozenset[State]:
        """The states from which an unending run with rewards has positive probability."""
        if self._r is None:
            return self.structure.improper
        classes = self.structure.recurrent_classes
        return self.structure.leading_to(s for c in classes for s in c if s not in self.rewardless)

    @cached_property
    def live(self) -> tuple[State, ...]:
        """The states whose value has to be solved for; at gamma = 1 only those where it is finite."""
        if self._r is None and self._gamma is None:
            return self.plan.live
        if not self.undiscounted:
            return self.mdp.nonterminal
        return tuple(s for s in self.mdp.nonterminal if s not in self.rewardless and s not in self._improper)

    @cached_property
    def index(self) -> dict[State, int]:
        return {s: i for i, s in enumerate(self.live)}

    @property
    def _below(self) -> Self | None:
        """`lower`, where it solves for the same states: a reward can vanish there and have a slope here."""
        return self.lower if self.lower is not None and self.lower.live == self.live else None

    @cached_property
    def _system(self) -> Factorization:
        """I - gamma P_pi on the live states: one factorization for each discount and set of live states."""
        if self.undiscounted and self._improper:
            self.structure.require_end(self._improper & self.reachable)
        model = self if self._original is None else self._original
        if self.live == model.live and self.field.is_zero(self.gamma - model.gamma):
            return model._planned
        for gamma, live, system in self.systems:
            if live == self.live and self.field.is_zero(gamma - self.gamma):
                return system
        rows = [self._identity_minus(self.index, s, self.gamma) for s in self.live]
        below = self._below
        # the discount may have tangents, so the rows are needed over dual numbers too
        system = self.field.factor(rows) if below is None else self.field.factor(rows, lower=below._system)  # type: ignore[call-arg]
        self.systems.append((self.gamma, self.live, system))
        return system

    @cached_property
    def _planned(self) -> Factorization:
        """I - gamma P_pi for the model's discount, the start states eliminated last: J then needs little of V."""
        plan, lower = self.plan, None if self.lower is None else self.lower._planned
        return self.factored(plan.live, self.gamma, lower, plan.last, plan.discounted)

    def sum(self, terms: Iterable[Any]) -> Any:
        found = list(terms)
        return reduce(add, found) if found else self.field.zero

    def _dot(self, pairs: Sequence[tuple[Any, Any]]) -> Any:
        return self.field.dot([x for x, _ in pairs], [y for _, y in pairs])

    def factored(
        self,
        states: Sequence[State],
        scale: Any,
        lower: Factorization | None,
        last: Sequence[int] = (),
        ordering: Ordering | None = None,
    ) -> Factorization:
        """I - scale P_pi on some states, for a constant scale; over dual numbers by its values' factors `lower`."""
        field: Any = self.field
        index = {s: i for i, s in enumerate(states)}
        if lower is None:
            return field.factor([self._identity_minus(index, s, scale) for s in states], last, ordering=ordering)
        rows, minus = self.constants.P, -field.value(scale)
        slopes: Slopes = {}
        for s, i in index.items():
            chosen = self.pi[s]
            for k, row in field.mix_slopes(list(chosen.values()), [rows[s, a] for a in chosen]):
                entries = slopes.setdefault(k, [])
                for t, slope in row.items():
                    j = index.get(t)
                    if j is not None:
                        entries.append((i, j, minus * slope))
        return DualLU(field, lower, slopes)

    def _identity_minus(self, index: Mapping[State, int], s: State, scale: Any) -> Row:
        """Row s of I - scale P_pi, restricted to the indexed states."""
        i = index[s]
        row: Row = {i: self.field.one}
        for t, p in self.P_pi[s].items():
            j = index.get(t)
            if j is not None:
                row[j] = row[j] - scale * p if j == i else -(scale * p)
        return row


def _values_of(given: Mapping[Any, Any] | None, field: Any) -> Mapping[Any, Any] | None:
    """The same mapping for the lower field."""
    return None if given is None else LazyMap(given, lambda key: field.value(given[key]))
