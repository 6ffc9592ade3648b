r"""Trees as LaTeX, in the notation that is asked for.

>>> from pgsym.claims.language.tree import Grad, Quantity
>>> print(latex(Grad(Quantity("J")) / (1 - Quantity("gamma"))))
\frac{\nabla J}{1 - \gamma}
"""

from __future__ import annotations

from collections.abc import Iterable

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.parse import WORLDS
from pgsym.claims.language.render import ATOM, PRODUCT, UNARY, TreeWriter, bounds_text, exponent, prime
from pgsym.claims.language.statement import Arbitrary, Binding, ForAll, ForEach, Let, World
from pgsym.expression.notation import derivative_latex, name_latex, symbol_latex
from pgsym.expression.notations import current, second_policy
from pgsym.expression.quantity import reward_power

_COMMA = r",\, "


def latex(node: t.Node) -> str:
    """The expression as LaTeX."""
    return _Latex().write(node)


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


class _Latex(TreeWriter):
    """In the notation that is asked for where it is made."""

    def __init__(self) -> None:
        self.group = lambda inner: rf"\left({inner}\right)"
        self.notation = current()

    def part(self, node: t.Node, level: int) -> str:
        # Written with an operator, where the text has a function.
        if isinstance(node, t.Dot | t.Outer) and level > PRODUCT:
            return self.group(self.write(node))
        return super().part(node, level)

    def own(self, node: t.Node) -> str:
        match node:
            case t.Number(value):
                sign, p, q = "-" if value < 0 else "", abs(value.numerator), value.denominator
                return f"{sign}{p}" if q == 1 else rf"{sign}\frac{{{p}}}{{{q}}}"
            case t.Symbol(name):
                return symbol_latex(name)
            case t.Indicator(indices):
                return rf"\mathbf{{1}}[{' = '.join(map(_index_latex, indices))}]"
            case t.Mul(left, right):
                return rf"{self.left(left)} \, {self.factor(right)}"
            case t.Div(left, right):
                return rf"\frac{{{self.write(left)}}}{{{self.write(right)}}}"
            case t.Grad(body):
                return self.gradient(body)
            case t.PrimedGrad(body):
                return rf"\nabla' {self.prefix(body)}"
            case t.SamePolicy(body):
                return rf"\left.{self.write(body)}\right|_{{\pi' = \pi}}"
            case t.Log(body):
                return rf"\log {self.prefix(body)}"
            case t.Limit(body):
                return rf"\lim_{{\gamma \to 1}} {self.part(body, PRODUCT)}"
            case t.Pow(body, power):
                return f"{self.part(body, ATOM)}^{{{power}}}"
            case t.Inv(body):
                return f"{self.part(body, ATOM)}^{{-1}}"
            case t.Transpose(body):
                return rf"{self.part(body, ATOM)}^{{\top}}"
            case t.StopGradient(body):
                return rf"\operatorname{{sg}}\left({self.write(body)}\right)"
            case t.Abs(body):
                return rf"\left|{self.write(body)}\right|"
            case t.OverIndices(indices, body):
                sign = r"\sum" if isinstance(node, t.Sum) else r"\max" if isinstance(node, t.Max) else r"\min"
                return rf"{sign}_{{{', '.join(map(_index_latex, indices))}}} {self.part(body, PRODUCT)}"
            case t.Expect(draws, body):
                drawn = r",\, ".join(rf"{_index_latex(d.index)} \sim {_head(d.name, d.primed)}" for d in draws)
                return rf"\mathbb{{E}}_{{{drawn}}}\left[{self.write(body)}\right]"
            case t.Dot(t.Grad(t.Symbol(name)), t.Grad(body)):
                # The gradient of a parameter is a unit vector: this is one partial derivative.
                whole = self.write(body) if isinstance(body, t.Quantity | t.Call) else self.group(self.write(body))
                return derivative_latex(whole, name)
            case t.Dot(left, right):
                return rf"{self.part(left, UNARY)} \cdot {self.part(right, UNARY)}"
            case t.Outer(left, right):
                return rf"{self.part(left, UNARY)} \otimes {self.part(right, UNARY)}"
            case runs.Trace(body):
                return rf"\operatorname{{tr}} {self.prefix(body)}"
            case runs.OverTime(index, bounds, body):
                sign = r"\sum" if isinstance(node, runs.TimeSum) else r"\prod"
                return rf"{sign}_{{{_bounds_latex(index, bounds)}}} {self.part(body, PRODUCT)}"
            case runs.TimePower(body):
                return f"{self.part(body, ATOM)}^{{{exponent(node).strip('()')}}}"
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

    def factor(self, node: t.Node) -> str:
        """The right operand of a product; fractions need no parentheses."""
        return self.write(node) if isinstance(node, t.Div | t.Number) else self.right(node)

    def gradient(self, body: t.Node) -> str:
        sign = self.notation.others["grad"]
        if isinstance(body, t.Grad):
            return rf"{sign}^{{2}} {self.prefix(body.body)}"
        return f"{sign} {self.prefix(body)}"

    def call(self, name: str, indices: Iterable[t.Index]) -> str:
        head = symbol_latex(name.rstrip("'")) + "'" * (len(name) - len(name.rstrip("'")))
        inner = ", ".join(map(_index_latex, indices))
        return f"{head}({inner})" if inner else head

    def quantity(self, node: t.Quantity) -> str:
        if power := reward_power(node.name):
            given = ", ".join(map(_index_latex, node.indices))
            return rf"\mathbb{{E}}[r{prime(node.primed)}^{{{power}}} \mid {given}]"
        shown = self.notation.quantity(node.name, [_index_latex(i) for i in node.indices], primed=node.primed)
        if not node.overrides:
            return shown
        inner = r",\, ".join(map(self.override, node.overrides))
        if node.name in self.notation.templates:
            return rf"\left.{shown}\right|_{{{inner}}}"
        head, bracket, rest = shown.partition("(")
        return f"{head}_{{[{inner}]}}{bracket}{rest}"

    def override(self, override: t.Override) -> str:
        key = {"r": "r", "gamma": r"\gamma", "mu0": r"\mu_{0}"}[override.key]
        return f"{key} = {self.write(override.value)}"


def _head(name: str, primed: bool) -> str:
    r"""The letter of a quantity: what stands before its arguments in the glossary."""
    return current().quantity(name, (), primed=primed)


def _index_latex(index: t.Index) -> str:
    if isinstance(index, t.Literal):
        return name_latex(index.name)
    if at := runs.read_timed(index):
        return current().step(at[0], at[1].name, at[1].shift)
    if time := runs.read_time(index):
        return str(time)
    base = index.rstrip("'")
    return symbol_latex(base) + "'" * (len(index) - len(base))


_RUN_OPERATORS = {"E": r"\mathbb{E}", "Var": r"\operatorname{Var}"}


def _bounds_latex(index: str, bounds: tuple[runs.TimeBound, ...]) -> str:
    text = bounds_text(index, bounds) if bounds else f"{index}>=0"
    for op, sign in ((">=", r" \ge "), ("<=", r" \le "), ("<", " < "), (">", " > ")):
        text = text.replace(op, sign)
    return text


def _runs_latex(node: runs.RunExpect | runs.Covariance) -> str:
    given = _given_latex(node)
    return r"\tau" + (r" \sim \pi'" if node.primed else "") + (rf" \mid {given}" if given else "")


def _names_a_step(body: t.Node) -> bool:
    """Whether an expression has a part of a run: a mean over pi without one is over states and actions."""
    parts = runs.RewardAt | runs.ReturnFrom | runs.Return | runs.RunProbability
    return any(
        isinstance(n, parts) or any(isinstance(i, str) and runs.read_timed(i) for i in getattr(n, "indices", ()))
        for n in body.walk()
    )


def _given_latex(node: runs.RunExpect | runs.Covariance) -> str:
    """The state, and the action, that runs begin with."""
    pairs = zip("sa", node.indices, strict=False)
    return r",\, ".join(f"{current().step(letter, '', 0)} = {_index_latex(i)}" for letter, i in pairs)
