r"""Integers modulo a random prime, at a random point: where identities are tested.

A rational function that is not zero vanishes at a random point of a large prime field only with small
probability (Schwartz 1980; Zippel 1979), so a nonzero value refutes an identity and zeros support it with a
stated error bound.

Systems are solved by an LU in a known order: sparse rows first, and one dense block for what has filled up.  The
pattern of L and U follows from the pivots alone, so it is found once for all primes and all points; each row is then
reduced in a plain array.  With the last m pivots taken together,

    A = [L11  0] [U11 U12]
        [L21  I] [ 0    T],

T is inverted by FLINT.  The block is chosen such that it costs less than going on with single entries.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import Any
from weakref import WeakKeyDictionary

import sympy as sp
from flint import fmpz, nmod, nmod_mat

from pgsym.algebra.elimination import SparseLU, eliminate
from pgsym.algebra.field import Field, Row
from pgsym.algebra.generators import Generators
from pgsym.algebra.ordering import Ordering, order
from pgsym.errors import NotInFieldError
from pgsym.expression.linear import Linear


def _word_bits() -> int:
    """The length of the longest modulus that `flint.nmod` takes: 64, but 32 in WebAssembly."""
    try:
        nmod(0, 2**64 - 1)
    except OverflowError:
        return 32
    return 64


PRIME_BITS = _word_bits()
"""Primes have this length: the longest that fit into a machine word."""


def random_prime(rng: Random, bits: int = PRIME_BITS) -> int:
    """A uniformly random prime of so many bits; primality is proved, not guessed.

    >>> random_prime(Random(0), 32).bit_length()
    32
    """
    while True:
        candidate = rng.getrandbits(bits) | 1 << (bits - 1) | 1
        if fmpz(candidate).is_prime():
            return candidate


class PrimeField(Field):
    """Z/p, p < 2^64, with a value for each generator; elements are `flint.nmod`.

    Values are given of the exp(theta_i / q_i) in `exponentials`, where the key None is for exp(c), and of the other
    `symbols`, those of logarithms among them: {symbol: f} in `logarithms` says which stand for log|f|.

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
        generators: Generators,
        logarithms: Mapping[sp.Symbol, sp.Expr] | None = None,
        bits: int = PRIME_BITS,
    ) -> PrimeField:
        """A random prime and a uniformly random nonzero value for each generator, symbols of logarithms among them."""
        prime = random_prime(rng, bits)
        keys: list[sp.Symbol | None] = list(generators.exponentials)
        if generators.constant:
            keys.append(None)
        drawn = random_residues(rng, prime, len(keys) + len(generators.symbols))
        values = dict(zip(keys, drawn, strict=False))
        return cls(
            prime, generators, values, dict(zip(generators.symbols, drawn[len(keys) :], strict=True)), logarithms
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
                "no value; every symbol of an expression needs one. Give the expression to Generators.of",
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
    spare = 64 - prime.bit_length()
    while len(found) < count:
        n = 2 * (count - len(found)) + 1
        words = struct.unpack(f"<{n}Q", rng.randbytes(8 * n))
        # of equally likely words of as many bits as p has, those that are no residue are left out
        found += [w for word in words if 0 < (w := word >> spare) < prime]
    return found[:count]


UPDATE, CUBE, SQUARE = 130.0, 2.5, 400.0
"""Measured, in nanoseconds: one sparse multiply-subtract; the inverse of T per m^3, and its entries per m^2."""


class Schedule:
    """An ordering, renumbered by steps."""

    def __init__(self, ordering: Ordering) -> None:
        self.pattern = ordering.pattern
        self.rows = [i for i, _ in ordering.pivots]
        self.columns = [j for _, j in ordering.pivots]
        n = self.size = len(self.rows)
        step_of_row, self.step_of_column = [0] * n, [0] * n
        for k, (i, j) in enumerate(ordering.pivots):
            step_of_row[i] = k
            self.step_of_column[j] = k
        self.sparse = _dense_from(ordering)
        """The number of steps before the dense block."""
        self.left: list[list[int]] = [[] for _ in range(n)]
        """By row: the steps below `sparse` that reduce it, in order."""
        for k in range(self.sparse):
            for i in ordering.below[k]:
                self.left[step_of_row[i]].append(k)
        # by step below `sparse`: the later columns of its row
        self.right = [[self.step_of_column[j] for j in ordering.beside[k]] for k in range(self.sparse)]

    @classmethod
    def of(cls, ordering: Ordering) -> Schedule:
        """The schedule of an ordering; it is kept with it."""
        if ordering not in _SCHEDULES:
            _SCHEDULES[ordering] = cls(ordering)
        return _SCHEDULES[ordering]


_SCHEDULES: WeakKeyDictionary[Ordering, Schedule] = WeakKeyDictionary()


def _dense_from(ordering: Ordering) -> int:
    """The step from which on a dense inverse is cheaper than single entries."""
    n = len(ordering.pivots)
    best, found, after = 0.0, n, 0.0
    for k in range(n - 1, -1, -1):
        after += UPDATE * len(ordering.below[k]) * len(ordering.beside[k])
        m = n - k
        gain = after - CUBE * m**3 - SQUARE * m**2
        if gain > best:
            best, found = gain, k
    return found


class ResidueLU:
    """A matrix over Z/p, factored by the schedule of its pattern; a `Factorization`.

    It is not `usable` where another pivot is needed at this point, or a row has an entry that the ordering lacks.

    >>> from pgsym.algebra.ordering import order
    >>> rows = [{0: nmod(2, 101), 1: nmod(1, 101)}, {0: nmod(1, 101), 1: nmod(3, 101)}]
    >>> lu = ResidueLU(rows, Schedule.of(order([row.keys() for row in rows])), 101)
    >>> x = lu.solve([nmod(1, 101), nmod(0, 101)])
    >>> 2 * x[0] + x[1], x[0] + 3 * x[1]
    (1, 0)
    """

    def __init__(self, rows: Sequence[Mapping[int, nmod]], schedule: Schedule, prime: int) -> None:
        self._schedule = schedule
        self._prime = prime
        self._inverse: nmod_mat | None = None
        self.usable = self._factor(rows)

    def _factor(self, rows: Sequence[Mapping[int, nmod]]) -> bool:
        schedule, prime = self._schedule, self._prime
        zero, one = nmod(0, prime), nmod(1, prime)
        n, sparse, step = schedule.size, schedule.sparse, schedule.step_of_column
        self._factors: list[list[nmod]] = []
        self._upper: list[list[nmod]] = []
        self._inverses: list[nmod] = []
        upper, inverses, right = self._upper, self._inverses, schedule.right
        work = [zero] * n
        block: list[nmod] = []
        for s in range(n):
            row, known = rows[schedule.rows[s]], schedule.pattern[schedule.rows[s]]
            if not row.keys() <= known and any(row[j] for j in row.keys() - known):
                return False
            for j, e in row.items():
                work[step[j]] = e
            factors = []
            for k in schedule.left[s]:
                factor = work[k] * inverses[k]
                work[k] = zero
                factors.append(factor)
                for c, e in zip(right[k], upper[k], strict=True):
                    work[c] = work[c] - factor * e
            self._factors.append(factors)
            if s >= sparse:
                block += work[sparse:]
                work[sparse:] = [zero] * (n - sparse)
                continue
            if not work[s]:
                return False
            inverses.append(one / work[s])
            work[s] = zero
            upper.append([work[c] for c in right[s]])
            for c in right[s]:
                work[c] = zero
        if n > sparse:
            try:
                self._inverse = nmod_mat(n - sparse, n - sparse, block, prime).inv()
            except ZeroDivisionError:
                return False
        return True

    def solve(self, b: Sequence[Any]) -> list[nmod]:
        plan, sparse = self._schedule, self._schedule.sparse
        y: list[nmod] = []
        for s, factors in enumerate(self._factors):
            total = b[plan.rows[s]]
            for k, factor in zip(plan.left[s], factors, strict=True):
                total = total - factor * y[k]
            y.append(total)
        y[sparse:] = self._times_inverse(y[sparse:], transposed=False)
        for s in range(sparse - 1, -1, -1):
            total = y[s]
            for c, e in zip(plan.right[s], self._upper[s], strict=True):
                total = total - e * y[c]
            y[s] = total * self._inverses[s]
        return [y[k] for k in plan.step_of_column]

    def solve_transposed(self, c: Sequence[Any]) -> list[nmod]:
        plan, sparse = self._schedule, self._schedule.sparse
        z = [c[j] for j in plan.columns]
        for s in range(sparse):
            value = z[s] = z[s] * self._inverses[s]
            if value:
                for k, e in zip(plan.right[s], self._upper[s], strict=True):
                    z[k] = z[k] - e * value
        z[sparse:] = self._times_inverse(z[sparse:], transposed=True)
        for s in range(len(z) - 1, -1, -1):
            value = z[s]
            if value:
                for k, factor in zip(plan.left[s], self._factors[s], strict=True):
                    z[k] = z[k] - factor * value
        found = list(z)
        for s, i in enumerate(plan.rows):
            found[i] = z[s]
        return found

    def _times_inverse(self, vector: list[nmod], *, transposed: bool) -> list[nmod]:
        if self._inverse is None:
            return []
        m = len(vector)
        if transposed:
            product = nmod_mat(1, m, vector, self._prime) * self._inverse
        else:
            product = self._inverse * nmod_mat(m, 1, vector, self._prime)
        entries: list[nmod] = product.entries()
        return entries
