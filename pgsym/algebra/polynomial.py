"""Polynomials with integer coefficients on FLINT, one interface for one and for several generators.

A ring knows its generators by index.  Products are checked against a budget before they are formed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from flint import Ordering, fmpz, fmpz_mpoly_ctx, fmpz_poly

from pgsym.errors import TooLargeError
from pgsym.limits import CLOSED_FORM_TERMS

Polynomial = Any
"""flint.fmpz_poly or flint.fmpz_mpoly."""


PAIRS_PER_TERM = 10_000
"""Pairs of terms that a product may multiply, per term of the budget; about ten minutes by default."""

REMEDY = "Evaluate at a theta with solution.at(theta), or decide the claim by identity testing"


class Ring:
    """Z[g_0, ..., g_{n-1}], n >= 1; their names are never shown.

    `budget` is the largest number of terms that a product may have, `seconds` a wall-clock limit for all operations
    together, checked before each product and gcd.
    """

    def __init__(self, variables: int, budget: int = CLOSED_FORM_TERMS, seconds: float | None = None) -> None:
        self.variables = variables
        self.budget = budget
        self.seconds = seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._point = range(3, 3 + 2 * variables, 2)
        self.generators: tuple[Polynomial, ...]
        if variables == 1:
            self.generators = (fmpz_poly([0, 1]),)
            self.zero, self.one = fmpz_poly([]), fmpz_poly([1])
        else:
            context = fmpz_mpoly_ctx.get([f"g{i}" for i in range(variables)], Ordering.lex)
            self.generators = context.gens()
            self.zero, self.one = context.constant(0), context.constant(1)

    def multiply(self, a: Polynomial, b: Polynomial) -> Polynomial:
        """a b, if it fits the budget and the time; else TooLargeError.

        >>> ring = Ring(2, budget=100)
        >>> x, y = ring.generators
        >>> ring.multiply(x - y, x + y)
        g0^2 - g1^2
        >>> ring.multiply((1 + x + y) ** 10, (1 + x - y) ** 10)
        Traceback (most recent call last):
        ...
        pgsym.errors.TooLargeError: product of 66 and 66 terms: at least 101 terms; the budget is 100 terms. \
Evaluate at a theta with solution.at(theta), or decide the claim by identity testing
        """
        if self._deadline is not None:
            self.check_time()
        size = len(a) * len(b)
        if size > self.budget:
            self._check_product(a, b)
        return a * b

    def product(self, factors: Iterable[tuple[Polynomial, int]]) -> Polynomial:
        """The product of the powers, expanded; shortest factors first."""
        flat = sorted((f for f, power in factors for _ in range(power)), key=len)
        result = self.one
        for factor in flat:
            result = self.multiply(result, factor)
        return result

    def gcd(self, a: Polynomial, b: Polynomial) -> Polynomial:
        """The greatest common divisor, with positive leading coefficient and content."""
        if self._deadline is not None:
            self.check_time()
        return a.gcd(b)

    def evaluate(self, a: Polynomial) -> fmpz:
        """The value at a fixed integer point."""
        return a(*self._point)

    def derivative(self, a: Polynomial, index: int) -> Polynomial:
        return a.derivative() if self.variables == 1 else a.derivative(index)

    def substitute(self, a: Polynomial, index: int, value: int) -> Polynomial:
        """The polynomial with a number for one generator.

        >>> ring = Ring(2)
        >>> x, y = ring.generators
        >>> ring.substitute(x * y + x, 0, 2)
        2*g1 + 2
        """
        return self.one * a(value) if self.variables == 1 else a.subs({f"g{index}": value})

    def monomial_exponents(self, a: Polynomial) -> tuple[int, ...]:
        """The largest powers of the generators that divide a nonzero polynomial.

        >>> ring = Ring(2)
        >>> x, y = ring.generators
        >>> ring.monomial_exponents(6 * x**3 * y + 4 * x**2)
        (2, 0)
        """
        if self.variables == 1:
            power = 0
            while a[power] == 0:
                power += 1
            return (power,)
        return tuple(map(int, a.term_content().degrees()))

    def degrees(self, a: Polynomial) -> tuple[int, ...]:
        return (a.degree(),) if self.variables == 1 else tuple(map(int, a.degrees()))

    def terms(self, a: Polynomial) -> list[tuple[tuple[int, ...], int]]:
        """(exponents, coefficient) of each term, highest first."""
        if self.variables == 1:
            return [((k,), int(c)) for k, c in reversed(list(enumerate(a.coeffs()))) if c != 0]
        return [(tuple(map(int, m)), int(c)) for m, c in zip(a.monoms(), a.coeffs(), strict=True)]

    def factor(self, a: Polynomial) -> tuple[int, list[tuple[Polynomial, int]]]:
        """The content with sign, and the irreducible factors with their powers.

        python-flint sorts several factors by their coefficients as machine integers; where they do not fit, the
        primitive part is left as it is.
        """
        try:
            content, factors = a.factor()
        except OverflowError:
            content, rest = a.primitive()
            return int(content), [(rest, 1)]
        return int(content), [(f, int(k)) for f, k in factors]

    def check_time(self) -> None:
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise TooLargeError(f"time: the closed form is not done after {self.seconds} s. {REMEDY}")

    def _check_product(self, a: Polynomial, b: Polynomial) -> None:
        if len(a) * len(b) > PAIRS_PER_TERM * self.budget:
            raise TooLargeError(
                f"product of {len(a)} and {len(b)} terms: {len(a) * len(b)} pairs of terms; a budget of {self.budget} "
                f"terms allows {PAIRS_PER_TERM * self.budget}. {REMEDY}"
            )
        box = 1
        for d, e in zip(self.degrees(a), self.degrees(b), strict=True):
            box *= d + e + 1
        if box <= self.budget:
            return
        least = self._support_bound(a, b)
        if least > self.budget:
            raise TooLargeError(
                f"product of {len(a)} and {len(b)} terms: at least {self.budget + 1} terms; "
                f"the budget is {self.budget} terms. {REMEDY}"
            )

    def _support_bound(self, a: Polynomial, b: Polynomial) -> int:
        """A lower bound on the number of monomials m m', m in a and m' in b.

        Exponent vectors are sent to Z/M by a linear map, so the image of the sums is the sum of the images,
        which one cyclic convolution of indicator vectors finds.  Equal monomials have equal images.
        """
        import numpy as np

        modulus = 1 << (4 * self.budget).bit_length()
        weights = np.random.default_rng(0).integers(1, modulus, size=self.variables)
        spectra = []
        for polynomial in (a, b):
            exponents = np.array([m for m, _ in self.terms(polynomial)], dtype=np.int64)
            indicator = np.zeros(modulus)
            indicator[(exponents @ weights) % modulus] = 1
            spectra.append(np.fft.rfft(indicator))
        # Entries of the convolution are counts, at most len(b); rounding errors stay far below 1/2.
        return int(np.count_nonzero(np.fft.irfft(spectra[0] * spectra[1], modulus) > 0.5))
