r"""Exact numbers at a point theta.

exp(theta_i) is a rational where theta_i = log(2), a root where theta_i = log(2)/2, a power of a transcendental
constant e^{1/m} where theta_i = 1/9, and a product of these for sums.  All three live in one field, so values
at a point are compared exactly.  Symbols without a value stay generators, and so do logarithms of primes, which
logarithms of rationals are made of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import sympy as sp

from pgsym.algebra.field import Factorization, Ground, Row
from pgsym.algebra.generators import Generators
from pgsym.algebra.logarithm import Logarithm, split_logarithms
from pgsym.algebra.ordering import Ordering
from pgsym.algebra.radical import RadicalField, prime_powers, roots_in
from pgsym.algebra.rational import RationalField
from pgsym.errors import AlgebraError, NotInFieldError
from pgsym.expression.evaluate import evaluate, softmax
from pgsym.expression.linear import Linear

Values = Mapping[sp.Symbol, sp.Expr]


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
        """exp of a sum of rationals and of rational multiples of logarithms of positive rationals.

        Raises
        ------
        NotInFieldError
            Any other exponent.
        """
        constant, factor = Fraction(0), Fraction(1)
        powers: dict[int, Fraction] = {}
        for term in sp.Add.make_args(sp.expand(exponent)):
            number, rest = term.as_coeff_Mul(rational=True)
            c = Fraction(int(number.p), int(number.q)) if isinstance(number, sp.Rational) else None
            if c is not None and rest == 1:
                constant += c
            elif c is not None and isinstance(rest, sp.log) and _positive_rational(rest.args[0]):
                base = Fraction(int(rest.args[0].p), int(rest.args[0].q))
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
    """The field of the numbers that expressions take at a point.

    Parameters
    ----------
    parameters
        The policy's theta.
    forms, expressions
        What will be evaluated, as for `RationalField`.
    theta
        Exact values of parameters: in exponentials sums of rationals and multiples of logarithms of
        rationals; elsewhere rationals, roots, powers of e and logarithms of rationals.
    symbols
        Values of the other symbols; those without one stay generators.
    logarithms
        {symbol: f}: the symbol stands for log|f|.

    Raises
    ------
    NotInFieldError
        A value has no exact place here; the message names its parameter.
    AlgebraError
        Some f is 0 at the point.

    Examples
    --------
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


class PointField(Ground):
    """Expressions at a point, as elements of a number field; made by `point_field`.

    Attributes
    ----------
    numbers : RationalField or RadicalField
        Where the elements live; `flint.fmpq` where all values are rational.
    """

    differential = False
    parameters: tuple[Any, ...] = ()

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
        self._cache: dict[sp.Expr, Any] = {}
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

    def softmax(self, forms: Sequence[Linear]) -> list[Any]:
        return softmax(self, forms)

    def is_zero(self, element: Any) -> bool:
        return self.numbers.is_zero(element)

    def convert(self, expr: sp.Expr) -> Any:
        """The value of an expression, or the element that `to_sympy` printed."""
        if expr not in self._cache:
            if not expr.has(*self._symbols, *self._exponentials):
                self._cache[expr] = self.numbers.convert(expr)
            else:
                self._cache[expr] = evaluate(expr, self)
        return self._cache[expr]

    def gradient(self, element: Any) -> dict[Any, Any]:
        raise AlgebraError(
            "a number at a point knows no derivative; tangents are required. Use DualField(field, parameters)",
            where="PointField.gradient",
        )

    def value(self, element: Any) -> Any:
        return element

    def to_sympy(self, element: Any) -> sp.Expr:
        return self.numbers.to_sympy(element)

    def factor(
        self, rows: Sequence[Row], last: Sequence[int] = (), *, ordering: Ordering | None = None
    ) -> Factorization:
        return self.numbers.factor(rows, last, ordering=ordering)


def _positive_rational(number: sp.Basic) -> bool:
    return isinstance(number, sp.Rational) and bool(number.is_positive)
