"""Expressions put together with the trivial steps done: zeros and ones gone, numbers combined, signs in front.

Nothing else is simplified: what a reader has to see stays as it is written.  SymPy's formulas become trees in this way.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import reduce

import sympy as sp

from pgsym.claims.language.tree import Add, Div, Literal, Mul, Neg, Node, Number, Pow, Quantity, Sub, Symbol
from pgsym.errors import NotInFieldError
from pgsym.expression.ordering import order_factors, order_terms, split

ZERO, ONE = Number(Fraction(0)), Number(Fraction(1))

Term = tuple[int, Node]
"""A sign and what follows it."""


def quantity(name: str, *place: Hashable) -> Node:
    """A quantity at states and actions of a model."""
    return Quantity(name, tuple(map(Literal, place)))


def total(terms: Iterable[Term]) -> Node:
    """The sum of signed terms.

    >>> from pgsym.claims.language.tree import Symbol
    >>> x, y = Symbol("x"), Symbol("y")
    >>> print(total([(1, ZERO), (-1, x + 2), (1, y), (1, Number(Fraction(5)))]))
    3 - x + y
    """
    flat = [leaf for sign, term in terms for leaf in signed(term, sign)]
    constant = sum((sign * leaf.value for sign, leaf in flat if isinstance(leaf, Number)), start=Fraction(0))
    ordered: list[Term] = []
    for sign, leaf in flat:
        if not isinstance(leaf, Number):
            ordered.append((sign, leaf))
        elif constant:
            ordered.append((1 if constant > 0 else -1, Number(abs(constant))))
            constant = Fraction(0)
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
    coefficient, kept = Fraction(1), []
    left = list(reversed(factors))
    while left:
        match left.pop():
            case Number(value):
                coefficient *= value
            case Neg(body):
                coefficient = -coefficient
                left.append(body)
            case Mul(first, second):
                left += [second, first]
            case factor:
                kept.append(factor)
    if coefficient == 0:
        return ZERO
    if not kept:
        return number(coefficient)
    if len(kept) == 1 and isinstance(kept[0], Add | Sub) and coefficient == -1:
        return total((-sign, term) for sign, term in signed(kept[0]))
    result = reduce(Mul, kept if abs(coefficient) == 1 else [Number(abs(coefficient)), *kept])
    return result if coefficient > 0 else Neg(result)


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


def as_tree(expr: sp.Expr, names: Mapping[sp.Expr, Node] | None = None) -> Node:
    """A rational expression as a tree, in the order in which a reader expects its terms.

    `names` stand for a symbol or for a whole sum, such as the probability of the last action for one minus the others.
    The language has no roots, logarithms or exponentials of numbers: NotInFieldError.

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
            return number(Fraction(int(expr.p), int(expr.q)))
        if expr.is_Symbol:
            return Symbol(expr.name)
        if expr.is_Add:
            if -expr in self.names:
                return negative(self.names[-expr])
            return total(self.term(term) for term in order_terms(expr))
        if expr.is_Mul or (expr.is_Pow and expr.exp.is_Integer):
            return total([self.term(expr)])
        raise NotInFieldError(
            f"found {expr}; only rational expressions can be written as a claim. Use a symbol for it",
            where="closed form",
        )

    def term(self, term: sp.Expr) -> Term:
        """A term of a sum with its sign in front."""
        if not (term.is_Mul or term.is_Pow or term.is_Rational):
            return 1, self.read(term)
        sign, above, below = split(term)
        top_sign, top = self.product(above)
        if not below:
            return sign * top_sign, top
        bottom_sign, bottom = self.product(below)
        return sign * top_sign * bottom_sign, quotient(top, bottom)

    def product(self, factors: list[sp.Expr]) -> Term:
        """A product with its sign: of p - 1 and 1 - p the one with a positive constant is written."""
        sign, kept = 1, []
        for factor in order_factors(factors):
            base, exponent = (factor.base, int(factor.exp)) if factor.is_Pow and factor.exp.is_Integer else (factor, 1)
            if factor in self.names or exponent < 1:
                kept.append(self.read(factor))
                continue
            turned = base.is_Add and base not in self.names and base.as_coeff_Add()[0].is_negative
            sign *= -1 if turned and exponent % 2 else 1
            kept.append(power(self.read(-base if turned else base), exponent))
        return sign, product(kept)
