"""Whether a claim makes sense: one shape on both sides, and every index bound, or free on both; a bound may have fewer.

And how large it is, so that what follows ends.

>>> from pgsym.claims.language.parse import parse
>>> check(parse("grad J = sum[s] eta(s) * V(s)").claims[0])
Traceback (most recent call last):
  ...
pgsym.errors.ClaimError: a vector over the parameters on the left, a scalar on the right; both sides must have one shape
    grad J = sum[s] eta(s) * V(s)
             ^
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.names import Range
from pgsym.claims.language.relation import RELATIONS
from pgsym.claims.language.scope import SHAPES, Scope
from pgsym.claims.language.statement import Claim
from pgsym.errors import ClaimError
from pgsym.limits import CLAIM_DEPTH, CLAIM_EXPANDED_DEPTH, CLAIM_EXPANDED_PARTS


def check(claim: Claim) -> tuple[int, tuple[Range, ...]]:
    """The rank of the two sides, and the free indices with what they run over, states first.

    ClaimError, which points at the place, where the claim makes no sense for any model.
    """
    scope = Scope(claim.bindings, claim.source)
    ranks = scope.rank(claim.left), scope.rank(claim.right)
    if None not in ranks and ranks[0] != ranks[1]:
        raise scope.error(
            f"{SHAPES[ranks[0] or 0]} on the left, {SHAPES[ranks[1] or 0]} on the right; "
            "both sides must have one shape",
            _first(claim.right),
        )
    sides = [dict(reversed(list(scope.free_uses(side)))) for side in (claim.left, claim.right)]
    for index, place in {**sides[1], **sides[0]}.items():
        at = runs.read_timed(index)
        if at is not None and at[1].name:
            raise scope.error(f"the time {at[1].name} is not bound; sum over it, as in sum[{at[1].name}]", place)
        if at is not None or index == runs.RUN:
            raise scope.error(
                "found a part of a run outside of one; it stands under E[tau], Var[tau] or Cov[tau]", place
            )
    bounding = RELATIONS[claim.relation].larger is not None
    for here, other, node in ((sides[0], sides[1], claim.right), (sides[1], sides[0], claim.left)):
        for index, place in here.items() if not bounding else ():
            if index not in other and index not in scope.each and not isinstance(node, t.Number):
                raise scope.error(
                    f"the index {index} is free on one side only; both sides must be about the same {index}. "
                    f"Sum over it, or write for all {index}:",
                    place,
                )
    both = t.Sub(claim.left, claim.right)
    indices = sorted({*sides[0], *sides[1]}, key=lambda i: (t.is_action(i), i))
    ranges = tuple(scope.range(both, i) for i in indices)
    for found in ranges:
        if isinstance(found.partner, str) and found.partner not in indices:
            place = {**sides[1], **sides[0]}[found.index]
            raise scope.error(
                f"{found.index} is an action of {found.partner}, which is bound inside; an action that is free on "
                "both sides needs its state there. Sum over it too",
                place,
            )
    for side in (claim.left, claim.right):
        _check_sums(scope, side, tuple(indices))
        _check_extremes(scope, side)
    for let in scope.lets.values():
        scope.require_let(let.name)
        if scope.is_random(let.body):
            _check_sums(scope, let.body, let.indices)
            continue
        scope.entry(t.Call(let.name, let.indices))
        _check_sums(scope, let.body, let.indices)
    return max((r for r in ranks if r is not None), default=0), ranges


def free_indices(claim: Claim) -> frozenset[str]:
    """The indices that are free on a side.

    >>> from pgsym.claims.language.parse import parse
    >>> free_indices(parse("0 = V(s') - sum[s] V(s)").claims[0])
    frozenset({"s'"})
    """
    scope = Scope(claim.bindings, claim.source)
    return frozenset(index for side in (claim.left, claim.right) for index, _ in scope.free_uses(side))


def _check_sums(scope: Scope, node: t.Node, bound: tuple[str, ...]) -> None:
    """Every summed action belongs to a state that is known outside."""
    if isinstance(node, t.Expect):
        node = node.expanded()
    if isinstance(node, t.OverIndices):
        for k, index in enumerate(node.indices):
            known = (*bound, *node.indices[:k])
            rest = node.indices[k + 1 :]
            inner = replace(node, indices=rest) if rest else replace(node.body, at=node.at)
            partner = scope.range(inner, index).partner
            if isinstance(partner, str) and partner not in known and runs.read_timed(partner) is None:
                raise scope.error(f"{index} is an action of {partner}, which is not known there; sum over {partner} "
                                  "first", node)  # fmt: skip
        bound = (*bound, *node.indices)
    for child in node.children:
        _check_sums(scope, child, bound)


_NO_EXTREMES = (
    t.Grad | t.PrimedGrad | t.SamePolicy | t.Limit | t.Log | t.Inv | runs.RunExpect | runs.Covariance | t.Quantity
)
"""What is of functions with a closed form; of a quantity, what it is taken with instead of the model's own."""


def _check_extremes(scope: Scope, side: t.Node) -> None:
    """abs, max and min have values, and neither gradients, nor limits, nor means over runs."""
    for node in scope.parts(side):
        for found in (f for child in node.children for f in scope.parts(child)):
            if isinstance(node, _NO_EXTREMES) and isinstance(found, t.EXTREMES):
                name = type(found).__name__.lower()
                raise scope.error(
                    f"found {name} inside of what is taken of functions with a closed form: a gradient, a limit, an "
                    f"inverse, a logarithm, a mean over runs, brackets of a quantity; {name} stands outside of these. "
                    "Bring it out", found,
                )  # fmt: skip


def _first(node: t.Node) -> t.Node:
    """The leftmost node under an expression: where its text begins."""
    while node.children and not isinstance(
        node, t.Quantity | t.OverIndices | t.Expect | t.Grad | t.Log | t.Limit | t.Neg
    ):
        if isinstance(node, t.Dot | t.Outer | t.Inv | t.Transpose):
            break
        node = node.children[0]
    return node


def checked_extent(node: t.Node, below: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """How deeply operations are nested and how many parts there are, with each definition written out where it is used.

    Each index of a sum counts.  What a definition stands for is bounded once for each use, so a chain of definitions
    that use the one before twice has exponentially many parts.  `below` has depths and parts of definitions.
    """
    own, whole, parts, stack = 0, 0, 0, [(node, 1)]
    while stack:
        current, depth = stack.pop()
        if isinstance(current, t.OverIndices):
            depth += len(current.indices) - 1
        elif isinstance(current, t.Expect):
            depth += 2 * len(current.draws) - 1
        inner, inside = below.get(current.name, (0, 0)) if isinstance(current, t.Call) else (0, 0)
        own, whole, parts = max(own, depth), max(whole, depth + inner), parts + 1 + inside
        stack.extend((child, depth + 1) for child in current.children)
    if own > CLAIM_DEPTH:
        raise ClaimError(f"nested {own} deep; at most {CLAIM_DEPTH} levels are read. Use let")
    if whole > CLAIM_EXPANDED_DEPTH:
        raise ClaimError(
            f"nested {whole} deep with its definitions; at most {CLAIM_EXPANDED_DEPTH} levels are read. Split the claim"
        )
    if parts > CLAIM_EXPANDED_PARTS:
        raise ClaimError(
            f"found {parts} parts with definitions written out; at most {CLAIM_EXPANDED_PARTS} are read. "
            "Split the claim"
        )
    return whole, parts
