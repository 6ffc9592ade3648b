"""Which independent quantities a problem is rational in.

exp(theta_i / q_i), exp(c), the theta_i themselves and the plain symbols are algebraically independent
(Lindemann-Weierstrass for the constants), so they may serve as polynomial variables.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce

import sympy as sp

from pgsym.errors import NotInFieldError
from pgsym.expression.linear import Linear, common_denominators
from pgsym.expression.naming import in_order

MAX_POWER = 10_000
"""Largest power of exp(c) that constants make: polynomials of higher degree take minutes and gigabytes."""


@dataclass(frozen=True)
class Generators:
    """The generators of a problem, by kind.

    >>> t, g = sp.symbols("t gamma")
    >>> Generators.of([Linear.from_sympy(t / 2)], [1 - g, sp.exp(t / 3)])
    Generators(exponentials={t: 6}, constant=Fraction(0, 1), symbols=(gamma,))
    """

    exponentials: dict[sp.Symbol, int]
    """q_i for every parameter that stands in an exponential: the generator is exp(theta_i / q_i)."""
    constant: Fraction
    """The greatest c > 0 of which all constants in exponentials are multiples: the generator is exp(c); 0 if none."""
    symbols: tuple[sp.Symbol, ...]
    """Symbols that stand outside exponentials, sorted by name."""
    _powers: dict[Linear, list[tuple[sp.Symbol | None, int]]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, forms: Iterable[Linear], expressions: Iterable[sp.Expr]) -> Generators:
        """Collect them from linear forms (inside exponentials) and from expressions."""
        found = list(forms)
        plain: set[sp.Symbol] = set()
        for expr in set(expressions):
            if expr.is_Symbol:
                plain.add(expr)
                continue
            for atom in _atoms(expr):
                if isinstance(atom, Linear):
                    found.append(atom)
                else:
                    plain.add(atom)
        denominators, _ = common_denominators(found)
        return cls(
            {symbol: denominators[symbol] for symbol in in_order(denominators)},
            reduce(_common_unit, {form.constant for form in found if form.constant}, Fraction(0)),
            tuple(in_order(plain)),
        )

    def powers(self, form: Linear) -> list[tuple[sp.Symbol | None, int]]:
        """exp(form) as powers of exp(theta_i / q_i); None stands for exp(c)."""
        if form in self._powers:
            return self._powers[form]
        found: list[tuple[sp.Symbol | None, int]] = []
        for symbol, c in form.coefficients:
            q = self.exponentials.get(symbol, 0)
            if q == 0 or q % c.denominator:
                raise self._missing(form)
            found.append((symbol, c.numerator * (q // c.denominator)))
        if form.constant:
            power = form.constant / self.constant if self.constant else Fraction(1, 2)
            if power.denominator != 1:
                raise self._missing(form)
            if abs(power) > MAX_POWER:
                raise NotInFieldError(
                    f"found the power {power} of exp({self.constant}); at most the power {MAX_POWER} is exact. "
                    "Give theta fewer digits",
                    where=f"exp({form.to_sympy()})",
                )
            found.append((None, int(power)))
        self._powers[form] = found
        return found

    def _missing(self, form: Linear) -> NotInFieldError:
        names = [f"exp({symbol / q})" for symbol, q in self.exponentials.items()]
        if self.constant:
            names.append(f"exp({self.constant})")
        return NotInFieldError(
            f"the field has no root for it; its exponentials are {', '.join(names) or 'none'}. "
            "Give the form to the field's constructor",
            where=f"exp({form.to_sympy()})",
        )


def _common_unit(a: Fraction, b: Fraction) -> Fraction:
    """The greatest number of which both are multiples.

    >>> _common_unit(Fraction(1, 2), Fraction(-4, 3))
    Fraction(1, 6)
    """
    over = math.lcm(a.denominator, b.denominator)
    return Fraction(math.gcd(int(a * over), int(b * over)), over)


def _atoms(expr: sp.Expr) -> Iterator[sp.Symbol | Linear]:
    """Symbols outside exponentials, and the linear forms inside them."""
    stack: list[sp.Basic] = [expr]
    while stack:
        node = stack.pop()
        if node is sp.E:
            yield Linear.of({}, Fraction(1))
        elif isinstance(node, sp.exp):
            yield Linear.from_sympy(node.args[0])
        elif isinstance(node, sp.Symbol):
            yield node
        else:
            stack.extend(node.args)


def shifted_exponents(generators: Generators, forms: Sequence[Linear]) -> list[dict[sp.Symbol | None, int]]:
    """Exponents of exp(l_a), without the least common monomial: it cancels in the quotients of a softmax."""
    rows = [dict(generators.powers(form)) for form in forms]
    lowest = {g: min(row.get(g, 0) for row in rows) for g in {g for row in rows for g in row}}
    return [{g: row.get(g, 0) - low for g, low in lowest.items()} for row in rows]
