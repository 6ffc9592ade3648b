"""The names of the language: what they are taken at, their shape, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

STATE, ACTION = "state", "action"


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


FINITE = (Role.VALUED, Role.COUNTED)
"""Roles that ask for something finite at gamma = 1."""


@dataclass(frozen=True)
class Word:
    """One name of the vocabulary.

    Attributes
    ----------
    kinds : tuple of str
        What each index is, in the order of writing.
    pairs : tuple of (int, int)
        Positions of (state, action) that belong together.
    roles : tuple of (int, Role)
        Positions of states, and what they are to the quantity.
    rank : int
        0 for a scalar, 1 for a vector over the parameters, 2 for a matrix.
    about : str
        One line for users.
    overrides : tuple of str
        What may be replaced in brackets.
    """

    name: str
    kinds: tuple[str, ...]
    about: str
    pairs: tuple[tuple[int, int], ...] = ()
    roles: tuple[tuple[int, Role], ...] = ()
    rank: int = 0
    overrides: tuple[str, ...] = ()


_RG, _ALL = ("r", "gamma"), ("r", "gamma", "mu0")
_SA, _ACTS = ((0, 1),), ((0, Role.ACTING),)
_VALUED, _COUNTED = ((0, Role.VALUED),), ((0, Role.VISITED), (0, Role.COUNTED))
_VISITED, _NEXT = ((0, Role.VISITED),), ((0, Role.NEXT),)
_STEP = ((0, Role.ACTING), (1, Role.NEXT))
_ENTRIES = [
    Word("J", (), "the objective", overrides=_ALL),
    Word("V", (STATE,), "the value of a state", (), _VALUED, 0, _RG),
    Word("Q", (STATE, ACTION), "the action value; differential for average-reward", _SA, _ACTS + _VALUED, 0, _RG),
    Word("A", (STATE, ACTION), "the advantage Q(s,a) - V(s), or Q(s,a) - h(s)", _SA, _ACTS + _VALUED, 0, _RG),
    Word("h", (STATE,), "the differential value, mu.h = 0", overrides=("r",)),
    Word("rbar", (), "the average reward", overrides=("r",)),
    Word("mu", (STATE,), "the stationary distribution", (), _VISITED),
    Word("eta", (STATE,), "expected discounted visits from mu0", (), _COUNTED, 0, ("gamma", "mu0")),
    Word("d", (STATE,), "eta normalised to sum 1", (), _COUNTED, 0, ("gamma", "mu0")),
    Word("mu0", (STATE,), "the start distribution", (), _NEXT),
    Word("pi", (ACTION, STATE), "the policy", ((1, 0),), ((1, Role.ACTING),)),
    Word("logit", (STATE, ACTION), "the logit l(s,a) of a softmax policy", _SA, _ACTS),
    Word("P", (STATE, STATE, ACTION), "the transition probability", ((1, 2),), ((1, Role.ACTING), (0, Role.NEXT))),
    Word("r", (STATE, ACTION), "the mean reward; r(s,a,s') given the next state", _SA, _ACTS),
    Word("P_pi", (STATE, STATE), "P_pi(s,s'), the chain under the policy", (), _STEP),
    Word("r_pi", (STATE,), "the mean reward under the policy", (), _ACTS),
    Word("gamma", (), "the discount factor"),
    Word(
        "D",
        (STATE, STATE),
        "the deviation matrix (I - P_pi + 1 mu^T)^-1 - 1 mu^T",
        (),
        ((0, Role.VISITED), (1, Role.VISITED)),
    ),
    Word("F", (), "the Fisher information matrix, weighted as the theorem", rank=2),
    Word("E[T]", (), "the expected number of steps to the end"),
    Word("|S|", (), "the number of states that are not terminal"),
    Word("g", (STATE,), "the gain: long-run average reward from a state"),
    Word("nu", (STATE,), "the limiting distribution from mu0", (), _NEXT),
    Word("H", (STATE,), "the differential value with any number of recurrent classes"),
    Word("n", (STATE,), "expected visits from mu0 to a transient state, 0 for others"),
]

VOCABULARY: dict[str, Word] = {entry.name: entry for entry in _ENTRIES}
"""Every quantity by its name in the language."""

WITH_NEXT_STATE = Word("r", (STATE, ACTION, STATE), VOCABULARY["r"].about, _SA, (*_ACTS, (2, Role.NEXT)))
"""r(s,a,s')."""

KEYWORDS = frozenset({"sum", "E", "limit", "grad", "log", "dot", "outer", "inv", "transpose", "let", "for", "all",
                      "with", "propto"})  # fmt: skip
"""Words with a meaning of their own."""

WORLDS: dict[str, str] = {"terminating": "discount as random termination: gamma = 1, every step ends with 1 - gamma"}
"""What the primed quantities may be about besides an arbitrary second policy."""


def entry(name: str, arity: int) -> Word:
    """The entry of a quantity taken at that many indices."""
    return WITH_NEXT_STATE if (name, arity) == ("r", 3) else VOCABULARY[name]
