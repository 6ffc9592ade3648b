"""Equations that inequalities amount to: g >= 0 and -g >= 0 leave no choice."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from pgsym.expression.linear import Linear


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
