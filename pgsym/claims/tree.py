"""Statements as trees: one tree gives the text, the LaTeX, and the value in every field.

Scalars are numbers of the field; `Grad` makes a vector with one entry for each parameter.  Indices s, s', ...
run over states, a, a', ... over the actions of the state that they are paired with.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from pgsym.expression.latex import quantity_latex


class Node(ABC):
    """A scalar or vector expression of the claim language."""

    @property
    def children(self) -> tuple[Node, ...]:
        """The expressions directly below."""
        return ()

    @abstractmethod
    def latex(self) -> str:
        """The expression as LaTeX."""

    def __add__(self, other: Node) -> Node:
        return Add(self, other)

    def __sub__(self, other: Node) -> Node:
        return Sub(self, other)

    def __mul__(self, other: Node) -> Node:
        return Mul(self, other)

    def __truediv__(self, other: Node) -> Node:
        return Div(self, other)

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Number(Node):
    """A rational constant."""

    value: Fraction

    def __str__(self) -> str:
        return str(self.value)

    def latex(self) -> str:
        p, q = self.value.numerator, self.value.denominator
        return str(p) if q == 1 else rf"\frac{{{p}}}{{{q}}}"


@dataclass(frozen=True)
class Quantity(Node):
    """J, V(s), Q(s,a), pi(a|s), ...: a name of the glossary with its indices in the order of writing."""

    name: str
    indices: tuple[str, ...] = ()

    @property
    def state_action(self) -> tuple[str, str] | None:
        """(state index, action index) where the quantity pairs them."""
        if len(self.indices) != 2:
            return None
        first, second = self.indices
        return (second, first) if self.name == "pi" else (first, second)

    def __str__(self) -> str:
        if not self.indices:
            return self.name
        return f"{self.name}({('|' if self.name == 'pi' else ',').join(self.indices)})"

    def latex(self) -> str:
        return quantity_latex(self.name, *map(sp.Symbol, self.indices))


@dataclass(frozen=True)
class Binary(Node):
    """An arithmetic operation."""

    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)


class Add(Binary):
    """left + right."""

    def __str__(self) -> str:
        return f"{self.left} + {self.right}"

    def latex(self) -> str:
        return f"{_tex(self.left)} + {_tex(self.right)}"


class Sub(Binary):
    """left - right."""

    def __str__(self) -> str:
        return f"{self.left} - {_grouped(self.right, (Add, Sub))}"

    def latex(self) -> str:
        return f"{_tex(self.left)} - {_tex(self.right, (Add, Sub))}"


class Mul(Binary):
    """left * right; at most one of them a vector."""

    def __str__(self) -> str:
        return f"{_grouped(self.left, (Add, Sub, Sum))} * {_grouped(self.right, (Add, Sub))}"

    def latex(self) -> str:
        return rf"{_tex(self.left, (Add, Sub, Sum))} \, {_tex(self.right, (Add, Sub))}"


class Div(Binary):
    """left / right, by a scalar."""

    def __str__(self) -> str:
        return f"{_grouped(self.left, (Add, Sub, Sum))} / {_grouped(self.right, (Add, Sub, Mul, Div, Sum))}"

    def latex(self) -> str:
        return rf"\frac{{{_tex(self.left)}}}{{{_tex(self.right)}}}"


@dataclass(frozen=True)
class Grad(Node):
    """The gradient with respect to theta of a scalar."""

    body: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.body,)

    def __str__(self) -> str:
        return f"grad {_grouped(self.body, (Binary, Sum))}"

    def latex(self) -> str:
        return rf"\nabla {_tex(self.body, (Binary, Sum))}"


@dataclass(frozen=True)
class Sum(Node):
    """The sum over one index; it extends as far to the right as possible."""

    index: str
    body: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.body,)

    def __str__(self) -> str:
        return f"sum[{self.index}] {_grouped(self.body, (Add, Sub))}"

    def latex(self) -> str:
        return rf"\sum_{{{self.index}}} {_tex(self.body, (Add, Sub))}"


@dataclass(frozen=True)
class Equal:
    """The claim that two expressions are equal for every value of the parameters and of free indices."""

    left: Node
    right: Node

    def __str__(self) -> str:
        return f"{self.left} == {self.right}"

    def latex(self) -> str:
        return f"{_tex(self.left)} = {_tex(self.right)}"


def _grouped(node: Node, kinds: tuple[type, ...]) -> str:
    return f"({node})" if isinstance(node, kinds) else str(node)


def _tex(node: Node, grouped: tuple[type, ...] = ()) -> str:
    text = node.latex()
    return rf"\left({text}\right)" if isinstance(node, grouped) else text
