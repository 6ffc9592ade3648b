r"""Runs: the parts of a statement that are about a trajectory tau = (s_0, a_0, r_0, s_1, ...) under a policy.

Times are letters t, u, v, ..., with a shift, or whole numbers.  An index with a time is written s_t, a_t, s_{t+1};
s_{t+1} is the state that step t leads to, terminal ones among them.  After the end of a run every term is 0.

>>> from pgsym.claims.language.tree import Quantity
>>> later = RewardAt(Time("u")) * TimePower(Quantity("gamma"), Time("u"), Time("t"))
>>> print(RunExpect(TimeSum("t", (), TimeSum("u", (TimeBound(">=", Time("t")),), later)), "E"))
E[tau] sum[t] sum[u>=t] r_u * gamma^(u-t)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from pgsym.claims.language.tree import Binary, Index, Node, Unary

FRESH = "w"
"""The letter of times that a statement cannot name."""

_LETTERS = "tuvijklmn" + FRESH
_NAME = rf"[{_LETTERS}]\d*'*"
_TIME = re.compile(rf"\s*(?:({_NAME})\s*(?:([+-])\s*(\d{{1,4}}))?|(\d{{1,4}}))\s*\Z")
_TIMED = re.compile(r"([saGr])_(?:(\w'*)|(\w\d+'*)|(\d+)|\{([^{}]*)\})\Z")


@dataclass(frozen=True)
class Time:
    """A time of a run: a letter and a shift, or without a letter a step counted from the start."""

    name: str = ""
    shift: int = 0

    def __str__(self) -> str:
        if not self.name:
            return str(self.shift)
        return self.name + (f"{self.shift:+d}" if self.shift else "")

    def __add__(self, steps: int) -> Time:
        return Time(self.name, self.shift + steps)


def is_time(name: str) -> bool:
    """Whether a letter stands for a time.

    >>> is_time("t"), is_time("u1"), is_time("s"), is_time("tau")
    (True, True, False, False)
    """
    return re.fullmatch(_NAME, name) is not None and name[0] != FRESH


@lru_cache(maxsize=4096)
def read_time(text: str) -> Time | None:
    """The time that a text stands for.

    >>> read_time("t+1"), read_time("0"), read_time("s")
    (Time(name='t', shift=1), Time(name='', shift=0), None)
    """
    match = _TIME.match(text)
    if match is None:
        return None
    name, sign, shift, number = match.groups()
    return Time("", int(number)) if name is None else Time(name, int(f"{sign or ''}{shift or 0}"))


@lru_cache(maxsize=4096)
def read_timed(text: str) -> tuple[str, Time] | None:
    """The letter and the time of s_t, a_{t+1}, r_t, G_0; None for any other name.

    >>> read_timed("s_{t+1}"), read_timed("r_search")
    (('s', Time(name='t', shift=1)), None)
    """
    match = _TIMED.match(text)
    time = None if match is None else read_time(next(g for g in match.groups()[1:] if g is not None))
    return None if match is None or time is None else (match[1], time)


def timed(letter: str, time: Time) -> str:
    """The name of something at a time.

    >>> timed("s", Time("t")), timed("s", Time("t", 1))
    ('s_t', 's_{t+1}')
    """
    return f"{letter}_{{{time}}}" if time.name and (time.shift or len(time.name) > 1) else f"{letter}_{time}"


RUN = "tau"
"""What E, Var and Cov bind; what needs a run around it is said to use this index."""


@dataclass(frozen=True)
class RewardAt(Node):
    """r_t, the reward of step t."""

    time: Time


@dataclass(frozen=True)
class ReturnFrom(Node):
    """G_t = sum[u>=t] gamma^(u-t) * r_u, the return from step t."""

    time: Time


@dataclass(frozen=True)
class Return(Node):
    """G = R(tau) = sum[t] gamma^t * r_t, the return of the whole run."""


@dataclass(frozen=True)
class RunProbability(Node):
    """P(tau), the probability of the run; the gradient of its logarithm is sum[t] grad log pi(a_t|s_t)."""


@dataclass(frozen=True)
class TimePower(Unary):
    """body^(to - since), a weight that grows with time; without `since` it counts from the start."""

    to: Time
    since: Time | None = None


@dataclass(frozen=True)
class TimeBound:
    """A condition on the index of a sum over time: index `op` time."""

    op: str
    time: Time


FLIPPED = {"<=": ">=", "<": ">", ">=": "<=", ">": "<"}
"""A comparison read from the right."""


@dataclass(frozen=True)
class OverTime(Node):
    """An operation over the steps of a run that meet the bounds."""

    index: str
    bounds: tuple[TimeBound, ...]
    body: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.body,)


class TimeSum(OverTime):
    """The sum over the steps of a run."""


class TimeProduct(OverTime):
    """The product over the steps of a run, of a scalar function of one step."""


@dataclass(frozen=True)
class RunExpect(Unary):
    """E or Var of a random variable over runs."""

    operator: str
    """``E`` or ``Var``; the variance of a vector is its covariance matrix."""
    indices: tuple[Index, ...] = ()
    """The first state, or the first state and action, where the runs do not begin with mu0."""
    primed: bool = False
    """The runs are those of the second policy."""


@dataclass(frozen=True)
class Covariance(Binary):
    """Cov of two random variables over runs: E[left right^T] - E[left] E[right]^T."""

    indices: tuple[Index, ...] = ()
    primed: bool = False


Runs = (RunExpect, Covariance)
"""What binds a run."""


class Trace(Unary):
    """The trace of a matrix over the parameters."""
