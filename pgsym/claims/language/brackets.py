"""Where an expression needs parentheses: one set of rules for text and LaTeX.

A sum, an expectation and a limit extend to the right over products, so they are *open*: on the left of an
operator they need parentheses.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)
"""How tightly an operation binds."""

_OPEN = t.OverIndices | t.Expect | t.Limit | t.SamePolicy | runs.OverTime | runs.RunExpect
"""What extends to the right over products."""

_PREFIX = t.Grad | t.PrimedGrad | t.Log | runs.Trace
"""What binds tighter than products, unless something open follows it."""


def tightness(node: t.Node) -> int:
    """How tightly the node's outermost operation binds."""
    if isinstance(node, t.Add | t.Sub | t.Neg):
        return SUM
    if isinstance(node, t.Mul | t.Div | _OPEN):
        return PRODUCT
    if isinstance(node, _PREFIX):
        return PRODUCT if is_open(node.body) else UNARY
    if isinstance(node, t.Pow | runs.TimePower):
        return POWER
    if isinstance(node, t.Number) and (node.value < 0 or node.value.denominator != 1):
        return SUM if node.value < 0 else PRODUCT
    return ATOM


def is_open(node: t.Node) -> bool:
    """Whether the text would swallow a product that follows."""
    if isinstance(node, _OPEN):
        return True
    if isinstance(node, _PREFIX):
        return is_open(node.body)
    if isinstance(node, t.Mul | t.Div):
        return is_open(node.right) and tightness(node.right) == PRODUCT and not isinstance(node.right, t.Mul | t.Div)
    return isinstance(node, t.Neg) and is_open(node.body)


class TreeWriter(ABC):
    """The rules shared by text and LaTeX; `group` puts parentheses."""

    group: Callable[[str], str]

    def write(self, node: t.Node) -> str:
        """What text and LaTeX write alike, and the rest as the kind of writer has it."""
        match node:
            case t.Call(name, indices):
                return self.call(name, indices)
            case t.Quantity():
                return self.quantity(node)
            case t.Add(left, right):
                return f"{self.part(left, SUM)} + {self.part(right, PRODUCT)}"
            case t.Sub(left, right):
                return f"{self.part(left, SUM)} - {self.part(right, PRODUCT)}"
            case t.Neg(body):
                return f"-{self.part(body, PRODUCT)}"
        return self.own(node)

    @abstractmethod
    def own(self, node: t.Node) -> str:
        """A node that text and LaTeX write in different ways."""

    @abstractmethod
    def call(self, name: str, indices: Iterable[t.Index]) -> str:
        """What a definition or a function is at its indices."""

    @abstractmethod
    def quantity(self, node: t.Quantity) -> str:
        """A quantity of the vocabulary."""

    def part(self, node: t.Node, level: int) -> str:
        """An operand that must bind at least that tightly."""
        return self.group(self.write(node)) if tightness(node) < level else self.write(node)

    def left(self, node: t.Node) -> str:
        """The left operand of a product."""
        return self.group(self.write(node)) if is_open(node) else self.part(node, PRODUCT)

    def right(self, node: t.Node) -> str:
        """The right operand of a product."""
        nested = isinstance(node, t.Mul | t.Div | t.Number) and tightness(node) == PRODUCT
        return self.group(self.write(node)) if nested else self.part(node, PRODUCT)

    def prefix(self, node: t.Node) -> str:
        """What follows grad or log; a power has parentheses, as grad x^2 could be read as (grad x)^2."""
        if isinstance(node, t.Pow | runs.TimePower):
            return self.group(self.write(node))
        return self.write(node) if is_open(node) and tightness(node) == PRODUCT and not isinstance(
            node, t.Mul | t.Div
        ) else self.part(node, UNARY)  # fmt: skip
