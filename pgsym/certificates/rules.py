"""Numbers and functions of one parameter as Coq's terms, each with its value, and tactics for derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pgsym.certificates.terms import number


@dataclass(frozen=True)
class Moving:
    """A function of one parameter near the point.

    Attributes
    ----------
    text : str
        Its value at t.
    value, derivative : Fraction
        Both at the point.
    proof : tuple of str
        Tactics that give the derivative.
    """

    text: str
    value: Fraction
    derivative: Fraction
    proof: tuple[str, ...]


@dataclass(frozen=True)
class Fixed:
    """A number at the point."""

    text: str
    value: Fraction


def constant(value: Fraction, text: str | None = None) -> Moving:
    """A number, whose derivative is 0."""
    return Moving(text or number(value), value, Fraction(0), ("apply derive_number",))


def applied(rule: str, parts: list[Moving], first: str = "") -> tuple[str, ...]:
    """Tactics: a rule, and for each part its own."""
    functions = " ".join(f"(fun t => {m.text})" for m in parts)
    lines = [f"apply ({rule} {functions})."]
    if first:
        lines.append(f"{{ {first}. }}")
    for m in parts:
        inner = [line if line.endswith((".", "}")) else f"{line}." for line in m.proof]
        lines += [f"{{ {inner[0]}", *[f"  {line}" for line in inner[1:]]]
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
