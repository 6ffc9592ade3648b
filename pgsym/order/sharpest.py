"""The sharpest constant of an inequality f >= c g, by exact bisection."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pgsym.errors import AlgebraError
from pgsym.limits import ORDER_SECONDS
from pgsym.order.decide import SignStatus, SignVerdict, decide_sign
from pgsym.order.kinds import Kinds, Orthant
from pgsym.order.polynomials import Polynomial, read

WIDTH = Fraction(1, 10**6)
"""Bisection ends at this width, relative to the size of the constant."""


@dataclass(frozen=True)
class SharpConstant:
    """What is known of the largest c with f >= c g.

    Attributes
    ----------
    proved : Fraction or None
        f >= proved * g, by `verdict`.
    refuted : Fraction or None
        f >= refuted * g is false, at the witness of `counterexample`.
    attained : bool
        f = proved * g at a point of the domain: then no constant above `proved` will do.
    """

    proved: Fraction | None
    refuted: Fraction | None
    attained: bool
    verdict: SignVerdict | None
    counterexample: SignVerdict | None

    def __str__(self) -> str:
        if self.attained:
            return f"{self.proved}, attained"
        return f"from {self.proved}, proved, to {self.refuted}, refuted"


def sharpen(
    f: tuple[Any, Any],
    g: tuple[Any, Any],
    kinds: Kinds,
    *,
    assumptions: Sequence[Any] = (),
    seconds: float = 3 * ORDER_SECONDS,
) -> SharpConstant:
    """The largest c with f >= c g on the domain, for fractions f and g with g >= 0, as far as it can be decided.

    Parameters
    ----------
    f, g : pairs of polynomials
        Numerators and denominators; variable k is the k-th key of `kinds`.
    kinds, assumptions
        As for `decide_sign`.
    seconds : float
        For all steps together.

    Returns
    -------
    A constant that is proved and one that is refuted, as close as bisection gets; a constant that is attained is exact.

    Raises
    ------
    AlgebraError
        g is not shown to be nonnegative.

    Examples
    --------
    >>> import sympy as sp
    >>> from pgsym.order import Kind, fraction_of
    >>> x, y = sp.symbols("x y")
    >>> kinds = {x: Kind.POSITIVE, y: Kind.POSITIVE}
    >>> print(sharpen(fraction_of((x + y) ** 2, kinds), fraction_of(x * y, kinds), kinds))
    4, attained
    """
    n = Orthant(kinds).n
    (a, b), (c, d) = ((read(part, n) for part in pair) for pair in (f, g))
    deadline = time.monotonic() + seconds
    nonnegative = decide_sign(c, d, kinds, strict=False, assumptions=assumptions, seconds=seconds / 4)
    if nonnegative.status is not SignStatus.PROVED:
        raise AlgebraError(f"it is {nonnegative}; g >= 0 is needed. Choose another g", where="g")

    def tried(ratio: Fraction, strict: bool = False) -> SignVerdict:
        left: Polynomial = ratio.denominator * a * d - ratio.numerator * c * b
        remaining = max(deadline - time.monotonic(), 0.5) / 4
        return decide_sign(
            left, ratio.denominator * b * d, kinds, strict=strict, assumptions=assumptions, seconds=remaining
        )

    low = high = above = below = None
    simplest = True
    while time.monotonic() < deadline:
        ratio = _next(low, high, simplest)
        simplest = not simplest
        verdict = tried(ratio)
        if verdict.status is SignStatus.PROVED:
            low, below = ratio, verdict
            if _zero(tried(ratio, strict=True)):
                return SharpConstant(ratio, None, True, verdict, None)
        elif verdict.witness is not None:
            high, above = ratio, verdict
        else:
            break
        close = low is not None and high is not None and high - low <= WIDTH * (1 + abs(high))
        if close or abs(ratio) > 2**40:
            break
    return SharpConstant(low, high, False, below, above)


def _zero(verdict: SignVerdict) -> bool:
    return verdict.witness is not None and verdict.value == 0


def _next(low: Fraction | None, high: Fraction | None, simplest: bool) -> Fraction:
    """The next constant to try: doubling, then in turn the simplest one between, and the middle."""
    if low is None:
        return Fraction(0) if high is None else min(2 * high, Fraction(-1))
    if high is None:
        return max(2 * low, Fraction(1))
    middle = (low + high) / 2
    if not simplest:
        return middle
    quarter = (high - low) / 4
    return _simplest(middle - quarter, middle + quarter)


def _simplest(low: Fraction, high: Fraction) -> Fraction:
    """The rational of least denominator between two.

    >>> _simplest(Fraction(314, 100), Fraction(315, 100))
    Fraction(22, 7)
    """
    for denominator in range(1, 10**7):
        above = -((-low * denominator) // 1)
        if above <= high * denominator:
            return Fraction(int(above), denominator)
    return (low + high) / 2
