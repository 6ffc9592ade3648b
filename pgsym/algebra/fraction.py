r"""Elements of Q(g_0, ..., g_{n-1}): reduced fractions whose denominators stay factored.

A fraction is N / (c prod_i p_i^{e_i}) with a polynomial N over Z, a positive integer c and parts p_i of a
`CoprimeBase`.  It is always in lowest terms, so N is unique, and zero is N = 0.  Sums and products take the
smallest gcds that suffice:

* product: gcd(N_a, p) for the p of the other denominator only;
* sum: let v_f be the exponent of an irreducible f.  If v_f differs in the two denominators, f divides exactly
  one of the two terms of the combined numerator, so only parts with equal exponents can cancel.

References: P. Henrici, A subroutine for computations with rational numbers (1956); D. E. Knuth, The Art of
Computer Programming, vol. 2, section 4.5.1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cmp_to_key
from typing import Any

import sympy as sp
from flint import fmpz
from sympy.core.basic import Basic

from pgsym.algebra.coprime import CoprimeBase, CoprimePart, Factors, beyond
from pgsym.algebra.polynomial import Polynomial

ONE = fmpz(1)


def _of_elements(operation: Callable[[RationalFunction, RationalFunction], Any]) -> Callable[..., Any]:
    """The operation with a rational number in the second place too."""

    def combined(self: RationalFunction, other: Any) -> Any:
        if type(other) is not RationalFunction:
            if not isinstance(other, int | Fraction):
                return NotImplemented
            other = RationalFunction(self.base, self.base.ring.one * other.numerator, fmpz(other.denominator))
        return operation(self, other)

    return combined


class RationalFunction:
    """One element, with c as `scale`; made by a `RationalField`, combined with ``+ - * /`` and integer ``**``."""

    __slots__ = ("base", "factors", "numerator", "scale")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, base: CoprimeBase, numerator: Polynomial, scale: fmpz = ONE, factors: Factors = ()) -> None:
        self.base = base
        self.numerator = numerator
        self.scale = scale
        self.factors = factors

    def __bool__(self) -> bool:
        return not self.numerator.is_zero()

    def denominator(self) -> Polynomial:
        """c prod p_i^{e_i}, expanded."""
        return self.base.expand(self.base.live(self.factors)) * self.scale

    @_of_elements
    def __add__(self, other: RationalFunction) -> RationalFunction:
        a, b = self, other
        if a.numerator.is_zero():
            return b
        if b.numerator.is_zero():
            return a
        base = a.base
        multiply = base.ring.multiply
        na, nb, scale = a.numerator, b.numerator, a.scale
        if a.scale != b.scale:
            g = a.scale.gcd(b.scale)
            na, nb, scale = na * (b.scale // g), nb * (a.scale // g), a.scale // g * b.scale
        if a.factors == b.factors:
            factors = shared = base.live(a.factors)
        else:
            fa, fb = base.refine(a.factors, b.factors)
            missing_a, missing_b = beyond(fb, fa), beyond(fa, fb)
            if missing_a:
                na = multiply(na, base.expand(missing_a))
            if missing_b:
                nb = multiply(nb, base.expand(missing_b))
            factors = base.times(fa, missing_a)
            shared = tuple(item for item in fa if item in fb)
        numerator = na + nb
        if numerator.is_zero():
            return RationalFunction(base, numerator)
        if shared:
            before = numerator
            numerator, left = _cancel(base, numerator, shared)
            if numerator is not before:
                kept = dict(shared)
                factors = base.live(tuple(item for item in factors if item[0] not in kept))
                factors = base.times(factors, left)
        return _reduced_scale(base, numerator, scale, factors)

    __radd__ = __add__

    @_of_elements
    def __sub__(self, other: RationalFunction) -> RationalFunction:
        return self + -other

    @_of_elements
    def __rsub__(self, other: RationalFunction) -> RationalFunction:
        return other + -self

    def __neg__(self) -> RationalFunction:
        return RationalFunction(self.base, -self.numerator, self.scale, self.factors)

    @_of_elements
    def __mul__(self, other: RationalFunction) -> RationalFunction:
        a, b = self, other
        base = a.base
        na, nb = a.numerator, b.numerator
        if na.is_zero() or nb.is_zero():
            return RationalFunction(base, base.ring.zero)
        fa, fb = a.factors, b.factors
        if not fb and b.scale == 1 and nb.is_one():
            return a
        if not fa and a.scale == 1 and na.is_one():
            return b
        if fa or fb:
            na, fb = _cancel(base, na, base.live(fb), skip=fa)
            nb, fa = _cancel(base, nb, base.live(fa), skip=fb)
            if fa and fb:
                fa, fb = base.refine(fa, fb)
            fa = base.times(base.live(fa), base.live(fb))
        return _reduced_scale(base, base.ring.multiply(na, nb), a.scale * b.scale, fa)

    __rmul__ = __mul__

    @_of_elements
    def __truediv__(self, other: RationalFunction) -> RationalFunction:
        a, b = self, other
        base = a.base
        na, nb = a.numerator, b.numerator
        if nb.is_zero():
            raise ZeroDivisionError("division by the zero element")
        if na.is_zero():
            return a
        fa, fb = base.refine(a.factors, b.factors) if b.factors else (base.live(a.factors), ())
        left, up = beyond(fa, fb), beyond(fb, fa)
        if na == nb:
            na = nb = base.ring.one
        elif not nb.is_one():
            g = base.ring.gcd(na, nb)
            if not g.is_one():
                na, nb = na // g, nb // g
        content = nb.content()
        if nb.leading_coefficient() < 0:
            content = -content
        if content != 1:
            nb = nb // content
        scale = a.scale * abs(content)
        if content < 0:
            na = -na
        if b.scale != 1:
            na = na * b.scale
        if up:
            na = base.ring.multiply(na, base.expand(up))
        below: Factors = () if nb.is_one() else base.factors(nb)
        if below and left:
            left, below = base.refine(left, below)
        return _reduced_scale(base, na, scale, base.times(left, below))

    @_of_elements
    def __rtruediv__(self, other: RationalFunction) -> RationalFunction:
        return other / self

    def __pow__(self, power: int) -> RationalFunction:
        if power < 0:
            return (1 / self) ** -power
        numerator = self.base.ring.product([(self.numerator, power)])
        factors = tuple((part, e * power) for part, e in self.factors) if power else ()
        return RationalFunction(self.base, numerator, self.scale**power, factors)

    @_of_elements
    def __eq__(self, other: RationalFunction) -> bool:
        if self.numerator != other.numerator or self.scale != other.scale:
            return False
        a, b = self.base.refine(self.factors, other.factors)
        return a == b

    def __repr__(self) -> str:
        below = "".join(f"*({part.poly})" + (f"^{e}" if e > 1 else "") for part, e in self.factors)
        return f"({self.numerator})/({self.scale}{below})"


def reduced(base: CoprimeBase, numerator: Polynomial, scale: fmpz, factors: Factors) -> RationalFunction:
    """The fraction in lowest terms; every part may share divisors with the numerator."""
    if numerator.is_zero():
        return RationalFunction(base, numerator)
    numerator, factors = _cancel(base, numerator, base.live(factors))
    return _reduced_scale(base, numerator, scale, factors)


def _cancel(
    base: CoprimeBase, numerator: Polynomial, factors: Factors, skip: Factors = ()
) -> tuple[Polynomial, Factors]:
    """Divide numerator and parts by all that they share; parts in `skip` are known to share nothing."""
    if not factors or numerator.is_one():
        return numerator, factors
    known: set[CoprimePart] = {part for part, _ in skip}
    kept: list[tuple[CoprimePart, int]] = []
    stack = list(reversed(factors))
    changed = False
    while stack:
        part, power = stack.pop()
        if part in known:
            kept.append((part, power))
            continue
        quotient = base.quotient(numerator, part)
        if quotient is not None:
            numerator, changed = quotient, True
            if power > 1:
                stack.append((part, power - 1))
            continue
        g = base.ring.gcd(numerator, part.poly)
        if g.is_one():
            kept.append((part, power))
            continue
        changed = True
        if g == part.poly:
            numerator = numerator // g
            if power > 1:
                stack.append((part, power - 1))
        else:
            base.split(part, g)
            stack.extend((piece, power * k) for piece, k in part.pieces or ())
    if not changed:
        return numerator, factors
    return numerator, tuple(sorted(kept, key=lambda item: item[0].key))


def _reduced_scale(base: CoprimeBase, numerator: Polynomial, scale: fmpz, factors: Factors) -> RationalFunction:
    if scale != 1:
        g = numerator.content().gcd(scale)
        if g != 1:
            numerator, scale = numerator // g, scale // g
    return RationalFunction(base, numerator, scale, factors)


FACTOR_TERMS = 2000
"""Polynomials with fewer terms are factored for printing."""


def expression(terms: Sequence[tuple[tuple[int, ...], int]], generators: Sequence[sp.Expr]) -> sp.Expr:
    """sum_m c_m prod_k generators[k]^{m_k}, for terms (m, c) with distinct exponents and nonzero coefficients.

    >>> t, g = sp.symbols("t gamma")
    >>> expression([((2, 1), -1), ((0, 0), 3)], [sp.exp(t / 2), g])
    -gamma*exp(t) + 3
    """
    constants = [k for k, g in enumerate(generators) if not g.free_symbols]
    if constants:  # exp(1/2) exp(t) may merge into exp(t + 1/2)
        return sp.Add(
            *(sp.Mul(sp.Integer(c), *(g**k for g, k in zip(generators, m, strict=True) if k)) for m, c in terms)
        )
    used = {(k, e) for m, _ in terms for k, e in enumerate(m) if e}
    powers = {item: generators[item[0]] ** item[1] for item in used}
    position = {power: item for item, power in powers.items()}
    in_order = sorted(position, key=cmp_to_key(Basic.compare))
    rank = {position[power]: place for place, power in enumerate(in_order)}
    made = []
    for exponents, coefficient in terms:
        factors = sorted([(k, e) for k, e in enumerate(exponents) if e], key=rank.__getitem__)
        args = [powers[item] for item in factors]
        if coefficient != 1 or not args:
            args.insert(0, sp.Integer(coefficient))
        made.append(args[0] if len(args) == 1 else sp.Mul._from_args(args))
    return sp.Add(*made)


class Printer:
    """Fractions over one coprime base as expressions in its generators."""

    def __init__(self, base: CoprimeBase, generators: Sequence[sp.Expr]) -> None:
        self._base = base
        self._ring = base.ring
        self._generators = generators
        self._e = next((k for k, g in enumerate(generators) if not g.free_symbols and not g.has(sp.log)), None)
        self._factorizations: dict[CoprimePart, tuple[int, list[tuple[sp.Expr, int]]]] = {}

    def fraction(self, element: RationalFunction) -> sp.Expr:
        """An element; numerator and denominator are factored over the integers where they are short."""
        content, above = self._product([(element.numerator, 1)])
        parts = self._base.live(element.factors)
        unit, below = self._product([(part.poly, power) for part, power in parts])
        number = sp.Rational(content, unit * int(element.scale))
        return sp.Mul(number, *above, *(1 / f for f in below))

    def factored(self, element: RationalFunction) -> tuple[sp.Rational, dict[sp.Expr, int]]:
        """A nonzero element as a rational number times powers of irreducible polynomials, which never repeat."""
        factorizations = [(self._irreducible(element.numerator), 1)]
        for part, power in self._base.live(element.factors):
            if part not in self._factorizations:
                self._factorizations[part] = self._irreducible(part.poly)
            factorizations.append((self._factorizations[part], -power))
        number, powers = sp.Rational(1, int(element.scale)), {}
        for (content, irreducible), power in factorizations:
            number *= sp.Integer(content) ** power
            powers.update({f: k * power for f, k in irreducible})
        return number, powers

    def _product(self, powers: Sequence[tuple[Polynomial, int]]) -> tuple[int, list[sp.Expr]]:
        content = 1
        found: list[sp.Expr] = []
        for poly, power in powers:
            about_e = self._e is not None and self._ring.degrees(poly)[self._e] > 0
            if len(poly) < FACTOR_TERMS and not about_e:
                c, irreducible = self._ring.factor(poly)
                content *= c**power
                found.extend(self._polynomial(f) ** (k * power) for f, k in irreducible)
            else:
                found.append(self._polynomial(poly) ** power)
        return content, found

    def _irreducible(self, poly: Polynomial) -> tuple[int, list[tuple[sp.Expr, int]]]:
        """The content, and irreducible factors whose lowest coefficient is positive."""
        content, factors = self._ring.factor(poly)
        powers = []
        for f, k in factors:
            sign = -1 if self._ring.terms(f)[-1][1] < 0 else 1
            content *= sign**k
            powers.append((self._polynomial(f * sign), k))
        return content, powers

    def _polynomial(self, poly: Polynomial) -> sp.Expr:
        return expression(self._ring.terms(poly), self._generators)
