"""Where an expression needs parentheses: one set of rules for text and LaTeX.

A sum, an expectation and a limit extend to the right over products, so they are *open*: on the left of an
operator they need parentheses.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from pgsym.claims.language import runs
from pgsym.claims.language.tree import (
    Add,
    Call,
    Div,
    Expect,
    Grad,
    Index,
    Limit,
    Log,
    Mul,
    Neg,
    Node,
    Number,
    OverIndices,
    Pow,
    PrimedGrad,
    Quantity,
    SamePolicy,
    Sub,
)

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)
"""How tightly an operation binds."""

_OPEN = OverIndices | Expect | Limit | SamePolicy | runs.OverTime | runs.RunExpect
"""What extends to the right over products."""

_PREFIX = Grad | PrimedGrad | Log | runs.Trace
"""What binds tighter than products, unless something open follows it."""


def tightness(node: Node) -> int:
    """How tightly the node's outermost operation binds."""
    if isinstance(node, Add | Sub | Neg):
        return SUM
    if isinstance(node, Mul | Div | _OPEN):
        return PRODUCT
    if isinstance(node, _PREFIX):
        return PRODUCT if is_open(node.body) else UNARY
    if isinstance(node, Pow | runs.TimePower):
        return POWER
    if isinstance(node, Number) and (node.value < 0 or node.value.denominator != 1):
        return SUM if node.value < 0 else PRODUCT
    return ATOM


def is_open(node: Node) -> bool:
    """Whether the text would swallow a product that follows."""
    if isinstance(node, _OPEN):
        return True
    if isinstance(node, _PREFIX):
        return is_open(node.body)
    if isinstance(node, Mul | Div):
        return is_open(node.right) and tightness(node.right) == PRODUCT and not isinstance(node.right, Mul | Div)
    return isinstance(node, Neg) and is_open(node.body)


class TreeWriter(ABC):
    """The rules shared by text and LaTeX; `group` puts parentheses."""

    group: Callable[[str], str]

    def write(self, node: Node) -> str:
        """What text and LaTeX write alike, and the rest as the kind of writer has it."""
        match node:
            case Call(name, indices):
                return self.call(name, indices)
            case Quantity():
                return self.quantity(node)
            case Add(left, right):
                return f"{self.part(left, SUM)} + {self.part(right, PRODUCT)}"
            case Sub(left, right):
                return f"{self.part(left, SUM)} - {self.part(right, PRODUCT)}"
            case Neg(body):
                return f"-{self.part(body, PRODUCT)}"
        return self.own(node)

    @abstractmethod
    def own(self, node: Node) -> str:
        """A node that text and LaTeX write in different ways."""

    @abstractmethod
    def call(self, name: str, indices: Iterable[Index]) -> str:
        """What a definition or a function is at its indices."""

    @abstractmethod
    def quantity(self, node: Quantity) -> str:
        """A quantity of the vocabulary."""

    def part(self, node: Node, level: int) -> str:
        """An operand that must bind at least that tightly."""
        return self.group(self.write(node)) if tightness(node) < level else self.write(node)

    def left(self, node: Node) -> str:
        """The left operand of a product."""
        return self.group(self.write(node)) if is_open(node) else self.part(node, PRODUCT)

    def right(self, node: Node) -> str:
        """The right operand of a product."""
        nested = isinstance(node, Mul | Div | Number) and tightness(node) == PRODUCT
        return self.group(self.write(node)) if nested else self.part(node, PRODUCT)

    def prefix(self, node: Node) -> str:
        """What follows grad or log; a power has parentheses, as grad x^2 could be read as (grad x)^2."""
        if isinstance(node, Pow | runs.TimePower):
            return self.group(self.write(node))
        return self.write(node) if is_open(node) and tightness(node) == PRODUCT and not isinstance(
            node, Mul | Div
        ) else self.part(node, UNARY)  # fmt: skip
