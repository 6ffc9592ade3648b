r"""Closed forms: the field of rational functions in exp(theta_i/q_i), theta_i and the symbols of a model.

Elements are fractions in lowest terms (`RationalFunction`; `flint.fmpq` where there is no generator), so an
identity holds for all parameters iff its difference is the zero element.  d/d theta_i acts as the derivation
with x_i -> x_i/q_i for x_i = exp(theta_i/q_i), theta_i -> 1, and everything else -> 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import fmpq, fmpz

from pgsym.algebra.coprime import CoprimeBase, Factors
from pgsym.algebra.derivation import Derivation
from pgsym.algebra.elimination import RowScaled, eliminate
from pgsym.algebra.field import Factorization, Row
from pgsym.algebra.fraction import ONE, RationalFunction
from pgsym.algebra.generators import Generators, shifted_exponents
from pgsym.algebra.ordering import order
from pgsym.algebra.polynomial import DEFAULT_BUDGET, Polynomial, Ring
from pgsym.algebra.printing import expression
from pgsym.algebra.univariate import ImageFactorization, prefers_images
from pgsym.errors import NotInFieldError
from pgsym.expression.evaluate import evaluate
from pgsym.expression.linear import Linear

FACTOR_TERMS = 2000
"""Polynomials with fewer terms are factored for printing."""


class RationalField:
    """Q(generators), with derivations.

    Parameters
    ----------
    parameters
        The theta to differentiate by.
    forms
        Linear forms that stand in exponentials.
    expressions
        Expressions whose symbols and exponentials become generators.
    budget
        The largest number of terms of a polynomial; TooLargeError above it.
    seconds
        Wall-clock limit for the arithmetic of this field, from its construction.

    Examples
    --------
    >>> t, gamma = sp.symbols("t gamma")
    >>> field = RationalField([t], [Linear.from_sympy(t)], [gamma])
    >>> e = field.convert(1 / (1 + gamma * sp.exp(-t)))
    >>> field.to_sympy(e)
    exp(t)/(gamma + exp(t))
    >>> field.to_sympy(field.gradient(e)[t])
    gamma*exp(t)/(gamma + exp(t))**2
    """

    differential = True

    def __init__(
        self,
        parameters: Sequence[sp.Symbol],
        forms: Iterable[Linear] = (),
        expressions: Iterable[sp.Expr] = (),
        *,
        budget: int = DEFAULT_BUDGET,
        seconds: float | None = None,
    ) -> None:
        found = Generators.of(forms, expressions)
        names: list[sp.Expr] = [sp.exp(symbol / q) for symbol, q in found.exponentials.items()]
        if found.constant:
            names.append(sp.exp(sp.Rational(1, found.constant)))
        names.extend(found.symbols)
        self._setup(tuple(parameters), found, tuple(names), budget, seconds)
        for theta in self.parameters:
            images: dict[int, Polynomial] = {}
            scale = 1
            if theta in found.exponentials:
                scale = found.exponentials[theta]
                k = self._index[sp.exp(theta / scale)]
                images[k] = self._ring.generators[k]
            if theta in self._index:
                images[self._index[theta]] = self._ring.one * scale
            if images:
                self._derivations[theta] = Derivation(self._base, images, self.number(Fraction(scale)))

    @classmethod
    def with_derivation(
        cls,
        generators: Sequence[sp.Symbol],
        derivation: Mapping[sp.Symbol, Mapping[sp.Symbol, sp.Expr]],
        *,
        budget: int = DEFAULT_BUDGET,
        seconds: float | None = None,
    ) -> RationalField:
        """Q(generators) with a given table of derivatives, as for pi(a|s) kept as symbols.

        Parameters
        ----------
        generators
            Algebraically independent symbols.
        derivation
            For each parameter theta the nonzero d generator / d theta, rational in the generators.

        Examples
        --------
        >>> t, p = sp.symbols("theta pi")
        >>> field = RationalField.with_derivation([p], {t: {p: p * (1 - p)}})
        >>> field.to_sympy(field.gradient(field.symbol(p) ** 2)[t])
        -2*pi**2*(pi - 1)
        """
        field = cls.__new__(cls)
        symbols = tuple(generators)
        field._setup(tuple(derivation), Generators({}, 0, symbols), symbols, budget, seconds)
        for theta, table in derivation.items():
            for generator in table:
                if generator not in field._index:
                    raise NotInFieldError(
                        f"d {generator} / d {theta} is given; {generator} is not a generator. Add it to the generators",
                        where="derivation",
                    )
            images = {field._index[g]: field.convert(expr) for g, expr in table.items()}
            field._derivations[theta] = Derivation.from_elements(field._base, images)
        return field

    def _setup(
        self,
        parameters: tuple[sp.Symbol, ...],
        found: Generators,
        generators: tuple[sp.Expr, ...],
        budget: int,
        seconds: float | None,
    ) -> None:
        self.parameters = parameters
        self.generators = generators
        """The generators as expressions, in the order of the polynomials' variables."""
        self._found = found
        self._index: dict[sp.Expr, int] = {g: k for k, g in enumerate(generators)}
        self._e = next((k for k, g in enumerate(generators) if not g.free_symbols), None)
        self._derivations: dict[sp.Symbol, Derivation] = {}
        self._cache: dict[sp.Expr, Any] = {}
        self._exponentials: dict[Linear, Any] = {}
        self._constant = not generators  # then elements are plain fmpq
        self._ring = Ring(max(len(generators), 1), budget, seconds)
        self._base = CoprimeBase(self._ring)
        self.zero = self.number(Fraction(0))
        self.one = self.number(Fraction(1))

    # -- numbers ---------------------------------------------------------------------------------------------

    def number(self, value: Fraction) -> Any:
        if self._constant:
            return fmpq(value.numerator, value.denominator)
        return RationalFunction(self._base, self._ring.one * value.numerator, fmpz(value.denominator))

    def symbol(self, symbol: sp.Symbol) -> Any:
        if symbol not in self._index:
            raise NotInFieldError(
                f"not a generator; the field has {', '.join(map(str, self.generators)) or 'none'}. "
                "Give an expression with it to the field's constructor",
                where=str(symbol),
            )
        return RationalFunction(self._base, self._ring.generators[self._index[symbol]])

    def exp(self, form: Linear) -> Any:
        if form not in self._exponentials:
            self._exponentials[form] = self._exp(form)
        return self._exponentials[form]

    def _exp(self, form: Linear) -> Any:
        if not form.coefficients and not form.constant:
            return self.one
        # exp(l) and exp(0) over their common monomial: numerator and denominator
        (above, below), _ = shifted_exponents(self._found, [form, Linear()])
        return RationalFunction(self._base, self._monomial(above)) / RationalFunction(self._base, self._monomial(below))

    def softmax(self, forms: Sequence[Linear]) -> list[Any]:
        exponents, _ = shifted_exponents(self._found, forms)
        if not any(any(row.values()) for row in exponents):
            return [self.number(Fraction(1, len(forms)))] * len(forms)
        weights = [self._monomial(row) for row in exponents]
        total = self._ring.zero
        for weight in weights:
            total = total + weight
        total_element = RationalFunction(self._base, total)
        return [RationalFunction(self._base, weight) / total_element for weight in weights]

    def _monomial(self, exponents: Mapping[sp.Symbol | None, int]) -> Polynomial:
        result = self._ring.one
        for symbol, power in exponents.items():
            if power:
                result = result * self._ring.generators[self._exp_index(symbol)] ** power
        return result

    def _exp_index(self, symbol: sp.Symbol | None) -> int:
        if symbol is None:
            return self._index[sp.exp(sp.Rational(1, self._found.constant))]
        return self._index[sp.exp(symbol / self._found.exponentials[symbol])]

    def is_zero(self, element: Any) -> bool:
        return not element

    def convert(self, expr: sp.Expr) -> Any:
        if expr not in self._cache:
            self._cache[expr] = evaluate(expr, self)
        return self._cache[expr]

    def value(self, element: Any) -> Any:
        return element

    # -- derivatives -----------------------------------------------------------------------------------------

    def gradient(self, element: Any) -> dict[sp.Symbol, Any]:
        if self._constant:
            return {}
        found = {theta: derivation(element) for theta, derivation in self._derivations.items()}
        return {theta: e for theta, e in found.items() if e}

    # -- linear systems --------------------------------------------------------------------------------------

    def factor(self, rows: Sequence[Row], last: Sequence[int] = ()) -> Factorization:
        if self._constant or not rows:
            return eliminate(rows, self.is_zero, last)
        cleared, scales = zip(*(self._cleared(row) for row in rows), strict=True)
        ordering = order([row.keys() for row in cleared], last)
        if self._ring.variables == 1 and prefers_images(ordering):
            return ImageFactorization(self._base, cleared, scales)
        return RowScaled(eliminate(cleared, self.is_zero, last, ordering), scales)

    def _cleared(self, row: Row) -> tuple[dict[int, RationalFunction], RationalFunction]:
        """The row times its common denominator, and that denominator: polynomial rows need fewer gcds."""
        common: Factors = ()
        scale = ONE
        for element in row.values():
            scale = scale.lcm(element.scale)
            common, other = self._base.refine(common, element.factors)
            powers = dict(common)
            missing = tuple((p, e - powers.get(p, 0)) for p, e in other if e > powers.get(p, 0))
            common = self._base.times(common, missing)
        cleared = {}
        for j, element in row.items():
            if not element:
                continue
            powers = dict(self._base.live(element.factors))
            rest = tuple((p, e - powers.get(p, 0)) for p, e in self._base.live(common) if e > powers.get(p, 0))
            numerator = element.numerator * (scale // element.scale)
            cleared[j] = RationalFunction(self._base, self._ring.multiply(numerator, self._base.expand(rest)))
        return cleared, RationalFunction(self._base, self._base.expand(self._base.live(common)) * scale)

    # -- SymPy -----------------------------------------------------------------------------------------------

    def to_sympy(self, element: Any, *, factor: bool = True) -> sp.Expr:
        """The element as an expression, without loss; denominators stay factored.

        Parameters
        ----------
        factor
            Factor numerators and denominators with fewer than 2000 terms over the integers.  Polynomials in
            exp(1/q) are numbers and stay as they are.
        """
        if self._constant:
            return sp.Rational(int(element.p), int(element.q))
        content, above = self._factored([(element.numerator, 1)], factor)
        parts = self._base.live(element.factors)
        unit, below = self._factored([(part.poly, power) for part, power in parts], factor)
        number = sp.Rational(content, unit * int(element.scale))
        return sp.Mul(number, *above, *(1 / f for f in below))

    def _factored(self, powers: Sequence[tuple[Polynomial, int]], factor: bool) -> tuple[int, list[sp.Expr]]:
        content = 1
        found: list[sp.Expr] = []
        for poly, power in powers:
            if factor and len(poly) < FACTOR_TERMS and not self._is_about_e(poly):
                c, irreducible = self._ring.factor(poly)
                content *= c**power
                found.extend(self._expression(f) ** (k * power) for f, k in irreducible)
            else:
                found.append(self._expression(poly) ** power)
        return content, found

    def _is_about_e(self, poly: Polynomial) -> bool:
        return self._e is not None and self._ring.degrees(poly)[self._e] > 0

    def _expression(self, poly: Polynomial) -> sp.Expr:
        return expression(self._ring.terms(poly), self.generators)
