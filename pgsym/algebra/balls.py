"""Signs of exact numbers by ball arithmetic: an interval that is known to hold the number, narrowed until 0 is outside.

Reference: F. Johansson, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic (2017).
"""

from __future__ import annotations

from math import prod

import sympy as sp
from flint import arb, ctx, fmpq

from pgsym.errors import AlgebraError

BITS = (64, 256, 1024, 4096)
"""Precisions, one after another."""


def sign_of(value: sp.Expr) -> int:
    """-1, 0 or 1: the sign of a number that is made of rationals by arithmetic, roots, exp and log.

    AlgebraError where it holds a symbol, or its sign is too hard to see.

    >>> sign_of(sp.log(3) / sp.log(2) - sp.Rational(19, 12)), sign_of(sp.Integer(0)), sign_of(sp.exp(-100))
    (1, 0, 1)
    >>> sign_of(sp.sqrt(2) * sp.sqrt(3) - sp.sqrt(6))
    0
    """
    if value == 0:
        return 0
    for bits in BITS:
        with ctx.workprec(bits):
            found = ball(value)
            if found > 0 or found < 0:
                return 1 if found > 0 else -1
    raise AlgebraError(f"the sign of {value} is not known. Take other numbers", where="sign")


def ball(value: sp.Expr) -> arb:
    """A ball around the number, in the precision of FLINT's context."""
    if value.is_Rational:
        return arb(fmpq(int(value.p), int(value.q)))
    if value is sp.E:
        return arb(1).exp()
    if value.is_Add:
        return sum(map(ball, value.args), arb(0))
    if value.is_Mul:
        return prod(map(ball, value.args), start=arb(1))
    if isinstance(value, sp.exp):
        return ball(value.args[0]).exp()
    if isinstance(value, sp.log):
        return ball(value.args[0]).log()
    if value.is_Pow and value.exp.is_Rational:
        return ball(value.base) ** ball(value.exp)
    raise AlgebraError(f"{value} is no number made of rationals by arithmetic, roots, exp and log", where="sign")
