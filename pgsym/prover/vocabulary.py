"""Tensors back in the words of the claim language: what is missing of a false claim, and the lines of a proof.

>>> from pgsym.claims.language import parse
>>> from pgsym.prover.reading import Reading
>>> reading = Reading(parse("J = sum[s] eta(s) * r_pi(s) - J").claims[0])
>>> print(in_words(reading.difference(), reading))
J
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from typing import TYPE_CHECKING, Any

from pgsym.claims.language import tree as t
from pgsym.claims.language.parse import parse_expression
from pgsym.claims.language.runs import Trace
from pgsym.errors import ClaimError
from pgsym.expression.quantity import VOCABULARY
from pgsym.prover.equations import Equation, coefficient_text
from pgsym.prover.quantities import TensorQuantities, places_of
from pgsym.prover.rewriting import normal_form
from pgsym.prover.tensors import (
    OWN,
    Factor,
    Product,
    Total,
    add,
    canonical,
    indices_of,
    is_summed,
    is_symmetric,
    unused,
)

if TYPE_CHECKING:
    from pgsym.prover.reading import Reading


def in_words(total: Total, reading: Reading) -> t.Node | None:
    """The sum as an expression of the claim language; None where its vocabulary has no word for a part."""
    folded, _ = normal_form(total, _definitions(reading))
    terms = sorted(_with_action_values(folded, reading).items())
    parts = [ProductWriter(reading, product).node(c) for product, c in terms]
    if None in parts:
        return None
    return plus(parts) if parts else t.Number(Fraction(0))  # type: ignore[arg-type]


def plus(parts: Sequence[t.Node]) -> t.Node:
    """Their sum, with the positive ones first."""
    ordered = sorted(parts, key=lambda part: isinstance(part, t.Neg))
    return reduce(lambda x, y: t.Sub(x, y.body) if isinstance(y, t.Neg) else t.Add(x, y), ordered)


def _definitions(reading: Reading) -> list[Equation]:
    """What each quantity is written out to, and its name."""
    undiscounted = (t.Override("gamma", t.Number(Fraction(1))),)
    words = ("rbar", "J", "V", "h", "eta", "r_pi", "P_pi")
    marks = list(map(bool, reading.equations.marks))
    nodes = [(name, t.Quantity(name, tuple(places_of(name)), m)) for m in marks for name in words]
    if "1" in reading.equations.discounts:
        nodes += [("eta[1]", t.Quantity("eta", ("S",), mark, undiscounted)) for mark in marks]
    found = []
    for name, node in nodes:
        at = [str(i) for i in node.indices]
        try:
            ((_, factors),) = TensorQuantities(reading, node).of(node.name, at)
        except ClaimError:  # not defined for this objective
            continue
        letter = node.name + "'" * node.primed + name.removeprefix(node.name)
        found.append(Equation(name, tuple(factors), ((1, ((letter, *at),)),)))
    return found


def _with_action_values(total: Total, reading: Reading) -> Total:
    """r + gamma P V in one."""
    found, gamma = dict(total), reading.numbers["gamma"]
    for product in sorted(total):
        place = next((f for f in product if f[0] == "r" and len(f) == 3), None)
        if place is None or product not in found:
            continue
        rest = [f for f in product if f is not place]
        after = canonical([*rest, ("P", *place[1:], "s#next"), ("V", "s#next")])
        c = found[product]
        if found.get(after) == gamma * c:
            del found[product], found[after]
            add(found, [*rest, ("Q", *place[1:])], c)
    return found


class ProductWriter:
    """One product as an expression."""

    def __init__(self, reading: Reading, product: Product) -> None:
        self.reading = reading
        taken = {i for f in product for i in f[1:] if not is_summed(i)}
        self.names: dict[str, str] = {}
        for i in indices_of(product):
            if i[0] != "i":
                self.names[i] = unused(i[0], taken)
                taken.add(self.names[i])
        self.product = product

    def node(self, coefficient: Any) -> t.Node | None:
        """With its coefficient and its sums."""
        scalars: list[t.Node] = []
        vectors: list[_Vector] = []
        for factor in self.product:
            written = self._factor(factor)
            if written is None:
                return None
            along = tuple(i for i in factor[1:] if i[0] == "i")
            if along:
                vectors.append((written, along, is_symmetric(factor[0]) or factor[0] == "id"))
            else:
                scalars.append(written)
        bound = tuple(self.names.values())
        parts = [*self._ordered(scalars), *_multiplied(vectors)]
        body = reduce(t.Mul, parts) if parts else None
        return coefficient_node(coefficient, t.Sum(bound, body) if bound and body is not None else body)

    def _ordered(self, scalars: list[t.Node]) -> list[t.Node]:
        """Weights, probabilities, values."""
        order = {"mu0": 0, "mu": 0, "eta": 0, "d": 0, "pi": 1, "P": 2, "P_pi": 2}
        return sorted(scalars, key=lambda n: order.get(getattr(n, "name", ""), 3))

    def _factor(self, factor: Factor) -> t.Node | None:
        name, *at = factor
        places = [self.names.get(i, i) for i in at if i[0] != "i"]
        letters = self.reading.letters
        for times in (k for k in range(3) if name[:k] == "d" * k and name[k:] in letters):
            node: t.Node = replace(letters[name[times:]], indices=tuple(places))
            return reduce(lambda x, _: t.Grad(x), range(times), node)
        if name[0] == "d" and name[1:] in VOCABULARY and at[-1:] and at[-1][0] == "i" and name != "dpi":
            inner = self._factor((name[1:], *at[:-1]))
            return None if inner is None else t.Grad(inner)
        for start, form in _FORMS.items():
            if name.removeprefix(start) in ("pi", "pi'", "logit") and name != name.removeprefix(start):
                inner = self._factor((name.removeprefix(start), *at[:2]))
                assert inner is not None
                return form(inner)
        primed, base = name.endswith("'"), name.rstrip("'")
        if base in ("pi", "P"):
            s, a, *y = places
            return t.Quantity(base, (*y, s, a) if base == "P" else (a, s), primed)
        if name in ("eta[1]", "eta'[1]"):
            undiscounted = (t.Override("gamma", t.Number(Fraction(1))),)
            return t.Quantity("eta", tuple(places), "'" in name, undiscounted)
        if base.startswith("r^"):
            return t.Quantity(f"E[{base}]", tuple(places), primed)
        if base == "r3" or base in VOCABULARY:
            return t.Quantity("r" if base == "r3" else base, tuple(places), primed)
        if name == "ilen[gamma]":
            x = unused("s", self.names.values())
            return t.Div(t.Number(Fraction(1)), t.Sum((x,), t.Quantity("eta", (x,))))
        if name == "iF":
            return t.Inv(t.Quantity("F"))
        if name == "id":
            return t.Indicator(tuple(places)) if places else t.Quantity("I")
        if name == "one":
            return t.Number(Fraction(1))
        if name.startswith(OWN) or name in self.reading.visits:
            return t.Call(self.reading.visits.get(name, name.removeprefix(OWN)), tuple(places))
        return None


_FORMS: dict[str, Callable[[t.Node], t.Node]] = {
    "dd": lambda x: t.Grad(t.Grad(x)),
    "dl": lambda x: t.Grad(t.Log(x)),
    "d": t.Grad,
    "i": lambda x: t.Div(t.Number(Fraction(1)), x),
    "l": t.Log,
}
"""What stands before the name of a policy or its logits."""

_Vector = tuple[t.Node, tuple[str, ...], bool]
"""A vector or matrix, its indices over the parameters, and whether they may change places."""


def _multiplied(vectors: list[_Vector]) -> list[t.Node]:
    """Products over the parameters that are summed, then the outer product of what is left."""
    while summed := next((i for _, at, _ in vectors for i in at if is_summed(i)), None):
        first, *others = [v for v in vectors if summed in v[1]]
        rest = [v for v in vectors if summed not in v[1]]
        if not others:
            vectors = [*rest, (Trace(first[0]), (), False)]
            continue
        left, right = _turned(first, summed, -1), _turned(others[0], summed, 0)
        vectors = [*rest, (t.Dot(left[0], right[0]), (*left[1][:-1], *right[1][1:]), False)]
    free = [_turned(v, "i1", -1) if len(v[1]) == 2 else v for v in sorted(vectors, key=lambda v: v[1])]
    nodes = [node for node, at, _ in free if at]
    return [node for node, at, _ in free if not at] + ([t.Outer(*nodes)] if len(nodes) == 2 else nodes)


def _turned(vector: _Vector, index: str, place: int) -> _Vector:
    """Transposed where that brings an index to its place."""
    node, at, symmetric = vector
    if len(at) < 2 or at[place] == index:
        return vector
    return (node if symmetric else t.Transpose(node)), at[::-1], symmetric


def times(node: t.Node, other: t.Node) -> t.Node:
    """A product without parentheses that nobody needs."""
    return t.Mul(times(node, other.left), other.right) if isinstance(other, t.Mul) else t.Mul(node, other)


def coefficient_node(element: Any, node: t.Node | None) -> t.Node:
    """A coefficient times an expression."""
    negative, text = coefficient_text(element)
    own = [str(x) for x in element.field.symbols if str(x) != "gamma"]
    number = parse_expression("".join(f"for all {x}: " for x in own if re.search(rf"\b{x}\b", text)) + text)[0]
    if node is not None:
        number = node if number == t.Number(Fraction(1)) else times(number, node)
    return t.Neg(number) if negative else number
