"""The value of a claim's tree over any field."""

from __future__ import annotations

from collections.abc import Mapping
from functools import singledispatchmethod
from typing import Any

import sympy as sp

from pgsym.claims.tree import Add, Div, Grad, Mul, Node, Number, Quantity, Sub, Sum
from pgsym.exact.quantities import Quantities
from pgsym.model.mdp import State

Vector = dict[sp.Symbol, Any]
"""One entry for each parameter with a nonzero derivative."""


class Meaning:
    """Evaluates trees over one `Quantities`; indices are bound in an environment {name: state or action}."""

    def __init__(self, quantities: Quantities) -> None:
        self.quantities = quantities
        self.field = quantities.field

    def difference(self, left: Node, right: Node) -> Vector:
        """left - right, one entry for each parameter (or direction); scalars under the key None."""
        found = self._minus(self.value(left, {}), self.value(right, {}))
        return found if isinstance(found, dict) else {None: self.field.value(found)}

    @singledispatchmethod
    def value(self, node: Node, env: Mapping[str, Any]) -> Any:
        """A field element, or a `Vector` of elements without tangents."""
        raise TypeError(f"{type(node).__name__} is not a node of the claim language")

    @value.register
    def _(self, node: Number, env: Mapping[str, Any]) -> Any:
        return self.field.number(node.value)

    @value.register
    def _(self, node: Quantity, env: Mapping[str, Any]) -> Any:
        q = self.quantities
        bound = [env[i] for i in node.indices]
        if node.name == "pi":
            action, state = bound
            return q.pi[state][action]
        table = getattr(q, node.name)
        return table if not bound else table[bound[0] if len(bound) == 1 else tuple(bound)]

    @value.register
    def _(self, node: Add, env: Mapping[str, Any]) -> Any:
        return self._plus(self.value(node.left, env), self.value(node.right, env))

    @value.register
    def _(self, node: Sub, env: Mapping[str, Any]) -> Any:
        return self._minus(self.value(node.left, env), self.value(node.right, env))

    @value.register
    def _(self, node: Mul, env: Mapping[str, Any]) -> Any:
        left, right = self.value(node.left, env), self.value(node.right, env)
        if isinstance(left, dict):
            left, right = right, left
        if isinstance(right, dict):
            scale = self.field.value(left)
            return {theta: scale * e for theta, e in right.items()}
        return left * right

    @value.register
    def _(self, node: Div, env: Mapping[str, Any]) -> Any:
        left, right = self.value(node.left, env), self.value(node.right, env)
        if isinstance(left, dict):
            scale = self.field.value(right)
            return {theta: e / scale for theta, e in left.items()}
        return left / right

    @value.register
    def _(self, node: Grad, env: Mapping[str, Any]) -> Any:
        return dict(self.field.gradient(self.value(node.body, env)))

    @value.register
    def _(self, node: Sum, env: Mapping[str, Any]) -> Any:
        total: Any = None
        for item in self._range(node, env):
            term = self.value(node.body, {**env, node.index: item})
            total = term if total is None else self._plus(total, term)
        return self.field.zero if total is None else total

    def _range(self, node: Sum, env: Mapping[str, Any]) -> tuple[Any, ...]:
        """States for s, s', ...; for an action index, the actions of the state that it is paired with."""
        if not node.index.startswith("a"):
            return self.quantities.weighted
        pairs = [n.state_action for n in node.body.walk() if isinstance(n, Quantity) and n.state_action]
        state: State = next(env[s] for s, a in pairs if a == node.index)
        return self.quantities.policy.actions(state)

    def _plus(self, left: Any, right: Any) -> Any:
        if isinstance(left, dict) and isinstance(right, dict):
            total = dict(left)
            for theta, e in right.items():
                total[theta] = total[theta] + e if theta in total else e
            return total
        return left + right

    def _minus(self, left: Any, right: Any) -> Any:
        if isinstance(left, dict) and isinstance(right, dict):
            return self._plus(left, {theta: -e for theta, e in right.items()})
        return left - right
