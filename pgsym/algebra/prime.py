"""Integers modulo a random prime, at a random point: where identities are tested.

A rational function that is not zero vanishes at a random point of a large prime field only with small
probability (Schwartz 1980; Zippel 1979), so a nonzero value refutes an identity and zeros support it with a
stated error bound.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import fmpz, nmod

from pgsym.algebra.elimination import SparseLU, eliminate
from pgsym.algebra.field import Row
from pgsym.algebra.generators import Generators
from pgsym.errors import AlgebraError, NotInFieldError
from pgsym.expression.evaluate import evaluate, softmax
from pgsym.expression.linear import Linear

PRIME_BITS = 62


def random_prime(rng: random.Random, bits: int = PRIME_BITS) -> int:
    """A uniformly random prime with that many bits; primality is proved, not guessed.

    >>> random_prime(random.Random(0)).bit_length()
    62
    """
    while True:
        candidate = rng.getrandbits(bits) | 1 << (bits - 1) | 1
        if fmpz(candidate).is_prime():
            return candidate


class PrimeField:
    """Z/p with a value for each generator; elements are `flint.nmod`.

    Parameters
    ----------
    prime
        p, below 2^64.
    generators
        Which exponentials exist, and their roots.
    exponentials
        Values of exp(theta_i / q_i); the key None is for exp(1 / q_0).
    symbols
        Values of the symbols that stand outside exponentials.

    Examples
    --------
    >>> t = sp.Symbol("t")
    >>> found = Generators.of([Linear.from_sympy(t / 2)], [t])
    >>> field = PrimeField(101, found, {t: 5}, {t: 7})
    >>> field.convert(t + sp.exp(t)), field.convert(sp.Rational(1, 2))
    (32, 51)
    """

    differential = False
    parameters: tuple[Any, ...] = ()

    def __init__(
        self,
        prime: int,
        generators: Generators,
        exponentials: Mapping[sp.Symbol | None, int],
        symbols: Mapping[sp.Symbol, int],
    ) -> None:
        self.prime = prime
        self._generators = generators
        self._exponentials = {key: nmod(value, prime) for key, value in exponentials.items()}
        self._symbols = {key: nmod(value, prime) for key, value in symbols.items()}
        self._numbers: dict[Fraction, nmod] = {}
        self._cache: dict[sp.Expr, nmod] = {}
        self.zero = nmod(0, prime)
        self.one = nmod(1, prime)

    @classmethod
    def random(
        cls,
        rng: random.Random,
        forms: Iterable[Linear] = (),
        expressions: Iterable[sp.Expr] = (),
        parameters: Iterable[sp.Symbol] = (),
    ) -> PrimeField:
        """A random prime and a uniformly random nonzero value for each generator.

        Parameters
        ----------
        rng
            A seeded generator; the same state gives the same field.
        parameters
            Symbols that get a value even where no expression mentions them.
        """
        prime = random_prime(rng)
        found = Generators.of(forms, [*expressions, *parameters])
        keys: list[sp.Symbol | None] = list(found.exponentials)
        if found.constant:
            keys.append(None)
        exponentials = {key: rng.randrange(1, prime) for key in keys}
        symbols = {symbol: rng.randrange(1, prime) for symbol in found.symbols}
        return cls(prime, found, exponentials, symbols)

    def number(self, value: Fraction) -> nmod:
        if value not in self._numbers:
            numerator = nmod(value.numerator % self.prime, self.prime)
            self._numbers[value] = numerator / nmod(value.denominator % self.prime, self.prime)
        return self._numbers[value]

    def symbol(self, symbol: sp.Symbol) -> nmod:
        if symbol not in self._symbols:
            raise NotInFieldError(
                "no value; every symbol of an expression needs one. Give the expression to PrimeField.random",
                where=str(symbol),
            )
        return self._symbols[symbol]

    def exp(self, form: Linear) -> nmod:
        result = self.one
        for key, power in self._generators.powers(form):
            result = result * self._exponentials[key] ** power
        return result

    def softmax(self, forms: Sequence[Linear]) -> list[nmod]:
        return softmax(self, forms)

    def is_zero(self, element: nmod) -> bool:
        return not element

    def convert(self, expr: sp.Expr) -> nmod:
        if expr not in self._cache:
            self._cache[expr] = evaluate(expr, self)
        return self._cache[expr]

    def gradient(self, element: nmod) -> dict[Any, nmod]:
        raise AlgebraError(
            "an integer modulo p knows no derivative; tangents are required. Use DualField(field, parameters)",
            where="PrimeField.gradient",
        )

    def value(self, element: nmod) -> nmod:
        return element

    def to_sympy(self, element: nmod) -> sp.Expr:
        """The representative between 0 and p - 1."""
        return sp.Integer(int(element))

    def factor(self, rows: Sequence[Row], last: Sequence[int] = ()) -> SparseLU:
        return eliminate(rows, self.is_zero, last, inverse=lambda e: self.one / e)
