"""The quantities, one entry each: name, indices, LaTeX, words, and where value and bound come from.

Whatever knows quantities by name reads it here: `exact.Solution` and its tables, the claim language, plain data and
reports.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from operator import attrgetter, methodcaller
from typing import Any, Literal

STATE, ACTION, PARAMETER = "state", "action", "parameter"


class Role(StrEnum):
    """What a state is to a quantity that is taken there.

    A terminal state is an absorbing one that pays 0 (Sutton & Barto 2018, section 3.4): S are the other states, S+ all.
    """

    ACTING = "acting"
    """Something there needs an action."""
    NEXT = "next"
    """It is what a step leads to, or a run begins in: it runs over S+, and the probabilities sum to 1."""
    ABROAD = "abroad"
    """It is that in the second world, which can have an end of its own."""
    VISITED = "visited"
    """Its visits are counted: it runs over S."""
    VALUED = "valued"
    """At gamma = 1 it has a value only if no run earns for ever from there."""
    COUNTED = "counted"
    """At gamma = 1 it has finite visits only if no run stays there for ever."""
    VALUED_ABROAD = "valued abroad"
    """It has a value only if that is finite in the second world."""
    COUNTED_ABROAD = "counted abroad"
    """It has visits only if they are finite in the second world."""


FINITE = (Role.VALUED, Role.COUNTED, Role.VALUED_ABROAD, Role.COUNTED_ABROAD)
"""Roles that ask for something finite at gamma = 1."""


@dataclass(frozen=True)
class QuantityDefinition:
    """One quantity, by its name in code, claims and plain data."""

    name: str
    kinds: tuple[str, ...]
    """What each index is, in the order of writing."""
    about: str
    """One line for users."""
    latex: str
    """With {0}, {1}, ... for the indices."""
    roles: tuple[tuple[int, Role], ...] = ()
    """Positions of states, and what they are to the quantity."""
    pairs: tuple[tuple[int, int], ...] = ()
    """Positions of (state, action) that belong together."""
    rank: int = 0
    """0 for a scalar, 1 for a vector over the parameters, 2 for a matrix."""
    overrides: tuple[str, ...] = ()
    """What may be replaced in brackets."""
    caption: str = ""
    """What a report calls it; without one it has no column there."""
    listed: bool = False
    """A solution shows it, where the objective and the chain define it."""
    written: bool = True
    """Claims may use it."""
    instead: str = ""
    """For a discounted quantity: what the average reward has in its place."""
    reach: Literal["step", "run", "long run"] = "run"
    """How far it looks: at a step, along a run, or at where runs stay, which jumps where a probability becomes 0."""
    value: Callable[[Any], Any] | None = None
    """Of a `Quantities`, to the value or the values by place; None: its attribute of this name."""
    bound: Callable[[Any], Any] | None = None
    """Of a `SizeQuantities`, to one bound by place, `Constant`; None: its attribute of this name."""

    def value_of(self, quantities: Any) -> Any:
        """Its value over a field."""
        return getattr(quantities, self.name) if self.value is None else self.value(quantities)

    def bound_of(self, sizes: Any) -> Any:
        """How large its value can be."""
        return getattr(sizes, self.name) if self.bound is None else self.bound(sizes)


_SA, _ACTS = ((0, 1),), ((0, Role.ACTING),)
_VALUED, _COUNTED = ((0, Role.VALUED),), ((0, Role.VISITED), (0, Role.COUNTED))
_NEXT, _STEP = ((0, Role.NEXT),), ((0, Role.ACTING), (1, Role.NEXT))
_PAIR, _VALUED_PAIR = (STATE, ACTION), _ACTS + _VALUED
_RG, _GM = ("r", "gamma"), ("gamma", "mu0")


def _star(name: str, kinds: tuple[str, ...], about: str, latex: str, **given: Any) -> QuantityDefinition:
    """What no policy exceeds; it is a number, so models without symbols have it."""
    compute = methodcaller("best", name)
    return QuantityDefinition(name, kinds, about, latex, value=compute, bound=compute, **given)


_GRADIENT, _EXPECTED_STEPS, _REWARD = map(attrgetter, ("gradient", "expected_steps", "reward_to"))
_Q = QuantityDefinition
_DEFINITIONS = [
    _Q("J", (), "the objective", "J", overrides=("r", "gamma", "mu0"), listed=True),
    _Q("grad", (PARAMETER,), "the gradient of J", r"\nabla J", listed=True, written=False, value=_GRADIENT),
    _Q(
        "V", (STATE,), "the value of a state", "V({0})", _VALUED, overrides=_RG,
        caption="value of a state", listed=True, instead="h",
    ),
    _Q(
        "Q", _PAIR, "the action value; differential for average-reward", "Q({0}, {1})", _VALUED_PAIR, _SA,
        overrides=_RG, caption="action value", listed=True,
    ),
    _Q(
        "A", _PAIR, "the advantage Q(s,a) - V(s), or Q(s,a) - h(s)", "A({0}, {1})", _VALUED_PAIR, _SA, overrides=_RG,
        caption="advantage", listed=True,
    ),
    _Q(
        "h", (STATE,), "the differential value, mu.h = 0", "h({0})", overrides=("r",),
        caption="differential value", listed=True, reach="long run",
    ),
    _Q("rbar", (), "the average reward", r"\bar{{r}}", overrides=("r",), listed=True, reach="long run"),
    _Q(
        "mu", (STATE,), "the stationary distribution", r"\mu({0})", ((0, Role.VISITED),),
        caption="stationary distribution", listed=True, reach="long run",
    ),
    _Q(
        "eta", (STATE,), "expected discounted visits from mu0", r"\eta({0})", _COUNTED, overrides=_GM,
        caption="expected discounted visits", listed=True, instead="mu",
    ),
    _Q("d", (STATE,), "eta normalised to sum 1", "d({0})", _COUNTED, overrides=_GM, listed=True, instead="mu"),
    _Q("mu0", (STATE,), "the start distribution", r"\mu_{{0}}({0})", _NEXT, reach="step"),
    _Q("pi", (ACTION, STATE), "the policy", r"\pi({0} \mid {1})", ((1, Role.ACTING),), ((1, 0),), reach="step"),
    _Q("logit", _PAIR, "the logit l(s,a) of a softmax policy", r"\ell({0}, {1})", _ACTS, _SA, reach="step"),
    _Q(
        "P", (STATE, STATE, ACTION), "the transition probability", r"P({0} \mid {1}, {2})",
        ((1, Role.ACTING), (0, Role.NEXT)), ((1, 2),), reach="step",
    ),
    _Q("r", _PAIR, "the mean reward; r(s,a,s') given the next state", "r({0}, {1})", _ACTS, _SA, reach="step"),
    _Q("P_pi", (STATE, STATE), "P_pi(s,s'), the chain under the policy", r"P_{{\pi}}({0}, {1})", _STEP, reach="step"),
    _Q("r_pi", (STATE,), "the mean reward under the policy", r"r_{{\pi}}({0})", _ACTS, reach="step"),
    _Q("gamma", (), "the discount factor", r"\gamma", reach="step"),
    _Q(
        "D", (STATE, STATE), "the deviation matrix (I - P_pi + 1 mu^T)^-1 - 1 mu^T", "D({0}, {1})",
        ((0, Role.VISITED), (1, Role.VISITED)), reach="long run",
    ),
    _Q("F", (), "the Fisher information matrix, weighted as the theorem", "F", rank=2),
    _Q("I", (), "the identity matrix over the parameters", "I", rank=2, reach="step"),
    _Q(
        "vec(theta)", (), "the parameters as a vector", r"\boldsymbol{{\theta}}", rank=1,
        value=attrgetter("theta"), bound=attrgetter("theta"), reach="step",
    ),
    _Q(
        "E[T]", (), "the expected number of steps to the end", r"\mathbb{{E}}[T]",
        value=_EXPECTED_STEPS, bound=_EXPECTED_STEPS,
    ),
    _Q("|S|", (), "the number of states that are not terminal", r"|\mathcal{{S}}|", reach="step"),
    _Q("g", (STATE,), "the gain: long-run average reward from a state", "g({0})", reach="long run"),
    _Q("nu", (STATE,), "the limiting distribution from mu0", r"\nu({0})", _NEXT, reach="long run"),
    _Q("H", (STATE,), "the differential value with any number of recurrent classes", "H({0})", reach="long run"),
    _star("J*", (), "the best J of any policy", "{{J^{{*}}}}"),
    _star("V*", (STATE,), "the best value of a state", "V^{{*}}({0})"),
    _star("Q*", _PAIR, "the action value under the best policy", "Q^{{*}}({0}, {1})", roles=_ACTS, pairs=_SA),
    _star("h*", (STATE,), "the differential value under the best average reward", "h^{{*}}({0})"),
    _Q("n", (STATE,), "expected visits from mu0 to a transient state, 0 for others", "n({0})", reach="long run"),
]  # fmt: skip

QUANTITIES: dict[str, QuantityDefinition] = {quantity.name: quantity for quantity in _DEFINITIONS}
"""Every quantity by its name."""

VOCABULARY: dict[str, QuantityDefinition] = {
    name: quantity for name, quantity in QUANTITIES.items() if quantity.written
}
"""Those that claims may use."""

ABROAD = {Role.VALUED: Role.VALUED_ABROAD, Role.COUNTED: Role.COUNTED_ABROAD}
"""What a role is for a quantity of the second world."""

LISTED: tuple[str, ...] = tuple(name for name, quantity in QUANTITIES.items() if quantity.listed)
"""The names of those that a solution shows."""

_REWARD_TO = QuantityDefinition(
    "r", (STATE, ACTION, STATE), QUANTITIES["r"].about, "r({0}, {1}, {2})", (*_ACTS, (2, Role.NEXT)), _SA,
    reach="step", value=_REWARD, bound=_REWARD,
)  # fmt: skip


def quantity_at(name: str, arity: int) -> QuantityDefinition:
    """The entry of a quantity of the language taken at that many indices: r(s,a) and r(s,a,s') share a name."""
    if power := reward_power(name):
        return _moment(name, power, 3 if arity == 3 else 2)
    return _REWARD_TO if (name, arity) == ("r", 3) else VOCABULARY[name]


def reward_power(name: str) -> int | None:
    """The k of E[r^k], the name of a moment of one step's reward; None for any other name.

    >>> reward_power("E[r^2]"), reward_power("r")
    (2, None)
    """
    found = re.fullmatch(r"E\[r\^(\d+)\]", name)
    return int(found[1]) if found else None


@cache
def _moment(name: str, power: int, arity: int) -> QuantityDefinition:
    """Outcomes of one (s, a, s') may have several rewards: E[r^2|s,a,s'] is not r(s,a,s')^2."""
    mean, compute = (_REWARD_TO if arity == 3 else VOCABULARY["r"]), methodcaller("reward_moment", power, arity)
    return _Q(name, mean.kinds, "", "", mean.roles, mean.pairs, reach="step", value=compute, bound=compute)
