"""A claim at one point, as an expression over Coq's reals, with its value and the steps that compute it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import reduce
from operator import add
from typing import Any

import sympy as sp

from pgsym.certificates.families import AVAILABLE, rational
from pgsym.certificates.instance import CertifiedModel, total
from pgsym.certificates.point import Point
from pgsym.certificates.terms import Written, applied, number, tight
from pgsym.claims.derivation.fold import quantity
from pgsym.claims.evaluation import END, named
from pgsym.claims.language import tree as t
from pgsym.claims.language.scope import Scope
from pgsym.errors import CertificateError
from pgsym.expression.quantity import STATE
from pgsym.model.objective import Objective

Env = dict[str, Hashable]


@dataclass
class Translation:
    """Writes the sides of one claim at a point, for one derivative."""

    point: Point
    scope: Scope
    param: sp.Symbol | None
    values: Mapping[sp.Symbol, sp.Expr]
    """Of the symbols at the point."""
    functions: Mapping[str, Mapping[tuple[Hashable, ...], sp.Symbol]]
    """The symbols of the claim's arbitrary functions, by name and place."""
    derivatives: list[tuple[str, Written]] = field(default_factory=list)
    """Derivatives that stand in the claim, each with the name of its lemma."""
    families: list[str] = field(default_factory=list)
    """Families whose values stand outside of derivatives."""

    @property
    def at(self) -> CertifiedModel:
        return self.point.at

    def at_point(self, node: t.Node, env: Env) -> Written:
        """The node at the point."""
        match node:
            case t.Grad(t.Log(body)):
                return self.at_point(t.Div(t.Grad(body), body), env)
            case t.Grad(body):
                return self._derivative(body, env)
            case t.Quantity():
                return self._known(node, env, None)
        parts, combine, write = self._operation(node, env)
        made = [self.at_point(part, e) for part, e in parts]
        return Written(write([m.text for m in made]), combine([m.value for m in made]))

    def _derivative(self, body: t.Node, env: Env) -> Written:
        if self.param is None:
            raise self._refuse(body, "a derivative where the claim is about numbers")
        moving = self._moving(body, env, self.param)
        text = f"Derive (fun t => {moving.text}) {self.point.names[self.param]}"
        if all(m.text != moving.text for _, m in self.derivatives):
            self.derivatives.append((f"derivative_{len(self.derivatives) + 1}", moving))
        return Written(f"({text})", moving.derivative)

    def _moving(self, node: t.Node, env: Env, param: sp.Symbol) -> Written:
        """The node as a function of the parameter."""
        if isinstance(node, t.Grad | t.Log):
            raise self._refuse(node, "a derivative or a logarithm under a derivative")
        if isinstance(node, t.Quantity):
            return self._known(node, env, param)
        parts, combine, write = self._operation(node, env)
        made = [self._moving(part, e, param) for part, e in parts]
        text, value = write([m.text for m in made]), combine([m.value for m in made])
        if not made:
            return Written(text, value)
        match node:
            case t.Neg():
                (x,) = made
                return Written(text, value, -x.derivative, applied("derive_opp _", x))
            case t.Div():
                x, y = made
                slope = (x.derivative * y.value - x.value * y.derivative) / y.value**2
                return Written(text, value, slope, applied("derive_divide _", x, y, first="point_numbers; lra"))
            case t.Mul():
                return replace(_times(*made), text=text)
            case t.Sub():
                x, y = made
                return Written(text, value, x.derivative - y.derivative, applied("derive_subtract _", x, y))
            case t.Pow(_, power) if power < 1:
                raise CertificateError("found a power below 1 under a derivative; write a quotient", where="claim")
            case t.Pow(_, power):
                found = reduce(_times, made * power)
                return replace(found, text=f"({found.text})")
        return replace(reduce(_plus, made), text=text)

    def _known(self, node: t.Quantity, env: Env, param: sp.Symbol | None) -> Written:
        """A quantity at the point, or as a function of the parameter."""
        point, found = self.point, self._quantity(node, env)
        args = point.args if param is None else point.along(param)
        if isinstance(found, Fraction):
            return Written(number(found), found)
        if isinstance(found, t.Node):
            side = self.at_point(found, env) if param is None else self._moving(found, env, param)
            if node.name == "J":
                self._use("J")
                return replace(side, text=f"J {args}")
            if node.name == "Q" and param is None:
                self._use("Q")
                return replace(side, text=f"Q_at {args} {self.at.pair(*self._places(node, env))}")
            return replace(side, text=f"({side.text})")
        family, text, element = found
        self._use(family)
        side = Written(text.format(args=args), point.value(element))
        if param is None:
            return side
        name = self.at.params[param]
        point.need(f"d{family}_{name}")
        lemma = f"apply d{family}_{name}_point; lia"
        if family == "pi":
            lemma = f"apply (pi_derive_{name} {point.args}); cbn; lia"
        elif family == "rbar":
            lemma = f"exact drbar_{name}_point"
        return replace(side, derivative=point.derivative(element, param), proof=(lemma,))

    def _use(self, family: str) -> None:
        if family != "pi":
            self.point.need(family)
            if family not in self.families:
                self.families.append(family)

    def _operation(self, node: t.Node, env: Env) -> tuple[list[tuple[t.Node, Env]], Any, Any]:
        """The operands with what their indices stand for; how values combine; how texts do."""
        match node:
            case t.Number(value):
                return [], lambda _: value, lambda _: number(value)
            case t.Symbol(name):
                raise self._refuse(node, f"the symbol {name} by itself")
            case t.Call():
                return self._call(node, env)
            case t.Neg(body):
                return [(body, env)], lambda v: -v[0], lambda w: f"(- {w[0]})"
            case t.Add(left, right):
                return [(left, env), (right, env)], sum, lambda w: f"({w[0]} + {w[1]})"
            case t.Sub(left, right):
                return [(left, env), (right, env)], lambda v: v[0] - v[1], lambda w: f"({w[0]} - {w[1]})"
            case t.Mul(left, right):
                return [(left, env), (right, env)], lambda v: v[0] * v[1], lambda w: f"{w[0]} * {tight(w[1])}"
            case t.Div(left, right):
                return [(left, env), (right, env)], lambda v: v[0] / v[1], lambda w: f"({w[0]} / {tight(w[1])})"
            case t.Pow(body, power) if power >= 0:
                return [(body, env)], lambda v: v[0] ** power, lambda w: f"({tight(w[0])} ^ {power})"
            case t.Sum(indices, body):
                places = [(body, e) for e in self._assignments(indices, body, env, node.drawn)]
                return places, lambda v: sum(v, Fraction(0)), lambda w: f"({total(w)})"
            case t.Expect():
                return self._operation(node.expanded(), env)
        raise self._refuse(node, f"{type(node).__name__.lower()}")

    def _call(self, node: t.Call, env: Env) -> Any:
        name, places = node.name, self._places(node, env)
        if name in self.functions:
            symbol = self.functions[name].get(places)  # 0 in terminal states
            value = Fraction(0) if symbol is None else rational(self.values[symbol])
            return [], lambda _: value, lambda _: number(value)
        let = self.scope.lets[name]
        inner = dict(zip(let.indices, places, strict=True))
        return [(let.body, inner)], lambda v: v[0], lambda w: w[0]

    def _assignments(self, indices: tuple[str, ...], body: t.Node, env: Env, drawn: bool = False) -> list[Env]:
        if not indices:
            return [env]
        rest = t.Sum(indices[1:], body) if indices[1:] else body
        found = self.scope.range(rest, indices[0], drawn)
        if found.partner is not None:
            items: list[Hashable] = list(self.at.actions(self._state(found.partner, env))) or [END]
        else:
            items = list(self.at.acting if found.inner else self.at.order)
        return [e for item in items for e in self._assignments(indices[1:], body, {**env, indices[0]: item})]

    def _places(self, node: t.Quantity | t.Call, env: Env) -> tuple[Hashable, ...]:
        """What the indices stand for; a literal is a state, or an action of its state."""
        found = self.scope.entry(node)
        kinds = zip(node.indices, found.kinds, strict=True)
        places = [self._state(i, env) if kind == STATE else None for i, kind in kinds]
        for state, action in found.pairs:
            i = node.indices[action]
            places[action] = env[i] if isinstance(i, str) else named(i, self.at.mdp.actions(places[state]), "action")
        return tuple(places)

    def _state(self, index: t.Index, env: Env) -> Hashable:
        return env[index] if isinstance(index, str) else named(index, self.at.order, "state")

    def _quantity(self, node: t.Quantity, env: Env) -> t.Node | Fraction | tuple[str, str, Any]:
        """A tree that it stands for, a number of the model, or a family with its text and element."""
        if node.primed or node.overrides:
            raise self._refuse(node, "a quantity of another policy, reward or discount")
        at, name = self.at, node.name
        place = list(self._places(node, env))
        source = place[1] if name in ("pi", "P") else place[0] if place else None
        if place and source in at.order and not at.actions(source):
            if name in ("pi", "P", "P_pi"):
                return Fraction(name == "pi" or place[0] == place[1])
            if name in ("Q", "A", "r", "r_pi"):
                return Fraction(0)
        objective = at.objective
        if name in ("V", "eta", "mu", "h", "rbar"):
            if name not in AVAILABLE[objective] or (name == "eta" and not at.mdp.start):
                raise self._refuse(node, f"{name} under the {objective} objective")
            if name == "rbar":
                return "rbar", "rbar {args}", self._element("rbar")
            return name, f"{name}_at {{args}} {at.state(place[0])}", self._element(name, place[0])
        if name == "pi":
            a, s = place
            return "pi", f"pi_at {{args}} {at.pair(s, a)}", self._element("pi", s, a)
        if name in ("P", "r", "mu0", "gamma", "|S|"):
            return self._constant(name, place)
        return self._made(node, name, place)

    def _element(self, family: str, *place: Hashable) -> Any:
        """A quantity in the field of the point."""
        quantities = self.point.quantities
        if family == "pi":
            return quantities.pi[place[0]][place[1]]
        return quantities.rbar if family == "rbar" else self.point.element(family, place[0])

    def _constant(self, name: str, place: list[Any]) -> Fraction:
        at = self.at
        match name, place:
            case "gamma", _:
                return rational(at.mdp.gamma)
            case "|S|", _:
                return Fraction(len(at.mdp.nonterminal))
            case "mu0", [s]:
                return rational(at.mdp.start.get(s, sp.Integer(0)))
            case "r", [s, a]:
                return rational(at.reward(s, a))
            case "P", [target, s, a]:
                return rational(at.row(s, a).get(target, sp.Integer(0)))
        raise CertificateError(f"found {name} with {len(place)} indices; certificates know r(s,a). Sum over s'",
                               where="claim")  # fmt: skip

    def _made(self, node: t.Quantity, name: str, place: list[Any]) -> t.Node:
        """Quantities that are sums of others, as trees over literals."""
        at, objective = self.at, self.at.objective
        average = objective is Objective.AVERAGE_REWARD

        def number_of(expr: sp.Expr) -> t.Node:
            return t.Number(rational(expr))

        def summed(terms: Sequence[t.Node]) -> t.Node:
            first, *rest = terms or [t.Number(Fraction(0))]
            return reduce(add, rest, first)

        if name == "J" and average:
            return quantity("rbar")
        if name == "J" and objective is Objective.START_STATE:
            return summed([number_of(p) * quantity("V", s) for s, p in at.mdp.start.items()])
        if name == "J":
            return summed([quantity("mu", s) * quantity("V", s) for s in at.acting])
        if name == "A":
            return quantity("Q", *place) - quantity("h" if average else "V", place[0])
        if name == "Q":
            s, a = place
            value = "h" if average else "V"
            ahead = summed([number_of(p) * quantity(value, s2) for s2, p in at.row(s, a).items()])
            reward = number_of(at.reward(s, a))
            return reward - quantity("rbar") + ahead if average else reward + number_of(at.mdp.gamma) * ahead
        if name == "d":
            return quantity("eta", *place) / summed([quantity("eta", s) for s in at.acting])
        if name in ("r_pi", "P_pi"):
            s, *to = place
            given = {a: at.row(s, a).get(to[0], sp.Integer(0)) if to else at.reward(s, a) for a in at.actions(s)}
            return summed([number_of(e) * quantity("pi", a, s) for a, e in given.items()])
        raise self._refuse(node, name)

    def _refuse(self, node: t.Node, what: str) -> CertificateError:
        return CertificateError(
            f"found {what} in {node}; refutations are written for sums, products and first derivatives of J, V, Q, A, "
            "h, rbar, mu, eta, d, pi, P, r and gamma. Decide the claim with pgsym check",
            where="claim",
        )


def _plus(x: Written, y: Written) -> Written:
    return Written(
        f"{x.text} + {y.text}", x.value + y.value, x.derivative + y.derivative, applied("derive_add _", x, y)
    )


def _times(x: Written, y: Written) -> Written:
    slope = x.derivative * y.value + x.value * y.derivative
    return Written(f"{x.text} * {y.text}", x.value * y.value, slope, applied("is_derive_product", x, y))
