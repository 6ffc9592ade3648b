"""Writing an expression in another way: algebra, calculus, and the equations that quantities satisfy.

What is written in another way has the same value wherever all of it is defined, up to what an index then runs over;
whether a rewritten claim is true is for the second reading to say.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import count

from pgsym.claims.language import tree as t
from pgsym.claims.language.scope import Scope
from pgsym.errors import ClaimError
from second_reading.indices import free, written_out

Rule = Callable[[t.Node, "Names"], Iterator[t.Node]]

RULES: dict[str, Rule] = {}
"""Ways to write a node, by name."""

ZERO, ONE, TWO, GAMMA = t.Number(Fraction(0)), t.Number(Fraction(1)), t.Number(Fraction(2)), t.Quantity("gamma")
J, RBAR = t.Quantity("J"), t.Quantity("rbar")


class Names:
    """Names of indices that a claim does not use yet, and the shapes of its parts."""

    def __init__(self, rng: random.Random, scope: Scope) -> None:
        self.rng = rng
        self.scope = scope
        self._numbers = count(2)

    def state(self) -> str:
        return f"s{next(self._numbers)}"

    def action(self) -> str:
        return f"a{next(self._numbers)}"

    def rank(self, node: t.Node) -> int | None:
        """None for the number 0 and what has no shape."""
        try:
            return self.scope.rank(node)
        except ClaimError:
            return None


def loose(node: t.Node) -> set[str]:
    """The indices that nothing binds."""
    return set(free(written_out(node)))


def rule(name: str) -> Callable[[Rule], Rule]:
    def register(make: Rule) -> Rule:
        RULES[name] = make
        return make

    return register


def rewritten(node: t.Node, names: Names, times: int) -> t.Node:
    """The expression, changed by random rules at random places."""
    for _ in range(times):
        places = list(_places(node))
        for _ in range(8):
            path = names.rng.choice(places)
            here = _at(node, path)
            changes = [new for r in names.rng.sample(list(RULES.values()), 5) for new in r(here, names)]
            if changes:
                node = _replaced(node, path, names.rng.choice(changes))
                break
    return node


def _places(node: t.Node, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for field in ("body", "left", "right"):
        child = getattr(node, field, None)
        if isinstance(child, t.Node):
            yield from _places(child, (*path, field))


def _at(node: t.Node, path: tuple[str, ...]) -> t.Node:
    for field in path:
        node = getattr(node, field)
    return node


def _replaced(node: t.Node, path: tuple[str, ...], new: t.Node) -> t.Node:
    if not path:
        return new
    return replace(node, **{path[0]: _replaced(getattr(node, path[0]), path[1:], new)})


# -- algebra ---------------------------------------------------------------------------------------------


@rule("commuted")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    if isinstance(node, t.Add | t.Mul) or (isinstance(node, t.Dot) and names.rank(node) == 0):
        yield type(node)(node.right, node.left)


@rule("distributed")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    if isinstance(node, t.Mul | t.Dot | t.Outer) and isinstance(node.right, t.Add | t.Sub):
        right = node.right
        yield type(right)(type(node)(node.left, right.left), type(node)(node.left, right.right))
    if isinstance(node, t.Mul | t.Div | t.Dot | t.Outer) and isinstance(node.left, t.Add | t.Sub):
        left = node.left
        yield type(left)(type(node)(left.left, node.right), type(node)(left.right, node.right))


@rule("associated")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    if isinstance(node, t.Add | t.Mul) and isinstance(node.left, type(node)):
        yield type(node)(node.left.left, type(node)(node.left.right, node.right))


@rule("signs")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    if isinstance(node, t.Sub):
        yield t.Add(node.left, t.Neg(node.right))
        yield t.Neg(t.Sub(node.right, node.left))
    if isinstance(node, t.Mul) and names.rank(node.left) == 0:
        yield t.Mul(t.Neg(node.left), t.Neg(node.right))


@rule("powers")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    if isinstance(node, t.Pow) and node.power > 1:
        yield t.Mul(node.body, replace(node, power=node.power - 1))
    if isinstance(node, t.Div) and not isinstance(node.right, t.Number):
        yield t.Mul(t.Pow(node.right, -1), node.left)


@rule("zero added")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    rank = names.rank(node)
    if rank is None:
        return
    yield t.Add(node, t.Sub(node, node))
    yield t.Add(node, t.Mul(ZERO, node))
    yield t.Sub(node, ZERO)
    zeros: list[t.Node] = [t.Sub(J, J), t.Mul(ZERO, GAMMA), t.Sub(t.Pow(GAMMA, 2), t.Mul(GAMMA, GAMMA))]
    vector = t.Sub(t.Grad(J), t.Grad(t.Add(J, TWO)))
    if rank == 0:
        yield from (t.Add(zero, node) for zero in zeros)
    elif rank == 1:
        yield t.Add(node, vector)
        yield t.Add(ZERO, node)
    else:
        yield t.Add(node, t.Outer(vector, vector))


@rule("one multiplied")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    positive = t.Add(ONE, t.Pow(names.rng.choice([J, RBAR, GAMMA]), 2))
    if names.rank(node) is not None:
        yield t.Mul(t.Div(positive, positive), node)
        yield t.Div(t.Mul(positive, node), positive)
        yield t.Sub(t.Mul(TWO, node), node)


@rule("probabilities added up")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    states = sorted({i for i in loose(node) if not t.is_action(i)})
    if states and names.rank(node) is not None:
        s, a, s2 = names.rng.choice(states), names.action(), names.state()
        yield t.Mul(t.Sum((a,), t.Quantity("pi", (a, s))), node)
        yield t.Mul(t.Sum((s2,), t.Quantity("P_pi", (s, s2))), node)


# -- sums ------------------------------------------------------------------------------------------------


@rule("sum split")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    if isinstance(node, t.Sum) and isinstance(node.body, t.Add | t.Sub):
        inner = node.body
        yield type(inner)(t.Sum(node.indices, inner.left), t.Sum(node.indices, inner.right))
    if isinstance(node, t.Expect) and isinstance(node.body, t.Add | t.Sub):
        inner = node.body
        yield type(inner)(t.Expect(node.draws, inner.left), t.Expect(node.draws, inner.right))


@rule("factor moved")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    if isinstance(node, t.Sum) and isinstance(node.body, t.Mul):
        x, y = node.body.left, node.body.right
        if not set(node.indices) & loose(x):
            yield t.Mul(x, t.Sum(node.indices, y))
    if isinstance(node, t.Mul) and isinstance(node.right, t.Sum) and not set(node.right.indices) & loose(node.left):
        yield t.Sum(node.right.indices, t.Mul(node.left, node.right.body))


@rule("expectation written out")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    if isinstance(node, t.Expect):
        yield node.expanded()


@rule("indices exchanged")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    if isinstance(node, t.Sum) and len(node.indices) > 1:
        yield t.Sum(node.indices[:1], t.Sum(node.indices[1:], node.body))


# -- derivatives -----------------------------------------------------------------------------------------


@rule("rules of calculus")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    if not isinstance(node, t.Grad):
        return
    match node.body:
        case t.Add(x, y) | t.Sub(x, y) if names.rank(x) is not None and names.rank(y) is not None:
            yield type(node.body)(t.Grad(x), t.Grad(y))
        case t.Mul(x, y) if names.rank(x) == 0 and names.rank(y) == 0:
            yield t.Add(t.Mul(x, t.Grad(y)), t.Mul(y, t.Grad(x)))
        case t.Div(x, y) if names.rank(x) == 0 and names.rank(y) == 0:
            yield t.Div(t.Sub(t.Mul(y, t.Grad(x)), t.Mul(x, t.Grad(y))), t.Pow(y, 2))
        case t.Pow(x, n) if n > 1:
            yield t.Mul(t.Mul(t.Number(Fraction(n)), t.Pow(x, n - 1)), t.Grad(x))
        case t.Log(x):
            yield t.Div(t.Grad(x), x)
        case t.Sum(indices, x):
            yield t.Sum(indices, t.Grad(x))
        case t.Neg(x):
            yield t.Neg(t.Grad(x))
        case t.Grad(x) if names.rank(x) == 0:
            yield t.Transpose(node)


@rule("matrices")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    match node:
        case t.Outer(x, y):
            yield t.Transpose(t.Outer(y, x))
        case t.Transpose(t.Add(x, y)):
            yield t.Add(t.Transpose(x), t.Transpose(y))
        case t.Transpose(t.Outer(x, y)):
            yield t.Outer(y, x)
        case t.Dot(x, y) if names.rank(x) == 2 and names.rank(y) == 1:
            yield t.Dot(y, t.Transpose(x))
        case t.Dot(t.Outer(x, y), z) if names.rank(z) == 1:
            yield t.Mul(x, t.Dot(y, z))
        case _ if names.rank(node) == 2:
            yield t.Transpose(t.Transpose(node))


# -- what quantities satisfy -----------------------------------------------------------------------------


@rule("equations")
def _(node: t.Node, names: Names) -> Iterator[t.Node]:
    if not isinstance(node, t.Quantity) or node.overrides or node.primed or any(
        isinstance(i, t.Literal) for i in node.indices
    ):  # fmt: skip
        return
    s = node.indices[0] if node.indices else "s"
    a, s2, a2 = names.action(), names.state(), names.action()

    def q(name: str, *indices: str) -> t.Quantity:
        return t.Quantity(name, indices)

    match node.name:
        case "V":
            yield t.Add(q("r_pi", s), t.Mul(GAMMA, t.Sum((s2,), t.Mul(q("P_pi", s, s2), q("V", s2)))))
            yield t.Sum((a,), t.Mul(q("pi", a, s), q("Q", s, a)))
        case "h":
            yield t.Add(t.Sub(q("r_pi", s), RBAR), t.Sum((s2,), t.Mul(q("P_pi", s, s2), q("h", s2))))
        case "Q":
            b = node.indices[1]
            yield t.Add(q("A", s, b), q(names.rng.choice(["V", "h"]), s))
            yield t.Add(q("r", s, b), t.Mul(GAMMA, t.Sum((s2,), t.Mul(q("P", s2, s, b), q("V", s2)))))
            if (s, b) == ("s", "a"):
                yield t.Expect((t.Draw(s2, "P"),), t.Add(q("r", s, b, s2), t.Mul(GAMMA, q("V", s2))))
            sarsa = t.Sum((a2,), t.Mul(q("pi", a2, s2), q("Q", s2, a2)))
            yield t.Sum((s2,), t.Mul(q("P", s2, s, b), t.Add(q("r", s, b, s2), t.Mul(GAMMA, sarsa))))
        case "A":
            b = node.indices[1]
            yield t.Sub(q("Q", s, b), t.Sum((a,), t.Mul(q("pi", a, s), q("Q", s, a))))
        case "E[r^2]" if len(node.indices) == 2:
            yield t.Sum((s2,), t.Mul(q("P", s2, *node.indices), q("E[r^2]", *node.indices, s2)))
        case "mu":
            yield t.Sum((s2,), t.Mul(q("mu", s2), q("P_pi", s2, s)))
        case "eta":
            yield t.Add(q("mu0", s), t.Mul(GAMMA, t.Sum((s2,), t.Mul(q("eta", s2), q("P_pi", s2, s)))))
        case "d":
            yield t.Div(q("eta", s), t.Sum((s2,), q("eta", s2)))
        case "g":
            yield t.Sum((s2,), t.Mul(q("P_pi", s, s2), q("g", s2)))
        case "H":
            yield t.Add(t.Sub(q("r_pi", s), q("g", s)), t.Sum((s2,), t.Mul(q("P_pi", s, s2), q("H", s2))))
        case "r_pi":
            yield t.Sum((a,), t.Mul(q("pi", a, s), q("r", s, a)))
        case "pi":
            state = node.indices[1]
            yield t.Div(node, t.Sum((a,), q("pi", a, state)))
        case "r" if len(node.indices) == 2:
            b = node.indices[1]
            yield t.Sum((s2,), t.Mul(q("P", s2, s, b), q("r", s, b, s2)))
        case "J":
            yield t.Sum((s2,), t.Mul(q("mu0", s2), q("V", s2)))
            yield t.Sum((s2,), t.Mul(q("eta", s2), q("r_pi", s2)))
        case "rbar":
            yield t.Sum((s2,), t.Mul(q("mu", s2), q("r_pi", s2)))
        case "P_pi":
            target = node.indices[1]
            yield t.Sum((a,), t.Mul(q("pi", a, s), q("P", target, s, a)))
