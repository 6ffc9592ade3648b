"""What a name is multiplied by in an expression that is affine in it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from pgsym.claims.language import tree as t
from pgsym.errors import ClaimError


def coefficient(node: t.Node, name: str) -> t.Node | None:
    """What the constant is multiplied by in an expression; None where it is not in it.

    >>> from pgsym.claims.language import parse
    >>> print(coefficient(parse("2 * J + (c * V(s) - c) / 3 <= 0").terms[0], "c"))
    (V(s) - 1) / 3

    Raises
    ------
    ClaimError
        It stands elsewhere than in sums and products.
    """
    if node == t.Symbol(name):
        return t.Number(Fraction(1))
    if t.Symbol(name) not in node.walk():
        return None
    match node:
        case t.Neg():
            return t.Neg(_some(coefficient(node.body, name)))
        case t.Add() | t.Sub():
            left, right = coefficient(node.left, name), coefficient(node.right, name)
            if right is None:
                return left
            if left is None:
                return right if isinstance(node, t.Add) else t.Neg(right)
            return type(node)(left, right)
        case t.Sum() | t.Expect():
            return replace(node, body=_some(coefficient(node.body, name)))
        case t.Mul() | t.Div():
            left = coefficient(node.left, name)
            right = coefficient(node.right, name)
            if right is None and left is not None:
                one = isinstance(node, t.Mul) and left == t.Number(Fraction(1))
                return node.right if one else replace(node, left=left)
            if left is None and right is not None and isinstance(node, t.Mul):
                return node.left if right == t.Number(Fraction(1)) else replace(node, right=right)
    raise ClaimError(
        f"found the constant {name} in {node}; it stands in sums and products, as in A <= {name} * B. Write it so",
        where=name,
    )


def _some(node: t.Node | None) -> t.Node:
    assert node is not None
    return node
