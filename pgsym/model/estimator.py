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

Advantage is RewardToGo with the value of the state as its baseline.  For the long-run objectives the sampler draws
RewardToGo, Advantage and, without T, EligibilityTrace from one long run: steps of burn-in, then scores averaged over
many steps, each with the centred rewards of a window (`is_long_run`).
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, ClassVar, Literal, Self, TypeAlias

import sympy as sp

from pgsym.errors import SchemaError
from pgsym.expression.complaint import nearest, short
from pgsym.expression.exact import to_expr
from pgsym.model.objective import Objective

EXACT = "exact"
"""Instead of numbers: the true value V of the policy at theta, discounted by the model's gamma; h in a long run."""

UNDISCOUNTED = "-undiscounted"
"""Behind an estimator's name: with discount_weight=False, as most implementations have it."""

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
            elif field.name == "n" or (field.name in ("T", "horizon") and value is not None and value != UNENDING):
                _require_count(value, where=f"{self.name}.{field.name}")
            elif field.type == "bool" and not isinstance(value, bool):
                raise SchemaError(
                    f"found {value!r}; true or false is required. Give one", where=f"{self.name}.{field.name}"
                )

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
class Advantage(RewardToGo):
    """Reward-to-go less the value of the state: g = sum_t w^t z_t (G_t - V(s_t)).

    >>> Advantage().baseline
    'exact'
    """

    name: ClassVar[str] = "advantage"

    baseline: Any = EXACT
    """b: "exact", a number or {state: number} (0 where none is given); unbiased whatever it is."""


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

    Without T the sampler chooses one long run, whose rewards are centred; only a run of T steps has an exact law.

    >>> EligibilityTrace("9/10", 100).cut_off
    100
    """

    name: ClassVar[str] = "eligibility-trace"

    beta: Any = "99/100"
    """Decay of the trace, in [0, 1]."""
    T: int | None = None
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
        Advantage,
        ActorCritic,
        NStep,
        GAE,
        AllKnowing,
        EligibilityTrace,
    )
}
"""The descriptions by name."""


def find_estimator(
    estimator: Estimator | str, options: Mapping[str, Any] | None = None, *, spelling: Mapping[str, str] | None = None
) -> Estimator:
    """The estimator of that name with these options, or the one given.

    Every entry point reads names with it: Python, the command line, study files.

    Parameters
    ----------
    estimator
        A description, or a name of `ESTIMATORS`; with ``-undiscounted`` behind it, w = 1.
    options
        Fields of the description by name.
    spelling
        How the user writes a field where it is not as the field is called, for messages.

    Raises
    ------
    SchemaError
        The name or an option is unknown, one that the estimator needs is missing, or one makes no sense.

    Examples
    --------
    >>> find_estimator("gae", {"lam": "1/2"}).lam
    1/2
    >>> find_estimator("advantage-undiscounted").discount_weight
    False
    >>> find_estimator("gae")
    Traceback (most recent call last):
      ...
    pgsym.errors.SchemaError: lam: gae needs it. Give lam, as in GAE(lam=...)
    """
    if isinstance(estimator, Estimator) and not options:
        return estimator
    spelt = spelling or {}
    given = dict(options or {})
    name = estimator.removesuffix(UNDISCOUNTED) if isinstance(estimator, str) else ""
    if name not in ESTIMATORS:
        near = difflib.get_close_matches(short(name), ESTIMATORS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "Choose one of them"
        found = short(repr(estimator))
        raise SchemaError(
            f"found {found}; must be one of {', '.join(ESTIMATORS)}. {hint}", where=spelt.get("name", "estimator")
        )
    kind = ESTIMATORS[name]
    known = {field.name: field for field in fields(kind)}
    if name != estimator:
        given.setdefault("discount_weight", False)
    for key in given:
        if key not in known:
            word = spelt.get(key, key)
            has = nearest(word, [spelt.get(k, k) for k in known], "it has")
            raise SchemaError(f"{name} has no such option; {has}. Rename it or leave it out", where=word)
    for key, field in known.items():
        if field.default is MISSING and key not in given:
            remedy = spelt.get(key, f"{key}, as in {kind.__name__}({key}=...)")
            raise SchemaError(f"{name} needs it. Give {remedy}", where=spelt.get(key, key))
    return kind(**given)


def is_long_run(estimator: Estimator, objective: Objective) -> bool:
    """Whether it is drawn from one long run with burn-in and centred rewards, which has no exact law.

    >>> is_long_run(RewardToGo(), Objective.AVERAGE_REWARD), is_long_run(RewardToGo(), Objective.START_STATE)
    (True, False)
    """
    return objective.definition.long_run and getattr(estimator, "T", None) is None


def _state_function(value: Any, *, where: str) -> StateFunction:
    if isinstance(value, str) and value == EXACT:
        return EXACT
    if isinstance(value, list):
        value = dict(_row(row, where=f"{where}[{i}]") for i, row in enumerate(value))
    if isinstance(value, Mapping):
        return {s: to_expr(v, where=f"{where}[{s!r}]") for s, v in value.items()}
    return to_expr(value, where=where)


def _row(row: Any, *, where: str) -> tuple[Hashable, Any]:
    """A row [state, value], as JSON holds an entry of a mapping; lists in a state's name stand for tuples."""
    if not isinstance(row, list) or len(row) != 2:
        raise SchemaError(f"found {short(repr(row))}; a row is [state, value]. Give both in a list", where=where)
    state = _as_tuples(row[0])
    try:
        hash(state)
    except TypeError:
        raise SchemaError(f"found {short(repr(row[0]))}; a state's name is required. Give one", where=where) from None
    return state, row[1]


def _as_tuples(name: Any) -> Any:
    return tuple(map(_as_tuples, name)) if isinstance(name, list) else name


def _fraction(value: Any, *, where: str) -> sp.Expr:
    found = to_expr(value, where=where)
    if found.is_number and not 0 <= found <= 1:
        raise SchemaError(f"found {found}; must lie in [0, 1]. Give a number between 0 and 1", where=where)
    return found


def _require_count(value: Any, *, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SchemaError(f"found {value!r}; a whole number of at least 1 is required. Give one", where=where)
