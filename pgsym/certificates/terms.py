"""Rational expressions as terms over Coq's real numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import sympy as sp

from pgsym.errors import CertificateError
from pgsym.expression.linear import Linear

SUM, PRODUCT, POWER, ATOM = range(4)
"""How strongly a term holds together."""


def number(value: Fraction | sp.Rational) -> str:
    """A rational number, in parentheses unless it is a natural one.

    >>> number(Fraction(3, 4)), number(Fraction(-2)), number(Fraction(5))
    ('(3/4)', '(-2)', '5')
    """
    above, below = (int(value.p), int(value.q)) if isinstance(value, sp.Rational) else value.as_integer_ratio()
    if below == 1:
        return str(above) if above >= 0 else f"({above})"
    return f"({above}/{below})"


class Terms:
    """Writes SymPy expressions; symbols by identifier, exponentials by what they are called here.

    >>> p = sp.Symbol("p")
    >>> Terms({p: "v_p"}).write((1 - p) ** 2 / (3 * p))
    '((1 - v_p) ^ 2) / (3 * v_p)'
    """

    def __init__(self, symbols: Mapping[sp.Symbol, str], exponential: Callable[[Linear], str] | None = None) -> None:
        self.symbols = symbols
        self._exponential = exponential or self._exp

    def write(self, expr: sp.Expr) -> str:
        """The term, without outer parentheses."""
        return self._write(sp.sympify(expr, strict=True))[0]

    def factor(self, expr: sp.Expr) -> str:
        """The term, to stand in a product."""
        text, strength = self._write(sp.sympify(expr, strict=True))
        return text if strength >= POWER else f"({text})"

    def _write(self, expr: sp.Expr) -> tuple[str, int]:
        if isinstance(expr, sp.Rational):
            text = number(expr)
            return (text[1:-1], PRODUCT) if text.startswith("(") and expr.is_positive else (text, ATOM)
        if isinstance(expr, sp.Symbol):
            return self._symbol(expr), ATOM
        if isinstance(expr, sp.Add):
            return self._sum(expr), SUM
        if isinstance(expr, sp.Mul):
            return self._product(expr)
        if isinstance(expr, sp.exp):
            return self._exponential(Linear.from_sympy(expr.args[0])), ATOM
        if expr is sp.E:
            return self._exponential(Linear.of({}, Fraction(1))), ATOM
        if isinstance(expr, sp.Pow) and isinstance(expr.exp, sp.Integer):
            power = int(expr.exp)
            base = self._grouped(expr.base, ATOM)
            if power > 0:
                return f"({base} ^ {power})", ATOM
            return (f"1 / {base}" if power == -1 else f"1 / ({base} ^ {-power})"), PRODUCT
        raise CertificateError(f"found {expr}; certificates hold rational functions only. Rewrite it", where="certify")

    def _grouped(self, expr: sp.Expr, strength: int) -> str:
        text, found = self._write(expr)
        return text if found >= strength else f"({text})"

    def _symbol(self, symbol: sp.Symbol) -> str:
        if symbol not in self.symbols:
            raise CertificateError(f"found the symbol {symbol}, which is not of the model. Declare it", where="certify")
        return self.symbols[symbol]

    def _sum(self, expr: sp.Add) -> str:
        text = ""
        for term in sorted(expr.args, key=lambda e: (bool(e.could_extract_minus_sign()), sp.default_sort_key(e))):
            if not text:
                text = self._grouped(term, PRODUCT)
            elif term.could_extract_minus_sign():
                text += f" - {self._grouped(-term, PRODUCT)}"
            else:
                text += f" + {self._grouped(term, PRODUCT)}"
        return text

    def _product(self, expr: sp.Mul) -> tuple[str, int]:
        above, below = [], []
        for factor in expr.args:
            if isinstance(factor, sp.Rational):
                if abs(factor.p) != 1 or factor.p < 0:
                    above.append(number(sp.Integer(factor.p)))
                if factor.q != 1:
                    below.append(number(sp.Integer(factor.q)))
            elif isinstance(factor, sp.Pow) and factor.exp.is_Integer and factor.exp.is_negative:
                below.append(self._grouped(1 / factor, POWER))
            else:
                above.append(self._grouped(factor, POWER))
        shown = " * ".join(above) or "1"
        if not below:
            return shown, PRODUCT
        return f"{shown} / {below[0] if len(below) == 1 else '(' + ' * '.join(below) + ')'}", PRODUCT

    def _exp(self, form: Linear) -> str:
        return f"(exp ({self.write(form.to_sympy())}))"
