r"""Expressions as lines of LaTeX: long ones are broken at their terms, nothing is rewritten.

>>> from pgsym.claims.language.tree import Quantity
>>> V, mu = (Quantity(name, ("s",)) for name in ("V", "mu"))
>>> lines(mu * (V + V) - V, width=12)
['\\mu(s) \\, \\bigl(V(s)', '{} + V(s)\\bigr)', '{} - V(s)']
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from pgsym.claims.language.tree import Add, Div, Expect, Grad, Limit, Log, Mul, Neg, Node, Number, Sub, Sum
from pgsym.expression.notation import tex_width

WIDTH = 60
"""Characters of a line, as `tex_width` counts them; about the text width of an article."""

_NEW_LINE = "\n"
"""Before a piece that begins a line of its own."""

_NARROW = 8
"""What is left of a line beside a long factor is not made narrower than this."""


def lines(node: Node, width: int = WIDTH, first: int | None = None) -> list[str]:
    """The expression in lines of at most that many characters, where it can be broken.

    Parameters
    ----------
    first
        Room on the first line, where something stands before it.
    """
    room = width if first is None else max(first, _NARROW)
    found: list[str] = []
    for piece in _pieces(node, min(width, room)):
        text = piece.removeprefix(_NEW_LINE)
        space = room if len(found) == 1 else width
        if found and text is piece and tex_width(found[-1]) + tex_width(text) <= space:
            found[-1] += " " + text.removeprefix("{} ")
        else:
            found.append(text)
    return found


def _pieces(node: Node, width: int) -> list[str]:
    """The formula cut where a line may end; each piece has balanced braces."""
    whole = node.latex()
    if tex_width(whole) <= width:
        return [whole]
    match node:
        case Add(left, right) | Sub(left, right):
            before, sign = _pieces(left, width), "+" if isinstance(node, Add) else "-"
            term = _joined([f"{{}} {sign}"], " ", right, width)
            # A term in several lines begins one, and so does what follows it.
            broken = len(term) > 1 or (len(before) > 1 and not isinstance(left, Add | Sub)) or _ends_broken(left, width)
            return [*before, (_NEW_LINE if broken else "") + term[0], *term[1:]]
        case Neg(body):
            return _joined(["-"], "", body, width)
        case Mul(left, right):
            head = _fenced(left, width) if _is_open(left) or _is_sum(left) else _pieces(left, width)
            return _joined(head, r" \, ", right, width)
        case Div(above, below) if tex_width(below.latex()) <= width:
            return _joined([rf"\frac{{1}}{{{below.latex()}}}"], r" \, ", above, width)
        case Grad(body) if _is_sum(body) or isinstance(body, Mul | Sum):
            return _joined([r"\nabla"], " ", body, width, fence=isinstance(body, Mul))
        case Sum(_, body) | Limit(body):
            operator = replace(node, body=Number(Fraction(1))).latex().removesuffix("1").rstrip()
            return _joined([operator], " ", body, width)
        case Expect(_, body):
            opening, inner = whole[: whole.index(r"\left[")] + r"\bigl[", _pieces(body, width)
            return [opening + inner[0], *inner[1:-1], inner[-1] + r"\bigr]"] if len(inner) > 1 else [whole]
    return [whole]


def _joined(head: list[str], between: str, node: Node, width: int, *, fence: bool = False) -> list[str]:
    """What stands before an operand, and the operand; a sum is put in parentheses."""
    room = max(width - tex_width(head[-1]), _NARROW)
    below = _fenced(node, room) if fence or _is_sum(node) else _pieces(node, room)
    return [*head[:-1], head[-1] + between + below[0].removeprefix(_NEW_LINE), *below[1:]]


def _ends_broken(node: Node, width: int) -> bool:
    """Whether the last term of a sum takes several lines."""
    return isinstance(node, Add | Sub) and tex_width(node.right.latex()) + 2 > width


def _fenced(node: Node, width: int) -> list[str]:
    inner = _pieces(node, width)
    if len(inner) == 1:
        return [rf"\left({inner[0]}\right)"]
    return [r"\bigl(" + inner[0], *inner[1:-1], inner[-1] + r"\bigr)"]


def _is_sum(node: Node) -> bool:
    return isinstance(node, Add | Sub | Neg) or (isinstance(node, Number) and node.value < 0)


def _is_open(node: Node) -> bool:
    """Whether what follows would seem to belong to it."""
    if isinstance(node, Grad | Log):
        return _is_open(node.body)
    return isinstance(node, Sum | Limit) or (isinstance(node, Mul) and _is_open(node.right))
