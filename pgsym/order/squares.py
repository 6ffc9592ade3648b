"""Completed squares: p = a v^2 + b v + c is nonnegative where a > 0 and 4 a c - b^2 >= 0.

Variable after variable this is the LDL^T factorization of a quadratic form whose entries are polynomials, without
fractions: a sum of squares with exact weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pgsym.limits import ORDER_FACTORED_TERMS
from pgsym.order.certificates import FactoredSign, SignCertificate, SignedFactor, Square
from pgsym.order.polynomials import Polynomial, by_power, factors, variables_of

DEPTH = 4
"""Squares that are completed one after another."""

Search = Callable[[Polynomial, bool], SignCertificate | None]
"""A rung: a certificate that a polynomial is nonnegative (positive), or None."""


class Squares:
    """A search that ends in polynomials whose signs the given rung knows."""

    def __init__(self, simple: Search) -> None:
        self.simple = simple

    def find(self, p: Polynomial, positive: bool, depth: int = DEPTH) -> SignCertificate | None:
        """A certificate that p >= 0, or > 0."""
        for k, (c, b, a) in self._quadratics(p):
            rest = 4 * a * c - b * b
            leading = self._product(a, True, depth - 1)
            if leading is not None and (found := self._product(rest, positive, depth - 1)) is not None:
                return Square(k, leading, found)
        return None

    def _quadratics(self, p: Polynomial) -> Iterator[tuple[int, list[Polynomial]]]:
        """The variables in which p is quadratic, those of few terms first."""
        found = [(k, parts) for k in variables_of(p) if len(parts := by_power(p, k)) == 3]
        return iter(sorted(found, key=lambda item: len(item[1][2])))

    def _product(self, p: Polynomial, positive: bool, depth: int) -> SignCertificate | None:
        """A certificate for each factor, if together they make p >= 0."""
        simple = self.simple(p, positive)
        if simple is not None or p.is_zero():
            return simple
        content, found = factors(p, ORDER_FACTORED_TERMS)
        sign = 1 if content > 0 else -1
        signed = []
        for f, power in found:
            if power % 2 == 0 and not positive:
                signed.append(SignedFactor(f, power, False, 1, None))
                continue
            for s in (1, -1):
                certificate = self.simple(s * f, positive) or (self.find(s * f, positive, depth) if depth else None)
                if certificate is not None:
                    signed.append(SignedFactor(f, power, False, s, certificate))
                    sign *= s**power
                    break
            else:
                return None
        return FactoredSign(tuple(signed)) if sign > 0 else None
