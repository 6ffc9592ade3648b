"""A false equation put right: with what is missing, or with one quantity in the place of another, in few words.

>>> from pgsym.prover import prove
>>> print(prove("grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * r(s,a)", objective="average-reward").correction)
grad J == sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any

from pgsym.claims.derivation.fold import signed
from pgsym.claims.language import tree as t
from pgsym.claims.language.parse import parse_expression
from pgsym.claims.language.rewriting import rewrite
from pgsym.claims.language.statement import Claim
from pgsym.errors import ClaimError
from pgsym.prover.equations import Equation
from pgsym.prover.reading import Reading
from pgsym.prover.rewriting import normal_form
from pgsym.prover.tensors import Total, solved
from pgsym.prover.verdict import GeneralVerdict
from pgsym.prover.vocabulary import coefficient_node, in_words, plus

WEIGHTS = ("eta", "mu", "mu0", "d")
"""Of states; one is easily taken for another."""

CONFUSED = (WEIGHTS, ("Q", "A", "r"), ("V", "h", "r_pi"), ("J", "rbar"))
"""So are these."""

_SUM = "sum[s] {w}(s) * sum[a] grad pi(a|s) * {f}(s,a)"
_NEXT = "sum[s'] P_pi(s,s')"
_TEXTS = {
    0: ("V(s)", "h(s)", "r_pi(s)", f"{_NEXT} * V(s')", f"{_NEXT} * h(s')", "J", "rbar", "sum[s] {w}(s) * V(s)"),
    1: (
        *("grad V(s)", f"{_NEXT} * grad V(s')", "sum[a] grad pi(a|s) * Q(s,a)", "grad J", "grad rbar"),
        *(_SUM.replace("{f}", f) for f in ("Q", "r")),
        *("sum[s] grad {w}(s) * V(s)", "sum[s] {w}(s) * grad V(s)", f"sum[s] {{w}}(s) * {_NEXT} * grad V(s')"),
    ),
    2: ("F", *(f"sum[s] eta(s) * sum[a] outer({x}, {y})" for x, y in permutations(("grad pi(a|s)", "grad Q(s,a)")))),
}
"""By rank, what is often forgotten; {w} is a weight."""

_FUNCTIONS = {0: ("sum[s] {w}(s) * {b}(s)",), 1: ("sum[s] grad {w}(s) * {b}(s)",)}
"""The same with an arbitrary function of the claim."""

Part = tuple[Any, t.Node | None]
"""A coefficient and what it belongs to; None: it is a number."""


@dataclass
class Correction:
    """What is known of a false equation."""

    reading: Reading
    left: Total
    """The normal form of left minus right."""
    equations: list[Equation]
    """All of them."""

    def shortest(self, prove: Callable[[Claim], GeneralVerdict]) -> tuple[t.Node | None, GeneralVerdict | None]:
        """What is missing, and the shortest true equation with the same left side; None where there is none in words.

        `prove` is asked about each that is proposed.
        """
        found = list[tuple[list[Part], tuple[t.Node, bool]]]()
        for parts in self._missing():
            with suppress(ClaimError):  # words that are not read again, as a quotient of sums
                found.append((parts, self._with(parts)))
        kept = [node for _, (node, is_kept) in found if is_kept]
        anew = [node for _, (node, is_kept) in found if not is_kept]
        missing = min((self._sum(parts) for parts, _ in found), key=_length, default=None)
        for proposals in ([*kept, *self._exchanged()], anew):
            for node in sorted(proposals, key=_length):
                claim = replace(self.reading.claim, right=node, source="")
                if self.reading.claim.left in node.walk():
                    continue
                verdict = prove(claim)
                # The left side in other words is no correction where nothing was used to see it.
                if verdict.proved and (proposals is not anew or verdict.certificate):
                    return missing, verdict
        return missing, None

    # -- the line with one quantity in the place of another ------------------------------------------------

    def _exchanged(self) -> Iterator[t.Node]:
        right = self.reading.claim.right
        marks = [bool(mark) for mark in self.reading.equations.marks]
        for old in dict.fromkeys(n for n in right.walk() if isinstance(n, t.Quantity) and not n.overrides):
            group = next((group for group in CONFUSED if old.name in group), ())
            for name in group:
                for primed in marks:
                    new = replace(old, name=name, primed=primed and name != "mu0")
                    if new != old:
                        yield rewrite(right, lambda node, old=old, new=new: new if node == old else None)  # type: ignore[misc]

    # -- the line with what is missing -----------------------------------------------------------------------

    def _missing(self) -> list[list[Part]]:
        """Sums that left minus right is: of one or two expressions with a name, and its normal form in words."""
        known = list(self._known())
        found: list[list[Part]] = []
        for size in (1, 2):
            for chosen in combinations(known, size):
                factors = self._solved(self.left, *(total for _, total in chosen))
                if factors:
                    found.append([(c, chosen[k][0]) for k, c in factors.items()])
            if found:
                break
        plain = in_words(self.left, self.reading)
        if plain is not None and self.reading.claim.left not in (node for _, node in self._parts(plain)):
            found.append(self._parts(plain))
        return found

    def _known(self) -> Iterator[tuple[t.Node, Total]]:
        """Expressions with a name and their normal forms, but for such as say the left side once more."""
        scope, claim = self.reading.scope, self.reading.claim
        own = self._normal(claim.left)
        rank = scope.rank(claim.left) or scope.rank(claim.right) or 0
        functions = [name for name, b in scope.free.items() if len(b.indices) == 1 and not t.is_action(b.indices[0])]
        texts = [(text, "") for text in _TEXTS.get(rank, ())]
        texts += [(text, name) for name in functions for text in _FUNCTIONS.get(rank, ())]
        weights = [
            w + mark for mark in self.reading.equations.marks for w in WEIGHTS if not (mark and w in ("mu0", "d"))
        ]
        totals: list[Total] = []
        for text, name in texts:
            for w in weights if "{w}" in text else ("",):
                written = f"for all {name}(s): " * bool(name) + text.replace("{w}", w).replace("{b}", name)
                node = parse_expression(written)[0]
                try:
                    total = self._normal(node)
                except ClaimError:  # not defined for this objective
                    continue
                if total and not self._solved(own, total) and total not in totals:
                    totals.append(total)
                    yield node, total

    def _normal(self, node: t.Node) -> Total:
        return normal_form(self.reading.total(node), self.equations)[0]

    def _parts(self, node: t.Node) -> list[Part]:
        """The terms of a sum."""
        found: list[Part] = []
        for sign, term in signed(node):
            if (number := self._number(term)) is not None:
                found.append((sign * number, None))
            elif isinstance(term, t.Mul) and (number := self._number(term.left)) is not None:
                found += [(sign * number * c, part) for c, part in self._parts(term.right)]
            else:
                found.append((sign * self.reading.field.one, term))
        return found

    def _number(self, node: t.Node) -> Any | None:
        try:
            return self.reading.number(node)
        except ClaimError:
            return None

    def _with(self, missing: list[Part]) -> tuple[t.Node, bool]:
        """The right side and what is missing in one sum, like terms together; whether a term of the line is left."""
        line = [[c, node, self._total(node)] for c, node in self._parts(self.reading.claim.right)]
        own = len(line)
        for c, node in missing:
            total = self._total(node)
            for part in line:
                factor = self._solved(total, part[2])
                if factor:
                    part[0] = part[0] + c * factor[0]
                    break
            else:
                line.append([c, node, total])
        kept = any(c and total for c, _, total in line[:own])
        return self._sum([(c, node) for c, node, total in line if c and total]), kept

    def _solved(self, total: Total, *parts: Total) -> dict[int, Any] | None:
        return solved(total, parts, self.reading.field)

    def _total(self, node: t.Node | None) -> Total:
        return {(): self.reading.field.one} if node is None else self._normal(node)

    def _sum(self, parts: list[Part]) -> t.Node:
        nodes = [coefficient_node(c, node) for c, node in parts]
        return plus(nodes) if nodes else t.Number(Fraction(0))


def _length(node: t.Node) -> int:
    return len(str(node))
