"""Whether a sum of formulas is 1, exactly: over one denominator, without a common divisor being sought."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp
from sympy.polys.rings import PolyElement, PolyRing

from pgsym.errors import FormulaError
from pgsym.expression.complaint import about, expanded_terms
from pgsym.expression.evaluate import evaluate
from pgsym.expression.linear import Linear, common_denominators
from pgsym.expression.naming import in_order
from pgsym.limits import FORMULA_TERMS

MAX_WORK = 30_000_000
"""Operations on exponents of monomials, for all different sums of a file: half a second."""
IF_YOUR_OWN = "If the file is your own, read it with load(..., trusted=True) or --trust-file"
_SUM, _PRODUCT, _TERM, _GENERATOR = 30_000, 400, 20, 20_000
"""What a sum, a product in it, a product of two terms in that, and a generator of a ring cost beside the exponents."""


class Sums:
    """Decides sums, each once, within a `limit` on the work for all, such as `MAX_WORK` for what comes from a stranger.

    >>> x, y = sp.symbols("x y")
    >>> sums = Sums()
    >>> sums.is_one(x / (x + y) + y / (x + y)), sums.is_one(x / (x + y) + y / (x - y))
    (True, False)
    """

    def __init__(self, limit: float = math.inf) -> None:
        self.limit = limit
        self.work = 0
        self.known: dict[sp.Expr, bool] = {}
        self._rings: dict[int, PolyRing] = {}

    def is_one(self, total: sp.Expr) -> bool:
        """Whether an expression, rational in symbols and exponentials of linear forms, is identically 1.

        FormulaError where it divides by zero or is too large, or all sums together take more than `limit`.
        """
        if total not in self.known:
            self.known[total] = self._decide(total)
        return self.known[total]

    def _decide(self, total: sp.Expr) -> bool:
        size = expanded_terms(total)
        if size > FORMULA_TERMS:
            raise FormulaError(
                f"the sum of probabilities would expand to {about(size)} terms; at most {FORMULA_TERMS} are checked. "
                "Use smaller powers, or fewer symbols"
            )
        self.spend(_SUM)
        fractions = _Fractions(total, self)
        above: dict[PolyElement, PolyElement] = {}
        for term in sp.Add.make_args(total):
            fraction = evaluate(term, fractions)
            above[fraction.d] = above[fraction.d] + fraction.n if fraction.d in above else fraction.n
        ring = fractions.ring
        n, d = ring.zero, fractions.one
        for divisor, numerator in above.items():
            n, d = fractions.times(n, divisor) + fractions.times(numerator, d), fractions.times(d, divisor)
        return bool(n == d)

    def ring(self, width: int) -> PolyRing:
        """Polynomials in so many generators."""
        if width not in self._rings:
            self.spend(_GENERATOR * width)
            self._rings[width] = PolyRing([f"x{i}" for i in range(width)], sp.QQ, sp.polys.orderings.lex)
        return self._rings[width]

    def spend(self, operations: int) -> None:
        self.work += operations
        if self.work > self.limit:
            raise FormulaError(
                f"the sums of probabilities take more than {self.limit} operations to bring over one denominator. "
                f"Use smaller powers. {IF_YOUR_OWN}"
            )


class _Fractions:
    """Fractions of polynomials, not reduced, as a number system.

    The generators are the symbols, exp(theta_i / q_i) for the parameters in exponentials, and exp(1 / q_0).
    """

    def __init__(self, total: sp.Expr, sums: Sums) -> None:
        symbols = in_order(total.free_symbols)
        forms: Iterable[Linear] = [Linear.from_sympy(e.as_base_exp()[1]) for e in total.atoms(sp.exp)]
        self.q, self.q0 = common_denominators(forms)
        self.width = len(symbols) + len(self.q) + 1
        sums.spend(self.width * len(sp.Add.make_args(total)))
        self.sums = sums
        self.ring = sums.ring(self.width)
        self.one = self.ring.one
        self.place = {symbol: i for i, symbol in enumerate([*symbols, *((s, "exp") for s in self.q)])}

    def times(self, a: PolyElement, b: PolyElement) -> PolyElement:
        if a is self.one or b is self.one:
            return b if a is self.one else a
        self.sums.spend(_PRODUCT + (self.width + _TERM) * len(a) * len(b))
        return a * b

    def number(self, value: Fraction) -> _Fraction:
        return _Fraction(self.ring(sp.QQ(value.numerator, value.denominator)), self.one, self)

    def symbol(self, symbol: sp.Symbol) -> _Fraction:
        return _Fraction(self.ring.gens[self.place[symbol]], self.one, self)

    def exp(self, form: Linear) -> _Fraction:
        powers = [(self.place[symbol, "exp"], c * self.q[symbol]) for symbol, c in form.coefficients]
        powers.append((self.width - 1, form.constant * self.q0))
        found = self.number(Fraction(1))
        for i, power in powers:
            found *= _Fraction(self.ring.gens[i], self.one, self) ** int(power)
        return found


@dataclass(frozen=True)
class _Fraction:
    n: PolyElement
    d: PolyElement
    of: _Fractions

    def __add__(self, other: _Fraction) -> _Fraction:
        if self.d == other.d:
            return _Fraction(self.n + other.n, self.d, self.of)
        times = self.of.times
        return _Fraction(times(self.n, other.d) + times(other.n, self.d), times(self.d, other.d), self.of)

    def __mul__(self, other: _Fraction) -> _Fraction:
        return _Fraction(self.of.times(self.n, other.n), self.of.times(self.d, other.d), self.of)

    def __truediv__(self, other: _Fraction) -> _Fraction:
        return self * other.inverse()

    def inverse(self) -> _Fraction:
        if not self.n:
            raise FormulaError(
                "found a division by zero in a probability; a divisor must differ from 0. Correct the formula"
            )
        return _Fraction(self.d, self.n, self.of)

    def __pow__(self, power: int) -> _Fraction:
        if power < 0:
            return self.inverse() ** -power
        found = self.of.number(Fraction(1))
        square = self
        while power:
            if power & 1:
                found *= square
            power >>= 1
            square = square * square if power else square
        return found
