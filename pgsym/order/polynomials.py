"""Polynomials with integer coefficients in n variables, n >= 1: what the rungs share, nothing about signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import Ordering, fmpq, fmpq_mpoly_ctx, fmpz_mpoly_ctx, fmpz_poly

from pgsym.algebra.realline import fraction

Polynomial = Any
"""flint.fmpz_mpoly in a context of `context`."""

Exponents = tuple[int, ...]


def context(n: int) -> Any:
    """Z[g0, ..., g_{n-1}], the same as that of `pgsym.algebra.polynomial.Ring` for n >= 2."""
    return fmpz_mpoly_ctx.get([f"g{i}" for i in range(n)], Ordering.lex)


def terms(p: Polynomial) -> dict[Exponents, int]:
    """{exponents: coefficient}, nonzero ones."""
    return {tuple(map(int, m)): int(c) for m, c in p.to_dict().items()}


def of_terms(found: Mapping[Exponents, int], n: int) -> Polynomial:
    """The polynomial in n variables with these terms."""
    return context(n).from_dict(dict(found))


def read(p: Any, n: int) -> Polynomial:
    """An integer, an `fmpz_poly` (n = 1) or an `fmpz_mpoly` as a polynomial of this module."""
    if isinstance(p, fmpz_poly):
        return of_terms({(k,): int(c) for k, c in enumerate(p.coeffs()) if c}, n)
    if hasattr(p, "to_dict"):
        return of_terms(terms(p), n)
    return context(n).constant(int(p))


def fraction_of(expr: sp.Expr, variables: Sequence[sp.Expr]) -> tuple[Polynomial, Polynomial]:
    """An expression that is rational in the variables as numerator and denominator with integer coefficients.

    >>> x, y = sp.symbols("x y")
    >>> fraction_of(x / 2 - 1 / y, [x, y])
    (g0*g1 - 2, 2*g1)
    """
    parts = []
    for part in sp.fraction(sp.together(expr)):
        cleared, poly = sp.Poly(part, *variables, domain="QQ").clear_denoms(convert=True)
        parts.append((int(cleared), {m: int(c) for m, c in poly.terms() if c}))
    (over, above), (under, below) = parts
    n = len(variables)
    return of_terms(above, n) * under, of_terms(below, n) * over


def lowest_terms(above: Polynomial, below: Polynomial) -> tuple[Polynomial, Polynomial]:
    """A fraction without common factors; 0 is 0/1.

    >>> x, y = context(2).gens()
    >>> lowest_terms(x**2 - y**2, x * y - y**2)
    (g0 + g1, g1)
    """
    if above.is_zero():
        return above, below.context().constant(1)
    common = above.gcd(below)
    return above // common, below // common


def substitute(p: Polynomial, i: int, above: Polynomial, below: Polynomial) -> Polynomial:
    """below^d p(g_i = above/below), with d the degree of p in g_i.

    >>> x, y = context(2).gens()
    >>> substitute(x**2 - y, 0, x, 1 + x)
    -g0^2*g1 + g0^2 - 2*g0*g1 - g1
    """
    if p.degrees()[i] <= 0:
        return p
    n = p.context().nvars()
    result, scale = context(n).constant(0), context(n).constant(1)
    for coefficient in reversed(by_power(p, i)):
        result = result * above + coefficient * scale
        scale = scale * below
    return result


def by_power(p: Polynomial, i: int) -> list[Polynomial]:
    """The coefficients of p as a polynomial in g_i, lowest first.

    >>> x, y = context(2).gens()
    >>> by_power(x**2 * y - x + 3, 0)
    [3, -1, g1]
    """
    found: dict[int, dict[Exponents, int]] = {}
    for m, c in terms(p).items():
        found.setdefault(m[i], {})[(*m[:i], 0, *m[i + 1 :])] = c
    n = p.context().nvars()
    return [of_terms(found.get(power, {}), n) for power in range(max(found, default=0) + 1)]


def value(p: Polynomial, point: Sequence[Fraction]) -> Fraction:
    """p at a rational point, exactly.

    >>> x, y = context(2).gens()
    >>> value(x**2 - y, [Fraction(1, 2), Fraction(3)])
    Fraction(-11, 4)
    """
    ring = fmpq_mpoly_ctx.get([f"g{i}" for i in range(len(point))], Ordering.lex)
    return fraction(ring.from_dict(p.to_dict())(*(fmpq(v.numerator, v.denominator) for v in point)))


def primitive(p: Polynomial) -> Polynomial:
    """p over the positive content of its coefficients: its signs are those of p."""
    content = p.content()
    return p if p.is_zero() or content == 1 else p // content


def factors(p: Polynomial, largest: int) -> tuple[int, list[tuple[Polynomial, int]]]:
    """Content with sign and irreducible factors with powers; a polynomial of more terms than `largest` stays whole."""
    if 0 < len(p) <= largest:
        try:
            content, found = p.factor()
            return int(content), [(f, int(k)) for f, k in found]
        except OverflowError:  # python-flint sorts factors by their coefficients as machine integers
            pass
    return 1, [(p, 1)]


def variables_of(p: Polynomial) -> list[int]:
    """Which variables stand in p."""
    return [i for i, d in enumerate(p.degrees()) if d > 0]
