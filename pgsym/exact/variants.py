r"""The same chain with another reward function, another discount or another start weight.

``V[r=c]``, ``Q[r=c, gamma=gamma*lambda]``, ``eta[mu0=w]``: the policy and its dynamics stay, so the probabilities
are shared, and with them every factorization of :math:`I - \gamma P_\pi` that serves the same discount.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

from pgsym.algebra.field import Factorization
from pgsym.errors import DiscountError, StructureError, UndefinedQuantityError
from pgsym.exact.quantities import Quantities
from pgsym.exact.tables import LazyMap
from pgsym.model.mdp import Action, State
from pgsym.model.objective import MEAN_REWARD


def varied(
    q: Quantities,
    *,
    r: Mapping[Any, Any] | None = None,
    gamma: Any = None,
    mu0: Mapping[State, Any] | None = None,
) -> Quantities:
    """The quantities of the same chain for other data; what is left out stays as it is in `q`.

    Parameters
    ----------
    r : mapping
        {(s, a): mean reward} over ``mdp.pairs``, or {s: reward} for a function of the state; elements of the field.
    gamma
        A discount: an element of the field, or a rational number.  At 1 every run has to end, as for a model whose
        own discount is 1.
    mu0 : mapping
        {s: weight}; the weights need not sum to 1, a state left out has weight 0.

    Raises
    ------
    HypothesisError
        When a quantity is asked for that the new data do not define.

    Notes
    -----
    With a discount of their own, V, Q, A and eta are those of that discount in the average-reward objective too.

    Examples
    --------
    >>> from pgsym.exact.fields import exact_field
    >>> from pgsym.model.zoo import zoo
    >>> model = zoo("random-walk", n=3)
    >>> field = exact_field(model.mdp, model.policy, model.theta)
    >>> q = Quantities(model.mdp, model.policy, model.objective, field)
    >>> steps = varied(q, r=dict.fromkeys(model.mdp.nonterminal, field.one))
    >>> [int(steps.V[s]) for s in model.mdp.states]  # expected length of the walk: i (4 - i)
    [0, 3, 4, 3, 0]
    """
    if r is None and gamma is None and mu0 is None:
        return q
    return Varied(q, r, gamma, mu0)


class Varied(Quantities):
    """`Quantities` with data of its own; made by `varied`."""

    def __init__(
        self, base: Quantities, r: Mapping[Any, Any] | None, gamma: Any, mu0: Mapping[State, Any] | None
    ) -> None:
        field = base.field
        self._base = base
        self._r = r
        self._gamma = field.number(Fraction(gamma)) if isinstance(gamma, int | Fraction) else gamma
        self._mu0 = mu0
        lower = None
        if base.lower is not None:
            below = None if gamma is None else field.value(self._gamma)
            lower = Varied(base.lower, _values_of(r, field), below, _values_of(mu0, field))
        super().__init__(base.mdp, base.policy, base.objective, field, base.structure, lower=lower)

    # -- what is shared ----------------------------------------------------------------------------------

    @property
    def pi(self) -> Mapping[State, Mapping[Action, Any]]:
        return self._base.pi

    @property
    def P(self) -> Mapping[tuple[State, Action], Mapping[State, Any]]:
        return self._base.P

    @property
    def P_pi(self) -> Mapping[State, Mapping[State, Any]]:
        return self._base.P_pi

    @property
    def mu(self) -> Mapping[State, Any]:
        return self._base.mu

    @property
    def _pinned(self) -> tuple[tuple[State, ...], Factorization]:
        return self._base._pinned

    # -- the data ----------------------------------------------------------------------------------------

    @cached_property
    def r(self) -> Mapping[tuple[State, Action], Any]:
        """r(s,a), the new one where it was given."""
        given, pairs = self._r, self.mdp.pairs
        if given is None:
            return self._base.r
        if all(pair in given for pair in pairs):
            return LazyMap(pairs, lambda pair: given[pair])
        missing = [s for s in self.mdp.nonterminal if s not in given]
        if missing:
            raise StructureError(
                f"no reward for {missing[0]!r} and {len(missing) - 1} other states; a reward function has a value for "
                "every state-action pair, or for every state that is not terminal. Add them",
                where="r",
            )
        return LazyMap(pairs, lambda pair: given[pair[0]])

    @property
    def has_own_rewards(self) -> bool:
        """The rewards are not those of the model."""
        return self._r is not None or (isinstance(self._base, Varied) and self._base.has_own_rewards)

    @cached_property
    def gamma(self) -> Any:
        """The discount factor, the new one where it was given."""
        return self._base.gamma if self._gamma is None else self._gamma

    @cached_property
    def undiscounted(self) -> bool:
        """The discount is the number 1."""
        if self._gamma is None:
            return is_undiscounted(self._base)
        return self.field.is_zero(self._gamma - self.field.one)

    @cached_property
    def mu0(self) -> Mapping[State, Any]:
        """The start weight, the new one where it was given."""
        if self._mu0 is None:
            return self._base.mu0
        for s in self._mu0:
            if s not in self.structure.graph:
                raise StructureError(f"state {s!r} is unknown; a start is a state. Check its name", where="mu0")
        return dict(self._mu0)

    @cached_property
    def reachable(self) -> frozenset[State]:
        """The states that the start weight can reach."""
        if self._mu0 is None:
            return self._base.reachable if isinstance(self._base, Varied) else self.structure.reachable
        return self.structure.reach(s for s, p in self.mu0.items() if not self.field.is_zero(p))

    # -- discounted or total reward ----------------------------------------------------------------------

    @cached_property
    def _rewardless(self) -> frozenset[State]:
        """The states of recurrent classes in which nothing is earned: their value is 0, at gamma = 1 too."""
        if self._r is None:
            return self._base._rewardless if isinstance(self._base, Varied) else self.structure.rewardless
        zero = self.field.is_zero
        return frozenset(
            s
            for c in self.structure.recurrent_classes
            if all(zero(self.r[s, a]) for s in c for a in self.policy.support(s))
            for s in c
        )

    @cached_property
    def _improper(self) -> frozenset[State]:
        """The states from which an unending run with rewards has positive probability."""
        classes = self.structure.recurrent_classes
        return self.structure.leading_to(s for c in classes for s in c if s not in self._rewardless)

    @cached_property
    def live(self) -> tuple[State, ...]:
        """The states whose value has to be solved for; at gamma = 1 only those where it is finite."""
        if not self.undiscounted:
            return self.mdp.nonterminal
        return tuple(s for s in self.mdp.nonterminal if s not in self._rewardless and s not in self._improper)

    def _require_finite(self) -> None:
        if self.undiscounted:
            self.structure.require_end(self._improper & self.reachable)

    @cached_property
    def _system(self) -> Factorization:
        """I - gamma P_pi on the live states: one factorization for each discount and set of live states."""
        self._require_finite()
        root = self._base
        while isinstance(root, Varied):
            root = root._base
        known: list[tuple[Any, tuple[State, ...], Any]] = vars(root).setdefault("_systems", [])
        if not known and (root.mdp.gamma != 1 or root.structure.is_proper):
            known.append((root.gamma, root.live, root))
        for gamma, live, owner in known:
            if live == self.live and self.field.is_zero(gamma - self.gamma):
                return owner._system
        index = {s: i for i, s in enumerate(self.live)}
        rows = [self._identity_minus(index, s, self.gamma) for s in self.live]
        known.append((self.gamma, self.live, self))
        shared = self._shared
        if shared is not None:
            return self.field.factor(rows, lower=shared._system)  # type: ignore[call-arg]
        return self.field.factor(rows)

    @property
    def _shared(self) -> Self | None:
        """The lower variant where it solves for the same states: a reward can vanish there and have a slope here."""
        return self.lower if self.lower is not None and self.lower.live == self.live else None

    @property
    def _is_discounted(self) -> bool:
        """Values are discounted ones: by the objective, or because a discount was given."""
        if self._gamma is not None or not self.objective.definition.differential:
            return True
        return isinstance(self._base, Varied) and self._base._is_discounted

    @cached_property
    def V(self) -> Mapping[State, Any]:
        """V(s), the expected discounted return; 0 in terminal states."""
        if not self._is_discounted:
            return super().V
        return self._solved(self._values, "V")

    @cached_property
    def _values(self) -> Sequence[Any]:
        rewards = [self.r_pi[s] for s in self.live]
        shared = self._shared
        if shared is not None:
            return self._system.solve(rewards, shared._values)  # type: ignore[call-arg]
        return self._system.solve(rewards)

    @cached_property
    def eta(self) -> Mapping[State, Any]:
        """eta(s) = sum_t gamma^t times the weight of s_t = s, over non-terminal states."""
        if not self._is_discounted:
            return super().eta
        return self._solved(self._visits, "eta")

    @cached_property
    def _visits(self) -> Sequence[Any]:
        start = [self.mu0.get(s, self.field.zero) for s in self.live]
        shared = self._shared
        if shared is not None:
            return self._system.solve_transposed(start, shared._visits)  # type: ignore[call-arg]
        return self._system.solve_transposed(start)

    def _solved(self, values: Sequence[Any], name: str) -> Mapping[State, Any]:
        index = {s: i for i, s in enumerate(self.live)}
        zero = self.mdp.terminal | self._rewardless if name == "V" else frozenset()

        def look_up(s: State) -> Any:
            if s in index:
                return values[index[s]]
            if s in zero:
                return self.field.zero
            raise UndefinedQuantityError(
                f"gamma = 1 and the run from {s!r} need not end, so {name}({s}) is infinite or undefined. "
                "Set gamma < 1 or mark an end as terminal",
                where=name,
            )

        return LazyMap([s for s in self.mdp.states if s in index or s in zero], look_up)

    @cached_property
    def d(self) -> Mapping[State, Any]:
        """eta normalised to sum 1."""
        eta, zero = self.eta, self.field.zero
        if all(self.field.is_zero(self.mu0.get(s, zero)) for s in self.live):
            raise UndefinedQuantityError(
                "the start weight is 0 in every state, so no state is visited and there is nothing to normalise. Give "
                "another weight",
                where="d",
            )
        if self.mdp.terminal or self.undiscounted:
            total = self._sum(eta[s] for s in self.live)
        else:
            total = self._sum(self.mu0.values()) / (self.field.one - self.gamma)
        return LazyMap(self.live, lambda s: eta[s] / total)

    # -- what the objective makes of them ----------------------------------------------------------------

    @cached_property
    def baseline(self) -> Mapping[State, Any]:
        """V, or h where values are differential ones."""
        return self.V if self._is_discounted else self.h

    @cached_property
    def Q(self) -> Mapping[tuple[State, Action], Any]:
        """The action value: Q, or the differential Q for the average reward without a discount of its own."""
        if not self._is_discounted:
            return super().Q

        def discounted(pair: tuple[State, Action]) -> Any:
            future = self._sum(p * self.V[t] for t, p in self.P[pair].items() if t not in self.mdp.terminal)
            return self.r[pair] + self.gamma * future

        return LazyMap([pair for pair in self.mdp.pairs if pair[0] in self.V], discounted)

    @cached_property
    def J(self) -> Any:
        """The objective for the new data; the average reward has no discount to change."""
        definition = self.objective.definition
        if definition.J == MEAN_REWARD:
            return self.rbar
        if "unichain" in definition.needs:
            self.structure.require_unichain()
        if "discounted" in definition.needs and self.undiscounted:
            raise DiscountError(
                "gamma = 1; sum_s mu(s) V(s) needs gamma < 1. Set a discount factor, or use average-reward",
                where="stationary-value",
            )
        first, second = definition.J
        w, v = getattr(self, first), getattr(self, second)
        return self._sum(w[s] * v[s] for s in self._support(first) if s in v)

    def _support(self, weight: str) -> tuple[State, ...]:
        if weight in ("mu", "mu0"):
            return super()._support(weight)
        return tuple(s for s in self.live if s in self.reachable)


def is_undiscounted(q: Quantities) -> bool:
    """The discount of `q` is the number 1."""
    return q.undiscounted if isinstance(q, Varied) else q.mdp.gamma == 1


def _values_of(given: Mapping[Any, Any] | None, field: Any) -> Mapping[Any, Any] | None:
    """The same mapping for the lower field."""
    return None if given is None else LazyMap(given, lambda key: field.value(given[key]))
