"""Expressions as trees: one tree gives the text, the LaTeX, and the value in every field.

An expression is a scalar, a vector with one entry for each parameter theta_i, or a matrix over them.
Indices s, s', ... run over states, a, a', ... over the actions of the state that they are paired with.
Expressions combine with the operators of Python:

>>> Q, pi = Quantity("Q", ("s", "a")), Quantity("pi", ("a", "s"))
>>> print(Sum(("a",), pi * Q))
sum[a] pi(a|s) * Q(s,a)
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True)
class Literal:
    """A state or an action of the model, by name."""

    name: Hashable


Index = str | Literal


@dataclass(frozen=True)
class Node:
    """An expression; `at` is its place in the text that it was read from."""

    at: int | None = field(default=None, compare=False, repr=False, kw_only=True)

    @property
    def children(self) -> tuple[Node, ...]:
        """The expressions directly below."""
        return ()

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def __str__(self) -> str:
        from pgsym.claims.language.render import text

        return text(self)

    def latex(self) -> str:
        """The expression as LaTeX."""
        from pgsym.claims.language.render_latex import latex

        return latex(self)

    def __add__(self, other: Node | int) -> Node:
        return Add(self, as_node(other))

    def __sub__(self, other: Node | int) -> Node:
        return Sub(self, as_node(other))

    def __mul__(self, other: Node | int) -> Node:
        return Mul(self, as_node(other))

    def __truediv__(self, other: Node | int) -> Node:
        return Div(self, as_node(other))

    def __radd__(self, other: int) -> Node:
        return Add(as_node(other), self)

    def __rsub__(self, other: int) -> Node:
        return Sub(as_node(other), self)

    def __rmul__(self, other: int) -> Node:
        return Mul(as_node(other), self)

    def __rtruediv__(self, other: int) -> Node:
        return Div(as_node(other), self)

    def __neg__(self) -> Node:
        return Neg(self)

    def __pow__(self, power: int) -> Node:
        return Pow(self, power)


@dataclass(frozen=True)
class Number(Node):
    """A rational constant."""

    value: Fraction


@dataclass(frozen=True)
class Symbol(Node):
    """A symbol or a parameter of the model, by name."""

    name: str


@dataclass(frozen=True)
class Override:
    """What a quantity is taken with instead of the model's own: r = c, mu0 = w or gamma = k.

    `value` is the name of a function (a `Call` or `Quantity` without indices) for r and mu0, a scalar for gamma.
    """

    key: str
    value: Node


@dataclass(frozen=True)
class Quantity(Node):
    """J, V(s), Q(s,a), pi(a|s), ...: a name of the vocabulary with its indices in the order of writing.

    `primed` ones belong to the second world: an arbitrary policy pi', or a transformed model.
    """

    name: str
    indices: tuple[Index, ...] = ()
    primed: bool = False
    overrides: tuple[Override, ...] = ()

    @property
    def children(self) -> tuple[Node, ...]:
        return tuple(o.value for o in self.overrides)


@dataclass(frozen=True)
class Call(Node):
    """A name that the statement itself defines or declares: b(s), c(s,a), lambda."""

    name: str
    indices: tuple[Index, ...] = ()


@dataclass(frozen=True)
class Indicator(Node):
    """1[s=s']: 1 where two states, or two actions, are the same one, else 0."""

    indices: tuple[Index, ...]


@dataclass(frozen=True)
class Unary(Node):
    """An operation on one expression."""

    body: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.body,)


class Neg(Unary):
    """-body."""


class Grad(Unary):
    """The gradient by theta of a scalar, or the Jacobian of a vector: rows are its entries."""


class PrimedGrad(Unary):
    """grad', the gradient by the parameters of the second policy, which is then of the first one's family."""


class SamePolicy(Unary):
    """at[pi'=pi] body: its value where the second policy is the first, after the gradients in it were taken."""


class Log(Unary):
    """The logarithm; its value is known for probabilities of a policy, its gradient for everything."""


class Inv(Unary):
    """The inverse of a matrix over the parameters."""


class Transpose(Unary):
    """The transpose of a matrix over the parameters."""


class Abs(Unary):
    """abs(body), of a scalar."""


class StopGradient(Unary):
    """sg(body): the body's value, which no gradient sees."""


@dataclass(frozen=True)
class Limit(Unary):
    """The limit of the body as the discount factor goes to 1."""


@dataclass(frozen=True)
class Pow(Unary):
    """body to an integer power."""

    power: int


@dataclass(frozen=True)
class Binary(Node):
    """An operation on two expressions."""

    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)


class Add(Binary):
    """left + right, of one shape."""


class Sub(Binary):
    """left - right, of one shape."""


class Mul(Binary):
    """left * right; at most one of them is not a scalar."""


class Div(Binary):
    """left / right, by a scalar."""


class Dot(Binary):
    """The product over the parameters: of two vectors, of a matrix and a vector, of two matrices."""


class Outer(Binary):
    """The matrix left right^T of two vectors."""


FUNCTIONS: dict[str, type[Unary | Binary]] = {
    "dot": Dot, "outer": Outer, "inv": Inv, "transpose": Transpose, "sg": StopGradient, "abs": Abs,
}  # fmt: skip
"""What is written with its arguments in parentheses."""


@dataclass(frozen=True)
class OverIndices(Node):
    """What binds indices; it extends to the right over products."""

    indices: tuple[str, ...]
    body: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.body,)


@dataclass(frozen=True)
class Sum(OverIndices):
    """The sum over indices.

    `drawn` ones are expectations written out: their weights sum to 1 over all states, terminal ones among them.
    """

    drawn: bool = field(default=False, compare=False, repr=False, kw_only=True)


class Max(OverIndices):
    """The largest value of a scalar over indices."""


class Min(OverIndices):
    """The smallest value of a scalar over indices."""


EXTREMES = (Abs, Max, Min)
"""What has a value, and no closed form: which of the values it is may depend on the parameters."""


DRAWN = ("P", "mu0", "nu")
"""Distributions over all states; mu, eta and d are over states that are not terminal."""


@dataclass(frozen=True)
class Draw:
    """One index of an expectation and what it is drawn from: s ~ mu, a ~ pi, s' ~ P."""

    index: str
    name: str
    primed: bool = False


@dataclass(frozen=True)
class Expect(Node):
    """The expectation over indices drawn one after the other.

    An action is drawn in the last state drawn before it, a next state from the last state and action.
    """

    draws: tuple[Draw, ...]
    body: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.body,)

    def expanded(self) -> Node:
        """The same as sums.

        >>> print(Expect((Draw("s", "mu"), Draw("a", "pi")), Quantity("Q", ("s", "a"))).expanded())
        sum[s] mu(s) * sum[a] pi(a|s) * Q(s,a)
        """
        result = self.body
        for k in range(len(self.draws) - 1, -1, -1):
            draw = self.draws[k]
            result = Sum((draw.index,), Mul(self._weight(k), result), at=self.at, drawn=draw.name in DRAWN)
        return result

    def _weight(self, k: int) -> Quantity:
        draw = self.draws[k]
        before = [d.index for d in self.draws[:k]]
        state = next((i for i in reversed(before) if not is_action(i)), "s")
        action = next((i for i in reversed(before) if is_action(i)), "a")
        given: dict[str, tuple[Index, ...]] = {"pi": (state,), "P": (state, action)}
        return Quantity(draw.name, (draw.index, *given.get(draw.name, ())), draw.primed, at=self.at)


def is_primed(node: Node) -> bool:
    """Whether the node itself, whatever stands below it, is about the second world."""
    return isinstance(node, PrimedGrad) or bool(getattr(node, "primed", False))


def written_out(node: Node) -> Iterator[Node]:
    """The node and all below it, with expectations as the sums that they are."""
    if isinstance(node, Expect):
        node = node.expanded()
    yield node
    for child in node.children:
        yield from written_out(child)


def as_node(value: Node | int | Fraction) -> Node:
    """A number as an expression; expressions as they are."""
    return value if isinstance(value, Node) else Number(Fraction(value))


def is_action(index: str) -> bool:
    """Whether a bound index is one of actions: a, a', a1, ..."""
    return index.startswith("a")
