"""Linear forms sum_i c_i theta_i + c_0 with rational coefficients: what a logit is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from pgsym.errors import FormulaError


@dataclass(frozen=True)
class Linear:
    """The form ``sum_i coefficients[theta_i] * theta_i + constant``.

    Examples
    --------
    >>> t = sp.Symbol("t")
    >>> Linear.from_sympy(t / 2 - 3)
    Linear(t/2 - 3)
    """

    coefficients: tuple[tuple[sp.Symbol, Fraction], ...] = ()
    constant: Fraction = Fraction(0)

    @classmethod
    def of(cls, coefficients: Mapping[sp.Symbol, Fraction], constant: Fraction = Fraction(0)) -> Linear:
        """Normalised: no zero coefficient, symbols sorted by name."""
        kept = ((s, Fraction(c)) for s, c in coefficients.items() if c)
        return cls(tuple(sorted(kept, key=lambda item: item[0].name)), Fraction(constant))

    @classmethod
    def from_sympy(cls, expr: sp.Expr) -> Linear:
        """Read a form from an expression.

        Raises
        ------
        FormulaError
            The expression is not linear in its symbols with rational coefficients.
        """
        if isinstance(expr, sp.Symbol):
            return cls(((expr, Fraction(1)),))
        expr = sp.expand(expr)
        coefficients: dict[sp.Symbol, Fraction] = {}
        constant = Fraction(0)
        for term in sp.Add.make_args(expr):
            number, rest = term.as_coeff_Mul(rational=True)
            value = Fraction(int(number.p), int(number.q)) if isinstance(number, sp.Rational) else None
            if value is not None and rest == 1:
                constant += value
            elif value is not None and isinstance(rest, sp.Symbol):
                coefficients[rest] = coefficients.get(rest, Fraction(0)) + value
            else:
                raise FormulaError(
                    f"{term} is not a rational multiple of one parameter; a logit must be linear in theta "
                    "with rational coefficients. Give a rational policy directly as probabilities"
                )
        return cls.of(coefficients, constant)

    def __hash__(self) -> int:
        """Kept, because forms are looked up once for each field."""
        known: int | None = self.__dict__.get("_hash")
        if known is None:
            parts = [(symbol, c.numerator, c.denominator) for symbol, c in self.coefficients]
            known = hash((*parts, self.constant.numerator, self.constant.denominator))
            self.__dict__["_hash"] = known
        return known

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        return tuple(symbol for symbol, _ in self.coefficients)

    def to_sympy(self) -> sp.Expr:
        terms = [sp.Rational(c.numerator, c.denominator) * s for s, c in self.coefficients]
        return sp.Add(*terms, sp.Rational(self.constant.numerator, self.constant.denominator))

    def __sub__(self, other: Linear) -> Linear:
        coefficients = dict(self.coefficients)
        for symbol, c in other.coefficients:
            coefficients[symbol] = coefficients.get(symbol, Fraction(0)) - c
        return Linear.of(coefficients, self.constant - other.constant)

    def __repr__(self) -> str:
        return f"Linear({self.to_sympy()})"


def common_denominators(forms: Iterable[Linear]) -> tuple[dict[sp.Symbol, int], int]:
    """q_i for every theta_i, and q_0 for the constants: exp(theta_i/q_i) generates all exponentials.

    >>> a, b = sp.symbols("a b")
    >>> common_denominators([Linear.from_sympy(a / 2 + b), Linear.from_sympy(a / 3 + 1)])
    ({a: 6, b: 1}, 1)
    """
    denominators: dict[sp.Symbol, int] = {}
    constant = 1
    for form in forms:
        for symbol, c in form.coefficients:
            known = denominators.setdefault(symbol, c.denominator)
            if known % c.denominator:
                denominators[symbol] = math.lcm(known, c.denominator)
        if constant % form.constant.denominator:
            constant = math.lcm(constant, form.constant.denominator)
    return denominators, constant
