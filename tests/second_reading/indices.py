"""What the indices of a tree belong to: read from their uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgsym.claims.language import tree as t

Bindings = Mapping[str, t.Let | t.ForAll]


def partners(body: t.Node, index: str, own: Bindings) -> Iterator[t.Index]:
    """The states whose action an index is, at each of its uses."""
    if isinstance(body, t.Expect):
        body = body.expanded()
    if isinstance(body, t.Sum) and index in body.indices:
        return
    if isinstance(body, t.Quantity) and body.name in ("pi", "P"):
        if (body.name == "pi" and body.indices[0] == index) or (body.name == "P" and body.indices[2] == index):
            yield body.indices[1]
    elif isinstance(body, t.Quantity):
        if len(body.indices) > 1 and body.indices[1] == index:
            yield body.indices[0]
    elif isinstance(body, t.Call) and index in body.indices:
        k = body.indices.index(index)
        let = own[body.name]
        if isinstance(let, t.Let):
            for partner in partners(let.body, let.indices[k], own):
                yield body.indices[let.indices.index(partner)] if partner in let.indices else partner
        else:
            yield body.indices[k - 1]
    for child in body.children:
        yield from partners(child, index, own)


def free(node: t.Node, bound: tuple[str, ...] = ()) -> Iterator[str]:
    """The indices that nothing binds."""
    if isinstance(node, t.Expect):
        node = node.expanded()
    if isinstance(node, t.Sum):
        bound = (*bound, *node.indices)
    if isinstance(node, t.Quantity | t.Call):
        yield from (i for i in node.indices if isinstance(i, str) and i not in bound)
    for child in node.children:
        yield from free(child, bound)


def derivatives(node: t.Node, own: Bindings) -> int:
    """How often something under this node is differentiated."""
    let = own.get(node.name) if isinstance(node, t.Call) else None
    if isinstance(let, t.Let):
        return derivatives(let.body, own)
    below = max((derivatives(c, own) for c in node.children), default=0)
    if isinstance(node, t.Quantity) and node.name == "F":
        return 1
    return below + 1 if isinstance(node, t.Grad) else below


def acts(node: t.Quantity | t.Call, own: Bindings) -> list[bool]:
    """Which positions are those of actions."""
    if isinstance(node, t.Call):
        return [t.is_action(i) for i in own[node.name].indices]
    places = {"pi": [0], "P": [2], "Q": [1], "A": [1], "r": [1], "logit": [1]}.get(node.name, [])
    return [k in places for k in range(len(node.indices))]
