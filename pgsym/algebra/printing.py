"""Polynomials and fractions as SymPy expressions, in SymPy's own canonical form but without its bookkeeping.

`sympy.Mul` inspects every pair of factors of every term, although here all factors are powers of a few
generators.  The powers are sorted once, and each term is put together from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key

import sympy as sp
from sympy.core.basic import Basic

from pgsym.algebra.coprime import CoprimeBase, CoprimePart
from pgsym.algebra.fraction import RationalFunction
from pgsym.algebra.polynomial import Polynomial

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

    def fraction(self, element: RationalFunction, factor: bool) -> sp.Expr:
        """An element; numerator and denominator are factored over the integers where they are short and `factor`."""
        content, above = self._product([(element.numerator, 1)], factor)
        parts = self._base.live(element.factors)
        unit, below = self._product([(part.poly, power) for part, power in parts], factor)
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

    def _product(self, powers: Sequence[tuple[Polynomial, int]], factor: bool) -> tuple[int, list[sp.Expr]]:
        content = 1
        found: list[sp.Expr] = []
        for poly, power in powers:
            if factor and len(poly) < FACTOR_TERMS and not self._is_about_e(poly):
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

    def _is_about_e(self, poly: Polynomial) -> bool:
        return self._e is not None and self._ring.degrees(poly)[self._e] > 0

    def _polynomial(self, poly: Polynomial) -> sp.Expr:
        return expression(self._ring.terms(poly), self._generators)
