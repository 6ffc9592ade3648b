"""What stands in a certificate: identifiers, terms over Coq's real numbers, and the tactics of their derivatives."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from pgsym.errors import CertificateError
from pgsym.expression.linear import Linear

SUM, PRODUCT, POWER, ATOM = range(4)
"""How strongly a term holds together."""


def number(value: Fraction | sp.Rational) -> str:
    """A rational number, in parentheses unless it is a natural one.

    >>> number(Fraction(3, 4)), number(Fraction(-2)), number(Fraction(5))
    ('(3/4)', '(-2)', '5')
    """
    above, below = (int(value.p), int(value.q)) if isinstance(value, sp.Rational) else value.as_integer_ratio()
    if below == 1:
        return str(above) if above >= 0 else f"({above})"
    return f"({above}/{below})"


class Terms:
    """Writes SymPy expressions, their symbols by identifier.

    >>> p = sp.Symbol("p")
    >>> Terms({p: "v_p"}).write((1 - p) ** 2 / (3 * p))
    '((1 - v_p) ^ 2) / (3 * v_p)'
    """

    def __init__(self, symbols: Mapping[sp.Symbol, str]) -> None:
        self.symbols = symbols

    def write(self, expr: sp.Expr) -> str:
        """The term, without outer parentheses."""
        return self._write(sp.sympify(expr, strict=True))[0]

    def factor(self, expr: sp.Expr) -> str:
        """The term, to stand in a product."""
        return self._grouped(sp.sympify(expr, strict=True), POWER)

    def _write(self, expr: sp.Expr) -> tuple[str, int]:
        if isinstance(expr, sp.Rational):
            text = number(expr)
            return (text[1:-1], PRODUCT) if text.startswith("(") and expr.is_positive else (text, ATOM)
        if isinstance(expr, sp.Symbol):
            if expr not in self.symbols:
                raise CertificateError(
                    f"found the symbol {expr}, which is not of the model. Declare it", where="certify"
                )
            return self.symbols[expr], ATOM
        if isinstance(expr, sp.Add):
            return self._sum(expr), SUM
        if isinstance(expr, sp.Mul):
            return self._product(expr)
        if isinstance(expr, sp.exp):
            return f"(exp ({self.write(Linear.from_sympy(expr.args[0]).to_sympy())}))", ATOM
        if expr is sp.E:
            return "(exp (1))", ATOM
        if isinstance(expr, sp.Pow) and isinstance(expr.exp, sp.Integer):
            power = int(expr.exp)
            base = self._grouped(expr.base, ATOM)
            if power > 0:
                return f"({base} ^ {power})", ATOM
            return (f"1 / {base}" if power == -1 else f"1 / ({base} ^ {-power})"), PRODUCT
        raise CertificateError(f"found {expr}; certificates hold rational functions only. Rewrite it", where="certify")

    def _grouped(self, expr: sp.Expr, strength: int) -> str:
        text, found = self._write(expr)
        return text if found >= strength else f"({text})"

    def _sum(self, expr: sp.Add) -> str:
        first, *rest = sorted(expr.args, key=lambda e: (bool(e.could_extract_minus_sign()), sp.default_sort_key(e)))
        text = self._grouped(first, PRODUCT)
        for term in rest:
            sign, term = ("-", -term) if term.could_extract_minus_sign() else ("+", term)
            text += f" {sign} {self._grouped(term, PRODUCT)}"
        return text

    def _product(self, expr: sp.Mul) -> tuple[str, int]:
        above, below = [], []
        for factor in expr.args:
            if isinstance(factor, sp.Rational):
                if abs(factor.p) != 1 or factor.p < 0:
                    above.append(number(sp.Integer(factor.p)))
                if factor.q != 1:
                    below.append(number(sp.Integer(factor.q)))
            elif isinstance(factor, sp.Pow) and factor.exp.is_Integer and factor.exp.is_negative:
                below.append(self._grouped(1 / factor, POWER))
            else:
                above.append(self._grouped(factor, POWER))
        shown = " * ".join(above) or "1"
        if not below:
            return shown, PRODUCT
        return f"{shown} / {below[0] if len(below) == 1 else '(' + ' * '.join(below) + ')'}", PRODUCT


@dataclass(frozen=True)
class Written:
    """A side of a claim, or a part of one: a number at the point, or a function of one parameter near it.

    Text is its value at the point, or at t; value and derivative are those at the point; the proof is tactics that give
    the derivative.
    """

    text: str
    value: Fraction
    derivative: Fraction = Fraction(0)
    proof: tuple[str, ...] = ("apply derive_number",)


def ended(line: str) -> str:
    """A tactic as a sentence."""
    return line if line.endswith((".", "}")) else f"{line}."


def applied(rule: str, *parts: Written, first: str = "") -> tuple[str, ...]:
    """Tactics: a rule with what stands before its functions, and for each part its own."""
    functions = " ".join(f"(fun t => {m.text})" for m in parts)
    lines = [f"apply ({rule} {functions})."]
    if first:
        lines.append(f"{{ {first}. }}")
    for m in parts:
        begin, *rest = map(ended, m.proof)
        lines += [f"{{ {begin}", *(f"  {line}" for line in rest)]
        lines[-1] += " }"
    return tuple(lines)


def tight(text: str) -> str:
    """In parentheses, unless it is in them already or has no operator outside of them.

    >>> tight("a + b"), tight("(a + b)"), tight("(a) / (b)"), tight("V_at t s_x")
    ('(a + b)', '(a + b)', '((a) / (b))', 'V_at t s_x')
    """
    depth = 0
    for k, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if (depth == 0 and c in "*/+") or (depth == 0 and c == ")" and k < len(text) - 1 and text[0] == "("):
            return f"({text})"
    return text


_GREEK = (
    "alpha|beta|gamma|delta|epsilon|zeta|theta|iota|kappa|lambda|nu|xi|omicron|rho|sigma|tau|upsilon|phi|chi|psi|omega"
)
_KEPT = re.compile(rf"(?:{_GREEK})(?:_?[0-9]+|_[A-Za-z0-9]+)*\Z|[pqyz](?:_?[0-9]+)?\Z")
"""Names of symbols that neither Coq, nor the library, nor a certificate gives to anything else."""


class CoqNames:
    """Identifiers given so far, each with what it stands for.

    >>> names = CoqNames()
    >>> names.give("s_", "Class 1"), names.give("s_", "Class-1"), names.symbol("θ"), names.symbol("R")
    ('s_Class_1', 's_Class_1_2', 'theta', 'v_R')
    >>> names.legend
    [('s_Class_1', 'Class 1'), ('s_Class_1_2', 'Class-1'), ('theta', 'θ'), ('v_R', 'R')]
    """

    def __init__(self) -> None:
        self.legend: list[tuple[str, str]] = []
        self._taken: set[str] = set()

    def give(self, prefix: str, name: Hashable, about: str = "") -> str:
        """A new identifier that begins with the prefix."""
        return self._new(prefix + slug(str(name)), about or str(name))

    def symbol(self, name: str) -> str:
        """A new identifier for a symbol or a parameter: its own name where that can mean nothing else."""
        plain = slug(name)
        return self._new(plain if _KEPT.match(plain) else f"v_{plain}", name)

    def _new(self, wanted: str, about: str) -> str:
        found, k = wanted, 1
        while found in self._taken:
            k += 1
            found = f"{wanted}_{k}"
        self._taken.add(found)
        self.legend.append((found, about))
        return found


def slug(text: str) -> str:
    """Letters, digits and single underscores of ASCII; Greek letters by name, others by number.

    >>> slug("(0, 1)"), slug("γ'"), slug("状"), slug("")
    ('0_1', 'gamma_prime', 'u72b6', 'blank')
    """
    parts = [_ascii(c) for c in unicodedata.normalize("NFKD", text)]
    return re.sub(r"_+", "_", "".join(parts)).strip("_") or "blank"


def _ascii(character: str) -> str:
    if character.isascii():
        if character.isalnum():
            return character
        return {"'": "_prime", "-": "_", "+": "_plus", "*": "_star"}.get(character, "_")
    if unicodedata.combining(character):
        return ""
    name = unicodedata.name(character, "")
    if name.startswith("GREEK") and " LETTER " in name and " WITH " not in name:
        letter = name.rsplit(" ", 1)[1].lower()
        return letter.capitalize() if "CAPITAL" in name else letter
    return f"u{ord(character):x}"


def comment(text: str) -> str:
    """Text that neither ends a comment nor opens a string or another comment in it.

    >>> comment('5" (*really*)')
    "5'' ( *really* )"
    """
    shown = "".join(c if c.isprintable() or c == "\n" else f"u{ord(c):x}" for c in text)
    return shown.replace('"', "''").replace("(*", "( *").replace("*)", "* )")
