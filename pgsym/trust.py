"""How far a line of output can be relied on: one scale for verdicts, certificates, values and samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """From what an independent kernel has accepted down to what chance may have produced.

    KERNEL
        Coq's kernel accepted a proof (`pgsym certify --check`).
    NORMAL_FORM
        Exact: the zero element of the field of rational functions, or a closed form in it.
    EXACT_POINT
        Exact numbers at a point: a witness, a value at theta.
    IDENTITY_TEST
        Zero at random points modulo random primes; wrong with probability at most 2^-error_bits.
    SOLVER
        A solver found no counterexample to exist, exactly, and nothing else has checked it.
    SAMPLED
        A statistical test at a stated false-alarm rate.
    FLOAT
        Floating-point arithmetic, without a bound on its error.
    """

    KERNEL = "kernel-checked"
    NORMAL_FORM = "normal form"
    EXACT_POINT = "exact at a point"
    IDENTITY_TEST = "identity test"
    SOLVER = "solver's word"
    SAMPLED = "sampled"
    FLOAT = "float"


ORDER = tuple(Level)
"""From the strongest to the weakest."""

VIEWS = {"closed_form": Level.NORMAL_FORM, "exact": Level.EXACT_POINT, "float": Level.FLOAT}
"""What a number is worth in each way of showing it: in closed form, exactly at theta, as a float."""


@dataclass(frozen=True)
class Trust:
    """A level with its number.

    >>> str(Trust(Level.IDENTITY_TEST, error_bits=100)), str(Trust(Level.SAMPLED, false_alarm=1e-3))
    ('identity test, error at most 2^-100', 'sampled, false-alarm rate 0.001')
    """

    level: Level
    error_bits: int | None = None
    """Of an identity test: a false claim passes with probability at most 2^-error_bits."""
    false_alarm: float | None = None
    """Of a sample: the probability that it contradicts what is true."""

    @property
    def certain(self) -> bool:
        """Whether no chance is involved, and no rounding."""
        return self.level in (Level.KERNEL, Level.NORMAL_FORM, Level.EXACT_POINT)

    def __repr__(self) -> str:
        return f"Trust({self})"

    def __str__(self) -> str:
        if self.error_bits is not None:
            return f"{self.level}, error at most 2^-{self.error_bits}"
        if self.false_alarm is not None:
            return f"{self.level}, false-alarm rate {self.false_alarm:g}"
        return str(self.level)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        found: dict[str, Any] = {"level": str(self.level)}
        if self.error_bits is not None:
            found["error_bits"] = self.error_bits
        if self.false_alarm is not None:
            found["false_alarm"] = self.false_alarm
        return found


def weakest(trusts: Iterable[Trust]) -> Trust | None:
    """What a line is worth that rests on all of these; None if it rests on nothing.

    >>> str(weakest([Trust(Level.NORMAL_FORM), Trust(Level.FLOAT)]))
    'float'
    """
    return max(trusts, key=lambda t: (ORDER.index(t.level), -(t.error_bits or 0), t.false_alarm or 0.0), default=None)
