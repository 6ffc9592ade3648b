"""What is said of expressions: definitions, declarations, claims, and chains of claims.

>>> from pgsym.claims.language.tree import Quantity, Sum
>>> Q, pi = Quantity("Q", ("s", "a")), Quantity("pi", ("a", "s"))
>>> print(Claim(Quantity("V", ("s",)), "==", Sum(("a",), pi * Q)))
V(s) == sum[a] pi(a|s) * Q(s,a)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pgsym.claims.language.relation import EQUAL, RELATIONS
from pgsym.claims.language.tree import Node


@dataclass(frozen=True)
class Let:
    """let name(indices) = body."""

    name: str
    indices: tuple[str, ...]
    body: Node


@dataclass(frozen=True)
class ForAll:
    """for all name(indices): an arbitrary function of states and actions, or an arbitrary scalar."""

    name: str
    indices: tuple[str, ...] = ()


@dataclass(frozen=True)
class ForEach:
    """for all s: an index that may stand on one side only."""

    index: str


@dataclass(frozen=True)
class World:
    """with M' = name: what the primed quantities are about."""

    name: str


ARBITRARY = ("pi'", "P'", "r'")
"""What of the second world may be arbitrary; the rest is as in the first."""


@dataclass(frozen=True)
class Arbitrary:
    """for all P', r', pi': what of the second world is arbitrary; the rest is as in the first."""

    name: str


Binding = Let | ForAll | ForEach | World | Arbitrary


@dataclass(frozen=True)
class Claim:
    """One relation between two expressions, for every value of the parameters and of free indices."""

    left: Node
    relation: str
    """Its name in `RELATIONS`."""
    right: Node
    bindings: tuple[Binding, ...] = ()
    """The definitions and declarations under which it is read."""
    reason: str = field(default="", compare=False)
    """Why it should hold, in the author's words."""
    source: str = field(default="", compare=False, repr=False)
    """The text that it was read from, for messages."""

    def __str__(self) -> str:
        return f"{self.left} {self.relation} {self.right}"

    def latex(self) -> str:
        """The relation as LaTeX, without its bindings."""
        return f"{self.left.latex()} {RELATIONS[self.relation].latex} {self.right.latex()}"

    @property
    def statement(self) -> Statement:
        """The claim with its bindings, as a statement of its own."""
        return Statement((self.left, self.right), (self.relation,), self.bindings, (self.reason,), self.source)


@dataclass(frozen=True)
class Statement:
    """A chain of expressions with a relation between each and the next."""

    terms: tuple[Node, ...]
    relations: tuple[str, ...]
    bindings: tuple[Binding, ...] = ()
    reasons: tuple[str, ...] = field(default=(), compare=False)
    source: str = field(default="", compare=False, repr=False)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Each relation as a claim of its own."""
        reasons = self.reasons or ("",) * len(self.relations)
        pairs = zip(self.terms, self.relations, self.terms[1:], reasons, strict=False)
        return tuple(Claim(a, rel, b, self.bindings, why, self.source) for a, rel, b, why in pairs)

    def __str__(self) -> str:
        from pgsym.claims.language.render import statement_text

        return statement_text(self)

    def latex(self) -> str:
        """The chain as LaTeX, without its bindings."""
        rest = zip(self.relations, self.terms[1:], strict=True)
        return " ".join([self.terms[0].latex(), *(f"{RELATIONS[r].latex} {term.latex()}" for r, term in rest)])


def equal(left: Node, right: Node) -> Claim:
    """The claim left == right."""
    return Claim(left, EQUAL, right)
