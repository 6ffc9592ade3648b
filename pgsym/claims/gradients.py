"""Logarithms: those whose value is known, and gradients of the others, as grad log x = grad x / x needs none."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction

from pgsym.claims.language import tree as t
from pgsym.expression.quantity import reward_power

_CONSTANT = frozenset({"P", "r", "mu0", "gamma", "|S|", "I"})
"""Quantities of the model alone."""


def without_logarithms(body: t.Node, parameters: Collection[str], arbitrary: Collection[str]) -> t.Node | None:
    """grad body without logarithms outermost; None where the body has none, or one that cannot be taken apart.

    The gradient is taken into sums, and past factors without the policy's `parameters`; `arbitrary` are the names of
    the claim's arbitrary functions and numbers.

    >>> from pgsym.claims.language import parse
    >>> body = parse("2 * log (1 + J) + V(s) = 0").claims[0].left
    >>> print(without_logarithms(body, {"theta"}, ()))
    grad (2 * log (1 + J)) + grad V(s)
    """

    def constant(node: t.Node) -> bool:
        return all(
            n.name not in parameters
            if isinstance(n, t.Symbol)
            else n.name in arbitrary
            if isinstance(n, t.Call)
            else (n.name in _CONSTANT or reward_power(n.name) is not None) and not n.overrides
            if isinstance(n, t.Quantity)
            else True
            for n in _parts(node)
        )

    def grad(node: t.Node) -> t.Node:
        return t.Grad(node, at=body.at)

    match body:
        case t.Log(x):
            return t.Div(grad(x), x, at=body.at)
        case t.Expect():
            return without_logarithms(body.expanded(), parameters, arbitrary)
        case _ if not _has_logarithm(body):
            return None
        case t.Neg(x):
            return t.Neg(grad(x), at=body.at)
        case t.Add(x, y) | t.Sub(x, y):
            return type(body)(grad(x), grad(y), at=body.at)
        case t.Mul(x, y) if constant(x):
            return t.Mul(x, grad(y), at=body.at)
        case t.Mul(x, y) | t.Div(x, y) if constant(y):
            return type(body)(grad(x), y, at=body.at)
        case t.Sum(indices, x, drawn=drawn):
            return t.Sum(indices, grad(x), at=body.at, drawn=drawn)
    return None


def in_logarithms(body: t.Node) -> t.Node | None:
    """log body in logarithms of policies' probabilities; None where it is no product of such, and has no value.

    >>> from pgsym.claims.language import parse
    >>> print(in_logarithms(parse("pi(a|s)^2 / pi'(a|s) = J").claims[0].left))
    2 * log pi(a|s) - log pi'(a|s)
    """
    match body:
        case t.Quantity("pi"):
            return t.Log(body, at=body.at)
        case t.Number(value) if value == 1:
            return t.Number(Fraction(0))
        case t.Mul(x, y) | t.Div(x, y):
            first, second = in_logarithms(x), in_logarithms(y)
            if first is None or second is None:
                return None
            return (t.Add if isinstance(body, t.Mul) else t.Sub)(first, second, at=body.at)
        case t.Pow(x, power):
            inner = in_logarithms(x)
            return None if inner is None else t.Mul(t.Number(Fraction(power)), inner, at=body.at)
        case t.StopGradient(x):
            inner = in_logarithms(x)
            return None if inner is None else t.StopGradient(inner, at=body.at)
    return None


def _has_logarithm(node: t.Node) -> bool:
    """Whether a logarithm without a value stands there."""
    return any(in_logarithms(n.body) is None for n in node.walk() if isinstance(n, t.Log))


def _parts(node: t.Node) -> Iterator[t.Node]:
    """The node and all below it, with the weights of expectations."""
    if isinstance(node, t.Expect):
        node = node.expanded()
    yield node
    for child in () if isinstance(node, t.StopGradient) else node.children:
        yield from _parts(child)
