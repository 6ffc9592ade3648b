"""What is asked: whether a fraction is nonnegative, or positive, on a domain; and what an exact point says about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from pgsym.errors import AlgebraError
from pgsym.order.kinds import Kinds, Orthant
from pgsym.order.polynomials import Polynomial, lowest_terms, read, value


@dataclass
class SignQuestion:
    """numerator/denominator >= 0 (> 0 if strict) wherever it is defined in the domain and the assumptions are >= 0.

    The fraction is taken in lowest terms.
    """

    numerator: Polynomial
    denominator: Polynomial
    domain: Orthant
    strict: bool
    assumptions: tuple[Polynomial, ...] = ()
    margin: Fraction | None = field(default=None, init=False)
    """The least value seen at a point of the domain."""

    @classmethod
    def of(
        cls, numerator: Any, denominator: Any, kinds: Kinds, *, strict: bool, assumptions: Sequence[Any] = ()
    ) -> SignQuestion:
        """Read the polynomials; variable k is the k-th key of `kinds`."""
        domain = Orthant(kinds)
        above, below = read(numerator, domain.n), read(denominator, domain.n)
        if domain.pull_back(below).is_zero():
            raise AlgebraError("0; a denominator that is not zero is needed. Check the claim", where="denominator")
        given = tuple(read(g, domain.n) for g in assumptions)
        return cls(*lowest_terms(above, below), domain, strict, given)

    def value(self, x: Sequence[Fraction]) -> Fraction:
        """The fraction at a point."""
        return value(self.numerator, x) / value(self.denominator, x)

    def refuted_at(self, x: Sequence[Fraction]) -> bool:
        """Whether x is a witness: in the domain, with all assumptions, and the claim is defined and false there."""
        if not self.domain.contains(x) or any(value(g, x) < 0 for g in self.assumptions):
            return False
        if value(self.denominator, x) == 0:
            return False
        found = self.value(x)
        if self.margin is None or found < self.margin:
            self.margin = found
        return found < 0 or (self.strict and found == 0)
