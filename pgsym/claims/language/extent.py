"""How large a tree is, so that what follows it ends."""

from __future__ import annotations

from collections.abc import Mapping

from pgsym.claims.language import tree as t
from pgsym.errors import ClaimError
from pgsym.limits import CLAIM_DEPTH, CLAIM_EXPANDED_DEPTH, CLAIM_EXPANDED_PARTS


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
