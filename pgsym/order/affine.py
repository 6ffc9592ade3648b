"""Functions that are affine in logarithms: their derivatives and their values, again of this form.

A logarithm is taken apart into those of irreducible polynomials and of primes, so that what cancels does so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import sympy as sp
from flint import fmpz

from pgsym.limits import ORDER_FACTORED_TERMS
from pgsym.order.kinds import Extent, Kind, Orthant
from pgsym.order.polynomials import (
    Polynomial,
    by_power,
    context,
    factors,
    lowest_terms,
    of_terms,
    substitute,
    terms,
    variables_of,
)
from pgsym.order.question import SignQuestion

Arguments = Mapping[int, tuple[Polynomial, Polynomial]]
"""Variable k stands for the logarithm of a fraction without logarithms."""

PRIMES_BITS = 64
"""Of numbers whose logarithms are taken apart."""


@dataclass(frozen=True)
class Affine:
    """above/below on the open orthant `space`, where variable space.n + j stands for log |atoms[j]|.

    The atoms, and `below`, are polynomials without logarithms.
    """

    above: Polynomial
    below: Polynomial
    atoms: tuple[Polynomial, ...]
    space: Orthant

    @classmethod
    def of(cls, question: SignQuestion, arguments: Arguments) -> Affine:
        """A positive multiple of the function that is asked about, in the coordinates of the orthant."""
        domain = question.domain
        given = pulled_back(question, arguments)
        names = sp.symbols(f"u0:{domain.n}")
        kinds = [Kind.REAL if e is Extent.LINE else Kind.POSITIVE for e in domain.extents]
        above, below = domain.pull_back(question.numerator), domain.pull_back(question.denominator)
        return cls._taken_apart(above, below, given, Orthant(dict(zip(names, kinds, strict=True))))

    @classmethod
    def _taken_apart(cls, above: Polynomial, below: Polynomial, arguments: Arguments, space: Orthant) -> Affine:
        """With the logarithms of factors in the place of those of fractions; variables after the first are such."""
        atoms: list[Polynomial] = []
        sums: dict[int, dict[int, int]] = {k: {} for k in arguments}
        for k, pair in arguments.items():
            for sign, p in zip((1, -1), pair, strict=True):
                for atom, power in _atoms(p):
                    j = next((j for j, other in enumerate(atoms) if other == atom), len(atoms))
                    atoms += [atom] if j == len(atoms) else []
                    sums[k][j] = sums[k].get(j, 0) + sign * power
        ring = context(space.n + len(atoms))
        gens = ring.gens()
        images = [gens[k] if k < space.n else ring.constant(0) for k in range(above.context().nvars())]
        for k, parts in sums.items():
            images[k] = sum((e * gens[space.n + j] for j, e in parts.items()), ring.constant(0))
        above, below = (p.compose(*images, ctx=ring) for p in (above, below))
        return cls(*lowest_terms(above, below), tuple(atoms), space)

    def wide(self, p: Polynomial) -> Polynomial:
        """A polynomial without logarithms among those with them."""
        return of_terms({(*m, *(0,) * len(self.atoms)): c for m, c in terms(p).items()}, self.space.n + len(self.atoms))

    def narrow(self, p: Polynomial) -> Polynomial:
        """The other way."""
        return of_terms({m[: self.space.n]: c for m, c in terms(p).items()}, self.space.n)

    def times(self, above: Polynomial, below: Polynomial) -> Affine:
        """The product with a fraction without logarithms."""
        found = lowest_terms(self.above * self.wide(above), self.below * self.wide(below))
        return Affine(*found, self.atoms, self.space)

    @cached_property
    def weights(self) -> list[Polynomial]:
        """What each logarithm is multiplied by, over `below`."""
        return [self.narrow(self.above.derivative(self.space.n + j)) for j in range(len(self.atoms))]

    def derivative(self, k: int) -> Affine:
        """With respect to coordinate k."""
        inner = self.wide(context(self.space.n).constant(1))
        slope = self.above.derivative(k) * self.below - self.above * self.below.derivative(k)
        for atom, weight in zip(self.atoms, self.weights, strict=True):
            p = self.wide(atom)
            slope = slope * p + inner * self.wide(weight) * self.below * p.derivative(k)
            inner = inner * p
        return Affine(*lowest_terms(slope, self.below**2 * inner), self.atoms, self.space)

    def at(self, k: int, above: Polynomial, below: Polynomial) -> Affine | None:
        """Where coordinate k is a fraction without it; None where a logarithm or the denominator has no value."""
        parts = [substitute(p, k, self.wide(above), self.wide(below)) for p in (self.above, self.below)]
        powers = [max(p.degrees()[k], 0) for p in (self.above, self.below)]
        arguments = {
            self.space.n + j: (substitute(p, k, above, below), below ** max(p.degrees()[k], 0))
            for j, p in enumerate(self.atoms)
        }
        if parts[1].is_zero() or any(p.is_zero() for p, _ in arguments.values()):
            return None
        under = [self.wide(below) ** e for e in powers]
        return self._taken_apart(parts[0] * under[1], parts[1] * under[0], arguments, self.space)

    def question(self, signs: Mapping[int, int]) -> tuple[SignQuestion, Arguments]:
        """Whether it is nonnegative, if the atoms have these signs."""
        names = [sp.Symbol(f"log({s}*({p}))") for s, p in zip(signs.values(), self.atoms, strict=True)]
        kinds = {**dict(zip(self.space.variables, self.space.kinds, strict=True)), **dict.fromkeys(names, Kind.REAL)}
        one = context(len(kinds)).constant(1)
        arguments = {self.space.n + j: (signs[j] * self.wide(p), one) for j, p in enumerate(self.atoms)}
        return SignQuestion(self.above, self.below, Orthant(kinds), strict=False), arguments


def pulled_back(question: SignQuestion, arguments: Arguments) -> dict[int, tuple[Polynomial, Polynomial]]:
    """The arguments of those logarithms that are asked about, in the coordinates of the orthant."""
    used, found = variables_of(question.numerator), {}
    for k, (above, below) in arguments.items():
        if k in used:
            x = context(question.domain.n).gens()[k]
            low, high = by_power(question.domain.pull_back(above * x - below), k)
            found[k] = (high, -low)
    return found


def _atoms(p: Polynomial) -> list[tuple[Polynomial, int]]:
    """Irreducible factors and primes with powers."""
    content, found = factors(p, ORDER_FACTORED_TERMS)
    number, one = abs(fmpz(content)), p.context().constant(1)
    numbers = number.factor() if number.bit_length() <= PRIMES_BITS else [(number, 1)]
    return [*((int(prime) * one, int(e)) for prime, e in numbers), *found]
