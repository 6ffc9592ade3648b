r"""Trees as text and as LaTeX: one set of rules for parentheses, two ways of writing.

A sum, an expectation and a limit extend to the right over products, so they are *open*: on the left of an
operator they need parentheses.

>>> from pgsym.claims.language.tree import Grad, Quantity, Sum
>>> tree = Sum(("s",), Quantity("mu", ("s",)) * Quantity("V", ("s",))) / (1 - Quantity("gamma"))
>>> print(text(tree), latex(tree), sep="\n")
(sum[s] mu(s) * V(s)) / (1 - gamma)
\frac{\sum_{s} \mu(s) \, V(s)}{1 - \gamma}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pgsym.claims.language import runs
from pgsym.claims.language.characters import is_special
from pgsym.claims.language.parse import WORLDS
from pgsym.claims.language.relation import SPELLINGS
from pgsym.claims.language.tree import (
    Abs,
    Add,
    Arbitrary,
    Binary,
    Binding,
    Call,
    Div,
    Dot,
    Expect,
    ForAll,
    ForEach,
    Grad,
    Index,
    Indicator,
    Inv,
    Let,
    Limit,
    Literal,
    Log,
    Max,
    Mul,
    Neg,
    Node,
    Number,
    Outer,
    OverIndices,
    Override,
    Pow,
    PrimedGrad,
    Quantity,
    SamePolicy,
    Statement,
    StopGradient,
    Sub,
    Sum,
    Symbol,
    Transpose,
    Unary,
    World,
)
from pgsym.expression.notation import derivative_latex, name_latex, symbol_latex
from pgsym.expression.notations import current, second_policy
from pgsym.expression.quantity import VOCABULARY, reward_power

_SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(5)
KEYWORDS = frozenset({"sum", "prod", "E", "Var", "Cov", "limit", "grad", "log", "trace", "dot", "outer", "inv",
                      "transpose", "sg", "at", "abs", "max", "min", "let", "for", "all", "with", "G",
                      *(text for text in SPELLINGS if text.isalpha())})  # fmt: skip
"""Words with a meaning of their own."""

_PLAIN = re.compile(r"[^\W\d]\w*'*\Z")


def text(node: Node) -> str:
    """The text that the grammar reads back to this tree."""
    return _Text().write(node)


def latex(node: Node) -> str:
    """The expression as LaTeX."""
    return _Latex().write(node)


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


def let_latex(definition: Let) -> str:
    r"""A definition as LaTeX, with the sign for equality by definition.

    >>> from pgsym.claims.language.tree import Quantity
    >>> print(let_latex(Let("b", ("s",), Quantity("V", ("s",)))))
    b(s) \coloneqq V(s)
    """
    writer = _Latex()
    return rf"{writer.call(definition.name, definition.indices)} \coloneqq {writer.write(definition.body)}"


def declarations_latex(bindings: Iterable[Binding]) -> tuple[str, ...]:
    r"""Declarations as LaTeX, those for all in one line; definitions are left to `let_latex`.

    >>> from pgsym.claims.language.parse import parse
    >>> print(*declarations_latex(parse("for all b(s), lambda, P': J = b(s)").bindings))
    \text{for all } b(s),\, \lambda,\, P':
    """
    heads, worlds = [], []
    for binding in bindings:
        match binding:
            case ForAll(name, indices):
                heads.append(_Latex().call(name, indices))
            case ForEach(index):
                heads.append(_index_latex(index))
            case Arbitrary(name):
                heads.append(_head(name.rstrip("'"), primed=True))
            case World(name):
                worlds.append(rf"M' \colon \text{{{WORLDS[name]}}}")
    return (*([rf"\text{{for all }} {_COMMA.join(heads)}:"] if heads else []), *worlds)


_COMMA = r",\, "

_OPEN = OverIndices | Expect | Limit | SamePolicy | runs.OverTime | runs.RunExpect
"""What extends to the right over products."""


_PREFIX = Grad | PrimedGrad | Log | runs.Trace
"""What binds tighter than products, unless something open follows it."""


def _level(node: Node) -> int:
    """How tightly the node's outermost operation binds."""
    if isinstance(node, Add | Sub | Neg):
        return _SUM
    if isinstance(node, Mul | Div | _OPEN):
        return _PRODUCT
    if isinstance(node, _PREFIX):
        return _PRODUCT if _is_open(node.body) else _UNARY
    if isinstance(node, Pow | runs.TimePower):
        return _POWER
    if isinstance(node, Number) and (node.value < 0 or node.value.denominator != 1):
        return _SUM if node.value < 0 else _PRODUCT
    return _ATOM


def _is_open(node: Node) -> bool:
    """Whether the text would swallow a product that follows."""
    if isinstance(node, _OPEN):
        return True
    if isinstance(node, _PREFIX):
        return _is_open(node.body)
    if isinstance(node, Mul | Div):
        return _is_open(node.right) and _level(node.right) == _PRODUCT and not isinstance(node.right, Mul | Div)
    return isinstance(node, Neg) and _is_open(node.body)


class _Writer:
    """The rules shared by text and LaTeX; `group` puts parentheses."""

    group: Callable[[str], str]

    def write(self, node: Node) -> str:
        raise NotImplementedError

    def part(self, node: Node, level: int) -> str:
        """An operand that must bind at least that tightly."""
        return self.group(self.write(node)) if _level(node) < level else self.write(node)

    def left(self, node: Node) -> str:
        """The left operand of a product."""
        return self.group(self.write(node)) if _is_open(node) else self.part(node, _PRODUCT)

    def right(self, node: Node) -> str:
        """The right operand of a product."""
        nested = isinstance(node, Mul | Div | Number) and _level(node) == _PRODUCT
        return self.group(self.write(node)) if nested else self.part(node, _PRODUCT)

    def prefix(self, node: Node) -> str:
        """What follows grad or log; a power has parentheses, as grad x^2 could be read as (grad x)^2."""
        if isinstance(node, Pow | runs.TimePower):
            return self.group(self.write(node))
        return self.write(node) if _is_open(node) and _level(node) == _PRODUCT and not isinstance(
            node, Mul | Div
        ) else self.part(node, _UNARY)  # fmt: skip


class _Text(_Writer):
    """Names that are `taken` by the statement itself, or by the language, are quoted where they mean the model's."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.group = lambda inner: f"({inner})"
        self.taken = KEYWORDS.union(taken)

    def write(self, node: Node) -> str:
        match node:
            case Number(value):
                return str(value)
            case Symbol(name):
                known = name in self.taken or name.rstrip("'") in VOCABULARY
                plain = (
                    _PLAIN.match(name)
                    and not known
                    and not is_special(name)
                    and (runs.read_timed(name) or "s")[0] in "sa"
                )
                return name if plain else _quoted(name)
            case Call(name, indices):
                return self.call(name, indices)
            case Quantity():
                return self.quantity(node)
            case Indicator(indices):
                return f"1[{'='.join(map(_index_text, indices))}]"
            case Add(left, right):
                return f"{self.part(left, _SUM)} + {self.part(right, _PRODUCT)}"
            case Sub(left, right):
                return f"{self.part(left, _SUM)} - {self.part(right, _PRODUCT)}"
            case Mul(left, right):
                return f"{self.left(left)} * {self.right(right)}"
            case Div(left, right):
                return f"{self.left(left)} / {self.group(self.write(right)) if _is_open(right) else self.right(right)}"
            case Neg(body):
                return f"-{self.part(body, _PRODUCT)}"
            case Grad(body):
                return f"grad {self.prefix(body)}"
            case PrimedGrad(body):
                return f"grad' {self.prefix(body)}"
            case SamePolicy(body):
                return f"at[pi'=pi] {self.part(body, _PRODUCT)}"
            case Log(body):
                return f"log {self.prefix(body)}"
            case Limit(body):
                return f"limit[gamma->1] {self.part(body, _PRODUCT)}"
            case Pow(body, power):
                return f"{self.part(body, _ATOM)}^{power}"
            case OverIndices(indices, body):
                return f"{type(node).__name__.lower()}[{','.join(indices)}] {self.part(body, _PRODUCT)}"
            case Expect(draws, body):
                drawn = ", ".join(f"{d.index}~{d.name}{_mark(d.primed)}" for d in draws)
                return f"E[{drawn}] {self.part(body, _PRODUCT)}"
            case runs.Trace(body):
                return f"trace {self.prefix(body)}"
            case runs.OverTime(index, bounds, body):
                head = "sum" if isinstance(node, runs.TimeSum) else "prod"
                return f"{head}[{_bounds_text(index, bounds)}] {self.part(body, _PRODUCT)}"
            case runs.TimePower(body):
                return f"{self.part(body, _ATOM)}^{_exponent(node)}"
            case runs.RunExpect(body, operator):
                return f"{operator}[{_runs_text(node)}] {self.part(body, _PRODUCT)}"
            case runs.Covariance(left, right):
                return f"Cov[{_runs_text(node)}]({self.write(left)}, {self.write(right)})"
            case runs.RewardAt(time) | runs.ReturnFrom(time):
                return runs.timed("r" if isinstance(node, runs.RewardAt) else "G", time)
            case runs.Return():
                return "G"
            case runs.RunProbability():
                return "P(tau)"
            case StopGradient(body):
                return f"sg({self.write(body)})"
            case Unary(body):
                return f"{type(node).__name__.lower()}({self.write(body)})"
            case Binary(left, right):
                return f"{type(node).__name__.lower()}({self.write(left)}, {self.write(right)})"
        raise TypeError(f"{type(node).__name__} is not a node of the claim language")

    def call(self, name: str, indices: Iterable[Index]) -> str:
        inner = ",".join(map(_index_text, indices))
        return f"{name}({inner})" if inner else name

    def quantity(self, node: Quantity) -> str:
        if power := reward_power(node.name):
            return f"E[r{_mark(node.primed)}^{power}|{','.join(map(_index_text, node.indices))}]"
        head = node.name + _mark(node.primed)
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


def _mark(primed: bool) -> str:
    return "'" if primed else ""


def _quoted(name: object) -> str:
    return '"' + str(name).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _index_text(index: Index) -> str:
    if isinstance(index, str):
        return index
    whole = isinstance(index.name, int) and not isinstance(index.name, bool) and index.name >= 0
    return str(index.name) if whole else _quoted(index.name)


def _bounds_text(index: str, bounds: tuple[runs.TimeBound, ...]) -> str:
    """t, u>=t, t<=u<t+3."""
    if len(bounds) != 2:
        return index + "".join(f"{b.op}{b.time}" for b in bounds)
    low, high = bounds
    return f"{low.time}{runs.FLIPPED[low.op]}{index}{high.op}{high.time}"


def _exponent(node: runs.TimePower) -> str:
    """t, (t+1), (u-t), (u-t-1)."""
    if node.since is None:
        return f"({node.to})" if node.to.shift else str(node.to)
    return f"({node.to.name}-{node.since.name}{node.to.shift or '':+})" if node.to.shift else (
        f"({node.to.name}-{node.since.name})")  # fmt: skip


def _runs_text(node: runs.RunExpect | runs.Covariance) -> str:
    given = ", ".join(f"{n}={_index_text(i)}" for n, i in zip(("s_0", "a_0"), node.given, strict=False))
    return f"tau{'~pi' + _mark(True) if node.primed else ''}{' | ' + given if given else ''}"


class _Latex(_Writer):
    """In the notation that is asked for where it is made."""

    def __init__(self) -> None:
        self.group = lambda inner: rf"\left({inner}\right)"
        self.notation = current()

    def part(self, node: Node, level: int) -> str:
        # Written with an operator, where the text has a function.
        if isinstance(node, Dot | Outer) and level > _PRODUCT:
            return self.group(self.write(node))
        return super().part(node, level)

    def write(self, node: Node) -> str:
        match node:
            case Number(value):
                sign, p, q = "-" if value < 0 else "", abs(value.numerator), value.denominator
                return f"{sign}{p}" if q == 1 else rf"{sign}\frac{{{p}}}{{{q}}}"
            case Symbol(name):
                return symbol_latex(name)
            case Call(name, indices):
                return self.call(name, indices)
            case Quantity():
                return self.quantity(node)
            case Indicator(indices):
                return rf"\mathbf{{1}}[{' = '.join(map(_index_latex, indices))}]"
            case Add(left, right):
                return f"{self.part(left, _SUM)} + {self.part(right, _PRODUCT)}"
            case Sub(left, right):
                return f"{self.part(left, _SUM)} - {self.part(right, _PRODUCT)}"
            case Mul(left, right):
                return rf"{self.left(left)} \, {self.factor(right)}"
            case Div(left, right):
                return rf"\frac{{{self.write(left)}}}{{{self.write(right)}}}"
            case Neg(body):
                return f"-{self.part(body, _PRODUCT)}"
            case Grad(body):
                return self.gradient(body)
            case PrimedGrad(body):
                return rf"\nabla' {self.prefix(body)}"
            case SamePolicy(body):
                return rf"\left.{self.write(body)}\right|_{{\pi' = \pi}}"
            case Log(body):
                return rf"\log {self.prefix(body)}"
            case Limit(body):
                return rf"\lim_{{\gamma \to 1}} {self.part(body, _PRODUCT)}"
            case Pow(body, power):
                return f"{self.part(body, _ATOM)}^{{{power}}}"
            case Inv(body):
                return f"{self.part(body, _ATOM)}^{{-1}}"
            case Transpose(body):
                return rf"{self.part(body, _ATOM)}^{{\top}}"
            case StopGradient(body):
                return rf"\operatorname{{sg}}\left({self.write(body)}\right)"
            case Abs(body):
                return rf"\left|{self.write(body)}\right|"
            case OverIndices(indices, body):
                sign = r"\sum" if isinstance(node, Sum) else r"\max" if isinstance(node, Max) else r"\min"
                return rf"{sign}_{{{', '.join(map(_index_latex, indices))}}} {self.part(body, _PRODUCT)}"
            case Expect(draws, body):
                drawn = r",\, ".join(rf"{_index_latex(d.index)} \sim {_head(d.name, d.primed)}" for d in draws)
                return rf"\mathbb{{E}}_{{{drawn}}}\left[{self.write(body)}\right]"
            case Dot(Grad(Symbol(name)), Grad(body)):
                # The gradient of a parameter is a unit vector: this is one partial derivative.
                whole = self.write(body) if isinstance(body, Quantity | Call) else self.group(self.write(body))
                return derivative_latex(whole, name)
            case Dot(left, right):
                return rf"{self.part(left, _UNARY)} \cdot {self.part(right, _UNARY)}"
            case Outer(left, right):
                return rf"{self.part(left, _UNARY)} \otimes {self.part(right, _UNARY)}"
            case runs.Trace(body):
                return rf"\operatorname{{tr}} {self.prefix(body)}"
            case runs.OverTime(index, bounds, body):
                sign = r"\sum" if isinstance(node, runs.TimeSum) else r"\prod"
                return rf"{sign}_{{{_bounds_latex(index, bounds)}}} {self.part(body, _PRODUCT)}"
            case runs.TimePower(body):
                return f"{self.part(body, _ATOM)}^{{{_exponent(node).strip('()')}}}"
            case runs.RunExpect(body, operator):
                own = self.notation.others["E[tau]"]
                known = r"\pi" in own if node.primed else own
                if known and operator == "E" and (r"\tau" in own or _names_a_step(body)):
                    law, given = second_policy(own) if node.primed else own, _given_latex(node)
                    condition = rf" \mid {given}" if given else ""
                    return rf"{law}\left[{self.write(body)}{condition}\right]"
                return rf"{_RUN_OPERATORS[operator]}_{{{_runs_latex(node)}}}\left[{self.write(body)}\right]"
            case runs.Covariance(left, right):
                inner = rf"\left({self.write(left)},\, {self.write(right)}\right)"
                return rf"\operatorname{{Cov}}_{{{_runs_latex(node)}}}{inner}"
            case runs.RewardAt(time) | runs.ReturnFrom(time):
                letter = "r" if isinstance(node, runs.RewardAt) else "G"
                return self.notation.step(letter, time.name, time.shift)
            case runs.Return():
                return self.notation.others["G"]
            case runs.RunProbability():
                return self.notation.others["P(tau)"]
        raise TypeError(f"{type(node).__name__} is not a node of the claim language")

    def factor(self, node: Node) -> str:
        """The right operand of a product; fractions need no parentheses."""
        return self.write(node) if isinstance(node, Div | Number) else self.right(node)

    def gradient(self, body: Node) -> str:
        sign = self.notation.others["grad"]
        if isinstance(body, Grad):
            return rf"{sign}^{{2}} {self.prefix(body.body)}"
        return f"{sign} {self.prefix(body)}"

    def call(self, name: str, indices: Iterable[Index]) -> str:
        head = symbol_latex(name.rstrip("'")) + "'" * (len(name) - len(name.rstrip("'")))
        inner = ", ".join(map(_index_latex, indices))
        return f"{head}({inner})" if inner else head

    def quantity(self, node: Quantity) -> str:
        if power := reward_power(node.name):
            given = ", ".join(map(_index_latex, node.indices))
            return rf"\mathbb{{E}}[r{_mark(node.primed)}^{{{power}}} \mid {given}]"
        shown = self.notation.quantity(node.name, [_index_latex(i) for i in node.indices], primed=node.primed)
        if not node.overrides:
            return shown
        inner = r",\, ".join(map(self.override, node.overrides))
        if node.name in self.notation.templates:
            return rf"\left.{shown}\right|_{{{inner}}}"
        head, bracket, rest = shown.partition("(")
        return f"{head}_{{[{inner}]}}{bracket}{rest}"

    def override(self, override: Override) -> str:
        key = {"r": "r", "gamma": r"\gamma", "mu0": r"\mu_{0}"}[override.key]
        return f"{key} = {self.write(override.value)}"


def _head(name: str, primed: bool) -> str:
    r"""The letter of a quantity: what stands before its arguments in the glossary."""
    return current().quantity(name, (), primed=primed)


def _index_latex(index: Index) -> str:
    if isinstance(index, Literal):
        return name_latex(index.name)
    if at := runs.read_timed(index):
        return current().step(at[0], at[1].name, at[1].shift)
    if time := runs.read_time(index):
        return str(time)
    base = index.rstrip("'")
    return symbol_latex(base) + "'" * (len(index) - len(base))


_RUN_OPERATORS = {"E": r"\mathbb{E}", "Var": r"\operatorname{Var}"}


def _bounds_latex(index: str, bounds: tuple[runs.TimeBound, ...]) -> str:
    text = _bounds_text(index, bounds) if bounds else f"{index}>=0"
    for op, sign in ((">=", r" \ge "), ("<=", r" \le "), ("<", " < "), (">", " > ")):
        text = text.replace(op, sign)
    return text


def _runs_latex(node: runs.RunExpect | runs.Covariance) -> str:
    given = _given_latex(node)
    return r"\tau" + (r" \sim \pi'" if node.primed else "") + (rf" \mid {given}" if given else "")


def _names_a_step(body: Node) -> bool:
    """Whether an expression has a part of a run: a mean over pi without one is over states and actions."""
    parts = runs.RewardAt | runs.ReturnFrom | runs.Return | runs.RunProbability
    return any(
        isinstance(n, parts) or any(isinstance(i, str) and runs.read_timed(i) for i in getattr(n, "indices", ()))
        for n in body.walk()
    )


def _given_latex(node: runs.RunExpect | runs.Covariance) -> str:
    """The state, and the action, that runs begin with."""
    pairs = zip("sa", node.given, strict=False)
    return r",\, ".join(f"{current().step(letter, '', 0)} = {_index_latex(i)}" for letter, i in pairs)
