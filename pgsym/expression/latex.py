r"""Readable LaTeX of the algebra of reinforcement learning.

The printer never rewrites: what is factored stays factored, only the order of terms and factors and the signs of
factors are chosen (`pgsym.expression.ordering`).  Exponentials are shown as ``e^{\theta}``, quotients as whole
fractions, and sums that are too long for a line are broken at their terms.  Names are the business of
`pgsym.expression.notation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp
from sympy.printing.latex import LatexPrinter

from pgsym.expression.notation import derivative_latex as derivative_latex
from pgsym.expression.notation import document as document
from pgsym.expression.notation import powered, symbol_names
from pgsym.expression.notation import quantity_latex as quantity_latex
from pgsym.expression.notation import tex_width as tex_width
from pgsym.expression.ordering import order_factors, order_terms, oriented, split

WIDTH = 60
"""Characters of a line; about the text width of an article, and what MathML shows without wrapping."""

ROWS = 500
"""Lines of one ``align*``: TeX holds a whole one in memory, which thousands exhaust."""

Names = Mapping[sp.Symbol | str, str]


def latex(expr: sp.Expr, *, names: Names | None = None, inline: bool = False) -> str:
    r"""An expression as LaTeX, in the form in which it is given; `inline` fractions have a slash, for labels.

    `names` is LaTeX of symbols, by symbol or name.

    >>> g, p, t = sp.symbols("gamma p theta")
    >>> latex(-2 * g * (1 - p) * sp.exp(2 * t) / (1 + sp.exp(t)))
    '-\\frac{2 \\gamma e^{2 \\theta} \\left(1 - p\\right)}{1 + e^{\\theta}}'
    >>> latex(sp.Rational(1, 3), inline=True)
    '1/3'
    """
    expr = sp.sympify(expr, strict=True)
    return str(_Printer(expr.free_symbols, names, inline).doprint(expr))


def latex_lines(expr: sp.Expr, width: int = WIDTH, *, names: Names | None = None) -> list[str]:
    r"""An expression as lines of LaTeX; written one after the other they are the whole formula.

    A term, or a factor in large parentheses, is never shorter than one piece: a line can exceed `width`
    where nothing may be broken.

    >>> a, b, c = sp.symbols("alpha beta c")
    >>> latex_lines(a + b + c, width=4)
    ['\\alpha + \\beta', '+ c']
    """
    expr = sp.sympify(expr, strict=True)
    lines: list[str] = []
    for piece in _Printer(expr.free_symbols, names).pieces(expr, width):
        if lines and tex_width(lines[-1]) + tex_width(piece) <= width:
            lines[-1] += " " + piece
        else:
            lines.append(piece)
    return lines


def align(pairs: Iterable[tuple[str, sp.Expr | str]], width: int = WIDTH, *, names: Names | None = None) -> str:
    r"""An ``align*`` of equations, one for each (left LaTeX, right expression or LaTeX); several where they are long.

    >>> print(align([("J", 1 - sp.Symbol("p")), (quantity_latex("mu", "s"), sp.Integer(1))]))
    \begin{align*}
    J &= 1 - p \\
    \mu(\mathrm{s}) &= 1
    \end{align*}
    """
    rows = []
    for left, right in pairs:
        lines = [right] if isinstance(right, str) else latex_lines(right, width, names=names)
        rows += [f"{left} &= {lines[0]}", *(rf"&\quad {{}} {line}" for line in lines[1:])]
    parts = [rows[k : k + ROWS] for k in range(0, len(rows), ROWS)] or [[]]
    return "\n".join("\\begin{align*}\n" + " \\\\\n".join(part) + "\n\\end{align*}" for part in parts)


class _Printer(LatexPrinter):
    """SymPy's printer, with its own way of writing sums, products, powers and exponentials."""

    def __init__(self, symbols: Iterable[sp.Symbol], names: Names | None, inline: bool = False) -> None:
        super().__init__({})
        self.symbols = symbol_names(symbols, names)
        self.inline = inline
        # Beside a symbol that prints as e, e^2 could be its square.
        self.letter_e = "e" not in self.symbols.values()

    # -- atoms -------------------------------------------------------------------------------------------

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return self.symbols[expr] if expr in self.symbols else str(super()._print_Symbol(expr))

    def _print_Integer(self, expr: sp.Integer) -> str:
        return str(int(expr))

    def _print_Rational(self, expr: sp.Rational) -> str:
        sign = "-" if expr.p < 0 else ""
        return sign + self._quotient(str(abs(expr.p)), str(expr.q))

    def _print_exp(self, expr: sp.exp, power: str | None = None) -> str:
        return self._exponential(expr.args[0], power)

    def _print_Exp1(self, expr: sp.Expr) -> str:
        return "e" if self.letter_e else self._exponential(expr, None)

    def _exponential(self, argument: sp.Expr, power: str | None) -> str:
        if argument is sp.E:
            argument = sp.Integer(1)
        if not self.letter_e:
            text = rf"\exp\left({self._print(argument)}\right)"
        else:
            outer, self.inline = self.inline, True
            text = f"e^{{{self._print(argument)}}}"
            self.inline = outer
        return text if power is None else rf"\left({text}\right)^{{{power}}}"

    # -- sums and products -------------------------------------------------------------------------------

    def _print_Add(self, expr: sp.Add, order: str | None = None) -> str:
        text = ""
        for i, term in enumerate(order_terms(expr)):
            sign, body = self._signed(term)
            text += ("-" if sign < 0 else "") + body if i == 0 else (" - " if sign < 0 else " + ") + body
        return text

    def _print_Mul(self, expr: sp.Mul) -> str:
        sign, body = self._signed(expr)
        return ("-" if sign < 0 else "") + body

    def _signed(self, term: sp.Expr) -> tuple[int, str]:
        """Sign and what follows it."""
        inverse = term.is_Pow and term.exp.is_Rational and term.exp < 0
        if not (term.is_Mul or term.is_Rational or term.is_Float or inverse):
            return 1, self._in_product(term) if term.is_Add else self._print(term)
        sign, numerator, denominator = oriented(*split(term))
        return sign, self._product(numerator, denominator)

    def _product(self, numerator: list[sp.Expr], denominator: list[sp.Expr]) -> str:
        if not denominator:
            return self._factors(numerator)
        if self.inline:
            below = self._factors(denominator)
            bare = len(denominator) == 1 and not denominator[0].is_Add
            return self._quotient(self._factors(numerator), below if bare else rf"\left({below}\right)")
        whole = [self._print(side[0]) if len(side) == 1 else self._factors(side) for side in (numerator, denominator)]
        return self._quotient(*whole)

    def _quotient(self, above: str, below: str) -> str:
        return f"{above}/{below}" if self.inline else rf"\frac{{{above}}}{{{below}}}"

    def _factors(self, factors: list[sp.Expr]) -> str:
        """Factors side by side, sums in parentheses."""
        text = ""
        for factor in order_factors(factors):
            shown = self._in_product(factor)
            if text:
                # Two numbers in a row, or pi(a|s) beside another factor, would run together.
                text += r" \cdot " if shown[0].isdigit() else r" \, " if "(" in self._name(factor) else " "
            text += shown
        return text or "1"

    def _name(self, factor: sp.Expr) -> str:
        base = factor.base if factor.is_Pow else factor
        return self.symbols.get(base, "")

    def _in_product(self, factor: sp.Expr) -> str:
        shown = self._print(factor)
        fenced = factor.is_Add or (not factor.is_Pow and self._needs_mul_brackets(factor))
        return rf"\left({shown}\right)" if fenced else shown

    def _print_Pow(self, expr: sp.Pow) -> str:
        base, exponent = expr.base, expr.exp
        if exponent.is_Rational and exponent < 0:
            return self._print_Mul(expr)
        if exponent.is_Rational and exponent.p == 1 and exponent.q > 1:
            root = "" if exponent.q == 2 else f"[{exponent.q}]"
            return rf"\sqrt{root}{{{self._print(base)}}}"
        outer, self.inline = self.inline, True
        above = self._print(exponent)
        self.inline = outer
        if base.is_Symbol:
            return powered(self._print(base), above)
        bare = base.is_Integer and base >= 0
        return f"{self._print(base)}^{{{above}}}" if bare else rf"\left({self._print(base)}\right)^{{{above}}}"

    # -- lines -------------------------------------------------------------------------------------------

    def pieces(self, expr: sp.Expr, width: int) -> list[str]:
        """The formula cut where a line may end; each piece has balanced braces."""
        whole = self._print(expr)
        if tex_width(whole) <= width or not (expr.is_Add or expr.is_Mul or expr.is_Pow):
            return [whole]
        if not expr.is_Add:
            sign, numerator, denominator = oriented(*split(expr))
            return _prefixed("-" if sign < 0 else "", self._product_pieces(numerator, denominator, width))
        pieces: list[str] = []
        for i, term in enumerate(order_terms(expr)):
            sign, numerator, denominator = oriented(*split(term))
            mark = "- " if sign < 0 else "+ " if i else ""
            pieces += _prefixed(mark, self._product_pieces(numerator, denominator, width))
        return pieces

    def _product_pieces(self, numerator: list[sp.Expr], denominator: list[sp.Expr], width: int) -> list[str]:
        alone = not denominator and len(numerator) == 1 and not numerator[0].is_Add
        whole = self._print(numerator[0]) if alone else self._product(numerator, denominator)
        if tex_width(whole) <= width:
            return [whole]
        if not denominator:
            return self._factor_pieces(numerator, width)
        below = self._print(denominator[0]) if len(denominator) == 1 else self._factors(denominator)
        if tex_width(below) <= width:
            short = [f for f in numerator if not f.is_Add]
            wide = [f for f in numerator if f.is_Add]
            head = self._factors(short)
            if not wide or tex_width(head) > width:
                short, wide, head = [], numerator, "1"
            pieces = self._factor_pieces(wide, width)
            return [rf"\frac{{{head}}}{{{below}}} \cdot {pieces[0]}", *pieces[1:]]
        pieces = self._factor_pieces(numerator, width) if numerator else ["1"]
        for factor in order_factors(denominator):
            pieces += _prefixed(r"\Big/ ", self._factor_pieces([factor], width))
        return pieces

    def _factor_pieces(self, factors: Sequence[sp.Expr], width: int) -> list[str]:
        """A product cut between its factors, and inside those that are sums."""
        pieces: list[str] = []
        for factor in order_factors(list(factors)):
            shown = self._in_product(factor)
            base, power = (factor.base, factor.exp) if factor.is_Pow else (factor, sp.Integer(1))
            if tex_width(shown) > width and base.is_Add and power.is_Integer and power > 0:
                inner = self.pieces(base, width)
                inner[0] = r"\Bigl(" + inner[0]
                inner[-1] += r"\Bigr)" + (f"^{{{power}}}" if power != 1 else "")
                pieces += _prefixed(r"\cdot " if pieces else "", inner)
            else:
                pieces.append((r"\cdot " if pieces else "") + shown)
        return pieces


def _prefixed(mark: str, pieces: list[str]) -> list[str]:
    return [mark + pieces[0], *pieces[1:]]
