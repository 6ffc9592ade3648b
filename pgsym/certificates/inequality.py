"""Certificates of inequalities: the claim about a model's quantities, for every theta, by what decided its signs."""

from __future__ import annotations

import random
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import sympy as sp

from pgsym.certificates.closed import CoqForms
from pgsym.certificates.instance import CertifiedModel
from pgsym.certificates.point import Point
from pgsym.certificates.sections import UNFOLD
from pgsym.certificates.signs import TACTICS, SignLemmas, power, refusal
from pgsym.certificates.terms import comment, number
from pgsym.certificates.translate import Env, Translation
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.counterexample import Coordinate
from pgsym.claims.inequalities import Inequality
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import RELATIONS
from pgsym.claims.order_domain import OrderDomain
from pgsym.expression.linear import Linear
from pgsym.model.objective import Objective
from pgsym.order import SignStatus
from pgsym.order.certificates import FactoredSign
from pgsym.order.kinds import Extent
from pgsym.order.polynomials import Polynomial, context, read, substitute


class InequalityTranslation(Translation):
    """Writes the sides of a claim for every theta."""

    def __init__(self, at: CertifiedModel, setting: BoundClaim) -> None:
        if setting.functions:
            raise refusal("an arbitrary function")
        super().__init__(cast(Point, SimpleNamespace(at=at)), setting.scope, None, {}, {})

    def write(self, node: t.Node, env: Env) -> str:
        """The node as a term."""
        at, average = self.at, self.at.objective is Objective.AVERAGE_REWARD
        match node:
            case t.Grad() | t.Max() | t.Min() | t.Log():
                raise refusal(f"{type(node).__name__.lower()} in {node}")
            case t.Abs(body):
                return f"Rabs ({self.write(body, env)})"
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
        return str(joined([self.write(part, e) for part, e in parts]))

    def _element(self, family: str, *place: object) -> None:
        """Statements have no values."""


class InequalityTheorems:
    """One theorem for each coordinate of a claim that is proved, and the lemmas about signs that it rests on."""

    def __init__(self, at: CertifiedModel, setting: BoundClaim, forms: CoqForms) -> None:
        if at.symbols.keys() - at.mdp.gamma.free_symbols or not (at.mdp.gamma.is_Symbol or at.mdp.gamma.is_Rational):
            raise refusal(f"symbols of the model other than gamma ({', '.join(s.name for s in at.symbols)})")
        self.at, self.setting, self.forms = at, setting, forms
        self.relation = RELATIONS[setting.claim.relation]
        self.inequality = Inequality(setting, random.Random(0), None)
        self.domain: OrderDomain = self.inequality.domain
        self.gamma: int | None = None
        self.names = [self._name(k, g) for k, g in enumerate(self.domain.generators)]
        self.signs = SignLemmas([Extent.CLOSED if k == self.gamma else Extent.OPEN for k in range(len(self.names))])
        self.theorems: list[str] = []

    def _name(self, k: int, g: sp.Expr) -> str:
        """What a generator of closed forms is called in the proof."""
        if isinstance(g, sp.exp) and len(form := Linear.from_sympy(g.args[0]).coefficients) == 1:
            ((p, c),) = form
            if c == Fraction(1, self.forms.q.get(p, 1)):
                return self.forms.generators[p].name
        if g == self.at.mdp.gamma and list(self.domain.kinds)[k] == g:
            self.gamma = k
            return self.at.symbols[g]
        raise refusal(f"{g} in a closed form")

    def text(self) -> list[str]:
        """The lemmas and theorems, within the section of closed forms."""
        differences: dict[Coordinate, list[tuple[str, str]]] = {}
        for coordinate, clause in self.inequality.clauses():
            if len(clause) > 1:
                raise refusal("the largest of several values")
            differences.setdefault(coordinate, []).append(self._difference(clause[0]))
        statement = InequalityTranslation(self.at, self.setting)
        for coordinate, found in differences.items():
            self._theorem(statement, coordinate, found)
        strictly = "<" if self.relation.strict else "<="
        rule = f"Lemma ordered a b d : 0 {strictly} d -> b - a = d -> a {strictly} b.\nProof. lra. Qed."
        return ["", TACTICS, "", rule, *(f"\n{lemma}" for lemma in self.signs.lemmas), "", self._numbers(),
                *(f"\n{theorem}" for theorem in self.theorems)]  # fmt: skip

    def _difference(self, element: Any) -> tuple[str, str]:
        """Larger less smaller side, as a product of what has a sign, and the tactics that show these signs."""
        strict, field = self.relation.strict, self.inequality.meaning.tower.field(0)
        value = field.number_in(element)
        if value is not None:
            return number(Fraction(int(value.p), int(value.q)) if hasattr(value, "p") else Fraction(value)), ""
        verdict = self.domain.decide(element, strict)
        if verdict.status is not SignStatus.PROVED or not isinstance(verdict.certificate, FactoredSign):
            raise refusal("a sign that holds only under the assumptions on the symbols")
        n = len(self.names)
        above, below = read(element.numerator, n), read(element.denominator(), n)
        one = context(n).constant(1)
        products, shown = {False: one, True: one}, {False: list[str](), True: list[str]()}
        known: list[str] = []
        for f in map(self.signs.below_a_square, verdict.certificate.factors):
            u = f.sign * f.polynomial
            q = self._homogeneous(u)
            text = self.signs.text(q, self.names)
            products[f.below] = products[f.below] * q**f.power
            shown[f.below].append(power(text, f.power, even=f.certificate is None))
            if f.certificate is not None:
                positive = strict or f.below
                known.append(self._sign(text, u, self.signs.show(f.certificate, u, positive), positive))
        if self.gamma is not None:
            rest = 1 - context(n).gens()[self.gamma]
            k = (_degree(above, self.gamma) - _degree(products[False], self.gamma)) - (
                _degree(below, self.gamma) - _degree(products[True], self.gamma)
            )
            if k:
                products[k < 0] = products[k < 0] * rest ** abs(k)
                shown[k < 0].append(power(f"1 - {self.names[self.gamma]}", abs(k)))
        left, right = above * products[True], below * products[False]
        constant = Fraction(int(left.leading_coefficient()), int(right.leading_coefficient()))
        if left * constant.denominator != right * constant.numerator:
            raise refusal("a factor of both numerator and denominator")
        text = " * ".join([number(constant), *shown[False]])
        return (f"{text} / ({' * '.join(shown[True])})" if shown[True] else text), " ".join(known)

    def _homogeneous(self, p: Polynomial) -> Polynomial:
        """A polynomial in u = gamma/(1 - gamma) as one in gamma, times a power of 1 - gamma."""
        if self.gamma is None:
            return p
        gamma = p.context().gens()[self.gamma]
        return substitute(p, self.gamma, gamma, 1 - gamma)

    def _sign(self, text: str, p: Polynomial, lemma: str, positive: bool) -> str:
        """The sign of a factor, by its lemma at u = gamma/(1 - gamma)."""
        head = f"assert (0 {'<' if positive else '<='} {text})"
        if self.gamma is None:
            return f"{head} by (apply ({lemma} {' '.join(self.names)}); assumption)."
        gamma, known = self.names[self.gamma], f"{lemma}_holds"
        values = [f"({gamma} / (1 - {gamma}))" if k == self.gamma else name for k, name in enumerate(self.names)]
        k = max(_degree(p, self.gamma), 0)
        signs = " ".join(["ltac:(at_signs)"] * len(values))
        return (
            f"{head} by (pose proof ({lemma} {' '.join(values)} {signs}) as {known}; "
            f"replace ({text}) with ((1 - {gamma}) ^ {k} * ({self.signs.text(p, values)})) by (field; lra); signs)."
        )

    def _numbers(self) -> str:
        """The tactic that puts closed forms, in the exponentials, for what the claim is about."""
        at, family = self.at, self.forms.family
        rules = ["?closed_form_J", *(f"?(closed_form_{family} {k}%nat ltac:(lia))" for k in range(len(at.order)))]
        return (
            f"Ltac claim_numbers := cbv beta iota delta [MDP.Q {UNFOLD}]; rewrite {', '.join(rules)};\n"
            f"  cbv beta iota delta [closed_J closed_{family}]; closed_policy; {self.forms.positivity()}.\n"
            "Ltac identity := field; repeat split; first [apply Rgt_not_eq; assumption | nonzero].\n"
            "Ltac at_signs := first [assumption | apply Rdiv_le_0_compat; lra]."
        )

    def _theorem(self, statement: InequalityTranslation, coordinate: Coordinate, found: list[tuple[str, str]]) -> None:
        claim, env = self.setting.claim, dict(coordinate.places)
        left, right = (statement.write(node, env) for node in (claim.left, claim.right))
        if self.setting.uses(t.Abs) and sum(isinstance(n, t.Abs) for n in (claim.left, claim.right)) != 1:
            raise refusal("abs(..) inside a side")
        strict, turned = self.relation.strict, self.relation.larger == "left"
        smaller = claim.right if turned else claim.left
        steps = ["pose proof discount_range as range. unfold discount in range."]
        if turned:
            steps.append(f"apply {'Rlt_gt' if strict else 'Rle_ge'}.")
        if isinstance(smaller, t.Abs):
            steps.append("apply Rabs_def1." if strict else "apply Rabs_le; split.")
        cases = [f"solve [claim_numbers; {_chained(known)}apply (ordered _ _ ({d})); [signs | identity]]"
                 for d, known in found]  # fmt: skip
        steps.append(f"all: first [{' | '.join(cases)}].")
        name = f"claim_{len(self.theorems) + 1}"
        about = f"(* {comment(str(coordinate))} *)\n" if coordinate.places else ""
        body = "\n".join(f"  {step}" for step in steps)
        self.theorems.append(f"{about}Theorem {name} : {left} {claim.relation} {right}.\nProof.\n{body}\nQed.")


def _degree(p: Polynomial, k: int) -> int:
    return max(int(p.degrees()[k]), 0)


def _chained(steps: str) -> str:
    """Sentences as one tactic."""
    return steps.replace(").", ");") + " " if steps else ""


def inequality_section(at: CertifiedModel, setting: BoundClaim, forms: CoqForms) -> str:
    """The closed forms of J and V, or mu, and the claim."""
    return forms.section(InequalityTheorems(at, setting, forms).text)
