r"""Exact numbers at a point theta.

exp(theta_i) is a rational where theta_i = log(2), a root where theta_i = log(2)/2, a power of a transcendental
constant e^{1/m} where theta_i = 1/9, and a product of these for sums.  All three live in one field, so values
at a point are compared exactly.  Symbols without a value stay generators, and so do logarithms of primes, which
logarithms of rationals are made of.

log|e| of a rational function e is a linear form plus integer multiples of independent logarithms: by unique
factorization e is a rational number times powers of irreducible polynomials in the generators.  The generators
exp(theta_i/q_i) and exp(1/q_0) give a linear form, the rational number gives logarithms of primes, and every other
irreducible f one logarithm log|f|.  These are algebraically independent over the field: a relation would, by
Ostrowski's theorem, make some sum_j c_j df_j/f_j a derivative in the field, but that sum has a simple pole at f_j and
derivatives have none.  What is a number (a prime, a polynomial in exp(1/q_0)) is taken to be independent too.

References: A. Ostrowski, Sur les relations algebriques entre les integrales indefinies (1946); R. H. Risch, Algebraic
properties of the elementary functions of analysis (1979).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import sympy as sp

from pgsym.algebra.field import Factorization, Field, Row
from pgsym.algebra.generators import Generators
from pgsym.algebra.ordering import Ordering
from pgsym.algebra.radical import RadicalField, positive_rational, prime_powers, roots_in
from pgsym.algebra.rational import RationalField
from pgsym.errors import AlgebraError, NotInFieldError
from pgsym.expression.linear import Linear

Values = Mapping[sp.Symbol, sp.Expr]


@dataclass(frozen=True)
class Logarithm:
    """form + sum_f powers[f] log|f|, for primes and irreducible polynomials f.

    >>> t = sp.Symbol("t")
    >>> field = RationalField([t], [Linear.from_sympy(t)])
    >>> Logarithm.of(field, field.convert(4 * sp.exp(t) / (1 + sp.exp(t))))
    Logarithm(form=Linear(t), powers={2: 2, exp(t) + 1: -1})
    """

    form: Linear
    powers: Mapping[sp.Expr, int]

    @classmethod
    def of(cls, field: RationalField, element: Any) -> Logarithm:
        """log|element| of a nonzero element without logarithms."""
        if field.is_zero(element):
            raise AlgebraError("found log(0); the argument of a logarithm must not vanish. Check it", where="logarithm")
        number, factors = field.factored(element)
        primes = prime_powers(Fraction(int(abs(number.p)), int(number.q)), kind="logarithm")
        powers: dict[sp.Expr, int] = {sp.Integer(p): k for p, k in primes.items()}
        exponent = sp.S.Zero
        for f, k in factors.items():
            if f.has(sp.log):
                raise NotInFieldError(
                    f"found log({f}), a logarithm of a logarithm; the argument must be rational in exponentials and "
                    "symbols. Evaluate in floats",
                    where="logarithm",
                )
            if f is sp.E or isinstance(f, sp.exp):
                exponent += k * (sp.S.One if f is sp.E else f.args[0])
            else:
                powers[f] = k
        return cls(Linear.from_sympy(exponent), powers)

    def to_sympy(self) -> sp.Expr:
        """The sum as an expression; no argument has a sign or a factor that could be taken out of it."""
        return sp.Add(self.form.to_sympy(), *(k * sp.log(f) for f, k in self.powers.items()))


def split_logarithms(expr: sp.Expr) -> sp.Expr:
    """The expression with logarithms of positive rationals as sums of logarithms of primes.

    >>> split_logarithms(sp.log(sp.Rational(8, 3)) / 2)
    -log(3)/2 + 3*log(2)/2
    """
    split = {}
    for log in expr.atoms(sp.log):
        argument = positive_rational(log.args[0])
        if argument is not None:
            primes = prime_powers(argument, kind="logarithm")
            split[log] = sp.Add(*(k * sp.log(p) for p, k in primes.items()))
    return sp.expand(expr.xreplace(split)) if split else expr


@dataclass(frozen=True)
class Exponential:
    """exp(constant) prod p^{powers[p]}, p prime or, where the power is whole, any positive rational.

    >>> Exponential.of(sp.log(2) / 2 + sp.Rational(1, 3))
    Exponential(constant=Fraction(1, 3), powers={2: Fraction(1, 2)}, factor=Fraction(1, 1))
    """

    constant: Fraction
    powers: Mapping[int, Fraction]
    factor: Fraction

    @classmethod
    def of(cls, exponent: sp.Expr, *, where: str = "theta") -> Exponential:
        """exp of a sum of rationals and of rational multiples of logarithms of positive rationals."""
        constant, factor = Fraction(0), Fraction(1)
        powers: dict[int, Fraction] = {}
        for term in sp.Add.make_args(sp.expand(exponent)):
            number, rest = term.as_coeff_Mul(rational=True)
            c = Fraction(int(number.p), int(number.q)) if isinstance(number, sp.Rational) else None
            base = positive_rational(rest.args[0]) if isinstance(rest, sp.log) else None
            if c is not None and rest == 1:
                constant += c
            elif c is not None and base is not None:
                factor *= base ** (c.numerator // c.denominator)
                rest_power = c - c.numerator // c.denominator
                for prime, k in prime_powers(base).items() if rest_power else ():
                    powers[prime] = powers.get(prime, Fraction(0)) + k * rest_power
            else:
                raise NotInFieldError(
                    f"found {exponent}; a sum of rationals and of rational multiples of logarithms of positive "
                    "rationals is required. Use such a theta, or evaluate in floats",
                    where=where,
                )
        for prime, power in list(powers.items()):
            if power.denominator == 1:
                factor *= Fraction(prime) ** int(power)
                del powers[prime]
        return cls(constant, powers, factor)


def point_field(
    parameters: Sequence[sp.Symbol],
    forms: Iterable[Linear],
    expressions: Iterable[sp.Expr],
    theta: Values,
    symbols: Values | None = None,
    logarithms: Mapping[sp.Symbol, sp.Expr] | None = None,
) -> PointField:
    """The field of the numbers that expressions take at a point; what is evaluated is given as for `RationalField`.

    In exponentials, values of `theta` are sums of rationals and multiples of logarithms of rationals; elsewhere
    rationals, roots, powers of e and logarithms of rationals.  Other `symbols` without a value stay generators.

    >>> t = sp.Symbol("t")
    >>> p = 1 / (1 + sp.exp(-t))
    >>> def at(value):
    ...     field = point_field([t], [], [p], {t: value})
    ...     return field.to_sympy(field.convert(p))
    >>> at(sp.log(2)), at(sp.log(2) / 2), at(sp.Rational(1, 9))
    (2/3, 2 - sqrt(2), exp(1/9)/(1 + exp(1/9)))
    """
    logarithms = logarithms or {}
    found = Generators.of(forms, [*expressions, *logarithms.values()])
    values = {**theta, **(symbols or {})}
    exponentials = {
        symbol: Exponential.of(values[symbol] / q, where=f"theta[{symbol}]")
        for symbol, q in found.exponentials.items()
        if symbol in values
    }
    plain = {symbol: split_logarithms(values[symbol]) for symbol in found.symbols if symbol in values}
    for symbol, value in plain.items():
        if any(not isinstance(log.args[0], sp.Integer) for log in value.atoms(sp.log)):
            raise NotInFieldError(
                f"found {value}, which stands outside an exponential; a rational, a root, a power of e or a logarithm "
                "of a positive rational is required there. Use such a value, or evaluate in floats",
                where=f"theta[{symbol}]" if symbol in parameters else str(symbol),
            )
    point = PointField(_numbers(found, exponentials, plain), found, exponentials, plain)
    if not logarithms:
        return point
    logs = {symbol: _logarithm(point.numbers, point.convert(f), f) for symbol, f in logarithms.items()}
    numbers = _numbers(found, exponentials, {**plain, **logs})
    return PointField(numbers, found, exponentials, {**plain, **logs}, logarithms)


def _numbers(
    found: Generators, exponentials: Mapping[sp.Symbol, Exponential], plain: Values
) -> RationalField | RadicalField:
    """The field that holds all these values."""
    constants = [Linear.of({}, e.constant) for e in exponentials.values()]
    if found.constant:
        constants.append(Linear.of({}, found.constant))
    free = [Linear.of({s: Fraction(1, q)}) for s, q in found.exponentials.items() if s not in exponentials]
    names = [symbol for symbol in found.symbols if symbol not in plain]
    roots = [e.powers for e in exponentials.values()]
    for value in plain.values():
        roots.extend(roots_in(value).values())
    stripped = [value.xreplace(dict.fromkeys(roots_in(value), sp.S.One)) for value in plain.values()]
    arguments = sorted({log.args[0] for value in stripped for log in value.atoms(sp.log)}, key=sp.default_sort_key)
    logs = {sp.Dummy(f"log({f})"): f for f in arguments}
    base = RationalField((), [*constants, *free], [*names, *stripped], logarithms=logs)
    degrees: dict[int, int] = {}
    for powers in roots:
        for prime, power in powers.items():
            if power.denominator != 1:
                degrees[prime] = lcm(degrees.get(prime, 1), power.denominator)
    return RadicalField(base, degrees) if degrees else base


def _logarithm(numbers: RationalField | RadicalField, element: Any, argument: sp.Expr) -> sp.Expr:
    """log|element| as a sum of logarithms of primes, and of irreducible polynomials where generators are left."""
    if isinstance(numbers, RationalField):
        return Logarithm.of(numbers, element).to_sympy()
    if len(element.terms) > 1:
        raise NotInFieldError(
            f"found {numbers.to_sympy(element)}, a sum with roots; the argument of a logarithm must be rational at the "
            "point, or a root. Choose another theta, or evaluate in floats",
            where=f"log({argument})",
        )
    ((exponents, factor),) = element.terms.items() or [((), numbers.base.zero)]
    roots = zip(numbers.primes, numbers.degrees, exponents, strict=False)
    return Logarithm.of(numbers.base, factor).to_sympy() + sp.Add(*(sp.Rational(e, n) * sp.log(p) for p, n, e in roots))


class PointField(Field):
    """Expressions at a point, as elements of the field `numbers` (`flint.fmpq` where all values are rational)."""

    element = "a number at a point"

    def __init__(
        self,
        numbers: RationalField | RadicalField,
        generators: Generators,
        exponentials: Mapping[sp.Symbol, Exponential],
        plain: Values,
        logarithms: Mapping[sp.Symbol, sp.Expr] | None = None,
    ) -> None:
        self.numbers = numbers
        self.logarithms = dict(logarithms or {})
        self._generators = generators
        self._exponentials = {symbol: self._element(e) for symbol, e in exponentials.items()}
        self._symbols = {symbol: numbers.convert(value) for symbol, value in plain.items()}
        self.zero = numbers.zero
        self.one = numbers.one

    def _element(self, exponential: Exponential) -> Any:
        element = self.numbers.exp(Linear.of({}, exponential.constant)) * self.numbers.number(exponential.factor)
        if isinstance(self.numbers, RadicalField):
            element = element * self.numbers.root(exponential.powers)
        return element

    def number(self, value: Fraction) -> Any:
        return self.numbers.number(value)

    def symbol(self, symbol: sp.Symbol) -> Any:
        return self._symbols[symbol] if symbol in self._symbols else self.numbers.symbol(symbol)

    def exp(self, form: Linear) -> Any:
        result = self.one
        for symbol, power in self._generators.powers(form):
            if symbol in self._exponentials:
                result = result * self._exponentials[symbol] ** power
            elif symbol is None:
                result = result * self.numbers.exp(Linear.of({}, power * self._generators.constant))
            else:
                share = Fraction(power, self._generators.exponentials[symbol])
                result = result * self.numbers.exp(Linear.of({symbol: share}))
        return result

    def _evaluated(self, expr: sp.Expr) -> Any:
        """The value of an expression, or the element that `to_sympy` printed."""
        at_point = expr.has(*self._symbols, *self._exponentials)
        return super()._evaluated(expr) if at_point else self.numbers.convert(expr)

    def to_sympy(self, element: Any) -> sp.Expr:
        return self.numbers.to_sympy(element)

    def factor(
        self, rows: Sequence[Row], last: Sequence[int] = (), *, ordering: Ordering | None = None
    ) -> Factorization:
        return self.numbers.factor(rows, last, ordering=ordering)
