"""The names of the language: what they are taken at, their shape, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass

STATE, ACTION = "state", "action"
VALUES, VISITS = "values", "visits"


@dataclass(frozen=True)
class Entry:
    """One name of the vocabulary.

    Attributes
    ----------
    kinds : tuple of str
        What each index is, in the order of writing.
    pairs : tuple of (int, int)
        Positions of (state, action) that belong together.
    acting : tuple of int
        Positions of states that must not be terminal.
    rank : int
        0 for a scalar, 1 for a vector over the parameters, 2 for a matrix.
    about : str
        One line for users.
    overrides : tuple of str
        What may be replaced in brackets.
    finite : tuple of (int, str)
        Positions of states in which ``values`` or ``visits`` must be finite: at gamma = 1 no state from which rewards
        are earned for ever has values, and none in which the run stays for ever has visits.
    """

    name: str
    kinds: tuple[str, ...]
    about: str
    pairs: tuple[tuple[int, int], ...] = ()
    acting: tuple[int, ...] = ()
    rank: int = 0
    overrides: tuple[str, ...] = ()
    finite: tuple[tuple[int, str], ...] = ()


_ALL = ("r", "gamma", "mu0")
_ACTS = ((0, 1),), (0,), 0
_VALUES, _VISITS = ((0, VALUES),), ((0, VISITS),)
_ENTRIES = [
    Entry("J", (), "the objective", overrides=_ALL),
    Entry("V", (STATE,), "the value of a state", overrides=("r", "gamma"), finite=_VALUES),
    Entry("Q", (STATE, ACTION), "the action value; differential for average-reward", *_ACTS, ("r", "gamma"), _VALUES),
    Entry("A", (STATE, ACTION), "the advantage Q(s,a) - V(s), or Q(s,a) - h(s)", *_ACTS, ("r", "gamma"), _VALUES),
    Entry("h", (STATE,), "the differential value, mu.h = 0", overrides=("r",)),
    Entry("rbar", (), "the average reward", overrides=("r",)),
    Entry("mu", (STATE,), "the stationary distribution", acting=(0,)),
    Entry("eta", (STATE,), "expected discounted visits from mu0", (), (0,), 0, ("gamma", "mu0"), _VISITS),
    Entry("d", (STATE,), "eta normalised to sum 1", (), (0,), 0, ("gamma", "mu0"), _VISITS),
    Entry("mu0", (STATE,), "the start distribution"),
    Entry("pi", (ACTION, STATE), "the policy", ((1, 0),), (1,)),
    Entry("logit", (STATE, ACTION), "the logit l(s,a) of a softmax policy", ((0, 1),), (0,)),
    Entry("P", (STATE, STATE, ACTION), "the transition probability", ((1, 2),), (1,)),
    Entry("r", (STATE, ACTION), "the mean reward; r(s,a,s') given the next state", ((0, 1),), (0,)),
    Entry("P_pi", (STATE, STATE), "P_pi(s,s'), the chain under the policy", acting=(0,)),
    Entry("r_pi", (STATE,), "the mean reward under the policy", acting=(0,)),
    Entry("gamma", (), "the discount factor"),
    Entry("D", (STATE, STATE), "the deviation matrix (I - P_pi + 1 mu^T)^-1 - 1 mu^T", acting=(0, 1)),
    Entry("F", (), "the Fisher information matrix, weighted as the theorem", rank=2),
    Entry("E[T]", (), "the expected number of steps to the end"),
    Entry("|S|", (), "the number of states that are not terminal"),
    Entry("g", (STATE,), "the gain: long-run average reward from a state"),
    Entry("nu", (STATE,), "the limiting distribution from mu0"),
    Entry("H", (STATE,), "the differential value with any number of recurrent classes"),
    Entry("n", (STATE,), "expected visits from mu0 to a transient state, 0 for others"),
]

VOCABULARY: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}
"""Every quantity by its name in the language."""

WITH_NEXT_STATE = Entry("r", (STATE, ACTION, STATE), VOCABULARY["r"].about, ((0, 1),), (0,))
"""r(s,a,s')."""

KEYWORDS = frozenset({"sum", "E", "limit", "grad", "log", "dot", "outer", "inv", "transpose", "let", "for", "all",
                      "with", "propto"})  # fmt: skip
"""Words with a meaning of their own."""

WORLDS: dict[str, str] = {"terminating": "discount as random termination: gamma = 1, every step ends with 1 - gamma"}
"""What the primed quantities may be about besides an arbitrary second policy."""


def entry(name: str, arity: int) -> Entry:
    """The entry of a quantity taken at that many indices."""
    return WITH_NEXT_STATE if (name, arity) == ("r", 3) else VOCABULARY[name]
