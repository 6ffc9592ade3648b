r"""Closed forms: the field of rational functions in exp(theta_i/q_i), theta_i and the symbols of a model.

Elements are fractions in lowest terms (`RationalFunction`; `flint.fmpq` where there is no generator), so an
identity holds for all parameters iff its difference is the zero element.  d/d theta_i acts as the derivation
with x_i -> x_i/q_i for x_i = exp(theta_i/q_i), theta_i -> 1, and everything else -> 0.

Logarithms of distinct irreducible polynomials f_j, and of primes, are algebraically independent generators L_j with
L_j -> (d f_j / d theta_i) / f_j (Risch's structure theorem; that logarithms of primes are independent is conjectured,
so it is used for "zero", which is sound without it, and "nonzero" wants a value as a witness).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp
from flint import fmpq, fmpz

from pgsym.algebra.coprime import CoprimeBase, Factors, beyond
from pgsym.algebra.differentiation import Differentiation
from pgsym.algebra.elimination import RowScaled, eliminate
from pgsym.algebra.field import Factorization, Field, Row
from pgsym.algebra.fraction import ONE, Printer, RationalFunction
from pgsym.algebra.fraction_free import Terms, cleared_row, dot, solve_cleared
from pgsym.algebra.generators import Generators, shifted_exponents
from pgsym.algebra.interpolate import ImageFactorization, prefers_images
from pgsym.algebra.ordering import Ordering, order
from pgsym.algebra.polynomial import Polynomial, Ring
from pgsym.errors import NotInFieldError
from pgsym.expression.evaluate import evaluate
from pgsym.expression.linear import Linear
from pgsym.limits import CLOSED_FORM_TERMS

FRACTION_FREE = 7
"""Up to so many equations are solved without fractions."""


class RationalField(Field):
    """Q(generators), with derivations.

    The generators are those given, or of the `forms` in exponentials and of the `expressions`, and one for each of
    `logarithms` {symbol: f}, which stands for log|f|; the f must be distinct and irreducible, as `pgsym.algebra.point`
    makes them.
    `budget` is the largest number of terms of a polynomial, `seconds` a wall-clock limit from now on: TooLargeError
    above them.

    >>> t, gamma = sp.symbols("t gamma")
    >>> field = RationalField([t], [Linear.from_sympy(t)], [gamma])
    >>> e = field.convert(1 / (1 + gamma * sp.exp(-t)))
    >>> field.to_sympy(e)
    exp(t)/(gamma + exp(t))
    >>> field.to_sympy(field.gradient(e)[t])
    gamma*exp(t)/(gamma + exp(t))**2
    >>> L = sp.Symbol("L")
    >>> field = RationalField([t], [], [t], logarithms={L: 1 + sp.exp(t)})
    >>> e = field.symbol(t) - field.symbol(L)
    >>> field.to_sympy(e), field.to_sympy(field.gradient(e)[t])
    (t - log(exp(t) + 1), 1/(exp(t) + 1))
    """

    differential = True
    grows = True

    def __init__(
        self,
        parameters: Sequence[sp.Symbol],
        forms: Iterable[Linear] = (),
        expressions: Iterable[sp.Expr] = (),
        *,
        generators: Generators | None = None,
        logarithms: Mapping[sp.Symbol, sp.Expr] | None = None,
        budget: int = CLOSED_FORM_TERMS,
        seconds: float | None = None,
    ) -> None:
        self.parameters = tuple(parameters)
        self.logarithms = dict(logarithms or {})
        found = generators or Generators.of(forms, [*expressions, *self.logarithms.values()])
        self._found = found
        exponentials: list[sp.Symbol | None] = [*found.exponentials, *([None] if found.constant else [])]
        self._exponent = {symbol: k for k, symbol in enumerate(exponentials)}
        """The variable exp(theta/q) of each theta, and that of exp(c), as None."""
        others = enumerate((*found.symbols, *self.logarithms), len(exponentials))
        self._index: dict[sp.Symbol, int] = {symbol: k for k, symbol in others}
        """The variables of the symbols, and of those that stand for logarithms."""
        self._exponentials: dict[Linear, Any] = {}
        variables = len(self._exponent) + len(self._index)
        self._constant = not variables  # then elements are plain fmpq
        self.limits: dict[str, Any] = {"budget": budget, "seconds": seconds}
        self._ring = Ring(max(variables, 1), budget, seconds)
        self._base = CoprimeBase(self._ring)
        self.zero = self._rational(0, 1)
        self.one = self._rational(1, 1)

    @classmethod
    def with_derivation(
        cls,
        generators: Sequence[sp.Symbol],
        derivation: Mapping[sp.Symbol, Mapping[sp.Symbol, sp.Expr]],
        *,
        budget: int = CLOSED_FORM_TERMS,
        seconds: float | None = None,
    ) -> RationalField:
        """Q(generators) with a given table of derivatives, as for pi(a|s) kept as symbols.

        For each parameter theta, `derivation` has the nonzero d generator / d theta, rational in the generators.

        >>> t, p = sp.symbols("theta pi")
        >>> field = RationalField.with_derivation([p], {t: {p: p * (1 - p)}})
        >>> field.to_sympy(field.gradient(field.symbol(p) ** 2)[t])
        -2*pi**2*(pi - 1)
        """
        found = Generators({}, Fraction(0), tuple(generators))
        field = cls(tuple(derivation), generators=found, budget=budget, seconds=seconds)
        field._derivations = {}
        for theta, table in derivation.items():
            for generator in table:
                if generator not in field._index:
                    raise NotInFieldError(
                        f"d {generator} / d {theta} is given; {generator} is not a generator. Add it to the generators",
                        where="derivation",
                    )
            images = {field._index[g]: field.convert(expr) for g, expr in table.items()}
            field._derivations[theta] = Differentiation.from_elements(field._base, images)
        return field

    @cached_property
    def generators(self) -> tuple[sp.Expr, ...]:
        """The generators as expressions, in the order of the polynomials' variables."""
        found = self._found
        names: list[sp.Expr] = [sp.exp(symbol / q) for symbol, q in found.exponentials.items()]
        if found.constant:
            names.append(sp.exp(sp.Rational(found.constant)))
        return (*names, *found.symbols, *(sp.log(f) for f in self.logarithms.values()))

    @cached_property
    def _printer(self) -> Printer:
        return Printer(self._base, self.generators)

    @cached_property
    def _derivations(self) -> dict[sp.Symbol, Differentiation]:
        """d/d theta on everything but logarithms."""
        found: dict[sp.Symbol, Differentiation] = {}
        for theta in self.parameters:
            images: dict[int, Polynomial] = {}
            scale = self._found.exponentials.get(theta, 1)
            if theta in self._exponent:
                images[self._exponent[theta]] = self._ring.generators[self._exponent[theta]]
            if theta in self._index:
                images[self._index[theta]] = self._ring.one * scale
            if images:
                found[theta] = Differentiation(self._base, images, self.number(Fraction(scale)))
        return found

    @cached_property
    def _chain(self) -> list[tuple[int, Differentiation, dict[sp.Symbol, Any]]]:
        """For each logarithm L: its variable, d/dL, and dL/dtheta by theta."""
        found = []
        for symbol, f in self.logarithms.items():
            element, k = self.convert(f), self._index[symbol]
            by_parameter = ((theta, derivation(element)) for theta, derivation in self._derivations.items())
            slopes = {theta: slope / element for theta, slope in by_parameter if slope}
            found.append((k, Differentiation(self._base, {k: self._ring.one}, self.one), slopes))
        return found

    def number(self, value: Fraction) -> Any:
        return self._rational(value.numerator, value.denominator)

    def _rational(self, above: int, below: int) -> Any:
        if self._constant:
            return fmpq(above, below)
        return RationalFunction(self._base, self._ring.one * above, ONE if below == 1 else fmpz(below))

    def symbol(self, symbol: sp.Symbol) -> Any:
        if symbol not in self._index:
            raise NotInFieldError(
                f"not a generator; the field has {', '.join(map(str, self.generators)) or 'none'}. "
                "Give an expression with it to the field's constructor",
                where=str(symbol),
            )
        return RationalFunction(self._base, self._ring.generators[self._index[symbol]])

    def exp(self, form: Linear) -> Any:
        if form == Linear():
            return self.one
        if form not in self._exponentials:
            # exp(l) and exp(0) over their common monomial: numerator and denominator
            above, below = map(self._monomial, shifted_exponents(self._found, [form, Linear()]))
            self._exponentials[form] = RationalFunction(self._base, above) / RationalFunction(self._base, below)
        return self._exponentials[form]

    def softmax(self, forms: Sequence[Linear]) -> list[Any]:
        exponents = shifted_exponents(self._found, forms)
        if not any(any(row.values()) for row in exponents):
            return [self.number(Fraction(1, len(forms)))] * len(forms)
        weights = [self._monomial(row) for row in exponents]
        total = sum(weights, self._ring.zero)
        # no generator divides the total: its least power there is 0, and nothing cancels
        content = total.content()
        factors = self._base.live(((self._base.part(total // content), 1),))
        return [RationalFunction(self._base, weight, content, factors) for weight in weights]

    def _monomial(self, exponents: Mapping[sp.Symbol | None, int]) -> Polynomial:
        result = self._ring.one
        for symbol, power in exponents.items():
            if power:
                result = result * self._ring.generators[self._exponent[symbol]] ** power
        return result

    def _evaluated(self, expr: sp.Expr) -> Any:
        return self._rational(int(expr.p), int(expr.q)) if expr.is_Rational else evaluate(self.named(expr), self)

    def named(self, expr: sp.Expr) -> sp.Expr:
        """The expression with the field's logarithms as their symbols."""
        return expr.xreplace({sp.log(f): symbol for symbol, f in self.logarithms.items()}) if self.logarithms else expr

    def dot(self, left: Sequence[Any], right: Sequence[Any]) -> Any:
        found = None if self._constant or len(left) < 2 else dot(self._base, left, right)
        return super().dot(left, right) if found is None else found

    def fixed_point(self, equations: Sequence[Terms], last: int = 0) -> Sequence[Any]:
        """The x with x_i = sum a b x_j for the terms (j, a, b) of equation i of n, and x_n = 1; `last` is cheap.

        >>> p = sp.Symbol("p")
        >>> field = RationalField([], [], [p])
        >>> one, p = field.one, field.symbol(p)
        >>> x = field.fixed_point([[(2, one, one), (1, p, p)], [(0, one, p)]])
        >>> field.to_sympy(x[0]), field.to_sympy(x[1])
        (-1/((p - 1)*(p**2 + p + 1)), -p/((p - 1)*(p**2 + p + 1)))
        """
        if not (n := len(equations)):
            return []
        if self._constant or n > FRACTION_FREE:
            rows = [self._row(terms, i, n) for i, terms in enumerate(equations)]
            right = [row.pop(n, self.zero) for row in rows]
            return self.factor(rows, [last]).solve(right)
        cleared = [
            cleared_row(self._base, terms, i, n)
            or {j: e.numerator for j, e in self._cleared(self._row(terms, i, n))[0].items()}
            for i, terms in enumerate(equations)
        ]
        return solve_cleared(self._base, cleared, last)

    def _row(self, terms: Terms, i: int, n: int) -> dict[int, Any]:
        """Row i of I - A, with the right side in column n."""
        products: dict[int, list[tuple[Any, Any]]] = {}
        for j, a, b in terms:
            products.setdefault(j, []).append((a, b))
        sums = {j: self.dot(*zip(*pairs, strict=True)) for j, pairs in products.items()}
        row = {j: e if j == n else -e for j, e in sums.items()}
        row[i] = self.one + row[i] if i in row else self.one
        return row

    def gradient(self, element: Any) -> dict[sp.Symbol, Any]:
        if self._constant:
            return {}
        found = {theta: derivation(element) for theta, derivation in self._derivations.items()}
        for k, partial, slopes in self._chain:
            if slopes and self._mentions(element, k):
                inner = partial(element)
                for theta, slope in slopes.items():
                    found[theta] = found[theta] + inner * slope
        return {theta: e for theta, e in found.items() if e}

    def _mentions(self, element: RationalFunction, k: int) -> bool:
        polynomials = [element.numerator, *(part.poly for part, _ in element.factors)]
        return any(self._ring.degrees(poly)[k] > 0 for poly in polynomials)

    def substitute(self, element: Any, symbol: sp.Symbol, value: int) -> Any:
        """The element with an integer for one symbol: its limit there, since it is in lowest terms.

        ZeroDivisionError at a pole.
        """
        if self._constant:
            return element
        index, ring = self._index[symbol], self._ring
        above, below = (ring.substitute(p, index, value) for p in (element.numerator, element.denominator()))
        return RationalFunction(self._base, above) / RationalFunction(self._base, below)

    def number_in(self, element: Any) -> Fraction | None:
        """The rational number that the element is; None for other functions.

        >>> p = sp.Symbol("p")
        >>> field = RationalField([], [], [p])
        >>> field.number_in(field.convert((p + p) / (3 * p))), field.number_in(field.convert(p))
        (Fraction(2, 3), None)
        """
        if self._constant:
            return Fraction(int(element.p), int(element.q))
        if self._base.live(element.factors) or any(k > 0 for k in self._ring.degrees(element.numerator)):
            return None
        return Fraction(int(self._ring.evaluate(element.numerator)), int(element.scale))

    def terms(self, element: Any) -> int:
        """How long the element's numerator is: its number of terms."""
        return 1 if self._constant else len(element.numerator)

    def factor(
        self, rows: Sequence[Row], last: Sequence[int] = (), *, ordering: Ordering | None = None
    ) -> Factorization:
        if self._constant or not rows:
            return eliminate(rows, self.is_zero, last, ordering)
        cleared, scales = zip(*(self._cleared(row) for row in rows), strict=True)
        ordering = ordering or order([row.keys() for row in cleared], last)
        if self._ring.variables == 1 and prefers_images(ordering):
            return RowScaled(ImageFactorization(self._base, cleared), scales)
        return RowScaled(eliminate(cleared, self.is_zero, last, ordering), scales)

    def _cleared(self, row: Row) -> tuple[dict[int, RationalFunction], RationalFunction]:
        """The row times its common denominator, and that denominator: polynomial rows need fewer gcds."""
        if all(not e.factors and e.scale == 1 for e in row.values()):
            return {j: e for j, e in row.items() if e}, self.one
        common: Factors = ()
        scale = ONE
        for element in row.values():
            scale = scale.lcm(element.scale)
            common, other = self._base.refine(common, element.factors)
            common = self._base.times(common, beyond(other, common))
        cleared = {}
        for j, element in row.items():
            if not element:
                continue
            rest = beyond(self._base.live(common), self._base.live(element.factors))
            numerator = element.numerator * (scale // element.scale)
            cleared[j] = RationalFunction(self._base, self._ring.multiply(numerator, self._base.expand(rest)))
        return cleared, RationalFunction(self._base, self._base.expand(self._base.live(common)) * scale)

    def to_sympy(self, element: Any) -> sp.Expr:
        """The element as an expression, without loss; denominators stay factored.

        Numerators and denominators of fewer than 2000 terms are factored over the integers.
        Polynomials in exp(1/q) are numbers and stay as they are.
        """
        if self._constant:
            return sp.Rational(int(element.p), int(element.q))
        return self._printer.fraction(element)

    def factored(self, element: Any) -> tuple[sp.Rational, dict[sp.Expr, int]]:
        """A nonzero element as a rational number times powers of distinct irreducible polynomials.

        The sign of a polynomial makes its lowest coefficient positive.

        >>> p = sp.Symbol("p")
        >>> field = RationalField([], [], [p])
        >>> field.factored(field.convert((p - 1) ** 2 / (6 * p)))
        (1/6, {1 - p: 2, p: -1})
        """
        return (self.to_sympy(element), {}) if self._constant else self._printer.factored(element)
