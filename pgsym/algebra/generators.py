"""Which independent quantities a problem is rational in.

exp(theta_i / q_i), exp(1 / q_0), the theta_i themselves and the plain symbols are algebraically independent
(Lindemann-Weierstrass for the constants), so they may serve as polynomial variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import sympy as sp

from pgsym.errors import NotInFieldError
from pgsym.expression.linear import Linear, common_denominators
from pgsym.expression.symbols import in_order


@dataclass(frozen=True)
class Generators:
    """The generators of a problem, by kind.

    Attributes
    ----------
    exponentials : dict
        q_i for every parameter that stands in an exponential: the generator is exp(theta_i / q_i).
    constant : int
        q_0 where a rational constant stands in an exponential: the generator is exp(1 / q_0); else 0.
    symbols : tuple
        Symbols that stand outside exponentials, sorted by name.

    Examples
    --------
    >>> t, g = sp.symbols("t gamma")
    >>> Generators.of([Linear.from_sympy(t / 2)], [1 - g, sp.exp(t / 3)])
    Generators(exponentials={t: 6}, constant=0, symbols=(gamma,))
    """

    exponentials: dict[sp.Symbol, int]
    constant: int
    symbols: tuple[sp.Symbol, ...]
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
        denominators, q0 = common_denominators(found)
        return cls(
            {symbol: denominators[symbol] for symbol in in_order(denominators)},
            q0 if any(form.constant for form in found) else 0,
            tuple(in_order(plain)),
        )

    def powers(self, form: Linear) -> list[tuple[sp.Symbol | None, int]]:
        """exp(form) as powers of exp(theta_i / q_i); None stands for exp(1 / q_0).

        Raises
        ------
        NotInFieldError
            The form needs a root that is not among the generators.
        """
        if form in self._powers:
            return self._powers[form]
        found: list[tuple[sp.Symbol | None, int]] = []
        roots = [(symbol, c, self.exponentials.get(symbol, 0)) for symbol, c in form.coefficients]
        constant = [(None, form.constant, self.constant)] if form.constant else []
        for symbol, c, q in (*roots, *constant):
            if q == 0 or q % c.denominator:
                raise NotInFieldError(
                    f"the field has no root for it; its exponentials are {self._listing()}. "
                    "Give the form to the field's constructor",
                    where=f"exp({form.to_sympy()})",
                )
            found.append((symbol, c.numerator * (q // c.denominator)))
        self._powers[form] = found
        return found

    def _listing(self) -> str:
        names = [f"exp({symbol / q})" for symbol, q in self.exponentials.items()]
        if self.constant:
            names.append(f"exp({sp.Rational(1, self.constant)})")
        return ", ".join(names) or "none"


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


def shifted_exponents(
    generators: Generators, forms: Sequence[Linear]
) -> tuple[list[dict[sp.Symbol | None, int]], dict[sp.Symbol | None, int]]:
    """Exponents of exp(l_a), made nonnegative by the least common monomial, and the exponents taken out.

    The monomials exp(l_a) / gcd are what softmax needs: a common factor cancels in the quotient.
    """
    rows = [dict(generators.powers(form)) for form in forms]
    lowest = {g: min(row.get(g, 0) for row in rows) for g in {g for row in rows for g in row}}
    return [{g: row.get(g, 0) - low for g, low in lowest.items()} for row in rows], lowest
