"""Trees as the text that the grammar reads back, and where text and LaTeX need parentheses.

A sum, an expectation and a limit extend to the right over products, so they are *open*: on the left of an operator they
need parentheses.

>>> from pgsym.claims.language.tree import Quantity, Sum
>>> print(text(Sum(("s",), Quantity("mu", ("s",)) * Quantity("V", ("s",))) / (1 - Quantity("gamma"))))
(sum[s] mu(s) * V(s)) / (1 - gamma)
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.characters import is_special
from pgsym.claims.language.relation import SPELLINGS
from pgsym.claims.language.statement import Arbitrary, Binding, ForAll, ForEach, Let, Statement, World
from pgsym.expression.quantity import VOCABULARY, reward_power

KEYWORDS = frozenset({"sum", "prod", "E", "Var", "Cov", "limit", "grad", "log", "trace", "at", "max", "min", "let",
                      "for", "all", "with", "G", *t.FUNCTIONS, *filter(str.isalpha, SPELLINGS)})  # fmt: skip
"""Words with a meaning of their own."""

_PLAIN = re.compile(r"[^\W\d]\w*'*\Z")


def text(node: t.Node) -> str:
    """The text that the grammar reads back to this tree."""
    return _Text().write(node)


def statement_text(statement: Statement) -> str:
    """The whole statement, its definitions and declarations first."""
    writer = _Text(b.name for b in statement.bindings if isinstance(b, Let | ForAll))
    parts = [writer.binding(b) for b in statement.bindings]
    chain = writer.write(statement.terms[0])
    for relation, term in zip(statement.relations, statement.terms[1:], strict=True):
        chain += f" {relation} {writer.write(term)}"
    return " ".join([*parts, chain])


def binding_text(binding: Binding) -> str:
    """A definition or a declaration as text.

    >>> from pgsym.claims.language.tree import Quantity
    >>> print(binding_text(Let("b", ("s",), Quantity("V", ("s",)))))
    let b(s) = V(s);
    """
    return _Text().binding(binding)


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


class _Text(TreeWriter):
    """Names that are `taken` by the statement itself, or by the language, are quoted where they mean the model's."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.group = lambda inner: f"({inner})"
        self.taken = KEYWORDS.union(taken)

    def own(self, node: t.Node) -> str:
        match node:
            case t.Number(value):
                return str(value)
            case t.Symbol(name):
                known = name in self.taken or name.rstrip("'") in VOCABULARY
                plain = (
                    _PLAIN.match(name)
                    and not known
                    and not is_special(name)
                    and (runs.read_timed(name) or "s")[0] in "sa"
                )
                return name if plain else _quoted(name)
            case t.Indicator(indices):
                return f"1[{'='.join(map(_index_text, indices))}]"
            case t.Mul(left, right):
                return f"{self.left(left)} * {self.right(right)}"
            case t.Div(left, right):
                return f"{self.left(left)} / {self.group(self.write(right)) if is_open(right) else self.right(right)}"
            case t.Grad(body):
                return f"grad {self.prefix(body)}"
            case t.PrimedGrad(body):
                return f"grad' {self.prefix(body)}"
            case t.SamePolicy(body):
                return f"at[pi'=pi] {self.part(body, PRODUCT)}"
            case t.Log(body):
                return f"log {self.prefix(body)}"
            case t.Limit(body):
                return f"limit[gamma->1] {self.part(body, PRODUCT)}"
            case t.Pow(body, power):
                return f"{self.part(body, ATOM)}^{power}"
            case t.OverIndices(indices, body):
                return f"{type(node).__name__.lower()}[{','.join(indices)}] {self.part(body, PRODUCT)}"
            case t.Expect(draws, body):
                drawn = ", ".join(f"{d.index}~{d.name}{prime(d.primed)}" for d in draws)
                return f"E[{drawn}] {self.part(body, PRODUCT)}"
            case runs.Trace(body):
                return f"trace {self.prefix(body)}"
            case runs.OverTime(index, bounds, body):
                head = "sum" if isinstance(node, runs.TimeSum) else "prod"
                return f"{head}[{bounds_text(index, bounds)}] {self.part(body, PRODUCT)}"
            case runs.TimePower(body):
                return f"{self.part(body, ATOM)}^{exponent(node)}"
            case runs.RunExpect(body, operator):
                return f"{operator}[{_runs_text(node)}] {self.part(body, PRODUCT)}"
            case runs.Covariance(left, right):
                return f"Cov[{_runs_text(node)}]({self.write(left)}, {self.write(right)})"
            case runs.RewardAt(time) | runs.ReturnFrom(time):
                return runs.timed("r" if isinstance(node, runs.RewardAt) else "G", time)
            case runs.Return():
                return "G"
            case runs.RunProbability():
                return "P(tau)"
            case t.Unary() | t.Binary():
                name = next(name for name, kind in t.FUNCTIONS.items() if kind is type(node))
                return f"{name}({', '.join(map(self.write, node.children))})"
        raise TypeError(f"{type(node).__name__} is not a node of the claim language")

    def call(self, name: str, indices: Iterable[t.Index]) -> str:
        inner = ",".join(map(_index_text, indices))
        return f"{name}({inner})" if inner else name

    def quantity(self, node: t.Quantity) -> str:
        if power := reward_power(node.name):
            return f"E[r{prime(node.primed)}^{power}|{','.join(map(_index_text, node.indices))}]"
        head = node.name + prime(node.primed)
        if node.overrides:
            head += f"[{', '.join(f'{o.key}={self.write(o.value)}' for o in node.overrides)}]"
        if not node.indices:
            return head
        shown = [_index_text(i) for i in node.indices]
        if node.name in ("pi", "P"):
            return f"{head}({shown[0]}|{','.join(shown[1:])})"
        return f"{head}({','.join(shown)})"

    def binding(self, binding: object) -> str:
        match binding:
            case Let(name, indices, body):
                return f"let {self.call(name, indices)} = {self.write(body)};"
            case ForAll(name, indices):
                return f"for all {self.call(name, indices)}:"
            case ForEach(index):
                return f"for all {index}:"
            case Arbitrary(name):
                return f"for all {name}:"
            case World(name):
                return f"with M' = {name}:"
        raise TypeError(f"{type(binding).__name__} is not a binding of the claim language")


def prime(primed: bool) -> str:
    """The mark of the second policy and model."""
    return "'" if primed else ""


def _quoted(name: object) -> str:
    return '"' + str(name).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _index_text(index: t.Index) -> str:
    if isinstance(index, str):
        return index
    whole = isinstance(index.name, int) and not isinstance(index.name, bool) and index.name >= 0
    return str(index.name) if whole else _quoted(index.name)


def bounds_text(index: str, bounds: tuple[runs.TimeBound, ...]) -> str:
    """t, u>=t, t<=u<t+3."""
    if len(bounds) != 2:
        return index + "".join(f"{b.op}{b.time}" for b in bounds)
    low, high = bounds
    return f"{low.time}{runs.FLIPPED[low.op]}{index}{high.op}{high.time}"


def exponent(node: runs.TimePower) -> str:
    """t, (t+1), (u-t), (u-t-1)."""
    if node.since is None:
        return f"({node.to})" if node.to.shift else str(node.to)
    return f"({node.to.name}-{node.since.name}{node.to.shift or '':+})" if node.to.shift else (
        f"({node.to.name}-{node.since.name})")  # fmt: skip


def _runs_text(node: runs.RunExpect | runs.Covariance) -> str:
    given = ", ".join(f"{n}={_index_text(i)}" for n, i in zip(("s_0", "a_0"), node.indices, strict=False))
    return f"tau{'~pi' + prime(True) if node.primed else ''}{' | ' + given if given else ''}"
