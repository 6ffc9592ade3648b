"""Trees with some of their parts replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from pgsym.claims.language.tree import Expect, Index, Node, OverIndices, Override


def rewrite(node: Node, change: Callable[[Node], Node | None]) -> Node:
    """The tree with every node for which `change` gives another one replaced, from the top."""
    found = change(node)
    if found is not None:
        return found
    values: dict[str, object] = {}
    for f in fields(node):
        value = getattr(node, f.name)
        if isinstance(value, Node):
            values[f.name] = rewrite(value, change)
        elif f.name == "overrides":
            values[f.name] = tuple(Override(o.key, rewrite(o.value, change)) for o in value)
    return replace(node, **values) if values else node  # type: ignore[arg-type]


def bound_indices(node: Node) -> tuple[str, ...]:
    """The indices that a node binds in what is below it."""
    match node:
        case OverIndices(indices):
            return indices
        case Expect(draws):
            return tuple(draw.index for draw in draws)
    return ()


def with_index(node: Node, index: str, other: Index) -> Node:
    """The tree with another index in the place of one, which nothing in it binds.

    >>> from pgsym.claims.language.tree import Literal, Quantity
    >>> print(with_index(Quantity("pi", ("a", "s")) * Quantity("Q", ("s", "a")), "a", Literal("go")))
    pi("go"|s) * Q(s,"go")
    """

    def change(part: Node) -> Node | None:
        held = getattr(part, "indices", ())
        if index not in held:
            return None
        new = tuple(other if i == index else i for i in held)
        return with_index(replace(part, indices=new), index, other)  # type: ignore[call-arg]

    return node if index == other else rewrite(node, change)
