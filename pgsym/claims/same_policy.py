"""Expressions at pi' = pi: gradients by the second policy's parameters are taken first, then the two policies are one.

pi' has parameters theta' of its own.  As every gradient in the expression is by theta', what belongs to pi is a
constant, and the expression is one of pi alone: what was primed is differentiated, the rest stands in sg.
"""

from __future__ import annotations

import dataclasses

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.rewriting import rewrite
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Let


def merged(node: t.Node, scope: Scope) -> t.Node:
    """The tree without parts at pi' = pi; definitions that they need are added to the scope.

    ClaimError where one quantity, or one gradient, depends on both policies.

    >>> from pgsym.claims.language import parse
    >>> claim = parse("at[pi'=pi] grad' sum[s] eta(s) * sum[a] pi'(a|s) * Q(s,a) = grad J").claims[0]
    >>> print(merged(claim.left, Scope(())))
    grad sum[s] sg(eta(s)) * sum[a] pi(a|s) * sg(Q(s,a))
    """

    def change(part: t.Node) -> t.Node | None:
        return _Merger(scope).one(part.body, False) if isinstance(part, t.SamePolicy) else None

    return rewrite(node, change)


def is_of_second(part: t.Node) -> bool:
    """Whether a node, its children apart, is about a second policy or model."""
    return isinstance(part, t.PrimedGrad) or getattr(part, "primed", False)


class _Merger:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def one(self, node: t.Node, under: bool) -> t.Node:
        """The expression with one policy; `under` a gradient."""
        if not self._of_second(node):
            return node if self._is_constant(node) else t.StopGradient(node, at=node.at)
        match node:
            case t.PrimedGrad(body):
                return t.Grad(self.one(body, True), at=node.at)
            case t.Grad():
                raise self.scope.error(
                    "found grad of what depends on pi'; under at[pi'=pi] gradients are by the parameters of pi'. "
                    "Write grad'", node,
                )  # fmt: skip
            case t.Expect():
                return self.one(node.expanded(), under)
            case t.Quantity(primed=True):
                return dataclasses.replace(node, primed=False, overrides=tuple(map(self._override, node.overrides)))
            case t.Quantity():
                raise self.scope.error(
                    "found a quantity of pi with a part of pi'; it could not be told which of them grad' sees. Write "
                    "it as a sum", node,
                )  # fmt: skip
            case t.Call(name):
                return dataclasses.replace(node, name=self._definition(name))
            case runs.RunExpect(primed=False) | runs.Covariance(primed=False) if under:
                raise self.scope.error(
                    "found grad' of a mean over runs of pi, which do not depend on pi'. Take grad' inside the mean",
                    node,
                )
            case runs.RunExpect() | runs.Covariance():
                node = dataclasses.replace(node, primed=False)
        values = {f.name: getattr(node, f.name) for f in dataclasses.fields(node)}
        parts = {k: self.one(v, under) for k, v in values.items() if isinstance(v, t.Node)}
        return dataclasses.replace(node, **parts)  # type: ignore[arg-type]

    def _of_second(self, node: t.Node) -> bool:
        return any(map(is_of_second, self.scope.parts(node)))

    def _is_constant(self, node: t.Node) -> bool:
        """Whether no parameter stands there at all."""
        if isinstance(node, t.Call):
            return node.name in self.scope.free
        return not node.children and not isinstance(node, t.Quantity | t.Symbol)

    def _definition(self, name: str) -> str:
        """A definition with one policy in its body."""
        new = f"{name} at pi'=pi"
        if new not in self.scope.lets:
            let = self.scope.lets[name]
            self.scope.lets[new] = Let(new, let.indices, self.one(let.body, True))
        return new

    def _override(self, override: t.Override) -> t.Override:
        """The same of one policy: a function by name is given a definition of its own where it is one of pi."""
        value = override.value
        if override.key == "gamma":
            return dataclasses.replace(override, value=self.one(value, True))
        assert isinstance(value, t.Call | t.Quantity)
        if isinstance(value, t.Call) and (value.name in self.scope.free or self._of_second(value)):
            return dataclasses.replace(override, value=self.one(value, True))
        new, indices = f"{value} at pi'=pi", ("s", "a")[: len(self.scope.kinds(value))]
        taken = dataclasses.replace(value, indices=indices)
        self.scope.lets[new] = Let(new, indices, self.one(taken, True))
        return dataclasses.replace(override, value=t.Call(new, at=value.at))
