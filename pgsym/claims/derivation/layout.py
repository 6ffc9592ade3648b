r"""How expressions, chains and prose are laid out, for every format: lines of LaTeX, rows, words with formulas.

Long expressions are broken at their terms, nothing is rewritten.  What stands between backticks in prose is read as an
expression of the claim language and printed from its tree; anything else there, such as a command, is kept as it is.

>>> from pgsym.claims.language.tree import Quantity
>>> V, mu = (Quantity(name, ("s",)) for name in ("V", "mu"))
>>> lines(mu * (V + V) - V, width=12)
['\\mu(s) \\, \\bigl(V(s)', '{} + V(s)\\bigr)', '{} - V(s)']
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby

from pgsym.claims.blocks import LONG_LEFT, Block, Chain, Definition, Formulas, Row
from pgsym.claims.language import tree as t
from pgsym.claims.language.parse import parse
from pgsym.claims.language.relation import RELATIONS
from pgsym.claims.language.render import is_open
from pgsym.claims.language.render_latex import declarations_latex
from pgsym.claims.language.runs import OverTime
from pgsym.claims.language.statement import Binding, Let, Statement
from pgsym.claims.verdict import Verdict
from pgsym.errors import ClaimError
from pgsym.expression.notation import escape_text, tex_width

WIDTH = 60
"""Characters of a line, as `tex_width` counts them; about the text width of an article, with a reason beside."""

WHOLE = 70
"""Characters of a line that has no reason."""

_NEW_LINE = "\n"
"""Before a piece that begins a line of its own."""

_NARROW = 8
"""What is left of a line beside a long factor is not made narrower than this."""


def lines(node: t.Node, width: int = WIDTH, first: int | None = None) -> list[str]:
    """The expression in lines of at most that many characters, where it can be broken; `first` is room on the first."""
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


def _pieces(node: t.Node, width: int) -> list[str]:
    """The formula cut where a line may end; each piece has balanced braces."""
    whole = node.latex()
    if tex_width(whole) <= width:
        return [whole]
    match node:
        case t.Add(left, right) | t.Sub(left, right):
            before, sign = _pieces(left, width), "+" if isinstance(node, t.Add) else "-"
            term = _joined([f"{{}} {sign}"], " ", right, width)
            # A term in several lines begins one, and so does what follows it.
            last = tex_width(left.right.latex()) + 2 > width if isinstance(left, t.Add | t.Sub) else len(before) > 1
            broken = len(term) > 1 or last
            return [*before, (_NEW_LINE if broken else "") + term[0], *term[1:]]
        case t.Neg(body):
            return _joined(["-"], "", body, width)
        case t.Mul(left, right):
            head = _fenced(left, width) if is_open(left) or _is_sum(left) else _pieces(left, width)
            return _joined(head, r" \, ", right, width)
        case t.Div(t.Mul(t.Number() as factor, above), below) if tex_width(below.latex()) <= width:
            return _joined([t.Div(factor, below).latex()], r" \, ", above, width)
        case t.Div(above, below) if tex_width(below.latex()) <= width:
            return _joined([rf"\frac{{1}}{{{below.latex()}}}"], r" \, ", above, width)
        case t.Grad(body) if _is_sum(body) or isinstance(body, t.Mul | t.Sum):
            return _joined([_operator(node)], " ", body, width, fence=isinstance(body, t.Mul))
        case t.OverIndices(_, body) | t.Limit(body) | OverTime(_, _, body):
            return _joined([_operator(node)], " ", body, width)
        case t.Expect(_, body):
            opening, inner = whole[: whole.index(r"\left[")] + r"\bigl[", _pieces(body, width)
            return [opening + inner[0], *inner[1:-1], inner[-1] + r"\bigr]"] if len(inner) > 1 else [whole]
    return [whole]


def _operator(node: t.Unary | t.OverIndices | OverTime) -> str:
    """What stands before an operand."""
    return replace(node, body=t.Number(Fraction(1))).latex().removesuffix("1").rstrip()


def _joined(head: list[str], between: str, node: t.Node, width: int, *, fence: bool = False) -> list[str]:
    """What stands before an operand, and the operand; a sum is put in parentheses."""
    room = max(width - tex_width(head[-1]), _NARROW)
    below = _fenced(node, room) if fence or _is_sum(node) else _pieces(node, room)
    return [*head[:-1], head[-1] + between + below[0].removeprefix(_NEW_LINE), *below[1:]]


def _fenced(node: t.Node, width: int) -> list[str]:
    inner = _pieces(node, width)
    if len(inner) == 1:
        return [rf"\left({inner[0]}\right)"]
    return [r"\bigl(" + inner[0], *inner[1:-1], inner[-1] + r"\bigr)"]


def _is_sum(node: t.Node) -> bool:
    return isinstance(node, t.Add | t.Sub | t.Neg) or (isinstance(node, t.Number) and node.value < 0)


def steps(statement: Statement, verdicts: Iterator[Verdict | None]) -> Iterator[tuple[str, t.Node, str]]:
    """Each relation with its right side and its reason; of one that is not proved, what it is instead."""
    for claim in statement.claims:
        verdict, note = next(verdicts), claim.reason
        if verdict is not None and not verdict.proved:
            note = f"{verdict.status.upper()}{': ' if note else ''}{note}"
        yield claim.relation, claim.right, note


def rows(item: Chain | Definition, verdicts: Iterator[Verdict | None]) -> Iterator[Row]:
    """The rows of a chain, which takes a verdict for each relation, or of definitions."""
    for lets, group in groupby(
        item.bindings if isinstance(item, Definition) else item.own, lambda b: isinstance(b, Let)
    ):
        if not lets:
            yield Row((), "", declarations_latex(group), "", True)
            continue
        for let in group:
            assert isinstance(let, Let)
            head = t.Call(let.name, let.indices).latex()
            yield Row((head,), r"\coloneqq", _right(let.body, tex_width(head)), "", True)
    if isinstance(item, Definition):
        return
    left = tuple(lines(item.statement.terms[0]))
    beside = tex_width(left[0]) if len(left) == 1 and tex_width(left[0]) <= LONG_LEFT else 2
    for k, (relation, term, note) in enumerate(steps(item.statement, verdicts)):
        yield Row(() if k else left, RELATIONS[relation].latex, _right(term, beside, note), note, k == 0)


def _right(node: t.Node, beside: int, note: str = "") -> tuple[str, ...]:
    """A right side; `beside` is what stands before it on the first line, the note at the end of the last."""
    width = WIDTH if note else WHOLE
    return tuple(lines(node, width - 4, width - 4 - beside))


def laid_out(blocks: Iterable[Block], verdicts: Iterator[Verdict | None]) -> Iterator[Block]:
    """The blocks with chains as formulas, those that follow one another and the definitions between them together.

    `verdicts` has one entry for each relation, in order.
    """
    for formulas, group in groupby(blocks, lambda block: isinstance(block, Chain | Definition)):
        if not formulas:
            yield from group
            continue
        items = (block for block in group if isinstance(block, Chain | Definition))
        found = [row for item in items for row in rows(item, verdicts)]
        if found:
            yield Formulas(tuple(_without_repeats(found)))


def _without_repeats(found: Sequence[Row]) -> Iterator[Row]:
    """The rows, a reason that the chain before ended with not said again."""
    before = ""
    for k, row in enumerate(found):
        alone = row.first and (k + 1 == len(found) or found[k + 1].first)
        yield replace(row, note="") if alone and row.note == before else row
        before = row.note if alone else ""


def aligned(found: Sequence[Row], noted: Callable[[str], str]) -> list[str]:
    """Relations below one another as lines of an ``align``; `noted` is what a reason adds to its line."""
    written: list[str] = []
    indent = ""
    for k, row in enumerate(found):
        if k:
            # A chain of more than one relation has some space around it.
            long = not found[k - 1].first or (k + 1 < len(found) and not found[k + 1].first)
            written[-1] += r" \\[1ex]" if row.first and long else r" \\"
        if row.first:
            indent = r"\quad " if row.own_line else ""
        if row.own_line:
            written += [rf"&{left} \\" for left in (row.left[0], *(r"\quad " + more for more in row.left[1:]))]
        head = "" if row.own_line else "".join(row.left)
        right = [f"{head} &{indent}{row.relation} {row.right[0]}", *(rf"&{indent}\quad {r}" for r in row.right[1:])]
        written += [*(line + r" \\" for line in right[:-1]), right[-1] + (noted(row.note) if row.note else "")]
    return written


_QUOTED = re.compile(r"`([^`]+)`")


def parts(text: str, bindings: Iterable[Binding] = ()) -> Iterator[str | t.Node]:
    """Words and formulas in turn; `bindings` are the names that a formula may use.

    >>> [part if isinstance(part, str) else part.latex() for part in parts("the gradient of `V(s)` in `s`")]
    ['the gradient of ', 'V(s)', ' in ', 's']
    """
    for k, part in enumerate(_QUOTED.split(text)):
        if k % 2:
            yield _formula(part, bindings)
        elif part:
            yield part


def _formula(text: str, bindings: Iterable[Binding]) -> str | t.Node:
    """The expression that a text stands for; the text where it is none."""
    try:
        return parse(f"{text} = 0", bindings).terms[0]
    except ClaimError:
        return text


def in_latex(text: str, bindings: Iterable[Binding] = ()) -> str:
    r"""Prose as LaTeX text.

    >>> print(in_latex("100% of `mu(s)`"))
    100\% of $\mu(s)$
    """
    return "".join(escape_text(p) if isinstance(p, str) else f"${p.latex()}$" for p in parts(text, bindings))
