"""Statements on models that use a name of theirs for a symbol of their own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pgsym.claims.language.tree import Binding, Call, Claim, ForAll, Let, Node, rewrite


def with_own_names(claim: Claim, taken: Collection[str]) -> Claim:
    """The claim with its own names without indices changed where the model has a symbol of that name.

    >>> from pgsym.claims.language import parse
    >>> claim = parse("for all beta: beta * V(s) = V(s) * beta").claims[0]
    >>> print(with_own_names(claim, {"beta", "beta_1"}).statement)
    for all beta_2: beta_2 * V(s) == V(s) * beta_2
    """
    own = {b.name for b in claim.bindings if isinstance(b, ForAll | Let)}
    names: dict[str, str] = {}
    for b in claim.bindings:
        if isinstance(b, ForAll | Let) and not b.indices and b.name in taken:
            k = 1
            while f"{b.name}_{k}" in {*taken, *own}:
                k += 1
            names[b.name] = f"{b.name}_{k}"
    if not names:
        return claim

    def change(node: Node) -> Node | None:
        return replace(node, name=names[node.name]) if isinstance(node, Call) and node.name in names else None

    def binding(b: Binding) -> Binding:
        if not isinstance(b, ForAll | Let):
            return b
        named = replace(b, name=names.get(b.name, b.name))
        return replace(named, body=rewrite(named.body, change)) if isinstance(named, Let) else named

    return replace(
        claim,
        left=rewrite(claim.left, change),
        right=rewrite(claim.right, change),
        bindings=tuple(map(binding, claim.bindings)),
    )
