r"""Real roots of primes over any field of numbers: K(2^{1/2}, 3^{1/3}, ...), exactly.

The positive real roots p_i^{1/n_i} of distinct primes have the degree prod n_i over Q (Besicovitch), and over
Q(e^{1/m}, symbols) too, since those generators are transcendental.  So the monomials prod p_i^{e_i/n_i} with
0 <= e_i < n_i are a basis, an element is zero iff all its coordinates are, and its inverse is a linear system.

Reference: A. S. Besicovitch, On the linear independence of fractional powers of integers (1940).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import sympy as sp
from flint import fmpz

from pgsym.algebra.elimination import SparseLU, eliminate
from pgsym.algebra.field import Field, Row
from pgsym.algebra.ordering import Ordering
from pgsym.algebra.rational import RationalField
from pgsym.errors import NotInFieldError
from pgsym.expression.evaluate import evaluate
from pgsym.expression.linear import Linear

Exponents = tuple[int, ...]

TRIAL_LIMIT = 10**6
"""Trial division bound for the numbers whose roots are taken."""


def prime_powers(number: Fraction, *, kind: str = "root") -> dict[int, int]:
    """A positive rational as a product of prime powers; `kind` is what of the number is wanted.

    NotInFieldError where a factor without small divisors is not prime: its root has no normal form.

    >>> prime_powers(Fraction(12, 5))
    {2: 2, 3: 1, 5: -1}
    """
    powers: dict[int, int] = {}
    for value, sign in ((number.numerator, 1), (number.denominator, -1)):
        found = sp.factorint(value, limit=TRIAL_LIMIT, use_rho=False, use_pm1=False, use_ecm=False)
        for prime, power in found.items():
            if not fmpz(int(prime)).is_prime():
                raise NotInFieldError(
                    f"the {kind} needs the prime factors of {prime}; only numbers with one prime factor above "
                    f"{TRIAL_LIMIT} are supported. Use a FloatField",
                    where=f"{kind} of {number}",
                )
            powers[int(prime)] = powers.get(int(prime), 0) + sign * int(power)
    return powers


def positive_rational(expr: sp.Basic) -> Fraction | None:
    """The number that an expression is; None for others."""
    return Fraction(int(expr.p), int(expr.q)) if isinstance(expr, sp.Rational) and expr.is_positive else None


def roots_in(expr: sp.Expr) -> dict[sp.Pow, dict[int, Fraction]]:
    """The rational powers of positive rationals in an expression, by primes.

    >>> roots_in(1 + sp.sqrt(12))
    {sqrt(3): {3: Fraction(1, 2)}}
    """
    found = {}
    for power in expr.atoms(sp.Pow):
        base, exponent = positive_rational(power.base), power.exp
        if base is not None and isinstance(exponent, sp.Rational):
            share = Fraction(int(exponent.p), int(exponent.q))
            found[power] = {p: k * share for p, k in prime_powers(base).items()}
    return found


class Radical:
    """sum_e terms[e] prod_i p_i^{e_i / n_i}; only nonzero terms are kept."""

    __slots__ = ("field", "terms")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, field: RadicalField, terms: Mapping[Exponents, Any]) -> None:
        self.field = field
        self.terms = {e: c for e, c in terms.items() if c}

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __add__(self, other: Radical) -> Radical:
        terms = dict(self.terms)
        for e, c in other.terms.items():
            terms[e] = terms[e] + c if e in terms else c
        return Radical(self.field, terms)

    def __neg__(self) -> Radical:
        return Radical(self.field, {e: -c for e, c in self.terms.items()})

    def __sub__(self, other: Radical) -> Radical:
        return self + -other

    def __mul__(self, other: Radical) -> Radical:
        terms: dict[Exponents, Any] = {}
        for e, c in self.terms.items():
            for f, d in other.terms.items():
                monomial, number = self.field.monomial(tuple(x + y for x, y in zip(e, f, strict=True)))
                value = c * d if number == 1 else c * d * self.field.base.number(Fraction(number))
                terms[monomial] = terms[monomial] + value if monomial in terms else value
        return Radical(self.field, terms)

    def __truediv__(self, other: Radical) -> Radical:
        return self * self.field.inverse(other)

    def __pow__(self, power: int) -> Radical:
        if power < 0:
            return self.field.inverse(self) ** -power
        result = self.field.one
        for _ in range(power):
            result = result * self
        return result

    def __eq__(self, other: object) -> bool:
        return not (self - other) if isinstance(other, Radical) else NotImplemented

    def __repr__(self) -> str:
        return str(self.field.to_sympy(self))


class RadicalField(Field):
    """K(p_1^{1/n_1}, ..., p_k^{1/n_k}) for a field K with transcendental generators, and {p_i: n_i} with n_i >= 2.

    >>> field = RadicalField(RationalField([]), {2: 2})
    >>> field.to_sympy(field.one / field.convert(3 + sp.sqrt(2)))
    3/7 - sqrt(2)/7
    """

    element = "a number at a point"

    def __init__(self, base: RationalField, degrees: Mapping[int, int]) -> None:
        self.base = base
        self.primes = tuple(sorted(degrees))
        self.degrees = tuple(degrees[p] for p in self.primes)
        self._origin: Exponents = (0,) * len(self.primes)
        self._roots: dict[sp.Symbol, Radical] = {}
        """Those of the expression that is being evaluated, as symbols."""
        self._basis = list(product(*(range(n) for n in self.degrees)))
        self.zero = Radical(self, {})
        self.one = self.embed(base.one)

    def embed(self, element: Any) -> Radical:
        """An element of K."""
        return Radical(self, {self._origin: element})

    def number(self, value: Fraction) -> Radical:
        return self.embed(self.base.number(value))

    def symbol(self, symbol: sp.Symbol) -> Radical:
        return self._roots[symbol] if symbol in self._roots else self.embed(self.base.symbol(symbol))

    def exp(self, form: Linear) -> Radical:
        return self.embed(self.base.exp(form))

    def root(self, powers: Mapping[int, Fraction]) -> Radical:
        """prod p^{a_p} for rational a_p."""
        exponents = list(self._origin)
        number = Fraction(1)
        for prime, power in powers.items():
            if power.denominator == 1:
                number *= Fraction(prime) ** int(power)
                continue
            degree = self.degrees[self.primes.index(prime)] if prime in self.primes else 1
            if (power * degree).denominator != 1:
                raise NotInFieldError(
                    f"a root of order {power.denominator}; the field has order {degree} for the prime {prime}. "
                    "Give the number to point_field",
                    where=str(sp.Integer(prime) ** sp.Rational(power.numerator, power.denominator)),
                )
            exponents[self.primes.index(prime)] = int(power * degree)
        monomial, factor = self.monomial(tuple(exponents))
        return Radical(self, {monomial: self.base.number(number * factor)})

    def monomial(self, exponents: Exponents) -> tuple[Exponents, Fraction]:
        """prod p_i^{e_i/n_i} as a basis element and a rational factor."""
        factor = Fraction(1)
        for prime, degree, e in zip(self.primes, self.degrees, exponents, strict=True):
            factor *= Fraction(prime) ** (e // degree)
        return tuple(e % n for e, n in zip(exponents, self.degrees, strict=True)), factor

    def inverse(self, element: Radical) -> Radical:
        """1 / element: coordinates u with element * u = 1."""
        if not element:
            raise ZeroDivisionError("division by the zero element")
        if len(element.terms) == 1:
            ((e, c),) = element.terms.items()
            monomial, factor = self.monomial(tuple(-x for x in e))
            return Radical(self, {monomial: self.base.number(factor) / c})
        position = {e: k for k, e in enumerate(self._basis)}
        rows: list[dict[int, Any]] = [{} for _ in self._basis]
        for k, e in enumerate(self._basis):
            for f, c in (element * Radical(self, {e: self.base.one})).terms.items():
                rows[position[f]][k] = c
        right = [self.base.one if e == self._origin else self.base.zero for e in self._basis]
        solution = self.base.factor(rows).solve(right)
        return Radical(self, dict(zip(self._basis, solution, strict=True)))

    def _evaluated(self, expr: sp.Expr) -> Radical:
        roots = {power: (sp.Dummy(), primes) for power, primes in roots_in(expr).items()}
        self._roots = {dummy: self.root(primes) for dummy, primes in roots.values()}
        plain = self.base.named(expr).xreplace({power: dummy for power, (dummy, _) in roots.items()})
        return evaluate(plain, self)

    def to_sympy(self, element: Radical) -> sp.Expr:
        terms = []
        for exponents, c in element.terms.items():
            roots = zip(self.primes, self.degrees, exponents, strict=True)
            terms.append(sp.Mul(self.base.to_sympy(c), *(sp.Integer(p) ** sp.Rational(e, n) for p, n, e in roots)))
        return sp.Add(*terms)

    def factor(self, rows: Sequence[Row], last: Sequence[int] = (), *, ordering: Ordering | None = None) -> SparseLU:
        return eliminate(rows, self.is_zero, last, ordering, inverse=self.inverse)
