"""What is wrong with a formula: the place, the reason, the remedy; and how large it becomes when it is worked on.

Bounds are found before the work is done.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import sympy as sp
from lark import Token, UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from pgsym.errors import FormulaError
from pgsym.expression.naming import INSTEAD, describe
from pgsym.limits import FORMULA_EXPONENT, HORIZON


def explain(text: str, error: UnexpectedInput) -> str:
    """The parser's complaint in our own words."""
    position = error.pos_in_stream if error.pos_in_stream is not None else len(text)
    if isinstance(error, UnexpectedCharacters):
        character = text[position]
        shown = repr(character) if character.isascii() else f"{character!r} ({describe(character)})"
        instead = INSTEAD.get(character)
        remedy = f"Write {instead}" if instead else "Remove it"
        return f"found {shown}; a formula has numbers, names, + - * / ^ and ( ). {remedy}" + caret(text, position)
    token = error.token if isinstance(error, UnexpectedToken) else Token("$END", "")
    if token.type == "$END":
        missing = text.count("(") - text.count(")")
        if missing > 0 and not re.search(r"[-+*/^(]\s*\Z", text):
            found = f"found the end with {missing} parenthes{'i' if missing == 1 else 'e'}s open"
            return f"{found}; each ( needs its ). Add it" + caret(text, len(text))
        return "found the end; a number, a name or ( is required there. Complete the formula" + caret(text, len(text))
    before = text[:position].rstrip()
    if token.type == "LPAR" and (name := re.search(r"[^\W\d]\w*\Z", before)):
        other = "log" if name[0] == "ln" else f"{name[0]}*("
        return (
            f"found the function {name[0]}; the functions are exp, log and sqrt. Write {other}"
            f"{'' if other == 'log' else ' for a product'}" + caret(text, name.start())
        )
    if token.type in ("NUMBER", "NAME", "FUNCTION", "LPAR") and re.search(r"[\w.)]\Z", before):
        return f"found {short(token)!r} without an operator before it; products need *. Write *" + caret(text, position)
    if token.type == "RPAR" and text[: position + 1].count(")") > text[: position + 1].count("("):
        return "found ) without its (; parentheses come in pairs. Remove it" + caret(text, position)
    return f"found {short(token)!r}; a number, a name or ( is required there. Correct the formula" + caret(
        text, position
    )


def caret(text: str, position: int) -> str:
    """Two more lines: the text around the position, and a caret under it."""
    start = max(0, min(position - 36, len(text) - 72))
    line = "".join(c if c.isprintable() else " " for c in text[start : start + 72])
    return f"\n    {line}\n    {' ' * (position - start)}^"


def short(text: str) -> str:
    """The text without what cannot be printed, its middle left out if it is long."""
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= 40 else f"{text[:18]}...{text[-18:]}"


_LISTED = 30
_FEW = 12
_PARTS = 1000
_COMPARED = 100
"""Longest name that is compared with others: the time grows with the square."""


def listed(names: Iterable[object]) -> str:
    """The first names, each shortened; all of a long list would bury the message.

    >>> listed(range(100)).endswith("28, 29, ...")
    True
    """
    shown = [short(str(name)) for name in islice(names, _LISTED + 1)]
    return ", ".join([*shown[:_LISTED], "..."] if len(shown) > _LISTED else shown)


def counted(number: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "state"), counted(2, "state")
    ('1 state', '2 states')
    """
    return f"{number} {what}" + ("" if number == 1 else "s")


def nearest(name: object, known: Iterable[object], otherwise: str) -> str:
    """Help for a misspelt name: the known name that is nearest, else all of them if they are few.

    >>> nearest("gama", ["gamma", "start"], "the keys are"), nearest("GRPO", ["grpo", "rloo"], "the names are")
    ("the nearest is 'gamma'", "the nearest is 'grpo'")
    """
    texts = [str(k) for k in known]
    if len(str(name)) <= _COMPARED:
        written = {text.casefold(): text for text in reversed(texts) if len(text) <= _COMPARED}
        if close := difflib.get_close_matches(str(name).casefold(), written, n=1):
            return f"the nearest is {written[close[0]]!r}"
    if len(texts) <= _FEW:
        return f"{otherwise} {listed(texts) or 'none'}"
    alike = difflib.get_close_matches(str(name)[:_COMPARED], texts, n=3, cutoff=0) if name else texts[:3]
    return f"{otherwise} {len(texts)}, such as {', '.join(alike)}"


def wrong_horizon(T: int) -> str | None:
    """What is wrong with a number of steps, if anything.

    >>> wrong_horizon(0), wrong_horizon(1)
    ('found 0; at least one step is required. Give horizon >= 1', None)
    """
    if T < 1:
        return f"found {T}; at least one step is required. Give horizon >= 1"
    return f"found {brief(T)}; at most {HORIZON} steps are taken. Give fewer" if T > HORIZON else None


def is_long(expr: sp.Expr) -> bool:
    """Whether an expression has more than a thousand parts: writing it out would take seconds."""
    return sum(1 for _ in islice(sp.preorder_traversal(expr), _PARTS + 1)) > _PARTS


def brief(value: int | sp.Expr) -> str:
    """A number or an expression as text, its middle left out if it is long; large numbers by their length.

    >>> brief(sp.Integer(10) ** 50), brief(sp.Integer(7) ** 9999 + sp.Symbol("x"))
    ('100000000000000000...000000000000000000', 'an expression with a number of about 8450 digits')
    """
    if isinstance(value, int):
        value = sp.Integer(value)
    if is_long(value):
        return f"an expression of more than {_PARTS} parts"
    digits = max((int(max(abs(n.p), n.q)).bit_length() for n in value.atoms(sp.Rational)), default=0) * 1000 // 3322
    # Python writes out no longer ones.
    if digits > 4000:
        return f"{'a number' if value.is_Rational else 'an expression with a number'} of about {digits} digits"
    return short(str(value))


_CAP = 10**9


def expanded_terms(expr: sp.Expr) -> int:
    """A bound on the terms of the numerator over the product of all divisors, capped beyond use.

    >>> x, y = sp.symbols("x y")
    >>> expanded_terms((x + y) ** 20), expanded_terms(1 / (x + y) + 1 / (x - y))
    (21, 8)
    """
    divisors = {power.base**-power.exp for power in expr.atoms(sp.Pow) if power.exp.is_negative}
    size = _terms(expr)
    for divisor in divisors:
        size = min(size * _terms(divisor), _CAP)
    return size


def _terms(expr: sp.Expr) -> int:
    if expr.is_Add:
        return min(sum(map(_terms, expr.args)), _CAP)
    if expr.is_Mul:
        return min(math.prod(map(_terms, expr.args)), _CAP)
    if isinstance(expr, sp.exp):
        return _terms(expr.args[0])  # expanded as a product of so many factors
    if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
        # Monomials of degree n in t terms of the base.
        n, t = int(expr.exp), _terms(expr.base)
        return 1 if t == 1 else min(n + 1, _CAP) if t == 2 else min(math.comb(n + t - 1, min(n, t - 1, 40)), _CAP)
    return 1


def about(size: int) -> str:
    """A number of terms, as a bound is worth it.

    >>> about(8192), about(10**9)
    ('about 8192', 'very many')
    """
    return "very many" if size >= _CAP else f"about {size}"


def check_exponents(expr: sp.Expr, *, where: Any = None) -> None:
    """Refuse numbers exp(x) with |x| above `FORMULA_EXPONENT`, whose value no comparison would ever find.

    >>> check_exponents(sp.exp(sp.exp(20)))
    Traceback (most recent call last):
      ...
    pgsym.errors.FormulaError: found exp(exp(20)); the largest exponent that is read is 1000000. Use a smaller one
    """
    # Inner ones first, so that each exponent that is evaluated is itself of moderate size.
    for power in sorted(expr.atoms(sp.exp), key=lambda e: int(e.count(sp.exp))):
        exponent = power.as_base_exp()[1]
        if is_steep(exponent):
            raise FormulaError(
                f"found exp({brief(exponent)}); the largest exponent that is read is {FORMULA_EXPONENT}. "
                "Use a smaller one",
                where=where,
            )


def is_steep(exponent: sp.Expr) -> bool:
    """Whether a number, all of whose own exponents are moderate, is beyond `FORMULA_EXPONENT`."""
    if exponent.is_Rational:
        return bool(abs(exponent) > FORMULA_EXPONENT)
    return bool(exponent.is_number and abs(exponent.evalf(2)) > FORMULA_EXPONENT)


STEEP = 20.0
"""exp(-20) is 2e-9: beside 1, half of its digits are lost in a float."""


def steepest(theta: Mapping[sp.Symbol, float]) -> str | None:
    """The parameter that is farthest from 0, for a message that floats fail; None where none is far.

    >>> steepest({sp.Symbol("t"): 1.0, sp.Symbol("u"): -1000.0}), steepest({})
    ('theta[u] = -1000', None)
    """
    symbol, value = max(theta.items(), key=lambda item: abs(item[1]), default=("", 0.0))
    return f"theta[{symbol}] = {value:g}" if abs(value) > STEEP else None
