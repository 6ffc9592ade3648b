"""What documents are made of, one after the other: derivations, scripts and reports; each format has one writer.

Nothing here knows a format: formulas are LaTeX text printed from the trees that were decided, pictures come as SVG
and as TikZ of one geometry.  Claims come as chains; `pgsym.claims.derivation.layout` lays them out as formulas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pgsym.claims.language.statement import Arbitrary, Binding, Claim, ForAll, ForEach, Let, Statement, World
from pgsym.claims.language.tree import Call, Node, is_primed, written_out
from pgsym.expression.notation import tex_width
from pgsym.model.objective import Objective
from pgsym.trust import Trust


@dataclass(frozen=True)
class Heading:
    """The title of what follows; level 1 is a section, level 2 a part of one."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Fold:
    """Blocks that a page shows when their title is opened; paper shows them."""

    title: Heading
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Prose:
    """A paragraph; what stands between backticks is an expression of the claim language."""

    text: str


@dataclass(frozen=True)
class Definition:
    """Names that are given a meaning, for all that follows."""

    bindings: tuple[Binding, ...]


@dataclass(frozen=True)
class Chain:
    """Expressions with a relation between each and the next, and a reason for each relation."""

    statement: Statement
    objective: Objective | None = None
    """What Q, A and J are about; None for the objective of the problem."""
    lines: tuple[int, ...] = field(default=(), compare=False)
    """Where each relation stands in the text that it was read from."""
    own: tuple[Binding, ...] = ()
    """The definitions and declarations that stand before it, for it alone."""

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Each relation as a claim of its own, with only those bindings that it uses."""
        return tuple(
            Claim(c.left, c.relation, c.right, used(c.bindings, (c.left, c.right)), c.reason, c.source)
            for c in self.statement.claims
        )


@dataclass(frozen=True)
class Cell:
    """A formula in a table: as text and as LaTeX."""

    text: str
    latex: str


@dataclass(frozen=True)
class Note:
    """Why something is not shown, or what to keep in mind; text as in `Prose`."""

    text: str


@dataclass(frozen=True)
class Command:
    """A line to copy, such as a command."""

    text: str


@dataclass(frozen=True)
class Row:
    """One relation, laid out."""

    left: tuple[str, ...]
    """Lines of LaTeX before the relation; none where the chain goes on."""
    relation: str
    right: tuple[str, ...]
    """Lines of LaTeX after it."""
    note: str
    """The reason, as prose; of a relation that is not proved, what it is instead."""
    first: bool
    """Whether a chain begins here."""

    @property
    def own_line(self) -> bool:
        """Whether the left side stands on a line of its own."""
        return len(self.left) > 1 or any(tex_width(line) > LONG_LEFT for line in self.left)


LONG_LEFT = 18
"""A left side that is wider stands on a line of its own."""


@dataclass(frozen=True)
class Formulas:
    """Relations below one another, with their reasons."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class DataTable:
    """Words, numbers and formulas in rows and columns."""

    caption: str
    """Plain text that says what the rows are."""
    header: tuple[str | Cell, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    numbers: tuple[int, ...] = ()
    """The columns that hold numbers, which stand at the right."""


@dataclass(frozen=True)
class Figure:
    """A picture in both formats."""

    svg: str
    tikz: str
    caption: str
    description: str
    """What it shows, for those who do not see it."""
    least: float = 0.0
    """Pixels below which it cannot be read: a narrower page scrolls."""


@dataclass(frozen=True)
class VerdictMark:
    """A verdict: what it is, how far it can be relied on, and in a sentence why."""

    status: str
    trust: Trust | None = None
    reason: str = ""


Block = Heading | Fold | Prose | Note | Command | Definition | Chain | Formulas | DataTable | Figure | VerdictMark


def used(bindings: Sequence[Binding], terms: Iterable[Node]) -> tuple[Binding, ...]:
    """The bindings that expressions need, directly or through definitions, in their order.

    >>> from pgsym.claims.language import parse
    >>> statement = parse("let b(s) = V(s); for all c(s): let e(s) = b(s) + 1; e(s) = 1 + V(s)")
    >>> [binding.name for binding in used(statement.bindings, statement.terms)]
    ['b', 'e']
    """
    names, indices, primed = _mentioned(terms)
    kept: list[Binding] = []
    for binding in reversed(bindings):
        match binding:
            case Let(name, _, body) if name in names:
                more = _mentioned([body])
                names |= more[0]
                primed = primed or more[2]
                kept.append(binding)
            case ForAll(name) if name in names:
                kept.append(binding)
            case ForEach(index) if index in indices:
                kept.append(binding)
            case World() | Arbitrary():
                kept.append(binding)
    return tuple(b for b in reversed(kept) if primed or not isinstance(b, World | Arbitrary))


def _mentioned(terms: Iterable[Node]) -> tuple[set[str], set[str], bool]:
    """Own names, indices, and whether the second world is mentioned."""
    nodes = [node for term in terms for node in written_out(term)]
    names = {node.name for node in nodes if isinstance(node, Call)}
    indices = {i for node in nodes for i in getattr(node, "indices", ()) if isinstance(i, str)}
    return names, indices, any(map(is_primed, nodes))
