"""Integers modulo a random prime, at a random point: where identities are tested.

A rational function that is not zero vanishes at a random point of a large prime field only with small
probability (Schwartz 1980; Zippel 1979), so a nonzero value refutes an identity and zeros support it with a
stated error bound.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from random import Random

import sympy as sp
from flint import fmpz, nmod

from pgsym.algebra.elimination import SparseLU, eliminate
from pgsym.algebra.field import Field, Row
from pgsym.algebra.generators import Generators
from pgsym.algebra.ordering import Ordering, order
from pgsym.algebra.residues import ResidueLU, Schedule
from pgsym.errors import NotInFieldError
from pgsym.expression.linear import Linear

PRIME_BITS = 64
"""Primes have this length: the longest that fit into a machine word."""


def random_prime(rng: Random) -> int:
    """A uniformly random prime of 64 bits; primality is proved, not guessed.

    >>> random_prime(Random(0)).bit_length()
    64
    """
    while True:
        candidate = rng.getrandbits(PRIME_BITS) | 1 << (PRIME_BITS - 1) | 1
        if fmpz(candidate).is_prime():
            return candidate


class PrimeField(Field):
    """Z/p with a value for each generator; elements are `flint.nmod`.

    `prime`: p, below 2^64.
    `exponentials`: Values of exp(theta_i / q_i); the key None is for exp(c).
    `symbols`: Values of the symbols that stand outside exponentials, those of logarithms among them.
    `logarithms`: {symbol: f} where the symbol stands for log|f|, a value of its own; `DualField` differentiates it.

    >>> t = sp.Symbol("t")
    >>> found = Generators.of([Linear.from_sympy(t / 2)], [t])
    >>> field = PrimeField(101, found, {t: 5}, {t: 7})
    >>> field.convert(t + sp.exp(t)), field.convert(sp.Rational(1, 2))
    (32, 51)
    """

    element = "an integer modulo p"

    def __init__(
        self,
        prime: int,
        generators: Generators,
        exponentials: Mapping[sp.Symbol | None, int],
        symbols: Mapping[sp.Symbol, int],
        logarithms: Mapping[sp.Symbol, sp.Expr] | None = None,
    ) -> None:
        self.prime = prime
        self.logarithms = dict(logarithms or {})
        self.generators = generators
        self._exponentials = {key: nmod(value, prime) for key, value in exponentials.items()}
        self._symbols = {key: nmod(value, prime) for key, value in symbols.items()}
        self._numbers: dict[Fraction, nmod] = {}
        self._weights: dict[Linear, nmod] = {}
        self.zero = nmod(0, prime)
        self.one = nmod(1, prime)

    @classmethod
    def random(
        cls,
        rng: Random,
        forms: Iterable[Linear] = (),
        expressions: Iterable[sp.Expr] = (),
        parameters: Iterable[sp.Symbol] = (),
        logarithms: Mapping[sp.Symbol, sp.Expr] | None = None,
        *,
        generators: Generators | None = None,
    ) -> PrimeField:
        """A random prime and a uniformly random nonzero value for each generator: those of the expressions and forms,
        of the parameters and the symbols of logarithms, or those that were found from all these earlier.
        """
        prime = random_prime(rng)
        logs = logarithms or {}
        found = generators or Generators.of(forms, [*expressions, *parameters, *logs, *logs.values()])
        keys: list[sp.Symbol | None] = list(found.exponentials)
        if found.constant:
            keys.append(None)
        drawn = random_residues(rng, prime, len(keys) + len(found.symbols))
        return cls(
            prime,
            found,
            dict(zip(keys, drawn, strict=False)),
            dict(zip(found.symbols, drawn[len(keys) :], strict=True)),
            logs,
        )

    def number(self, value: Fraction | int) -> nmod:
        if value.denominator == 1:
            return nmod(value.numerator, self.prime)
        if value not in self._numbers:
            self._numbers[Fraction(value)] = nmod(value.numerator, self.prime) / nmod(value.denominator, self.prime)
        return self._numbers[Fraction(value)]

    def symbol(self, symbol: sp.Symbol) -> nmod:
        if symbol not in self._symbols:
            raise NotInFieldError(
                "no value; every symbol of an expression needs one. Give the expression to PrimeField.random",
                where=str(symbol),
            )
        return self._symbols[symbol]

    def exp(self, form: Linear) -> nmod:
        found = self._weights.get(form)
        if found is None:
            found = self.one
            for key, power in self.generators.powers(form):
                value = self._exponentials[key]
                found = found * (value if power == 1 else value**power)
            self._weights[form] = found
        return found

    def softmax(self, forms: Sequence[Linear]) -> list[nmod]:
        weights = [self.exp(form) for form in forms]
        share = self.one / sum(weights, self.zero)
        return [weight * share for weight in weights]

    def to_sympy(self, element: nmod) -> sp.Expr:
        return sp.Integer(int(element))

    def factor(
        self, rows: Sequence[Row], last: Sequence[int] = (), *, ordering: Ordering | None = None
    ) -> ResidueLU | SparseLU:
        ordering = ordering or order([row.keys() for row in rows], last)
        found = ResidueLU(rows, Schedule.of(ordering), self.prime)
        return found if found.usable else eliminate(rows, self.is_zero, last, ordering, inverse=lambda e: self.one / e)


def random_residues(rng: Random, prime: int, count: int) -> list[int]:
    """Uniformly random integers between 1 and p - 1.

    >>> sorted(set(random_residues(Random(0), 5, 100)))
    [1, 2, 3, 4]
    """
    found: list[int] = []
    spare = PRIME_BITS - prime.bit_length()
    while len(found) < count:
        n = 2 * (count - len(found)) + 1
        words = struct.unpack(f"<{n}Q", rng.randbytes(8 * n))
        # of equally likely words of as many bits as p has, those that are no residue are left out
        found += [w for word in words if 0 < (w := word >> spare) < prime]
    return found[:count]
