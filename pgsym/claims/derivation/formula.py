"""SymPy's formulas as expressions of the claim language, so that what is printed can be decided."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from pgsym.claims.derivation import fold
from pgsym.claims.language.tree import Node, Symbol
from pgsym.errors import NotInFieldError
from pgsym.expression.ordering import order_factors, order_terms, split


def as_tree(expr: sp.Expr, names: Mapping[sp.Expr, Node] | None = None) -> Node:
    """A rational expression as a tree, in the order in which a reader expects its terms.

    Parameters
    ----------
    names
        What stands for a symbol or for a whole sum, such as the probability of the last action for one minus
        the others.

    Raises
    ------
    NotInFieldError
        A root, a logarithm or an exponential: the language has no such numbers.

    Examples
    --------
    >>> p, q = sp.symbols("p q")
    >>> print(as_tree(-2 * p * (p - 1) / (3 * q**2)))
    2 * p * (1 - p) / (3 * q^2)
    """
    return _Reader(names or {}).read(sp.sympify(expr, strict=True))


class _Reader:
    def __init__(self, names: Mapping[sp.Expr, Node]) -> None:
        self.names = names

    def read(self, expr: sp.Expr) -> Node:
        if expr in self.names:
            return self.names[expr]
        if expr.is_Rational:
            return fold.number(Fraction(int(expr.p), int(expr.q)))
        if expr.is_Symbol:
            return Symbol(expr.name)
        if expr.is_Add:
            if -expr in self.names:
                return fold.negative(self.names[-expr])
            return fold.total(self.term(term) for term in order_terms(expr))
        if expr.is_Mul or (expr.is_Pow and expr.exp.is_Integer):
            return fold.total([self.term(expr)])
        raise NotInFieldError(
            f"found {expr}; only rational expressions can be written as a claim. Use a symbol for it",
            where="closed form",
        )

    def term(self, term: sp.Expr) -> fold.Term:
        """A term of a sum with its sign in front."""
        if not (term.is_Mul or term.is_Pow or term.is_Rational):
            return 1, self.read(term)
        sign, above, below = split(term)
        top_sign, top = self.product(above)
        if not below:
            return sign * top_sign, top
        bottom_sign, bottom = self.product(below)
        return sign * top_sign * bottom_sign, fold.quotient(top, bottom)

    def product(self, factors: list[sp.Expr]) -> fold.Term:
        """A product with its sign: of p - 1 and 1 - p the one with a positive constant is written."""
        sign, kept = 1, []
        for factor in order_factors(factors):
            base, exponent = (factor.base, int(factor.exp)) if factor.is_Pow and factor.exp.is_Integer else (factor, 1)
            if factor in self.names or exponent < 1:
                kept.append(self.read(factor))
                continue
            turned = base.is_Add and base not in self.names and base.as_coeff_Add()[0].is_negative
            sign *= -1 if turned and exponent % 2 else 1
            kept.append(fold.power(self.read(-base if turned else base), exponent))
        return sign, fold.product(kept)
