"""Expressions put together with the trivial steps done: zeros and ones gone, numbers combined, signs in front.

Nothing else is simplified: what a reader has to see stays as it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from pgsym.claims.language.tree import Add, Div, Mul, Neg, Node, Number, Pow, Sub

ZERO, ONE = Number(Fraction(0)), Number(Fraction(1))

Term = tuple[int, Node]
"""A sign and what follows it."""


def total(terms: Iterable[Term]) -> Node:
    """The sum of signed terms.

    >>> from pgsym.claims.language.tree import Symbol
    >>> x, y = Symbol("x"), Symbol("y")
    >>> print(total([(1, ZERO), (-1, x + 2), (1, y), (1, Number(Fraction(5)))]))
    3 - x + y
    """
    flat = [leaf for sign, term in terms for leaf in signed(term, sign)]
    constant = sum((sign * leaf.value for sign, leaf in flat if isinstance(leaf, Number)), start=Fraction(0))
    first = next((k for k, (_, leaf) in enumerate(flat) if isinstance(leaf, Number)), 0)
    kept = [(k, sign, leaf) for k, (sign, leaf) in enumerate(flat) if not isinstance(leaf, Number)]
    if constant:
        kept.append((first, 1 if constant > 0 else -1, Number(abs(constant))))
    ordered = [(sign, leaf) for _, sign, leaf in sorted(kept, key=lambda item: item[0])]
    if not ordered:
        return ZERO
    lead = next((k for k, (sign, _) in enumerate(ordered) if sign > 0), 0)
    # A number may come before what is subtracted; other terms keep their places.
    if ordered[0][0] < 0 and isinstance(ordered[lead][1], Number):
        ordered.insert(0, ordered.pop(lead))
    (sign, result), *rest = ordered
    result = result if sign > 0 else negative(result)
    for sign, leaf in rest:
        result = Add(result, leaf) if sign > 0 else Sub(result, leaf)
    return result


def signed(node: Node, sign: int = 1) -> list[Term]:
    """The terms of a sum, each with its sign.

    >>> from pgsym.claims.language.tree import Symbol
    >>> [(sign, str(term)) for sign, term in signed(Symbol("x") - (Symbol("y") - 2))]
    [(1, 'x'), (-1, 'y'), (1, '2')]
    """
    match node:
        case Add(left, right):
            return signed(left, sign) + signed(right, sign)
        case Sub(left, right):
            return signed(left, sign) + signed(right, -sign)
        case Neg(body):
            return signed(body, -sign)
        case Number(value) if value < 0:
            return [(-sign, Number(-value))]
    return [(sign, node)]


def product(factors: Sequence[Node]) -> Node:
    """The product, with its number in front and its sign outside.

    >>> from pgsym.claims.language.tree import Symbol
    >>> print(product([Symbol("x"), Number(Fraction(-2)), -Symbol("y"), ONE]))
    2 * x * y
    """
    coefficient, kept = _factors(factors)
    if coefficient == 0:
        return ZERO
    if not kept:
        return number(coefficient)
    if len(kept) == 1 and isinstance(kept[0], Add | Sub) and coefficient == -1:
        return total((-sign, term) for sign, term in signed(kept[0]))
    parts = kept if abs(coefficient) == 1 else [Number(abs(coefficient)), *kept]
    result = parts[0]
    for part in parts[1:]:
        result = Mul(result, part)
    return result if coefficient > 0 else Neg(result)


def _factors(factors: Iterable[Node]) -> tuple[Fraction, list[Node]]:
    """A number, and the other factors in order."""
    coefficient, kept = Fraction(1), []
    for factor in factors:
        match factor:
            case Number(value):
                coefficient *= value
            case Neg(body):
                inner, more = _factors([body])
                coefficient *= -inner
                kept += more
            case Mul(left, right):
                inner, more = _factors([left, right])
                coefficient *= inner
                kept += more
            case _:
                kept.append(factor)
    return coefficient, kept


def quotient(above: Node, below: Node) -> Node:
    """above / below, with the sign outside.

    >>> from pgsym.claims.language.tree import Symbol
    >>> print(quotient(-Symbol("x"), Number(Fraction(1, 10))), quotient(Symbol("x"), Symbol("y")))
    -10 * x x / y
    """
    if isinstance(below, Number):
        return product([Number(1 / below.value), above])
    if above == ZERO:
        return ZERO
    if isinstance(above, Neg):
        return Neg(Div(above.body, below))
    return Div(above, below)


def power(base: Node, exponent: int) -> Node:
    """base^exponent."""
    if exponent == 1:
        return base
    if isinstance(base, Number) and (base.value or exponent > 0):
        return number(base.value**exponent)
    return Pow(base, exponent)


def negative(node: Node) -> Node:
    """-node.

    >>> from pgsym.claims.language.tree import Symbol
    >>> print(negative(Symbol("x") - 1))
    1 - x
    """
    return number(-node.value) if isinstance(node, Number) else product([Number(Fraction(-1)), node])


def number(value: Fraction) -> Node:
    """A rational number, as the text is read: the sign is an operation."""
    return Number(value) if value >= 0 else Neg(Number(-value))
