"""The sides of an inequality about a model's quantities as terms of Coq, for every theta."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import reduce
from types import SimpleNamespace
from typing import Any, cast

import sympy as sp

from pgsym.certificates.closed import CoqForms
from pgsym.certificates.instance import CertifiedModel, total
from pgsym.certificates.point import Point
from pgsym.certificates.signs import refusal
from pgsym.certificates.terms import number, tight
from pgsym.certificates.translate import Env, Translation
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.counterexample import Coordinate
from pgsym.claims.language import tree as t
from pgsym.claims.language.statement import Claim
from pgsym.errors import CertificateError
from pgsym.model.objective import Objective


class InequalityTranslation(Translation):
    """Writes the sides of a claim for every theta; `names` are those of the values of its arbitrary functions."""

    def __init__(self, forms: CoqForms, setting: BoundClaim, names: Mapping[sp.Symbol, str]) -> None:
        super().__init__(cast(Point, SimpleNamespace(at=forms.at)), setting.scope, None, {}, setting.functions)
        self.forms = forms
        self.names = names

    def sides(self, claim: Claim, coordinate: Coordinate) -> tuple[str, str]:
        """Both sides for one assignment of the free indices and the parameters."""
        env, along = dict(coordinate.places), coordinate.parameters
        left, right = (
            f"Rabs ({self.write(node.body, env, along)})" if isinstance(node, t.Abs) else self.write(node, env, along)
            for node in (claim.left, claim.right)
        )
        return left, right

    def write(self, node: t.Node, env: Env, along: tuple[sp.Symbol, ...] = ()) -> str:
        """The node as a term; of a vector or a matrix over the parameters the entry at `along`."""
        at, average = self.at, self.at.objective is Objective.AVERAGE_REWARD
        match node:
            case t.Grad(t.Quantity("J" | "rbar", primed=False, overrides=())) if len(along) == 1:
                return f"({derivative_of_J(at, along[0])})"
            case t.Grad(t.Grad(t.Quantity("J" | "rbar", primed=False, overrides=()))) if len(along) == 2:
                return f"({self.forms.second_derivative(*along)})"
            case t.Quantity(name="I"):
                return str(int(along[0] == along[1]))
            case t.Abs() | t.Max() | t.Min() if not of_the_model(node):
                raise refusal(f"{type(node).__name__.lower()}(..) inside a side")
            case t.Max() | t.Min():
                values = [self.write(node.body, e) for e in self._assignments(node.indices, node.body, env)]
                return reduce(lambda x, y: f"(R{type(node).__name__.lower()} {x} {y})", map(tight, values))
            case t.Abs(body):
                return f"(Rabs {tight(self.write(body, env))})"
            case t.Dot(left, right) if self.scope.rank(left) == self.scope.rank(right) == 1:
                pairs = ((self.write(left, env, (p,)), self.write(right, env, (p,))) for p in at.params)
                return f"({total(f'{x} * {tight(y)}' for x, y in pairs)})"
            case t.Quantity(primed=False, overrides=()) if node.name in ("gamma", "J", "Q", "A"):
                if node.name == "gamma":
                    return "discount"
                if node.name == "J":
                    return f"{'rbar' if average else 'J'} {at.args}"
                if average:
                    raise refusal(f"{node.name} of the average reward")
                s, a = self._places(node, env)
                value = f"MDP.Q model (V_at {at.args}) {at.pair(s, a)}" if at.actions(s) else "0"
                return f"({value} - V_at {at.args} {at.state(s)})" if node.name == "A" and value != "0" else value
            case t.Quantity():
                found = self._quantity(node, env)
                if isinstance(found, Fraction):
                    return number(found)
                if isinstance(found, t.Node):
                    return f"({self.write(found, env)})"
                if found[0] in ("h", "eta"):
                    raise refusal(found[0])
                return found[1].format(args=at.args)
        parts, _, joined = self._operation(node, env)
        return str(joined([self.write(part, e, along) for part, e in parts]))

    def _call(self, node: t.Call, env: Env) -> Any:
        if node.name not in self.functions:
            return super()._call(node, env)
        symbol = self.functions[node.name].get(self._places(node, env))  # 0 in terminal states
        return [], None, lambda _: "0" if symbol is None else self.names[symbol]

    def _element(self, family: str, *place: object) -> None:
        """Statements have no values."""

    def _refuse(self, node: t.Node, what: str) -> CertificateError:
        return refusal(f"{what} in {node}")


def derivative_of_J(at: CertifiedModel, p: sp.Symbol) -> str:
    """The derivative of J or rbar, of which `closed_form_gradient` says what it is."""
    name = "rbar" if at.objective is Objective.AVERAGE_REWARD else "J"
    return f"Derive (fun t => {name} {at.along(p)}) {at.params[p]}"


def of_the_model(node: t.Node) -> bool:
    """Whether all quantities are numbers of the model."""
    return all(n.name in ("r", "P", "mu0", "gamma") for n in t.written_out(node) if isinstance(n, t.Quantity | t.Call))
