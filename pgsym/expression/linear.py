"""Linear forms sum_i c_i theta_i + c_0 with rational coefficients: what a logit is; and equations between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.errors import FormulaError
from pgsym.expression.complaint import about, brief, expanded_terms
from pgsym.limits import FORMULA_TERMS


@dataclass(frozen=True)
class Linear:
    """The form ``sum_i coefficients[theta_i] * theta_i + constant``.

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
        """Read a form; FormulaError where an expression is not linear in its symbols with rational coefficients."""
        form = _read(expr)
        if form is None:
            # Terms that are not linear may cancel.
            size = expanded_terms(expr)
            if size > FORMULA_TERMS:
                raise FormulaError(
                    f"{brief(expr)} would expand to {about(size)} terms; at most {FORMULA_TERMS} are. "
                    "Use smaller powers"
                )
            expr = sp.expand(expr)
            form = _read(expr)
        if form is None:
            term = next(term for term in sp.Add.make_args(expr) if _read(term) is None)
            raise FormulaError(
                f"{brief(term)} is not a rational multiple of one parameter; a logit must be linear in theta "
                "with rational coefficients. Give a rational policy directly as probabilities"
            )
        return cls.of(*form)

    @classmethod
    def read(cls, expr: sp.Expr) -> Linear | None:
        """The form of what is linear as it stands, without expanding anything; else None.

        >>> t = sp.Symbol("t")
        >>> Linear.read(t / 2 - 3), Linear.read((t + 1) ** 2 - t**2)
        (Linear(t/2 - 3), None)
        """
        form = _read(expr)
        return None if form is None else cls.of(*form)

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

    def value(self, numbers: Any) -> Any:
        """The form in a number system."""
        total = numbers.number(self.constant)
        for symbol, c in self.coefficients:
            total = total + numbers.number(c) * numbers.symbol(symbol)
        return total

    def __sub__(self, other: Linear) -> Linear:
        coefficients = dict(self.coefficients)
        for symbol, c in other.coefficients:
            coefficients[symbol] = coefficients.get(symbol, Fraction(0)) - c
        return Linear.of(coefficients, self.constant - other.constant)

    def __repr__(self) -> str:
        return f"Linear({self.to_sympy()})"


def _read(expr: sp.Expr) -> tuple[dict[sp.Symbol, Fraction], Fraction] | None:
    """Coefficients and constant of what is linear as it stands."""
    if isinstance(expr, sp.Rational):
        return {}, Fraction(int(expr.p), int(expr.q))
    if isinstance(expr, sp.Symbol):
        return {expr: Fraction(1)}, Fraction(0)
    if not isinstance(expr, sp.Add | sp.Mul):
        return None
    parts = [_read(arg) for arg in expr.args]
    if isinstance(expr, sp.Add):
        coefficients, constant = dict[sp.Symbol, Fraction](), Fraction(0)
        for part in parts:
            if part is None:
                return None
            constant += part[1]
            for symbol, c in part[0].items():
                coefficients[symbol] = coefficients.get(symbol, Fraction(0)) + c
        return coefficients, constant
    factor, linear = Fraction(1), None
    for part in parts:
        if part is None or (part[0] and linear is not None):
            return None
        if part[0]:
            linear = part
        else:
            factor *= part[1]
    if linear is None:
        return {}, factor
    return {symbol: factor * c for symbol, c in linear[0].items()}, factor * linear[1]


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


def implied(inequalities: Iterable[sp.Expr]) -> dict[sp.Symbol, sp.Expr]:
    """Symbols for which affine inequalities ``g >= 0`` leave one value, in terms of the other symbols.

    Only pairs of inequalities that are opposite to each other are found; others are left alone.

    >>> p, q = sp.symbols("p q")
    >>> implied([p - sp.Rational(1, 2), 1 - 2 * p, p - q, 2 * q - 2 * p])
    {p: 1/2, q: 1/2}
    """
    found: dict[sp.Symbol, sp.Expr] = {}
    rest = list(inequalities)
    while True:
        forms = dict.fromkeys(form for g in rest if (form := _normal(g)) is not None)
        equation = next((form for form in forms if Linear() - form in forms), None)
        if equation is None:
            return found
        (symbol, c), *_ = equation.coefficients
        value = sp.expand(symbol - equation.to_sympy() / sp.Rational(c.numerator, c.denominator))
        found = {s: sp.expand(v.subs(symbol, value)) for s, v in found.items()} | {symbol: value}
        rest = [g.subs(symbol, value) for g in rest]


def _normal(g: sp.Expr) -> Linear | None:
    """An affine function over the size of its first coefficient; None for others."""
    form = Linear.read(g)
    if form is None or not form.coefficients:
        return None
    size = abs(form.coefficients[0][1])
    return Linear(tuple((s, c / size) for s, c in form.coefficients), form.constant / size)
