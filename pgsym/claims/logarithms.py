"""Logarithms: of products of probabilities, under gradients, and of closed forms that are positive, as log (1 + J).

The gradient of one needs no value, as grad log x = grad x / x.  A closed form is a product of powers of irreducible
polynomials, so its logarithm is a sum of theirs, and these are independent of each other: what is equal has equal
coefficients.  That it is positive for all parameters is read off the signs of coefficients; where they do not show it,
the logarithm has no value.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy as sp

from pgsym.algebra.point import Logarithm
from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.errors import PgsymError, TooLargeError, UndefinedQuantityError
from pgsym.expression.quantity import reward_power

if TYPE_CHECKING:
    from pgsym.claims.compiler import Meaning

_RATIO = sp.Symbol("gamma/(1-gamma)")


@dataclass
class ClosedLogarithms:
    """What stands in the logarithms of a claim, with their values."""

    tables: dict[t.Node, dict[tuple[Hashable, ...], Logarithm | str]] = field(default_factory=dict)
    """By what stands there, then by what its indices stand for; a text says why there is no value."""
    recording: bool = False
    """What is met is noted, and has no value yet."""

    def found(self, *bodies: t.Node) -> Iterator[Logarithm]:
        """All that have a value, of some bodies or of all."""
        for body in bodies or self.tables:
            yield from (e for e in self.tables[body].values() if isinstance(e, Logarithm))

    def value(self, node: t.Log, env: Mapping[str, Hashable], indices: tuple[str, ...]) -> Logarithm:
        """What a logarithm is worth there.

        Raises
        ------
        UndefinedQuantityError
            What stands in it is 0, negative, or of unknown sign.
        """
        found = self.tables[node.body].get(tuple(env[i] for i in indices), "it is not defined")
        if isinstance(found, Logarithm):
            return found
        place = ", ".join(f"{i} = {env[i]}" for i in indices)
        raise UndefinedQuantityError(
            f"{found}; a logarithm is taken of closed forms that are positive. Take its gradient, or leave it out",
            where=f"{node} at {place}" if place else str(node),
        )

    def fill(self, meaning: Meaning, discount: sp.Expr) -> None:
        """Find the values, in the field of rational functions."""
        self.recording, large = False, ""
        for body in self.tables:
            indices = sorted(indices_of(body, meaning), key=lambda i: (t.is_action(i), i))
            value = meaning.compile(body)
            for env in meaning.assignments([meaning.scope.range(body, i) for i in indices]):
                place = tuple(env[i] for i in indices_of(body, meaning))
                try:
                    self.tables[body][place] = large or _logarithm(meaning.tower.field(0), value(env), discount)
                except TooLargeError:
                    self.tables[body][place] = large = "its closed form is too large to be taken apart"
                except PgsymError as error:
                    self.tables[body][place] = str(error)


def indices_of(body: t.Node, meaning: Meaning) -> tuple[str, ...]:
    """Its free indices, in the order of the text."""
    return tuple(dict.fromkeys(index for index, _ in meaning.scope.free_uses(body)))


def _logarithm(rational: Any, element: Any, discount: sp.Expr) -> Logarithm | str:
    if rational.is_zero(element):
        return "it is 0"
    number, factors = rational.factored(element)
    for f, power in factors.items():
        if is_positive(f, discount):
            continue
        if not is_positive(-f, discount):
            return f"the signs of the coefficients of {f} do not show that it is positive for all parameters"
        number = number * (-1) ** power
    return Logarithm.of(rational, element) if number > 0 else "it is negative"


def is_positive(polynomial: sp.Expr, discount: sp.Expr) -> bool:
    """Whether the coefficients in exponentials, and in gamma / (1 - gamma), show that it is positive.

    >>> x, g = sp.exp(sp.Symbol("theta")), sp.Symbol("gamma")
    >>> [is_positive(p, g) for p in (2 * x + 1, x - 1, 1 - g, 1 - g * x + x, g, sp.Symbol("p"))]
    [True, False, True, True, False, False]
    """
    if discount.is_Symbol:
        polynomial = sp.together(polynomial.subs(discount, _RATIO / (1 + _RATIO))).as_numer_denom()[0]
    terms = [term.as_coeff_mul() for term in sp.Add.make_args(sp.expand(polynomial))]
    always = [factors for _, factors in terms if all(f is sp.E or isinstance(f, sp.exp) for f in factors)]
    rest = {f.as_base_exp()[0] for _, factors in terms for f in factors if not (f is sp.E or isinstance(f, sp.exp))}
    return bool(always) and rest <= {_RATIO} and all(number > 0 for number, _ in terms)


# -- without values --------------------------------------------------------------------------------------------

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
            else not isinstance(n, runs.Runs)
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
