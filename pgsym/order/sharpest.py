"""The sharpest constant of an inequality f >= c g, by exact bisection."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any

from flint import fmpz_poly

from pgsym.errors import AlgebraError
from pgsym.expression.exact import simplest_between
from pgsym.limits import ORDER_SECONDS
from pgsym.order.decide import SignStatus, SignVerdict, decide_sign
from pgsym.order.kinds import Kinds, Orthant
from pgsym.order.polynomials import Polynomial, by_power, read, value, variables_of
from pgsym.order.sturm import coefficients

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

    found: dict[Fraction, SignVerdict] = {}

    def holds(ratio: Fraction) -> bool | None:
        found[ratio] = verdict = tried(ratio)
        return True if verdict.status is SignStatus.PROVED else False if verdict.witness is not None else None

    def is_last(ratio: Fraction) -> bool:
        at_zero = tried(ratio, strict=True)
        x = None if at_zero.witness is None or at_zero.value != 0 else list(at_zero.witness.values())
        return x is not None and value(c, x) != 0  # where g is 0 too, every constant does

    low, high, attained = bracket(holds, is_last, deadline)
    return SharpConstant(low, high, attained, *(None if end is None else found[end] for end in (low, high)))


def critical(
    form: Polynomial, c: int, assumptions: Sequence[Polynomial] = (), numbers: Collection[int] = ()
) -> list[fmpz_poly] | None:
    """Polynomials in variable c: critical values and limits at ends of a/b, of a form (a(x) - c b(x)) times others.

    So the infimum and the supremum of a/b, where finite, are among their roots.  x ranges between 0, 1 and infinities,
    as it is assumed; None where there is a second variable, x is one of `numbers`, or assumptions tie it to others.

    >>> x, c = read(1, 2).context().gens()
    >>> critical(x**2 + 1 - c * x, 1)
    [1, 1, (-1)*x + 2, (-1)*x^2 + 4]
    """
    parts = by_power(form, c)
    if len(parts) == 1:
        return []
    if len(parts) > 2:
        return None
    common = parts[0].gcd(parts[1])
    form = parts[0] // common + parts[1] // common * parts[0].context().gens()[c]
    variables = [k for k in variables_of(form) if k != c]
    if not variables:
        return [fmpz_poly(coefficients(form, c))]
    x = variables[0]
    tied = [p for p in assumptions if x in variables_of(p)]
    if len(variables) > 1 or x in numbers or any(variables_of(p) != [x] for p in tied):
        return None
    variable = form.context().gens()[x]
    met = (form.resultant(p, x) for p in (variable, variable - 1, form.derivative(x), *tied))
    return [fmpz_poly(coefficients(p, c)) for p in (by_power(form, x)[-1], *met) if not p.is_zero()]


def bracket(
    holds: Callable[[Fraction], bool | None], is_last: Callable[[Fraction], bool], deadline: float
) -> tuple[Fraction | None, Fraction | None, bool]:
    """Of what holds for all numbers up to a constant: one for which it does, and one close above for which it does not.

    It ends early with a number of unknown answer, None, and with one that is the last; whether it is, comes third.
    """
    low: Fraction | None = None
    high: Fraction | None = None
    simplest = True
    while time.monotonic() < deadline:
        number = _next(low, high, simplest)
        simplest = not simplest
        found = holds(number)
        if found is None:
            break
        if found:
            low = number
            if is_last(number):
                return number, None, True
        else:
            high = number
        close = low is not None and high is not None and high - low <= WIDTH * (1 + abs(high))
        if close or abs(number) > 2**40:
            break
    return low, high, False


def _next(low: Fraction | None, high: Fraction | None, simplest: bool) -> Fraction:
    """The next constant to try: doubling, then in turn the simplest one between, and the middle."""
    if low is None:
        return Fraction(0) if high is None else min(2 * high, Fraction(-1))
    if high is None:
        return max(2 * low, Fraction(1))
    if not simplest:
        return (low + high) / 2
    near, far = (3 * low + high) / 4, (low + 3 * high) / 4
    whole, over = floor(near), near.denominator * far.denominator
    return whole + simplest_between(int((near - whole) * over), int((far - whole) * over), over)
