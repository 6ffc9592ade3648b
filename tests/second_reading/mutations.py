"""Changing a claim in one place: the ways in which a formula is usually written down wrongly, and some harmless ones.

Each kind of mutation gives, for one node, the nodes that could stand there instead.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from pgsym.claims.language import tree as t
from pgsym.claims.language.check import check
from pgsym.claims.language.relation import PROPORTIONAL, UNEQUAL
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Claim, Let
from pgsym.errors import ClaimError
from pgsym.expression.quantity import quantity_at

Change = Callable[[t.Node, Scope], Iterator[t.Node]]

KINDS: dict[str, Change] = {}
"""Mutations by name."""

HARMLESS = frozenset(
    {"commuted", "expanded expectation", "difference for advantage", "double negation", "halved twice"}
)
"""Kinds that keep the value."""

WEIGHTS = ("mu", "eta", "d", "mu0")
ONE, TWO, GAMMA = t.Number(Fraction(1)), t.Number(Fraction(2)), t.Quantity("gamma")


def kind(name: str) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        KINDS[name] = change
        return change

    return register


@dataclass(frozen=True)
class Mutant:
    """A changed claim and what was changed."""

    kind: str
    claim: Claim


def mutants(claim: Claim, kinds: tuple[str, ...] | None = None) -> list[Mutant]:
    """Every claim that makes sense and differs from the given one in one place.

    Examples
    --------
    >>> from pgsym.claims import parse
    >>> claim = parse("V(s) = sum[a] pi(a|s) * Q(s,a)").claims[0]
    >>> [str(m.claim) for m in mutants(claim, ("pi dropped", "reward for Q"))]
    ['V(s) == sum[a] Q(s,a)', 'V(s) == sum[a] pi(a|s) * r(s,a)']
    """
    scope = Scope(claim.bindings, claim.source)
    found = []
    for name in kinds or tuple(KINDS):
        for changed in _relations(claim) if name == "relation" else _changed(claim, KINDS[name], scope):
            if changed != claim and _sensible(changed):
                found.append(Mutant(name, changed))
    return found


def some_mutant(claim: Claim, name: str, rng: random.Random) -> Mutant | None:
    """One mutant of that kind, or None."""
    found = mutants(claim, (name,))
    return rng.choice(found) if found else None


def _sensible(claim: Claim) -> bool:
    try:
        check(claim)
    except ClaimError:
        return False
    return True


def _changed(claim: Claim, change: Change, scope: Scope) -> Iterator[Claim]:
    for left in _one_place(claim.left, change, scope):
        yield replace(claim, left=left)
    for right in _one_place(claim.right, change, scope):
        yield replace(claim, right=right)
    for k, binding in enumerate(claim.bindings):
        if isinstance(binding, Let):
            for body in _one_place(binding.body, change, scope):
                bindings = (*claim.bindings[:k], replace(binding, body=body), *claim.bindings[k + 1 :])
                yield replace(claim, bindings=bindings)


def _one_place(node: t.Node, change: Change, scope: Scope) -> Iterator[t.Node]:
    """The trees that differ from this one at one node."""
    yield from change(node, scope)
    for field in ("body", "left", "right"):
        child = getattr(node, field, None)
        if isinstance(child, t.Node):
            for changed in _one_place(child, change, scope):
                yield replace(node, **{field: changed})


def _relations(claim: Claim) -> Iterator[Claim]:
    for relation in (UNEQUAL, PROPORTIONAL):
        yield replace(claim, relation=relation)


KINDS["relation"] = lambda node, scope: iter(())


# -- sums and signs --------------------------------------------------------------------------------------


@kind("dropped term")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Add | t.Sub):
        yield node.left
        yield node.right


@kind("sign")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Add):
        yield t.Sub(node.left, node.right)
    elif isinstance(node, t.Sub):
        yield t.Add(node.left, node.right)
    elif isinstance(node, t.Neg):
        yield node.body
    elif isinstance(node, t.Quantity | t.Call | t.Grad) and not _indexed_only(node):
        yield t.Neg(node)


@kind("factor two")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if not isinstance(node, t.Number):
        yield t.Mul(TWO, node)


@kind("plus one")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if not isinstance(node, t.Number) and not _rank(node, scope):
        yield t.Add(node, ONE)


@kind("another number")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Number):
        yield t.Number(node.value + 1)
    elif isinstance(node, t.Pow):
        yield replace(node, power=node.power + 1)


@kind("swapped")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Sub | t.Div | t.Outer | t.Dot):
        yield type(node)(node.right, node.left)


@kind("squared")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity | t.Call) and not _rank(node, scope):
        yield t.Pow(node, 2)


# -- products --------------------------------------------------------------------------------------------


@kind("dropped factor")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Mul):
        yield node.left
        yield node.right
    elif isinstance(node, t.Div):
        yield node.left


@kind("pi dropped")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Mul):
        if _is(node.left, "pi"):
            yield node.right
        if _is(node.right, "pi"):
            yield node.left


@kind("product for quotient")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Div):
        yield t.Mul(node.left, node.right)
    elif isinstance(node, t.Mul):
        yield t.Div(node.left, node.right)


# -- discounting -----------------------------------------------------------------------------------------


@kind("gamma dropped")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if _is(node, "gamma"):
        yield ONE


@kind("gamma power")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if _is(node, "gamma"):
        yield t.Pow(node, 2)
    elif isinstance(node, t.Sum | t.Expect):
        yield t.Mul(GAMMA, node)


@kind("gamma for 1 - gamma")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Sub) and _is(node.right, "gamma"):
        yield node.right
        yield node.left
    elif isinstance(node, t.Quantity) and node.name in ("eta", "J", "V"):
        yield t.Mul(t.Sub(ONE, GAMMA), node)


# -- names -----------------------------------------------------------------------------------------------


@kind("wrong weight")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity) and node.name in WEIGHTS:
        yield from (replace(node, name=w, overrides=()) for w in WEIGHTS if w != node.name)
    if isinstance(node, t.Expect):
        for k, d in enumerate(node.draws):
            if d.name in WEIGHTS:
                for w in WEIGHTS:
                    draws = (*node.draws[:k], replace(d, name=w), *node.draws[k + 1 :])
                    yield replace(node, draws=draws)


@kind("reward for Q")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity) and node.name in ("Q", "A"):
        yield replace(node, name="r", overrides=())


@kind("V for Q")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity) and node.name in ("Q", "A"):
        yield replace(node, name="V", indices=node.indices[:1])


@kind("Q for A")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity) and node.name in ("Q", "A"):
        yield replace(node, name="A" if node.name == "Q" else "Q")


@kind("h for V")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity) and node.name in ("V", "h", "H", "g", "r_pi"):
        yield from (replace(node, name=n, overrides=()) for n in ("V", "h", "r_pi") if n != node.name)


@kind("mean reward")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity) and node.name == "r" and len(node.indices) == 3:
        yield replace(node, indices=node.indices[:2])


@kind("another objective")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity) and node.name in ("J", "rbar"):
        yield replace(node, name="rbar" if node.name == "J" else "J")


@kind("prime")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity) and node.name not in ("gamma", "|S|", "E[T]", "logit", "r", "P", "mu0", "I"):
        yield replace(node, primed=not node.primed)


@kind("override dropped")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity):
        for k in range(len(node.overrides)):
            yield replace(node, overrides=(*node.overrides[:k], *node.overrides[k + 1 :]))


@kind("override added")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity) and not node.overrides:
        known = quantity_at(node.name, len(node.indices)).overrides
        if "gamma" in known:
            yield replace(node, overrides=(t.Override("gamma", t.Div(GAMMA, TWO)),))
        if "mu0" in known:
            yield replace(node, overrides=(t.Override("mu0", t.Quantity("r_pi")),))
        if "r" in known:
            yield replace(node, overrides=(t.Override("r", t.Quantity("pi")),))
            yield replace(node, overrides=(t.Override("r", t.Quantity("r_pi")),))


# -- indices ---------------------------------------------------------------------------------------------


@kind("wrong index")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity | t.Call | t.Indicator):
        for k, index in enumerate(node.indices):
            if isinstance(index, str):
                for other in ("a", "a'") if t.is_action(index) else ("s", "s'"):
                    if other != index:
                        yield replace(node, indices=(*node.indices[:k], other, *node.indices[k + 1 :]))


@kind("exchanged indices")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity) and node.name in ("P_pi", "D"):
        yield replace(node, indices=node.indices[::-1])
    elif isinstance(node, t.Quantity) and node.name == "P":
        target, state, action = node.indices
        yield replace(node, indices=(state, target, action))


@kind("sum dropped")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Sum | t.Expect):
        yield node.body


# -- derivatives -----------------------------------------------------------------------------------------


@kind("grad moved")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Mul):
        for x, y in ((node.left, node.right), (node.right, node.left)):
            if isinstance(x, t.Grad) and not _rank(y, scope):
                yield t.Mul(x.body, t.Grad(y))


@kind("grad of the product")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Mul):
        for x, y in ((node.left, node.right), (node.right, node.left)):
            if isinstance(x, t.Grad) and not _rank(y, scope):
                yield t.Grad(t.Mul(x.body, y))


@kind("product rule forgotten")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Grad):
        inner = node.body
        if isinstance(inner, t.Mul):
            yield t.Mul(t.Grad(inner.left), inner.right)
            yield t.Mul(inner.left, t.Grad(inner.right))
        if isinstance(inner, t.Sum) and isinstance(inner.body, t.Mul):
            yield t.Sum(inner.indices, t.Mul(inner.body.left, t.Grad(inner.body.right)))


@kind("score for grad")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Grad):
        if isinstance(node.body, t.Log):
            yield t.Grad(node.body.body)
        elif _is(node.body, "pi"):
            yield t.Grad(t.Log(node.body))


@kind("sg dropped")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.StopGradient):
        yield node.body


@kind("log dropped")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Log):
        yield node.body


@kind("transposed")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Transpose):
        yield node.body
    elif _rank(node, scope) == 2:
        yield t.Transpose(node)


@kind("inverse dropped")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Inv):
        yield node.body


# -- harmless --------------------------------------------------------------------------------------------


@kind("commuted")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Mul | t.Add):
        yield type(node)(node.right, node.left)


@kind("expanded expectation")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Expect):
        yield node.expanded()


@kind("difference for advantage")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity) and node.name == "A":
        yield t.Sub(replace(node, name="Q"), t.Sum(("a1",), t.Mul(
            t.Quantity("pi", ("a1", node.indices[0]), node.primed),
            replace(node, name="Q", indices=(node.indices[0], "a1")))))  # fmt: skip


@kind("double negation")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity | t.Sum | t.Grad):
        yield t.Neg(t.Neg(node))


@kind("halved twice")
def _(node: t.Node, scope: Scope) -> Iterator[t.Node]:
    if isinstance(node, t.Quantity | t.Sum | t.Grad):
        half = t.Div(node, TWO)
        yield t.Add(half, half)


# -- helpers ---------------------------------------------------------------------------------------------


def _is(node: t.Node, name: str) -> bool:
    return isinstance(node, t.Quantity) and node.name == name


def _rank(node: t.Node, scope: Scope) -> int | None:
    try:
        return scope.rank(node)
    except ClaimError:
        return None


def _indexed_only(node: t.Node) -> bool:
    return isinstance(node, t.Quantity) and node.name in ("pi", "P", "mu0")
