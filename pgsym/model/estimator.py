r"""Estimators of grad J from one run, as descriptions: what is added up, not how.

.. math::  g = \sum_{t<T} w^t z_t (U_t - b(s_t)), \qquad z_t = \nabla\log\pi(a_t|s_t), \qquad U_t = u_t + k U_{t+1}

with ``U_T = 0``.  A run lasts to the end of the episode, or is cut off after T steps.  A description holds exact
numbers, symbols and state names only; the exact law, the sampler and the audit each read it in their own way.

=================  ==========================================  ===========  ====================
class              u_t                                         k            w
=================  ==========================================  ===========  ====================
Reinforce          U_t = sum_i gamma^i r_i for every t         --           1
RewardToGo         r_t                                         gamma        gamma, or 1
ActorCritic        delta_t = r_t + gamma v(s_t+1) - v(s_t)     0            gamma, or 1
NStep              delta_t, the next n of them                 gamma        gamma, or 1
GAE                delta_t                                     gamma lam    gamma, or 1
AllKnowing         Q(s_t, a_t)                                 0            gamma, or 1
EligibilityTrace   r_t / T                                     beta         1
=================  ==========================================  ===========  ====================
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal, Self, TypeAlias

import sympy as sp

from pgsym.errors import SchemaError
from pgsym.expression.exact import to_expr

EXACT = "exact"
"""Instead of numbers: the true value V of the policy at theta, discounted by the model's gamma."""

StateFunction: TypeAlias = sp.Expr | Mapping[Hashable, sp.Expr] | str
"""A function of the state: one number for all states, one for each state, or `EXACT`; 0 in terminal states."""

UNENDING = sp.oo
"""The horizon of a run that is never cut off, although it need not end: the limit of T steps for T to infinity."""


@dataclass(frozen=True)
class LookAheadSum:
    """g = sum_t w^t z_t (U_t - b(s_t)) with U_t = u_t + k U_{t+1}: what the exact law and the sampler need to know.

    Attributes
    ----------
    u
        The reward; the temporal difference r + gamma v(s') - v(s) of the critic v; or the true Q(s,a).
    decay
        k = gamma * decay.
    window
        Terms of U; None: to the end of the run.
    """

    u: Literal["reward", "temporal difference", "action value"]
    decay: sp.Expr = sp.S.One
    window: int | None = None
    baseline: StateFunction = sp.S.Zero
    critic: StateFunction = EXACT


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """What all descriptions share.

    Numbers are given as numbers, SymPy expressions or formulas in text; they are kept as exact expressions, and
    may hold symbols.

    Parameters
    ----------
    horizon
        Steps after which a run is cut off; None: it lasts to the end of the episode; `UNENDING`: it is never cut
        off, whether it ends or not.
    """

    name: ClassVar[str]

    horizon: Any = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ("baseline", "critic"):
                object.__setattr__(self, field.name, _state_function(value, where=f"{self.name}.{field.name}"))
            elif field.name in ("lam", "beta"):
                object.__setattr__(self, field.name, _fraction(value, where=f"{self.name}.{field.name}"))
            elif field.name in ("T", "n") or (field.name == "horizon" and value is not None and value != UNENDING):
                _require_count(value, where=f"{self.name}.{field.name}")

    @property
    def sum(self) -> LookAheadSum | None:
        """What is summed; None for estimators that are not of this form."""
        return None

    @property
    def cut_off(self) -> int | None:
        """Steps after which the run is cut off, or None."""
        return None if self.horizon is None or self.horizon == UNENDING else int(self.horizon)

    @property
    def symbols(self) -> frozenset[sp.Symbol]:
        """The free symbols of its numbers.

        >>> sorted(GAE("lambda", {"s": "v"}).symbols, key=str)
        [lambda, v]
        """
        return frozenset(symbol for e in self.numbers() for symbol in e.free_symbols)

    def numbers(self) -> list[sp.Expr]:
        """Every number in it: lam or beta, and the values of the baseline or critic."""
        found: list[sp.Expr] = []
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Mapping):
                found += value.values()
            elif isinstance(value, sp.Expr) and value != UNENDING:
                found.append(value)
        return found

    def subs(self, point: Mapping[sp.Symbol, sp.Expr]) -> Self:
        """The same estimator with symbols replaced.

        >>> GAE("lambda").subs({sp.Symbol("lambda"): sp.Rational(1, 2)}).lam
        1/2
        """
        changed: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Mapping):
                changed[field.name] = {s: e.xreplace(dict(point)) for s, e in value.items()}
            elif isinstance(value, sp.Expr):
                changed[field.name] = value.xreplace(dict(point))
        return replace(self, **changed)


@dataclass(frozen=True)
class Reinforce(Estimator):
    """g = sum_t z_t (R - b(s_t)) with the whole return R = sum_t gamma^t r_t   (Williams 1992).

    >>> Reinforce(-3).baseline
    -3
    """

    name: ClassVar[str] = "reinforce"

    baseline: Any = 0
    """b: a number, {state: number} (0 where none is given) or "exact"."""


@dataclass(frozen=True)
class RewardToGo(Estimator):
    """g = sum_t w^t z_t (G_t - b(s_t)), G_t = r_t + gamma G_{t+1}   (GPOMDP; Baxter & Bartlett 2001).

    >>> RewardToGo({"s": "1/2"}, discount_weight=False).baseline
    {'s': 1/2}
    """

    name: ClassVar[str] = "reward-to-go"

    baseline: Any = 0
    """b: a number, {state: number} (0 where none is given) or "exact"."""
    discount_weight: bool = True
    """w = gamma; False: w = 1, the common implementation, biased for gamma < 1."""

    @property
    def sum(self) -> LookAheadSum:
        """All rewards to come."""
        return LookAheadSum("reward", baseline=self.baseline)


@dataclass(frozen=True)
class ActorCritic(Estimator):
    """g = sum_t w^t z_t delta_t, delta_t = r_t + gamma v(s_{t+1}) - v(s_t): one-step actor-critic, TD(0)."""

    name: ClassVar[str] = "actor-critic"

    critic: Any = EXACT
    """v: {state: number} (0 where none is given), one number for all states, or "exact"."""
    discount_weight: bool = True
    """w = gamma; False: w = 1."""
    bootstrap: bool = True
    """Where the run is cut off, delta keeps gamma v(s_T); False: it is dropped, as if s_T were terminal."""

    @property
    def sum(self) -> LookAheadSum:
        """One temporal difference."""
        return LookAheadSum("temporal difference", decay=sp.S.Zero, critic=self.critic)


@dataclass(frozen=True)
class NStep(Estimator):
    """g = sum_t w^t z_t (r_t + ... + gamma^(n-1) r_{t+n-1} + gamma^n v(s_{t+n}) - v(s_t)).

    Near the cut-off the sum is as long as the run allows, and ends with gamma^m v(s_T).
    """

    name: ClassVar[str] = "n-step"

    n: int
    """Rewards before v takes over, at least 1."""
    critic: Any = EXACT
    """v: {state: number} (0 where none is given), one number for all states, or "exact"."""
    discount_weight: bool = True
    """w = gamma; False: w = 1."""
    bootstrap: bool = True
    """Where the run is cut off, delta keeps gamma v(s_T); False: it is dropped, as if s_T were terminal."""

    @property
    def sum(self) -> LookAheadSum:
        """n temporal differences: the critic's values between them cancel."""
        return LookAheadSum("temporal difference", window=self.n, critic=self.critic)


@dataclass(frozen=True)
class GAE(Estimator):
    """g = sum_t w^t z_t A_t, A_t = delta_t + gamma lam A_{t+1}   (Schulman et al. 2016).

    >>> GAE(0.95).lam
    19/20
    """

    name: ClassVar[str] = "gae"

    lam: Any
    """lambda in [0, 1]; 0 is one-step actor-critic, 1 is reward-to-go with baseline v."""
    critic: Any = EXACT
    """v: {state: number} (0 where none is given), one number for all states, or "exact"."""
    discount_weight: bool = True
    """w = gamma; False: w = 1."""
    bootstrap: bool = True
    """Where the run is cut off, delta keeps gamma v(s_T); False: it is dropped, as if s_T were terminal."""

    @property
    def sum(self) -> LookAheadSum:
        """All temporal differences to come, fading with lambda."""
        return LookAheadSum("temporal difference", decay=self.lam, critic=self.critic)


@dataclass(frozen=True)
class AllKnowing(Estimator):
    """g = sum_t w^t z_t (Q(s_t,a_t) - b(s_t)) with the true Q: the variance that no critic can take away."""

    name: ClassVar[str] = "all-knowing"

    baseline: Any = 0
    """b: a number, {state: number} (0 where none is given) or "exact"; with "exact" it is the advantage."""
    discount_weight: bool = True
    """w = gamma; False: w = 1."""

    @property
    def sum(self) -> LookAheadSum:
        """The true Q."""
        return LookAheadSum("action value", decay=sp.S.Zero, baseline=self.baseline)


@dataclass(frozen=True)
class EligibilityTrace(Estimator):
    """g = (1/T) sum_{t<T} r_t e_t, e_t = beta e_{t-1} + z_t: one run of T steps   (Baxter & Bartlett 2001).

    The same as (1/T) sum_t z_t sum_{j>=0} beta^j r_{t+j} with rewards up to time T-1.

    >>> EligibilityTrace("9/10", 100).cut_off
    100
    """

    name: ClassVar[str] = "eligibility-trace"

    beta: Any
    """Decay of the trace, in [0, 1]."""
    T: int
    """Steps of the run."""
    stationary: bool = False
    """Start from the stationary distribution; False: from the model's start."""

    def __post_init__(self) -> None:
        if self.horizon is not None:
            raise SchemaError(
                f"found {self.horizon}; T is its length. Leave the horizon out", where=f"{self.name}.horizon"
            )
        super().__post_init__()

    @property
    def cut_off(self) -> int | None:
        return self.T


ESTIMATORS: dict[str, type[Estimator]] = {
    kind.name: kind
    for kind in (
        Reinforce,
        RewardToGo,
        ActorCritic,
        NStep,
        GAE,
        AllKnowing,
        EligibilityTrace,
    )
}
"""The descriptions by name."""


def _state_function(value: Any, *, where: str) -> StateFunction:
    if isinstance(value, str) and value == EXACT:
        return EXACT
    if isinstance(value, Mapping):
        return {s: to_expr(v, where=f"{where}[{s!r}]") for s, v in value.items()}
    return to_expr(value, where=where)


def _fraction(value: Any, *, where: str) -> sp.Expr:
    found = to_expr(value, where=where)
    if found.is_number and not 0 <= found <= 1:
        raise SchemaError(f"found {found}; must lie in [0, 1]. Give a number between 0 and 1", where=where)
    return found


def _require_count(value: Any, *, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SchemaError(f"found {value!r}; a whole number of at least 1 is required. Give one", where=where)
