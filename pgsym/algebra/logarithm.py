r"""log|e| of a rational function: a linear form plus integer multiples of independent logarithms.

By unique factorization e is a rational number times powers of irreducible polynomials in the generators.  The
generators exp(theta_i/q_i) and exp(1/q_0) give a linear form, the rational number gives logarithms of primes, and every
other irreducible f one logarithm log|f|.  These are algebraically independent over the field: a relation would, by
Ostrowski's theorem, make some sum_j c_j df_j/f_j a derivative in the field, but that sum has a simple pole at f_j and
derivatives have none.  What is a number (a prime, a polynomial in exp(1/q_0)) is taken to be independent too.

References: A. Ostrowski, Sur les relations algebriques entre les integrales indefinies (1946); R. H. Risch, Algebraic
properties of the elementary functions of analysis (1979).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.algebra.radical import prime_powers
from pgsym.algebra.rational import RationalField
from pgsym.errors import AlgebraError, NotInFieldError
from pgsym.expression.linear import Linear


@dataclass(frozen=True)
class Logarithm:
    """form + sum_f powers[f] log|f|, for primes and irreducible polynomials f.

    Examples
    --------
    >>> t = sp.Symbol("t")
    >>> field = RationalField([t], [Linear.from_sympy(t)])
    >>> Logarithm.of(field, field.convert(4 * sp.exp(t) / (1 + sp.exp(t))))
    Logarithm(form=Linear(t), powers={2: 2, exp(t) + 1: -1})
    """

    form: Linear
    powers: Mapping[sp.Expr, int]

    @classmethod
    def of(cls, field: RationalField, element: Any) -> Logarithm:
        """log|element|.

        Raises
        ------
        AlgebraError
            The element is zero.
        NotInFieldError
            The element contains logarithms itself, or its rational factor has no factorization within reach.
        """
        if field.is_zero(element):
            raise AlgebraError("found log(0); the argument of a logarithm must not vanish. Check it", where="logarithm")
        number, factors = field.factored(element)
        primes = prime_powers(Fraction(int(abs(number.p)), int(number.q)), kind="logarithm")
        powers: dict[sp.Expr, int] = {sp.Integer(p): k for p, k in primes.items()}
        exponent = sp.S.Zero
        for f, k in factors.items():
            if f.has(sp.log):
                raise NotInFieldError(
                    f"found log({f}), a logarithm of a logarithm; the argument must be rational in exponentials and "
                    "symbols. Evaluate in floats",
                    where="logarithm",
                )
            if f is sp.E or isinstance(f, sp.exp):
                exponent += k * (sp.S.One if f is sp.E else f.args[0])
            else:
                powers[f] = k
        return cls(Linear.from_sympy(exponent), powers)

    def to_sympy(self) -> sp.Expr:
        """The sum as an expression; no argument has a sign or a factor that could be taken out of it."""
        return sp.Add(self.form.to_sympy(), *(k * sp.log(f) for f, k in self.powers.items()))


def split_logarithms(expr: sp.Expr) -> sp.Expr:
    """The expression with logarithms of positive rationals as sums of logarithms of primes.

    >>> split_logarithms(sp.log(sp.Rational(8, 3)) / 2)
    -log(3)/2 + 3*log(2)/2
    """
    split = {}
    for log in expr.atoms(sp.log):
        argument = log.args[0]
        if isinstance(argument, sp.Rational) and argument.is_positive:
            primes = prime_powers(Fraction(int(argument.p), int(argument.q)), kind="logarithm")
            split[log] = sp.Add(*(k * sp.log(p) for p, k in primes.items()))
    return sp.expand(expr.xreplace(split)) if split else expr
