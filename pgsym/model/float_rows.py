"""Rows of floats as exact distributions: what arrays, transition tables and other toolboxes' models have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from pgsym.errors import NotStochasticError
from pgsym.expression.complaint import listed
from pgsym.expression.exact import simplest_rational, spacing
from pgsym.model.validate import RationalisedWarning, warn

TOLERANCE = Fraction(1, 10**9)
"""A row this near to 1 is divided by its sum: what is left of adding up some hundred floats is far smaller."""


class FloatRows:
    """Reads rows of floats, and remembers which of them had to be divided by their sums.

    Examples
    --------
    >>> rows = FloatRows("outgoing probabilities")
    >>> rows.read([1 / 3, 2 / 3], ("s", "a"))
    [Fraction(1, 3), Fraction(2, 3)]
    >>> rows.read([0.3333333333] * 3, ("t", "a")), rows.divided
    ([Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)], [('t', 'a')])
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self.divided: list[Any] = []

    def read(self, values: Sequence[Any], where: Any) -> list[Fraction]:
        """The simplest rationals nearby, if they sum to 1; else, within `TOLERANCE`, the floats over their sum.

        Raises
        ------
        NotStochasticError
            The sum is farther from 1.
        """
        # A difference such as (1 - 0.998)/2 is off by an ulp of 1, which may be many ulps of its own.
        found = [simplest_rational(p) for p in values]
        if sum(found) == 1:
            return found
        found = [simplest_rational(p, max(spacing(p), math.ulp(1.0))) for p in values]
        if sum(found) == 1:
            return found
        # Their denominators have little in common; those of the floats themselves are powers of two.
        exact = [Fraction(float(p)) for p in values]
        total = sum(exact, Fraction(0))
        if abs(total - 1) > TOLERANCE:
            read = sum(found, Fraction(0))
            shown = str(read) if read.denominator <= 10**6 else repr(float(total))
            raise NotStochasticError(
                f"{self.noun} sum to {shown}; must be exactly 1, floats to within 1e-9. "
                "Correct them, or divide them by their sum",
                where=where,
            )
        self.divided.append(where)
        return [p / total for p in exact]

    def warn(self) -> None:
        """Say which rows were divided by their sums, if any were."""
        if count := len(self.divided):
            warn(
                f"{count} row{'s' if count > 1 else ''} of floats did not sum to 1 as the simplest rationals, and "
                f"{'were' if count > 1 else 'was'} divided by {'their sums' if count > 1 else 'its sum'} "
                f"({listed(map(repr, self.divided[:3]))}{', ...' if count > 3 else ''}); an exact model has exact "
                'numbers. Write text such as "1/3", or Fractions',
                RationalisedWarning,
            )
