"""What the indices of a tree belong to, and what they run over: read from their uses.

A terminal state is an absorbing one that pays nothing (Sutton & Barto 2018, section 3.4).  S are the other states, S+
all of them.  A state index runs over

(a) S, if visits are counted at it: mu, eta, d, D;
(b) else S+, if a step leads to it or a run begins there: the next state of P, P_pi and r, the state of mu0 and nu;
(c) else S, if something there needs an action;
(d) else S+.

The index of an expectation over P, mu0 or nu runs over S+ in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from pgsym.claims.language import runs as r
from pgsym.claims.language import tree as t
from pgsym.claims.language.statement import ForAll, Let

Bindings = Mapping[str, Let | ForAll]

VISITED, NEXT, ABROAD, ACTING = "visited", "next", "next in the second world", "acting"
"""What a state is to a quantity; without any of them it is only looked at."""

COUNTED = frozenset({"mu", "eta", "d", "D"})
MOMENTS = {f"E[r^{k}]": k for k in range(2, 8)}
"""The power of which each of them is the mean."""

SOURCE = {"pi": 1, "P": 1, "Q": 0, "A": 0, "r": 0, "r_pi": 0, "P_pi": 0, "logit": 0, **dict.fromkeys(MOMENTS, 0)}
"""Where the state stands whose action is needed."""

ACTION = {"pi": 0, "P": 2, "Q": 1, "A": 1, "r": 1, "logit": 1, **dict.fromkeys(MOMENTS, 1)}
"""Where an action stands."""

TARGET = {"P": 0, "P_pi": 1, "mu0": 0, "nu": 0}


@dataclass(frozen=True)
class Drawn(t.Sum):
    """A sum of which the first factor of the body is the probability to draw the index."""


def written_out(node: t.Node) -> t.Node:
    """The tree with a sum, max or min of its own for every index and every draw of an expectation."""
    changed: dict[str, object] = {}
    for f in fields(node):
        value = getattr(node, f.name)
        if isinstance(value, t.Node):
            changed[f.name] = written_out(value)
        elif f.name == "overrides":
            changed[f.name] = tuple(t.Override(o.key, written_out(o.value)) for o in value)
    node = replace(node, **changed) if changed else node  # type: ignore[arg-type]
    if isinstance(node, t.OverIndices) and len(node.indices) > 1:
        body = node.body
        for index in reversed(node.indices):
            body = type(node)((index,), body)
        return body
    if isinstance(node, t.Expect):
        return _drawn_one_by_one(node)
    return node


def _drawn_one_by_one(node: t.Expect) -> t.Node:
    state, action, sums = "s", "a", []
    for draw in node.draws:
        places = {"pi": (draw.index, state), "P": (draw.index, state, action)}.get(draw.name, (draw.index,))
        kind = Drawn if draw.name in ("P", "mu0", "nu") else t.Sum
        sums.append((kind, draw.index, t.Quantity(draw.name, places, draw.primed)))
        if t.is_action(draw.index):
            action = draw.index
        else:
            state = draw.index
    body = node.body
    for kind, index, weight in reversed(sums):
        body = kind((index,), t.Mul(weight, body))
    return body


def uses(body: t.Node, index: str) -> Iterator[tuple[t.Quantity | t.Call, int]]:
    """Every place where an index stands, and at which position."""
    if isinstance(body, t.OverIndices) and index in body.indices:
        return
    if isinstance(body, t.Quantity | t.Call | r.RunExpect | r.Covariance):
        yield from ((body, k) for k, i in enumerate(body.indices) if i == index)
    for child in body.children:
        yield from uses(child, index)


def roles(body: t.Node, index: str, own: Bindings) -> set[str]:
    """What a state index is to the quantities that are taken there, through definitions too."""
    found: set[str] = set()
    for node, k in uses(body, index):
        if isinstance(node, r.Runs):
            found.add(ACTING)
            continue
        if isinstance(node, t.Call):
            declared = own[node.name]
            if isinstance(declared, Let):
                found |= roles(declared.body, declared.indices[k], own)
            elif any(map(t.is_action, declared.indices)):
                found.add(ACTING)
            continue
        if node.name in COUNTED:
            found.add(VISITED)
        if SOURCE.get(node.name) == k:
            found.add(ACTING)
        if TARGET.get(node.name) == k or (node.name in ("r", *MOMENTS) and k == 2):
            found |= {NEXT, ABROAD} if node.primed else {NEXT}
    return found


def partners(body: t.Node, index: str, own: Bindings) -> Iterator[t.Index]:
    """The states whose action an index is, at each of its uses."""
    for node, k in uses(body, index):
        if isinstance(node, r.Runs):
            yield node.indices[0]
            continue
        if isinstance(node, t.Quantity):
            yield node.indices[SOURCE[node.name]]
            continue
        declared = own[node.name]
        inner = list(partners(declared.body, declared.indices[k], own)) if isinstance(declared, Let) else []
        for partner in inner:
            yield node.indices[declared.indices.index(partner)] if partner in declared.indices else partner
        if not inner:  # declared, or a definition that does not use it: the state before it
            yield node.indices[max(j for j in range(k) if not t.is_action(declared.indices[j]))]


def free(node: t.Node, bound: tuple[str, ...] = ()) -> Iterator[str]:
    """The indices that nothing binds."""
    if isinstance(node, t.OverIndices):
        bound = (*bound, *node.indices)
    if isinstance(node, t.Quantity | t.Call | t.Indicator | r.RunExpect | r.Covariance):
        states = (i for i in node.indices if isinstance(i, str) and r.read_timed(i) is None and r.read_time(i) is None)
        yield from (i for i in states if i not in bound)
    for child in node.children:
        yield from free(child, bound)


def derivatives(node: t.Node, own: Bindings) -> int:
    """How often something under this node is differentiated."""
    let = own.get(node.name) if isinstance(node, t.Call) else None
    if isinstance(let, Let):
        return derivatives(let.body, own)
    below = max((derivatives(c, own) for c in node.children), default=0)
    if isinstance(node, t.Quantity) and node.name == "F":
        return 1
    return below + 1 if isinstance(node, t.Grad | t.PrimedGrad) else below


def acts(node: t.Quantity | t.Call, own: Bindings) -> list[bool]:
    """Which positions are those of actions."""
    if isinstance(node, t.Call):
        return [t.is_action(i) for i in own[node.name].indices]
    return [ACTION.get(node.name) == k for k in range(len(node.indices))]
