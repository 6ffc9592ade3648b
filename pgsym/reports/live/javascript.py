"""Formulas as JavaScript: a field whose elements are the operations that compute them, each written once.

Whatever runs over a field can be compiled by running it here: a closed form with `CodeField.convert`, a linear
system with `factor`, a statement with the evaluator of claims.  Nothing is computed; equal operations are one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial, reduce
from operator import add
from typing import Any

import sympy as sp

from pgsym.algebra.elimination import SparseLU, eliminate
from pgsym.algebra.field import Field, Row
from pgsym.algebra.ordering import Ordering
from pgsym.errors import NotInFieldError, TooLargeError
from pgsym.expression.linear import Linear

OPERATIONS = 60_000
"""The most operations that one page computes: a browser takes a few milliseconds for so many."""


class Code:
    """One operation: ``number``, ``input``, ``+ - * / neg ^``, ``exp`` or ``max``.

    Its arguments are operations; a Fraction for a number, a position for an input, (base, power) for a power.  By its
    order, an operation comes after what it is made of.
    """

    __slots__ = ("args", "field", "name", "order")

    def __init__(self, field: CodeField, name: str, args: tuple[Any, ...], order: int) -> None:
        self.field = field
        self.name = name
        self.args = args
        self.order = order

    @property
    def value(self) -> Fraction | None:
        """The number that it is, if it is one."""
        return self.args[0] if self.name == "number" else None

    def __bool__(self) -> bool:
        return self.value != 0

    def __add__(self, other: Code) -> Code:
        x, y = self.value, other.value
        if x is not None and y is not None:
            return self.field.number(x + y)
        if x == 0 or y == 0:
            return other if x == 0 else self
        return self - other.args[0] if other.name == "neg" else self.field.operation("+", self, other)

    def __neg__(self) -> Code:
        if self.value is not None:
            return self.field.number(-self.value)
        return self.args[0] if self.name == "neg" else self.field.operation("neg", self)

    def __sub__(self, other: Code) -> Code:
        x, y = self.value, other.value
        if x is not None and y is not None:
            return self.field.number(x - y)
        if self is other:
            return self.field.zero
        if x == 0 or y == 0:
            return -other if x == 0 else self
        return self + other.args[0] if other.name == "neg" else self.field.operation("-", self, other)

    def __mul__(self, other: Code) -> Code:
        x, y = self.value, other.value
        if x is not None and y is not None:
            return self.field.number(x * y)
        if x == 0 or y == 0:
            return self.field.zero
        if x in (1, -1) or y in (1, -1):
            sign, rest = (x, other) if x in (1, -1) else (y, self)
            return rest if sign == 1 else -rest
        return self.field.operation("*", self, other)

    def __truediv__(self, other: Code) -> Code:
        x, y = self.value, other.value
        if y == 0:
            raise ZeroDivisionError
        if x is not None and y is not None:
            return self.field.number(x / y)
        if x == 0 or y == 1:
            return self
        return self.field.operation("/", self, other)

    def __pow__(self, power: int) -> Code:
        if power < 0:
            return self.field.one / self**-power
        if self.value is not None:
            return self.field.number(self.value**power)
        if power <= 2:
            return (self.field.one, self, self * self)[power]
        return self.field.operation("^", self, power)


class CodeField(Field):
    """The field of operations on inputs, the symbols that get a value in the page, in the order of the argument.

    >>> p, t = sp.symbols("p t")
    >>> field = CodeField([p, t])
    >>> javascript([field.convert((1 - p) ** 2 / (1 + sp.exp(-t / 2)))], "f")
    'function f(x, y) {\\n  const a = (1 - x[0]);\\n  y[0] = ((a * a) * (1 / (1 + Math.exp(((-0.5) * x[1])))));\\n}\\n'
    """

    element = "an operation"

    def __init__(self, inputs: Sequence[sp.Symbol], limit: int = OPERATIONS) -> None:
        self.inputs = tuple(inputs)
        self.limit = limit
        self._known: dict[Any, Code] = {}
        self._index = {symbol: k for k, symbol in enumerate(self.inputs)}
        self.zero = self.number(Fraction(0))
        self.one = self.number(Fraction(1))

    def __len__(self) -> int:
        return len(self._known)

    def operation(self, name: str, *args: Any) -> Code:
        """The operation of this name on these arguments, the same for the same arguments."""
        if name in ("+", "*") and args[0].order > args[1].order:
            args = args[::-1]
        key = (name, *(arg.order if isinstance(arg, Code) else arg for arg in args))
        if key not in self._known:
            if len(self._known) >= self.limit:
                raise TooLargeError(
                    f"the formulas take more than {self.limit} operations; a page computes at most so many. Choose a "
                    "model with fewer states or parameters",
                    where="live page",
                )
            self._known[key] = Code(self, name, args, len(self._known))
        return self._known[key]

    def number(self, value: Fraction) -> Code:
        return self.operation("number", Fraction(value))

    def symbol(self, symbol: sp.Symbol) -> Code:
        if symbol not in self._index:
            raise NotInFieldError(
                f"not an input; the page has {', '.join(map(str, self.inputs)) or 'none'}. Add it to the inputs",
                where=str(symbol),
            )
        return self.operation("input", self._index[symbol])

    def exp(self, form: Linear) -> Code:
        return self._exp(self._linear(form))

    def softmax(self, forms: Sequence[Linear]) -> list[Code]:
        """exp(l_a - max_b l_b) / sum_b exp(l_b - max), which never overflows."""
        logits = [self._linear(form) for form in forms]
        distinct = {logit.order: logit for logit in logits}
        highest = reduce(partial(self.operation, "max"), [distinct[k] for k in sorted(distinct)])
        weights = [self._exp(logit - highest) for logit in logits]
        total = reduce(add, weights)
        return [weight / total for weight in weights]

    def _exp(self, argument: Code) -> Code:
        return self.one if argument is self.zero else self.operation("exp", argument)

    def _linear(self, form: Linear) -> Code:
        terms = (self.number(c) * self.symbol(symbol) for symbol, c in form.coefficients)
        return reduce(add, terms, self.number(form.constant))

    def is_zero(self, element: Code) -> bool:
        return element is self.zero

    def to_sympy(self, element: Code) -> sp.Expr:
        raise NotInFieldError("an operation is no formula; it can be written as JavaScript. Use javascript()")

    def factor(self, rows: Sequence[Row], last: Sequence[int] = (), *, ordering: Ordering | None = None) -> SparseLU:
        """The pivots of the pattern; those of I - gamma P_pi lie on the diagonal, which needs no exchange of rows."""
        return eliminate(rows, self.is_zero, last, ordering)


# -- as text ---------------------------------------------------------------------------------------------

DEPTH = 24
"""Operations inside one line: engines parse nested parentheses recursively."""


def javascript(outputs: Sequence[Code], name: str) -> str:
    """A function ``name(x, y)`` that fills y with the outputs at the inputs x; arrays of float64."""
    used = _uses(outputs)
    texts: dict[int, tuple[str, int]] = {}
    lines = []
    names = 0
    for code in sorted(used, key=lambda c: c.order):
        text, depth = _operation(code, texts)
        if code.name not in ("number", "input") and (used[code] > 1 or depth >= DEPTH):
            short = _short(names)
            lines.append(f"  const {short} = {text};")
            names += 1
            text, depth = short, 0
        texts[code.order] = (text, depth)
    lines += [f"  y[{k}] = {texts[code.order][0]};" for k, code in enumerate(outputs)]
    return "\n".join([f"function {name}(x, y) {{", *lines, "}", ""])


def _uses(outputs: Sequence[Code]) -> dict[Code, int]:
    """How often each operation is needed."""
    used: dict[Code, int] = {}
    stack = list(outputs)
    while stack:
        code = stack.pop()
        used[code] = used.get(code, 0) + 1
        if used[code] == 1:
            stack.extend(arg for arg in code.args if isinstance(arg, Code))
    return used


def _operation(code: Code, texts: Mapping[int, tuple[str, int]]) -> tuple[str, int]:
    """One operation as text, closed under every context, and how deep it is nested."""
    if code.name == "number":
        return _number(code.args[0]), 0
    if code.name == "input":
        return f"x[{code.args[0]}]", 0
    parts = [texts[arg.order] for arg in code.args if isinstance(arg, Code)]
    depth = 1 + max(d for _, d in parts)
    shown = [text for text, _ in parts]
    match code.name:
        case "neg":
            return f"(-{shown[0]})", depth
        case "^":
            return f"Math.pow({shown[0]}, {code.args[1]})", depth
        case "exp" | "max":
            return f"Math.{code.name}({', '.join(shown)})", depth
    return f"({shown[0]} {code.name} {shown[1]})", depth


def _number(value: Fraction) -> str:
    try:
        text = repr(int(value)) if value.denominator == 1 and abs(value) < 2**53 else repr(float(value))
    except OverflowError:
        raise TooLargeError(
            f"a coefficient of {len(str(value.numerator))} digits; a page computes with numbers below 1.8e308. "
            "Choose a smaller model",
            where="live page",
        ) from None
    return text if value >= 0 else f"({text})"


def _short(k: int) -> str:
    """a, b, ..., z, a1, b1, ...: letters other than the arguments' x and y."""
    letters = "abcdefghijklmnopqrstuvwz"
    turn, at = divmod(k, len(letters))
    return letters[at] + (str(turn) if turn else "")
