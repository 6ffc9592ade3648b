"""From text to formulas and back, without evaluating any code.

A formula is a rational function of symbols, with ``exp`` of anything, and ``log`` and ``sqrt`` of numbers.
Every identifier is a symbol: ``E``, ``I``, ``pi``, ``gamma`` and ``lambda`` have no other meaning.  Decimals are
exact.  Sizes are bounded before anything is computed, so that text from a stranger is refused, not survived.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import sympy as sp
from lark import Lark, Token, UnexpectedInput
from sympy.printing.str import StrPrinter

from pgsym.errors import FormulaError
from pgsym.expression.complaint import brief, caret, explain, is_steep, short
from pgsym.expression.naming import NOT_FINITE, check_name
from pgsym.limits import (
    FORMULA_BITS,
    FORMULA_CHARACTERS,
    FORMULA_DEGREE,
    FORMULA_DEPTH,
    FORMULA_DIGITS,
    FORMULA_EXPONENT,
)

_PLAIN = re.compile(r"\s*([+-]?)(?:([0-9]{1,300})(?:/([0-9]{1,300}))?|([0-9]{0,300})\.([0-9]{1,300}))\s*\Z")
_SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def parse(text: str, *, where: Any = None) -> sp.Expr:
    """The formula that `text` stands for; `where` is its place, for messages.

    It has numbers (``2``, ``0.1``, ``1e-3``: exact), names, ``+ - * / ^ **``, parentheses, ``exp() log() sqrt()``.
    FormulaError where it is none, divides by zero, or is larger than the bounds of `pgsym.limits`.

    >>> parse("1 - p/2"), parse("0.1"), parse("2*exp(t/2)"), parse("E + I")
    (1 - p/2, 1/10, 2*exp(t/2), E + I)
    >>> parse("9**9**9**9")
    Traceback (most recent call last):
      ...
    pgsym.errors.FormulaError: found the exponent 387420489; at most 1000 is read. Use a smaller power
        9**9**9**9
            ^
    """
    if not isinstance(text, str):
        raise FormulaError(f"found {short(repr(text))}; text is required. Write the formula as text", where=where)
    try:
        return _parse(text)
    except FormulaError as error:
        raise FormulaError(error.message, where=where) from None


def is_plain(text: str) -> bool:
    """Whether a text is one number or one name in ASCII, which is read without the grammar.

    >>> is_plain("2/3"), is_plain("p_1"), is_plain("1 - p")
    (True, True, False)
    """
    return bool(_PLAIN.match(text) or _SYMBOL.match(text))


def unparse(expr: sp.Expr) -> str:
    """Text that `parse` reads back to `expr`; FormulaError where a part of it, or the name of a symbol, has none.

    >>> unparse(sp.exp(1) / sp.sqrt(2)), unparse(sp.Symbol("E") ** 2)
    ('sqrt(2)*exp(1)/2', 'E**2')
    """
    text = str(_Printer({"order": None}).doprint(expr))
    plain = {s: sp.Symbol(s.name) for s in expr.free_symbols}
    try:
        back = parse(text)
    except FormulaError as error:
        raise FormulaError(f"{expr} has no text that reads back; {error.message}") from None
    if back != expr.xreplace(plain):
        raise FormulaError(
            f"{expr} reads back as {back}; a formula in text must read back. Rewrite or rename its parts"
        )
    return text


class _Printer(StrPrinter):
    """SymPy's text, but e and the roots written with the functions of the grammar."""

    def _print_Exp1(self, expr: sp.Expr) -> str:
        return "exp(1)"

    def _print_Pow(self, expr: sp.Expr, rational: bool = False) -> str:
        base, power = expr.args
        if base.is_Rational and power.is_Rational and power.q > 2:
            return f"exp({self._print(power * sp.log(base))})"
        return super()._print_Pow(expr, rational=rational)


# -- reading ---------------------------------------------------------------------------------------------


class _Node(NamedTuple):
    """A part of the formula, with bounds that hold after any expansion.

    `degree` bounds the total degree of numerator and denominator, `bits` the length of their coefficients.
    """

    expr: sp.Expr
    degree: int
    bits: int


@lru_cache(maxsize=2**16)
def _parse(text: str) -> sp.Expr:
    if match := _PLAIN.match(text):
        sign, whole, over, units, decimals = match.groups()
        if decimals is not None:
            value = sp.Rational(int(units + decimals), 10 ** len(decimals))
            return -value if sign == "-" else value
        if over is None or int(over):
            value = sp.Rational(int(whole), int(over or 1))
            return -value if sign == "-" else value
    if _SYMBOL.match(text) and text.lower() not in NOT_FINITE:
        return sp.Symbol(text)
    text = unicodedata.normalize("NFC", text)
    if len(text) > FORMULA_CHARACTERS:
        raise FormulaError(f"found {len(text)} characters; at most {FORMULA_CHARACTERS} are read. Split the formula")
    if not text.strip():
        raise FormulaError("found no text; a number or a formula is required. Write one")
    _check_depth(text)
    try:
        node: _Node = _parser().parse(text)  # type: ignore[assignment]
    except _Refusal as refusal:
        raise FormulaError(refusal.message + caret(text, refusal.position)) from None
    except UnexpectedInput as error:
        raise FormulaError(explain(text, error)) from None
    for number in node.expr.atoms(sp.Rational):
        digits = max(int(abs(number.p)).bit_length(), int(number.q).bit_length()) * 1000 // 3322
        if digits > FORMULA_DIGITS:
            raise FormulaError(
                f"found a number of about {digits} digits in {short(text)}; at most {FORMULA_DIGITS} are kept. "
                "Use smaller powers"
            )
    return node.expr


@cache
def _parser() -> Lark:
    grammar = (files("pgsym.expression") / "grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_Builder())


def _check_depth(text: str) -> None:
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth > FORMULA_DEPTH:
            raise FormulaError(
                f"parentheses nested more than {FORMULA_DEPTH} deep; a formula is flatter. Multiply some of them out"
                + caret(text, position)
            )


class _Refusal(Exception):  # noqa: N818
    """What is wrong, and at which character."""

    def __init__(self, message: str, token: Token) -> None:
        self.message = message
        self.position = token.start_pos or 0
        super().__init__(message)


class _Builder:
    """Builds the expression bottom-up; each method belongs to one rule or alias of the grammar."""

    def number(self, children: list[Token]) -> _Node:
        (token,) = children
        mantissa, _, power = token.lower().partition("e")
        units, _, decimals = mantissa.partition(".")
        digits = len(units + decimals)
        if digits > FORMULA_DIGITS:
            raise _Refusal(f"found a number of {digits} digits; at most {FORMULA_DIGITS} are read. Round it", token)
        if len(power) > 6 or abs(int(power or 0)) > FORMULA_DIGITS:
            raise _Refusal(
                f"found the decimal exponent {short(power)}; at most {FORMULA_DIGITS} is read. Use a smaller power",
                token,
            )
        value = sp.Rational(int(units + decimals), 1)
        return _number(value * sp.Integer(10) ** (int(power or 0) - len(decimals)))

    def name(self, children: list[Token]) -> _Node:
        (token,) = children
        try:
            return _Node(sp.Symbol(check_name(str(token))), 1, 1)
        except FormulaError as error:
            raise _Refusal(error.message, token) from None

    def sum(self, children: list[Any]) -> _Node:
        terms = [children[0], *(_negative(n) if op == "-" else n for op, n in _pairs(children))]
        # Fractions with several denominators: cross-multiplied, degrees and lengths add up.
        bits, degree = sum(n.bits + 1 for n in terms), max(n.degree for n in terms)
        _check_bits(bits, children[1])
        return _Node(sp.Add(*(n.expr for n in terms)), degree, bits)

    def product(self, children: list[Any]) -> _Node:
        factors: list[_Node] = [children[0]]
        for op, node in _pairs(children):
            if op == "/":
                _check_divisor(node.expr, op)
                node = _Node(1 / node.expr, node.degree, node.bits)
            factors.append(node)
        bits = sum(n.bits for n in factors)
        _check_bits(bits, children[1])
        return _Node(sp.Mul(*(n.expr for n in factors)), sum(n.degree for n in factors), bits)

    def signed(self, children: list[Any]) -> _Node:
        sign, node = children
        return _negative(node) if sign == "-" else node

    def power(self, children: list[Any]) -> _Node:
        base, token, exponent = children
        if not isinstance(exponent.expr, sp.Integer):
            raise _Refusal(
                f"found the exponent {brief(exponent.expr)}; an integer is required. "
                "Use sqrt() for the root of a number, exp() for an exponential",
                token,
            )
        power = int(exponent.expr)
        degree, bits = base.degree * abs(power), base.bits * abs(power)
        if degree > FORMULA_DEGREE:
            raise _Refusal(
                f"found a power of degree {brief(degree)}; at most {FORMULA_DEGREE} is read. Use a smaller power", token
            )
        if abs(power) > FORMULA_DEGREE and abs(base.expr) != 1 and bits > FORMULA_BITS:
            raise _Refusal(
                f"found the exponent {brief(power)}; at most {FORMULA_DEGREE} is read. Use a smaller power", token
            )
        _check_bits(bits, token)
        if power < 0:
            _check_divisor(base.expr, token)
        return _Node(base.expr**power, degree, bits)

    def call(self, children: list[Any]) -> _Node:
        token, node = children
        argument = node.expr
        if token == "exp":
            return _exponential(node, token)
        if token == "sqrt":
            if not (argument.is_Rational and argument >= 0):
                raise _Refusal(f"found sqrt({brief(argument)}); {_ROOT}", token)
            return _Node(sp.sqrt(argument), 0, node.bits)
        if argument.free_symbols or argument.atoms(sp.log, sp.exp) or not argument.is_positive:
            raise _Refusal(f"found log({brief(argument)}); {_LOG}", token)
        return _Node(sp.log(argument), 0, node.bits)


_ROOT = "the root of a rational number >= 0 is required. Write other roots as parameters of their own"
_LOG = "the logarithm of a positive number is required. Write other logarithms as symbols of their own"


def _exponential(node: _Node, token: Token) -> _Node:
    """exp; where log(q) stands in the argument, SymPy makes a power of q, whose size is bounded first."""
    scale = 1
    for term in sp.Add.make_args(node.expr):
        logarithms = term.atoms(sp.log)
        if not logarithms:
            continue
        factor = term / next(iter(logarithms))
        if not factor.is_Rational:
            raise _Refusal(
                f"found exp({brief(node.expr)}); a logarithm there has a rational factor only. "
                "Write the power as a symbol of its own",
                token,
            )
        scale = max(scale, abs(int(factor.p)), int(factor.q))
    if scale > FORMULA_DEGREE:
        raise _Refusal(f"found a power {brief(scale)}; at most {FORMULA_DEGREE} is read. Use a smaller power", token)
    bits = node.bits * scale
    _check_bits(bits, token)
    if is_steep(node.expr):
        raise _Refusal(
            f"found exp({brief(node.expr)}); the largest exponent that is read is {FORMULA_EXPONENT}. "
            "Use a smaller one",
            token,
        )
    return _Node(sp.exp(node.expr), 1, bits)


def _number(value: sp.Rational) -> _Node:
    return _Node(value, 0, max(int(value.p).bit_length(), int(value.q).bit_length()))


def _negative(node: _Node) -> _Node:
    return _Node(-node.expr, node.degree, node.bits)


def _pairs(children: list[Any]) -> zip[tuple[Token, _Node]]:
    """(operator, operand), (operator, operand)... after the first operand."""
    return zip(children[1::2], children[2::2], strict=True)


def _check_divisor(divisor: sp.Expr, token: Token) -> None:
    if divisor == 0:
        raise _Refusal("found a division by zero; a divisor must differ from 0. Correct the formula", token)


def _check_bits(bits: int, token: Token) -> None:
    if bits > FORMULA_BITS:
        raise _Refusal(
            f"found numbers of {brief(bits)} bits after expansion; at most {FORMULA_BITS} are read. "
            "Use smaller numbers or powers",
            token,
        )
